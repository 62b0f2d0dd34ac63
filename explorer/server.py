"""The explorer's server: on this machine only, for who has the token; without `--write` it only reads.

A page of another site can make a browser ask any address, also 127.0.0.1, and can give it a name of its own (DNS
rebinding). So every request must name this host and port and carry the token: once in the link, then in a cookie that no
other site's page can make the browser send. What starts something must besides name its page as the origin and carry a
header that a form cannot.
"""

import secrets
import socket
from collections.abc import Awaitable, Callable, Iterator
from http import HTTPStatus
from itertools import chain
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from explorer import views
from explorer.calls import TagReader, no_tag
from explorer.counting import Counting
from explorer.expanding import Expanding, at_gap
from explorer.filters import Filters, number
from explorer.meaning import Meaning
from foundation.errors import PgraphError, QueryError, UsageError
from graphstore import GraphStore
from graphstore.exports import PERSONA_COLUMNS, text_chunks

_TYPES = {"jsonl": "application/jsonl; charset=utf-8", "csv": "text/csv; charset=utf-8"}
Asked = dict[str, str]
Row = dict[str, Any]

HOST = "127.0.0.1"
STATIC = Path(__file__).parent / "static"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
WRITES = ("/api/expand", "/api/stop")  # only with `--write`, as what tells how it goes
WRITING = (*WRITES, "/api/expansion")
MARK = "x-pgraph"  # the header of a write: a page of another site must ask whether it may send it, and may not
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


def bound_socket(port: int, host: str = HOST) -> socket.socket:
    """A socket on an address of this machine; port 0 takes a free one."""
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, port))
    except OSError as error:
        made.close()
        raise UsageError(
            f"port {port} of {host} cannot be used: {error.strerror}",
            "Name another one with --port, or leave --port out: then a free one is taken."
            + ("" if host == HOST else " --host takes an address of this machine, or 0.0.0.0 for all of them."),
        ) from error
    return made


def serve(place: socket.socket, app: ASGIApp) -> None:
    """Answer until Ctrl-C."""
    import uvicorn

    config = uvicorn.Config(
        app, log_config=None, log_level="error", access_log=False, lifespan="off", server_header=False, ws="none"
    )
    uvicorn.Server(config).run(sockets=[place])


def application(
    store: GraphStore,
    counting: Counting,
    meaning: Meaning,
    expanding: Expanding | None,
    *,
    port: int,
    token: str,
    told: TagReader = no_tag,
) -> Starlette:
    def left(filters: Filters) -> list[str] | None:
        return filters.regions(counting.regions())

    def region(asked: Asked) -> Row:
        filters, skip = Filters.of(asked), max(0, number(asked, "skip", 0))
        return views.region(store, asked.get("id", ""), filters, left(filters), skip=skip)

    def persona(asked: Asked) -> Row:
        found = _persona(store, asked, told)
        place = views.around(found)
        return {**found, "command": place and counting.command(place["query"], place["depth"])}

    def search(asked: Asked) -> Row:
        filters = Filters.of(asked)
        if asked.get("meaning"):
            return meaning.search(asked.get("words", ""), filters, left(filters))
        return views.search(store, asked.get("words", ""), filters, left(filters))

    api: dict[str, Callable[[Asked], Row]] = {
        "overview": lambda _: {**counting.now(), "write": expanding is not None},
        "region": region,
        "crowd": lambda asked: views.crowd(store, asked.get("id", ""), number(asked, "size", 0)),
        "matching": lambda asked: views.matching(store, Filters.of(asked)),
        "persona": persona,
        "search": search,
    }

    def export(asked: Asked) -> Response:
        filters, form = Filters.of(asked), asked.get("format", "jsonl")
        return _stream(views.selected(store, filters, left(filters), asked.get("id")), form)

    routes = [Route(f"/api/{name}", _answering(answer)) for name, answer in api.items()]
    routes += [Route("/api/export", _answering(export)), *_writing(store, counting, expanding)]
    pages = [Route("/", _page), Mount("/static", StaticFiles(directory=STATIC))]
    guard = Middleware(_Guard, port=port, token=token, write=expanding is not None)
    return Starlette(routes=[*routes, *pages], middleware=[guard])


