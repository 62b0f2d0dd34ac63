"""What goes to a model and what comes back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from foundation.errors import ModelError


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One question to the model: `messages` with `role` and `content`, and the JSON `schema` of the reply, None for text.

    `sample` and `seed` make repeats of the same question differ; `extra` are further fields of the request. `tag` says what
    the call is for: it is kept with the reply and changes no answer. A reply is checked by `accepts`, if that is set.
    """

    messages: tuple[Mapping[str, str], ...]
    schema: Mapping[str, Any] | None = None
    sample: int = 0  # which repeat of the same question this is, from 0: part of the cache key
    seed: int | None = None
    tag: Mapping[str, Any] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)  # further fields of the request: top_p, temperature, …
    accepts: Mapping[str, Any] | None = None  # the schema that a reply is checked by, if it is weaker than `schema`


@dataclass(frozen=True, slots=True)
class ChatReply:
    """What came back: `text` and, if the request had a schema, its JSON value `data`.

    `failure` is "" or why the reply cannot be used; a failed reply may still have cost `tokens_in` and `tokens_out`.
    """

    text: str
    data: Any = None  # the JSON value, checked against the request's schema
    failure: str = ""
    tokens_in: int = 0
    tokens_out: int = 0
    from_cache: bool = False
    finish: str = "stop"  # why the server ended the reply, in its words; "refused", "empty", "failed" are ours

    @property
    def paid(self) -> bool:
        """Whether the server answered at all. If not, nothing is known, and the same may be asked again."""
        return self.finish != "failed"


class Chat(Protocol):
    """A model that can be asked; `open_chat` makes one."""

    model: str  # the model's name at its server

    async def ask(self, request: ChatRequest) -> ChatReply:
        """Ask once. What fails for this `request` alone is the `failure` of the reply.

        Raises `ModelError` only if no further call can succeed either.
        """

    async def close(self) -> None:
        """Close the connections, and the server if the chat started it."""


class CallFailedError(ModelError):
    """One try of one call failed; never leaves the chat, which tries again or makes it a reply with a `failure`."""

    def __init__(
        self,
        message: str,
        *,
        again: bool,
        wait: float | None = None,
        rate_limited: bool = False,
        nobody_there: bool = False,
    ) -> None:
        super().__init__(message)
        self.again = again  # another try may succeed
        self.wait = wait  # seconds that the server asks us to wait before it
        self.rate_limited = rate_limited
        self.nobody_there = nobody_there  # no server listens at the address
