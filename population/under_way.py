"""What was asked and is not answered yet: as a choice must not know the answers, it must know the questions."""

from collections import Counter

import numpy as np

from population.coverage import NO_ARM, Floats, Tally, text_arm


class UnderWay:
    """The answers of calls that were made and whose answers are not counted yet, by the arm or the region they are for."""

    def __init__(self, sightings: int = 1) -> None:
        """`sightings`: how many the tally counts for one answer."""
        self._sightings = sightings
        self.calls = 0
        self.version = 0  # changes with every call
        self._by_arm: Counter[int] = Counter()
        self._by_region: Counter[int] = Counter()

    def __bool__(self) -> bool:
        return self.calls > 0

    def begin(self, arm: int, answers: int, region: int | None = None) -> None:
        """A call for so many `answers` of `arm` was made; if it names a `region`, they are to land there."""
        self._count(arm, answers, region, 1)

    def end(self, arm: int, answers: int, region: int | None = None) -> None:
        """The answers of a call have come: what `begin` got."""
        self._count(arm, answers, region, -1)

    def _count(self, arm: int, answers: int, region: int | None, sign: int) -> None:
        self.calls += sign
        self.version += 1
        if region is not None:
            self._by_region[region] += sign * answers
        else:
            self._by_arm[arm] += sign * answers

    def arrays(self, tally: Tally) -> tuple[Floats, Floats]:
        """The sightings to come by arm, shape (regions * relations,), and those by region, shape (regions,)."""
        by_arm, by_region = np.zeros(tally.regions * tally.relations), np.zeros(tally.regions)
        for arm, answers in self._by_arm.items():
            if arm >= 0:
                by_arm[arm] = self._sightings * answers
        for region, answers in self._by_region.items():
            by_region[region] = self._sightings * answers
        return by_arm, by_region

    def of_texts(self, buckets: int) -> Floats:
        """The sightings to come by bucket of texts, shape (buckets,)."""
        by_bucket = np.zeros(buckets)
        for arm, answers in self._by_arm.items():
            if arm < NO_ARM:
                by_bucket[text_arm(arm)] = self._sightings * answers
        return by_bucket
