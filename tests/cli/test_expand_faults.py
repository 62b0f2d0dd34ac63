"""What goes wrong while `pgraph expand` runs: nothing paid is lost, nobody is doubled, the message says what to do."""

import contextlib
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest

from foundation.model.replies import Replies
from graphstore.server import local
from tests.cli.expanding import Field
from tests.console import Console
from tests.fakes import world
from tests.fakes.faults import NO_EMBEDDINGS
from tests.fakes.server import FakeServer

pytestmark = pytest.mark.timeout(600)

KILLS = 20
AT_ONCE = 8


@pytest.fixture
def seeded(field: Field) -> Field:
    field.seed()
    return field


@contextlib.contextmanager
def model(*faults: Mapping[str, Any], latency: float = 0.0, key: str = "") -> Iterator[FakeServer]:
    with FakeServer(answer=world.answer, faults=faults, latency=latency, key=key) as server:
        yield server


def texts(rows: Sequence[Mapping[str, Any]]) -> list[tuple[str, str | None]]:
    return [(row["persona"], row["duplicate_of"]) for row in rows]


def start(field: Field, server: FakeServer, *more: str) -> "subprocess.Popen[str]":
    return field.work.start(*field.arguments(*more, "--at-once", str(AT_ONCE)), env=field.env(server))


def finish(process: "subprocess.Popen[str]", timeout: float = 60) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=timeout)
    return process.returncode, out, err


def finished(field: Field) -> bool:
    states = field.rows("MATCH (r:Run) WHERE r.command = 'expand' RETURN r.state AS state")
    return any(row["state"] == "finished" for row in states)


def killed(process: "subprocess.Popen[str]", server: FakeServer, replies: int, seconds: float) -> bool:
    """Killed so long after so many more replies; False where the run ended before."""
    enough = server.stats()["paid"] + replies
    wait_for(lambda: server.stats()["paid"] >= enough or process.poll() is not None)
    time.sleep(seconds)
    under_way = process.poll() is None
    process.kill()
    process.communicate()
    return under_way


def test_killed_at_twenty_moments_and_resumed(seeded: Field) -> None:
    """The same set of personas as in an undisturbed run; no reply paid twice beyond those in flight at the kills."""
    options = ("--calls", "150", "--strategy", "breadth-first", "--exclude", "0")  # lists depend on what is under way
    moments = random.Random(1)
    # four at any moment of the start, the others between two replies or amid the writes that follow them
    replies = [0, 0, 0, 0, *(moments.randint(1, 5) for _ in range(KILLS - 4))]
    with model(latency=0.05) as server:
        kills = 0
        for more in replies:
            process = start(seeded, server, *options)
            if not killed(process, server, more, moments.random() * (0.05 if more else 1.0)):
                break
            kills += 1
        if not finished(seeded):  # else killed between its last write and its end: once more would be a run of its own
            code, _, err = finish(start(seeded, server, *options))
            assert code == 0, err
        paid = server.stats()
        resumed = texts(seeded.personas())
    seeded.work.empty()
    if seeded.store:
        seeded.work.run("local", "stop", code=None)
    other = Field(seeded.work, {})
    other.seed()
    with model() as server:
        other.expand(server, *options)
        assert kills >= KILLS / 2
        assert texts(other.personas()) == resumed
    assert paid["paid_twice"] <= kills * AT_ONCE
    print(f"{kills} kills: {paid['paid']} replies paid for 150 calls, {paid['paid_twice']} twice")


def test_killed_while_it_groups_it_groups_when_it_goes_on(seeded: Field) -> None:
    """Else its matching would rest on other groups than those of an undisturbed run."""
    options = ("--calls", "10", "--strategy", "breadth-first")
    shutil.rmtree(seeded.work.directory / ".pgraph" / "vectors", ignore_errors=True)  # what other tests left there
    with model({"kind": "slow", "seconds": 60, "on": "embeddings", "last": 0}) as server:
        process = start(seeded, server, *options)
        wait_for(lambda: server.stats()["embeddings"] > 0)
        process.kill()
        process.communicate()
        assert not seeded.rows("MATCH (g:DomainGroup) RETURN g.id AS id")
        code, _, err = finish(start(seeded, server, *options))
    assert (code, "Continuing run" in err, "Grouping the domains" in err) == (0, True, True)


