"""`pgraph explore`: serve the page, or write it to a file."""

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

_PGRAPH = (sys.executable, "-P", "-m", "pgraph", "--json")  # -P: import no module from the current directory


def explore(workspace: Workspace, port: int, ready: Callable[[str], None], *, write: bool = False) -> None:
    """Serve the page on a port of 127.0.0.1 until Ctrl-C; 0 picks a free port, and `ready` gets the link.

    `write`: the page can start expansions, which end with this function. Raises `UsageError` if the port is taken, and
    `StoreError` if the graph cannot be read.
    """
    expanding = _expanding(workspace) if write else None
    with bound_socket(port) as listener, open_store(workspace) as store, open_embedder(workspace) as embedder:
        counting = _counting(workspace, store)
        meaning = Meaning(store, embedder, _directory(workspace))
        counting.now()  # starts the counting; raises here if the store cannot be read
        token, number = secrets.token_urlsafe(32), int(listener.getsockname()[1])
        listener.listen()  # before the link is shown, so that an early request is not refused
        ready(f"http://{HOST}:{number}/?token={token}")
        try:
            read_tag = _tag_reader(workspace)
            app = application(store, counting, meaning, expanding, port=number, token=token, read_tag=read_tag)
            serve(listener, app)
        finally:
            if expanding is not None:
                expanding.end()


def export(workspace: Workspace, file: str, report: Callable[[int, int], None]) -> tuple[int, int]:
    """Write the page to one file; returns how many personas are in it, and how many there are in the graph.

    `report` gets the number of personas written and to write. Counts the graph if it has changed, and then takes about
    0.1 s per persona in the file.
    """
    with replacing(file) as temporary, open_store(workspace) as store:
        page, exported, total = one_file(store, _counting(workspace, store).whole(), report, _tag_reader(workspace))
        temporary.write_text(page, encoding="utf-8")
    return exported, total


def _directory(workspace: Workspace) -> Path:
    """Where the explorer keeps its files in a workspace."""
    return workspace.data / "explorer"


def _tag_reader(workspace: Workspace) -> TagReader:
    return partial(tag_of, workspace.data / "replies.sqlite")


def _counting(workspace: Workspace, store: GraphStore) -> Counting:
    return Counting(
        store,
        workspace.settings().store,
        _directory(workspace) / "overview.json",
        lambda query, depth: expand_command(workspace, query, depth),
    )


def _expanding(workspace: Workspace) -> Expanding:
    # A shell that starts this in the background ignores SIGINT; the expansion must end with it all the same.
    for stop_signal in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop_signal, signal.default_int_handler)

    def command(query: str, depth: int, calls: int) -> tuple[str, list[str]]:
        arguments = expand_words(workspace, _PGRAPH, query, depth, calls)
        return expand_command(workspace, query, depth, calls), [*arguments, "--explain"]

    return Expanding(command, lambda: _model(workspace))


def _model(workspace: Workspace) -> str:
    """What an expansion would ask now, in words."""
    values = workspace.settings()
    if not values.base_url:
        return "the small bundled model, which is for trying things out"
    return f"{values.model or 'the first model'} at {values.base_url}"
