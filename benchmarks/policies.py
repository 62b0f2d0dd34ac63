"""Policies that pgraph does not ship, behind the interface of those it does: what its own rule is measured against."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.world import HOME, Built
from expansion.selection.strategies import Choice
from population.coverage import Tally
from population.population import Population

Wait = str


class OneOfRegion:
    """Base of those that choose a region or an arm: any source of it will do."""

    ordered = False

    def __init__(self, people: Population, rng: np.random.Generator) -> None:
        self._people = people
        self._rng = rng

    def best(self, tally: Tally) -> float | None:  # noqa: ARG002  of the protocol
        return None

    def _ask(self, region: int, relation: int) -> Choice:
        return Choice(self._people.candidates(region, relation, 1, self._rng)[0], relation)

    def choose(self) -> Choice | None:
        open_ = self._people.open_arms()
        if not open_.any():
            return None
        worth = self._worth()
        worth[~open_] = -np.inf
        best = np.flatnonzero(worth == worth.max())
        return self._ask(*divmod(int(self._rng.choice(best)), self._people.tally.relations))

    def _worth(self) -> NDArray[np.float64]:
        raise NotImplementedError


class LeastCount(OneOfRegion):
    """The region with the fewest sightings, counting those under way: "expand the smallest group"."""

    def __init__(self, people: Population, rng: np.random.Generator) -> None:
        super().__init__(people, rng)
        self._chosen = np.zeros(0)

    def choose(self) -> Choice | None:
        choice = super().choose()
        if choice is not None:
            self._chosen[self._people.regions[choice.source]] += 1
        return choice

    def _worth(self) -> NDArray[np.float64]:
        tally = self._people.tally
        self._chosen = np.append(self._chosen, np.zeros(tally.regions - len(self._chosen)))
        return -np.repeat(tally.n + self._chosen, tally.relations)


class GoodUcb(OneOfRegion):
    """Good-UCB over the arms (Bubeck, Ernst and Garivier 2013, "Optimal discovery with probabilistic expert advice", JMLR 14).

    Index of an arm: f1/N + C·√(ln(4t)/N), here with C = 0.05: in these worlds all from 0 to 0.1 do alike,
    and larger ones worse.
    """

    FACTOR = 0.05

    def _worth(self) -> NDArray[np.float64]:
        tally = self._people.tally
        asked = np.maximum(tally.asked, 1)
        bonus = self.FACTOR * np.sqrt(np.log(4 * tally.asked.sum() + 4) / asked)
        worth: NDArray[np.float64] = np.where(tally.asked > 0, tally.single / asked + bonus, 2.0)
        return worth


class FarthestFirst:
    """The persona farthest from all asked so far, along a relationship drawn at random (Gonzalez 1985)."""

    ordered = False

    def __init__(
        self, people: Population, rng: np.random.Generator, vectors: Callable[[Sequence[int]], NDArray[np.float32]]
    ) -> None:
        self._people = people
        self._rng = rng
        self._vectors = vectors
        self._known = np.zeros((0, 0), np.float32)
        self._nearest = np.zeros(0, np.float32)  # highest cosine with anybody asked
        self._asked: list[int] = []

    def best(self, tally: Tally) -> float | None:  # noqa: ARG002  of the protocol
        return None

    def choose(self) -> Choice | None:
        self._grow()
        source = int(self._nearest.argmin())
        if self._nearest[source] > 1.5:
            return None
        self._nearest = np.maximum(self._nearest, self._known @ self._known[source])
        self._nearest[source] = 2.0
        self._asked.append(source)
        return Choice(source, int(self._rng.integers(self._people.tally.relations)))

    def _grow(self) -> None:
        before, now = len(self._nearest), len(self._people.ids)
        if before == now:
            return
        fresh = self._vectors(range(before, now))
        self._known = np.concatenate([self._known, fresh]) if before else fresh
        near = (
            (fresh @ self._known[self._asked].T).max(axis=1) if self._asked else np.full(now - before, -1, np.float32)
        )
        self._nearest = np.concatenate([self._nearest, near])


class Oracle(OneOfRegion):
    """Knows the world, and by it the chance that the next answer of each arm is new; takes the arm with the highest.

    Its arms are those of the true regions. `roles`: the role of each persona; `known`: the roles found so far.
    """

    def __init__(
        self, people: Population, rng: np.random.Generator, world: Built, roles: list[int], known: NDArray[np.bool_]
    ) -> None:
        super().__init__(people, rng)
        self._world, self._roles, self._known = world, roles, known
        self._reached = world.reached()
        self._sources: list[list[int]] = [[] for _ in range(world.world.regions)]
        self._placed = 0
        self._state = -1
        self._new = np.zeros((0, 0))

    def choose(self) -> Choice | None:
        for position in range(self._placed, len(self._roles)):
            self._sources[self._world.home[self._roles[position]]].append(position)
        self._placed = len(self._roles)
        if self._state != self._people.version:
            self._new, self._state = self.new(), self._people.version
        for arm in np.argsort(-self._new, axis=None)[:400].tolist():
            region, relation = divmod(arm, len(HOME))
            sources = self._sources[region]
            for place in self._rng.integers(len(sources), size=32).tolist() if sources else ():
                if self._people.may_ask(sources[place], relation):
                    return Choice(sources[place], relation, expected=float(self._new[region, relation]))
        return None

    def new(self) -> NDArray[np.float64]:
        """Chance by (true region, relationship) that the next answer is new, over the sources of the region."""
        world = self._world.world
        famous, said, size = self._world.unknown(self._known)
        inside = (1 - world.local) * said + world.local * size
        new: NDArray[np.float64] = world.collapse * famous + (1 - world.collapse) * (self._reached @ inside)
        return new
