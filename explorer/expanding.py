"""The expansion that the page starts: `pgraph expand` as a separate process, one at a time, and its output.

As a process, it locks its run, keeps its limits and obeys Ctrl-C exactly as from a shell. Its command is composed here from
the overview; the page only names a gap or a persona. If the explorer is killed, nobody reads the output of the process, and
it ends at its next call.
"""

import json
import os
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import IO

from explorer.answers import AskingPlace, ExpansionRun, ExpansionState, Row
from foundation.errors import PgraphError, UsageError

# (Cypher query for personas, depth, calls) -> the command as shown, and as the arguments of a process
ExpandCommand = Callable[[str, int, int], tuple[str, Sequence[str]]]

MAX_CALLS = 1_000_000
RECENT = 12  # calls that the page gets
LINES = 40  # of notices and errors
LOST_AFTER = 8.0  # seconds after which a Ctrl-C that the expansion did not follow is sent again


class Expanding:
    """Starts, follows and stops expansions; `model` says in words which model an expansion would ask now."""

    def __init__(self, command: ExpandCommand, model: Callable[[], str]) -> None:
        self._command, self._model = command, model
        self._lock = threading.Lock()
        self._count = 0
        self._last: _Process | None = None

    def now(self) -> ExpansionState:
        last = self._last
        return ExpansionState(self._model(), None if last is None else last.state())

    def start(self, place: AskingPlace, calls: int) -> ExpansionState:
        """Start to ask at a place (see `at_gap` and `views.around`), with at most so many calls.

        Raises `UsageError` while another expansion is running, or for a number of calls out of range, and `PgraphError` if
        the process cannot be started.
        """
        if not 1 <= calls <= MAX_CALLS:
            raise UsageError(f"calls = {calls} is not between 1 and {MAX_CALLS:,}", "Choose another number of calls.")
        shown, arguments = self._command(place.query, place.depth, calls)
        with self._lock:
            if self._last is not None and self._last.code is None:
                raise UsageError(
                    f"an expansion at {self._last.label} is already running; only one can run at a time",
                    "Wait until it ends, or stop it.",
                )
            self._count += 1
            self._last = _Process(_start(arguments), number=self._count, label=place.label, calls=calls, command=shown)
            self._last.follow()
        return self.now()

    def stop(self) -> ExpansionState:
        """Stop the expansion as Ctrl-C would; every reply received is kept."""
        if self._last is not None:
            self._last.stop()
        return self.now()

    def end(self) -> None:
        """Stop the expansion and wait for its end; a second interruption kills it, which loses no complete row."""
        if self._last is not None:
            self._last.stop()
            self._last.wait()


def at_gap(survey: Row | None, gap: str) -> AskingPlace:
    """Where to ask for a gap of this overview. Raises `UsageError` if the overview does not have this gap."""
    for region in survey["regions"] if survey else ():
        missing = region["missing"]
        if missing and missing["gap"] == gap:  # a draft has none
            return AskingPlace(region["label"], missing["query"], missing["depth"])
    raise UsageError("this gap no longer exists: the graph has changed", "Reload the page and choose again.")


def _start(arguments: Sequence[str]) -> subprocess.Popen[str]:
    try:
        return subprocess.Popen(
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONIOENCODING": "utf-8"},
            encoding="utf-8",
            errors="replace",
            start_new_session=True,  # so that Ctrl-C in the terminal reaches it only once, from here
        )
    except OSError as error:
        raise PgraphError(f"{arguments[0]}: cannot be started ({error.strerror})", "Free some memory.") from error


class _Process:
    """A started process; `code` is its exit code once it has ended and all its output is read."""

    def __init__(self, process: subprocess.Popen[str], *, number: int, label: str, calls: int, command: str) -> None:
        self._process = process
        self._number, self.label, self._max_calls, self._shown_command = number, label, calls, command
        self.code: int | None = None
        self._lock = threading.Lock()
        self._began, self._seconds, self._stopping = time.monotonic(), 0.0, False
        self._call_count = self._new_roles = 0
        self._calls: deque[Row] = deque(maxlen=RECENT)
        self._lines: deque[str] = deque(maxlen=LINES)
        self._threads: list[threading.Thread] = []

    def follow(self) -> None:
        """Read its output in threads; the last of them waits for its end."""
        out, err = self._process.stdout, self._process.stderr
        jobs = ((self._read_calls, (out,)), (self._read_lines, (err,)), (self._await, ()))
        self._threads = [threading.Thread(target=job, args=arguments, daemon=True) for job, arguments in jobs]
        for thread in self._threads:
            thread.start()

    def state(self) -> ExpansionRun:
        with self._lock:
            seconds = self._seconds if self.code is not None else time.monotonic() - self._began
            return ExpansionRun(
                number=self._number,
                label=self.label,
                of=self._max_calls,
                command=self._shown_command,
                code=self.code,
                stopping=self._stopping,
                seconds=round(seconds, 1),
                so_far={**self._calls[-1]["so_far"], "new_roles": self._new_roles} if self._calls else None,
                calls=list(self._calls),
                said=list(self._lines),
            )

    def stop(self) -> None:
        with self._lock:
            if not self._stopping:  # a second Ctrl-C at once would cut its end short
                self._stopping = True
                self._process.send_signal(signal.SIGINT)
                # Python loses a Ctrl-C now and then, such as one that comes while a module's lock is released.
                again = threading.Timer(LOST_AFTER, self._process.send_signal, (signal.SIGINT,))
                again.daemon = True
                again.start()

    def wait(self) -> None:
        try:
            self._threads[-1].join()
        except KeyboardInterrupt:
            self._process.kill()
            raise

    def _read_calls(self, out: IO[str]) -> None:
        for line in out:
            row = json.loads(line) if line.startswith("{") else {}
            if "so_far" in row:  # else it is the summary, which stderr has in words
                with self._lock:
                    self._call_count += 1
                    self._new_roles += row["new_roles"]
                    self._calls.append({**row, "order": self._call_count})

    def _read_lines(self, err: IO[str]) -> None:
        for line in err:
            with self._lock:
                self._lines.append(line.rstrip())

    def _await(self) -> None:
        for thread in self._threads[:-1]:
            thread.join()
        code = self._process.wait()
        with self._lock:
            in_imports = self._stopping and not self._calls and "Traceback" in "".join(self._lines)
            if code == -signal.SIGINT or in_imports:
                self._lines.clear()
                self._lines.append("Interrupted before the first call.")
                code = 130
            self.code, self._seconds = code, time.monotonic() - self._began
