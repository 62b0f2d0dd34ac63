"""A user's own Cypher, read-only for real."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from graphstore.bolt import BoltStore, LocalStore


def run_on_neo4j(
    store: "BoltStore", text: str, parameters: Mapping[str, object], timeout: float, limit: int
) -> Iterator[dict[str, Any]]:
    raise NotImplementedError


def run_on_local(
    store: "LocalStore", text: str, parameters: Mapping[str, object], timeout: float, limit: int
) -> Iterator[dict[str, Any]]:
    raise NotImplementedError
