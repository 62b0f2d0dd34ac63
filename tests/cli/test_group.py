"""`pgraph group` through the command line, on both stores: levels, and names by a model."""

import json
import random
from collections.abc import Mapping
from typing import Any

import pytest

from tests.cli.expanding import Field
from tests.cli.test_expand_faults import killed
from tests.console import Console, Done
from tests.fakes import thinkers
from tests.fakes.server import Answer, FakeServer

pytestmark = pytest.mark.timeout(600)

TRADES = ("ship engine", "village school", "bread oven", "court house", "river fish", "salt mine")
KINDS = ("care", "tools", "law", "pay", "art", "sale")
FINE = ("--resolution", "6")  # 9 groups of 2 domains and more


@pytest.fixture
def trades(field: Field) -> Field:
    return filled(field)


def filled(field: Field) -> Field:
    add(field, *(f"{trade} {kind}" for trade in TRADES for kind in KINDS))
    return field


def add(field: Field, *domains: str) -> None:
    rows = [{"persona": f"Somebody who knows much about {domain}", "domain": domain} for domain in domains]
    file = field.work.write("people.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    field.work.run("import", file, env=field.store)


def model(answer: Answer = thinkers.answer, *faults: Mapping[str, Any], latency: float = 0.0) -> FakeServer:
    return FakeServer(answer=answer, faults=faults, latency=latency)


def group(field: Field, server: FakeServer, *arguments: str, code: int | None = 0) -> Done:
    return field.work.run("--json", "group", *FINE, *arguments, env=field.env(server), code=code)


def groups(field: Field) -> dict[str, dict[str, Any]]:
    rows = field.rows(
        """MATCH (g:DomainGroup) OPTIONAL MATCH (g)-[:IN_GROUP]->(h:DomainGroup)
        RETURN g.id AS id, g.label AS label, coalesce(g.level, 1) AS level, g.named_by AS named_by, g.named_in AS run,
               h.id AS parent"""
    )
    return {row["id"]: row for row in rows}


def said(answer: str) -> Answer:
    return lambda _: json.dumps({"name": answer})


def test_levels(trades: Field) -> None:
    with model() as server:
        done = group(trades, server, "--levels", "2")
        made, found = done.json, groups(trades)
        assert made["groups"] == made["levels"][0] > made["levels"][1] > 0
        assert "at level 2" in done.err
        shown = trades.work.run("query", "group_hierarchy", "--format", "json", env=trades.store).json
        assert {row["id"] for row in shown} == set(found)
        assert [row["level"] for row in shown] == sorted((row["level"] for row in found.values()), reverse=True)
        for level in (1, 2):
            assert sum(row["domains"] for row in shown if row["level"] == level) == len(TRADES) * len(KINDS)
        assert all((row["parent"] is None) == (row["level"] == 2) for row in found.values())
        covered = trades.work.run("query", "coverage_by_group", "--format", "json", env=trades.store).json
        assert {row["label"] for row in covered} == {row["label"] for row in found.values() if row["level"] == 1}
        assert group(trades, server).json["levels"] == made["levels"]
        assert groups(trades) == found
        assert group(trades, server, "--levels", "1").json["levels"] == made["levels"][:1]
        assert len(groups(trades)) == made["groups"]
        assert server.stats()["paid"] == 0


def test_names(trades: Field) -> None:
    with model() as server:
        done = group(trades, server, "--levels", "2", "--names").json
        found = groups(trades)
        assert done["named"] == sum(done["levels"]) == len(found) <= done["calls"]
        assert {row["named_by"] for row in found.values()} == {"fake-model"}
        assert all(row["label"].startswith("Matters of ") for row in found.values())
        assert len({row["label"] for row in found.values()}) == len(found)
        run = trades.rows(
            "MATCH (r:Run {command: 'group'}) RETURN r.id AS id, r.model AS model, r.plan_prompt AS prompt"
        )
        assert [(row["id"], row["model"], len(row["prompt"])) for row in run] == [(done["run"], "fake-model", 16)]
        assert {row["run"] for row in found.values()} == {done["run"]}
        assert trades.work.run("--json", "ask", "--dry-run", "--only", next(
            row["label"] for row in found.values() if row["level"] == 1
        ), env=trades.env(server)).json  # fmt: skip

        again = group(trades, server, "--names").json
        assert (again["calls"], again["named"], again["run"]) == (0, 0, "")
        paid = server.stats()["paid"]
        add(trades, "bread oven cleaning")
        group(trades, server)
        kept = [row for key, row in groups(trades).items() if row["label"] == found.get(key, {}).get("label")]
        assert {row["named_by"] for row in kept} == {"fake-model"}
        assert len(kept) >= len(found) - 2  # one that is of other domains now has lost its name
        third = group(trades, server, "--names").json
        assert 1 <= third["named"] < len(found)  # the group that it came to, those that are of other domains now
        assert {row["named_by"] for row in groups(trades).values()} == {"fake-model"}
        assert server.stats()["paid"] == paid + third["calls"] - third["replies_from_cache"]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (said(" "), "empty"),
        (said("x" * 61), "wrong schema"),
        (said("bread oven care, bread oven tools, bread oven law, salt mine care, salt mine tools"), "wrong schema"),
        (said("खाना और काम"), "wrong language"),
        (lambda _: "no JSON at all", "invalid JSON"),
    ],
)  # fmt: skip
def test_a_name_of_no_use(work: Console, answer: Answer, why: str) -> None:
    field = filled(Field(work, {}))
    with model(answer) as server:
        plain = group(field, server).json["groups"]
        before = groups(field)
        done = group(field, server, "--names", code=1)
        assert (done.json["named"], done.json["failures"]) == (0, {why: plain})
        assert why in done.err
        after = groups(field)
        assert {key: row["label"] for key, row in after.items()} == {key: row["label"] for key, row in before.items()}
        assert {row["named_by"] for row in after.values()} == {None}
        outlook = field.work.run("--json", "ask", "--dry-run", env=field.env(server)).json
        assert {row["seen"] for row in outlook} == {0}  # it is no question that found nothing