def test_an_interrupted_coverage_run_uses_what_it_paid_for(seeded: Field) -> None:
    options = ("--calls", "80")
    with model(latency=0.02) as server:
        process = start(seeded, server, *options)
        wait_for(lambda: server.stats()["paid"] >= 30)
        process.kill()
        process.communicate()
        done = seeded.expand(server, *options, "--at-once", str(AT_ONCE)).json
        assert done["calls"] == 80
        assert server.stats()["paid"] <= 80 + AT_ONCE
        assert server.stats()["paid_twice"] <= AT_ONCE


def test_a_resumed_run_says_so_and_a_new_one_can_be_asked_for(seeded: Field) -> None:
    with model(latency=0.05) as server:
        process = start(seeded, server, "--calls", "60")
        wait_for(lambda: server.stats()["paid"] >= 20)
        process.kill()
        process.communicate()
        afresh = seeded.expand(server, "--calls", "5", "--at-once", str(AT_ONCE))
        assert "Continuing" not in afresh.err
        again = seeded.expand(server, "--calls", "60", "--at-once", str(AT_ONCE))
    assert "Continuing run" in again.err
    assert "--new-run" in again.err


def test_ctrl_c_ends_within_two_seconds_with_whole_rows(seeded: Field) -> None:
    options = ("--calls", "400")
    with model(latency=0.05) as server:
        process = start(seeded, server, *options)
        wait_for(lambda: server.stats()["paid"] >= 25)
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        code, _, err = finish(process)
        seconds = time.monotonic() - began
        assert code == 130
        assert seconds < 2.0 + slack()
        assert "Run the same command again to continue" in err
        for row in seeded.personas():
            assert row["persona"]
            assert row["derived_from"] or row["imported_by"]
        done = seeded.expand(server, *options, "--at-once", "32").json
    assert done["calls"] + 0 <= 400


def slack() -> float:
    """Seconds that a busy machine may add: what an empty `pgraph --help` takes now, three times."""
    began = time.monotonic()
    subprocess.run([sys.executable, "-c", "pass"], check=True)
    return 3 * (time.monotonic() - began)


def test_two_processes_expand_one_workspace(seeded: Field) -> None:
    with model(latency=0.02) as server:
        both = [start(seeded, server, "--calls", "60", "--seed", str(seed)) for seed in (1, 2)]
        ends = [finish(process) for process in both]
    for code, out, err in ends:
        assert code == 0, err
        assert json.loads(out)["calls"] == 60
    rows = seeded.personas()
    assert len({row["id"] for row in rows}) == len(rows)
    survivors = {row["id"] for row in rows if row["duplicate_of"] is None}
    assert all(row["duplicate_of"] in survivors for row in rows if row["duplicate_of"] is not None)
    runs = seeded.work.run("query", "runs", "--format", "json", env=seeded.store).json
    assert len([row for row in runs if row["command"] == "expand"]) == 2


def test_the_same_command_twice_at_once_makes_two_runs(seeded: Field) -> None:
    with model(latency=0.05) as server:
        both = [start(seeded, server, "--calls", "30") for _ in range(2)]
        ends = [finish(process) for process in both]
    assert [code for code, _, _ in ends] == [0, 0]
    runs = {json.loads(out)["run"] for _, out, _ in ends}
    assert len(runs) == 2


def test_a_killed_graph_server_is_a_clear_error_and_the_run_goes_on(work: Console) -> None:
    field = Field(work, {})
    field.seed()
    with model(latency=0.05) as server:
        process = start(field, server, "--calls", "150")
        wait_for(lambda: server.stats()["paid"] >= 30)
        os.kill(local.status(work.directory / ".pgraph" / "store").pid, signal.SIGKILL)
        code, out, err = finish(process)
        assert code == 3, err
        assert json.loads(out)["stopped_by"] == "store"
        assert "continues" in err
        done = field.expand(server, "--calls", "150", "--at-once", str(AT_ONCE)).json
        assert done["calls"] == 150
        assert server.stats()["paid_twice"] <= AT_ONCE


