"""What goes wrong while `pgraph ask`, `distill` and `judge` run: what `test_expand_faults` has for `expand`, for these."""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pytest

from graphstore.server import local
from tests.cli.expanding import Field
from tests.cli.test_distill import model, run
from tests.cli.test_expand_faults import FAILING, UNUSABLE, finish, wait_for
from tests.console import Console
from tests.fakes.server import FakeServer

pytestmark = pytest.mark.timeout(600)
CALLS = 24
LASTING = {"401", "500-for-ever", "429-for-ever", "hangs"}
WORK = {  # command -> its arguments, the query for what it made
    "ask": ("ask --calls 24 --per-call 1", "MATCH (n:Question) RETURN count(n) AS n"),
    "distill": ("distill", "MATCH (n:Knowledge) RETURN count(n) AS n"),
    "judge": ("judge questions", "MATCH (:Run)-[n:JUDGED]->(:Question) WHERE n.failure IS NULL RETURN count(n) AS n"),
}


@pytest.fixture(params=list(WORK))
def ready(request: pytest.FixtureRequest, work: Console) -> tuple[Field, str]:
    """A graph in which the command has 24 calls to make."""
    field = Field(work, {})
    field.seed(20)
    if request.param != "ask":
        with model() as server:
            run(field, server, "ask", "--calls", str(CALLS), "--per-call", "1", "--seed", "9")
            asked = field.rows(WORK["ask"][1])[0]["n"]
            assert asked == CALLS, "no question came twice"
    return field, str(request.param)


def start(field: Field, server: FakeServer, command: str, **env: str) -> "subprocess.Popen[str]":
    arguments = WORK[command][0].split()
    return field.work.start("--json", *arguments, "--at-once", "4", env=field.env(server, env))


def go(
    field: Field, server: FakeServer, command: str, code: int | None = 0, env: Mapping[str, str] | None = None
) -> Any:
    arguments = WORK[command][0].split()
    return field.work.run("--json", *arguments, "--at-once", "4", env=field.env(server, env), code=code)


def made(field: Field, command: str) -> int:
    found: int = field.rows(WORK[command][1])[0]["n"]
    return found


@pytest.mark.parametrize(("faults", "code", "says"), [one for one in FAILING if one.id in LASTING])
def test_a_model_server_that_stays_broken_ends_the_run(
    ready: tuple[Field, str], faults: list[dict[str, Any]], code: int, says: str
) -> None:
    field, command = ready
    with model(*faults, latency=0.3) as server:
        env = {"PGRAPH_PATIENCE": "3", "PGRAPH_TIMEOUT": "1"}
        done = go(field, server, command, code, env)
        assert says in done.err
        assert "Traceback" not in done.err
        server.faults.clear()
        again = go(field, server, command, None, env)
        assert again.code in (0, 1)  # 1: calls that the broken server failed count as failed
        if again.code == 1:
            go(field, server, command, None, env)  # tries those once more
        assert server.stats()["paid_twice"] <= 4
    if command != "ask":  # which spends calls, whatever comes of them
        assert made(field, command) == CALLS


@pytest.mark.parametrize(("kind", "reason"), UNUSABLE[::3])
def test_an_unusable_reply_is_a_failed_call_with_its_reason(ready: tuple[Field, str], kind: str, reason: str) -> None:
    field, command = ready
    with model({"kind": kind, "first": 0, "last": 5}) as server:
        done = go(field, server, command, 1).json
        assert (done["calls"], done["failed_calls"], done["failures"]) == (CALLS, 6, {reason: 6})
        if command != "ask":
            assert go(field, server, command).json["calls"] == 6
            assert made(field, command) == CALLS


def test_a_storm_costs_no_answer(ready: tuple[Field, str]) -> None:
    field, command = ready
    storm = [
        {"kind": "429", "rate": 0.2, "retry_after": 0.1},
        {"kind": "500", "rate": 0.2},
        {"kind": "reset", "rate": 0.1},
    ]
    with model(*storm) as server:
        done = go(field, server, command, env={"PGRAPH_PATIENCE": "30", "PGRAPH_TIMEOUT": "2"}).json
    assert (done["calls"], done["failed_calls"], made(field, command)) == (CALLS, 0, CALLS)


def test_a_killed_graph_server_is_a_clear_error_and_the_run_goes_on(ready: tuple[Field, str]) -> None:
    field, command = ready
    with model(latency=0.3) as server:
        process = start(field, server, command)
        wait_for(lambda: server.stats()["paid"] >= 8)
        os.kill(local.status(field.work.directory / ".pgraph" / "store").pid, signal.SIGKILL)
        code, out, err = finish(process)
        assert (code, json.loads(out)["stopped_by"]) == (3, "store"), err
        assert "continues" in err
        assert go(field, server, command).json["calls"] == CALLS
        assert server.stats()["paid_twice"] <= 4
    assert made(field, command) == CALLS


def test_ctrl_c(ready: tuple[Field, str]) -> None:
    field, command = ready
    with model(latency=0.3) as server:
        process = start(field, server, command)
        wait_for(lambda: server.stats()["paid"] >= 8)
        process.send_signal(signal.SIGINT)
        code, _, err = finish(process)
        assert (code, "to continue" in err) == (130, True)
        assert go(field, server, command).json["calls"] == CALLS
        assert server.stats()["paid_twice"] <= 4
    assert made(field, command) == CALLS


def test_two_processes_at_once(ready: tuple[Field, str]) -> None:
    """Neither fails, and what both made is in the graph once."""
    field, command = ready
    with model(latency=0.05) as server:
        ends = [finish(process) for process in [start(field, server, command) for _ in range(2)]]
    assert [code for code, _, _ in ends] == [0, 0], ends
    if command == "distill":
        answers = field.rows("MATCH (k:Knowledge)-[:ANSWERS]->(q:Question) RETURN q.id AS id, count(k) AS answers")
        assert [row["answers"] for row in answers] == [1] * CALLS
    texts = field.rows("MATCH (q:Question) RETURN q.text AS text")
    assert len({row["text"] for row in texts}) == len(texts)


def test_a_full_disk_under_the_reply_cache(ready: tuple[Field, str]) -> None:
    """No file of pgraph's may grow past 60 kB: the reply cache cannot keep what comes."""
    field, command = ready
    shutil.rmtree(field.work.directory / ".pgraph" / "vectors", ignore_errors=True)
    arguments = ["--json", *WORK[command][0].split(), "--new-run", "--at-once", "4"]
    for name in field.work.directory.glob(".pgraph/replies.sqlite*"):
        name.unlink()
    with model() as server:
        done = subprocess.run(
            [sys.executable, "-m", "pgraph", *arguments],
            cwd=field.work.directory,
            env=field.work.environment(field.env(server)),
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000)),
        )
        assert done.returncode == 3, done.stderr
        assert "Traceback" not in done.stderr
        assert "disk" in done.stderr or "space" in done.stderr
        assert go(field, server, command).json["calls"] == CALLS
    assert made(field, command) == CALLS


def test_a_wrong_model_name(ready: tuple[Field, str]) -> None:
    field, command = ready
    with model() as server:
        done = field.work.run(*WORK[command][0].split(), "--model", "no-such", env=field.env(server), code=4)
    assert "no-such" in done.err
    assert "fake-model" in done.err
