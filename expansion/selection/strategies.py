"""Which persona to ask next, along which relationship.

Three strategies behind one method, `choose`. `CoverageFirst` is the reason pgraph exists: it estimates, by one traversal
step on the quotient graph of regions, how likely the next answer of each arm is new, and spends the call there.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from expansion.selection.control import ControlGroup
from graphstore.files import Piece
from population import Arms, Counts, Floats, Population, Predictions, Tally, predict

UNIFORM = 0.02  # at most this share of the calls is about any text that is left
CONTENDERS = 256  # draw a value only for the arms whose value may be the highest
CANDIDATES = 8  # personas compared when a source is chosen
COMPARED = 256  # personas asked before with whom they are compared

How = Literal[
    "coverage", "control", "chance", "breadth-first", "random", "text", "again"
]  # what made a call the next one

Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Choice:
    """Ask about this persona (its position in the population) along this relationship (its number)."""

    source: int
    relation: int
    how: How = "coverage"
    expected: float | None = None  # predicted chance that an answer is new; None if the strategy predicts nothing
    control: float | None = None  # the chance that this call belonged to the control group; None in a run without one


@dataclass(frozen=True, slots=True)
class TextChoice:
    """Ask who would take this stance to this text."""

    bucket: int
    piece: Piece
    stance: str
    expected: float | None = None
    how: How = "text"


class TextBuckets(Protocol):
    """Texts as arms beside those of the graph (`expansion.texts.TextArms`)."""

    def draw(self, people: Population, uncovered: Floats, rng: np.random.Generator) -> tuple[float, int, float] | None:
        """The sampled worth of the best bucket, the bucket, and its predicted chance; None if no text is left."""

    def next(self, bucket: int, expected: float, how: How = "text") -> TextChoice: ...

    def best(self, tally: Tally, uncovered: Floats) -> float: ...

    def record(self, tally: Tally) -> float: ...


class Strategy(Protocol):
    """Chooses the next call. Each choice depends on the population as it is at that moment."""

    ordered: bool  # True: replies must be absorbed in the order of the choices

    def choose(self) -> Choice | TextChoice | Literal["wait"] | None:
        """The next call; "wait" if it depends on replies still under way; None if nothing is left to ask."""

    def best(self, tally: Tally) -> float | None:
        """The highest predicted chance that an answer is new in this `tally`; None if the strategy predicts nothing."""


def predictions_for(strategy: Strategy, population: Population) -> Callable[[], Arms]:
    """A function that gives the predictions as they stand, even if the `strategy` does not use them."""
    return strategy.arms if isinstance(strategy, CoverageFirst) else Predictions(population).arms


def sampled(rng: np.random.Generator, single: Counts, asked: Floats, new: Floats, trust: Floats | float) -> Floats:
    """For each arm, a draw of the chance that its next answer is new (Thompson sampling).

    The draw is from a Beta distribution: the arm's own counts, with the prediction as prior. `trust`: the number of
    answers that the prediction is worth.
    """
    successes, failures = single + trust * new, asked - single + trust * (1 - new)
    return rng.beta(np.maximum(successes, 1e-6), np.maximum(failures, 1e-6))


class CoverageFirst:
    """Thompson sampling over the arms, the quotient graph's prediction as prior (docs/coverage.md has the formulas)."""

    ordered = False

    def __init__(
        self,
        population: Population,
        rng: np.random.Generator,
        vectors: Callable[[list[int]], Vectors | None],
        texts: TextBuckets | None = None,
        control: ControlGroup | None = None,
    ) -> None:
        self._population = population
        self._rng = rng
        self._vectors = vectors
        self._texts = texts
        self._control = control or ControlGroup(0.0)
        self._asked: dict[int, Vectors] = {}  # by region: of the personas asked last in this run
        self.arms = Predictions(population).arms

    def choose(self) -> Choice | TextChoice | Literal["wait"] | None:
        people, rng, arms = self._population, self._rng, self.arms()
        open_ = people.open_arms()
        chance = self._control.chance()
        if open_.any() and rng.random() < chance:
            return self._by_chance(chance)
        drawn = self._draw(open_) if open_.any() else None
        if self._texts is not None:
            text = self._texts.draw(people, arms.uncovered, rng)
            if text is not None:
                worth, bucket, new = text
                if drawn is None or worth > drawn[0]:
                    return self._texts.next(bucket, new)
                if rng.random() < UNIFORM * self._texts.record(people.worth):
                    return self._texts.next(bucket, new, "chance")
        if drawn is None:
            return "wait" if people.under_way else None
        region, relation = divmod(drawn[1], people.tally.relations)
        self._control.begin()
        expected = float(arms.new[drawn[1]])
        return Choice(self._source(region, relation), relation, "coverage", expected, chance or None)

    def _by_chance(self, chance: float) -> Choice:
        """A call of the control group: exactly what `RandomChoice` would ask now."""
        pair = self._population.any_pair(self._rng)
        assert pair is not None  # noqa: S101  an arm is open
        self._control.begin()
        return Choice(*pair, "control", float(self.arms().new[self._population.arm(*pair)]), chance)

    def _draw(self, open_: NDArray[np.bool_]) -> tuple[float, int]:
        """The sampled worth of the best open arm, and that arm."""
        rng, arms, tally = self._rng, self.arms(), self._population.worth
        contenders = self._contenders(open_)
        counts = tally.single[contenders], arms.asked[contenders]
        worth = sampled(rng, *counts, arms.new[contenders], arms.trust[contenders]) * arms.weight[contenders]
        best = int(worth.argmax())
        return float(worth[best]), int(contenders[best])

    def _contenders(self, open_: NDArray[np.bool_]) -> Counts:
        """The open arms with the highest optimistic value, three standard deviations above the mean."""
        arms, tally = self.arms(), self._population.worth
        if open_.sum() <= CONTENDERS:
            return np.flatnonzero(open_)
        answers = arms.asked + arms.trust
        mean = (tally.single + arms.trust * arms.new) / answers
        optimistic = (mean + 3 * np.sqrt(mean * (1 - mean) / answers)) * arms.weight
        return np.argpartition(np.where(open_, -optimistic, 0.0), CONTENDERS)[:CONTENDERS]

    def best(self, tally: Tally) -> float | None:
        open_, arms = self._population.open_arms(), predict(tally)
        best = float(arms.new[open_].max()) if open_.any() else 0.0
        return best if self._texts is None else max(best, self._texts.best(tally, arms.uncovered))

    def _source(self, region: int, relation: int) -> int:
        """Of a few personas not asked along this relationship, the one that was asked along the fewest others.

        A person who is asked again names the same people again. Of equals, the one least like those already asked in this region.
        """
        people = self._population
        candidates = people.candidates(region, relation, CANDIDATES, self._rng)
        times = [people.times_asked(source) for source in candidates]
        fewest = min(times)
        candidates = [source for source, asked in zip(candidates, times, strict=True) if asked == fewest]
        vectors = self._vectors(candidates)
        if vectors is None:
            return candidates[0]
        asked = self._asked.get(region)
        best = 0 if asked is None else int((vectors @ asked.T).max(axis=1).argmin())
        row = vectors[best : best + 1]
        self._asked[region] = row if asked is None else np.concatenate([asked[1 - COMPARED :], row])
        return candidates[best]


