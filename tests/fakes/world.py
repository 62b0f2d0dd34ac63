"""The simulated world of people behind the fake server: what its model answers, and rows to import."""

import hashlib
import json
import re
from collections import Counter
from functools import cache
from typing import Any

import numpy as np

from benchmarks.world import Built, World

KINDS = ("kin", "care", "work", "trade", "study", "civic", "play", "chance")


@cache
def small() -> Built:
    return World(roles=6_000, regions=40).build()


def name(role: int) -> str:
    return f"role{role:05d}"


def text(role: int) -> str:
    """A persona of this role; which role it is can be read back. Most of its words are its own."""
    marks = hashlib.sha256(str(role).encode()).hexdigest()
    own = " ".join(marks[start : start + 6] for start in range(0, 48, 6))
    return f"A {name(role)} of {place(small().home[role])} known for {own}"


def place(region: int) -> str:
    return f"district{region:03d}"


def personas(count: int) -> list[dict[str, str]]:
    """Rows to import: well-known people of the regions most talked about."""
    rng = np.random.default_rng(0)
    roles = dict.fromkeys(small().seeds(2 * count, rng))
    return [
        {"persona": text(role), "role": name(role), "domain": place(small().home[role])} for role in list(roles)[:count]
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
    pair = source, KINDS.index(kind)
    world = small()
    answers = world.draw(*pair, int(item["minItems"]), rng)
    if named := re.findall(r"role(\d{5})", prompt.partition("Choose people similar to these")[2]):
        region = Counter(int(world.home[int(role)]) for role in named).most_common(1)[0][0]
        answers = world.moved(pair, answers, region, 0.6, rng)
    listed = {int(number) for number in re.findall(r"role(\d{5})", prompt.partition("Do not name any of these")[2])}
    people: list[dict[str, Any]] = [
        {"persona": text(role), "role": name(role), "domain": place(world.label(role, rng)), "relation": kind}
        for role in world.heed(pair, answers, listed, 0.6, rng)
    ]
    if "probability" in item["items"]["properties"]:
        for person in people:
            person["probability"] = round(float(rng.random()), 2)
    return json.dumps({"personas": people})


def _about_text(prompt: str) -> str:
    """Who stands to a text as asked: one of thirty well-known roles, with the text's first words as the evidence."""
    _, held, asked = prompt.split('"""')
    role = small().seeds(30, np.random.default_rng(0))[hashlib.sha256((held + asked).encode()).digest()[0] % 30]
    where = place(small().home[role])
    evidence = " ".join(held.split()[:6])
    return json.dumps({"evidence": evidence, "persona": text(role), "role": name(role), "domain": where})
