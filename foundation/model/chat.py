"""Asking a model. One thing per wrapper: Checked(Cached(Retrying(Limited(OpenAIChat))))."""

import asyncio
import contextlib
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from foundation.errors import ModelUnavailableError, SettingsError
from foundation.model.bundled import start_bundled
from foundation.model.messages import Chat, ChatReply, ChatRequest
from foundation.model.openai_chat import OpenAIChat
from foundation.model.options import ChatOptions
from foundation.model.replies import Replies
from foundation.model.retrying import LimitedChat, RetryingChat
from foundation.outcomes import Unusable


async def open_chat(options: ChatOptions, replies: Replies, *, logs: Path) -> Chat:
    """The chat that `options` name, or the bundled model if they name none: its server is started here. Close it.

    Replies are read from and kept in `replies`; `logs` is the folder for the log of the bundled model. The server is called
    only if `options` name no model: then for the names it has. Raises `SettingsError` for a base URL that is not one, and
    `ModelError` if no server answers there.
    """
    if options.base_url:
        return await _connect(options.base_url.rstrip("/"), options, replies)

    child = contextlib.ExitStack()
    try:
        base_url = await asyncio.to_thread(child.enter_context, start_bundled(logs))
        return _Owning(await _connect(base_url, options, replies, identity="bundled"), child)
    except BaseException:
        child.close()
        raise


async def _connect(base_url: str, options: ChatOptions, replies: Replies, identity: str = "") -> Chat:

    address = urlsplit(base_url)
    if address.scheme not in {"http", "https"} or not address.hostname:
        raise SettingsError(f"base_url = {base_url!r} is not an address", "Write it like http://127.0.0.1:8000/v1.")
    server = OpenAIChat(base_url, options, replies)
    await server.open()
    try:
        server.model = server.model or await _first_model(server, base_url, options)
    except BaseException:
        await server.close()
        raise
    patient = RetryingChat(LimitedChat(server, options.at_once), base_url, options)
    return CheckedChat(CachedChat(patient, replies, options, identity or base_url))


async def _first_model(server: OpenAIChat, base_url: str, options: ChatOptions) -> str:

    reply = await RetryingChat(_FirstModel(server), base_url, options).ask(ChatRequest(()))
    if reply.failure:
        raise ModelUnavailableError(f"{base_url} lists no models ({reply.failure})", "Name one with --model.")
    return reply.text


class CachedChat:
    """Repeats earlier replies, and keeps every new one before anything else happens to it.

    Truncated, refused and malformed replies were paid for, so they are kept too; a call without a reply is not.
    """

    def __init__(self, inner: Chat, replies: Replies, options: ChatOptions, server: str) -> None:
        self.model = inner.model
        self._inner = inner
        self._replies = replies
        self._fixed = (server, inner.model, options.temperature, options.max_tokens)

    async def ask(self, request: ChatRequest) -> ChatReply:
        key = self._key(request)
        cached = self._replies.get(key)
        if cached is not None:
            return cached
        reply = await self._inner.ask(request)
        if not reply.failure:
            await self._replies.put(key, request.tag, reply)
        return reply

    async def close(self) -> None:
        await self._inner.close()

    def _key(self, request: ChatRequest) -> bytes:
        content = (*self._fixed, request.messages, request.schema, request.seed, request.sample, request.extra)
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).digest()


class CheckedChat:
    """Gives every reply its data, or the reason why it has none."""

    def __init__(self, inner: Chat) -> None:
        self.model = inner.model
        self._inner = inner

    async def ask(self, request: ChatRequest) -> ChatReply:
        return checked(await self._inner.ask(request), request.accepts or request.schema)

    async def close(self) -> None:
        await self._inner.close()


def checked(reply: ChatReply, schema: Mapping[str, Any] | None) -> ChatReply:
    """The reply with its data, or with a `failure`: truncated, refused, empty, invalid JSON, wrong schema."""
    if reply.failure:
        return reply
    failure = _FINISHES.get(reply.finish, "" if reply.text.strip() else Unusable.EMPTY)
    if failure or schema is None:
        return replace(reply, failure=failure)
    mismatch = _mismatch(json.dumps(schema))
    failure = Unusable.INVALID_JSON
    for data in _values(reply.text):
        error = mismatch(data)
        if not error:
            return replace(reply, data=data)
        failure = error if failure == Unusable.INVALID_JSON else failure
    return replace(reply, failure=failure)


_FINISHES = {
    "length": Unusable.TRUNCATED,
    "content_filter": Unusable.REFUSED,
    "refused": Unusable.REFUSED,
    "empty": Unusable.EMPTY,
}
_VALUES = 20  # openings of a JSON value that are tried in a text


def _values(text: str) -> Iterator[Any]:
    """The JSON value that the whole text is; otherwise those inside it, between prose or in a code fence."""
    try:
        yield _DECODER.decode(text)
    except ValueError:
        pass
    else:
        return
    position = 0
    for _ in range(_VALUES):
        starts = [start for start in (text.find("{", position), text.find("[", position)) if start >= 0]
        if not starts:
            return
        try:
            value, position = _DECODER.raw_decode(text, min(starts))
        except ValueError:
            position = min(starts) + 1
        else:
            yield value


def _no_number(name: str) -> Any:  # noqa: ANN401  the decoder's signature
    raise ValueError(name)


_DECODER = json.JSONDecoder(parse_constant=_no_number)  # NaN and Infinity are not JSON


@lru_cache(maxsize=64)
def _mismatch(schema: str) -> Callable[[Any], str]:
    """A function that says what in a value does not match the schema, "" if all does; compiled once a schema."""
    import fastjsonschema

    validate = fastjsonschema.compile(json.loads(schema), use_default=False)

    def mismatch(data: Any) -> str:  # noqa: ANN401  any JSON value
        try:
            validate(data)
        except fastjsonschema.JsonSchemaValueException as error:
            name = error.name or ""
            place = name.removeprefix("data").removeprefix(".") or "the whole"
            return f"{Unusable.WRONG_SCHEMA}: {place}: {error.message.removeprefix(name).strip()}"[:300]
        return ""

    return mismatch


class _FirstModel:
    """Asks for the first model's name, as a chat, so that the same patience applies."""

    def __init__(self, server: OpenAIChat) -> None:
        self.model = ""
        self._server = server

    async def ask(self, request: ChatRequest) -> ChatReply:  # noqa: ARG002  of the protocol
        return ChatReply(await self._server.first_model())

    async def close(self) -> None:
        await self._server.close()


class _Owning:
    """A chat that owns its server: closing the chat ends it."""

    def __init__(self, inner: Chat, child: contextlib.ExitStack) -> None:
        self.model = inner.model
        self.ask = inner.ask
        self._inner = inner
        self._child = child

    async def close(self) -> None:
        try:
            await self._inner.close()
        finally:
            await asyncio.to_thread(self._child.close)
