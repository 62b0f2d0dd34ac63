"""What joint distillation recovers, in a world where it is known who knows what: against one persona, against random groups.

    python -m benchmarks.distillation [--worlds 3] [--answers 60 120 240] [--folder DIR]

Domains have topics, topics have facts. Half of the facts of a topic are known to many in the domain, the common ones most;
the other half only to those of one standpoint (who makes, who buys, who inspects, who mends). Who is asked tells the
common facts first, one a sentence, in as many sentences as the shipped prompts ask for: five of one persona who answers
alone, three of each of several, none of them what another has said. Both are given by call and by token. All goes through the real
command line: import, ask, distill; the questions are the same for joint and solo. "Random groups" has the personas' domains
shuffled before the import, so that questions bring together people who share no field.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any

import numpy as np

from tests.fakes.server import FakeServer

DOMAINS, TOPICS, FACTS, PEOPLE = 10, 8, 16, 240
STANDPOINTS = ("maker", "buyer", "inspector", "mender")
ALONE, TOGETHER = 5, 3  # sentences of a solo answer, of a contribution
_PERSON = re.compile(r"person (\d+)")
_TOPIC = re.compile(r"topic (\d+)-(\d+)")
_FACT = re.compile(r"fact (\d+)-(\d+)-(\d+)")


class World:
    """Who knows what, and a model that lets them speak of it."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.home = [(person % DOMAINS, int(rng.integers(len(STANDPOINTS)))) for person in range(PEOPLE)]
        rank = np.arange(FACTS // 2)
        common = rng.random((PEOPLE, TOPICS, FACTS // 2)) < 0.9 / (rank + 1) ** 0.5
        own = rng.random((PEOPLE, TOPICS, FACTS // 2)) < 0.7
        mine = np.array([rank % len(STANDPOINTS) == standpoint for _, standpoint in self.home])
        self.knows = np.concatenate([common, own & mine[:, None, :]], axis=2)  # person, topic of its domain, fact
        self.fame = 1.0 / (np.arange(FACTS) % (FACTS // 2) + 1)

    def personas(self, domains: list[int]) -> list[dict[str, str]]:
        return [
            {"persona": f"A {STANDPOINTS[self.home[person][1]]} known as person {person}", "domain": f"field {domain}"}
            for person, domain in enumerate(domains)
        ]

    def facts(self) -> int:
        """How many are known to anybody."""
        domains = np.array([domain for domain, _ in self.home])
        return sum(int(self.knows[domains == domain].any(axis=0).sum()) for domain in range(DOMAINS))

    def answer(self, request: dict[str, Any]) -> str:
        prompt = request["messages"][-1]["content"]
        schema = request["response_format"]["json_schema"]["schema"]["properties"]
        rng = np.random.default_rng(request["seed"])
        people = [int(number) for number in _PERSON.findall(prompt)]
        if "questions" in schema:
            asked = [self._question(people, rng) for _ in range(schema["questions"]["minItems"])]
            return json.dumps({"questions": asked})
        found = _TOPIC.search(prompt)
        assert found is not None
        domain, topic = int(found[1]), int(found[2])
        if "answer" in schema:
            return json.dumps({"answer": self._told(people[0], domain, topic, ALONE, rng)})
        said: list[str] = []
        for person in people:
            before = {int(fact) for _, _, fact in _FACT.findall(" ".join(said))}
            said.append(self._told(person, domain, topic, TOGETHER, rng, but=before))
        standpoints = [{"person": letter, "contribution": text} for letter, text in zip("ABCDEFGH", said, strict=False)]
        return json.dumps({"standpoints": standpoints, "disagreement": "About little.", "synthesis": " ".join(said)})

    def _question(self, people: list[int], rng: np.random.Generator) -> dict[str, Any]:
        """Of a topic that one of them knows, the popular topics more often; needs those who know most of it."""
        domain = self.home[int(rng.choice(people))][0]
        topic = min(TOPICS - 1, int(TOPICS ** rng.random()) - 1)
        known = [int(self.knows[person, topic].sum()) * (self.home[person][0] == domain) for person in people]
        needed = sorted(range(len(people)), key=lambda place: -known[place])[: max(2, sum(1 for k in known if k))]
        return {
            "question": f"What do all of them have to say of topic {domain}-{topic}, given {_words(rng, 8)}?",
            "topic": f"topic {domain}-{topic}",
            "level": "expert",
            "needs": sorted("ABCDEFGH"[place] for place in needed),
        }

    def _told(
        self,
        person: int,
        domain: int,
        topic: int,
        sentences: int,
        rng: np.random.Generator,
        *,
        but: AbstractSet[int] = frozenset(),
    ) -> str:
        """So many sentences, a fact in each as long as there are any, the common ones sooner."""
        home, standpoint = self.home[person]
        facts = [fact for fact in np.flatnonzero(self.knows[person, topic]).tolist() if fact not in but]
        told = []
        if home == domain and facts:
            weight = self.fame[facts] / self.fame[facts].sum()
            told = rng.choice(facts, min(sentences, len(facts)), replace=False, p=weight).tolist()
        own = [f"fact {domain}-{topic}-{fact}" for fact in told] + ["what all say"] * (sentences - len(told))
        return " ".join(f"As a {STANDPOINTS[standpoint]} I hold {fact}, {_words(rng, 8)}." for fact in own)


def _words(rng: np.random.Generator, count: int) -> str:
    return " ".join(f"{word:06x}" for word in rng.integers(0, 1 << 24, count))


def measured(way: str, seed: int, answers: list[int], folder: Path) -> list[tuple[float, int, int]]:
    """After so many answers: share of the facts recovered, topics answered, tokens out."""
    world = World(seed)
    domains = [domain for domain, _ in world.home]
    if way == "random groups":
        np.random.default_rng(seed).shuffle(domains)
    (folder / "people.jsonl").write_text("".join(json.dumps(row) + "\n" for row in world.personas(domains)))
    with FakeServer(answer=world.answer) as server:
        model = ("--base-url", server.base_url, "--model", "fake-model", "--at-once", "8")
        embedding = {"PGRAPH_EMBEDDING_URL": server.base_url, "PGRAPH_EMBEDDING_MODEL": "fake-model"}

        def pgraph(*arguments: str) -> str:
            command = [sys.executable, "-m", "pgraph", "-C", str(folder), "--json", *arguments]
            return subprocess.run(
                command, env={**_environment(), **embedding}, check=True, capture_output=True, text=True
            ).stdout

        pgraph("import", str(folder / "people.jsonl"))
        pgraph("ask", "--by", "domain", "--calls", str(max(answers) // 2), *model)
        result, tokens, before = [], 0, 0
        for goal in answers:
            mode = "--solo" if way == "solo" else "--joint"
            done = json.loads(pgraph("distill", mode, "--by", "domain", "--calls", str(goal - before), *model))
            assert done["new"] == goal - before, done
            before, tokens = goal, tokens + done["tokens_out"]
            pgraph("export", "knowledge", "-o", str(folder / "known.jsonl"))
            rows = [json.loads(line) for line in (folder / "known.jsonl").read_text().splitlines()]
            found = {fact for row in rows for fact in _FACT.findall(row["answer"])}
            result.append((len(found) / world.facts(), len({row["topic"] for row in rows}), tokens))
        pgraph("local", "stop")
    return result


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("PGRAPH_", "OPENAI_"))}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", type=int, default=3)
    parser.add_argument("--answers", type=int, nargs="+", default=[60, 120, 240])
    parser.add_argument("--folder", type=Path, help="where the workspaces are put")
    options = parser.parse_args()
    ways = ("joint", "solo", "random groups")
    found: dict[str, list[list[tuple[float, int, int]]]] = {way: [] for way in ways}
    for seed in range(options.worlds):
        for way in ways:
            with tempfile.TemporaryDirectory(dir=options.folder) as folder:
                found[way].append(measured(way, seed, options.answers, Path(folder)))
    print(
        f"{DOMAINS} domains, {TOPICS} topics each, {World(0).facts():,} facts, {PEOPLE} personas; {options.worlds} worlds, means"
    )
    print(f"{'':14}" + "".join(f"{f'{goal} answers':>34}" for goal in options.answers))
    for way in ways:
        cells = []
        for place in range(len(options.answers)):
            share, topics, tokens = np.mean([world[place] for world in found[way]], axis=0)
            joint = np.mean([world[place][0] for world in found["joint"]])
            cells.append(f"{share:8.1%} ({joint / share:4.2f}) {topics:4.0f} topics {tokens:7,.0f} t")
        print(f"{way:14}" + "".join(f"{cell:>34}" for cell in cells))
    print("facts recovered (joint / this way), topics answered, tokens out")


if __name__ == "__main__":
    main()
