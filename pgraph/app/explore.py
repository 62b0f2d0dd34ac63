"""`pgraph explore` put together."""

import secrets
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from pgraph.app import Session, data_directory, open_embedder, open_store, settings
from pgraph.app.coverage import expand_command, expand_words

if TYPE_CHECKING:
    from explorer.calls import Told
    from explorer.counting import Counting
    from explorer.expanding import Expanding
    from graphstore.store import GraphStore

_PGRAPH = (sys.executable, "-P", "-m", "pgraph", "--json")  # -P: no module comes from the directory where it is started


def explore(session: Session, port: int, ready: Callable[[str], None], *, write: bool = False) -> None:
    """Serve the page until Ctrl-C; `ready` is told its link. `write`: it can start expansions, which end with it."""
    from explorer.meaning import Meaning
    from explorer.server import HOST, application, bound, serve

    expanding = _expanding(session) if write else None
    with bound(port) as place, open_store(session) as store, open_embedder(session) as embedder:
        counting = _counting(session, store)
        meaning = Meaning(store, embedder, _own(session))
        counting.now()  # it begins to count; a store that cannot be read is told here
        token, number = secrets.token_urlsafe(32), int(place.getsockname()[1])
        place.listen()  # so that who opens the link at once is not turned away
        ready(f"http://{HOST}:{number}/?token={token}")
        try:
            told = _told(session)
            serve(place, application(store, counting, meaning, expanding, port=number, token=token, told=told))
        finally:
            if expanding is not None:
                expanding.end()


def export(session: Session, file: str, report: Callable[[int, int], None]) -> tuple[int, int]:
    """Write the page as one file; how many personas are in it, and of how many."""
    from explorer.onefile import one_file
    from graphstore.writing import replacing

    with replacing(file) as temporary, open_store(session) as store:
        page, held, total = one_file(store, _counting(session, store).whole(), report, _told(session))
        temporary.write_text(page, encoding="utf-8")
    return held, total


def _own(session: Session) -> Path:
    return data_directory(session) / "explorer"


def _told(session: Session) -> "Told":
    from functools import partial

    from pgraph.replies import tag_of

    return partial(tag_of, data_directory(session) / "replies.sqlite")


def _counting(session: Session, store: "GraphStore") -> "Counting":
    from explorer.counting import Counting

    return Counting(
        store,
        settings(session).store,
        _own(session) / "overview.json",
        lambda query, depth: expand_command(session, query, depth),
    )


def _expanding(session: Session) -> "Expanding":
    from explorer.expanding import Expanding

    for one in (signal.SIGINT, signal.SIGTERM):  # a shell that starts this in the background has SIGINT ignored
        signal.signal(one, signal.default_int_handler)

    def words(query: str, depth: int, calls: int) -> tuple[str, list[str]]:
        started = expand_words(session, _PGRAPH, query, depth, calls)
        return expand_command(session, query, depth, calls), [*started, "--explain"]

    return Expanding(words, lambda: _model(session))


def _model(session: Session) -> str:
    values = settings(session)
    if not values.base_url:
        return "the small bundled model, which is for trying things out"
    return f"{values.model or 'the first model'} at {values.base_url}"
