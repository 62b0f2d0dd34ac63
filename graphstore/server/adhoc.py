"""Queries for a bounded time, shipped ones and a user's own Cypher, which may only read and give so many rows.

Neo4j enforces all of it by itself. The embedded server ignores access mode and time-outs, so there the query runs as a
user that the engine keeps from writing, and is ended by its name when its time is up or its rows are no longer needed.
"""

import contextlib
import secrets
import threading
from collections.abc import Generator, Iterator, Mapping
from itertools import islice
from typing import Any

from foundation.errors import QueryError, StoreError, StoreUnavailableError
from graphstore.server.connection import Connection, LocalConnection

_READS_ONLY = (
    "the query does more than read the graph; `pgraph cypher` only reads",
    "To change the graph, use a pgraph command or Neo4j's own tools.",
)
_NO_READING = ("LoadCSV", "TerminateTransactions")  # plan steps that count as reading, but are not


def run_on_neo4j(
    connection: Connection, text: str, parameters: Mapping[str, object], timeout: float, limit: int | None
) -> Iterator[dict[str, Any]]:
    """A user's own Cypher."""
    try:
        with connection.converted(), connection.driver.session(**connection.session("READ")) as session:
            _require_reading(session.run(f"EXPLAIN {text}", dict(parameters)).consume())
    except StoreError as error:
        raise _refusal(error, timeout, expired=False) from error.__cause__
    with contextlib.closing(read_on_neo4j(connection, text, parameters, timeout)) as rows:
        yield from islice(rows, limit)


def read_on_neo4j(
    connection: Connection, text: str, parameters: Mapping[str, object], timeout: float
) -> Generator[dict[str, Any], None, None]:
    """A shipped query, or another that is known to only read."""
    try:
        with (
            connection.converted(),
            connection.driver.session(**connection.session("READ")) as session,
            session.begin_transaction(timeout=timeout) as transaction,
            connection.interruptible(),
        ):
            for record in transaction.run(text, dict(parameters)):
                yield {name: plain_value(value) for name, value in dict(record).items()}
    except StoreError as error:
        raise _refusal(error, timeout, expired="TransactionTimedOut" in _code(error)) from error.__cause__


def _require_reading(summary: Any) -> None:  # noqa: ANN401  neo4j.ResultSummary
    steps = [summary.plan] if summary.plan else []
    operators = []
    while steps:
        step = steps.pop()
        operators.append(str(step["operatorType"]))
        steps.extend(step.get("children") or [])
    if summary.query_type != "r" or any(operator.startswith(_NO_READING) for operator in operators):
        raise QueryError(*_READS_ONLY)


def run_on_local(
    connection: LocalConnection, text: str, parameters: Mapping[str, object], timeout: float, limit: int | None = None
) -> Iterator[dict[str, Any]]:
    watch = _Watch(connection, timeout)
    options: dict[str, Any] = {"database": connection.database, "fetch_size": min(limit or 1000, 1000)}
    try:
        with (
            connection.converted(),
            connection.reader.session(**options) as session,
            session.begin_transaction() as tx,
            watch,
        ):
            answer = enumerate(tx.run(f"/* {watch.tag} */ {text}", dict(parameters)), start=1)
            for count, record in answer:
                yield {name: plain_value(value) for name, value in dict(record).items()}
                if count == limit:
                    return
            watch.exhausted = True
    except StoreError as error:
        if not watch.ended:
            raise _refusal(error, timeout, expired=watch.expired) from error.__cause__


def _refusal(error: StoreError, timeout: float, *, expired: bool) -> StoreError:
    """The error for a query that was refused or ended."""
    code = _code(error)
    if expired:
        return QueryError(f"the query took longer than {timeout:g} s", "Ask for less, or allow more with --timeout.")
    if code.startswith("Neo.ClientError.Security.") or code == "Neo.ClientError.Statement.AccessMode":
        return QueryError(*_READS_ONLY)
    if code.startswith("Neo.") and not isinstance(error, QueryError | StoreUnavailableError):
        return QueryError(f"the store refuses the query: {getattr(error.__cause__, 'message', error)} ({code})")
    return error


def _code(error: StoreError) -> str:
    return str(getattr(error.__cause__, "code", None) or "")


class _Watch:
    """Ends one query on the embedded server when its time is up, or its reader leaves before its last row.

    Otherwise the server computes the rest of an answer that nobody reads, and closing the transaction waits for it.
    """

    def __init__(self, connection: LocalConnection, timeout: float) -> None:
        self.tag = f"pgraph:{secrets.token_hex(8)}"
        self.expired = self.exhausted = self.ended = False
        self._connection = connection
        self._timer = threading.Timer(timeout, self._expire)
        self._timer.daemon = True

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: object) -> None:
        self._timer.cancel()
        failed = kind is not None and issubclass(kind, Exception)
        if failed or self.exhausted or self.expired:
            return
        self.ended = kind is not KeyboardInterrupt
        with contextlib.suppress(StoreError):
            self._terminate()

    def _expire(self) -> None:
        self.expired = True
        with contextlib.suppress(StoreError):  # without the server the query has ended too
            self._terminate()

    def _terminate(self) -> None:
        with (
            self._connection.converted(),
            self._connection.driver.session(database=self._connection.database) as session,
        ):
            for row in session.run("SHOW TRANSACTIONS").data():
                if self.tag in row["currentQuery"]:
                    session.run(
                        f"TERMINATE TRANSACTION '{row['transactionId']}'"
                    ).consume()  # an id of the server's own


def plain_value(value: Any) -> Any:  # noqa: ANN401  whatever Cypher returns
    """`value` with nodes, relationships and paths as dictionaries, so that every answer can be printed as JSON.

    >>> plain_value({"a": [1, None]})
    {'a': [1, None]}
    """
    from neo4j.graph import Node, Path, Relationship

    if isinstance(value, Node):
        return {"labels": sorted(value.labels), **{name: plain_value(item) for name, item in value.items()}}
    if isinstance(value, Relationship):
        ends = (
            {"from": value.start_node.get("id"), "to": value.end_node.get("id")}
            if value.start_node and value.end_node
            else {}
        )
        return {"type": value.type, **ends, **{name: plain_value(item) for name, item in value.items()}}
    if isinstance(value, Path):
        return {
            "nodes": [plain_value(node) for node in value.nodes],
            "relationships": [plain_value(r) for r in value.relationships],
        }
    if isinstance(value, list):
        return [plain_value(item) for item in value]
    if isinstance(value, dict):
        return {name: plain_value(item) for name, item in value.items()}
    return value
