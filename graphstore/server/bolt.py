"""The one GraphStore: a graph reached over Bolt, whichever server answers."""

from collections.abc import Iterator, Mapping
from functools import partial
from itertools import islice
from typing import Any, Self

import cypher
from graphstore.server.adhoc import read_on_neo4j, run_on_local, run_on_neo4j
from graphstore.server.connection import Connection, LocalConnection, Run
from graphstore.server.schema import migrate
from graphstore.store import Row, Write


class BoltStore(Connection):
    """The graph in the `database` of the Neo4j at `uri`, as `user` with `password`; `GraphStore` documents the methods.

    Nothing is opened before the first use. Raises `SettingsError` for a `uri` that is not the address of a Neo4j.
    """

    def migrate(self) -> None:
        """As `GraphStore.migrate`."""
        migrate(self)

    def read(self, query: str, /, **parameters: object) -> Iterator[dict[str, Any]]:
        """As `GraphStore.read`."""
        return self.stream(cypher.load(query), parameters)

    def read_within(self, seconds: float, query: str, /, **parameters: object) -> Iterator[dict[str, Any]]:
        """As `GraphStore.read_within`."""
        return read_on_neo4j(self, cypher.load(query), parameters, seconds)

    def write(self, *writes: Write) -> None:
        """As `GraphStore.write`."""
        batches = [
            (cypher.load(f"writes/{write.statement}"), sorted(write.rows, key=_order)) for write in writes if write.rows
        ]
        if batches:
            self.in_transaction(partial(_run_all, batches))

    def write_batches(self, statement: str, rows: Iterator[Row], size: int = 2000) -> int:
        """As `GraphStore.write_batches`."""
        written = 0
        rows = iter(rows)
        while batch := list(islice(rows, size)):
            self.write(Write(statement, batch))
            written += len(batch)
        return written

    def cypher(
        self, text: str, parameters: Mapping[str, object], *, timeout: float, limit: int | None
    ) -> Iterator[dict[str, Any]]:
        """As `GraphStore.cypher`."""
        return run_on_neo4j(self, text, parameters, timeout, limit)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class LocalStore(LocalConnection, BoltStore):
    """The graph on the local server of a workspace."""

    def read_within(self, seconds: float, query: str, /, **parameters: object) -> Iterator[dict[str, Any]]:
        return run_on_local(self, cypher.load(query), parameters, seconds)

    def cypher(
        self, text: str, parameters: Mapping[str, object], *, timeout: float, limit: int | None
    ) -> Iterator[dict[str, Any]]:
        return run_on_local(self, text, parameters, timeout, limit)


def _run_all(batches: list[tuple[str, list[Row]]], run: Run) -> None:
    for text, rows in batches:
        run(text, {"rows": rows})


def _order(row: Row) -> str:
    """The sort key of a row: writers that take their locks in one order do not block each other."""
    return str(row.get("id") or row.get("persona") or row.get("domain") or "")
