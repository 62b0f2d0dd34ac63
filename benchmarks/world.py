"""A simulated world of people, as biased as a model is: who is named when somebody is asked for his or her relations.

Roles lie in regions of very different sizes, and regions lie on a plane. The model talks about some regions much more than
about others (Zipf 0.8, unrelated to their size) and inside a region about some roles much more (Zipf 1). A relationship
stays in its region by its home share, else it leads to one of the six nearest regions or to a popular one. Some answers
come from a global top list whatever was asked (mode collapse); some are ranked from a place of the source's own.
"""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

HOME = (0.80, 0.62, 0.50, 0.40, 0.33, 0.25, 0.18, 0.12)  # share of a relationship's answers that stay in the region
NEAR = 0.7  # share of those that leave which go to a near region; the others go to a popular one
TOP = 300

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class World:
    roles: int = 60_000
    regions: int = 120
    collapse: float = 0.08  # share of answers from the top list
    local: float = 0.40  # share of the others that are local to the source
    wrong_label: float = 0.10  # share of roles that the model puts into any region
    spread: float = 1.2  # of the logarithms of the sizes of regions
    zipf: float = 1.0  # inside a region
    region_zipf: float = 0.8
    hidden: float = 0.0  # share of the regions that no relationship leads to from outside
    verbalised: float = 0.0  # by how much asking for probabilities lowers `zipf`, in what is answered
    seed: int = 0

    def build(self) -> "Built":
        rng = np.random.default_rng(self.seed)
        sizes = rng.lognormal(0.0, self.spread, self.regions)
        sizes = np.maximum(20, (sizes / sizes.sum() * self.roles).astype(int))
        popularity = rng.permutation(1.0 / np.arange(1, self.regions + 1) ** self.region_zipf)
        places = rng.random((self.regions, 2))
        apart = ((places[:, None] - places[None]) ** 2).sum(axis=2)
        np.fill_diagonal(apart, np.inf)
        hidden = np.random.default_rng([self.seed, 2]).permutation(self.regions)[: int(self.hidden * self.regions)]
        popularity[hidden], apart[:, hidden] = 0.0, np.inf
        near = np.argsort(apart, axis=1)[:, :6]
        return Built(self, sizes, popularity / popularity.sum(), near)


