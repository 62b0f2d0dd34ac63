"""The explorer's server: on this machine only, for people with the token; without `--write` it only reads.

A page of another site can make a browser send requests to any address, even 127.0.0.1, and can give that address another
name (DNS rebinding). So every request must name this host and port and carry the token: first in the link, then in a cookie
that the browser never sends for a page of another site. A request that starts something must also name the explorer as its
origin, and carry a header that a form cannot send.
"""

import secrets
import socket
from collections.abc import Awaitable, Callable, Iterator
from http import HTTPStatus
from itertools import chain
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from explorer import views
from explorer.answers import (
    AskingPlace,
    ExpansionState,
    FoundPeople,
    PageAnswer,
    PersonaPage,
    RegionPage,
    Row,
)
from explorer.calls import TagReader, no_tag
from explorer.counting import Counting
from explorer.expanding import Expanding, at_gap
from explorer.filters import Filters, number
from explorer.meaning import Meaning
from foundation.errors import PgraphError, QueryError, UsageError
from graphstore import GraphStore
from graphstore.exports import PERSONA_COLUMNS, text_chunks

_TYPES = {"jsonl": "application/jsonl; charset=utf-8", "csv": "text/csv; charset=utf-8"}
Parameters = dict[str, str]  # of an address
Answering = Callable[[Parameters], Row | PageAnswer | Response]

HOST = "127.0.0.1"
STATIC = Path(__file__).parent / "static"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
WRITES = ("/api/expand", "/api/stop")  # only with `--write`, like the state of the expansion
WRITING = (*WRITES, "/api/expansion")
MARK = "x-pgraph"  # the header of a write: a page of another site must ask for permission to send it, and gets none
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


def bound_socket(port: int, host: str = HOST) -> socket.socket:
    """A socket on an address of this machine; port 0 picks a free one. Raises `UsageError` if the port cannot be used."""
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        raise UsageError(
            f"port {port} of {host} cannot be used: {error.strerror}",
            "Choose another port with --port, or leave --port out to get a free one."
            + ("" if host == HOST else " --host needs an address of this machine, or 0.0.0.0 for all of them."),
        ) from error
    return bound


def serve(listener: socket.socket, app: ASGIApp) -> None:
    """Answer requests on a socket until Ctrl-C."""
    import uvicorn

    config = uvicorn.Config(
        app, log_config=None, log_level="error", access_log=False, lifespan="off", server_header=False, ws="none"
    )
    uvicorn.Server(config).run(sockets=[listener])


def application(
    store: GraphStore,
    counting: Counting,
    meaning: Meaning,
    expanding: Expanding | None,
    *,
    port: int,
    token: str,
    read_tag: TagReader = no_tag,
) -> Starlette:
    """The web application: the page, its files, and the answers to its requests (/api/…).

    `expanding`: None for a page that only reads. `port`, `token`: what a request must name and carry. `read_tag`: how to
    read the reply cache of the workspace, to show the prompts of past calls.
    """
    api = _reading(store, counting, meaning, read_tag, write=expanding is not None)
    routes = [Route(f"/api/{name}", _endpoint(answer)) for name, answer in api.items()]
    routes += _writing(store, counting, expanding)
    pages = [Route("/", _page), Mount("/static", StaticFiles(directory=STATIC))]
    guard = Middleware(_Guard, port=port, token=token, write=expanding is not None)
    return Starlette(routes=[*routes, *pages], middleware=[guard])


def _reading(
    store: GraphStore, counting: Counting, meaning: Meaning, read_tag: TagReader, *, write: bool
) -> dict[str, Answering]:
    """The answers to requests that only read, by the name in their path."""

    def regions_left(filters: Filters) -> list[str] | None:
        return filters.regions(counting.regions())

    def overview(_: Parameters) -> Row:
        return {**counting.now().as_json(), "write": write}

    def region(parameters: Parameters) -> RegionPage:
        filters, skip = Filters.of(parameters), max(0, number(parameters, "skip", 0))
        return views.region(store, parameters.get("id", ""), filters, regions_left(filters), skip=skip)

    def persona(parameters: Parameters) -> Row:
        page = _persona(store, parameters, read_tag)
        place = views.around(page)
        return {**page.as_json(), "command": place and counting.command(place.query, place.depth)}

    def search(parameters: Parameters) -> FoundPeople:
        filters, words = Filters.of(parameters), parameters.get("words", "")
        if parameters.get("meaning"):
            return meaning.search(words, filters, regions_left(filters))
        return views.search(store, words, filters, regions_left(filters))

    def export(parameters: Parameters) -> Response:
        filters, form = Filters.of(parameters), parameters.get("format", "jsonl")
        return _stream(views.selected(store, filters, regions_left(filters), parameters.get("id")), form)

    return {
        "overview": overview,
        "region": region,
        "crowd": lambda parameters: views.crowd(store, parameters.get("id", ""), number(parameters, "size", 0)),
        "matching": lambda parameters: views.matching(store, Filters.of(parameters)),
        "persona": persona,
        "search": search,
        "export": export,
    }


