"""Which persona to ask next, along which relationship.

Three strategies behind one method, `choose`. `CoverageFirst` is the reason pgraph exists: it estimates, by one traversal
step on the quotient graph of regions, how likely the next answer of each arm is new, and spends the call there.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from expansion.coverage import Counts, Tally
from expansion.population import Population

if TYPE_CHECKING:
    from expansion.text_arms import TextArms, TextChoice

PRIOR = 8.0  # sightings that a region's prior is worth, and answers that an arm's back-off is worth
TRUST = 4.0  # answers that the prediction of an arm is worth, by sighting of the regions it rests on
SHRINK = 20.0  # answers that the mean over all relationships, or all regions, is worth for one of them
UNIFORM = 0.02  # share of calls on an arm drawn uniformly, and at most on texts: what one-step values cannot see
CONTENDERS = 256  # arms that a value is drawn for: those whose value may be the highest
CANDIDATES = 8  # personas compared when a source is chosen

How = Literal["coverage", "chance", "breadth-first", "random", "text", "again"]  # what made a call the next one

Floats = NDArray[np.float64]
Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Choice:
    """Ask this persona (its position in the population) for people standing in this relationship (its number) to it."""

    source: int
    relation: int
    how: How = "coverage"
    expected: float | None = None  # predicted chance that an answer is new, where the strategy predicts


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


class Strategy(Protocol):
    ordered: bool  # True: replies must be absorbed in the order of the choices

    def choose(self) -> "Choice | TextChoice | Literal['wait'] | None":
        """The next call; "wait" when only replies still under way can tell; None when nothing is left to ask."""

    def best(self) -> float | None:
        """The highest predicted chance that an answer is new; None where the strategy predicts nothing."""


def predictions(strategy: Strategy, population: Population) -> Callable[[], Arms]:
    """What is predicted now, whether the strategy goes by it or not."""
    return strategy.arms if isinstance(strategy, CoverageFirst) else Predictions(population).arms


def sampled(rng: np.random.Generator, single: Counts, asked: Counts, new: Floats, trust: Floats | float) -> Floats:
    """A draw by arm of the chance that its next answer is new (Thompson): what it found, behind it what is predicted.

    `trust`: answers that the prediction is worth.
    """
    found, rest = single + trust * new, asked - single + trust * (1 - new)
    return rng.beta(np.maximum(found, 1e-6), np.maximum(rest, 1e-6))


class CoverageFirst:
    """Thompson sampling over the arms, the quotient graph's prediction as prior (docs/coverage.md has the formulas)."""

    ordered = False

    def __init__(
        self,
        population: Population,
        rng: np.random.Generator,
        vectors: Callable[[list[int]], Vectors | None],
        texts: "TextArms | None" = None,
    ) -> None:
        self._population = population
        self._rng = rng
        self._vectors = vectors
        self._texts = texts
        self._asked: dict[
            int, list[int]
        ] = {}  # region -> personas asked in this run, the farthest-source rule's memory
        self.arms = Predictions(population).arms

    def choose(self) -> "Choice | TextChoice | Literal['wait'] | None":
        people, rng, arms = self._population, self._rng, self.arms()
        open_ = people.open_arms()
        drawn = self._draw(open_) if open_.any() else None
        if self._texts is not None:
            text = self._texts.draw(people.tally, arms.uncovered, rng)
            if text is not None:
                worth, bucket, new = text
                if drawn is None or worth > drawn[0]:
                    return self._texts.next(bucket, new)
                if rng.random() < UNIFORM * self._texts.record(people.tally):
                    return self._texts.next(bucket, new, "chance")
        if drawn is None:
            return "wait" if people.in_flight else None
        region, relation = divmod(drawn[1], people.tally.relations)
        how: How = "chance" if drawn[0] == np.inf else "coverage"
        return Choice(self._source(region, relation), relation, how, float(arms.new[drawn[1]]))

    def _draw(self, open_: NDArray[np.bool_]) -> tuple[float, int]:
        """The sampled worth of the best open arm, and that arm."""
        rng, arms, tally = self._rng, self.arms(), self._population.tally
        if rng.random() < UNIFORM:
            return np.inf, int(rng.choice(np.flatnonzero(open_)))
        some = self._contenders(open_)
        value = (
            sampled(rng, tally.single[some], tally.asked[some], arms.new[some], arms.trust[some]) * arms.weight[some]
        )
        best = int(value.argmax())
        return float(value[best]), int(some[best])

    def _contenders(self, open_: NDArray[np.bool_]) -> Counts:
        """The open arms with the highest optimistic value, three standard deviations above the mean."""
        arms, tally = self.arms(), self._population.tally
        if open_.sum() <= CONTENDERS:
            return np.flatnonzero(open_)
        answers = tally.asked + arms.trust
        mean = (tally.single + arms.trust * arms.new) / answers
        optimistic = (mean + 3 * np.sqrt(mean * (1 - mean) / answers)) * arms.weight
        return np.argpartition(np.where(open_, -optimistic, 0.0), CONTENDERS)[:CONTENDERS]

    def best(self) -> float | None:
        open_, arms = self._population.open_arms(), self.arms()
        best = float(arms.new[open_].max()) if open_.any() else 0.0
        return best if self._texts is None else max(best, self._texts.best(self._population.tally, arms.uncovered))

    def _source(self, region: int, relation: int) -> int:
        """Of some personas not asked yet, the one least like those asked in this region."""
        candidates = self._population.candidates(region, relation, CANDIDATES, self._rng)
        asked = self._asked.setdefault(region, [])
        best = candidates[0]
        if asked and len(candidates) > 1:
            known, others = self._vectors(candidates), self._vectors(asked[-256:])
            if known is not None and others is not None:
                best = candidates[int((known @ others.T).max(axis=1).argmin())]
        asked.append(best)
        return best


class BreadthFirst:
    """Persona Hub's way: level by level, each persona along every relationship, in the order of the ids."""

    ordered = True

    def __init__(self, population: Population) -> None:
        self._population = population
        self._calls = self._walk()

    def choose(self) -> Choice | Literal["wait"] | None:
        return next(self._calls, None)

    def best(self) -> float | None:
        return None

    def _walk(self) -> Iterator[Choice | Literal["wait"]]:
        people = self._population
        for depth in range(people.depth):
            while people.in_flight:  # the level is known only when all answers of the one above are in
                yield "wait"
            for source in people.level(depth):
                for relation in range(people.tally.relations):
                    if people.may_ask(source, relation):
                        yield Choice(source, relation, "breadth-first")


class Random:
    """A persona drawn uniformly, a relationship drawn uniformly: what the others are measured against."""

    ordered = False

    def __init__(self, population: Population, rng: np.random.Generator) -> None:
        self._population = population
        self._rng = rng

    def choose(self) -> Choice | Literal["wait"] | None:
        people = self._population
        pair = people.any_pair(self._rng)
        if pair is None:
            return "wait" if people.in_flight else None
        return Choice(*pair, "random")

    def best(self) -> float | None:
        return None
