"""Worlds in which the truth is known: who is named when somebody is asked for the people around him or her.

An answer comes from one of four pools: a list of famous kinds, the circle of the person asked, all that a relationship
leads to, or the region where it leads. How often each is drawn from is what makes one world different from another.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.worlds.kinds import Ints, Kinds
from graphstore import seed_of

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

FAMOUS = 300
FEWEST = 40  # kinds that any relationship leads to
CIRCLE = 20  # kinds around one person
NEAR = 0.7  # share of the answers that leave their region which go to one of six near it; the others to a popular one
RETRIES = 4  # times that an answer on the list of known roles is drawn again, if the model honours the list


@dataclass(frozen=True)
class Mechanism:
    """What decides who is named. The shares of the pools; what is left comes from regions."""

    name: str
    says: str  # what matters in this world, in a few words
    famous: float = 0.0
    circle: float = 0.0
    relation: float = 0.0
    spread: float = 0.3  # of the logarithms of the sizes of regions
    popular: float = 0.0  # Zipf exponent of how much regions are talked about
    zipf: float = 0.8  # of the kinds inside a pool
    homes: tuple[float, float] = (0.15, 0.8)  # share of the answers that stay in the region, by relationship: from, to


MECHANISMS = {
    mechanism.name: mechanism
    for mechanism in (
        Mechanism(
            "regions", "regions differ in size and in how much is said of them", spread=1.2, popular=0.8, zipf=1.0
        ),
        Mechanism("relations", "relationships differ in how many kinds they lead to", relation=0.8),
        Mechanism("sources", "everybody names the same few people again", circle=0.85),
        Mechanism("collapsed", "a third of the answers are famous", famous=0.35, spread=1.0, popular=0.8, zipf=1.0),
        Mechanism("mixed", "a little of each", famous=0.1, circle=0.3, relation=0.25, spread=1.0, popular=0.5),
        Mechanism("flat", "nothing: each question is as good as another", homes=(0.0, 0.0), spread=0.0),
    )
}


@dataclass
class World:
    """One `mechanism` with its numbers drawn by `seed`, for questions along `relations`."""

    mechanism: Mechanism
    relations: Sequence[str]
    seed: int = 0
    honoured: float = 0.0  # chance that the model heeds a list of known roles
    kinds: Kinds = field(default_factory=Kinds)

    def __post_init__(self) -> None:
        how, kinds = self.mechanism, self.kinds
        rng = np.random.default_rng([seed_of(how.name), self.seed])
        largest = len(kinds) // kinds.regions
        sizes = rng.lognormal(0.0, how.spread, kinds.regions)
        sizes = np.clip(sizes / sizes.mean() * 0.6 * largest, 8, largest).astype(int)
        if not how.spread:
            sizes[:] = largest
        self.pools: list[Ints] = []  # by region, the kinds said of it, the best known first
        for region, size in enumerate(sizes.tolist()):
            self.pools.append(rng.permutation(np.flatnonzero(kinds.region == region))[:size])
        everyone = rng.permutation(np.concatenate(self.pools))
        talk = rng.permutation(1.0 / np.arange(1, kinds.regions + 1) ** how.popular)
        self.talk: Floats = (talk / talk.sum()).astype(np.float64)
        self.homes = rng.permutation(np.linspace(*how.homes, len(self.relations)))
        reach = rng.permutation(np.geomspace(FEWEST, len(everyone), len(self.relations)).astype(int))
        self.led = [rng.choice(everyone, size, replace=False) for size in reach.tolist()]  # by relationship
        self.near = np.stack([rng.choice(kinds.regions, 6, replace=False) for _ in range(kinds.regions)])
        self.famous = np.concatenate([pool[:5] for pool in self.pools])
        self.famous = self.famous[np.argsort(-self.talk[kinds.region[self.famous]], kind="stable")][:FAMOUS]
        self._texts: dict[str, int] = {}
        self.known: Bools = np.zeros(len(kinds), bool)

    @cached_property
    def shares(self) -> Floats:
        """By rank, the weight of a kind in its pool, not yet divided by their sum."""
        weights: Floats = (np.arange(1, len(self.kinds) + 1) ** -self.mechanism.zipf).astype(np.float64)
        return weights

    @cached_property
    def _ranks(self) -> Floats:
        return np.cumsum(self.shares)

    def circle(self, kind: int) -> Ints:
        """The few kinds around a person of this kind, of its region and those near it."""
        rng = np.random.default_rng([self.seed, kind])
        home = int(self.kinds.region[kind])
        regions = np.where(rng.random(CIRCLE) < 0.5, home, self.near[home][rng.integers(6, size=CIRCLE)])
        return np.array([self.pools[region][rng.integers(len(self.pools[region]))] for region in regions.tolist()])

    def landing(self, home: int, relation: int) -> Floats:
        """By region, the chance that an answer which comes from regions is of it."""
        if self.mechanism.homes == (0.0, 0.0):
            sizes = np.array([len(pool) for pool in self.pools], float)
            everywhere: Floats = sizes / sizes.sum()
            return everywhere
        row: Floats = (1 - NEAR) * self.talk
        row[self.near[home]] += NEAR / 6
        row *= 1 - self.homes[relation]
        row[home] += self.homes[relation]
        return row

    def draw(self, kind: int, relation: int, rng: np.random.Generator) -> int:
        """The kind of one answer, when a person of this `kind` is asked along the relationship with this number."""
        how, chance = self.mechanism, rng.random()
        if chance < how.famous:
            return self._ranked(self.famous, rng)
        if chance < how.famous + how.circle:
            return int(rng.choice(self.circle(kind)))
        if chance < how.famous + how.circle + how.relation:
            return self._ranked(self.led[relation], rng)
        row = np.cumsum(self.landing(int(self.kinds.region[kind]), relation))
        region = int(np.searchsorted(row, rng.random() * row[-1]))
        return self._ranked(self.pools[region], rng)

    def _ranked(self, pool: Ints, rng: np.random.Generator) -> int:
        return int(pool[np.searchsorted(self._ranks, rng.random() * self._ranks[len(pool) - 1])])

    # -- what the model says

    def people(self, count: int) -> list[dict[str, str]]:
        """Rows to import: well-known kinds of the regions most talked about."""
        rng = np.random.default_rng([self.seed, 1])
        top = np.argsort(-self.talk, kind="stable")[: self.kinds.regions // 3]
        chosen = dict.fromkeys(self._ranked(self.pools[int(rng.choice(top))], rng) for _ in range(2 * count))
        return [self._say(kind, rng) for kind in list(chosen)[:count]]

    def answer(self, request: dict[str, Any]) -> list[dict[str, str]]:
        """The people that a chat `request` of `pgraph expand` gets. The same request gets the same."""
        prompt = request["messages"][-1]["content"]
        item = request["response_format"]["json_schema"]["schema"]["properties"]["personas"]
        relation = item["items"]["properties"]["relation"]["enum"][0]
        source = self._texts[_SOURCE.search(prompt)[1]]  # type: ignore[index]  # every prompt names its source
        listed = set(found[1].split("; ")) if (found := _LISTED.search(prompt)) else set()
        rng = np.random.default_rng(int.from_bytes(hashlib.sha256(prompt.encode()).digest()[:8], "big"))
        rows = []
        for _ in range(item["minItems"]):
            kind, number = self.draw(source, self.relations.index(relation), rng), 0
            row = self._say(kind, rng)
            while number < RETRIES and row["role"] in listed and rng.random() < self.honoured:
                kind, number = self.draw(source, self.relations.index(relation), rng), number + 1
                row = self._say(kind, rng)
            rows.append({"relation": relation, **row})
        return rows

    def _say(self, kind: int, rng: np.random.Generator) -> dict[str, str]:
        person = self.kinds.say(kind, rng)
        self._texts[person.persona] = kind
        self.known[kind] = True
        return asdict(person)


_SOURCE = re.compile(r"Person: (.+)\nRelationship: ")
_LISTED = re.compile(r"they are already known: (.+?)\.(?: |$)", re.DOTALL)
