"""One try of one call at an OpenAI-compatible server (llama.cpp, vLLM, SGLang, a hosted API)."""

import asyncio
import contextlib
import json
import math
import os
import time
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from foundation.errors import ModelError, ModelSetupError, ModelUnavailableError, RateLimitError
from foundation.model.messages import CallFailedError, ChatReply, ChatRequest
from foundation.model.options import ChatOptions
from foundation.model.replies import Replies

if TYPE_CHECKING:
    import openai


# how strictly a request can fix the form of a reply, the strictest first
_FORMATS = ("json_schema", "json_object", "text")
# headers that would describe this machine to the server
_ABOUT_US = ("Lang", "Package-Version", "OS", "Arch", "Runtime", "Runtime-Version", "Async")
_SIMPLE = {"type": "object", "properties": {"yes": {"type": "boolean"}}, "required": ["yes"]}
_RETRIABLE = {408, 409, 425, 429}


class OpenAIChat:
    """A server, asked once a call. `open` it first; `model` comes from the options, or later from `first_model`.

    The first 400 shows that a server does not accept a JSON schema; a weaker format is then searched once for all calls
    under way, and kept in the reply cache.
    """

    def __init__(self, base_url: str, options: ChatOptions, facts: Replies) -> None:
        self.model = options.model
        self._base_url = base_url
        self._address = base_url + "/chat/completions"
        self._options = options
        self._facts = facts
        self._client: openai.AsyncOpenAI | None = None
        self._format = 0  # index into _FORMATS
        self._schema_formats: dict[str, int] = {}  # index into _FORMATS for single schemas, as JSON text
        self._format_search = asyncio.Lock()
        self._fact_name = f"response_format {base_url}"

    async def open(self) -> None:
        self._client = await asyncio.to_thread(self._make_client)
        format_name = self._facts.fact(self._fact_name)
        self._format = _FORMATS.index(format_name) if format_name in _FORMATS else 0

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()

    async def ask(self, request: ChatRequest) -> ChatReply:
        tried = self._best_format(request)
        try:
            return await self._post(request, _FORMATS[tried])
        except BadRequestError as error:
            if tried == len(_FORMATS) - 1:
                raise
            first_error = error
        async with self._format_search:
            if self._best_format(request) <= tried:
                return await self._find_format(request, tried, first_error)
        # another call has found the format meanwhile
        return await self._post(request, _FORMATS[self._best_format(request)])

    def _best_format(self, request: ChatRequest) -> int:
        if request.schema is None:
            return len(_FORMATS) - 1
        if not self._schema_formats:
            return self._format
        return self._schema_formats.get(json.dumps(request.schema), self._format)

    async def _find_format(self, request: ChatRequest, tried: int, first_error: "BadRequestError") -> ChatReply:
        """Ask with a weaker response_format; where that helps, later calls start with it."""
        for weaker in range(tried + 1, len(_FORMATS)):
            try:
                reply = await self._post(request, _FORMATS[weaker])
            except BadRequestError:
                continue
            if tried == 0 and await self._takes_schemas():
                self._schema_formats[json.dumps(request.schema)] = weaker  # the server refuses this schema only
            else:
                self._format = weaker
                await asyncio.to_thread(self._facts.remember, self._fact_name, _FORMATS[weaker])
            return reply
        raise first_error

    async def _takes_schemas(self) -> bool:
        probe = ChatRequest(({"role": "user", "content": "Say yes."},), schema=_SIMPLE, extra={"max_tokens": 16})
        try:
            await self._post(probe, _FORMATS[0])
        except BadRequestError:
            return False
        return True

    async def _post(self, request: ChatRequest, form: str) -> ChatReply:
        import httpx2

        client = self._connected()
        body = json.dumps(self._body(request, form)).encode()  # encoded here: openai would copy it twice first
        with _converted(self._base_url, self._options):
            try:
                async with asyncio.timeout(self._options.timeout):
                    response = await client.post(self._address, content=body, cast_to=httpx2.Response)
            except _not_found() as error:
                raise await self._missing(error) from error
        return _read(response.content)

    def _body(self, request: ChatRequest, form: str) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self.model,
            "messages": request.messages,
            "temperature": self._options.temperature,
            "max_tokens": self._options.max_tokens,
        }
        if request.seed is not None:
            body["seed"] = request.seed + request.sample
        if form == "json_schema":
            body["response_format"] = {
                "type": form,
                "json_schema": {"name": "reply", "strict": True, "schema": request.schema},
            }
        elif form == "json_object":
            body["response_format"] = {"type": form}
        return body | dict(request.extra)

    # -- the server

    def _connected(self) -> "openai.AsyncOpenAI":
        if self._client is None:
            raise ModelUnavailableError("the chat is closed", "Open it first.")
        return self._client

    def _make_client(self) -> "openai.AsyncOpenAI":
        import httpx2
        import openai

        connections = self._options.at_once + 8
        limits = httpx2.Limits(max_connections=connections, max_keepalive_connections=connections, keepalive_expiry=30)
        omitted_headers: Any = {f"X-Stainless-{name}": openai.Omit() for name in _ABOUT_US}
        return openai.AsyncOpenAI(
            base_url=self._base_url,
            api_key=os.environ.get(self._options.api_key_env) or "EMPTY",  # local servers need no key
            max_retries=0,
            timeout=None,  # asyncio.timeout covers the whole call
            default_headers=omitted_headers,
            http_client=openai.DefaultAioHttpClient(timeout=None, limits=limits),
        )

    async def models(self) -> list[str]:
        """The names that the server lists; none where it lists nothing."""
        import httpx2

        client = self._connected()
        with _converted(self._base_url, self._options):
            async with asyncio.timeout(min(self._options.timeout, 30)):
                response = await client.get("/models", cast_to=httpx2.Response)
        try:
            return [str(model["id"]) for model in json.loads(response.content)["data"]]
        except (ValueError, KeyError, TypeError):
            return []

    async def first_model(self) -> str:
        names = await self.models()
        if not names:
            raise ModelSetupError(f"{self._base_url} lists no model", "Name the model with --model.")
        return names[0]

    async def _missing(self, error: "openai.APIStatusError") -> ModelSetupError:
        """What a 404 means: a wrong name of the model (then the hint lists those it has), or a wrong address."""
        server_text = _server_text(error)
        if "model" not in server_text.casefold():
            hint = "The address of --base-url usually ends in /v1."
            return ModelSetupError(f"{self._base_url} has no chat completions ({server_text})", hint)
        try:
            names = await self.models()
        except ModelError:
            names = []
        hint = f"It has: {', '.join(names[:10])}." if names else "Ask the server's owner for the name."
        return ModelSetupError(f"{self._base_url} has no model {self.model!r} ({server_text})", f"{hint} Set --model.")


