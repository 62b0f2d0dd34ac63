"""Progress on stderr: one live line on a terminal, or else a plain line every few seconds."""

import sys
import time

import click


class ProgressLine:
    def __init__(self, *, quiet: bool = False, every: float = 5.0) -> None:
        self._quiet = quiet
        self._live = sys.stderr.isatty()
        self._every = 0.1 if self._live else every
        self._started = self._last = time.monotonic()
        self._shown = False

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._started

    def show(self, text: str) -> None:
        now = time.monotonic()
        if self._quiet or now - self._last < self._every:
            return
        self._last = now
        self._shown = True
        click.echo(f"\r\x1b[K{text}" if self._live else text, err=True, nl=not self._live)

    def clear(self) -> None:
        """Make room for another line of output."""
        if self._live and self._shown:
            click.echo("\r\x1b[K", err=True, nl=False)
            self._shown = False


def rate(done: int, total: int, seconds: float) -> str:
    """What is done, how fast, and how much time is left (if the total is known)."""
    speed = done / seconds if seconds > 0 else 0.0
    left = f", {max(0.0, total - done) / speed:.0f} s left" if total > done and speed else ""
    return f"{done:,} rows, {speed:,.0f}/s{left}"
