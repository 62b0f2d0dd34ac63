"""The overview: counted in the background when the graph has changed, and kept in a file for the next start."""

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from explorer.answers import CountingState, Row
from explorer.survey import draft, survey
from foundation.errors import PgraphError
from graphstore import GraphStore
from graphstore.files import replacing

FORM = 3  # of the file; a file of another form is ignored
Command = Callable[[str, int], str]  # (Cypher query for personas, depth) -> the `pgraph expand` that asks them
_QUICK = 20_000  # personas; so many are counted before anybody could read a draft
_REST = 5  # while the graph keeps growing: wait this many times as long as the last count took


class Counting:
    """The last overview of a store.

    `name` tells the store from others. `file` keeps the overview, but not its commands, which `command` makes for the user
    who looks at it.
    """

    def __init__(self, store: GraphStore, name: str, file: Path, command: Command) -> None:
        self._store, self._name, self._file, self.command = store, name, file, command
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._began = self._took = 0.0
        self._last: Row | None = None  # {state, survey}
        self._draft: Row | None = None  # until there is one
        self._problem: PgraphError | None = None

    def now(self) -> CountingState:
        """The newest overview; starts counting in the background if the graph has changed.

        Before the first count, the overview is a draft for a large graph and None for a small one. Costs a few counting
        queries. Raises the `PgraphError` that ended the last count.
        """
        state = self._state()
        with self._lock:
            self._last = self._last or self._read()
            if self._problem is not None:
                problem, self._problem = self._problem, None
                raise problem
            if self._last is None and self._draft is None and state["personas"] > _QUICK:
                self._draft = draft(self._store, state["personas"])
            if self._is_due(state):
                self._began = time.monotonic()
                self._thread = threading.Thread(target=self._count, args=(state,), name="survey", daemon=True)
                self._thread.start()
            busy = self._thread is not None and self._thread.is_alive()
            return CountingState(
                counting=busy,
                seconds=round(time.monotonic() - self._began, 1) if busy else 0,
                stale=self._last is None or self._last["state"] != state,
                personas=state["personas"],
                survey=self._with_commands(self._last["survey"]) if self._last else self._draft,
            )

    def regions(self) -> list[Row] | None:
        """The regions of the last overview; None if there is no overview yet."""
        with self._lock:
            return self._last["survey"]["regions"] if self._last else None

    def whole(self) -> Row:
        """The overview of the graph as it is now; waits for the count (about 15 µs for each persona and each sighting)."""
        state = self._state()
        counted = self._read()
        if counted is None or counted["state"] != state:
            counted = {"state": state, "survey": survey(self._store)}
            self._save(counted)
        return self._with_commands(counted["survey"])

    def _with_commands(self, overview: Row) -> Row:
        regions = []
        for region in overview["regions"]:
            gap = region["missing"]
            command = self.command(gap["query"], gap["depth"])
            regions.append({**region, "missing": {**gap, "command": command}})
        return {**overview, "regions": regions}

    def _state(self) -> Row:
        return {"form": FORM, "store": self._name, **next(self._store.read("reads/explore_state"))}

    def _is_due(self, state: Row) -> bool:
        if (self._last is not None and self._last["state"] == state) or (self._thread and self._thread.is_alive()):
            return False
        return not self._thread or time.monotonic() > self._began + (1 + _REST) * self._took

    def _count(self, state: Row) -> None:
        try:
            counted = {"state": state, "survey": survey(self._store)}
            self._save(counted)
        except PgraphError as error:
            self._problem = error
        else:
            with self._lock:
                self._last = counted
        self._took = time.monotonic() - self._began

    def _read(self) -> Row | None:
        try:
            saved: Any = json.loads(self._file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        usable = isinstance(saved, dict) and saved.get("state", {}).get("form") == FORM
        return saved if usable and saved["state"].get("store") == self._name else None

    def _save(self, counted: Row) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with replacing(str(self._file)) as temporary:
            temporary.write_text(json.dumps(counted, ensure_ascii=False), encoding="utf-8")
