"""The composition root: the only place that builds concrete classes."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from graphstore.store import GraphStore
from pgraph.settings import Settings, resolve

if TYPE_CHECKING:
    from pgraph.chat import Chat
    from pgraph.embedding import CachedEmbedder
    from pgraph.replies import Replies


class Session(Protocol):
    """What the command line says before the command (see pgraph.cli.main)."""

    workspace: Path
    flags: dict[str, object]


def settings(session: Session) -> Settings:
    return resolve(session.workspace, session.flags)[0]


def data_directory(session: Session) -> Path:
    """Where a workspace keeps what is its own: the local store, the reply cache, vectors, logs."""
    return session.workspace / ".pgraph"


def open_store(session: Session) -> GraphStore:
    """The graph that the settings name, its schema brought up to date; close it, or use it with `with`."""
    values = settings(session)
    if values.store == "local":
        from graphstore import local

        store = local.connect(data_directory(session) / "store", heap=values.local_heap, idle=values.local_idle)
    else:
        from graphstore.bolt import BoltStore

        store = BoltStore(values.store, values.store_user, values.store_password, values.store_database)
    store.migrate()
    return store


@dataclass(frozen=True, slots=True)
class Model:
    """The model at its server, and every reply it ever gave in this workspace."""

    chat: "Chat"
    replies: "Replies"
    at_once: int


@asynccontextmanager
async def open_model(session: Session, notice: Callable[[str], None]) -> AsyncIterator[Model]:
    """The model that the settings name, else the bundled one, with a notice that it is for trying things out."""
    from pgraph.bundled import SLOTS
    from pgraph.chat import open_chat
    from pgraph.replies import Replies

    values, directory = settings(session), data_directory(session)
    if not values.base_url:
        notice("No model is set (--base-url): using the small bundled one, which is for trying things out.")
        values = replace(values, at_once=min(values.at_once, SLOTS))
    with Replies(directory / "replies.sqlite") as replies:
        chat = await open_chat(values, replies, logs=directory / "log")
        try:
            yield Model(chat, replies, values.at_once)
        finally:
            await chat.close()


def open_embedder(session: Session) -> "closing[CachedEmbedder]":
    """The embedding model that the settings name; nothing is loaded until it is used."""
    from pgraph.embedding import open_embedder as opened

    return closing(opened(settings(session), data_directory(session) / "vectors"))
