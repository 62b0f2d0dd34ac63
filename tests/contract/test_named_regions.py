"""Calls that named a region: what came counts for where it landed, and for no arm; the same on both engines."""

from typing import Any

import numpy as np

import cypher
from graphstore.server.bolt import BoltStore
from graphstore.store import Write
from population.loading import load_population
from population.prediction import predict
from population.reports.tables import coverage_by_relation
from tests.contract.graphs import SMALL, sighting

KINDS = ["buyer", "driver", "kin", "patient", "supplier"]
ASKED = {"relation": "supplier", "how": "coverage", "toward": "land", "share": 0.25, "uncovered": 0.5, "listed": 0}
NAMED = [
    Write("derived_from", [sighting("farmer", "nurse", "v1", "supplier", times=3, void=True)]),
    Write("failed_on", [
        {"run": "r2", "persona": "nurse", "call": "v2", "props":
         {"relation": "supplier", "reason": "empty", "times": 4, "paid": True, "void": True}},
    ]),
    Write("asked", [
        {"run": "r2", "persona": "nurse", "call": "v1", "props": {**ASKED, "named": 5, "hits": 3, "answers": 4, "new": 2}},
        {"run": "r2", "persona": "nurse", "call": "v2", "props": {**ASKED, "named": 5, "hits": 0, "answers": 4, "new": 0}},
    ]),
]  # fmt: skip


def rows(store: BoltStore, name: str) -> list[dict[str, Any]]:
    return list(store.read(f"queries/{name}", **cypher.header(name).parameters))


def test_they_leave_what_is_known_of_the_arms_as_it_was(store: BoltStore) -> None:
    store.write(*SMALL)
    before, by_cypher = load_population(store, KINDS, 2).population, rows(store, "coverage_by_relation")
    store.write(*NAMED)
    loaded = load_population(store, KINDS, 2)
    after = loaded.population
    for name in ("asked", "single"):
        np.testing.assert_array_equal(getattr(after.tally, name), getattr(before.tally, name))
    np.testing.assert_array_equal(predict(after.tally).flows.row(0), predict(before.tally).flows.row(0))
    assert after.tally.n.sum() == before.tally.n.sum() + 3
    assert not after.may_ask(after.index["nurse"], KINDS.index("supplier"))
    assert rows(store, "coverage_by_relation") == by_cypher
    shown = {row.relation: row.answers for row in coverage_by_relation(loaded, KINDS)}
    assert shown == {row["relation"]: row["answers"] for row in by_cypher}


def test_hits_are_told_from_misses(store: BoltStore) -> None:
    store.write(*SMALL, *NAMED)
    judged = {(row["switch"], row["value"]): row for row in rows(store, "prompt_switches")}
    assert judged["void", "yes"] == {
        "switch": "void", "value": "yes", "calls": 2, "answers": 8, "new": 0.25, "hits": 0.375, "alone": 0.25,
    }  # fmt: skip
    assert (judged["void", "no"]["calls"], judged["void", "no"]["hits"]) == (2, None)
    assert sum(row["calls"] for row in rows(store, "exclusion_lists")) == 2
