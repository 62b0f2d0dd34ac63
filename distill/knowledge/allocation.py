"""Which region gets the next call: one of which little is known for the number of its people."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from population import PRIOR, Tally


class Allocation:
    """Good-Turing over topics, region by region; a topic counts for its region alone.

    U(h) = (f1 + t·p0)/(n + t), as for personas (expansion.selection): the chance that the next answer there has a new
    topic. Calls are shared out in proportion to U times the number of people, one by one to the region that is furthest
    behind (the highest averages of D'Hondt).
    """

    def __init__(self, sizes: Iterable[int], per_call: int) -> None:
        self.sizes = np.array(list(sizes), np.float64)
        self._per_call = per_call
        self._tally = Tally(1)
        self._tally.grow(len(self.sizes))
        self._calls_under_way = np.zeros(len(self.sizes))
        self._topics = [0] * len(self.sizes)

    def begin(self, region: int) -> None:
        """Note that a call for `region` has begun."""
        self._calls_under_way[region] += 1

    def end(self, region: int, lost: int) -> None:
        """Note that a call for `region` is over; `lost` of its answers cannot be used."""
        self._calls_under_way[region] -= 1
        self.miss(region, lost)

    def miss(self, region: int, answers: int) -> None:
        """Count `answers` of `region` that cannot be used."""
        self._tally.miss(region, answers)

    def see(self, region: int, topic: str, times: int = 1) -> bool:
        """Count `times` questions or answers about `topic`; True if the topic is new in `region`."""
        is_new = sum(self._tally.see((region, topic), region, region) for _ in range(times)) > 0
        self._topics[region] += is_new
        return is_new

    def uncovered(self) -> NDArray[np.float64]:
        """For each region the chance that the next answer has a topic that is new there, shape (regions,)."""
        tally = self._tally
        overall = (tally.f1.sum() + 1) / (tally.n.sum() + 1)
        shares: NDArray[np.float64] = (tally.f1 + PRIOR * overall) / (tally.n + PRIOR)
        return shares

    def next(self, open_regions: Iterable[int]) -> int | None:
        """The region of `open_regions` to spend the next call on, of equals the first; None if none is open."""
        spent = self._tally.asked / self._per_call + self._calls_under_way
        value = self.sizes * self.uncovered() / (1 + spent)
        return max(open_regions, key=lambda region: (value[region], -region), default=None)

    def rows(self) -> list[dict[str, float]]:
        """By region: answers and topics seen so far, and the chance that the next one is new."""
        uncovered = self.uncovered()
        tally = self._tally
        return [
            {"seen": int(tally.n[region]), "topics": self._topics[region], "new_next": float(uncovered[region])}
            for region in range(len(self.sizes))
        ]
