"""`pgraph explore` without its page: who is refused, and what is answered."""

import json
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from graphstore.exports.exporting import PERSONA_COLUMNS
from tests.cli.expanding import Field
from tests.cli.exploring import Explorer, explorer
from tests.console import Console
from tests.fakes import world
from tests.fakes.faults import NO_EMBEDDINGS
from tests.fakes.server import FakeServer


@pytest.fixture
def seeded(work: Console) -> Console:
    rows = [
        {"persona": f"A nurse of ward {n} who keeps bees", "role": f"nurse {n}", "domain": "care"} for n in range(120)
    ]
    work.run("import", work.write("a.jsonl", "".join(json.dumps(row) + "\n" for row in rows)))
    return work


@pytest.fixture
def running(seeded: Console) -> Iterator[Explorer]:
    with explorer(seeded) as made:
        yield made


def test_the_overview_is_what_coverage_says(work: Console) -> None:
    field = Field(work, {})
    field.seed(20)
    with FakeServer(answer=world.answer) as model:
        field.expand(model, "--calls", "25")
        shown = work.run("--json", "coverage", env=field.env(model)).json
    with explorer(work) as running:
        found = running.survey()
    assert found["overall"] == shown["overall"]
    same = ("personas", "roles", "sightings", "singles", "coverage", "next_new")
    assert {row["label"]: [row[key] for key in same] for row in found["regions"]} == {
        row["group"]: [row[key] for key in same] for row in shown["rows"]
    }
    flows = work.run(
        "cypher",
        "MATCH (a:Domain)<-[:IN_DOMAIN]-(:Persona)<-[d:DERIVED_FROM]-(:Persona)-[:IN_DOMAIN]->(b:Domain)"
        " OPTIONAL MATCH (a)-[:IN_GROUP]->(g:DomainGroup) OPTIONAL MATCH (b)-[:IN_GROUP]->(h:DomainGroup)"
        " RETURN coalesce(g.id, a.id) AS `from`, coalesce(h.id, b.id) AS `to`, sum(coalesce(d.times, 1)) AS answers",
        "--format",
        "json",
    ).json
    assert sorted(map(str, found["flows"])) == sorted(map(str, flows))
    for row in found["regions"]:
        assert sum(times for _, times in row["depths"]) == row["personas"]
        assert row["missing"]["command"].startswith("pgraph expand --from ")
        assert row["label"] in row["missing"]["why"]


def test_an_overview_is_kept_until_the_graph_changes(seeded: Console) -> None:
    with explorer(seeded) as first:
        counted = first.survey()
    with explorer(seeded) as second:
        told = second.api("overview")
        assert (told["counting"], told["survey"]) == (False, counted)
        seeded.run("import", seeded.write("more.jsonl", '{"persona": "A ferry pilot", "domain": "rivers"}\n'))
        renewed = second.survey()
    assert {row["label"] for row in renewed["regions"]} == {"care", "rivers"}
    (seeded.directory / ".pgraph" / "explorer" / "overview.json").write_text('{"state": {"form"', encoding="utf-8")
    with explorer(seeded) as third:
        assert third.survey() == renewed


def test_an_export_is_that_of_the_command(running: Explorer, seeded: Console) -> None:
    (home,) = [row["id"] for row in running.survey()["regions"]]
    for form in ("jsonl", "csv"):
        whole = seeded.run("export", "personas", "-o", "-", "--format", form).out
        for more in ("", f"&id={home}", "&depth=0"):
            reply = running.ask(f"/api/export?format={form}{more}")
            assert (reply.status, reply.headers["content-disposition"]) == (200, "attachment")
            assert reply.body == whole
    assert running.ask("/api/export?format=csv&depth=1").body == ",".join(PERSONA_COLUMNS) + "\n"
    assert running.ask("/api/export?format=jsonl&id=nowhere").body == ""
    assert running.ask("/api/export", cookie="").status == 403
    seeded.run("local", "stop")
    assert running.ask("/api/export").status == 503


