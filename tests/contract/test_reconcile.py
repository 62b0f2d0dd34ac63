"""Two runs that wrote at the same time, on both engines."""

from collections.abc import Iterator
from typing import Any

import pytest

from graphstore.ids import domain_id, persona_id
from graphstore.server.bolt import BoltStore
from graphstore.store import Write
from population.duplicates.reconcile import mark_duplicates_of
from population.loading import load_population
from population.matching.marks import resolved
from tests.contract.graphs import sighting
from tests.fakes.embedder import HashEmbedder

OLD = "a night nurse who has worked on the same ward for twenty years and knows its floor"
TWIN = "A night nurse who knows the floor of the ward on which she has worked for twenty years"
SAME_WORDS = "a nurse night who has worked on the same ward for twenty years and knows its floor"
OTHER = "a harbour pilot whose dog rides along on every ship"


def write(store: BoltStore, text: str, created: str) -> str:
    persona = persona_id(text)
    store.write(
        Write("persona", [{"id": persona, "depth": 1, "props": {"text": text, "created": created}}]),
        Write("domain", [{"id": domain_id("nursing"), "name": "nursing", "label": "nursing"}]),
        Write("in_domain", [{"persona": persona, "domain": domain_id("nursing"), "by": "model"}]),
    )
    return persona


def runs(store: BoltStore, *updated: str) -> None:
    store.write(Write("run", [{"id": f"r{n}", "props": {"updated": at}} for n, at in enumerate(updated)]))


def survivors(store: BoltStore) -> dict[str, str]:
    return {row["id"]: row["survivor"] for row in store.read("reads/personas") if row["survivor"]}


def test_the_older_of_two_that_say_the_same_survives(store: BoltStore) -> None:
    runs(store, "2026-01-03", "2026-01-03")
    old, new = write(store, OLD, "2026-01-02T01"), write(store, SAME_WORDS, "2026-01-02T02")
    write(store, OTHER, "2026-01-02T03")
    assert mark_duplicates_of(store, HashEmbedder(), "r0", "2026-01-02") == 1
    assert survivors(store) == {new: old}
    assert mark_duplicates_of(store, HashEmbedder(), "r1", "2026-01-02") == 0
    assert survivors(store) == {new: old}


def test_a_duplicate_of_a_duplicate_follows_to_the_survivor(store: BoltStore) -> None:
    runs(store, "2026-01-03", "2026-01-03")
    old, new = write(store, OLD, "2026-01-02T01"), write(store, SAME_WORDS, "2026-01-02T02")
    twin = write(store, TWIN, "2026-01-02T03")
    store.write(Write("duplicate_of", [{"persona": twin, "survivor": new, "method": "embedding", "score": 0.95}]))
    mark_duplicates_of(store, HashEmbedder(), "r0", "2026-01-02")
    assert survivors(store) == {new: old, twin: old}


def test_without_another_run_nothing_is_read(store: BoltStore) -> None:
    runs(store, "2026-01-03", "2026-01-01")
    write(store, OLD, "2026-01-02T01")
    write(store, SAME_WORDS, "2026-01-02T02")
    assert mark_duplicates_of(store, HashEmbedder(), "r0", "2026-01-02") == 0
    assert mark_duplicates_of(store, HashEmbedder(), "r0", "2026-01-02", even_alone=True) == 1


def test_a_chain_left_by_a_crash_still_loads(store: BoltStore) -> None:
    a, b, c = (write(store, text, "2026-01-02") for text in (OLD, SAME_WORDS, TWIN))
    store.write(
        Write("duplicate_of", [{"persona": c, "survivor": b, "method": "embedding", "score": 0.95}]),
        Write("duplicate_of", [{"persona": b, "survivor": a, "method": "minhash", "score": 0.95}]),
    )
    loaded = load_population(store, [], 2)
    assert loaded.population.ids == [a]
    assert loaded.duplicates == {b: a, c: a}


def test_what_another_run_writes_while_the_graph_is_read_waits_for_reconciling(
    store: BoltStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, read = write(store, OLD, "2026-01-02T01"), store.read

    def slowly(name: str, **parameters: object) -> Iterator[dict[str, Any]]:
        yield from read(name, **parameters)
        if name == "reads/population":
            late = write(store, OTHER, "2026-01-02T02")
            store.write(
                Write("run", [{"id": "r2", "props": {"updated": "2026-01-02"}}]),
                Write("derived_from", [sighting(late, old, "c1"), sighting(old, late, "c2")]),
                Write("failed_on", [{"run": "r2", "persona": late, "call": "c3", "props": {"relation": "patient"}}]),
            )

    monkeypatch.setattr(store, "read", slowly)
    assert load_population(store, ["patient"], 2).population.ids == [old]


def test_marks_in_a_circle_end() -> None:
    assert set(resolved({"a": "b", "b": "a"})) == {"a", "b"}
