"""Roles that a call asks not to name again: of the known roles, those that its arm would most likely answer.

A model that is given the list names others instead, as far as it follows the list. Such answers are not the independent
draws that Good-Turing needs, so some calls have no list (docs/coverage.md).
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from population import Arms, Floats, Population

GROWTH = 1.1  # count a region's roles again when its sightings have grown by this factor
LONGEST = 48  # characters of a role, as in a reply; longer roles come from files and would fill the prompt
REGIONS = 32  # the regions where most answers of an arm land; more would add almost nothing

Names = NDArray[np.object_]


class KnownRoles:
    """By region its most sighted roles, `most` of them at most, and the share of its sightings that each has."""

    def __init__(self, population: Population, most: int) -> None:
        self._population = population
        self._most = most
        self._known: dict[int, tuple[int, Names, Floats]] = {}  # by region: sightings, its roles, their shares of them

    def of(self, region: int) -> tuple[Names, Floats]:
        people = self._population
        n = int(people.tally.n[region])
        if region not in self._known or n > GROWTH * self._known[region][0]:
            named = {people.roles[position] or "" for position in people.members(region)}
            roles = sorted(role for role in named if 0 < len(role) <= LONGEST)
            sightings = np.array([people.tally.seen.get(role, 0) for role in roles], float)
            most = np.argsort(-sightings, kind="stable")[: self._most]
            self._known[region] = n, np.array(roles, object)[most], sightings[most] / max(1, n)
        return self._known[region][1:]


class Exclusions:
    """Lists of at most `longest` roles, each the likeliest answers of the arm it is for."""

    def __init__(self, population: Population, arms: Callable[[], Arms], longest: int) -> None:
        self._arms = arms
        self._roles = KnownRoles(population, longest)

    def likeliest(self, arm: int, count: int) -> tuple[str, ...]:
        """Up to `count` known roles that `arm` most likely answers, the likeliest first.

        P(role | arm) = Σ_h T(h | arm) · sightings(role) / n(h), over the regions h.

        Cost: O(cells in use + count · REGIONS).
        """
        if not count:
            return ()
        row = self._arms().flows.row(arm)
        regions = np.argsort(-row, kind="stable")[:REGIONS].tolist()
        known = [self._roles.of(region) for region in regions]
        names = np.concatenate([roles for roles, _ in known])
        chances = np.concatenate([row[region] * shares for region, (_, shares) in zip(regions, known, strict=True)])
        order = np.argsort(-chances, kind="stable")[: 2 * count]
        return tuple(dict.fromkeys(names[order].tolist()))[:count]
