"""A running `pgraph explore`, and requests to it as a browser, or somebody else, would make them."""

import json
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.console import Console
from tests.fakes import world


def anybody(request: dict[str, Any]) -> str:
    """What the world's model says, whatever the relationship is called."""
    asked = json.loads(json.dumps(request))
    person = asked["response_format"]["json_schema"]["schema"]["properties"]["personas"]["items"]["properties"]
    kinds = person["relation"]["enum"]
    name = kinds[0]
    kinds[0] = world.KINDS[len(name) % len(world.KINDS)]
    said = json.loads(world.answer(asked))
    return json.dumps({"personas": [{**person, "relation": name} for person in said["personas"]]})


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: str

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Explorer:
    link: str
    pid: int

    @property
    def port(self) -> int:
        return urlsplit(self.link).port or 0

    @property
    def token(self) -> str:
        return parse_qs(urlsplit(self.link).query)["token"][0]

    def ask(self, path: str, *, method: str = "GET", cookie: str | None = None, **headers: str) -> Reply:
        """With the cookie that the page gets, unless another one is given ("": none)."""
        kept = f"pgraph-{self.port}={self.token}" if cookie is None else cookie
        given = {"Cookie": kept} if kept else {}
        line = HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            line.request(method, path, headers={**given, **headers})
            answer = line.getresponse()
            return Reply(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read().decode())
        finally:
            line.close()

    def api(self, path: str, **asked: object) -> Any:
        reply = self.ask(f"/api/{path}?{urlencode(asked)}")
        assert reply.status == 200, reply.body
        return reply.json

    def tell(self, path: str, **asked: object) -> Reply:
        """A write, as the page makes it."""
        origin = f"http://127.0.0.1:{self.port}"
        return self.ask(f"/api/{path}?{urlencode(asked)}", method="POST", Origin=origin, **{"X-Pgraph": "page"})

    def run(self, until: Callable[[Any], bool] = lambda run: run["code"] is not None) -> Any:
        """How the expansion goes, once it has come so far."""
        deadline = time.monotonic() + 60
        while not until(run := self.api("expansion")["run"]):
            assert run["code"] is None, run
            assert time.monotonic() < deadline, run
            time.sleep(0.1)
        return run

    def survey(self) -> Any:
        """The overview, waited for."""
        for _ in range(300):
            told = self.api("overview")
            if told["survey"] is not None and not told["stale"]:
                return told["survey"]
            time.sleep(0.1)
        raise AssertionError("the graph was never counted")


@contextmanager
def explorer(
    work: Console, *more: str, env: Mapping[str, str] | None = None, before: Sequence[str] = ()
) -> Iterator[Explorer]:
    with linked(work, "explore", *more, env=env, before=before) as (link, process):
        yield Explorer(link, process)


@contextmanager
def linked(
    work: Console, *command: str, env: Mapping[str, str] | None = None, before: Sequence[str] = ()
) -> Iterator[tuple[str, int]]:
    """What a command serves, by its link, and the process; ended by Ctrl-C, which is no failure, and says nothing else."""
    process = work.start(*before, "--json", "--quiet", *command, "--no-browser", env=env)
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert line, process.communicate()[1]
        yield json.loads(line)["link"], process.pid
    finally:
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (0, "", "")