class Built:
    """A world with its numbers drawn. Roles are 0, 1, …, region by region, the best known of each first."""

    def __init__(self, world: World, sizes: Ints, popularity: Floats, near: Ints) -> None:
        self.world = world
        self.sizes = sizes
        self.starts = np.concatenate([[0], np.cumsum(sizes)])
        self.popularity = popularity
        self.near = near
        self._popular = np.cumsum(popularity)
        self._talk, told = _shares(world.zipf, sizes)
        self._ranks, self.share = _shares(world.zipf - world.verbalised, sizes)
        self.home = np.repeat(np.arange(world.regions), sizes)  # region by role
        self.top = np.argsort(-popularity[self.home] * told, kind="stable")[:TOP]
        self._fame = np.cumsum(1.0 / np.arange(1, len(self.top) + 1))

    @property
    def roles(self) -> int:
        return len(self.home)

    def draw(self, source: int, relation: int, count: int, rng: np.random.Generator) -> Ints:
        """So many answers when a person of role `source` is asked along `relation`."""
        chance = rng.random((6, count))
        home = self.home[source]
        exits = np.where(
            chance[2] < NEAR,
            self.near[home, (chance[3] * 6).astype(int)],
            np.searchsorted(self._popular, chance[3] * self._popular[-1]),
        )
        region = np.where(chance[1] < HOME[relation % len(HOME)], home, exits)
        size = self.sizes[region]
        rank = np.minimum(size - 1, np.searchsorted(self._ranks, chance[4] * self._ranks[size - 1]))
        rank = np.where(chance[5] < self.world.local, (rank + self.place(source, relation)) % size, rank)
        famous = self.top[np.searchsorted(self._fame, chance[4] * self._fame[-1])]
        answers: Ints = np.where(chance[0] < self.world.collapse, famous, self.starts[region] + rank)
        return answers

    def famous(self, chance: float) -> int:
        """Of the top list, the role at this share of its answers."""
        return int(self.top[np.searchsorted(self._fame, chance * self._fame[-1])])

    def ranked(self, region: int, chance: float, place: int) -> int:
        """Of a region, the role at this share of its answers, counted from a place."""
        size = self.sizes[region]
        rank = min(size - 1, np.searchsorted(self._ranks, chance * self._ranks[size - 1]))
        return int(self.starts[region] + (rank + place) % size)

    def heed(
        self, pair: tuple[int, int], answers: Ints, listed: AbstractSet[int], honoured: float, rng: np.random.Generator
    ) -> list[int]:
        """What becomes of a pair's answers when the model was told not to name the roles of a list.

        It heeds the list with the chance `honoured` each time.
        """
        said: list[int] = answers.tolist()
        for _ in range(4 if listed else 0):
            again = [n for n, role in enumerate(said) if role in listed and rng.random() < honoured]
            for n, role in zip(again, self.draw(*pair, len(again), rng).tolist(), strict=True):
                said[n] = role
        return said

    def moved(self, pair: tuple[int, int], answers: Ints, region: int, obeyed: float, rng: np.random.Generator) -> Ints:
        """What becomes of a pair's answers when the model was told to look in a region: each is of it by the chance `obeyed`."""
        chance, size = rng.random((3, len(answers))), self.sizes[region]
        rank = np.minimum(size - 1, np.searchsorted(self._ranks, chance[0] * self._ranks[size - 1]))
        rank = np.where(chance[1] < self.world.local, (rank + self.place(*pair)) % size, rank)
        there: Ints = np.where(chance[2] < obeyed, self.starts[region] + rank, answers)
        return there

    def label(self, role: int, rng: np.random.Generator) -> int:
        """The region that the model names for a role: a wrong one now and then."""
        return int(rng.integers(self.world.regions) if rng.random() < self.world.wrong_label else self.home[role])

    def place(self, source: int, relation: int) -> int:
        """Where the local answers of this pair are counted from."""
        return int(source) * 7919 + relation * 104_729

    def seeds(self, count: int, rng: np.random.Generator) -> list[int]:
        """Well-known roles of the most talked-about 30 % of the regions."""
        order = np.argsort(-self.popularity)[: int(0.3 * self.world.regions)]
        regions = rng.choice(order, count)
        ranks = np.searchsorted(self._talk, rng.random(count) * self._talk[self.sizes[regions] - 1])
        roles: list[int] = (self.starts[regions] + np.minimum(self.sizes[regions] - 1, ranks)).tolist()
        return roles

    def vectors(self, width: int = 32) -> NDArray[np.float32]:
        """Unit vectors by role, as an embedding would have them: near regions near, roles scattered about their region."""
        rng = np.random.default_rng([self.world.seed, 1])
        centres = rng.normal(size=(self.world.regions, width))
        centres += 0.5 * centres[self.near].mean(axis=1)
        rows = centres[self.home] + 1.5 * rng.normal(size=(self.roles, width))
        unit: NDArray[np.float32] = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
        return unit

    def reached(self) -> Floats:
        """Chance by (region of the source, relationship, region) that an answer outside the top list lands there."""
        regions, kinds = self.world.regions, len(HOME)
        exits = np.tile((1 - NEAR) * self.popularity, (regions, 1))
        for near in self.near.T:
            exits[np.arange(regions), near] += NEAR / 6
        stay = np.array(HOME)[None, :, None]
        everywhere = np.broadcast_to(exits[:, None, :], (regions, kinds, regions))
        reached: Floats = stay * np.eye(regions)[:, None, :] + (1 - stay) * everywhere
        return reached

    def unknown(self, known: Bools) -> tuple[float, Floats, Floats]:
        """Unknown share of the top list, of each region by what is said of it, and of each by its size."""
        fame = np.diff(self._fame, prepend=0.0) / self._fame[-1]
        missing = ~known
        by_share: Floats = np.bincount(self.home, missing * self.share, self.world.regions).astype(float)
        by_size: Floats = np.bincount(self.home, missing, self.world.regions) / self.sizes
        return float(fame[~known[self.top]].sum()), by_share, by_size


def _shares(zipf: float, sizes: Ints) -> tuple[Floats, Floats]:
    """Weights by rank, added up: of a region the first `size` of them; and by role its share in its region."""
    weights = np.arange(1, sizes.max() + 1) ** -zipf
    ranks = np.cumsum(weights)
    return ranks, np.concatenate([weights[:size] / ranks[size - 1] for size in sizes])
