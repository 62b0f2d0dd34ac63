"""The composition root: the only place that builds concrete classes."""

from pathlib import Path
from typing import Protocol

from graphstore.store import GraphStore
from pgraph.settings import Settings, resolve


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
