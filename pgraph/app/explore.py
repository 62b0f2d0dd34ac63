"""`pgraph explore` put together."""

import secrets
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from explorer import HOST, Counting, Expanding, Meaning, TagReader, application, bound_socket, one_file, serve
from foundation.model import tag_of
from graphstore import GraphStore
from graphstore.files import replacing
from pgraph.app.coverage import expand_command, expand_words
from pgraph.app.settings import Workspace
from pgraph.app.workspace import open_embedder, open_store

_PGRAPH = (sys.executable, "-P", "-m", "pgraph", "--json")  # -P: no module comes from the directory where it is started


def explore(workspace: Workspace, port: int, ready: Callable[[str], None], *, write: bool = False) -> None:
    """Serve the page until Ctrl-C; `ready` is told its link. `write`: it can start expansions, which end with it."""
    expanding = _expanding(workspace) if write else None
    with bound_socket(port) as place, open_store(workspace) as store, open_embedder(workspace) as embedder:
        counting = _counting(workspace, store)
        meaning = Meaning(store, embedder, _own(workspace))
        counting.now()  # it begins to count; a store that cannot be read is told here
        token, number = secrets.token_urlsafe(32), int(place.getsockname()[1])
        place.listen()  # so that who opens the link at once is not turned away
        ready(f"http://{HOST}:{number}/?token={token}")
        try:
            told = _told(workspace)
            serve(place, application(store, counting, meaning, expanding, port=number, token=token, told=told))
        finally:
            if expanding is not None:
                expanding.end()


def export(workspace: Workspace, file: str, report: Callable[[int, int], None]) -> tuple[int, int]:
    """Write the page as one file; how many personas are in it, and of how many."""
    with replacing(file) as temporary, open_store(workspace) as store:
        page, held, total = one_file(store, _counting(workspace, store).whole(), report, _told(workspace))
        temporary.write_text(page, encoding="utf-8")
    return held, total


def _own(workspace: Workspace) -> Path:
    return workspace.data / "explorer"


def _told(workspace: Workspace) -> TagReader:

    return partial(tag_of, workspace.data / "replies.sqlite")


def _counting(workspace: Workspace, store: GraphStore) -> Counting:

    return Counting(
        store,
        workspace.settings().store,
        _own(workspace) / "overview.json",
        lambda query, depth: expand_command(workspace, query, depth),
    )


def _expanding(workspace: Workspace) -> Expanding:

    for one in (signal.SIGINT, signal.SIGTERM):  # a shell that starts this in the background has SIGINT ignored
        signal.signal(one, signal.default_int_handler)

    def words(query: str, depth: int, calls: int) -> tuple[str, list[str]]:
        started = expand_words(workspace, _PGRAPH, query, depth, calls)
        return expand_command(workspace, query, depth, calls), [*started, "--explain"]

    return Expanding(words, lambda: _model(workspace))


def _model(workspace: Workspace) -> str:
    values = workspace.settings()
    if not values.base_url:
        return "the small bundled model, which is for trying things out"
    return f"{values.model or 'the first model'} at {values.base_url}"
