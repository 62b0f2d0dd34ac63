"""The expansion that the page starts: `pgraph expand` as a process of its own, one at a time, and what it tells.

So a run is held, its limits are kept and Ctrl-C is obeyed as from a shell. What it asks is composed here from the overview;
the page only names a gap or a persona. When the explorer is killed, nobody reads what the process prints, and it ends at its
next call.
"""

import json
import os
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import IO, Any

from foundation.errors import PgraphError, UsageError

Row = dict[str, Any]
Words = Callable[
    [str, int, int], tuple[str, Sequence[str]]
]  # (query, depth, calls) -> the command as shown, as started

MOST = 1_000_000  # calls
RECENT = 12  # calls that are told
LINES = 40  # of notices and errors


class Expanding:
    """`model`: says what would be asked now."""

    def __init__(self, words: Words, model: Callable[[], str]) -> None:
        self._words, self._model = words, model
        self._lock = threading.Lock()
        self._begun = 0
        self._last: _Process | None = None

    def now(self) -> Row:
        last = self._last
        return {"model": self._model(), "run": None if last is None else last.told()}

    def start(self, place: Row, calls: int) -> Row:
        """Begin to ask at a place {label, query, depth}: see `at_gap` and `views.around`."""
        if not 1 <= calls <= MOST:
            raise UsageError(f"calls = {calls} is not between 1 and {MOST:,}", "Give another number of calls.")
        shown, words = self._words(place["query"], place["depth"], calls)
        with self._lock:
            if self._last is not None and self._last.code is None:
                raise UsageError(
                    f"an expansion at {self._last.head['label']} runs already, and there is one at a time",
                    "Wait until it ends, or stop it.",
                )
            self._begun += 1
            head = {"number": self._begun, "label": place["label"], "of": calls, "command": shown}
            self._last = _Process(head, _started(words))
            self._last.follow()
        return self.now()

    def stop(self) -> Row:
        """As Ctrl-C would; what came back is kept."""
        if self._last is not None:
            self._last.stop()
        return self.now()

    def end(self) -> None:
        """Stop it and wait for its end; interrupted in this, end it at once: what it wrote are whole rows."""
        if self._last is not None:
            self._last.stop()
            self._last.wait()


def at_gap(survey: Row | None, gap: str) -> Row:
    """Where to ask for a gap of this overview."""
    for row in (survey or {"regions": []})["regions"]:
        if row["missing"] and row["missing"]["gap"] == gap:  # a draft has none
            return {**row["missing"], "label": row["label"]}
    raise UsageError(
        "this gap is not there any more: the graph has changed", "Load the page again and choose from what it shows."
    )


def _started(words: Sequence[str]) -> subprocess.Popen[str]:
    try:
        return subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONIOENCODING": "utf-8"},
            encoding="utf-8",
            errors="replace",
            start_new_session=True,  # Ctrl-C in the explorer's terminal reaches it once, from here
        )
    except OSError as error:
        raise PgraphError(f"{words[0]}: cannot be started ({error.strerror})", "Free some memory.") from error


class _Process:
    """A started process; `code` is its exit code once it has ended and all it said is read."""

    def __init__(self, head: Row, process: subprocess.Popen[str]) -> None:
        self.head, self._process = head, process
        self.code: int | None = None
        self._lock = threading.Lock()
        self._began, self._seconds, self._stopping = time.monotonic(), 0.0, False
        self._seen = self._roles = 0  # calls, and new roles in them
        self._calls: deque[Row] = deque(maxlen=RECENT)
        self._said: deque[str] = deque(maxlen=LINES)
        self._readers: list[threading.Thread] = []

    def follow(self) -> None:
        out, err = self._process.stdout, self._process.stderr
        jobs = ((self._read, (out,)), (self._hear, (err,)), (self._await, ()))
        self._readers = [threading.Thread(target=job, args=given, daemon=True) for job, given in jobs]
        for reader in self._readers:
            reader.start()

    def told(self) -> Row:
        with self._lock:
            seconds = self._seconds if self.code is not None else time.monotonic() - self._began
            return {
                **self.head,
                "code": self.code,
                "stopping": self._stopping,
                "seconds": round(seconds, 1),
                "so_far": {**self._calls[-1]["so_far"], "new_roles": self._roles} if self._calls else None,
                "calls": list(self._calls),
                "said": list(self._said),
            }

    def stop(self) -> None:
        with self._lock:
            if not self._stopping:  # a second Ctrl-C would cut its end short
                self._stopping = True
                self._process.send_signal(signal.SIGINT)

    def wait(self) -> None:
        try:
            self._readers[-1].join()
        except KeyboardInterrupt:
            self._process.kill()
            raise

    def _read(self, out: IO[str]) -> None:
        for line in out:
            row = json.loads(line) if line.startswith("{") else {}
            if "so_far" in row:  # not the summary, which comes in words too
                with self._lock:
                    self._seen += 1
                    self._roles += row["new"]
                    self._calls.append({**row, "order": self._seen})

    def _hear(self, err: IO[str]) -> None:
        for line in err:
            with self._lock:
                self._said.append(line.rstrip())

    def _await(self) -> None:
        for reader in self._readers[:-1]:
            reader.join()
        code = self._process.wait()
        with self._lock:
            if code == -signal.SIGINT or (self._stopping and not self._calls and "Traceback" in "".join(self._said)):
                self._said.clear()  # stopped amid imports
                self._said.append("Interrupted before it asked anything.")
                code = 130
            self.code, self._seconds = code, time.monotonic() - self._began
