"""The one clock: every time that pgraph keeps, in the graph and in files, comes from here."""

from datetime import UTC, datetime


def now() -> str:
    """The time in UTC to the millisecond, as ISO 8601 text of fixed width: texts sort as their times do.

    >>> time = now()
    >>> len(time), time[10], time[-6:]
    (29, 'T', '+00:00')
    """
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def now_in_words() -> str:
    """The time in UTC for a reader, to the minute: "28 November 2026, 01:05 UTC"."""
    return datetime.now(UTC).strftime("%-d %B %Y, %H:%M UTC")