def test_the_words_that_were_sent(field: Field) -> None:
    """Those that the model's server got, letter for letter; none where they are not known for sure."""
    work = field.work
    rows = [
        {"persona": f"A nurse of ward {n} who keeps bees", "role": f"nurse {n}", "domain": "care"} for n in range(3)
    ]
    work.run("import", work.write("a.jsonl", "".join(json.dumps(row) + "\n" for row in rows)), env=field.store)
    with FakeServer() as model:
        env = field.env(model)
        for _ in range(2):  # the second one lists roles that the first one found
            work.run("expand", "--depth", "1", "--calls", "5", "--at-once", "1", env=env, code=None)
        work.run(
            "ingest", work.write("t.txt", "The pier is closed for the winter."), "--calls", "2", env=env, code=None
        )
        sent = [request["messages"] for request in model.requests if "messages" in request]
    people = [row["id"] for row in field.rows("MATCH (p:Persona)-[:DERIVED_FROM]->() RETURN DISTINCT p.id AS id")]

    def calls() -> list[dict[str, Any]]:
        with explorer(work, env=field.store) as running:
            return [call for one in people for call in running.api("persona", id=one)["calls"]]

    found = calls()
    assert {call["kind"] for call in found} == {"persona", "text"}
    assert any("already known" in call["words"][-1]["content"] for call in found)
    for call in found:
        assert call["words"] in sent, call
    (work.directory / ".pgraph" / "replies.sqlite").unlink()
    for call in calls():
        listed = next(one for one in found if one["call"] == call["call"])["words"][-1]["content"]
        assert call["words"] is None if "already known" in listed else call["words"] in sent
        assert (call["why_not"] == "") == (call["words"] is not None)


def test_a_search_by_meaning(field: Field) -> None:
    texts = [f"A nurse of ward {n} who keeps bees and sings in choir {n * 7}" for n in range(300)]
    rows = [{"persona": text, "domain": f"d{n % 3}", "role": f"nurse {n}"} for n, text in enumerate(texts)]
    work = field.work
    shutil.rmtree(work.directory / ".pgraph" / "vectors", ignore_errors=True)
    work.run("import", work.write("a.jsonl", "".join(json.dumps(row) + "\n" for row in rows)), env=field.store)
    with FakeServer() as model:
        env = field.env(model)
        with explorer(work, env=env) as running:
            running.survey()
            refused = running.ask("/api/search?words=nurse&meaning=1")
            assert refused.status == 400
            assert "has no embeddings of these personas (model fake-model)" in refused.json["error"]
            assert "pgraph dedup --sweep" in refused.json["hint"]
            work.run("dedup", "--sweep", env=env)
            found = running.api("search", words=texts[120], meaning=1)
            assert (found["people"][0]["text"], found["people"][0]["similarity"]) == (texts[120], 1.0)
            assert (len(found["people"]), found["more"], found["known"], found["of"]) == (50, True, 300, 300)
            likeness = [row["similarity"] for row in found["people"]]
            assert likeness == sorted(likeness, reverse=True)
            home = next(row for row in running.survey()["regions"] if row["label"] == "d1")
            assert running.api("region", id=home["id"])["people"]
            assert running.api("search", words=texts[120], meaning=1, depth=1)["people"] == []
            assert running.api("search", words=" ", meaning=1)["people"] == []
            work.run("import", work.write("b.jsonl", '{"persona": "A ferry pilot"}\n'), env=field.store)
            assert running.api("search", words=texts[3], meaning=1)["of"] in {300, 301}  # read again after a rest
    with FakeServer(faults=[NO_EMBEDDINGS]) as model, explorer(work, env=field.env(model)) as running:
        running.survey()
        assert running.api("search", words=texts[120], meaning=1)["known"] == 300  # those words are known
        gone = running.ask("/api/search?words=new+ones&meaning=1")
        assert gone.status == 503
        assert "embeddings fail" in gone.json["error"]
        assert gone.json["hint"]


def test_a_store_that_goes_away_is_told(seeded: Console) -> None:
    with explorer(seeded) as running:
        running.survey()
        seeded.run("local", "stop")
        for path in ("overview", "search?words=nurse"):
            reply = running.ask(f"/api/{path}")
            assert reply.status == 503
            assert "the local graph server" in reply.json["error"]
            assert "Run the same command again" in reply.json["hint"]
    with explorer(seeded) as running:
        assert len(running.api("search", words="ward 7")["people"]) == 11


def test_an_empty_graph(work: Console) -> None:
    with explorer(work) as running:
        assert running.survey()["regions"] == []
        assert running.api("search", words="nurse")["people"] == []
        assert running.api("region", id="")["people"] == []
