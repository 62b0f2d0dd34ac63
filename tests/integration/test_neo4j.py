"""What only a real Neo4j can tell: plans, notifications, logins, broken connections."""

import random
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Self

import pytest

import cypher
from foundation.errors import SettingsError, StoreUnavailableError
from graphstore.server.bolt import BoltStore
from graphstore.store import Write
from tests.contract.graphs import SMALL, nodes, persona
from tests.neo4j_server import Neo4jServer

pytestmark = pytest.mark.neo4j

FILES = [f"{folder}/{name}" for folder in ("queries", "reads", "writes", "schema") for name in cypher.names(folder)]
EXAMPLES: dict[str, object] = {
    "limit": 5,
    "at_least": 1,
    "rows": [],
    "id": "x",
    "skip": 0,
    "depth": 1,
    "relation": "",
    "run": "",
    "language": "",
    "least": 1.0,
    "below": 1.0,
    "letters": "x",
}
# Properties and links that a full graph has and the small one of these tests has not: no news, unlike a typing error,
# which the answers in tests/contract would show.
UNKNOWN = ("01N50", "01N51", "01N52")


def test_plans(neo4j_store: BoltStore, subtests: pytest.Subtests) -> None:
    """No file reads all nodes, multiplies rows, or is warned about."""
    neo4j_store.write(*SMALL)
    options = {**neo4j_store.session("WRITE"), "notifications_min_severity": "INFORMATION"}
    for file in FILES:
        text = cypher.load(file)
        parameters = {name: EXAMPLES.get(name, []) for name in re.findall(r"\$(\w+)", text)}
        with subtests.test(file), neo4j_store.driver.session(**options) as session:
            summary = session.run(f"EXPLAIN {text}", parameters).consume()
            warned = [
                status.status_description
                for status in summary.gql_status_objects
                if status.is_notification and status.gql_status not in UNKNOWN
            ]
            assert warned == []
            assert [text for text in _steps(summary.plan) if text.startswith(("AllNodes", "AllRelationships"))] == []
            assert _multiplied(summary.plan) == []
            reads = not file.startswith("writes/") and file != "schema/record"
            assert (summary.query_type == "r") == reads


def _steps(plan: Any) -> Iterator[str]:
    yield plan["operatorType"]
    for child in plan.get("children", []):
        yield from _steps(child)


def _multiplied(plan: Any) -> list[str]:
    """The products of more than one row by more than one row."""
    children = plan.get("children", [])
    product = plan["operatorType"].startswith("CartesianProduct") and not any(_single(child) for child in children)
    return ["product"] * product + [found for child in children for found in _multiplied(child)]


def _single(plan: Any) -> bool:
    """Whether a step gives at most one row: a node by its key, a count, or a product of such."""
    name = plan["operatorType"]
    if name.startswith(("NodeUniqueIndexSeek", "EagerAggregation", "NodeCountFrom", "RelationshipCountFrom")):
        return True
    return name.startswith(("CartesianProduct", "Filter", "Projection")) and all(map(_single, plan["children"]))


def test_a_wrong_password(neo4j: Neo4jServer) -> None:
    if not neo4j.password:
        pytest.skip("this Neo4j asks for none")
    with (
        BoltStore(neo4j.uri, neo4j.user, "wrong", "neo4j") as store,
        pytest.raises(StoreUnavailableError, match="refuses the login of 'neo4j'") as caught,
    ):
        store.migrate()
    assert "PGRAPH_STORE_PASSWORD" in caught.value.hint


def test_a_user_locked_out_is_told_to_wait(neo4j: Neo4jServer) -> None:
    with (
        BoltStore(neo4j.uri, neo4j.user, neo4j.password, "system") as system,
        BoltStore(neo4j.uri, "hasty", "wrong", "neo4j") as hasty,
    ):
        system.execute_schema("CREATE USER hasty SET PASSWORD 'a long password' CHANGE NOT REQUIRED")
        try:
            said = [str(_refusal(hasty)) for _ in range(25)]
        finally:
            system.execute_schema("DROP USER hasty")
    assert "refuses the login of 'hasty'" in said[0]
    assert "locked 'hasty' out" in said[-1]


def _refusal(store: BoltStore) -> StoreUnavailableError:
    with pytest.raises(StoreUnavailableError) as caught:
        store.ping()
    return caught.value


def test_a_database_that_is_not_there(neo4j: Neo4jServer) -> None:
    with (
        BoltStore(neo4j.uri, neo4j.user, neo4j.password, "other") as store,
        pytest.raises(StoreUnavailableError, match="has no database 'other'") as caught,
    ):
        store.migrate()
    assert "PGRAPH_STORE_DATABASE" in caught.value.hint


