"""Which personas a view shows, as its address says."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from foundation.errors import UsageError


@dataclass(frozen=True, slots=True)
class Filters:
    """Conditions on personas; one at its default excludes nobody."""

    depth: int = -1
    relation: str = ""
    run: str = ""  # in which they were new
    language: str = ""
    least: float | None = None  # score, this or more
    below: float | None = None  # score, less than this
    coverage: float | None = None  # per cent; only groups with less coverage

    @classmethod
    def of(cls, parameters: Mapping[str, str]) -> "Filters":
        """The filters in the parameters of an address. Raises `UsageError` for a value that is not a number."""
        return cls(
            number(parameters, "depth", -1),
            parameters.get("relation", ""),
            parameters.get("run", ""),
            parameters.get("language", ""),
            _decimal(parameters, "least"),
            _decimal(parameters, "below"),
            _decimal(parameters, "coverage"),
        )

    def of_people(self) -> dict[str, Any]:
        """The conditions on personas, as parameters of a query."""
        return {name: value for name, value in asdict(self).items() if name != "coverage"}

    def regions(self, surveyed: Iterable[Mapping[str, Any]] | None) -> list[str] | None:
        """The ids of the regions that `coverage` leaves; None for all.

        A region without answers has no coverage, so it is left out. Raises `UsageError` before the first overview.
        """
        if self.coverage is None:
            return None
        if surveyed is None:
            raise UsageError("the coverage is still being counted", "Try again when the overview is ready.")
        limit = self.coverage / 100
        return [row["id"] for row in surveyed if row["coverage"] is not None and row["coverage"] < limit]


EVERYBODY = Filters()


def number(parameters: Mapping[str, str], name: str, default: int) -> int:
    """A whole number of an address, at most 2**31. Raises `UsageError` for anything else."""
    try:
        return min(int(parameters.get(name) or default), 1 << 31)
    except ValueError:
        raise UsageError(f"{name} = {parameters[name]!r} is not a whole number", "Use digits only.") from None


def _decimal(parameters: Mapping[str, str], name: str) -> float | None:
    text = parameters.get(name, "")
    try:
        value = float(text) if text else None
    except ValueError:
        value = float("nan")
    if value is not None and not abs(value) < 1e9:  # NaN too
        raise UsageError(f"{name} = {text!r} is not a number", "Use digits, such as 2.5.")
    return value