FAILING = [  # what the model server does, exit code, what the message must say
    pytest.param([{"kind": "401"}], 4, "OPENAI_API_KEY", id="401"),
    pytest.param([{"kind": "string_error", "status": 401}], 4, "OPENAI_API_KEY", id="401-as-vllm-says-it"),
    pytest.param([{"kind": "500", "after": 0.5}], 4, "continues", id="500-for-ever"),
    pytest.param([{"kind": "429", "after": 0.5}], 4, "--at-once", id="429-for-ever"),
    pytest.param([{"kind": "429", "retry_after": 1, "after": 0.5}], 4, "--at-once", id="429-for-ever-retry-after"),
    pytest.param([{"kind": "hang", "first": 5}], 4, "continues", id="hangs"),
    pytest.param([{"kind": "reset", "first": 5}], 4, "continues", id="cut-connections"),
]


@pytest.mark.parametrize(("faults", "code", "says"), FAILING)
def test_a_model_server_that_stays_broken_ends_the_run(
    work: Console, faults: list[dict[str, Any]], code: int, says: str
) -> None:
    field = Field(work, {})
    field.seed()
    with model(*faults, latency=0.05) as server:
        env = {"PGRAPH_PATIENCE": "3", "PGRAPH_TIMEOUT": "1"}
        done = field.expand(server, "--calls", "60", "--at-once", "4", code=code, env=env)
        assert says in done.err
        assert "Traceback" not in done.err
        before = server.stats()["paid"]
        server.faults.clear()
        again = field.expand(server, "--calls", "60", "--at-once", "4", code=None, env=env)
        assert again.code in (0, 1)  # 1: calls that the broken server failed count as failed
        whole = again.json
        assert whole["calls"] >= 60
        assert whole["new"] + whole["duplicate"] == 3 * (60 - whole["failed_calls"])
        assert server.stats()["paid_twice"] <= 4
        assert server.stats()["paid"] <= max(60, before) + 8


PASSING = [
    pytest.param([{"kind": "429", "rate": 0.3, "retry_after": 0.2}], id="429-retry-after"),
    pytest.param([{"kind": "429", "rate": 0.3}], id="429"),
    pytest.param([{"kind": "500", "rate": 0.3}, {"kind": "reset", "rate": 0.1}], id="500-and-cuts"),
    pytest.param([{"kind": "hang", "rate": 0.05}], id="hangs"),
    pytest.param([{"kind": "no_response_format"}], id="no-json-schema"),
    pytest.param(
        [{"kind": "no_response_format", "formats": ["json_schema", "json_object"]}, {"kind": "fenced"}], id="text"
    ),
    pytest.param([{"kind": "null_usage"}], id="no-usage"),
]


def scripted(request: dict[str, Any]) -> str:
    """The world's answer, also where the schema was left out of the request."""
    if (request.get("response_format") or {}).get("type") != "json_schema":
        kind = request["messages"][-1]["content"].split("Relationship: ")[1].split(".")[0]
        items = {"properties": {"relation": {"enum": [kind]}}}
        schema = {"properties": {"personas": {"minItems": 3, "items": items}}}
        request = {**request, "response_format": {"json_schema": {"schema": schema}}}
    return world.answer(request)


@pytest.mark.parametrize("faults", PASSING)
def test_a_passing_fault_costs_no_answer(work: Console, faults: list[dict[str, Any]]) -> None:
    field = Field(work, {})
    field.seed()
    with FakeServer(answer=scripted, faults=faults) as server:
        env = {"PGRAPH_PATIENCE": "30", "PGRAPH_TIMEOUT": "1"}
        done = field.expand(server, "--calls", "40", "--at-once", "8", env=env).json
    assert done["calls"] == 40
    assert done["failed_calls"] == done["unusable"] == 0
    assert done["new"] + done["duplicate"] == 120


