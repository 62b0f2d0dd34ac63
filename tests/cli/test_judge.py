"""`pgraph judge` through the command line, on both stores."""

import json
import random
from typing import Any

import pytest

from tests.cli.expanding import Field
from tests.cli.test_distill import model, run
from tests.cli.test_expand_faults import killed
from tests.console import Console
from tests.fakes import thinkers
from tests.fakes.server import FakeServer

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def known(field: Field) -> Field:
    """A graph with six answered questions."""
    field.seed()
    with model() as server:
        run(field, server, "ask", "--calls", "3", "--per-call", "2")
        run(field, server, "distill")
    return field


@pytest.fixture
def peopled(work: Console) -> Field:
    field = Field(work, {})
    field.seed(30)
    return field


def test_scores_with_reasons_are_on_the_nodes(known: Field) -> None:
    with model() as server:
        for of, label in (("personas", "Persona"), ("questions", "Question"), ("knowledge", "Knowledge")):
            done = run(known, server, "judge", of).json
            assert done["new"] == done["judged"] == done["items"] == done["calls"]
            assert len(done["scores"]) == (4 if of == "questions" else 3)
            rows = known.rows(f"MATCH (n:{label}) RETURN n.id AS id, n.score AS score, n.score_reason AS reason")
            assert len(rows) == done["items"]
            for row in rows:
                judged = known.rows(
                    f"MATCH (:Run {{command: 'judge'}})-[j:JUDGED]->(n {{id: '{row['id']}'}}) "
                    "RETURN j.scores AS scores, j.reason AS reason, j.judge AS judge"
                )
                assert [row["score"]] == [
                    pytest.approx(sum(one["scores"]) / len(one["scores"]), abs=1e-3) for one in judged
                ]
                assert row["reason"] == judged[0]["reason"] != ""
        again = run(known, server, "judge", "knowledge").json
        assert (again["calls"], again["stopped_by"]) == (0, "nothing left to judge")
        validity = run(known, server, "judge", "knowledge", "--rubric", "validity", "--calls", "2").json
        assert (validity["judged"], validity["stopped_by"]) == (2, "calls")
        assert set(validity["scores"]) == {"complete", "correct", "harmless", "clean"}
    both = known.rows("MATCH (k:Knowledge) WHERE k.score_validity IS NOT NULL RETURN k.score AS score")
    assert len(both) == 2
    assert all(row["score"] for row in both)


def test_what_is_marked_is_passed_over_and_answered_again(known: Field) -> None:
    marked = "MATCH (n:%s) WHERE n.marked RETURN count(n) AS marked"
    with model() as server:
        done = run(known, server, "judge", "knowledge", "--below", "5").json
        assert done["marked"] == done["judged"] == known.rows(marked % "Knowledge")[0]["marked"]
        assert run(known, server, "distill").json["calls"] == 0  # marked, not sent back
        assert run(known, server, "judge", "knowledge", "--below", "1").json["marked"] == 0
        assert known.rows(marked % "Knowledge") == [{"marked": 0}]
        run(known, server, "judge", "knowledge", "--below", "5", "--reask")
        before = {row["id"] for row in known.rows("MATCH (k:Knowledge) RETURN k.id AS id")}
        answered = run(known, server, "distill").json
        assert answered["calls"] == len(before)
        assert answered["replies_from_cache"] == 0
        assert run(known, server, "distill").json["calls"] == 0
        assert before <= {row["id"] for row in known.rows("MATCH (k:Knowledge) RETURN k.id AS id")}
        run(known, server, "judge", "questions", "--below", "5", "--reask")
        run(known, server, "judge", "knowledge", "--below", "5", "--reask")
        assert run(known, server, "distill").json["calls"] == 0  # a bad question is not worth an answer
        outlook = known.work.run("--json", "ask", "--dry-run", env=known.env(server)).json
        assert {row["seen"] for row in outlook} == {0}  # but its topic is asked for again


def test_an_answer_that_comes_again_is_not_asked_for_for_ever(peopled: Field) -> None:
    def stubborn(request: dict[str, Any]) -> str:
        return thinkers.answer({**request, "seed": 0})

    with FakeServer(answer=stubborn) as server:
        run(peopled, server, "ask", "--calls", "1")
        run(peopled, server, "distill")
        run(peopled, server, "judge", "knowledge", "--below", "5", "--reask")
        assert run(peopled, server, "distill").json["calls"] == 3
        assert run(peopled, server, "distill").json["calls"] == 0
    assert peopled.rows("MATCH (k:Knowledge) RETURN count(k) AS answers") == [{"answers": 3}]


def test_marked_people_are_asked_nothing(peopled: Field) -> None:
    with model() as server:
        done = run(peopled, server, "judge", "personas", "--below", "3").json
        assert 0 < done["marked"] < done["judged"]
        run(peopled, server, "ask", "--calls", "4")
    posed = peopled.rows("MATCH (:Question)-[:POSED_BY]->(p:Persona) RETURN p.score AS score")
    assert min(row["score"] for row in posed) >= 3


