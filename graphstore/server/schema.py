"""The schema's version: numbered statements, applied once each, in order; the graph records which."""

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import cypher
from foundation.clock import now
from foundation.errors import UnsupportedError
from graphstore.server.connection import Connection

COMMON = "schema/common"


def statements(engine: str) -> dict[str, str]:
    """Migration -> the file that holds it, in order: those for every server, and those for this engine."""
    folders = [COMMON, f"schema/{engine}"]
    return dict(sorted((name, f"{folder}/{name}") for folder in folders for name in cypher.names(folder)))


def applied(connection: Connection) -> set[str]:
    """The migrations that the graph has."""
    return {row["id"] for row in connection.stream(cypher.load("schema/applied"), {})}


def migrate(connection: Connection) -> None:
    """Apply what is missing. Refuses a graph that a newer pgraph has changed."""
    present = applied(connection)
    migrations = statements(connection.engine)
    unknown = sorted(present - set(migrations))
    if unknown:
        raise UnsupportedError(
            f"the graph's schema is newer than this pgraph: it has {unknown[-1]}",
            "Install a newer pgraph: pip install -U persona-graph.",
        )
    missing = {name: file for name, file in migrations.items() if name not in present}
    if missing:
        require_version(connection.agent())
    for name, file in missing.items():
        connection.execute_schema(cypher.load(file))
        rows = [{"id": name, "applied": now()}]
        connection.in_transaction(partial(_record, rows))


def require_version(agent: str) -> None:
    """Refuse a Neo4j before 5.26; other servers that speak Bolt are left to prove themselves."""
    version = re.match(r"Neo4j/(\d+)\.(\d+)", agent)
    if version and "compatible" not in agent and (int(version[1]), int(version[2])) < (5, 26):
        raise UnsupportedError(f"{agent} is too old for pgraph", "Use Neo4j 5.26 or newer, or the local connection.")


def _record(rows: list[dict[str, str]], run: Callable[[str, Mapping[str, Any]], None]) -> None:
    run(cypher.load("schema/record"), {"rows": rows})
