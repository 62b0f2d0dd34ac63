"""`pgraph dedup` through the command line, on both stores."""

import json
from typing import Any

import pytest

from tests.cli.expanding import RELATIONS, Field
from tests.console import Done
from tests.fakes.faults import NO_EMBEDDINGS
from tests.fakes.server import FakeServer

pytestmark = pytest.mark.timeout(400)

NURSE = "A night nurse who has worked on the same ward for twenty years and knows its floor"
PEOPLE = [
    (NURSE, "nursing", "night nurse"),
    ("Who has worked on the same ward for twenty years and knows its floor: a night nurse", "nursing", "nurse night"),
    ("A night nurse who has worked on the same ward for fifty years and knows its floor", "nursing", "night nurse"),
    ("A harbour pilot whose dog rides along on every ship that comes in", "harbours", "harbour pilot"),
    ("रात की पाली में काम करने वाली नर्स जो खाली समय में बुनाई करती है", "nursing", None),
    ("रात की पाली में काम करने वाली माँ जो खाली समय में बुनाई करती है", "nursing", None),
    ("在乡村医院上夜班、闲时织毛衣的护士很喜欢猫", "nursing", None),
    ("在乡村医院上夜班、闲时下象棋的医生很喜欢猫", "nursing", None),
]
MARKS = "MATCH (p:Persona)-[m:DUPLICATE_OF]->(s:Persona) RETURN p.text AS text, m.method AS method"


@pytest.fixture
def people(field: Field) -> Field:
    for number, (text, domain, role) in enumerate(PEOPLE):  # one after the other: the first is the oldest
        row = {"persona": text, "domain": domain, **({"role": role} if role else {})}
        field.work.write(f"p{number}.jsonl", json.dumps(row) + "\n")
    field.work.run("import", *(f"p{number}.jsonl" for number in range(len(PEOPLE))), env=field.store)
    field.rows("MATCH (p:Persona) RETURN count(*) AS n")
    return field


def dedup(field: Field, model: FakeServer, *arguments: str, code: int | None = 0) -> Done:
    return field.work.run("--json", "dedup", *arguments, env=field.env(model), code=code)


def marks(field: Field) -> set[tuple[str, str]]:
    return {(row["text"], row["method"]) for row in field.rows(MARKS)}


def counts(done: Done) -> tuple[int, int, int, int]:
    told = done.json
    return told["marked"], told["moved"], told["unmarked"], told["roles_rewritten"]


def test_duplicates_among_imported_personas(people: Field) -> None:
    with FakeServer() as model:
        done = dedup(people, model, "--roles", "0.8")
        assert (done.json["duplicates"], done.json["clusters"], done.json["roles_joined"]) == (2, 1, 1)
        assert {method for _, method in marks(people)} == {"minhash", "embedding"}
        assert all("ward" in text for text, _ in marks(people)), "strangers who write Hindi or Chinese are one"
        assert "8 personas: 2 duplicates of 1" in done.err
        before = people.personas()
        again = dedup(people, model)  # the thresholds stay
        assert counts(again) == (0, 0, 0, 0)
        assert again.json["thresholds"] == {"words": 0.9, "meaning": 0.9, "roles": 0.8}
        assert people.personas() == before
        shown = people.work.run("coverage", "--format", "json", env=people.store).json["overall"]
        told = {row["resolution"]: row["coverage"] for row in shown}
        for kind in ("persona", "role"):
            assert done.json["coverage"][kind]["after"] == pytest.approx(told[kind], abs=1e-6)


def test_another_threshold_rewrites_marks_and_back_again(people: Field) -> None:
    with FakeServer() as model:
        dedup(people, model, "--roles", "1")
        strict = people.personas()
        assert counts(dedup(people, model, "--threshold", "0.99", "--words", "1", "--roles", "0.8"))[2:] == (1, 1)
        roles = people.rows(
            "MATCH (p:Persona) WHERE p.role_as_said IS NOT NULL RETURN p.role AS role, p.role_as_said AS said"
        )
        assert roles == [{"role": "night nurse", "said": "nurse night"}]
        assert people.personas() != strict
        assert counts(dedup(people, model, "--threshold", "0.9", "--words", "0.9", "--roles", "1"))[0] == 1
        assert people.personas() == strict


def test_a_sweep_writes_nothing(people: Field) -> None:
    with FakeServer() as model:
        before = people.personas()
        told = dedup(people, model, "--sweep").json
        assert [row["threshold"] for row in told["rows"]] == [0.75, 0.8, 0.85, 0.88, 0.9, 0.92, 0.95, 0.97]
        found = {row["threshold"]: row for row in told["rows"]}
        assert found[0.9]["duplicates"] == 2
        assert found[0.97]["duplicates"] == 1
        assert {row["coverage_by_persona"] for row in told["rows"]} == {None}, "no model was asked"
        pairs = found[0.92]["borderline"]
        assert any("fifty" in pair["text"] and "twenty" in pair["survivor"] for pair in pairs)
        roles = dedup(people, model, "--sweep", "--roles").json
        assert (roles["sweep"], roles["total"]) == ("roles", 3)
        assert roles["rows"][0]["duplicates"] == 1
        table = people.work.run("dedup", "--sweep", env=people.env(model))
        assert "Threshold 0.95: closest pairs" in table.out
        assert people.personas() == before
        assert people.rows("MATCH (r:Run {command: 'dedup'}) RETURN r.id") == []