def _writing(store: GraphStore, counting: Counting, expanding: Expanding | None) -> list[Route]:
    if expanding is None:
        return []

    def start(asked: Asked) -> Row:
        if "id" in asked:
            place = views.around(_persona(store, asked))
            if place is None:
                raise UsageError("another persona counts for this one", "Ask around that one: it stands on the page.")
        else:
            place = at_gap(counting.now()["survey"], asked.get("gap", ""))
        return expanding.start(place, number(asked, "calls", 0))

    return [
        Route("/api/expansion", _answering(lambda _: expanding.now())),
        Route("/api/expand", _answering(start), methods=["POST"]),
        Route("/api/stop", _answering(lambda _: expanding.stop()), methods=["POST"]),
    ]


def _page(_: Request) -> Response:
    return Response((STATIC / "index.html").read_bytes(), media_type="text/html; charset=utf-8")


def _answering(answer: Callable[[Asked], Row | Response]) -> Callable[[Request], Response]:
    """An endpoint, run in a thread of the server's; what is wrong is told as {error, hint}."""

    def endpoint(request: Request) -> Response:
        try:
            told = answer(dict(request.query_params))
            return told if isinstance(told, Response) else JSONResponse(told)
        except PgraphError as error:
            wrong = {"error": error.message, "hint": error.hint}
            status = HTTPStatus.BAD_REQUEST if isinstance(error, UsageError) else HTTPStatus.SERVICE_UNAVAILABLE
            return JSONResponse(wrong, HTTPStatus.GATEWAY_TIMEOUT if isinstance(error, QueryError) else status)

    return endpoint


def _stream(rows: Iterator[Row], form: str) -> Response:
    """The rows as a file; what is wrong with the first of them is still raised."""
    if form not in _TYPES:
        raise UsageError(f"format = {form!r} is none", f"Use {' or '.join(_TYPES)}.")
    chunks = text_chunks(rows, PERSONA_COLUMNS, form)
    first = next(chunks)
    headers = {"content-disposition": "attachment"}
    return StreamingResponse(chain([first], chunks), media_type=_TYPES[form], headers=headers)


def _persona(store: GraphStore, asked: Asked, told: TagReader = no_tag) -> Row:
    found = views.persona(store, asked.get("id", ""), told)
    if found is None:
        raise UsageError(f"there is no persona {asked.get('id', '')!r}", "Look for it by its words.")
    return found


class _Guard:
    """Refuses what does not come from the explorer's own page."""

    def __init__(self, app: ASGIApp, port: int, token: str, *, write: bool) -> None:
        self._app, self._token, self._write = app, token, write
        self._hosts = (f"{HOST}:{port}", f"localhost:{port}")
        self._cookie = f"pgraph-{port}"  # cookies do not tell ports apart

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        refused = self._refused(request)
        if refused is not None:
            await refused(scope, receive, _with_headers(send, {}))
            return
        linked = "token" in request.query_params
        kept = f"{self._cookie}={self._token}; Path=/; HttpOnly; SameSite=Strict"
        await self._app(scope, receive, _with_headers(send, {"set-cookie": kept} if linked else {}))

    def _refused(self, request: Request) -> Response | None:
        origin = request.headers.get("origin")
        if request.headers.get("host") not in self._hosts:
            return PlainTextResponse("This host name is not the explorer's.\n", HTTPStatus.FORBIDDEN)
        if origin is not None and origin.removeprefix("http://") not in self._hosts:
            return PlainTextResponse("Another site's page asks.\n", HTTPStatus.FORBIDDEN)
        given = request.query_params.get("token") or request.cookies.get(self._cookie, "")
        if not secrets.compare_digest(given.encode(), self._token.encode()):
            text = "The token is missing or wrong: open the link that `pgraph explore` printed last.\n"
            return PlainTextResponse(text, HTTPStatus.FORBIDDEN)
        return self._writing(request)

    def _writing(self, request: Request) -> Response | None:
        path = request.scope["path"]
        if path in WRITING and not self._write:
            return PlainTextResponse("It only reads: start `pgraph explore --write`.\n", HTTPStatus.FORBIDDEN)
        if request.method in ("GET", "HEAD"):
            return None
        if request.method != "POST" or path not in WRITES:
            return PlainTextResponse("This can only be read.\n", HTTPStatus.METHOD_NOT_ALLOWED)
        if "origin" not in request.headers or MARK not in request.headers:
            return PlainTextResponse("Only the explorer's own page may start something.\n", HTTPStatus.FORBIDDEN)
        return None


def _with_headers(send: Send, more: dict[str, str]) -> Callable[[Message], Awaitable[None]]:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            given = [(name.encode(), value.encode()) for name, value in {**HEADERS, **more}.items()]
            message["headers"] = [*message.get("headers", []), *given]
        await send(message)

    return sent
