"""How much of what a model can say about people is known already: Good-Turing over the sightings in the graph.

A *sighting* is one time that a call's answer named a persona: a DERIVED_FROM. A *species* is what may come up again: the
persona's role, or the persona itself where it has none. With n sightings and f1 species that one call only named, the chance
that the next sighting is of a new species is about f1/n (Good 1953, "The population frequencies of species and the estimation
of population parameters", Biometrika 40; by call as in Chao and Jost 2012, Ecology 93, for samples of several each: answers of
one call are not independent). Rows of files were not drawn from the model: they are not sightings, but what they name is
known, so it does not count as a single either. So f1 counts what would be new if the call that named it came last.
`cypher/queries/coverage_by_group.cypher` computes the same numbers.
"""

import math
from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NO_CALL = ""  # instead of a call: no call at all
CALLS = "*"  # instead of a call: several
NO_ARM = -1  # the arm of a sighting that no numbered arm made

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]


def text_arm(bucket: int) -> int:
    """The number of the arm "ask about a text of this `bucket`"; its own inverse.

    >>> text_arm(0), text_arm(text_arm(3))
    (-2, 3)
    """
    return NO_ARM - 1 - bucket


def joined(first: str, second: str) -> str:
    """The only call of two summaries, each a call, NO_CALL or CALLS.

    >>> joined("c1", NO_CALL), joined("c1", "c1"), joined("c1", "c2")
    ('c1', 'c1', '*')
    """
    if second in (first, NO_CALL):
        return first
    return second if first == NO_CALL else CALLS


class Tally:
    """A fold over the sightings: O(1) each, in any order.

    Regions are numbered 0, 1, …; an arm is "ask a persona of region g along relationship k", numbered g * `relations` + k,
    or `text_arm` of one of the `buckets` of texts. Arrays by region have `regions` entries, arrays by arm `regions` times
    `relations`.

    >>> tally = Tally(relations=1)
    >>> tally.grow(regions=1)
    >>> for call, role in enumerate(["nurse", "cook", "nurse"]):
    ...     _ = tally.see(role, region=0, arm=0, call=call)
    >>> tally.overall().share
    0.666667
    """

    def __init__(self, relations: int, buckets: int = 0) -> None:
        self.relations = relations
        self.seen: dict[Hashable, int] = {}  # sightings by known species
        self._imported: set[Hashable] = set()
        self._calls: dict[Hashable, tuple[Hashable, ...]] = {}  # species of no file and at most two calls -> the calls
        self._singles: dict[Hashable, tuple[int, list[int]]] = {}  # species of one call -> its arm, the regions
        self._by_calls_alone = 0  # species that no file named
        self._doubles = 0  # of these, named by two calls
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
        """How many regions there is room for."""
        return len(self.n)

    def grow(self, regions: int) -> None:
        """Make room for `regions` regions; never shrinks."""
        added = regions - self.regions
        if added > 0:
            self.n, self.f1 = (np.append(a, np.zeros(added, np.int64)) for a in (self.n, self.f1))
            arms = np.zeros(added * self.relations, np.int64)
            self.asked, self.single = np.append(self.asked, arms), np.append(self.single, arms)

    def know(self, species: Hashable) -> None:
        """Note that a file brought this `species`: whatever calls say of it, they did not find it."""
        if species in self._imported:
            return
        self._imported.add(species)
        self._by_calls_alone -= species in self.seen
        self._doubles -= len(self._calls.pop(species, ())) == 2
        self.seen.setdefault(species, 0)
        self._drop_single(species)

    def see(
        self, species: Hashable, region: int, arm: int = NO_ARM, times: int = 1, call: Hashable | None = None
    ) -> bool:
        """Count `times` sightings of a `species` by one `call`, all landed in `region`; True if the species is new.

        `arm` made them. A call that is None counts as different from all others.
        """
        is_new = species not in self.seen
        self.seen[species] = self.seen.get(species, 0) + times
        self.n[region] += times
        if arm >= 0:
            self.asked[arm] += times
            self._land(arm, region, times)
        elif arm != NO_ARM:
            self.text_asked[text_arm(arm)] += times
            self.text_landed[text_arm(arm), region] += times
        if is_new:
            self._by_calls_alone += 1
            self._calls[species] = ()
        if species in self._calls:
            self._count_call(species, region, arm, object() if call is None else call)
        return is_new

    def _count_call(self, species: Hashable, region: int, arm: int, call: Hashable) -> None:
        calls = self._calls[species]
        if call not in calls:
            calls = self._calls[species] = (*calls, call)
            self._doubles += (len(calls) == 2) - (len(calls) == 3)
        if len(calls) == 1:
            self._count_single(species, region, arm)
        else:
            self._drop_single(species)
        if len(calls) == 3:
            del self._calls[species]

    def _count_single(self, species: Hashable, region: int, arm: int) -> None:
        if species not in self._singles:
            self._singles[species] = arm, []
            self._credit(arm, 1)
        regions = self._singles[species][1]
        if region not in regions:
            regions.append(region)
            self.f1[region] += 1

    @property
    def singles(self) -> int:
        """f1 of all regions: a single that landed in two of them counts once."""
        return len(self._singles)

    def is_single(self, species: Hashable) -> bool:
        """Whether exactly one call, and no file, named this `species`."""
        return species in self._singles

    def _drop_single(self, species: Hashable) -> None:
        if species in self._singles:
            arm, regions = self._singles.pop(species)
            self.f1[regions] -= 1
            self._credit(arm, -1)

    def _credit(self, arm: int, single: int) -> None:
        if arm >= 0:
            self.single[arm] += single
        elif arm != NO_ARM:
            self.text_single[text_arm(arm)] += single

    def miss(self, arm: int, times: int) -> None:
        """Count `times` answers of `arm` that cannot be used, as if they were duplicates: otherwise it looks unexplored forever."""
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
        """Coverage over all regions."""
        return Coverage(int(self.n.sum()), self.singles, len(self.seen), self._doubles, self._by_calls_alone)


