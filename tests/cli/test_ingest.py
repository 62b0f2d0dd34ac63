"""`pgraph ingest` against the fake model: what it writes, that nothing is paid twice, how it fails."""

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.cli.expanding import Field
from tests.cli.test_expand_faults import finish, model, wait_for
from tests.console import ROOT, Console
from tests.fakes import replies, world
from tests.fakes.server import FakeServer

pytestmark = pytest.mark.timeout(300)
TEXTS = [str(path) for path in sorted((ROOT / "examples" / "texts").glob("*.md"))]
MANY = "".join(
    json.dumps({"text": f"Notice {n}: the lane behind house {n} is closed from Monday."}) + "\n" for n in range(30)
)


def ingest(field: Field, server: FakeServer, *more: str, code: int | None = 0) -> Any:
    return field.work.run("--json", "ingest", *more, env=field.env(server), code=code)


def test_texts_become_personas_with_their_origin(field: Field) -> None:
    with FakeServer() as server:
        done = ingest(field, server, *TEXTS).json
        again = ingest(field, server, *TEXTS)
        assert server.stats()["chat"] == 12
    assert (done["texts"], done["calls"], done["failed_calls"]) == (3, 12, 0)
    assert done["new"] + done["duplicate"] == 12
    assert (again.json["calls"], again.json["stopped_by"], again.json["exit_code"]) == (0, "nothing left to ask", 0)
    links = field.rows("MATCH (p:Persona)-[d:DERIVED_FROM]->(t:Text) RETURN p.id AS id, p.depth AS depth, d.stance AS stance, "
        "d.evidence AS evidence, d.run AS run, t.text AS text, t.source AS source, t.title AS title, t.offset AS offset"
    )  # fmt: skip
    assert sorted(link["stance"] for link in links) == sorted(["read", "write", "like", "dislike"] * 3)
    assert {link["source"] for link in links} == {Path(name).name for name in TEXTS}
    assert {link["title"] for link in links} >= {"Notice to all users of the east quay"}
    assert all(link["depth"] == 0 and link["offset"] == 0 and link["run"] == done["run"] for link in links)
    assert all(link["evidence"] in " ".join(link["text"].split()) for link in links)
    for line in field.work.run("export", "personas", "-o", "-", "--all", env=field.store).out.splitlines():
        for origin in json.loads(line)["derived_from"]:
            assert origin["source"].startswith("t")
            assert origin["stance"] in ("read", "write", "like", "dislike")
            assert (origin["relation"], origin["run"]) == (None, done["run"])
    way = field.work.run(
        "query", "lineage", "--param", f"id={links[0]['id']}", "--format", "json", env=field.store
    ).json
    assert way[-1]["text"] == links[0]["text"]
    runs = field.work.run("query", "runs", "--format", "json", env=field.store).json
    assert [(run["command"], run["sightings"]) for run in runs] == [("ingest", 12)]


def test_coverage_counts_sightings_at_texts_the_same_in_cypher_and_expand_goes_on_from_them(field: Field) -> None:
    field.work.write("many.jsonl", MANY)
    with model() as server:
        field.seed(5)
        done = ingest(field, server, "many.jsonl").json
        assert done["calls"] == 120
        assert done["duplicate"] > 0  # thirty roles only
        before = field.work.run("--json", "coverage", env=field.env(server)).json
        assert before["overall"][0]["sightings"] == 120
        shown = field.work.run("query", "coverage_overall", "--format", "json", env=field.store).json
        for mine, cyphers in zip(before["overall"], shown, strict=True):
            assert [mine[n] for n in ("distinct", "sightings", "singles")] == [
                cyphers[n] for n in ("distinct", "sightings", "singles")
            ]
        field.expand(server, "--calls", "10")


def test_killed_and_resumed_nothing_is_paid_twice(field: Field) -> None:
    field.work.write("many.jsonl", MANY)
    options = ("--json", "ingest", "many.jsonl", "--at-once", "4")
    with model(latency=0.05) as server:
        for enough in (3, 30, 60):
            process = field.work.start(*options, env=field.env(server))
            wait_for(lambda enough=enough: server.stats()["paid"] >= enough)
            process.kill()
            process.communicate()
        process = field.work.start(*options, env=field.env(server))
        wait_for(lambda: server.stats()["paid"] >= 80)
        process.send_signal(signal.SIGINT)
        assert finish(process)[0] == 130
        last = ingest(field, server, "many.jsonl", "--at-once", "4")
        assert "Continuing run" in last.err
        assert last.json["calls"] == 120
        assert server.stats()["paid"] <= 120 + 3 * 4 + 4
        assert server.stats()["paid_twice"] <= 3 * 4 + 4
        print(f"3 kills, 1 Ctrl-C: {server.stats()['paid']} paid for 120 calls, {server.stats()['paid_twice']} twice")
    counts = field.rows("MATCH (:Persona)-[d:DERIVED_FROM]->(t:Text) RETURN count(d) AS n, count(DISTINCT t) AS texts")
    assert counts == [{"n": 120, "texts": 30}]
    states = field.rows("MATCH (r:Run) RETURN r.state AS state, r.calls AS calls")
    assert states == [{"state": "finished", "calls": 120}]


