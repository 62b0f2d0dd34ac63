"""`pgraph explore --write`: an expansion started by what the page sends, watched, stopped, ended with the explorer."""

import json
import signal
import time
from collections.abc import Iterator

import psutil
import pytest

from tests.cli.expanding import Field
from tests.cli.exploring import Explorer, anybody, explorer
from tests.console import Console
from tests.fakes.server import FakeServer

SLOW = {"PGRAPH_AT_ONCE": "1"}


@pytest.fixture
def model() -> Iterator[FakeServer]:
    with FakeServer(answer=anybody, latency=0.1) as server:
        yield server


@pytest.fixture
def seeded(work: Console) -> Field:
    made = Field(work, {})
    made.seed(20)
    return made


def gap_of(running: Explorer) -> tuple[str, str]:
    """A gap that the page shows, and the command there."""
    missing = running.survey()["regions"][0]["missing"]
    return missing["gap"], missing["command"]


def children(running: Explorer) -> list[psutil.Process]:
    return [one for one in psutil.Process(running.pid).children() if "expand" in one.cmdline()]


def child_of(running: Explorer, seconds: float = 20) -> psutil.Process:
    """The expansion that was started; for a moment after its start a process has no command line."""
    deadline = time.monotonic() + seconds
    while not (found := children(running)) and time.monotonic() < deadline:
        time.sleep(0.02)
    (child,) = found
    return child


def gone(process: psutil.Process, seconds: float = 20) -> bool:
    deadline = time.monotonic() + seconds
    while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def test_from_a_gap_to_new_personas(field: Field, model: FakeServer) -> None:
    field.seed(20)
    field.expand(model, "--calls", "20")
    with explorer(field.work, "--write", env=field.env(model, SLOW)) as running:
        before = running.survey()
        gap, command = gap_of(running)
        assert running.api("expansion") == {"model": f"the first model at {model.base_url}", "run": None}
        asked = model.stats()["paid"]
        started = running.tell("expand", gap=gap, calls=9)
        assert started.status == 200, started.body
        assert started.json["run"]["code"] is None
        child = child_of(running)
        assert [word for word in child.cmdline() if word in command.split()][-3:] == [
            "--depth",
            command.split()[-3],
            "--calls",
        ]
        underway = running.run(lambda run: bool(run["calls"]))
        assert underway["so_far"]["calls"] < 9
        again = running.tell("expand", gap=gap, calls=1)
        assert (again.status, "is already running" in again.json["error"], "stop it" in again.json["hint"]) == (
            400,
            True,
            True,
        )
        ended = running.run()
        assert (ended["code"], ended["so_far"]["calls"], model.stats()["paid"] - asked) == (0, 9, 9)
        assert ended["command"] == command.removesuffix("5") + "9"
        assert any("Stopped by: calls" in line for line in ended["said"])
        assert [call["order"] for call in ended["calls"]] == list(range(1, 10))
        named = [one for call in ended["calls"] for one in call["people"]]
        assert len(named) == ended["so_far"]["new"] > 0
        held = {row["id"]: row["persona"] for row in field.personas()}
        assert all(held[one["id"]] == one["text"] for one in named)
        after = running.survey()
        assert after["overall"][0]["distinct"] == before["overall"][0]["distinct"] + len(named)
        assert after["overall"] == field.work.run("--json", "coverage", env=field.env(model)).json["overall"]
        was, now = (next(row for row in one["overall"] if row["resolution"] == "role") for one in (before, after))
        assert now["coverage"] == ended["so_far"]["coverage"]
        assert now["distinct"] == was["distinct"] + ended["so_far"]["new_roles"]
        assert running.api("expansion")["run"] == ended


def test_from_a_persona_to_those_around_it(seeded: Field, model: FakeServer) -> None:
    someone = seeded.personas()[7]
    with explorer(seeded.work, "--write", env=seeded.env(model, SLOW)) as running:
        command = running.api("persona", id=someone["id"])["command"]
        assert running.tell("expand", id="p0", calls=3).status == 400
        assert running.tell("expand", id=someone["id"], calls=3).status == 200
        ended = running.run()
    assert (ended["code"], ended["command"]) == (0, command.removesuffix("5") + "3")
    asked = [request["messages"][-1]["content"] for request in model.requests]
    assert len(asked) == 3
    assert all(someone["persona"] in prompt for prompt in asked)


def test_stopped_and_gone_on_with(field: Field, model: FakeServer) -> None:
    field.seed(20)
    with explorer(field.work, "--write", env=field.env(model, SLOW)) as running:
        gap, _ = gap_of(running)
        running.tell("expand", gap=gap, calls=400)
        running.run(lambda run: len(run["calls"]) > 2)
        assert running.tell("stop").json["run"]["stopping"]
        stopped = running.run()
        assert stopped["code"] == 130
        assert "Run the same command again to continue" in stopped["said"][-1]
        held = {row["id"] for row in field.personas()}
        assert {one["id"] for call in stopped["calls"] for one in call["people"]} <= held
        assert running.tell("stop").json["run"] == stopped  # nothing is left to stop
        paid = model.stats()["paid"]
        time.sleep(0.5)
        assert model.stats()["paid"] == paid


