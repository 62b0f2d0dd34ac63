"""How much of what a model can say about people is known already: Good-Turing over the sightings in the graph.

A *sighting* is one time that a persona came up: a DERIVED_FROM or an IMPORTED_BY. A *species* is what may come up again:
the persona's role, or the persona itself where it has none. With n sightings and f1 species seen exactly once, the chance
that the next sighting is of a new species is about f1/n (Good 1953, "The population frequencies of species and the
estimation of population parameters", Biometrika 40). `cypher/queries/coverage_by_group.cypher` computes the same numbers.
"""

import math
from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

IMPORT = -1  # the arm of a sighting that no model call made

Counts = NDArray[np.int64]


def text_arm(bucket: int) -> int:
    """The number of the arm "ask about a text of this bucket"; its own inverse."""
    return IMPORT - 1 - bucket


class Tally:
    """A fold over the sightings: O(1) each, in any order.

    Regions are numbered 0, 1, …; an arm is "ask a persona of region g along relationship k", numbered g * relations + k,
    or `text_arm` of a bucket of texts.
    """

    def __init__(self, relations: int, buckets: int = 0) -> None:
        self.relations = relations
        self.seen: dict[Hashable, int] = {}
        self._single: dict[Hashable, tuple[int, int]] = {}  # species seen once -> its region, its arm
        self.doubles = 0  # species seen twice
        self.n: Counts = np.zeros(0, np.int64)  # sightings by region
        self.f1: Counts = np.zeros(0, np.int64)  # species seen once by region
        self.asked: Counts = np.zeros(0, np.int64)  # answers by arm, failed ones included
        self.single: Counts = np.zeros(0, np.int64)  # species seen once by the arm that found them
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

    def see(self, species: Hashable, region: int, arm: int = IMPORT, times: int = 1) -> bool:
        """Count a sighting that landed in `region`; True when the species is new."""
        before = self.seen.get(species, 0)
        self.seen[species] = before + times
        self.doubles += (before + times == 2) - (before == 2)
        self.n[region] += times
        if arm >= 0:
            self.asked[arm] += times
            self._land(arm, region, times)
        elif arm != IMPORT:
            self.text_asked[text_arm(arm)] += times
            self.text_landed[text_arm(arm), region] += times
        if before == 0 and times == 1:
            self._single[species] = region, arm
            self.f1[region] += 1
            self._credit(arm, 1)
        elif before == 1:
            home, first = self._single.pop(species)
            self.f1[home] -= 1
            self._credit(first, -1)
        return before == 0

    def _credit(self, arm: int, single: int) -> None:
        if arm >= 0:
            self.single[arm] += single
        elif arm != IMPORT:
            self.text_single[text_arm(arm)] += single

    def miss(self, arm: int, times: int) -> None:
        """Count answers that cannot be used as duplicates of their arm: else it looks unexplored for ever."""
        if arm >= 0:
            self.asked[arm] += times
        elif arm != IMPORT:
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
        return Coverage(int(self.n.sum()), int(self.f1.sum()), len(self.seen), self.doubles)


@dataclass(frozen=True, slots=True)
class Coverage:
    """Coverage of one population: `sightings` n, `singles` f1, `distinct` species, `doubles` f2."""

    sightings: int
    singles: int
    distinct: int
    doubles: int = 0

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