def test_two_judges_and_their_agreement(peopled: Field) -> None:
    with model() as server:
        alone = run(peopled, server, "judge", "personas", "--judge", "first").json
        assert alone["agreement"] == []
        done = run(peopled, server, "judge", "personas", "--judge", "second", "--seed", "1").json
    assert done["calls"] == 30
    (pair,) = done["agreement"]
    rows = peopled.rows("MATCH ()-[j:JUDGED]->(p) RETURN p.id AS id, j.judge AS judge, j.scores AS scores")
    scores = {(row["id"], row["judge"]): row["scores"] for row in rows}
    equal = [a == b for (item, judge), given in scores.items() if judge == "first"
             for a, b in zip(given, scores[item, "second"], strict=True)]  # fmt: skip
    assert (pair["judges"], pair["items"]) == (["first", "second"], 30)
    assert pair["exact"] == pytest.approx(sum(equal) / len(equal), abs=1e-3)
    assert 0.5 < pair["kappa"] < 1
    means = peopled.rows("MATCH (p:Persona) RETURN p.id AS id, p.score AS score")
    for row in means:
        given = [*scores[row["id"], "first"], *scores[row["id"], "second"]]
        assert row["score"] == pytest.approx(sum(given) / len(given), abs=1e-3)


def test_killed_and_resumed_each_is_judged_once(known: Field) -> None:
    known.seed(60)
    moments = random.Random(5)
    with model(latency=0.05) as server:
        kills = 0
        for _ in range(3):
            process = known.work.start("--json", "judge", "personas", "--at-once", "8", env=known.env(server))
            kills += killed(process, server, moments.randint(1, 8), moments.random() * 0.05)
        done = run(known, server, "judge", "personas", "--at-once", "8").json
        assert done["judged"] == done["items"] == done["calls"]
        assert kills >= 2
        assert server.stats()["paid_twice"] <= kills * 8
    times = known.rows("MATCH (p:Persona) RETURN COUNT { ()-[:JUDGED]->(p) } AS times")
    assert {row["times"] for row in times} == {1}


def test_what_is_no_judgement_is_said_and_tried_once_more(peopled: Field) -> None:
    def mute(request: dict[str, Any]) -> str:
        return json.dumps(
            {
                **json.loads(thinkers.answer(request)),
                "reason": "well well well well well well well well well well well well",
            }
        )

    with FakeServer(answer=mute) as server:
        done = run(peopled, server, "judge", "personas", code=1).json
        assert (done["new"], done["failures"]) == (0, {"repetitive": 30})
        assert run(peopled, server, "judge", "personas", code=1).json["calls"] == 30
        assert run(peopled, server, "judge", "personas").json["calls"] == 0


@pytest.mark.parametrize(
    ("fault", "code", "says"),
    [
        ({"kind": "401"}, 4, "OPENAI_API_KEY"),
        ({"kind": "invalid_json", "first": 2}, 1, "invalid JSON"),
        ({"kind": "wrong_schema", "first": 2}, 1, "wrong schema"),
        ({"kind": "429", "rate": 0.3}, 0, "By rubric persona: 30 of 30 judged"),
    ],
)
def test_faults_of_the_model(peopled: Field, fault: dict[str, Any], code: int, says: str) -> None:
    with model(fault) as server:
        done = peopled.work.run("judge", "personas", env=peopled.env(server), code=code)
    assert says in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("questions", "no questions yet"),
        ("knowledge", "no answers yet"),
        ("personas --rubric nowhere", "Shipped are knowledge, persona, question, validity"),
        ("personas --rubric validity", "is for knowledge, not for personas"),
        ("personas --reask", "--reask needs --below"),
        ("personas --below 2 --reask", "--reask is for questions and knowledge"),
        ("personas --below 9", "9.0 is not in the range 1<=x<=5"),
        ("people", "is not one of"),
        ("personas --rubric bare.yml", "of is None"),
        ("personas --rubric vague.yml", "criteria is not a mapping"),
        ("personas --rubric odd.yml", "'Reason!' cannot be a name"),
        ("personas --rubric deaf.yml", "fields are not criteria and item"),
    ],
)
def test_wrong_uses(peopled: Field, arguments: str, says: str) -> None:
    both = "fields: [criteria, item]\nmessages: [{role: user, content: '{criteria} {item}'}]\n"
    peopled.work.write("bare.yml", f"name: bare\n{both}")
    peopled.work.write("vague.yml", f"name: vague\nof: personas\ncriteria: all\n{both}")
    peopled.work.write("odd.yml", f"name: odd\nof: personas\ncriteria: {{'Reason!': high}}\n{both}")
    one = "fields: [item]\nmessages: [{role: user, content: '{item}'}]\n"
    peopled.work.write("deaf.yml", f"name: deaf\nof: personas\ncriteria: {{good: high}}\n{one}")
    with model() as server:
        done = run(peopled, server, "judge", *arguments.split(), code=2)
    assert says in done.err
    assert "Traceback" not in done.err


def test_a_rubric_of_ones_own_and_a_look_before(peopled: Field) -> None:
    own = peopled.work.write(
        "brave.yml",
        "name: brave\nof: personas\ncriteria: {brave: '5: fears nothing. 1: fears all.'}\n"
        "fields: [criteria, item]\nmessages: [{role: user, content: 'By\n{criteria}\n\n\n\n{item}'}]\n",
    )
    with model() as server:
        looked = run(peopled, server, "judge", "personas", "--rubric", str(own), "--dry-run").json
        assert (looked["items"], looked["judged"], looked["calls"]) == (30, 0, 30)
        assert "brave: 5: fears nothing." in looked["prompts"][0]
        assert server.stats()["paid"] == 0
        run(peopled, server, "judge", "personas", "--rubric", str(own), "--calls", "3")
    found = peopled.rows("MATCH (p:Persona) WHERE p.score_brave >= 1 RETURN p.score AS score")
    assert found == [{"score": None}] * 3