def rounded(share: float | None) -> float | None:
    """A share to six places, as it is shown; None stays None."""
    return None if share is None else round(share, 6)


@dataclass(frozen=True, slots=True)
class Coverage:
    """Coverage of one population: `sightings` n, `singles` f1 and `doubles` f2, `distinct` species known.

    `by_calls` species were named by calls alone, and f2 is counted among these.

    >>> Coverage(sightings=200, singles=30, distinct=90).share
    0.85
    """

    sightings: int
    singles: int
    distinct: int
    doubles: int = 0
    by_calls: int = 0

    @property
    def share(self) -> float | None:
        """Coverage as it is shown: to six places, None without any sighting."""
        return rounded(self.coverage) if self.sightings else None

    @property
    def uncovered(self) -> float:
        """Chance that the next sighting is of a new species: f1/n (Good 1953); 1 without any sighting."""
        return self.singles / self.sightings if self.sightings else 1.0

    @property
    def coverage(self) -> float:
        """Chance that the next sighting is of a known species: 1 - f1/n."""
        return 1.0 - self.uncovered

    def at_least(self, delta: float = 0.05) -> float:
        """Lower bound of the coverage that holds with probability 1 - `delta`, whatever the distribution.

        1 - f1/n - (2√2 + √3)·√(ln(3/δ)/n): McAllester and Schapire 2000, "On the convergence rate of Good-Turing
        estimators", COLT, Theorem 1. It holds for independent sightings; a model's are nearly so.
        """
        if not self.sightings:
            return 0.0
        slack = (2 * math.sqrt(2) + math.sqrt(3)) * math.sqrt(math.log(3 / delta) / self.sightings)
        return max(0.0, self.coverage - slack)