def test_a_name_that_another_group_has_is_asked_for_once_more(work: Console) -> None:
    def answer(request: dict[str, Any]) -> str:
        prompt = request["messages"][-1]["content"]
        return json.dumps({"name": thinkers.name(prompt) if "already" in prompt else "Work"})

    field = filled(Field(work, {}))
    with model(answer) as server:
        done = group(field, server, "--names").json
    names = sorted(row["label"] for row in groups(field).values())
    assert len(set(names)) == len(names) == done["named"]
    assert "Work" in names
    assert done["calls"] == 2 * len(names) - 1


def test_the_same_name_again(work: Console) -> None:
    field = filled(Field(work, {}))
    with model(said("Work")) as server:
        done = group(field, server, "--names", code=1).json
    assert (done["named"], done["failures"]) == (1, {"taken": done["groups"] - 1})


def test_killed_and_resumed(trades: Field) -> None:
    moments = random.Random(3)
    with model(latency=0.1) as server:
        options = ("group", *FINE, "--levels", "2", "--names", "--at-once", "2")
        kills = 0
        for _ in range(3):
            process = trades.work.start("--json", *options, env=trades.env(server))
            kills += killed(process, server, moments.randint(1, 3), moments.random() * 0.1)
        done = trades.work.run("--json", *options, env=trades.env(server)).json
        assert kills >= 2
        assert server.stats()["paid_twice"] <= kills * 2  # those in flight
        found = groups(trades)
        assert {row["named_by"] for row in found.values()} == {"fake-model"}
        assert {row["run"] for row in found.values()} == {done["run"]}
        assert trades.rows("MATCH (r:Run {command: 'group'}) RETURN r.state AS state") == [{"state": "finished"}]


def test_the_model_is_gone(trades: Field) -> None:
    with model() as server:
        environment = {
            **trades.env(server),
            "PGRAPH_BASE_URL": "http://127.0.0.1:9/v1",
            "PGRAPH_MODEL": "m",
            "PGRAPH_PATIENCE": "1",
        }
        done = trades.work.run("--json", "group", *FINE, "--names", "--timeout", "5", env=environment, code=4)
        assert "Traceback" not in done.err
        found = groups(trades)
        assert len(found) > 1
        assert {row["named_by"] for row in found.values()} == {None}
        assert group(trades, server, "--names").json["named"] == len(found)


def test_wrong_uses(work: Console) -> None:
    field = filled(Field(work, {}))
    with model() as server:
        strange = str(
            work.write("own.yml", "name: own\nfields: [wish]\nmessages: [{role: user, content: 'A {wish}'}]\n")
        )
        assert "unknown field 'wish'" in group(field, server, "--names", "--prompt", strange, code=2).err
        assert "needs --names" in group(field, server, "--prompt", strange, code=2).err
        plain = "name: own\nfields: [labels]\nmessages: [{role: user, content: 'Name this: {labels}'}]\n"
        done = group(field, server, "--names", "--prompt", str(work.write("plain.yml", plain)))
        assert done.json["named"] == done.json["groups"]
