"""What the next answer of each arm would bring: one traversal step on the quotient graph of regions."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from population.coverage import Tally
from population.population import Population

PRIOR = 8.0  # sightings that a region's prior is worth, and answers that an arm's back-off is worth
TRUST = 4.0  # answers that the prediction of an arm is worth, by sighting of the regions it rests on
SHRINK = 20.0  # answers that the mean over all relationships, or all regions, is worth for one of them
Floats = NDArray[np.float64]


class Flows:
    """Where the answers of each arm land: T of docs/coverage.md, whose rows are made one by one when asked for.

    T(h|g,k) = (c + t·B)/(N + t) with the back-off B = s_k·[h=g] + (1 - s_k)·exits_g(h). Cost: O(cells in use).
    """

    def __init__(self, tally: Tally) -> None:
        regions, relations = tally.regions, tally.relations
        self.regions, self.relations = regions, relations
        self._arm, self._region, self._answers = (row.copy() for row in tally.landed[:, : tally.cells])
        self._home = self._arm // relations
        self._leaves = self._home != self._region
        along = np.bincount(self._arm % relations, self._answers, relations)
        out = self._answers * self._leaves
        kept = along - np.bincount(self._arm % relations, out, relations)
        mean_kept = (kept.sum() + 0.5 * SHRINK) / (along.sum() + SHRINK)
        self._kept = (kept + SHRINK * mean_kept) / (along + SHRINK)  # s_k
        self._exits = np.bincount(self._home, out, regions)
        arrivals = np.bincount(self._region, out, regions) + 1.0 / max(1, regions)
        self._arrivals = arrivals / arrivals.sum()
        self._landed = np.bincount(self._arm, self._answers, regions * relations)
        self._rows: dict[int, Floats] = {}

    def mean(self, value: Floats) -> Floats:
        """By arm, what its answers are worth on average, given what they are worth by region."""
        leaving = (self._answers * value[self._region])[self._leaves]
        exits = np.bincount(self._home[self._leaves], leaving, self.regions) + SHRINK * (self._arrivals @ value)
        exits /= self._exits + SHRINK
        back_off = self._kept[None, :] * value[:, None] + (1 - self._kept[None, :]) * exits[:, None]
        direct = np.bincount(self._arm, self._answers * value[self._region], self.regions * self.relations)
        mean: Floats = (direct + PRIOR * back_off.ravel()) / (self._landed + PRIOR)
        return mean

    def row(self, arm: int) -> Floats:
        """By region, the chance that an answer of this arm lands there; worked out once, for list and reason both."""
        if arm not in self._rows:
            self._rows[arm] = self._row(arm)
        return self._rows[arm]

    def _row(self, arm: int) -> Floats:
        home, relation = divmod(arm, self.relations)
        ours = self._home == home
        leaves, direct = ours & self._leaves, self._arm == arm
        exits = np.bincount(self._region[leaves], self._answers[leaves], self.regions) + SHRINK * self._arrivals
        back_off = (1 - self._kept[relation]) * exits / (self._exits[home] + SHRINK)
        back_off[home] += self._kept[relation]
        found = np.bincount(self._region[direct], self._answers[direct], self.regions)
        row: Floats = (found + PRIOR * back_off) / (self._landed[arm] + PRIOR)
        return row


@dataclass(frozen=True, slots=True)
class Arms:
    """What is predicted for each arm from the sightings so far."""

    new: Floats  # q: chance that an answer is a new species
    weight: Floats  # how uncovered the regions are in which the new ones would land
    trust: Floats  # answers that `new` is worth
    uncovered: Floats  # U by region
    flows: Flows


def uncovered_shares(tally: Tally) -> Floats:
    """By region U(h) = (f1 + t·p0)/(n + t), p0 the overall share; never 0: the unseen is always worth a call."""
    overall = (tally.singles + 1) / (tally.n.sum() + 1)
    shares: Floats = ((tally.f1 + PRIOR * overall) / (tally.n + PRIOR)).astype(float)
    return shares


def predict(tally: Tally) -> Arms:
    """Uncovered shares, landing shares and their product for all arms at once.

    q(g,k) = Σ_h T·U. q is worth as many answers as the regions that it rests on have sightings, by their harmonic mean,
    times TRUST. Cost: O(cells + arms).
    """
    uncovered = uncovered_shares(tally)
    flows = Flows(tally)
    new = np.minimum(flows.mean(uncovered), 1.0)  # rounding must not make it more
    trust = TRUST / flows.mean((1.0 / (tally.n + PRIOR)).astype(float))
    return Arms(new, flows.mean(uncovered**2) / np.maximum(new, 1e-12), trust, uncovered, flows)


class Predictions:
    """What is predicted by all that has been seen, made anew when something was."""

    def __init__(self, population: Population) -> None:
        self._population = population
        self._state = population.version
        self._arms = predict(population.tally)

    def arms(self) -> Arms:
        if self._state != self._population.version:
            self._arms, self._state = predict(self._population.tally), self._population.version
        return self._arms
