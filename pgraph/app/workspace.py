"""The composition root: the only place that builds concrete classes."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, fields, replace

from foundation.model import SLOTS, CachedEmbedder, Chat, ChatOptions, EmbeddingOptions, Replies, open_chat
from foundation.model import open_embedder as open_cached_embedder
from graphstore import GraphStore
from pgraph.app.settings import Settings, Workspace


def open_store(workspace: Workspace) -> GraphStore:
    """The graph that the settings name, with its schema up to date; close it, or use it with `with`.

    Starts the local server if it is not running (about two seconds). Raises `UsageError` for a wrong address and
    `StoreError` if the store cannot be reached.
    """
    values = workspace.settings()
    if values.store == "local":
        from graphstore.server import local

        store = local.connect(workspace.store, heap=values.local_heap, idle=values.local_idle)
    else:
        from graphstore.server import BoltStore

        store = BoltStore(values.store, values.store_user, values.store_password, values.store_database)
    store.migrate()
    return store


@dataclass(frozen=True, slots=True)
class Model:
    """The model, the cache of its replies in this workspace, and how many calls to make at a time."""

    chat: Chat
    replies: Replies
    at_once: int


def chat_options(values: Settings) -> ChatOptions:
    """The settings that concern the model."""
    return ChatOptions(**{option.name: getattr(values, option.name) for option in fields(ChatOptions)})


def embedding_options(values: Settings) -> EmbeddingOptions:
    """The settings that concern embeddings."""
    return EmbeddingOptions(values.embedding_model, values.embedding_url, values.api_key_env, values.timeout)


@asynccontextmanager
async def open_model(workspace: Workspace, notice: Callable[[str], None]) -> AsyncIterator[Model]:
    """The model that the settings name, or else the bundled one, with a notice that it is only for trying things out.

    Loads the bundled model, or asks the server for its models. Raises `ModelError` if there is no usable model.
    """
    values, directory = workspace.settings(), workspace.data
    if not values.base_url:
        notice("No model is set (--base-url): using the small bundled one, which is for trying things out.")
        values = replace(values, at_once=min(values.at_once, SLOTS))
    with Replies(directory / "replies.sqlite") as replies:
        chat = await open_chat(chat_options(values), replies, logs=directory / "log")
        try:
            yield Model(chat, replies, values.at_once)
        finally:
            await chat.close()


def open_embedder(workspace: Workspace) -> closing[CachedEmbedder]:
    """The embedding model that the settings name, with its cache; it is loaded at the first use."""
    return closing(open_cached_embedder(embedding_options(workspace.settings()), workspace.data / "vectors"))
