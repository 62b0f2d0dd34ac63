"""`pgraph expand --with-texts`: texts and personas compete for the calls of one budget."""

import json
import random
from typing import Any

import pytest

from tests.cli.expanding import Field
from tests.cli.test_expand_faults import killed
from tests.console import Console
from tests.fakes import replies
from tests.fakes.server import FakeServer

pytestmark = pytest.mark.timeout(300)
MANY = "".join(
    json.dumps({"text": f"Notice {n}: the lane behind house {n} is closed from Monday."}) + "\n" for n in range(40)
)
ASKED_OF_TEXTS = "MATCH (:Persona)-[d:DERIVED_FROM]->(:Text) RETURN count(d) AS calls"


def answering(*, texts: str, people: str) -> Any:
    """A model that has many ideas, or one only: about texts, about people."""
    same = {"persona": "A clerk who counts chairs in the hall every day", "role": "clerk", "domain": "halls"}

    def answer(request: dict[str, Any]) -> str:
        reply = json.loads(replies.answer(request))
        about_text = "evidence" in reply
        for number, one in enumerate([reply] if about_text else reply["personas"]):
            rich = (texts if about_text else people) == "rich"
            seed = (request["seed"] + number) % 100_003
            one.update({"role": f"keeper of {seed}", "domain": f"lane {seed % 7}"} if rich else same)
        return json.dumps(reply)

    return answer


def asked_of_texts(field: Field, answer: Any, calls: int) -> int:
    """How many of the calls went to texts."""
    field.seed(20)
    field.work.write("many.jsonl", MANY)
    with FakeServer(answer=answer) as server:
        field.work.run("ingest", "many.jsonl", "--calls", "0", env=field.env(server))
        done = field.expand(server, "--with-texts", "--calls", str(calls), "--at-once", "2").json
    assert (done["calls"], done["stopped_by"]) == (calls, "calls"), (done, field.rows(ASKED_OF_TEXTS))
    found: int = field.rows(ASKED_OF_TEXTS)[0]["calls"]
    return found


def test_texts_get_the_calls_where_people_bring_nothing(work: Console) -> None:
    assert asked_of_texts(Field(work, {}), answering(texts="rich", people="dull"), 120) > 60


def test_people_get_the_calls_where_texts_bring_nothing(work: Console) -> None:
    assert asked_of_texts(Field(work, {}), answering(texts="dull", people="rich"), 120) < 20


def test_the_texts_alone_will_do(work: Console) -> None:
    field = Field(work, {})
    work.write("many.jsonl", MANY)
    work.write("relations.yml", "relations:\n  - {id: kin, family: kin, phrase: someone met through kin}\n")
    with FakeServer(answer=answering(texts="rich", people="rich")) as server:
        env = field.env(server)
        assert "holds no texts" in field.expand(server, "--with-texts", code=2).err
        put = work.run("--json", "ingest", "many.jsonl", "--calls", "0", env=env).json
        assert (put["texts"], put["calls"], server.stats()["paid"]) == (40, 0, 0)
        looked = field.expand(server, "--with-texts", "--dry-run", "--calls", "5").json
        assert looked["pairs_and_texts_left_to_ask"] == 160
        assert "Notice" in looked["prompts"][0]
        done = field.expand(server, "--with-texts", "--calls", "30").json
        assert done["new"] > 20
        other = field.expand(server, "--with-texts", "--strategy", "random", code=2)
        assert "--with-texts cannot be combined with --strategy random" in other.err


def test_killed_and_resumed_and_what_is_left_is_for_ingest(field: Field) -> None:
    field.seed(20)
    field.work.write("many.jsonl", MANY)
    moments = random.Random(4)
    options = ("--with-texts", "--calls", "80", "--at-once", "4")
    with FakeServer(answer=answering(texts="rich", people="dull"), latency=0.05) as server:
        env = field.env(server)
        field.work.run("ingest", "many.jsonl", "--calls", "0", env=env)
        kills = 0
        for _ in range(3):
            process = field.work.start(*field.arguments(*options), env=env)
            kills += killed(process, server, moments.randint(4, 12), moments.random() * 0.05)
        done = field.expand(server, *options).json
        assert (done["calls"], done["stopped_by"]) == (80, "calls"), (done, field.rows(ASKED_OF_TEXTS))
        assert kills >= 2
        assert server.stats()["paid_twice"] <= kills * 4
        by_texts = field.rows(ASKED_OF_TEXTS)[0]["calls"]
        assert by_texts > 10
        rest = field.work.run("--json", "ingest", "many.jsonl", env=env).json
        assert rest["calls"] == 160 - by_texts
        shown = field.work.run("--json", "coverage", env=env).json["overall"][0]
        assert shown["sightings"] == sum(row["n"] for row in field.rows(
            "MATCH (p:Persona)-[d:DERIVED_FROM]->() RETURN sum(coalesce(d.times, 1)) AS n"))  # fmt: skip
