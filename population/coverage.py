"""How much of what a model can say about people is known already: Good-Turing over the sightings in the graph.

A *sighting* is one time that a call's answer named a persona: a DERIVED_FROM. A *species* is what may come up again: the
persona's role, or the persona itself where it has none. With n sightings and f1 species that one call only named, the chance
that the next sighting is of a new species is about f1/n (Good 1953, "The population frequencies of species and the estimation
of population parameters", Biometrika 40; by call as in Chao and Jost 2012, Ecology 93, for samples of several each: answers of
one call are not independent). Rows of files were not drawn from the model: they are no sightings, but what they name is
known, so it is no single either. So f1 is what would be new if the call that said it came last.
`cypher/queries/coverage_by_group.cypher` computes the same numbers.
"""

import math
from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NO_CALL, CALLS = "", "*"  # in place of a call: none, and several
NO_ARM = -1  # of a sighting that no arm in play made

Counts = NDArray[np.int64]


def text_arm(bucket: int) -> int:
    """The number of the arm "ask about a text of this bucket"; its own inverse."""
    return NO_ARM - 1 - bucket


def joined(one: str, other: str) -> str:
    """The only call of both, NO_CALL or CALLS."""
    return one if other in (NO_CALL, one) else other if one == NO_CALL else CALLS


class Tally:
    """A fold over the sightings: O(1) each, in any order.

    Regions are numbered 0, 1, …; an arm is "ask a persona of region g along relationship k", numbered g * relations + k,
    or `text_arm` of a bucket of texts.
    """

    def __init__(self, relations: int, buckets: int = 0) -> None:
        self.relations = relations
        self.seen: dict[Hashable, int] = {}  # sightings by known species
        self._imported: set[Hashable] = set()
        self._few: dict[
            Hashable, tuple[Hashable, ...]
        ] = {}  # species that no file and at most two calls named -> these
        self._single: dict[
            Hashable, tuple[int, list[int]]
        ] = {}  # those of one call -> its arm, the regions it landed in
        self._found = 0  # species that only calls brought
        self._doubles = 0  # of these, of two calls
        self.n: Counts = np.zeros(0, np.int64)  # sightings by region
        self.f1: Counts = np.zeros(0, np.int64)  # singles by region
        self.asked: Counts = np.zeros(0, np.int64)  # answers by arm, failed ones included
        self.single: Counts = np.zeros(0, np.int64)  # singles by the arm that found them
        self._cell: dict[tuple[int, int], int] = {}  # (arm, region its answers landed in) -> position in `landed`
        self.landed: Counts = np.zeros((3, 0), np.int64)  # rows: arm, region, answers
        self.cells = 0  # how many columns of `landed` are in use
        self.text_asked: Counts = np.zeros(buckets, np.int64)  # as `asked` and `single`, by bucket
        self.text_single: Counts = np.zeros(buckets, np.int64)
        self.text_landed: Counter[tuple[int, int]] = Counter()  # (bucket, region) -> answers

    @property
    def regions(self) -> int:
        return len(self.n)

    def grow(self, regions: int) -> None:
        """Make room for regions up to this number."""
        more = regions - self.regions
        if more > 0:
            self.n, self.f1 = (np.append(a, np.zeros(more, np.int64)) for a in (self.n, self.f1))
            arms = np.zeros(more * self.relations, np.int64)
            self.asked, self.single = np.append(self.asked, arms), np.append(self.single, arms)

    def know(self, species: Hashable) -> None:
        """A file brought it: whatever calls say of it, they did not find it."""
        if species in self._imported:
            return
        self._imported.add(species)
        self._found -= species in self.seen
        self._doubles -= len(self._few.pop(species, ())) == 2
        self.seen.setdefault(species, 0)
        self._no_single(species)

    def see(
        self, species: Hashable, region: int, arm: int = NO_ARM, times: int = 1, call: Hashable | None = None
    ) -> bool:
        """Count sightings by one call, all landed in `region`; True when the species is new. None: a call of its own."""
        new = species not in self.seen
        self.seen[species] = self.seen.get(species, 0) + times
        self.n[region] += times
        if arm >= 0:
            self.asked[arm] += times
            self._land(arm, region, times)
        elif arm != NO_ARM:
            self.text_asked[text_arm(arm)] += times
            self.text_landed[text_arm(arm), region] += times
        if new:
            self._found += 1
            self._few[species] = ()
        if species in self._few:
            self._named(species, region, arm, object() if call is None else call)
        return new

    def _named(self, species: Hashable, region: int, arm: int, call: Hashable) -> None:
        calls = self._few[species]
        if call not in calls:
            calls = self._few[species] = (*calls, call)
            self._doubles += (len(calls) == 2) - (len(calls) == 3)
        if len(calls) == 1:
            self._one_call(species, region, arm)
        else:
            self._no_single(species)
        if len(calls) == 3:
            del self._few[species]

    def _one_call(self, species: Hashable, region: int, arm: int) -> None:
        if species not in self._single:
            self._single[species] = arm, []
            self._credit(arm, 1)
        regions = self._single[species][1]
        if region not in regions:
            regions.append(region)
            self.f1[region] += 1

    @property
    def singles(self) -> int:
        """f1 of all regions: a single that landed in two of them counts once."""
        return len(self._single)

    def is_single(self, species: Hashable) -> bool:
        return species in self._single

    def _no_single(self, species: Hashable) -> None:
        if species in self._single:
            arm, regions = self._single.pop(species)
            self.f1[regions] -= 1
            self._credit(arm, -1)

    def _credit(self, arm: int, single: int) -> None:
        if arm >= 0:
            self.single[arm] += single
        elif arm != NO_ARM:
            self.text_single[text_arm(arm)] += single

    def miss(self, arm: int, times: int) -> None:
        """Count answers that cannot be used as duplicates of their arm: else it looks unexplored for ever."""
        if arm >= 0:
            self.asked[arm] += times
        elif arm != NO_ARM:
            self.text_asked[text_arm(arm)] += times

    def _land(self, arm: int, region: int, times: int) -> None:
        cell = self._cell.get((arm, region))
        if cell is None:
            cell = self._cell[arm, region] = self.cells
            if cell == self.landed.shape[1]:
                self.landed = np.concatenate([self.landed, np.zeros((3, max(64, cell)), np.int64)], axis=1)
            self.landed[:2, cell] = arm, region
            self.cells += 1
        self.landed[2, cell] += times

    def overall(self) -> "Coverage":
        return Coverage(int(self.n.sum()), self.singles, len(self.seen), self._doubles, self._found)


def rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 6)


@dataclass(frozen=True, slots=True)
class Coverage:
    """Coverage of one population: `sightings` n, `singles` f1, `distinct` species known, `found` those by calls alone.

    `doubles`: f2, of those by calls alone.
    """

    sightings: int
    singles: int
    distinct: int
    doubles: int = 0
    found: int = 0

    @property
    def share(self) -> float | None:
        """Coverage as it is shown: to six places, None where nothing was seen."""
        return rounded(self.coverage) if self.sightings else None

    @property
    def uncovered(self) -> float:
        """Chance that the next sighting is of a new species: f1/n (Good 1953); 1 where nothing was seen."""
        return self.singles / self.sightings if self.sightings else 1.0

    @property
    def coverage(self) -> float:
        return 1.0 - self.uncovered

    def at_least(self, delta: float = 0.05) -> float:
        """Lower bound of the coverage that holds with probability 1 - delta, whatever the distribution.

        1 - f1/n - (2√2 + √3)·√(ln(3/δ)/n): McAllester and Schapire 2000, "On the convergence rate of Good-Turing
        estimators", COLT, Theorem 1. It holds for independent sightings; a model's are nearly so.
        """
        if not self.sightings:
            return 0.0
        slack = (2 * math.sqrt(2) + math.sqrt(3)) * math.sqrt(math.log(3 / delta) / self.sightings)
        return max(0.0, self.coverage - slack)
