"""`pgraph query` and `pgraph cypher`: shipped queries and the user's own, both read-only."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from graphstore.server import plain_value
from pgraph.app.settings import Workspace
from pgraph.app.workspace import open_store


def run_query(workspace: Workspace, name: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows of a shipped query, as JSON values. Raises `StoreError` if the graph cannot be read."""
    with open_store(workspace) as store:
        return [plain_value(row) for row in store.read(f"queries/{name}", **parameters)]


@dataclass(slots=True)
class Answer:
    """The first `limit` rows of an answer. After `rows`, `count` is their number, and `cut` says whether there were more."""

    source: Iterator[dict[str, Any]]
    limit: int
    count: int = 0
    cut: bool = False

    def rows(self) -> Iterator[dict[str, Any]]:
        for row in self.source:
            if self.count == self.limit:
                self.cut = True
                return
            self.count += 1
            yield row


@contextmanager
def run_cypher(
    workspace: Workspace, text: str, parameters: Mapping[str, Any], *, timeout: float, limit: int
) -> Iterator[Answer]:
    """The answer to a user's own Cypher, streamed inside the `with` block.

    `timeout`: seconds; `limit`: rows. Raises `QueryError` for a query that writes, is wrong, or takes too long.
    """
    with open_store(workspace) as store:
        yield Answer(store.cypher(text, parameters, timeout=timeout, limit=limit + 1), limit)