def _not_found() -> "type[openai.NotFoundError]":
    import openai

    return openai.NotFoundError


class BadRequestError(CallFailedError):
    """The server does not take this request as it is."""


@contextlib.contextmanager
def _converted(base_url: str, options: ChatOptions) -> Iterator[None]:
    """The one place where foreign exceptions of a model server become ours."""
    import aiohttp
    import openai

    try:
        yield
    except TimeoutError:
        raise CallFailedError(f"no reply within {options.timeout:g} s", again=True) from None
    except openai.APIStatusError as error:
        raise _status_error(error, base_url, options) from error
    except openai.APIConnectionError as error:
        connector = _cause(error, aiohttp.ClientConnectorError)
        reason = str(connector or error.__cause__ or error)
        raise CallFailedError(reason, again=True, nobody_there=connector is not None) from error
    except (openai.OpenAIError, aiohttp.ClientError, OSError) as error:
        raise CallFailedError(f"{type(error).__name__}: {error}", again=True) from error


def _cause(error: BaseException, kind: type[BaseException]) -> BaseException | None:
    link: BaseException | None = error
    while link is not None and not isinstance(link, kind):
        link = link.__cause__ or link.__context__
    return link


def _status_error(error: "openai.APIStatusError", base_url: str, options: ChatOptions) -> ModelError:
    status = error.status_code
    server_text = _server_text(error)
    if status in {401, 403}:
        state = "is set" if os.environ.get(options.api_key_env) else "is not set"
        hint = f"The key comes from the variable {options.api_key_env}, which {state}; see setting api_key_env."
        return ModelSetupError(f"{base_url} refuses the API key ({status}: {server_text})", hint)
    if status == 429 and "insufficient_quota" in {error.code, error.type}:
        return RateLimitError(
            f"{base_url}: the quota is used up ({server_text})", "Buy more, or use another key or server."
        )
    message = f"HTTP {status}: {server_text}"
    if status in _RETRIABLE or status >= 500:
        wait = _retry_after(error.response.headers)
        return CallFailedError(message, again=True, wait=wait, rate_limited=status == 429)
    if status in {400, 422}:
        return BadRequestError(message, again=False)
    return CallFailedError(message, again=False)


def _server_text(error: "openai.APIStatusError") -> str:
    """The server's own words, wherever it puts them."""
    body = error.body
    if isinstance(body, Mapping):
        body = next((body[name] for name in ("message", "detail", "error") if body.get(name)), body)
    text = " ".join(str(body or error.response.reason_phrase).split())
    return text if len(text) <= 300 else text[:300] + "…"


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait: the header holds seconds or an HTTP date."""
    value = headers.get("retry-after", "").strip()
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - time.time()
        except ValueError:
            return None
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _read(content: bytes) -> ChatReply:
    try:
        body = json.loads(content)
        choices = body.get("choices") or []
        usage = body.get("usage") or {}
        spent, written = _count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens"))
        if not choices:
            return ChatReply("", tokens_in=spent, tokens_out=written, finish="empty")
        message = choices[0].get("message") or {}
        refusal, text = message.get("refusal"), message.get("content")
        finish = "refused" if refusal else str(choices[0].get("finish_reason") or "stop")
    except (ValueError, AttributeError, TypeError, KeyError):
        start = content[:80].decode("utf-8", "replace")
        raise CallFailedError(f"the server's answer is not a chat completion: {start!r}", again=True) from None
    return ChatReply(_clean(refusal or text), tokens_in=spent, tokens_out=written, finish=finish)


def _count(value: object) -> int:
    return int(value) if isinstance(value, int | float) and 0 <= value < 1 << 53 else 0


def _clean(text: object) -> str:
    """Without lone surrogates: half an emoji, where the reply was cut inside one, fits no file and no database."""
    return str(text or "").encode("utf-8", "replace").decode()