class BreadthFirst:
    """As Persona Hub does it: level by level, each persona along every relationship, in the order of the ids."""

    ordered = True

    def __init__(self, population: Population) -> None:
        self._population = population
        self._calls = self._walk()

    def choose(self) -> Choice | Literal["wait"] | None:
        return next(self._calls, None)

    def best(self, tally: Tally) -> float | None:  # noqa: ARG002  of the protocol
        return None

    def _walk(self) -> Iterator[Choice | Literal["wait"]]:
        people = self._population
        for depth in count() if people.depth is None else range(people.depth):
            while people.under_way:  # a level is complete only when all answers of the one above have come
                yield "wait"
            for source in people.level(depth):
                for relation in range(people.tally.relations):
                    if people.may_ask(source, relation):
                        yield Choice(source, relation, "breadth-first")


class RandomChoice:
    """A persona and a relationship drawn uniformly: the baseline of the others."""

    ordered = False

    def __init__(self, population: Population, rng: np.random.Generator) -> None:
        self._population = population
        self._rng = rng

    def choose(self) -> Choice | Literal["wait"] | None:
        people = self._population
        pair = people.any_pair(self._rng)
        if pair is None:
            return "wait" if people.under_way else None
        return Choice(*pair, "random")

    def best(self, tally: Tally) -> float | None:  # noqa: ARG002  of the protocol
        return None