def test_a_limit_of_calls_and_chosen_stances(work: Console) -> None:
    field = Field(work, {})
    work.write("many.jsonl", MANY)
    with FakeServer() as server:
        first = ingest(field, server, "many.jsonl", "--stance", "dislike", "--stance", "read", "--calls", "7").json
        assert (first["calls"], first["stopped_by"], first["exit_code"]) == (7, "calls", 0)
        second = ingest(field, server, "many.jsonl", "--stance", "read", "--stance", "dislike", "--calls", "70").json
        assert second["calls"] == 53
        assert server.stats()["paid"] == 60
    stances = field.rows("MATCH ()-[d:DERIVED_FROM]->(:Text) RETURN d.stance AS stance, count(d) AS n ORDER BY stance")
    assert stances == [{"stance": "dislike", "n": 30}, {"stance": "read", "n": 30}]


def test_a_dry_run_asks_nothing_and_says_how_much_is_left(work: Console) -> None:
    field = Field(work, {})
    work.write("many.jsonl", MANY)
    with FakeServer() as server:
        env = {**field.env(server), "PGRAPH_MODEL": "fake-model"}
        ingest(field, server, "many.jsonl", "--model", "fake-model", "--calls", "20")
        told = work.run("--json", "ingest", "many.jsonl", "--dry-run", env=env).json
        assert server.stats()["chat"] == 20
    assert (told["texts"], told["calls"]) == (30, 100)
    assert told["model"] == "fake-model"
    assert told["tokens_in"] > 100 * 300
    assert "Notice 0: the lane" in told["prompts"][0]


def invented(request: dict[str, Any]) -> str:
    """A quote that is not in the text, for those who dislike it."""
    reply = json.loads(replies.answer(request))
    if "is troubled by" in request["messages"][-1]["content"]:
        reply["evidence"] = "the emperor of the moon"
    return json.dumps(reply)


def test_a_quote_that_is_not_in_the_text_is_a_failed_call(field: Field) -> None:
    with FakeServer(answer=invented) as server:
        done = ingest(field, server, *TEXTS, code=1).json
        again = ingest(field, server, *TEXTS).json
        assert server.stats()["paid"] == 12
    assert (done["calls"], done["failed_calls"], done["unusable"]) == (12, 3, 3)
    assert done["failures"] == {"the quote is not in the text": 3}
    assert again["calls"] == 0
    failed = field.rows(
        "MATCH (:Run)-[f:FAILED_ON]->(t:Text) RETURN f.stance AS stance, f.reason AS reason, f.paid AS paid"
    )
    assert failed == [{"stance": "dislike", "reason": "the quote is not in the text", "paid": True}] * 3


def test_a_call_that_was_never_answered_is_asked_again(work: Console) -> None:
    field = Field(work, {})
    with FakeServer(faults=[{"kind": "413", "rate": 0.5}]) as server:
        first = ingest(field, server, *TEXTS, code=None)
        server.faults.clear()
        if first.code == 1:
            second = ingest(field, server, *TEXTS).json
            assert second["calls"] == first.json["failed_calls"]
        counted = field.rows("MATCH (:Persona)-[d:DERIVED_FROM]->(:Text) RETURN count(d) AS n")
        assert first.code == 4 or counted == [{"n": 12}]


def test_the_model_server_fails_for_good(work: Console) -> None:
    field = Field(work, {})
    with model({"kind": "500"}) as server:
        env = {**field.env(server), "PGRAPH_PATIENCE": "2", "PGRAPH_MODEL": "fake-model"}
        done = work.run("--json", "ingest", *TEXTS, env=env, code=4)
        assert "continues" in done.err
        server.faults.clear()
        assert work.run("--json", "ingest", *TEXTS, env=env).json["calls"] >= 12


def test_the_context_is_asked_with_and_kept(work: Console) -> None:
    field = Field(work, {})
    with FakeServer() as server:
        ingest(field, server, TEXTS[0], "--context", "an island without cars", "--stance", "read")
        assert "lives here: an island without cars" in server.requests[-1]["messages"][-1]["content"]
    assert field.rows("MATCH (r:Run) RETURN r.plan_context AS c") == [{"c": "an island without cars"}]


def test_bad_rows_are_named_and_left_out(work: Console) -> None:
    field = Field(work, {})
    good = world.text(3)
    work.write("a.jsonl", f'{{"text": "{good}"}}\n{{"text": 7}}\n{{"text": ""}}\nnonsense\n')
    with FakeServer() as server:
        done = ingest(field, server, "a.jsonl", "--stance", "like", code=1)
    assert (done.json["texts"], done.json["bad_rows"], done.json["calls"]) == (1, 3, 1)
    for line, reason in ((2, "text is not a text"), (3, "text is empty"), (4, "not JSON")):
        assert f"a.jsonl:{line}: {reason}" in done.err


def test_a_domain_that_a_text_brings_joins_the_niche_that_is_there(field: Field) -> None:
    label = "aa bb cc dd ee ff gg hh ii jj"
    row = json.dumps({"persona": "A keeper of the east quay", "role": "keeper", "domain": label})
    field.work.run("import", field.work.write("one.jsonl", row), env=field.store)

    def answer(request: dict[str, Any]) -> str:
        return json.dumps({**json.loads(replies.answer(request)), "domain": label.replace("jj", "kk")})

    with FakeServer(answer=answer) as server:
        field.work.run("group", env=field.env(server))
        ingest(field, server, TEXTS[0], "--stance", "read")
    domains = field.rows("MATCH (d:Domain) RETURN d.id AS id, d.label AS label, d.niche AS niche")
    assert len(domains) == 2
    assert {row["niche"] for row in domains} == {row["id"] for row in domains if row["label"] == label}
