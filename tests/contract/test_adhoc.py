"""A user's own Cypher changes nothing, ends in time, and stops at its row limit."""

import time
from collections.abc import Generator

import pytest

import cypher
from foundation.errors import QueryError
from graphstore.server.bolt import BoltStore
from graphstore.store import Write
from tests.contract.graphs import SMALL, links, nodes, persona

REFUSED = [
    "CREATE (n:X) RETURN n",
    "INSERT (:X)",
    "MERGE (n:X {id: 1}) RETURN n",
    "MATCH (n:Persona) SET n.a = 1",
    "MATCH (n:Persona) SET n:X",
    "MATCH (n:Persona) REMOVE n.text",
    "MATCH (n:Persona) DETACH DELETE n",
    "MATCH ()-[r]->() DELETE r",
    "FOREACH (i IN [1] | CREATE (:X))",
    "CALL { CREATE (:X) } RETURN 1 AS a",
    "MATCH (p:Persona) CALL (p) { SET p.z = 1 } RETURN 1 AS a",
    "MATCH (p:Persona) CALL (p) { CREATE (:X) RETURN 1 AS b } RETURN b",
    "UNWIND [1] AS i CALL { WITH i CREATE (:X) } IN TRANSACTIONS RETURN 1 AS a",
    "LOAD CSV FROM 'file:///etc/passwd' AS line RETURN line",
    "LOAD CSV FROM 'http://127.0.0.1:1/x' AS line RETURN line",
    "MATCH (n:Persona) WITH n LIMIT 1 LOAD CSV FROM 'file:///etc/passwd' AS line RETURN line",
    "CREATE INDEX i1 IF NOT EXISTS FOR (n:X) ON (n.y)",
    "CREATE CONSTRAINT c1 IF NOT EXISTS FOR (n:X) REQUIRE n.y IS UNIQUE",
    "DROP CONSTRAINT persona_key",
    "DROP INDEX persona_key",
    "CREATE USER bob SET PASSWORD 'a long password'",
    "ALTER USER neo4j SET PASSWORD 'a long password'",
    "DROP USER neo4j",
    "DROP USER root",
    "SHOW USERS",
    "CREATE DATABASE other",
    "PROFILE CREATE (:X)",
    "CYPHER 5 CREATE (:X)",
    "RETURN 1 AS a; CREATE (:X)",
    "/* a comment */ CREATE (:X) // another",
]
WRONG = ["MATCH (n:Persona) RETRN n", "RETURN $nothing AS x", "RETURN 1 / 0 AS x", "CALL no.such() YIELD x RETURN x"]
ENDLESS = "UNWIND range(1, 100000) AS a UNWIND range(1, 100000) AS b UNWIND range(1, 1000) AS c"


def run(
    store: BoltStore, text: str, *, timeout: float = 10, limit: int = 1000, **parameters: object
) -> list[dict[str, object]]:
    return list(store.cypher(text, parameters, timeout=timeout, limit=limit))


def test_reads_with_parameters(store: BoltStore) -> None:
    store.write(*SMALL)
    assert run(store, "MATCH (p:Persona {id: $id}) RETURN p.role AS role", id="farmer") == [{"role": "farmer"}]
    assert run(store, "// first\nMATCH (p:Persona) RETURN count(p) AS n // last") == [{"n": 7}]


def test_answers_are_plain_values(store: BoltStore) -> None:
    store.write(*SMALL)
    text = "MATCH path = (a:Persona {id: 'nurse'})-[r:RELATED_TO {kind: 'patient'}]->(b) RETURN a, r, [b] AS bs, path"
    row = run(store, text)[0]
    nurse = {
        "labels": ["Persona"],
        "id": "nurse",
        "text": "text of nurse",
        "depth": 0,
        "role": "district nurse",
        "run": "r1",
    }
    assert row["a"] == nurse
    assert row["r"] == {"type": "RELATED_TO", "from": "nurse", "to": "patient", "kind": "patient"}
    assert row["bs"][0]["id"] == "patient"  # type: ignore[index]  # a row holds any value
    assert row["path"]["nodes"][0] == nurse  # type: ignore[index]  # a row holds any value


def test_nothing_is_written(store: BoltStore, subtests: pytest.Subtests) -> None:
    store.write(*SMALL)
    before = nodes(store), links(store)
    for text in REFUSED:
        with subtests.test(text):
            with pytest.raises(QueryError):
                run(store, text)
            assert (nodes(store), links(store)) == before
    held = run(store, "SHOW CONSTRAINTS YIELD name RETURN name ORDER BY name")
    assert {"name": "persona_key"} in held
    assert {"name": "c1"} not in held
    store.write(Write("persona", [persona("the graph still takes writes")]))


def test_mistakes_are_told(store: BoltStore, subtests: pytest.Subtests) -> None:
    for text in WRONG:
        with subtests.test(text), pytest.raises(QueryError) as caught:
            run(store, text)
        assert str(caught.value).startswith("the store refuses the query: ")


def test_an_endless_query_ends_in_time(store: BoltStore) -> None:
    started = time.monotonic()
    with pytest.raises(QueryError, match=r"took longer than 0\.5 s"):
        run(store, f"{ENDLESS} RETURN sum(a * b * c) AS s", timeout=0.5)
    assert time.monotonic() - started < 30
    _nothing_runs(store)


def test_an_endless_stream_ends_in_time(store: BoltStore) -> None:
    started = time.monotonic()
    with pytest.raises(QueryError, match="took longer than 1 s"):
        run(store, f"{ENDLESS} RETURN a", timeout=1, limit=10**9)
    assert time.monotonic() - started < 30
    _nothing_runs(store)


def test_rows_stop_at_the_limit_and_the_query_with_them(store: BoltStore) -> None:
    started = time.monotonic()
    assert run(store, f"{ENDLESS} RETURN c", timeout=60, limit=3) == [{"c": 1}, {"c": 2}, {"c": 3}]
    assert time.monotonic() - started < 30
    _nothing_runs(store)


def test_a_shipped_query_ends_in_time_too(store: BoltStore, monkeypatch: pytest.MonkeyPatch) -> None:
    store.write(*SMALL)
    assert {row["run"] for row in store.read_within(60, "queries/runs", limit=9)} == {"r1", "r2", "r3"}
    monkeypatch.setattr(cypher, "load", {"queries/runs": f"{ENDLESS} RETURN a"}.__getitem__)
    started = time.monotonic()
    with pytest.raises(QueryError, match="took longer than 1 s"):
        list(store.read_within(1, "queries/runs"))
    assert time.monotonic() - started < 30
    _nothing_runs(store)


def test_a_reader_who_leaves_ends_the_query(store: BoltStore) -> None:
    rows = store.cypher(f"{ENDLESS} RETURN c", {}, timeout=60, limit=10**9)
    assert isinstance(rows, Generator)
    assert next(rows) == {"c": 1}
    rows.close()
    _nothing_runs(store)


def _nothing_runs(store: BoltStore) -> None:
    end = time.monotonic() + 5
    running: list[str] = []
    while time.monotonic() < end:
        running = [str(row["currentQuery"]) for row in store.stream("SHOW TRANSACTIONS YIELD currentQuery", {})]
        if not any("range(1, 100000)" in text for text in running):
            return
        time.sleep(0.1)
    raise AssertionError(running)
