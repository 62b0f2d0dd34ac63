"""What the next answer of each arm would bring: one traversal step on the quotient graph of regions."""

from dataclasses import dataclass

import numpy as np

from population.coverage import Floats, Tally
from population.population import Population
from population.under_way import UnderWay

FIRST, FIRST_WORTH = 0.7, 5.0  # the share of new ones before any answer has come, and answers that it is worth
PRIOR = 8.0  # sightings that a region's prior is worth, and answers that an arm's back-off is worth
TRUST = 4.0  # answers that the prediction of an arm is worth, by sighting of the regions it rests on
KNOWN_ALIKE = 100.0  # singles, found and predicted, that "all relationships are alike" is worth
SHRINK = 20.0  # answers that the mean over all relationships, or all regions, is worth for one of them


class Flows:
    """Where the answers of each arm land: T of docs/coverage.md, whose rows are made one by one when they are read.

    T(h|g,k) = (c + t·B)/(N + t) with the back-off B = s_k·[h=g] + (1 - s_k)·exits_g(h). Cost: O(cells in use).
    """

    def __init__(self, tally: Tally) -> None:
        regions, relations = tally.regions, tally.relations
        self.regions, self.relations = regions, relations
        self._arm, self._region, self._answer_counts = (row.copy() for row in tally.landed[:, : tally.cells])
        self._home = self._arm // relations
        self._leaves = self._home != self._region
        by_relation = np.bincount(self._arm % relations, self._answer_counts, relations)
        leaving = self._answer_counts * self._leaves
        stayed = by_relation - np.bincount(self._arm % relations, leaving, relations)
        mean_stayed = (stayed.sum() + 0.5 * SHRINK) / (by_relation.sum() + SHRINK)
        self._stay_shares = (stayed + SHRINK * mean_stayed) / (by_relation + SHRINK)  # s_k
        self._exits = np.bincount(self._home, leaving, regions)
        arrivals = np.bincount(self._region, leaving, regions) + 1.0 / max(1, regions)
        self._arrivals = arrivals / arrivals.sum()
        self._landed = np.bincount(self._arm, self._answer_counts, regions * relations)
        self._rows: dict[int, Floats] = {}

    def mean(self, values: Floats) -> Floats:
        """By arm, what its answers are worth on average, given what they are worth by region.

        `values`: shape (regions,); the result: (regions * relations,).
        """
        leaving = (self._answer_counts * values[self._region])[self._leaves]
        exits = np.bincount(self._home[self._leaves], leaving, self.regions) + SHRINK * (self._arrivals @ values)
        exits /= self._exits + SHRINK
        back_off = self._stay_shares[None, :] * values[:, None] + (1 - self._stay_shares[None, :]) * exits[:, None]
        direct = np.bincount(self._arm, self._answer_counts * values[self._region], self.regions * self.relations)
        mean: Floats = (direct + PRIOR * back_off.ravel()) / (self._landed + PRIOR)
        return mean

    def landing(self, answers: Floats) -> Floats:
        """By region, how many of the `answers` land there, which are given by arm: the transpose of `mean`.

        `answers`: shape (regions * relations,); the result: (regions,).
        """
        known = self._answer_counts * (answers / (self._landed + PRIOR))[self._arm]
        backed = (answers * PRIOR / (self._landed + PRIOR)).reshape(self.regions, self.relations)
        leaving = (backed @ (1 - self._stay_shares)) / (self._exits + SHRINK)
        exits = (self._answer_counts * leaving[self._home])[self._leaves]
        landed: Floats = np.bincount(self._region, known, self.regions) + backed @ self._stay_shares
        landed += np.bincount(self._region[self._leaves], exits, self.regions)
        landed += SHRINK * leaving.sum() * self._arrivals
        return landed

    def row(self, arm: int) -> Floats:
        """By region, the chance that an answer of `arm` lands there, shape (regions,); computed once, then kept."""
        if arm not in self._rows:
            self._rows[arm] = self._new_row(arm)
        return self._rows[arm]

    def _new_row(self, arm: int) -> Floats:
        home, relation = divmod(arm, self.relations)
        from_home = self._home == home
        leaves = from_home & self._leaves
        direct = self._arm == arm
        exits = np.bincount(self._region[leaves], self._answer_counts[leaves], self.regions) + SHRINK * self._arrivals
        back_off = (1 - self._stay_shares[relation]) * exits / (self._exits[home] + SHRINK)
        back_off[home] += self._stay_shares[relation]
        counts = np.bincount(self._region[direct], self._answer_counts[direct], self.regions)
        row: Floats = (counts + PRIOR * back_off) / (self._landed[arm] + PRIOR)
        return row


