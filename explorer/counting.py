"""The overview, counted in the background when the graph has changed, and kept in a file for the next start."""

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from explorer.survey import Row, draft, survey
from foundation.errors import PgraphError
from graphstore import GraphStore
from graphstore.files import replacing

FORM = 3  # of the file; another one is not read
Command = Callable[[str, int], str]  # (query for personas, depth) -> the `pgraph expand` from them
_SOON = 20_000  # personas are counted before anybody would read a draft
_REST = 5  # while the graph grows all the time: so many times as long as the counting took


class Counting:
    """The last overview of a store; `file` keeps it, without the commands: they are those of who looks at it."""

    def __init__(self, store: GraphStore, name: str, file: Path, command: Command) -> None:
        self._store, self._name, self._file, self.command = store, name, file, command
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._began = self._took = 0.0
        self._kept: Row | None = None  # {state, survey}
        self._draft: Row | None = None  # until there is one
        self._problem: PgraphError | None = None

    def now(self) -> Row:
        """The newest overview there is, whether a newer one is being counted, and whether one is due (`stale`).

        Before the first it is a draft for a large graph, None for a small one. Takes a few counts.
        Raises what went wrong when it was counted last.
        """
        state = self._state()
        with self._lock:
            self._kept = self._kept or self._read()
            if self._problem is not None:
                problem, self._problem = self._problem, None
                raise problem
            if self._kept is None and self._draft is None and state["personas"] > _SOON:
                self._draft = draft(self._store, state["personas"])
            if self._is_due(state):
                self._began = time.monotonic()
                self._thread = threading.Thread(target=self._count, args=(state,), name="survey", daemon=True)
                self._thread.start()
            busy = self._thread is not None and self._thread.is_alive()
            return {
                "counting": busy,
                "seconds": round(time.monotonic() - self._began, 1) if busy else 0,
                "stale": self._kept is None or self._kept["state"] != state,
                "personas": state["personas"],
                "survey": self._shown(self._kept["survey"]) if self._kept else self._draft,
            }

    def regions(self) -> list[Row] | None:
        """Those of the last overview; None: there is none yet."""
        with self._lock:
            return self._kept["survey"]["regions"] if self._kept else None

    def whole(self) -> Row:
        """The overview of the graph as it stands, waited for."""
        state = self._state()
        kept = self._read()
        if kept is None or kept["state"] != state:
            kept = {"state": state, "survey": survey(self._store)}
            self._keep(kept)
        return self._shown(kept["survey"])

    def _shown(self, counted: Row) -> Row:
        rows = [(row, row["missing"]) for row in counted["regions"]]
        shown = [{**row, "missing": {**gap, "command": self.command(gap["query"], gap["depth"])}} for row, gap in rows]
        return {**counted, "regions": shown}

    def _state(self) -> Row:
        return {"form": FORM, "store": self._name, **next(self._store.read("reads/explore_state"))}

    def _is_due(self, state: Row) -> bool:
        if (self._kept is not None and self._kept["state"] == state) or (self._thread and self._thread.is_alive()):
            return False
        return not self._thread or time.monotonic() > self._began + (1 + _REST) * self._took

    def _count(self, state: Row) -> None:
        try:
            found = {"state": state, "survey": survey(self._store)}
            self._keep(found)
        except PgraphError as error:
            self._problem = error
        else:
            with self._lock:
                self._kept = found
        self._took = time.monotonic() - self._began

    def _read(self) -> Row | None:
        try:
            kept: Any = json.loads(self._file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        usable = isinstance(kept, dict) and kept.get("state", {}).get("form") == FORM
        return kept if usable and kept["state"].get("store") == self._name else None

    def _keep(self, kept: Row) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with replacing(str(self._file)) as temporary:
            temporary.write_text(json.dumps(kept, ensure_ascii=False), encoding="utf-8")
