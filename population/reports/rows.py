"""The rows of reports: frozen values that can be shown as JSON."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ReportRow:
    """A row of a report; its fields are the keys of its JSON."""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)
