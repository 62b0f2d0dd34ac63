"""`pgraph group`, `ask` and `distill` through the command line, on both stores."""

import json
import os
import random
import signal
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.expanding import Field
from tests.cli.test_expand_faults import killed
from tests.console import Console, Done
from tests.fakes import thinkers
from tests.fakes.server import FakeServer

if TYPE_CHECKING:
    import subprocess

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def seeded(field: Field) -> Field:
    field.seed()
    return field


def model(*faults: Mapping[str, Any], latency: float = 0.0) -> FakeServer:
    return FakeServer(answer=thinkers.answer, faults=faults, latency=latency)


def run(field: Field, server: FakeServer, *arguments: str, code: int | None = 0) -> Done:
    return field.work.run("--json", *arguments, env=field.env(server), code=code)


def questions(field: Field) -> list[dict[str, Any]]:
    return field.rows(
        "MATCH (q:Question) RETURN q.id AS id, q.text AS text, q.topic AS topic, q.kind AS kind ORDER BY id"
    )


def test_from_personas_to_answers(seeded: Field) -> None:
    with model() as server:
        asked = run(seeded, server, "ask", "--calls", "8", "--per-call", "2").json
        assert (asked["calls"], asked["new"] + asked["duplicate"], asked["stopped_by"]) == (8, 16, "calls")
        found = questions(seeded)
        assert len(found) == asked["new"]
        posed = seeded.rows(
            "MATCH (q:Question)-[:POSED_BY]->(p:Persona) RETURN q.id AS id, count(DISTINCT p) AS people"
        )
        assert {row["people"] for row in posed} == {2}
        assert len(posed) == len(found)
        answered = run(seeded, server, "distill").json
        assert (answered["new"], answered["stopped_by"]) == (len(found), "nothing left to answer")
        again = run(seeded, server, "distill").json
        assert (again["calls"], again["stopped_by"]) == (0, "nothing left to answer")
        solo = run(seeded, server, "distill", "--solo", "--calls", "3").json
        assert solo["new"] == 3
    links = seeded.rows(
        """
        MATCH (k:Knowledge)-[:ANSWERS]->(q:Question)
        RETURN k.mode AS mode, count(*) AS answers,
               min(COUNT { (k)-[:DISTILLED_FROM]->(:Persona) }) AS least, min(COUNT { (k)-[:ABOUT]->(:Domain) }) AS about
        ORDER BY mode""",
    )
    assert links == [
        {"mode": "joint", "answers": len(found), "least": 2, "about": 1},
        {"mode": "solo", "answers": 3, "least": 1, "about": 1},
    ]


@pytest.mark.parametrize(("kind", "extra"), [("qa", "answer"), ("mcq", "choices"), ("debate", "positions")])
def test_kinds_of_questions(work: Console, kind: str, extra: str) -> None:
    field = Field(work, {})
    field.seed()
    with model() as server:
        assert run(field, server, "ask", "--calls", "1", "--kind", kind).json["new"] == 3
    found = field.rows(f"MATCH (q:Question) RETURN q.kind AS kind, q.{extra} IS NOT NULL AS there")
    assert found == [{"kind": kind, "there": True}] * 3


def test_calls_go_where_little_is_known(work: Console) -> None:
    """A region with as many people as another and fewer questions is asked first."""
    field = Field(work, {})
    people = [{"persona": f"A {job} of {town} who keeps {n} bees", "domain": town}
              for town in ("fishery", "chemistry") for n, job in enumerate(["clerk", "nurse", "baker", "weaver"])]  # fmt: skip
    work.run("import", work.write("two.jsonl", "".join(json.dumps(row) + "\n" for row in people)))
    with model() as server:
        run(field, server, "ask", "--by", "domain", "--only", "fishery", "--calls", "3")
        outlook = work.run("--json", "ask", "--by", "domain", "--dry-run", env=field.env(server)).json
        assert [(row["label"], row["seen"]) for row in outlook] == [("chemistry", 0), ("fishery", 9)]
        assert outlook[0]["new_next"] > outlook[1]["new_next"]
        run(field, server, "ask", "--by", "domain", "--calls", "3")
    counts = field.rows(
        "MATCH (:Question)-[a:ASKS_ABOUT]->(d:Domain) RETURN d.label AS label, count(a) AS asked ORDER BY label"
    )
    assert counts == [{"label": "chemistry", "asked": 9}, {"label": "fishery", "asked": 9}]


def test_killed_and_resumed(seeded: Field) -> None:
    """No reply is paid twice beyond those in flight, no question doubled, every call counted once."""
    options = ("--calls", "60", "--at-once", "8")
    moments = random.Random(2)
    for command in ("ask", "distill"):
        with model(latency=0.05) as server:
            kills = 0
            for _ in range(3):
                process = seeded.work.start("--json", command, *options, env=seeded.env(server))
                kills += killed(process, server, moments.randint(1, 8), moments.random() * 0.05)
            done = run(seeded, server, command, *options).json
            assert done["calls"] == 60
            assert kills >= 2
            assert server.stats()["paid_twice"] <= kills * 8
    assert len({row["text"] for row in questions(seeded)}) == len(questions(seeded))
    answers = seeded.rows("MATCH (k:Knowledge)-[:ANSWERS]->(q) RETURN q.id AS id, count(k) AS answers")
    assert {row["answers"] for row in answers} == {1}
    assert len(answers) == 60