def _writing(store: GraphStore, counting: Counting, expanding: Expanding | None) -> list[Route]:
    """The routes with which the page starts, follows and stops expansions; none if it only reads."""
    if expanding is None:
        return []

    def place_of(parameters: Parameters) -> AskingPlace:
        if "id" not in parameters:
            return at_gap(counting.now().survey, parameters.get("gap", ""))
        place = views.around(_persona(store, parameters))
        if place is None:
            raise UsageError("this persona is a duplicate", "Start from its survivor, which is linked on the page.")
        return place

    def start(parameters: Parameters) -> ExpansionState:
        return expanding.start(place_of(parameters), number(parameters, "calls", 0))

    return [
        Route("/api/expansion", _endpoint(lambda _: expanding.now())),
        Route("/api/expand", _endpoint(start), methods=["POST"]),
        Route("/api/stop", _endpoint(lambda _: expanding.stop()), methods=["POST"]),
    ]


def _page(_: Request) -> Response:
    return Response((STATIC / "index.html").read_bytes(), media_type="text/html; charset=utf-8")


def _endpoint(answer_to: Answering) -> Callable[[Request], Response]:
    """An endpoint, run in a thread of the server; it answers an error with {error, hint}."""

    def endpoint(request: Request) -> Response:
        try:
            answer = answer_to(dict(request.query_params))
        except PgraphError as error:
            return JSONResponse({"error": error.message, "hint": error.hint}, _status(error))
        if isinstance(answer, Response):
            return answer
        return JSONResponse(answer.as_json() if isinstance(answer, PageAnswer) else answer)

    return endpoint


def _status(error: PgraphError) -> HTTPStatus:
    if isinstance(error, QueryError):
        return HTTPStatus.GATEWAY_TIMEOUT
    return HTTPStatus.BAD_REQUEST if isinstance(error, UsageError) else HTTPStatus.SERVICE_UNAVAILABLE


def _stream(rows: Iterator[Row], form: str) -> Response:
    """The rows as a file to download; an error before the first row is still raised."""
    if form not in _TYPES:
        raise UsageError(f"unknown format {form!r}", f"Use {' or '.join(_TYPES)}.")
    chunks = text_chunks(rows, PERSONA_COLUMNS, form)
    first = next(chunks)
    headers = {"content-disposition": "attachment"}
    return StreamingResponse(chain([first], chunks), media_type=_TYPES[form], headers=headers)


def _persona(store: GraphStore, parameters: Parameters, read_tag: TagReader = no_tag) -> PersonaPage:
    page = views.persona(store, parameters.get("id", ""), read_tag)
    if page is None:
        raise UsageError(f"there is no persona {parameters.get('id', '')!r}", "Search for its words.")
    return page


class _Guard:
    """Refuses requests that do not come from the explorer's own page."""

    def __init__(self, app: ASGIApp, port: int, token: str, *, write: bool) -> None:
        self._app, self._token, self._write = app, token, write
        self._hosts = (f"{HOST}:{port}", f"localhost:{port}")
        self._cookie = f"pgraph-{port}"  # a cookie is sent to every port of a host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        refusal = self._refusal(request)
        if refusal is not None:
            await refusal(scope, receive, _with_headers(send, {}))
            return
        linked = "token" in request.query_params
        cookie = f"{self._cookie}={self._token}; Path=/; HttpOnly; SameSite=Strict"
        await self._app(scope, receive, _with_headers(send, {"set-cookie": cookie} if linked else {}))

    def _refusal(self, request: Request) -> Response | None:
        origin = request.headers.get("origin")
        if request.headers.get("host") not in self._hosts:
            return PlainTextResponse("This is not the host name of the explorer.\n", HTTPStatus.FORBIDDEN)
        if origin is not None and origin.removeprefix("http://") not in self._hosts:
            return PlainTextResponse("This request comes from the page of another site.\n", HTTPStatus.FORBIDDEN)
        token = request.query_params.get("token") or request.cookies.get(self._cookie, "")
        if not secrets.compare_digest(token.encode(), self._token.encode()):
            text = "The token is missing or wrong. Open the last link that `pgraph explore` printed.\n"
            return PlainTextResponse(text, HTTPStatus.FORBIDDEN)
        return self._refusal_to_write(request)

    def _refusal_to_write(self, request: Request) -> Response | None:
        path = request.scope["path"]
        if path in WRITING and not self._write:
            return PlainTextResponse(
                "This explorer only reads. To start expansions, use `pgraph explore --write`.\n", HTTPStatus.FORBIDDEN
            )
        if request.method in ("GET", "HEAD"):
            return None
        if request.method != "POST" or path not in WRITES:
            return PlainTextResponse("Only reading is possible here.\n", HTTPStatus.METHOD_NOT_ALLOWED)
        if "origin" not in request.headers or MARK not in request.headers:
            return PlainTextResponse("Only the explorer's own page can start something.\n", HTTPStatus.FORBIDDEN)
        return None


def _with_headers(send: Send, more: dict[str, str]) -> Callable[[Message], Awaitable[None]]:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = [(name.encode(), value.encode()) for name, value in {**HEADERS, **more}.items()]
            message["headers"] = [*message.get("headers", []), *headers]
        await send(message)

    return sent