UNUSABLE = [
    ("invalid_json", "invalid JSON"),
    ("wrong_schema", "wrong schema"),
    ("empty_choices", "empty"),
    ("empty_text", "empty"),
    ("length", "truncated"),
    ("refusal", "refused"),
    ("content_filter", "refused"),
]


@pytest.mark.parametrize(("kind", "reason"), UNUSABLE)
def test_an_unusable_reply_is_a_failed_call_with_its_reason(work: Console, kind: str, reason: str) -> None:
    field = Field(work, {})
    field.seed()
    with model({"kind": kind, "first": 0, "last": 9}) as server:
        done = field.expand(server, "--calls", "30", "--at-once", "4", code=1).json
        assert server.stats()["paid"] == 30
    assert done["calls"] == 30
    assert done["failed_calls"] == 10
    assert done["failures"] == {reason: 30}  # answers
    assert done["exit_reason"] == "10 calls failed"
    failed = work.run("cypher", "MATCH (:Run)-[f:FAILED_ON]->(:Persona) RETURN count(f) AS n", "--format", "json").json
    assert failed == [{"n": 10}]


def test_the_model_server_gone_before_the_first_call(work: Console) -> None:
    field = Field(work, {})
    field.seed()
    with model() as server:
        env = field.env(server, {"PGRAPH_MODEL": "fake-model"})
    done = work.run(*field.arguments("--calls", "5"), env=env, code=4)
    assert "no model server at" in done.err
    assert "--base-url" in done.err


def test_the_model_server_gone_in_the_middle(work: Console) -> None:
    field = Field(work, {})
    field.seed()
    with model(latency=0.05) as server:
        env = field.env(server, {"PGRAPH_PATIENCE": "2"})
        process = work.start(*field.arguments("--calls", "200", "--at-once", "4"), env=env)
        wait_for(lambda: server.stats()["paid"] >= 20)
        server.stop()
        code, out, err = finish(process)
    assert code == 4
    assert "continues" in err
    summary = json.loads(out)
    assert summary["stopped_by"] == "model"
    with Replies(work.directory / ".pgraph" / "replies.sqlite") as replies:
        kept = len(list(replies.of_run(summary["run"])))
    assert kept >= 20 - 4, "all that came is on disk, whether the graph holds it yet or not; four were under way"


def test_the_embedding_server_gone_in_the_middle(work: Console) -> None:
    field = Field(work, {})
    field.seed()
    with model({**NO_EMBEDDINGS, "first": 4}) as server:
        done = field.expand(server, "--calls", "200", code=4, env={"PGRAPH_PATIENCE": "2"})
    assert done.json["stopped_by"] == "model"
    assert "embeddings fail" in done.err
    assert "The same command then continues." in done.err
    with model() as server:
        assert field.expand(server, "--calls", "200").json["calls"] == 200


def test_a_wrong_model_name(work: Console) -> None:
    field = Field(work, {})
    field.seed()
    with model() as server:
        done = work.run(*field.arguments("--calls", "5", "--model", "no-such"), env=field.env(server), code=4)
    assert "no-such" in done.err
    assert "fake-model" in done.err


def test_a_full_disk_under_the_reply_cache(work: Console) -> None:
    """No file of pgraph's may grow past 200 kB: the reply cache cannot keep what comes."""
    field = Field(work, {})
    field.seed()
    limit = 200_000
    with model() as server:
        run = [sys.executable, "-m", "pgraph", *field.arguments("--calls", "2000", "--depth", "9", "--at-once", "8")]
        done = subprocess.run(
            run,
            cwd=work.directory,
            env=work.environment(field.env(server)),
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
        )
        assert done.returncode == 3, done.stderr
        assert "Traceback" not in done.stderr
        assert "disk" in done.stderr or "space" in done.stderr
        whole = field.expand(server, "--calls", "100", "--depth", "9", "--at-once", "8").json
        assert whole["calls"] == 100


def wait_for(met: Any, timeout: float = 60.0) -> None:
    until = time.monotonic() + timeout
    while not met():
        assert time.monotonic() < until, "it did not come to that in time"
        time.sleep(0.02)
