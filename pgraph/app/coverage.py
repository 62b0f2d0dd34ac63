"""`pgraph coverage` put together."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pgraph.app import Session, open_store

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class CoverageReport:
    overall: list[dict[str, Any]]
    by: str
    rows: list[dict[str, Any]]

    @property
    def columns(self) -> tuple[str, ...]:
        from expansion.report import COLUMNS

        return COLUMNS[self.by]


def coverage(session: Session, by: str) -> CoverageReport:
    """Measure the graph as it stands. Streams every persona and sighting once: about 15 µs each."""
    from expansion import report
    from expansion.loading import load

    with open_store(session) as store:
        kinds = sorted(row["relation"] for row in store.read("reads/relation_kinds"))
        loaded = load(store, kinds, depth=1)
    tables: dict[str, Callable[[], list[dict[str, Any]]]] = {
        "overall": list,
        "group": lambda: report.by_group(loaded),
        "domain": lambda: report.by_domain(loaded),
        "role": lambda: report.by_role(loaded),
        "relation": lambda: report.by_relation(loaded, kinds),
    }
    return CoverageReport(report.overall(loaded), by, tables[by]())