def test_by_its_routing_address(neo4j: Neo4jServer) -> None:
    with BoltStore(neo4j.uri.replace("bolt://", "neo4j://"), neo4j.user, neo4j.password, "neo4j") as store:
        store.migrate()
        store.write(Write("persona", [persona("routed")]))
        assert {"id": "routed"} in list(store.stream("MATCH (p:Persona) RETURN p.id AS id", {}))


def test_nothing_at_the_address() -> None:
    started = time.monotonic()
    with (
        BoltStore("bolt://127.0.0.1:9", "neo4j", "x", "neo4j") as store,
        pytest.raises(StoreUnavailableError, match=r"no Neo4j answers at bolt://127\.0\.0\.1:9") as caught,
    ):
        store.migrate()
    assert "PGRAPH_STORE" in caught.value.hint
    assert time.monotonic() - started < 25


@pytest.mark.parametrize(
    "uri", ["http://localhost:7474", "localhost:7687", "bolt://", "neo4j", "bolt+x://h", "bolt://h:port"]
)
def test_what_is_no_address(uri: str) -> None:
    with pytest.raises(SettingsError, match="store = "):
        BoltStore(uri, "neo4j", "x", "neo4j").migrate()


def test_one_broken_connection_is_not_noticed(neo4j: Neo4jServer) -> None:
    with _Wire(neo4j.uri) as wire, BoltStore(wire.uri, neo4j.user, neo4j.password, "neo4j") as store:
        store.migrate()
        wire.cut()
        store.write(Write("persona", [persona("kept")]))
        wire.cut()
        assert list(store.stream("MATCH (p:Persona {id: 'kept'}) RETURN p.id AS id", {})) == [{"id": "kept"}]


def test_a_row_that_was_handed_out_is_not_handed_out_again(neo4j: Neo4jServer) -> None:
    with _Wire(neo4j.uri) as wire, BoltStore(wire.uri, neo4j.user, neo4j.password, "neo4j") as store:
        rows = store.stream("UNWIND range(1, 1000000) AS i RETURN i", {})
        seen = [next(rows)["i"]]
        wire.cut()
        with pytest.raises(StoreUnavailableError):
            seen.extend(row["i"] for row in rows)
        assert seen == list(range(1, len(seen) + 1))


def test_a_server_that_has_gone_for_good(neo4j: Neo4jServer) -> None:
    with _Wire(neo4j.uri) as wire, BoltStore(wire.uri, neo4j.user, neo4j.password, "neo4j") as store:
        store.migrate()
        wire.close()
        started = time.monotonic()
        with pytest.raises(StoreUnavailableError, match="no Neo4j answers") as caught:
            store.write(Write("persona", [persona("p")]))
        assert "same command" in caught.value.hint
        assert time.monotonic() - started < 25


def test_a_cut_in_the_middle_of_a_commit_is_repeated_safely(neo4j: Neo4jServer, neo4j_store: BoltStore) -> None:
    """The outcome is unknown, so the batch is written again: each of its rows is there once."""
    with _Wire(neo4j.uri) as wire, BoltStore(wire.uri, neo4j.user, neo4j.password, "neo4j") as store:
        store.migrate()
        stop = threading.Event()

        def cutter() -> None:
            while not stop.wait(random.uniform(0.1, 1.0)):
                wire.cut()

        thread = threading.Thread(target=cutter)
        thread.start()
        written = 0
        try:
            for batch in range(15):
                rows = [persona(f"p{batch}-{i}") for i in range(20)]
                sightings = [
                    {"persona": f"p{batch}-{i}", "source": f"p{batch}-0", "call": "c", "props": {}} for i in range(20)
                ]
                with suppress(StoreUnavailableError):
                    store.write(Write("persona", rows), Write("derived_from", sightings))
                    written += 20
        finally:
            stop.set()
            thread.join()
    assert written > 0
    held = len(nodes(neo4j_store))
    assert held >= written
    links = next(neo4j_store.stream("MATCH (:Persona)-[s:DERIVED_FROM]->(:Persona) RETURN count(s) AS n", {}))["n"]
    assert links == held


class _Wire:
    """A TCP relay to a server, whose connections can be cut."""

    def __init__(self, uri: str) -> None:
        host, _, port = uri.rpartition("//")[2].rpartition(":")
        self._target = (host, int(port))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sockets: list[socket.socket] = []
        self._open = True
        self.uri = f"bolt://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def cut(self) -> None:
        sockets, self._sockets = self._sockets, []
        for end in sockets:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def close(self) -> None:
        if self._open:
            self._open = False
            with suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
        self.cut()

    def _accept(self) -> None:
        with suppress(OSError):
            while self._open:
                near, _ = self._listener.accept()
                far = socket.create_connection(self._target)
                self._sockets += [near, far]
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    @staticmethod
    def _pump(source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_RDWR)
