"""`pgraph expand --count`: what the choice, the lift and the expected shares count as new."""

import json
from collections.abc import Iterator

import pytest

from tests.cli.expanding import Field
from tests.fakes import world
from tests.fakes.server import FakeServer

pytestmark = pytest.mark.timeout(300)
CALLS = """MATCH (run:Run)-[asked:ASKED]->(:Persona)
RETURN run.plan_count AS count, sum(asked.new) AS new"""
KNOWN = """MATCH (p:Persona) WHERE NOT EXISTS { (p)-[:DUPLICATE_OF]->() }
RETURN count(p) AS personas, count(DISTINCT p.role) AS roles"""


@pytest.fixture
def model() -> Iterator[FakeServer]:
    with FakeServer(answer=world.answer) as server:
        yield server


@pytest.mark.parametrize("count", ["role", "persona", "role,persona"])
def test_a_run_counts_what_it_was_told_to(field: Field, model: FakeServer, count: str) -> None:
    field.seed()
    (before,) = field.rows(KNOWN)
    out = field.expand(model, "--calls", "60", "--count", count, "--explain").out
    *explained, summary = (json.loads(line) for line in out.splitlines())
    assert summary["count"] == count.split(",")
    (calls,) = field.rows(CALLS)
    (after,) = field.rows(KNOWN)
    new = {"role": after["roles"] - before["roles"], "persona": after["personas"] - before["personas"]}
    assert new["role"] > 0
    assert new["persona"] >= new["role"]
    assert calls["count"] == count
    things = count.split(",")
    assert calls["new"] == sum(new[thing] for thing in things) / len(things)
    assert sum(call["new_roles"] for call in explained) == new["role"]


def test_the_words_say_what_is_counted(field: Field, model: FakeServer) -> None:
    field.seed()
    asked = field.arguments("--calls", "80", "--control", "0.5")[1:]  # without --json
    said = field.work.run(*asked, env=field.env(model)).err
    assert "times as many new roles and personas as one by chance" in said
    (row,) = field.work.run("query", "lift", "--format", "json", env=field.store).json
    assert row["count"] == "role,persona"


def test_an_unknown_thing_is_refused(field: Field, model: FakeServer) -> None:
    field.seed()
    refused = field.expand(model, "--calls", "1", "--count", "role,text", code=2)
    assert "'text' cannot be counted" in refused.err
    assert "role,persona,domain" in refused.err