def test_what_is_no_question_is_unusable(work: Console) -> None:
    """A small model repeats the people instead."""

    def echo(request: dict[str, Any]) -> str:
        reply = json.loads(thinkers.answer(request))
        for item in reply["questions"]:
            item["question"] = "A nurse who works in the hills and walks to her patients."
        return json.dumps(reply)

    field = Field(work, {})
    field.seed()
    with FakeServer(answer=echo) as server:
        done = run(field, server, "ask", "--calls", "2", code=1).json
    assert (done["new"], done["unusable"], done["failures"]) == (0, 6, {"no question": 6})


def test_interrupted_within_two_seconds(work: Console) -> None:
    field = Field(work, {})
    field.seed()
    with model(latency=0.05) as server:
        process: subprocess.Popen[str] = work.start("ask", "--calls", "400", env=field.env(server))
        until = time.monotonic() + 30
        while server.stats()["paid"] < 10 and time.monotonic() < until:
            time.sleep(0.02)
        began = time.monotonic()
        os.kill(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert (process.returncode, time.monotonic() - began < 20) == (130, True)
    assert "to continue" in err


@pytest.mark.parametrize(
    ("fault", "code", "says"),
    [
        ({"kind": "401"}, 4, "OPENAI_API_KEY"),
        ({"kind": "invalid_json", "first": 2}, 1, "invalid JSON"),
        ({"kind": "length", "first": 2}, 1, "truncated"),
        ({"kind": "wrong_schema", "first": 2}, 1, "wrong schema"),
        ({"kind": "500", "rate": 0.3}, 0, "new questions"),
    ],
)
def test_faults_of_the_model(work: Console, fault: Mapping[str, Any], code: int, says: str) -> None:
    field = Field(work, {})
    field.seed()
    with model(fault) as server:
        done = run(field, server, "ask", "--calls", "5", code=code)
        assert says in done.err
        assert "Traceback" not in done.err


def test_wrong_uses(work: Console) -> None:
    field = Field(work, {})
    with model() as server:
        assert "holds no personas yet" in run(field, server, "ask", code=2).err
        assert "holds no personas yet" in run(field, server, "group", code=2).err
        field.seed()
        assert "holds no questions yet" in run(field, server, "distill", code=2).err
        assert "no group 'nowhere'" in run(field, server, "ask", "--only", "nowhere", code=2).err
        assert (
            "returns no personas"
            in run(field, server, "ask", "--from", "MATCH (p:Persona {id: 'x'}) RETURN p.id", code=2).err
        )
        strange = "name: own\nfields: [wish]\nmessages: [{role: user, content: 'A {wish}'}]\n"
        asked = run(field, server, "ask", "--prompt", str(work.write("strange.yml", strange)), code=2)
        assert "unknown field 'wish'" in asked.err
        plain = "name: own\nfields: [people]\nmessages: [{role: user, content: 'Of {people}'}]\n"
        asked = run(field, server, "ask", "--prompt", str(work.write("plain.yml", plain)), code=2)
        assert "no phrase 'open'" in asked.err
        nobody = "MATCH (p:Persona) RETURN p.id LIMIT 1"
        assert "two personas to bring together" in run(field, server, "ask", "--from", nobody, code=2).err
        mine = str(work.write("own.yml", "name: own\nfields: []\nmessages: []\n"))
        assert "the last message must be the user's" in run(field, server, "ask", "--prompt", mine, code=2).err


def test_groups_anew(seeded: Field) -> None:
    coarse = seeded.work.run("--json", "group", "--resolution", "0.1", env=seeded.store).json
    fine = seeded.work.run("--json", "group", "--resolution", "5", env=seeded.store).json
    assert coarse["groups"] <= fine["groups"]
    assert seeded.rows("MATCH (g:DomainGroup) RETURN count(g) AS groups") == [{"groups": fine["groups"]}]


def test_exports_of_questions_and_answers(seeded: Field) -> None:
    import pyarrow.parquet as pq

    with model() as server:
        run(seeded, server, "ask", "--calls", "3", "--kind", "mcq")
        run(seeded, server, "distill")

    def exported(what: str) -> list[dict[str, Any]]:
        seeded.work.run("export", what, "-o", f"{what}.parquet", env=seeded.store)
        out = seeded.work.run("export", what, "-o", "-", env=seeded.store).out
        lines = [json.loads(line) for line in out.splitlines()]
        assert pq.read_table(seeded.work.directory / f"{what}.parquet").to_pylist() == lines
        assert [line["id"] for line in lines] == sorted(line["id"] for line in lines)
        return lines

    asked, known, chats = exported("questions"), exported("knowledge"), exported("sft")
    assert len(asked) == len(known) == len(chats) == 9
    assert {(len(row["choices"]), row["key"], len(row["posed_by"]), row["answers"]) for row in asked} == {
        (4, "B", 2, 1)
    }
    persona_ids = {row["id"] for row in seeded.personas()}
    for row, chat in zip(known, chats, strict=True):
        assert {source["persona"] for source in row["distilled_from"]} <= persona_ids
        assert chat["personas"] == [source["persona"] for source in row["distilled_from"]]
        assert [message["role"] for message in chat["messages"]] == ["user", "assistant"]
        assert chat["messages"][0]["content"].startswith(row["question"] + "\nA. choice 0")
        assert chat["messages"][1]["content"] == row["answer"]
    csv = seeded.work.run("export", "knowledge", "-o", "-", "--format", "csv", env=seeded.store).out
    assert csv.startswith("id,answer,mode,")
    graph = seeded.work.run("--json", "export", "graph", "-o", "g.graphml", env=seeded.store).json
    held = seeded.rows("MATCH (n) WHERE NOT n:Migration RETURN count(n) AS nodes")
    assert graph["rows"] == held[0]["nodes"]
