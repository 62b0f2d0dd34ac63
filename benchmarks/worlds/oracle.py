"""The best that a choice can do: it knows the world, asks one call at a time, and takes the one that promises most."""

import numpy as np

from benchmarks.worlds.kinds import Ints
from benchmarks.worlds.world import CIRCLE, RETRIES, Bools, Floats, World


class Oracle:
    """Chooses greedily by the true chance that the next answer is new.

    It knows neither which answer will come nor who is in the circle of a person.
    """

    def __init__(self, world: World, per_call: int) -> None:
        self._world, self._per_call = world, per_call
        how, relations = world.mechanism, len(world.relations)
        self._landing = np.stack(
            [[world.landing(home, k) for k in range(relations)] for home in range(world.kinds.regions)]
        )  # (regions, relationships, regions)
        self._pools = [_with_shares(pool, world) for pool in world.pools]
        self._led = [_with_shares(pool, world) for pool in world.led]
        self._famous = _with_shares(world.famous, world)
        self._regional = 1 - how.famous - how.circle - how.relation
        self._sources: list[int] = []
        self._asked = np.zeros(0)  # by source, the answers it gave
        self._open = np.zeros((0, relations), bool)

    def run(self, calls: int, rng: np.random.Generator) -> None:
        """Make so many calls; `World.known` says where it starts, and where it ends."""
        world = self._world
        for kind in np.flatnonzero(world.known).tolist():
            self._add(kind)
        for _ in range(calls):
            worth = self.worth()
            best = int(worth.argmax())
            source, relation = divmod(best, len(world.relations))
            self._open[source, relation] = False
            self._asked[source] += self._per_call
            for _ in range(self._per_call):
                self._learn(self._answer(self._sources[source], relation, rng))

    def worth(self) -> Floats:
        """By (source, relationship), the chance that an answer is new; -1 where it was asked already."""
        world, how = self._world, self._world.mechanism
        unknown = np.array([_missing(pool, world.known) for pool in self._pools])
        by_region = self._regional * (self._landing @ unknown)
        by_relation = how.famous * _missing(self._famous, world.known) + how.relation * np.array(
            [_missing(pool, world.known) for pool in self._led]
        )
        home = world.kinds.region[np.array(self._sources)]
        new = by_region[home] + by_relation[None, :] + how.circle * self._in_circles(home)[:, None]
        worth: Floats = np.where(self._open, new, -1.0)
        return worth

    def _in_circles(self, home: Ints) -> Floats:
        """By source, the chance that an answer from its circle is new: who is in a circle shows only when somebody asks."""
        world = self._world
        unknown = np.array([float((~world.known[pool]).mean()) for pool in world.pools])
        around = 0.5 * unknown + 0.5 * unknown[world.near].mean(axis=1)
        chance: Floats = around[home] * (1 - 1 / CIRCLE) ** (world.mechanism.circle * self._asked)
        return chance

    def _answer(self, source: int, relation: int, rng: np.random.Generator) -> int:
        """One answer, with a list of everybody known, as far as the model heeds it."""
        world = self._world
        kind = world.draw(source, relation, rng)
        for _ in range(RETRIES):
            if not world.known[kind] or rng.random() >= world.honoured:
                break
            kind = world.draw(source, relation, rng)
        return kind

    def _learn(self, kind: int) -> None:
        if not self._world.known[kind]:
            self._world.known[kind] = True
            self._add(kind)

    def _add(self, kind: int) -> None:
        self._sources.append(kind)
        self._asked = np.append(self._asked, 0.0)
        self._open = np.concatenate([self._open, np.ones((1, len(self._world.relations)), bool)])


def _with_shares(pool: Ints, world: World) -> tuple[Ints, Floats]:
    shares = world.shares[: len(pool)]
    return pool, shares / shares.sum()


def _missing(pool: tuple[Ints, Floats], known: Bools) -> float:
    kinds, shares = pool
    return float(shares[~known[kinds]].sum())