def test_a_sweep_tells_how_coverage_turns_on_the_threshold(people: Field) -> None:
    people.work.write("relations.yml", RELATIONS)
    with FakeServer() as model:
        people.expand(model, "--calls", "8")
        rows = dedup(people, model, "--sweep").json["rows"]
    covered = [row["coverage_by_persona"] for row in rows]
    assert all(0 <= share <= 1 for share in covered)
    assert covered == sorted(covered, reverse=True), "the fewer are one, the more are new"
    assert rows[0]["duplicates"] >= rows[-1]["duplicates"]


def test_what_comes_later_is_matched_by_the_same_thresholds(people: Field) -> None:
    """The model gives, one word apart, what is there: at 0.999 that is new, at 0.9 a duplicate."""
    near = NURSE.replace("twenty", "forty")

    def answer(request: dict[str, Any]) -> str:
        del request
        person = {"persona": near, "role": "nurse night", "domain": "nursing", "relation": "patient"}
        return json.dumps({"personas": [person]})

    people.work.write("relations.yml", "relations:\n  - {id: patient, family: care, phrase: patient}\n")
    arguments = ("--json", "expand", "--depth", "1", "--calls", "1", "--per-call", "1", "--relations", "relations.yml")
    with FakeServer(answer=answer) as model:
        dedup(people, model, "--threshold", "0.999", "--words", "0.99", "--roles", "0.8")
        done = people.work.run(*arguments, env=people.env(model)).json
        assert (done["new"], done["duplicate"]) == (1, 0)
        row = people.rows("MATCH (p:Persona {depth: 1}) RETURN p.role AS role, p.role_as_said AS said")
        assert row == [{"role": "night nurse", "said": "nurse night"}]
        assert counts(dedup(people, model, "--threshold", "0.9", "--words", "0.9"))[0] == 2
        assert near in {text for text, _ in marks(people)}


def test_killed_while_it_writes_it_is_mended_by_the_next(people: Field) -> None:
    """Killed at four moments: with its first mark in the graph, a quarter of them, half, and three quarters."""
    rows = [{"persona": f"{NURSE} and {n % 40} keys", "domain": "nursing", "role": f"nurse {n}"} for n in range(4000)]
    texts = [{**row, "persona": " ".join(reversed(row["persona"].split())) + f" {n}"} for n, row in enumerate(rows)]
    people.work.write("many.jsonl", "".join(json.dumps(row) + "\n" for row in [*rows, *texts]))
    people.work.run("import", "many.jsonl", env=people.store)
    marked = "MATCH (:Persona)-[m:DUPLICATE_OF]->() RETURN count(m) AS n"
    chains = "MATCH (:Persona)-[:DUPLICATE_OF]->(:Persona)-[:DUPLICATE_OF]->(p:Persona) RETURN count(p) AS n"
    wide, narrow = ("--threshold", "1", "--words", "0.5", "--roles", "1"), ("--words", "0.9")
    with FakeServer() as model:
        whole = dedup(people, model, *wide).json
        personas = people.personas()
        dedup(people, model, *narrow)
        few = people.rows(marked)[0]["n"]
        for part in (0, 0.25, 0.5, 0.75):
            least = few + 1 + part * (whole["duplicates"] - few)
            process = people.work.start("dedup", *wide, env=people.env(model))
            while process.poll() is None and people.rows(marked)[0]["n"] < least:
                pass
            process.kill()
            process.communicate()
            assert 0 <= people.rows(marked)[0]["n"] <= whole["duplicates"]
            assert people.rows(chains) == [{"n": 0}]
        mended = dedup(people, model, *wide).json
        assert mended["duplicates"] == whole["duplicates"] > 3000
        assert people.personas() == personas
        assert counts(dedup(people, model)) == (0, 0, 0, 0)


def test_without_an_embedding_server_words_still_match(people: Field) -> None:
    with FakeServer(faults=[NO_EMBEDDINGS], models=["new"]) as model:  # no vectors of it are kept
        env = people.env(model, {"PGRAPH_EMBEDDING_MODEL": "new"})
        done = people.work.run("dedup", env=env, code=4)
        assert model.base_url in done.err
        assert "Traceback" not in done.err
        done = people.work.run("--json", "dedup", "--threshold", "1", "--roles", "1", env=env)
        assert done.json["duplicates"] == 1


def test_numbers_that_are_none(people: Field) -> None:
    for wrong in (("--threshold", "nan"), ("--words", "0"), ("--roles", "2"), ("--threshold", "x"), ("--roles",)):
        assert people.work.run("dedup", *wrong, env=people.store, code=2).err
