"""A small simulated world of people, as biased as a model is: who is named when a role is asked for its relations.

Roles lie in regions of very different sizes. The model talks about some regions much more than about others (Zipf 0.8,
unrelated to their size) and inside a region about some roles much more (Zipf 1). A relationship stays in its region by
its home share, else it leads to one of six near regions or to a popular one. Some answers come from a global top list
whatever was asked (mode collapse), some from what is near to the source. Used through the fake server (`answer`) and in
process.
"""

import hashlib
import json
import math
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

KINDS = ("kin", "care", "work", "trade", "study", "civic", "play", "chance")
HOME = (0.80, 0.62, 0.50, 0.40, 0.33, 0.25, 0.18, 0.12)  # share of a relationship's answers that stay in the region


@dataclass(frozen=True)
class World:
    roles: int = 60_000
    regions: int = 120
    collapse: float = 0.08
    local: float = 0.40
    wrong_label: float = 0.10
    seed: int = 0

    def build(self) -> "Built":
        rng = np.random.default_rng(self.seed)
        sizes = rng.lognormal(0.0, 1.0, self.regions)
        sizes = np.maximum(20, (sizes / sizes.sum() * self.roles).astype(int))
        popularity = rng.permutation(1.0 / np.arange(1, self.regions + 1) ** 0.8)
        near = np.array(
            [rng.choice(np.delete(np.arange(self.regions), g), 6, replace=False) for g in range(self.regions)]
        )
        return Built(self, sizes, popularity / popularity.sum(), near)


class Built:
    def __init__(self, world: World, sizes: Any, popularity: Any, near: Any) -> None:
        self.world = world
        self.sizes = sizes
        self.starts = np.concatenate([[0], np.cumsum(sizes)])
        self.popularity = popularity
        self.near = near
        top = [
            (popularity[g] / (rank + 1) / math.log(sizes[g]), self.starts[g] + rank)
            for g in range(world.regions)
            for rank in range(20)
        ]
        self.top = np.array([role for _, role in sorted(top, reverse=True)[:300]])

    def region(self, role: int) -> int:
        return int(np.searchsorted(self.starts, role, "right") - 1)

    def label(self, role: int, rng: np.random.Generator) -> int:
        """The region that the model names for a role: a wrong one now and then."""
        return int(rng.integers(self.world.regions)) if rng.random() < self.world.wrong_label else self.region(role)

    def draw(self, source: int, relation: int, count: int, rng: np.random.Generator) -> list[int]:
        home = self.region(source)
        return [self._one(source, home, relation, rng) for _ in range(count)]

    def _one(self, source: int, home: int, relation: int, rng: np.random.Generator) -> int:
        if rng.random() < self.world.collapse:
            return int(self.top[min(299, int(300 ** rng.random()) - 1)])
        region = home
        if rng.random() >= HOME[relation % len(HOME)]:
            region = (
                int(rng.choice(self.near[home]))
                if rng.random() < 0.7
                else int(rng.choice(self.world.regions, p=self.popularity))
            )
        size = int(self.sizes[region])
        rank = min(size - 1, int(size ** rng.random()) - 1 + int(rng.random() < 0.5))
        if rng.random() < self.world.local:  # ranks counted from a place of the source's own
            rank = (rank + source * 7919 + relation * 104_729) % size
        return int(self.starts[region] + rank)

    def seeds(self, count: int, rng: np.random.Generator) -> list[int]:
        """Well-known roles of the most talked-about 30 % of the regions."""
        order = np.argsort(-self.popularity)[: int(0.3 * self.world.regions)]
        return [
            int(self.starts[g] + min(self.sizes[g] - 1, int(self.sizes[g] ** rng.random()) - 1))
            for g in rng.choice(order, count)
        ]


@cache
def small() -> Built:
    return World(roles=6_000, regions=40).build()


def name(role: int) -> str:
    return f"role{role:05d}"


def text(role: int) -> str:
    """A persona of this role; which role it is can be read back. Most of its words are its own."""
    marks = hashlib.sha256(str(role).encode()).hexdigest()
    own = " ".join(marks[start : start + 6] for start in range(0, 48, 6))
    return f"A {name(role)} of {place(small().region(role))} known for {own}"


def place(region: int) -> str:
    return f"district{region:03d}"


def personas(count: int) -> list[dict[str, str]]:
    """Rows to import: well-known people of the regions most talked about."""
    rng = np.random.default_rng(0)
    roles = dict.fromkeys(small().seeds(2 * count, rng))
    return [
        {"persona": text(role), "role": name(role), "domain": place(small().region(role))}
        for role in list(roles)[:count]
    ]


def answer(request: dict[str, Any]) -> str:
    """What the world's model says: the same request, the same answer."""
    prompt = request["messages"][-1]["content"]
    if '"""' in prompt:
        return _about_text(prompt)
    digest = hashlib.sha256(json.dumps(request["messages"]).encode()).digest()
    rng = np.random.default_rng(int.from_bytes(digest[:8], "big"))
    source = int(prompt.split("A role")[1][:5])
    item = request["response_format"]["json_schema"]["schema"]["properties"]["personas"]
    kind = item["items"]["properties"]["relation"]["enum"][0]
    relation = KINDS.index(kind)
    world = small()
    people = [
        {"persona": text(role), "role": name(role), "domain": place(world.label(role, rng)), "relation": kind}
        for role in world.draw(source, relation, int(item["minItems"]), rng)
    ]
    return json.dumps({"personas": people})


def _about_text(prompt: str) -> str:
    """Who stands to a text as asked: one of thirty well-known roles, with the text's first words as the evidence."""
    _, held, asked = prompt.split('"""')
    role = small().seeds(30, np.random.default_rng(0))[hashlib.sha256((held + asked).encode()).digest()[0] % 30]
    where = place(small().region(role))
    evidence = " ".join(held.split()[:6])
    return json.dumps({"evidence": evidence, "persona": text(role), "role": name(role), "domain": where})
