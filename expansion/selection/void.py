"""Where an arm could lead and little is known: the region to name in a prompt, so that answers land there."""

from collections.abc import Callable

import numpy as np

from expansion.selection.exclusion import KnownRoles
from expansion.selection.hint import Hint
from population import Arms, Population

REACH = 0.9  # share of an arm's answers that land in the regions within its reach
NEIGHBOURS = 5  # roles named


class Voids:
    """For a share of the calls, the thinnest region within reach of their arm, by its most sighted roles."""

    def __init__(
        self, population: Population, arms: Callable[[], Arms], share: float, rng: np.random.Generator
    ) -> None:
        self._population = population
        self._arms = arms
        self._share = share
        self._rng = rng
        self._roles = KnownRoles(population, NEIGHBOURS)

    def draw(self, arm: int) -> Hint | None:
        """None for a call that names no region."""
        return self.thinnest(arm) if self._share and self._rng.random() < self._share else None

    def thinnest(self, arm: int) -> Hint | None:
        """Of the fewest regions in which REACH of the arm's answers land, the one with the highest U.

        Of equal ones that with the fewest sightings. None where none of them has a role that can be named. Cost: O(cells in use).
        """
        arms, people = self._arms(), self._population
        row = arms.flows.row(arm)
        order = np.argsort(-row, kind="stable")
        within = order[: 1 + int(np.searchsorted(np.cumsum(row[order]), REACH * row.sum()))]
        for region in within[np.lexsort((people.tally.n[within], -arms.uncovered[within]))].tolist():
            roles, _ = self._roles.of(region)
            if len(roles):
                return Hint(void=people.region_ids[region], neighbours=tuple(roles.tolist()))
        return None