@dataclass(frozen=True, slots=True)
class Arms:
    """Predictions for each arm from the sightings so far; arrays by arm, shape (regions * relations,)."""

    new: Floats  # q: chance that an answer is a new species
    weight: Floats  # how uncovered the regions are in which the new ones would land
    trust: Floats  # answers that `new` is worth
    asked: Floats  # answers, those under way included
    uncovered: Floats  # U by region, shape (regions,)
    factors: Floats  # r by relationship, shape (relations,)
    flows: Flows


def uncovered_shares(tally: Tally) -> Floats:
    """By region U(h) = (f1 + t·p0)/(n + t), p0 the overall share, t = `PRIOR`; never 0: the unseen is always worth a call."""
    shares: Floats = ((tally.f1 + PRIOR * _overall(tally)) / (tally.n + PRIOR)).astype(float)
    return shares


def _overall(tally: Tally) -> float:
    return float(tally.singles + FIRST_WORTH * FIRST) / float(tally.n.sum() + FIRST_WORTH)


def uncovered_by_group(population: Population) -> Floats:
    """U as in `uncovered_shares`, of the groups that the regions lie in; shape (groups,), in the order of their first regions."""
    tally = population.tally
    numbers = {group: number for number, group in enumerate(dict.fromkeys(population.groups))}
    places = [numbers[group] for group in population.groups]
    singles, sightings = (np.bincount(places, counts, len(numbers)) for counts in (tally.f1, tally.n))
    shares: Floats = (singles + PRIOR * _overall(tally)) / (sightings + PRIOR)
    return shares


def relation_factors(tally: Tally, flows: Flows) -> Floats:
    """By relationship, how many of its answers are singles, to how many its regions alone predict; shape (relations,).

    An answer is a single where it would be new if its call came last, so the factor says what a relationship brings now, not
    what it brought once. Cost: O(cells + arms).
    """
    shape = tally.regions, tally.relations
    predicted = (tally.asked * flows.mean(uncovered_shares(tally))).reshape(shape).sum(axis=0)
    factors: Floats = (tally.single.reshape(shape).sum(axis=0) + KNOWN_ALIKE) / (predicted + KNOWN_ALIKE)
    return factors


def predict(tally: Tally, under_way: UnderWay | None = None, before: Arms | None = None) -> Arms:
    """Uncovered shares, landing shares and their product for all arms of `tally` at once.

    q(g,k) = r_k · Σ_h T·U, r by `relation_factors`. q is worth as many answers as the regions that it rests on have sightings,
    by their harmonic mean, times TRUST. Answers `under_way` count as if all of them had come and none were new:
    U' = U·(n + t)/(n + t + pending), and their arms have been asked for them. So calls that are chosen together spread.
    `before`: predictions from the same tally, with other calls under way. Cost: O(cells + arms).
    """
    flows = before.flows if before else Flows(tally)
    factors = before.factors if before else relation_factors(tally, flows)
    uncovered = uncovered_shares(tally)
    asked = tally.asked.astype(float)
    if under_way:
        by_arm, by_region = under_way.arrays(tally)
        asked += by_arm
        uncovered *= (tally.n + PRIOR) / (tally.n + PRIOR + flows.landing(by_arm) + by_region)
    mean = flows.mean(uncovered)
    new_shares = np.minimum(mean * np.tile(factors, tally.regions), 1.0)
    trust = before.trust if before else TRUST / flows.mean((1.0 / (tally.n + PRIOR)).astype(float))
    weight = flows.mean(uncovered**2) / np.maximum(mean, 1e-12)
    return Arms(new_shares, weight, trust, asked, uncovered, factors, flows)


class Predictions:
    """The predictions for `worth` of a `population`, from all sightings and the calls under way; made again as these change."""

    def __init__(self, population: Population) -> None:
        self._population = population
        self._state = population.version, population.under_way.version
        self._arms = predict(population.worth, population.under_way)

    def arms(self) -> Arms:
        """The predictions as of now. Cost after a new sighting or call: O(cells + arms), see `predict`."""
        people = self._population
        state = people.version, people.under_way.version
        if self._state != state:
            before = self._arms if self._state[0] == people.version else None
            self._arms = predict(people.worth, people.under_way, before)
            self._state = state
        return self._arms
