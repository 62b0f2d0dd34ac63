"""The rows that one transaction writes."""

from typing import Any

from graphstore import Row, Write

NODES = ("text", "persona", "domain", "group", "question", "knowledge")  # written before what links them


class Batch:
    """Rows by statement (`cypher/writes/<statement>.cypher`): nodes first, then relationships, the run last."""

    def __init__(self) -> None:
        self._rows: dict[str, list[Row]] = {}

    def add(self, statement: str, /, **row: Any) -> None:  # noqa: ANN401  values of a row
        """Add a `row` of a `statement`."""
        self._rows.setdefault(statement, []).append(row)

    def writes(self) -> list[Write]:
        """For `GraphStore.write`; statements of one rank keep the order of their first rows."""
        return [Write(statement, self._rows[statement]) for statement in sorted(self._rows, key=_rank)]


def _rank(statement: str) -> int:
    if statement == "run":
        return 2
    return 0 if statement in NODES else 1
