"""The personas that a command starts from: all of the graph, or those that the query of the user returns."""

from foundation.errors import InputError, UsageError
from graphstore import GraphStore


def require_personas(store: GraphStore) -> None:
    """Raise `InputError` if the graph has no personas."""
    if not any(True for _ in store.read("reads/any_persona")):
        raise InputError(
            "the graph holds no personas yet",
            "Import some first: pgraph import FILE (one persona per line will do).",
        )


def allowed_sources(store: GraphStore, cypher: str) -> set[str] | None:
    """The ids of the personas that the user's query returns in its first column; None, for all, without a query.

    Raises `UsageError` if the query returns something else or nothing; the query may take 60 seconds.
    """
    if not cypher:
        return None
    ids = set()
    for row in store.cypher(cypher, {}, timeout=60.0, limit=None):
        first = next(iter(row.values()), None)
        value = first.get("id") if isinstance(first, dict) else first
        if not isinstance(value, str):
            raise UsageError(
                f"--from: the first column holds {first!r}, which is not a persona",
                "Return p.id, as in: MATCH (p:Persona) … RETURN p.id",
            )
        ids.add(value)
    if not ids:
        raise UsageError("--from: the query returns no personas", "Try it with `pgraph cypher` first.")
    return ids