def test_stopped_before_it_asks_anything(seeded: Field, model: FakeServer) -> None:
    model.latency = 30  # on a busy machine it may have asked before the stop arrives, but has no answer
    with explorer(seeded.work, "--write", env=seeded.env(model)) as running:
        gap, _ = gap_of(running)
        for _ in range(3):
            running.tell("expand", gap=gap, calls=5)
            running.tell("stop")
            ended = running.run()
            assert ended["code"] == 130, ended
            assert ended["said"][-1].startswith("Interrupted")
            assert not any("Traceback" in line for line in ended["said"])
    assert model.stats()["paid"] == 0


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_the_explorer_ends_and_its_expansion_with_it(seeded: Field, model: FakeServer, how: signal.Signals) -> None:
    options = ("--json", "--quiet", "explore", "--no-browser", "--write")
    process = seeded.work.start(*options, env=seeded.env(model, SLOW))
    assert process.stdout is not None
    running = Explorer(json.loads(process.stdout.readline())["link"], process.pid)
    gap, _ = gap_of(running)
    running.tell("expand", gap=gap, calls=400)
    running.run(lambda run: len(run["calls"]) > 2)
    child = child_of(running)
    process.send_signal(how)
    _, err = process.communicate(timeout=30)
    if how != signal.SIGKILL:
        assert (process.returncode, err) == (0, "")
        assert not child.is_running()  # it was waited for
    assert gone(child)
    paid = model.stats()["paid"]
    assert paid < 100
    time.sleep(0.5)
    assert model.stats()["paid"] == paid
    assert len(seeded.personas()) > 20


@pytest.mark.parametrize(
    ("what", "says", "next_step"),
    [
        ("no server", "no model server at", "Start it"),
        ("a wrong key", "401", "OPENAI_API_KEY"),
    ],
)
def test_what_pgraph_says_is_told(seeded: Field, what: str, says: str, next_step: str) -> None:
    with FakeServer(answer=anybody, key="right") as model:
        env = seeded.env(model, {"OPENAI_API_KEY": "wrong", "PGRAPH_PATIENCE": "1"})
        if what == "no server":
            model.stop()
        with explorer(seeded.work, "--write", env=env) as running:
            gap, _ = gap_of(running)
            running.tell("expand", gap=gap, calls=5)
            ended = running.run()
            said = "\n".join(ended["said"])
            assert (ended["code"], ended["so_far"]) == (4, None)
            assert said.startswith("Error: ")
            assert says in said
            assert next_step in said
            assert running.tell("expand", gap=gap, calls=5).status == 200  # it can be tried again


@pytest.fixture
def ready(seeded: Field) -> Iterator[tuple[Explorer, str]]:
    with explorer(seeded.work, "--write") as running:
        yield running, gap_of(running)[0]


FORM = {"X-Pgraph": "", "Content-Type": "application/x-www-form-urlencoded"}
STRANGERS: dict[str, tuple[str | None, dict[str, str], str, int]] = {  # cookie, headers, method, status
    "a missing token": ("", {}, "POST", 403),
    "a wrong token": ("pgraph-{port}=wrong", {}, "POST", 403),
    "a page of another site": (None, {"Origin": "http://evil.test"}, "POST", 403),
    "a page of another server here": (None, {"Origin": "http://127.0.0.1:1"}, "POST", 403),
    "a page in a sandbox": (None, {"Origin": "null"}, "POST", 403),
    "no page": (None, {"Origin": ""}, "POST", 403),
    "DNS rebinding": (None, {"Host": "evil.test:{port}", "Origin": "http://evil.test:{port}"}, "POST", 403),
    "a form": (None, FORM, "POST", 403),
    "a form of plain text": (None, {"X-Pgraph": "", "Content-Type": "text/plain"}, "POST", 403),
    "a question whether it may": (None, {"X-Pgraph": "", "Access-Control-Request-Headers": "x-pgraph"}, "OPTIONS", 405),
    "a link": (None, {"Origin": "", "X-Pgraph": ""}, "GET", 405),
    "another method": (None, {}, "PUT", 405),
}


def test_who_may_not_start_anything(ready: tuple[Explorer, str]) -> None:
    running, gap = ready
    for what, (cookie, headers, method, status) in STRANGERS.items():
        given = {"Origin": "http://127.0.0.1:{port}", "X-Pgraph": "page", **headers}
        sent = {name: value.format(port=running.port) for name, value in given.items() if value}
        held = None if cookie is None else cookie.format(port=running.port)
        for path in (f"/api/expand?gap={gap}&calls=5", "/api/stop"):
            reply = running.ask(path, method=method, cookie=held, **sent)
            assert reply.status == status, what
            assert "access-control-allow-origin" not in reply.headers
    assert running.api("expansion")["run"] is None


def test_what_is_no_gap_or_no_number_of_calls(ready: tuple[Explorer, str]) -> None:
    running, gap = ready
    numbers = {"0": "not between 1 and", "-3": "not between", "1000001": "not between", "1e3": "is not a whole number"}
    for calls, says in numbers.items():
        reply = running.tell("expand", gap=gap, calls=calls)
        assert (reply.status, says in reply.json["error"]) == (400, True)
    for other in ("", "none", "expand --from x"):
        reply = running.tell("expand", gap=other, calls=5)
        assert (reply.status, "Reload the page" in reply.json["hint"]) == (400, True)
    told = running.api("expansion")
    assert told["run"] is None
    assert told["model"].startswith("the small bundled model")


def test_without_write_it_only_reads(seeded: Field) -> None:
    with explorer(seeded.work) as running:
        gap, _ = gap_of(running)
        assert running.api("overview")["write"] is False
        for reply in (running.tell("expand", gap=gap, calls=5), running.tell("stop"), running.ask("/api/expansion")):
            assert (reply.status, "pgraph explore --write" in reply.body) == (403, True)


def test_the_command_is_that_of_who_looks(seeded: Field) -> None:
    """The kept overview names no directory: the same graph looked at from elsewhere."""
    with explorer(seeded.work) as running:
        assert gap_of(running)[1].startswith("pgraph expand --from")
    with explorer(seeded.work, before=("-C", str(seeded.work.directory))) as running:
        assert gap_of(running)[1].startswith(f"pgraph -C {seeded.work.directory} expand --from")
