"""The schema's version: numbered statements, applied once each, in order; the graph itself says which."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import cypher
from pgraph.errors import UnsupportedError

if TYPE_CHECKING:
    from graphstore.bolt import BoltStore

COMMON = "schema/common"


def statements(engine: str) -> dict[str, str]:
    """Migration -> the file that holds it, in order: those for every server, and those for this engine."""
    folders = [COMMON, f"schema/{engine}"]
    return dict(sorted((name, f"{folder}/{name}") for folder in folders for name in cypher.names(folder)))


def applied(store: "BoltStore") -> set[str]:
    return {row["id"] for row in store.read("schema/applied")}


def migrate(store: "BoltStore") -> None:
    """Apply what is missing. Refuses a graph that a newer pgraph has changed."""
    there, wanted = applied(store), statements(store.engine)
    unknown = sorted(there - set(wanted))
    if unknown:
        raise UnsupportedError(
            f"the graph's schema is newer than this pgraph: it has {unknown[-1]}",
            "Install a newer pgraph: pip install -U persona-graph.",
        )
    for name, file in wanted.items():
        if name not in there:
            store.execute_schema(cypher.load(file))
            rows = [{"id": name, "applied": datetime.now(UTC).isoformat(timespec="seconds")}]
            store.in_transaction(partial(_record, rows))


def _record(rows: list[dict[str, str]], run: Callable[[str, Mapping[str, Any]], None]) -> None:
    run(cypher.load("schema/record"), {"rows": rows})
