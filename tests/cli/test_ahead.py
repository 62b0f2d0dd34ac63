"""The first call of `pgraph expand` does not wait for the vectors of a large import."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from pgraph.app.ahead import MANY
from tests.cli.expanding import Field
from tests.fakes import world
from tests.fakes.faults import NO_EMBEDDINGS
from tests.fakes.server import FakeServer

pytestmark = pytest.mark.timeout(300)
PEOPLE = MANY + 200
UNGROUPED = "MATCH (d:Domain) WHERE NOT EXISTS { (d)-[:IN_GROUP]->(:DomainGroup) } RETURN count(d) AS n"
WITHOUT = "MATCH (p:Persona) WHERE NOT EXISTS { (p)-[:IN_DOMAIN]->() } RETURN count(p) AS n"


@pytest.fixture
def imported(field: Field, request: pytest.FixtureRequest) -> Field:
    """More personas without a domain than are embedded before the first call, of whom no test before has a vector."""
    field.seed(1)
    texts = [f"{world.text(role)} {request.node.name}" for role in range(PEOPLE)]
    rows = [json.dumps({"persona": text, "role": world.name(role)}) for role, text in enumerate(texts)]
    field.work.run("import", field.work.write("many.jsonl", "\n".join(rows)), env=field.store)
    return field


@pytest.fixture
def of_many_domains(field: Field, request: pytest.FixtureRequest) -> Field:
    """More domains than are embedded before the first call, of which no test before has a vector."""
    field.seed(1)
    people = [{"persona": f"{world.text(role)} here", "role": world.name(role)} for role in range(PEOPLE)]
    rows = [json.dumps({**row, "domain": f"{row['role']} {request.node.name}"}) for row in people]
    field.work.run("import", field.work.write("many.jsonl", "\n".join(rows)), env=field.store)
    return field


@pytest.fixture
def embedded_at_first_call() -> list[int]:
    return []


@pytest.fixture
def model(embedded_at_first_call: list[int]) -> Iterator[FakeServer]:
    """It takes six seconds for each request for vectors until the first call has come."""

    def answer(request: dict[str, Any]) -> str:
        if not embedded_at_first_call:
            embedded_at_first_call.append(server.stats()["embeddings"])
            server.faults.clear()
        return world.answer(request)

    slow = {"kind": "slow", "on": "embeddings", "seconds": 6.0}
    with FakeServer(answer=answer, latency=0.25, faults=[slow]) as server:
        yield server


def test_the_first_call_is_made_before_all_is_embedded(
    imported: Field, model: FakeServer, embedded_at_first_call: list[int]
) -> None:
    done = imported.expand(model, "--calls", "150", "--at-once", "4")
    assert embedded_at_first_call[0] < 6 < PEOPLE / 64  # of requests with up to 64 texts each
    assert "Grouping the domains" in done.err
    assert imported.rows(WITHOUT) == [{"n": 0}]
    assert (done.json["calls"], model.stats()["paid_twice"]) == (150, 0)
    assert all(row["group"] for row in imported.personas() if row["derived_from"])


def test_the_first_call_is_made_before_the_domains_are_grouped(
    of_many_domains: Field, model: FakeServer, embedded_at_first_call: list[int]
) -> None:
    field = of_many_domains
    done = field.expand(model, "--calls", "150", "--at-once", "4")
    assert embedded_at_first_call[0] < 6 < PEOPLE / 64
    assert "Grouping the domains" in done.err
    assert field.rows(UNGROUPED) == [{"n": 0}]
    assert (done.json["calls"], model.stats()["paid_twice"]) == (150, 0)


def test_a_run_that_ends_first_leaves_the_rest_to_the_next(imported: Field, model: FakeServer) -> None:
    assert imported.expand(model, "--calls", "4", "--at-once", "4").json["calls"] == 4
    assert imported.rows(WITHOUT)[0]["n"] > MANY
    imported.expand(model, "--calls", "150", "--at-once", "4", "--new-run")
    assert imported.rows(WITHOUT) == [{"n": 0}]


def test_where_nothing_can_be_embedded_the_run_says_so(imported: Field) -> None:
    with FakeServer(answer=world.answer, faults=[NO_EMBEDDINGS]) as model:
        done = imported.expand(model, "--calls", "20", code=4, env={"PGRAPH_PATIENCE": "2"})
    assert "embeddings fail" in done.err


def test_breadth_first_groups_before_it_asks(
    imported: Field, model: FakeServer, embedded_at_first_call: list[int]
) -> None:
    model.faults.clear()
    imported.expand(model, "--calls", "4", "--at-once", "4", "--strategy", "breadth-first")
    assert embedded_at_first_call[0] > PEOPLE / 1024
    assert imported.rows(WITHOUT) == [{"n": 0}]
