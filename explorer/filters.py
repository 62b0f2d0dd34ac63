"""Which personas a view shows: what its address says of them."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from foundation.errors import UsageError


@dataclass(frozen=True, slots=True)
class Filters:
    """What is left at its default leaves everybody in."""

    depth: int = -1
    relation: str = ""
    run: str = ""  # that they were new in
    language: str = ""
    least: float | None = None  # score
    below: float | None = None
    coverage: float | None = None  # per cent; groups that are covered less

    @classmethod
    def of(cls, asked: Mapping[str, str]) -> "Filters":
        """Raises `UsageError` for what is no number where one belongs."""
        return cls(
            number(asked, "depth", -1),
            asked.get("relation", ""),
            asked.get("run", ""),
            asked.get("language", ""),
            _share(asked, "least"),
            _share(asked, "below"),
            _share(asked, "coverage"),
        )

    def of_people(self) -> dict[str, Any]:
        """As parameters of a query."""
        return {name: value for name, value in asdict(self).items() if name != "coverage"}

    def regions(self, surveyed: Iterable[Mapping[str, Any]] | None) -> list[str] | None:
        """The regions that they leave; None: all. Where no answer has landed nothing is known, so it is left out."""
        if self.coverage is None:
            return None
        if surveyed is None:
            raise UsageError("the coverage is still being counted", "Ask again when the overview is there.")
        limit = self.coverage / 100
        return [row["id"] for row in surveyed if row["coverage"] is not None and row["coverage"] < limit]


EVERYBODY = Filters()


def number(asked: Mapping[str, str], name: str, default: int) -> int:
    try:
        return min(int(asked.get(name) or default), 1 << 31)
    except ValueError:
        raise UsageError(f"{name} = {asked[name]!r} is not a whole number", "Give it as digits.") from None


def _share(asked: Mapping[str, str], name: str) -> float | None:
    text = asked.get(name, "")
    try:
        value = float(text) if text else None
    except ValueError:
        value = float("nan")
    if value is not None and not abs(value) < 1e9:  # NaN too
        raise UsageError(f"{name} = {text!r} is not a number", "Give it as digits.")
    return value
