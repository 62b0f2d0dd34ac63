"""The seam between pgraph and its graph: what every store does, whichever server is behind it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol, Self

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Write:
    """One shipped `statement` (`cypher/writes/<statement>.cypher`) and the `rows` that it gets as `$rows`."""

    statement: str
    rows: Sequence[Row]


class GraphStore(Protocol):
    """A graph reached over Bolt. Statements are the files of `cypher/`; their headers document parameters and columns.

    Every method raises `StoreUnavailableError` if the server is lost, `ConstraintError` if the schema refuses.
    """

    def migrate(self) -> None:
        """Bring the schema to this version; one cheap read if it is. Raises `UnsupportedError` for a newer one."""

    def read(self, query: str, /, **parameters: object) -> Iterator[dict[str, Any]]:
        """Stream the rows of a `query`, `cypher/<query>.cypher` (`queries/runs`, `reads/…`), as dictionaries by column.

        `parameters` are those of the query's header. Memory does not grow with the answer.
        """

    def read_within(self, seconds: float, query: str, /, **parameters: object) -> Iterator[dict[str, Any]]:
        """As `read`, for at most so many `seconds`. Raises `QueryError` if the query takes longer."""

    def write(self, *writes: Write) -> None:
        """Run the `writes` in the given order in ONE transaction: all rows are kept, or none.

        Every statement is idempotent, so a write whose outcome is unknown is simply run again. A MERGE race with another
        writer is retried here.
        """

    def write_batches(self, statement: str, rows: Iterator[Row], size: int = 2000) -> int:
        """Run one `statement` over any number of `rows`, `size` in each transaction. Returns the number of rows written."""

    def cypher(
        self, text: str, parameters: Mapping[str, object], *, timeout: float, limit: int | None
    ) -> Iterator[dict[str, Any]]:
        """Run `text`, a user's own Cypher, with its `parameters`, and stream the rows. The engine lets it only read.

        It may take `timeout` seconds and give `limit` rows (None: all). The iterator ends after those, so to know whether
        there are more, ask for one more than you show. Raises `QueryError` for a query that writes, does not parse, or takes
        too long.
        """

    def close(self) -> None:
        """Close the connections; the graph stays."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
