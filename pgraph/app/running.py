"""What the commands that ask a model share: from the first call to the record of the run."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from pgraph.errors import StoreError

if TYPE_CHECKING:
    from expansion.runs import Run
    from graphstore.store import GraphStore
    from pgraph.app.summary import ExpandSummary, SpendSummary
    from pgraph.embedding import CachedEmbedder

Result = TypeVar("Result")


def run_to_end(work: Coroutine[Any, Any, Result]) -> Result:
    """Run a command's work. Ctrl-C raises KeyboardInterrupt once what was completed is written.

    After it the loop is left as it is: closing it would wait for a thread that may still load a model.
    """
    runner = asyncio.Runner()
    try:
        result = runner.run(work)
    except Exception:
        runner.close()
        raise
    runner.close()
    return result


def ensure_groups(store: "GraphStore", embedder: "CachedEmbedder", run: str, notice: Callable[[str], None]) -> None:
    """Make the groups where there are none, or too many domains came since."""
    from distill import grouping

    if grouping.is_stale(store):
        notice("Grouping the domains …")
        made = grouping.group(store, embedder, run, tell=embedding_notice(notice))
        placed = f"; {made.placed} personas placed by their neighbours" if made.placed else ""
        notice(f"{made.domains} domains in {made.groups} groups{placed}")


def embedding_notice(notice: Callable[[str], None], every: float = 10.0) -> Callable[[int, int], None]:
    """Says now and then how far the embedding of many personas is."""
    last = time.monotonic()

    def tell(done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last >= every:
            last = time.monotonic()
            notice(f"{done:,} of {total:,} personas embedded")

    return tell


def reconcile(store: "GraphStore", embedder: "CachedEmbedder", run: "Run", notice: Callable[[str], None]) -> None:
    from expansion.reconcile import reconcile as marked_by

    marked = marked_by(store, embedder, run.id, run.started)
    if marked:
        notice(f"Another run wrote at the same time: {marked} personas of both are marked as duplicates.")


def record(store: "GraphStore", summary: "ExpandSummary | SpendSummary") -> None:
    from expansion import runs

    if not isinstance(summary.error, StoreError):
        state = "finished" if summary.error is None else "stopped"
        runs.finish(store, summary.run, state, summary.props())
