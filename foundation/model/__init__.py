"""A model behind an address: asking it, keeping what it said, turning texts into vectors."""

from foundation.model.bundled import MODEL, SLOTS, is_installed
from foundation.model.chat import open_chat
from foundation.model.embedding import CachedEmbedder, Embedder, is_light, open_embedder
from foundation.model.messages import Chat, ChatReply, ChatRequest
from foundation.model.options import ChatOptions, EmbeddingOptions
from foundation.model.replies import Replies, tag_of
from foundation.model.schemas import list_schema, object_schema, text_schema

__all__ = [
    "MODEL",
    "SLOTS",
    "CachedEmbedder",
    "Chat",
    "ChatOptions",
    "ChatReply",
    "ChatRequest",
    "Embedder",
    "EmbeddingOptions",
    "Replies",
    "is_installed",
    "is_light",
    "list_schema",
    "object_schema",
    "open_chat",
    "open_embedder",
    "tag_of",
    "text_schema",
]
