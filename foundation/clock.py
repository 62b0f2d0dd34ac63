"""The one clock: all times that pgraph keeps, in the graph and in files, come from here."""

from datetime import UTC, datetime


def now() -> str:
    """UTC as ISO 8601 text, the form in which the graph keeps time."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
