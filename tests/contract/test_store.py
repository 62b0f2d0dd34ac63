import threading
import tracemalloc
from unittest import mock

import pytest

import cypher
from foundation.errors import ConstraintError, UnsupportedError
from graphstore.server import schema
from graphstore.server.bolt import BoltStore
from graphstore.store import GraphStore, Write
from tests.contract.graphs import nodes, persona


def test_it_is_a_graph_store(store: BoltStore) -> None:
    seam: GraphStore = store
    with seam:
        seam.migrate()


def test_the_schema_is_recorded_and_in_force(store: BoltStore) -> None:
    assert schema.applied(store) == set(schema.statements(store.engine))
    assert len(schema.applied(store)) >= 5
    store.write(Write("persona", [persona("p")]))
    with pytest.raises(ConstraintError, match="schema refuses"):
        store.execute_schema("CREATE (:Persona {id: 'p'})")


def test_migrating_again_is_one_read(store: BoltStore, monkeypatch: pytest.MonkeyPatch) -> None:
    store.migrate()
    reads = mock.Mock(wraps=store.stream)
    monkeypatch.setattr(store, "stream", reads)
    monkeypatch.setattr(store, "in_transaction", lambda _: pytest.fail("it wrote"))
    store.migrate()
    assert reads.call_count == 1


def test_a_graph_of_a_newer_version_is_refused(store: BoltStore) -> None:
    store.execute_schema("CREATE (:Migration {id: 'V9999__from_the_future'})")
    try:
        with pytest.raises(UnsupportedError, match="V9999__from_the_future") as caught:
            store.migrate()
        assert "newer pgraph" in caught.value.hint
    finally:
        store.execute_schema("MATCH (m:Migration {id: 'V9999__from_the_future'}) DELETE m")


def test_only_an_old_neo4j_is_refused(store: BoltStore) -> None:
    schema.require_version(store.agent())
    for agent in ("Neo4j/2025.01.0", "Neo4j/6.0.0", "Neo4j/4.4.0 compatible (another server)", "Another/1.0"):
        schema.require_version(agent)
    for agent in ("Neo4j/4.4.40", "Neo4j/5.25.1"):
        with pytest.raises(UnsupportedError, match="too old"):
            schema.require_version(agent)


def test_rows_stream_in_bounded_memory(store: BoltStore) -> None:
    text = "UNWIND range(1, 40000) AS i RETURN i, 'a text of some length ' + toString(i) AS text"
    list(store.stream("RETURN 1 AS x", {}))
    tracemalloc.start()
    try:
        count = sum(1 for _ in store.stream(text, {}))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count == 40000
    assert peak < 5_000_000, f"{peak} bytes; all rows at once would be about 14 MB"


def test_a_stream_may_be_left_early(store: BoltStore) -> None:
    rows = store.stream("UNWIND range(1, 60000) AS i RETURN i", {})
    assert next(rows) == {"i": 1}
    rows.close()  # type: ignore[attr-defined]  # a generator
    assert list(store.stream("RETURN 1 AS x", {})) == [{"x": 1}]


def test_reading_while_writing(store: BoltStore) -> None:
    store.write_batches("persona", (persona(f"p{n:04}") for n in range(3000)), size=1000)
    seen = 0
    for row in store.stream("MATCH (p:Persona) RETURN p.id AS id", {}):
        seen += 1
        if seen % 1000 == 0:
            store.write(Write("role", [{"id": row["id"], "role": "seen"}]))
    assert seen == 3000


def test_writers_of_the_same_personas_at_once(store: BoltStore) -> None:
    """Lost MERGE races and deadlocks are tried again, never shown."""
    failures: list[BaseException] = []
    gate = threading.Barrier(4)

    def write(shift: int) -> None:
        try:
            gate.wait()
            for batch in range(10):
                names = [f"p{(number + shift * 7) % 60 + batch * 60:03}" for number in range(60)]
                store.write(
                    Write("persona", [persona(name, shift) for name in names]),
                    Write("derived_from", [
                        {"persona": name, "source": names[0], "call": f"c{shift}", "props": {}} for name in names
                    ]),
                )  # fmt: skip
        except BaseException as error:  # noqa: BLE001  shown by the assertion below
            failures.append(error)

    threads = [threading.Thread(target=write, args=(shift,)) for shift in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    held = nodes(store)
    assert len(held) == 600
    assert {node["depth"] for node in held.values()} == {0}
    count = next(store.stream("MATCH (:Persona)-[s:DERIVED_FROM]->(:Persona) RETURN count(s) AS n", {}))
    assert count == {"n": 4 * 600}


def test_every_read_of_the_project_runs(store: BoltStore, subtests: pytest.Subtests) -> None:
    """Their answers have tests of their own; here: both engines understand every file on an empty graph."""
    for name in cypher.names("reads"):
        with subtests.test(name):
            list(store.stream(cypher.load(f"reads/{name}"), parameters_for(cypher.load(f"reads/{name}"))))


def parameters_for(text: str) -> dict[str, object]:
    import re

    known = {"limit": 5, "at_least": 1, "rows": [], "ids": [], "depth": 1, "skip": 0}
    return {name: known.get(name, [] if name.endswith("s") else "x") for name in re.findall(r"\$(\w+)", text)}
