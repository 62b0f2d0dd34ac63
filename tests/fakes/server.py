"""A fake OpenAI-compatible server: fast, deterministic, with faults by script.

In a thread:   with FakeServer(latency=0.05, faults=[{"kind": "429", "rate": 0.1}]) as server: ... server.base_url
As a process:  python -m tests.fakes.server --latency 0.05 --faults '[{"kind": "500"}]' --answer module:function

A fault is a JSON object: `kind` (see tests/fakes/faults.py), and any of
  rate            share of the requests it hits (default 1)
  first, last     only requests with these numbers, counted from 0 per route
  after, before   only in this window, in seconds since the first request of all
  on              "chat" (default), "embeddings" or "models"
and what the kind itself takes (retry_after, headers, seconds, status). The first fault that hits a request wins.
"""

import argparse
import asyncio
import contextlib
import hashlib
import importlib
import json
import random
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.fakes import replies
from tests.fakes.faults import Outcome, apply

Answer = Callable[[dict[str, Any]], str]
Fault = Mapping[str, Any]
MODEL = "fake-model"
_LENGTH = re.compile(rb"\r\ncontent-length:\s*(\d+)", re.IGNORECASE)
_KEY = re.compile(rb"\r\nauthorization:\s*bearer\s+(\S+)", re.IGNORECASE)
_ROUTES = {"/v1/chat/completions": "chat", "/v1/embeddings": "embeddings", "/v1/models": "models", "/stats": "stats"}


