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


_FORMATS = ("json_schema", "json_object", "text")  # how strictly a server can be told what a reply must look like
# headers by which the client would tell the server about this machine
_ABOUT_US = ("Lang", "Package-Version", "OS", "Arch", "Runtime", "Runtime-Version", "Async")
_SIMPLE = {"type": "object", "properties": {"yes": {"type": "boolean"}}, "required": ["yes"]}
_RETRIABLE = {408, 409, 425, 429}


class OpenAIChat:
    """`open` makes the client; `model` is what the settings say, and may be set later from `first_model`.

    A server that does not take a JSON schema is found out by its first 400, once for all calls under way, and the
    finding is kept in the reply cache.
    """

    def __init__(self, base_url: str, options: ChatOptions, facts: Replies) -> None:
        self.model = options.model
        self._base_url = base_url
        self._address = base_url + "/chat/completions"
        self._options = options
        self._facts = facts
        self._client: openai.AsyncOpenAI | None = None
        self._format = 0  # index into _FORMATS
        self._special: dict[str, int] = {}  # the same for single schemas
        self._finding = asyncio.Lock()
        self._fact = f"response_format {base_url}"

    async def open(self) -> None:
        self._client = await asyncio.to_thread(self._make_client)
        known = self._facts.fact(self._fact)
        self._format = _FORMATS.index(known) if known in _FORMATS else 0

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
            first = error
        async with self._finding:
            if self._best_format(request) <= tried:
                return await self._find_format(request, tried, first)
        return await self._post(request, _FORMATS[self._best_format(request)])  # another call has found it meanwhile

    def _best_format(self, request: ChatRequest) -> int:
        if request.schema is None:
            return len(_FORMATS) - 1
        return self._special.get(json.dumps(request.schema), self._format) if self._special else self._format

    async def _find_format(self, request: ChatRequest, tried: int, first: "BadRequestError") -> ChatReply:
        """Ask with a weaker response_format; where that helps, later calls start with it."""
        for weaker in range(tried + 1, len(_FORMATS)):
            try:
                reply = await self._post(request, _FORMATS[weaker])
            except BadRequestError:
                continue
            if tried == 0 and await self._takes_schemas():
                self._special[json.dumps(request.schema)] = weaker  # only this schema is too much for the server
            else:
                self._format = weaker
                await asyncio.to_thread(self._facts.remember, self._fact, _FORMATS[weaker])
            return reply
        raise first

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
        body = json.dumps(self._body(request, form)).encode()  # here, and not by openai, which copies it twice before
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

        most = self._options.at_once + 8
        limits = httpx2.Limits(max_connections=most, max_keepalive_connections=most, keepalive_expiry=30)
        silence: Any = {f"X-Stainless-{name}": openai.Omit() for name in _ABOUT_US}
        return openai.AsyncOpenAI(
            base_url=self._base_url,
            api_key=os.environ.get(self._options.api_key_env) or "EMPTY",  # local servers want none
            max_retries=0,
            timeout=None,  # asyncio.timeout covers the whole call
            default_headers=silence,
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
        """What a 404 means: a wrong model name (then say which there are), or a wrong address."""
        said = _said(error)
        if "model" not in said.casefold():
            hint = "The address of --base-url usually ends in /v1."
            return ModelSetupError(f"{self._base_url} has no chat completions ({said})", hint)
        try:
            names = await self.models()
        except ModelError:
            names = []
        hint = f"It has: {', '.join(names[:10])}." if names else "Ask the server's owner for the name."
        return ModelSetupError(f"{self._base_url} has no model {self.model!r} ({said})", f"{hint} Set --model.")


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
        raise _of_status(error, base_url, options) from error
    except openai.APIConnectionError as error:
        connector = _cause(error, aiohttp.ClientConnectorError)
        said = str(connector or error.__cause__ or error)
        raise CallFailedError(said, again=True, nobody_there=connector is not None) from error
    except (openai.OpenAIError, aiohttp.ClientError, OSError) as error:
        raise CallFailedError(f"{type(error).__name__}: {error}", again=True) from error


def _cause(error: BaseException, kind: type[BaseException]) -> BaseException | None:
    found: BaseException | None = error
    while found is not None and not isinstance(found, kind):
        found = found.__cause__ or found.__context__
    return found


def _of_status(error: "openai.APIStatusError", base_url: str, options: ChatOptions) -> ModelError:
    status, said = error.status_code, _said(error)
    if status in {401, 403}:
        state = "is set" if os.environ.get(options.api_key_env) else "is not set"
        hint = f"The key comes from the variable {options.api_key_env}, which {state}; see setting api_key_env."
        return ModelSetupError(f"{base_url} refuses the API key ({status}: {said})", hint)
    if status == 429 and "insufficient_quota" in {error.code, error.type}:
        return RateLimitError(f"{base_url}: the quota is used up ({said})", "Buy more, or use another key or server.")
    message = f"HTTP {status}: {said}"
    if status in _RETRIABLE or status >= 500:
        wait = _retry_after(error.response.headers)
        return CallFailedError(message, again=True, wait=wait, rate_limited=status == 429)
    if status in {400, 422}:
        return BadRequestError(message, again=False)
    return CallFailedError(message, again=False)


def _said(error: "openai.APIStatusError") -> str:
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
        choices, usage = body.get("choices") or [], body.get("usage") or {}
        spent, written = _count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens"))
        if not choices:
            return ChatReply("", tokens_in=spent, tokens_out=written, finish="empty")
        message = choices[0].get("message") or {}
        refusal, said = message.get("refusal"), message.get("content")
        finish = "refused" if refusal else str(choices[0].get("finish_reason") or "stop")
    except (ValueError, AttributeError, TypeError, KeyError):
        start = content[:80].decode("utf-8", "replace")
        raise CallFailedError(f"the server's answer is no chat completion: {start!r}", again=True) from None
    return ChatReply(_clean(refusal or said), tokens_in=spent, tokens_out=written, finish=finish)


def _count(value: object) -> int:
    return int(value) if isinstance(value, int | float) and 0 <= value < 1 << 53 else 0


def _clean(text: object) -> str:
    """Without lone surrogates: half an emoji, where the reply was cut inside one, fits no file and no database."""
    return str(text or "").encode("utf-8", "replace").decode()
