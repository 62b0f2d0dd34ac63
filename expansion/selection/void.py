"""The region that a call names in its prompt, so that answers land there: one within reach where little is known."""

from collections.abc import Callable

import numpy as np

from expansion.selection.exclusion import KnownRoles
from expansion.selection.hint import Hint
from population import Arms, Population

REACH = 0.9  # the regions within an arm's reach take this share of its answers
NEIGHBOURS = 5  # roles that the prompt names as neighbours


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
        """The region that the next call along `arm` names; None if it names none."""
        return self.thinnest(arm) if self._share and self._rng.random() < self._share else None

    def thinnest(self, arm: int) -> Hint | None:
        """The region with the highest U among the fewest regions that take REACH of the arm's answers.

        If two are equal, the one with fewer sightings. None if none of them has a role that can be named. Cost: O(cells
        in use).
        """
        arms, people = self._arms(), self._population
        row = arms.flows.row(arm)
        order = np.argsort(-row, kind="stable")
        reached = order[: 1 + int(np.searchsorted(np.cumsum(row[order]), REACH * row.sum()))]
        for region in reached[np.lexsort((people.tally.n[reached], -arms.uncovered[reached]))].tolist():
            roles, _ = self._roles.of(region)
            if len(roles):
                return Hint(void=people.region_ids[region], neighbours=tuple(roles.tolist()))
        return None
