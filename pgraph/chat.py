"""Asking a model. One thing per wrapper: Checked(Cached(Retrying(Limited(OpenAIChat))))."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One question to the model. `tag` says what the call is for; it is kept beside the reply and changes no answer."""

    messages: tuple[Mapping[str, str], ...]
    schema: Mapping[str, Any] | None = None
    sample: int = 0  # the how-manieth asking of the very same question: part of the cache key
    seed: int | None = None
    tag: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ChatReply:
    """What came back. `failure` is "" or why this reply cannot be used; a failed reply may have cost tokens all the same."""

    text: str
    data: Any = None  # the JSON value, checked against the request's schema
    failure: str = ""
    tokens_in: int = 0
    tokens_out: int = 0
    from_cache: bool = False


class Chat(Protocol):
    async def ask(self, request: ChatRequest) -> ChatReply:
        """Ask once; raises `ModelError` only where no further call can succeed either."""

    async def close(self) -> None: ...