class FakeServer:
    """`answer` gets the request's body and returns the reply's text; by default a reply that fits the asked schema."""

    def __init__(
        self,
        *,
        answer: Answer | None = None,
        faults: Sequence[Fault] = (),
        latency: float = 0.0,
        models: Sequence[str] = (MODEL,),
        key: str = "",
        port: int = 0,
        seed: int = 0,
    ) -> None:
        self.answer = answer or replies.answer
        self.faults = list(faults)
        self.latency = latency
        self.models = list(models)
        self.key = key
        self.port = port
        self.base_url = ""
        self.requests: list[dict[str, Any]] = []  # bodies of the last 1,000 chat requests
        self._random = random.Random(seed)
        self._counts: Counter[str] = Counter()
        self._hits: Counter[str] = Counter()
        self._paid: Counter[str] = Counter()
        self._began = 0.0
        self._in_flight = self._most_in_flight = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._connections: set[_Connection] = set()

    # -- life

    def __enter__(self) -> Self:
        ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self.serve(ready.set)), daemon=True)
        self._thread.start()
        if not ready.wait(10):
            raise TimeoutError("the fake server did not start")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End at once, with open connections cut: also what a test calls for "the server is gone"."""
        loop, thread, self._thread = self._loop, self._thread, None
        if loop is not None and thread is not None:
            with contextlib.suppress(RuntimeError):  # closed already
                loop.call_soon_threadsafe(self._stopped.set)
            thread.join(10)

    async def serve(self, ready: Callable[[], object]) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopped = asyncio.Event()
        listener = await self._loop.create_server(lambda: _Connection(self), "127.0.0.1", self.port, backlog=1024)
        self.port = listener.sockets[0].getsockname()[1]
        self.base_url = f"http://127.0.0.1:{self.port}/v1"
        ready()
        await self._stopped.wait()
        listener.close()
        for connection in list(self._connections):
            connection.cut()
        await asyncio.sleep(0)

    # -- what was asked

    def stats(self) -> dict[str, Any]:
        """Counts since the start: `paid` chat replies handed out, and how many of them answered a body seen before."""
        paid = self._paid.total()
        return {
            "chat": self._counts["chat"],
            "embeddings": self._counts["embeddings"],
            "models": self._counts["models"],
            "paid": paid,
            "paid_twice": paid - len(self._paid),
            "faults": dict(self._hits),
            "in_flight": self._in_flight,
            "most_in_flight": self._most_in_flight,
        }

    # -- answering

    def respond(self, route: str, head: bytes, body: bytes) -> Outcome:
        number = self._counts[route]
        self._counts[route] += 1
        self._began = self._began or time.monotonic()
        if route == "stats":
            return Outcome(200, self.stats())
        if self.key and ((found := _KEY.search(head)) is None or found[1].decode() != self.key):
            return Outcome(401, {"error": "Unauthorized"})
        try:
            request: dict[str, Any] = json.loads(body) if body else {}
        except ValueError:
            return Outcome(400, {"error": {"message": "the body is not JSON", "type": "BadRequestError", "code": 400}})
        if route == "models":
            outcome = Outcome(
                200, {"object": "list", "data": [{"id": name, "object": "model"} for name in self.models]}
            )
        elif (name := request.get("model")) not in (None, *self.models):
            message = f"The model `{name}` does not exist."
            return Outcome(404, {"error": {"message": message, "type": "NotFoundError", "param": "model", "code": 404}})
        elif route == "chat":
            outcome = self._chat(request)
        else:
            outcome = Outcome(200, replies.embeddings(request))
        return self._with_faults(route, number, request, outcome)

    def _chat(self, request: dict[str, Any]) -> Outcome:
        self.requests = [*self.requests[-999:], request] if len(self.requests) >= 2000 else self.requests
        self.requests.append(request)
        return Outcome(200, None, later=lambda: replies.completion(request, self.answer(request)), seconds=self.latency)

    def _with_faults(self, route: str, number: int, request: dict[str, Any], outcome: Outcome) -> Outcome:
        seconds = time.monotonic() - self._began
        for fault in self.faults:
            if fault.get("on", "chat") != route or not fault.get("first", 0) <= number <= fault.get("last", number):
                continue
            if not fault.get("after", 0) <= seconds <= fault.get("before", seconds):
                continue
            if self._random.random() >= fault.get("rate", 1):
                continue
            changed = apply(fault, request, outcome)
            if changed is not None:
                self._hits[str(fault["kind"])] += 1
                return changed
        return outcome

    def began(self) -> None:
        self._in_flight += 1
        self._most_in_flight = max(self._most_in_flight, self._in_flight)

    def ended(self, body: bytes, outcome: Outcome) -> None:
        self._in_flight -= 1
        if outcome.later is not None:
            self._paid[hashlib.sha256(body).hexdigest()] += 1


class _Connection(asyncio.Protocol):
    """One keep-alive connection: one request at a time."""

    def __init__(self, server: FakeServer) -> None:
        self._server = server
        self._data = b""
        self._busy = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._server._connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  asyncio's signature
        self._transport = None
        self._server._connections.discard(self)

    def data_received(self, data: bytes) -> None:
        self._data += data
        if not self._busy:
            self._next()

    def cut(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def _next(self) -> None:
        end = self._data.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._data[:end]
        length = int(found[1]) if (found := _LENGTH.search(head)) else 0
        if len(self._data) < end + 4 + length:
            return
        body, self._data = self._data[end + 4 : end + 4 + length], self._data[end + 4 + length :]
        path = head.split(b" ", 2)[1].decode().split("?")[0]
        route = _ROUTES.get(path, "")
        outcome = self._server.respond(route, head, body) if route else Outcome(404, {"detail": "Not Found"})
        self._busy = True
        self._server.began()
        if outcome.seconds:
            asyncio.get_running_loop().call_later(outcome.seconds, self._finish, body, outcome)
        else:
            self._finish(body, outcome)

    def _finish(self, body: bytes, outcome: Outcome) -> None:
        if outcome.hang:
            return
        if self._transport is None:  # the client went away: as with a real server, that work is not counted as paid
            self._server._in_flight -= 1
            return
        self._server.ended(body, outcome)
        self._busy = False
        if outcome.reset:
            self._transport.abort()
            return
        content = (
            outcome.text if outcome.text is not None else json.dumps(outcome.later() if outcome.later else outcome.body)
        )
        payload = content.encode()
        headers = "".join(f"{name}: {value}\r\n" for name, value in outcome.headers.items())
        self._transport.write(
            f"HTTP/1.1 {outcome.status} X\r\ncontent-type: {outcome.kind}\r\n"
            f"{headers}content-length: {len(payload)}\r\n\r\n".encode()
            + payload
        )
        if self._data:
            self._next()


@contextlib.contextmanager
def started(*arguments: str) -> Iterator[str]:
    """The server as a process of its own; gives its base_url."""
    root = Path(__file__).parent.parent.parent
    command = [sys.executable, "-m", "tests.fakes.server", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=root, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.kill()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds until each chat reply")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--faults", type=json.loads, default=[], help="JSON list of faults")
    parser.add_argument(
        "--answer", default="tests.fakes.replies:answer", help="module:function, request body -> reply text"
    )
    parser.add_argument("--models", default=MODEL, help="names, with commas")
    parser.add_argument("--key", default="", help="the API key that requests must bring")
    parser.add_argument("--seed", type=int, default=0, help="of the random faults")
    options = parser.parse_args()
    module, _, function = options.answer.partition(":")
    server = FakeServer(
        answer=getattr(importlib.import_module(module), function),
        faults=options.faults,
        latency=options.latency,
        models=options.models.split(","),
        key=options.key,
        port=options.port,
        seed=options.seed,
    )
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(server.serve(lambda: print(server.base_url, flush=True)))


if __name__ == "__main__":
    main()
