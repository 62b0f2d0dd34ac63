"""One live line on a terminal; elsewhere a plain line now and then."""

import sys
import time

from pgraph.app.expand import Report

PLAIN_EVERY = 10.0  # seconds between lines where stderr is not a terminal
LIVE_EVERY = 0.1


class ProgressLine:
    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._live = sys.stderr.isatty()
        self._last = time.monotonic() if not self._live else 0.0
        self._shown = False

    def update(self, report: Report) -> None:
        now = time.monotonic()
        if self._quiet or now - self._last < (LIVE_EVERY if self._live else PLAIN_EVERY):
            return
        self._last = now
        self._shown = True
        sys.stderr.write(f"\r\x1b[2K{report.line()}" if self._live else f"{report.line()}\n")
        sys.stderr.flush()

    def close(self) -> None:
        if self._live and self._shown:
            sys.stderr.write("\r\x1b[2K")
            sys.stderr.flush()
