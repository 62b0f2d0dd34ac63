"""`pgraph coverage` beside its counts: runs, comparisons, lists from outside, diversity."""

import json
import shlex
from collections.abc import Iterator
from typing import Any

import pytest

from tests.cli.expanding import Field
from tests.console import Console
from tests.fakes import world
from tests.fakes.faults import NO_EMBEDDINGS
from tests.fakes.server import FakeServer

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def model() -> Iterator[FakeServer]:
    with FakeServer(answer=world.answer, faults=[{"kind": "wrong_schema", "last": 2}]) as server:
        yield server


@pytest.fixture
def grown(work: Console, model: FakeServer) -> tuple[Field, list[dict[str, Any]]]:
    """A population of an import and two runs, with what the two said at their end."""
    made = Field(work, {})
    made.seed()
    runs = [made.expand(model, "--calls", calls, "--at-once", "1", code=None).json for calls in ("15", "10")]
    return made, runs


def test_each_run_with_what_it_brought(grown: tuple[Field, list[dict[str, Any]]]) -> None:
    field, said = grown
    shown = field.work.run("--json", "coverage", "--by", "run").json
    assert [row["command"] for row in shown["rows"]] == ["expand", "expand", "import"]
    for row, end in zip(shown["rows"], reversed(said), strict=False):
        assert row["run"] == end["run"]
        assert {name: row[name] for name in ("calls", "new", "duplicate", "unusable")} == {
            name: end[name] for name in ("calls", "new", "duplicate", "unusable")
        }
        assert row["tokens"] == end["tokens_in"] + end["tokens_out"]
        assert row["coverage"] == pytest.approx(end["coverage"], abs=1e-4)
    overall = next(row for row in shown["overall"] if row["resolution"] == "role")
    assert shown["rows"][0]["coverage"] == overall["coverage"]
    assert sum(row["new_roles"] or 0 for row in shown["rows"][:2]) == overall["distinct"] - 10
    assert said[0]["unusable"] > 0


def test_the_end_of_a_run_is_its_last_fifth(grown: tuple[Field, list[dict[str, Any]]]) -> None:
    field, said = grown
    run = said[1]["run"]
    query = (
        "MATCH (p:Persona)-[d:DERIVED_FROM]->(:Persona) RETURN p.role AS role, d.call AS call, d.at AS at, d.run AS run"
    )
    seen = sorted(field.rows(query), key=lambda row: str(row["at"]))
    known = {row["role"] for row in field.rows("MATCH (p:Persona)-[:IMPORTED_BY]->(:Run) RETURN p.role AS role")}
    new: dict[str, int] = {}
    for row in seen:
        if row["run"] == run:
            new[row["call"]] = new.get(row["call"], 0) + (row["role"] not in known)
        known.add(row["role"])
    assert len(new) == 10
    shown = field.work.run("--json", "coverage", "--by", "run").json["rows"][0]
    assert shown["late_new"] == pytest.approx(100 * sum(list(new.values())[8:]) / 2)


def test_two_runs_side_by_side(grown: tuple[Field, list[dict[str, Any]]]) -> None:
    field, said = grown
    first, second = (end["run"] for end in said)
    shown = field.work.run("--json", "coverage", "--compare", first[:12], second).json["compare"]
    assert field.work.run("--json", "coverage", "--compare", "last~1", "last").json["compare"] == shown
    found = {
        run: {row["role"] for row in field.rows(
            f"MATCH (p:Persona)-[d:DERIVED_FROM]->(:Persona) WHERE d.run = '{run}' RETURN p.role AS role"
        )}
        for run in (first, second)
    }  # fmt: skip
    one, other = found[first], found[second]
    roles = shown["roles"]
    assert (roles["first"], roles["second"], roles["both"]) == (len(one), len(other), len(one & other))
    assert roles["overlap"] == pytest.approx(len(one & other) / len(one | other), abs=1e-4)
    assert [curve[-1] for curve in shown["curves"]] == [[15, len(one)], [10, len(other)]]
    assert [row["run"] for row in shown["runs"]] == [first, second]
    home = {row["role"]: row["group"] for row in field.rows(
        "MATCH (p:Persona)-[:IN_DOMAIN]->(d:Domain) OPTIONAL MATCH (d)-[:IN_GROUP]->(g) WHERE p.role IS NOT NULL "
        "RETURN p.role AS role, coalesce(g.label, d.label) AS group"
    )}  # fmt: skip
    for row in shown["groups"]:
        here = [sum(home[role] == row["group"] for role in roles) for roles in (one, other)]
        assert [row["first"], row["second"]] == here
    apart = [abs(row["first"] - row["second"]) for row in shown["groups"]]
    assert apart[0] > 0
    assert apart == sorted(apart, reverse=True)
    table = field.work.run("coverage", "--compare", first, second).out
    assert "Groups where one run found more distinct roles" in table


def test_a_run_that_cannot_be_named(grown: tuple[Field, list[dict[str, Any]]]) -> None:
    field, said = grown
    for names, says in (
        (("last", "last"), "is named twice"),
        (("last", "last~7"), "there are only 3 runs"),
        (("r", "last"), "several runs begin like that"),
        (("rx", "last"), "no run that brought personas begins like that"),
    ):
        err = field.work.run("coverage", "--compare", *names, code=2).err
        assert says in err
        assert said[0]["run"] in err or "last~1" in err


@pytest.fixture
def trades(work: Console) -> Console:
    keepers = [("Lock-Keeper", place) for place in ("Bergen", "Kano", "Accra", "Minsk", "Leeds")]
    others = [("district nurse", "Pune"), ("nurse", "Lima"), ("bus drivers", "Osaka"), ("enfermera", "Quito")]
    rows = [
        {"persona": f"A {role} from {place} who keeps {n} bees and sings in the choir on Sundays", "role": role}
        for n, (role, place) in enumerate([*keepers, *others])
    ]
    rows.append({"persona": "किसान जो रात में गाता है और मधुमक्खियाँ पालता है", "role": "किसान"})
    rows.append({"persona": "They who never say what they do all day long", "role": ""})
    work.run("import", work.write("a.jsonl", "".join(json.dumps(row) + "\n" for row in rows)))
    return work


LIST = (
    "code,preferredLabel,altLabels\n"
    '2221,nursing professional,"community nurse\ndistrict nurse"\n'
    "1,lock keeper,sluice warden | canal keeper\n"
    "8331,bus driver,\n"
    "6,किसान,\n"
    "9,astronaut,cosmonaut\n"
    ",,\n"
)


def test_an_outside_list_is_compared_by_name_then_by_meaning(trades: Console) -> None:
    """With the real embedding model: "bus drivers" is "bus driver", "enfermera" is nobody it could tell."""
    trades.write("list.csv", LIST)
    done = trades.run(
        "--json", "coverage", "--reference", "list.csv", env={"PGRAPH_EMBEDDING_MODEL": "all-MiniLM-L6-v2"}
    )
    found = done.json["reference"]
    assert "list.csv:8: no label (left out)" in done.err
    rows = {row["label"]: (row["code"], row["personas"], row["exact"], row["sightings"]) for row in found["rows"]}
    assert rows == {
        "nursing professional": ("2221", 2, 1, 0),  # "nurse" is near to "community nurse"
        "lock keeper": ("1", 5, 5, 0),
        "bus driver": ("8331", 1, 0, 0),
        "किसान": ("6", 1, 1, 0),
        "astronaut": ("9", 0, 0, 0),
    }
    assert (found["entries"], found["reached"], found["reached_5"], found["bad_rows"]) == (5, 4, 1, 1)
    assert found["reached_share"] == 0.8
    assert found["personas_without_role"] == 1
    [astronaut] = found["unreached"]
    assert len(astronaut["nearest"]) == 3
    cosines = [person["cosine"] for person in astronaut["nearest"]]
    assert cosines == sorted(cosines, reverse=True)
    assert len({person["role"] for person in astronaut["nearest"]}) == 3


def test_the_command_for_an_unreached_entry_works_as_it_stands(work: Console, model: FakeServer) -> None:
    field = Field(work, {})
    field.seed()
    work.write("list.csv", "name\nrole99999\n")
    env = field.env(model)
    table = work.run("coverage", "--reference", "list.csv", env=env).out
    line = next(line for line in table.splitlines() if "pgraph expand" in line)
    before = len(work.rows())
    asked = shlex.split(line.strip())
    assert asked[0] == "pgraph"
    done = work.run("--json", *asked[1:], "--relations", "relations.yml", env=env, code=None).json
    assert done["calls"] == 5
    assert len(work.rows()) > before
    sources = {
        row["source"] for row in field.rows("MATCH (:Persona)-[:DERIVED_FROM]->(s:Persona) RETURN s.id AS source")
    }
    named = json.loads(line[line.index("[") : line.index("]") + 1])
    assert sources & set(named)


def test_a_named_column_and_other_formats(trades: Console) -> None:
    trades.write("list.csv", "Beruf;Nr\nlock keeper;7\nastronaut;8\n")
    trades.write("list.txt", "lock keeper\nastronaut\n")
    for arguments in (("list.csv", "--reference-column", "beruf"), ("list.txt",)):
        with FakeServer() as server:
            env = Field(trades, {}).env(server)
            found = trades.run("--json", "coverage", "--reference", *arguments, env=env).json["reference"]
        assert (found["entries"], found["reached"]) == (2, 1)


def test_diversity_leaves_out_what_the_model_does_not_know(trades: Console) -> None:
    with FakeServer() as server:
        env = Field(trades, {}).env(server)
        found = trades.run("--json", "coverage", "--diversity", env=env).json["diversity"]
        table = trades.run("coverage", "--diversity", env=env).out
    assert found["personas"] == 11
    assert found["persona"]["of"] == 11 - found["left_out_by_language"]
    assert found["left_out_by_language"] >= 1
    assert 1 <= found["persona"]["vendi"] <= found["persona"]["of"]
    assert found["words"]["of"] == 11
    assert 0 < found["words"]["distinct_1"] < found["words"]["distinct_2"] <= found["words"]["distinct_3"] <= 1
    assert "The first four rows leave out" in table


def test_diversity_needs_its_model(trades: Console) -> None:
    with FakeServer(faults=[NO_EMBEDDINGS], models=["new"]) as server:  # no vectors of it are kept
        env = Field(trades, {}).env(server, {"PGRAPH_EMBEDDING_MODEL": "new"})
        done = trades.run("coverage", "--diversity", env=env, code=4)
    assert "embedding_url" in done.err


def test_the_ending_tells_the_format(trades: Console) -> None:
    trades.run("coverage", "-o", "a.json")
    assert json.loads((trades.directory / "a.json").read_text())["by"] == "group"
    with FakeServer() as server:
        trades.run("coverage", "-o", "a.html", env=Field(trades, {}).env(server))
        out = trades.run("coverage", "--format", "html", env=Field(trades, {}).env(server)).out
    assert (trades.directory / "a.html").read_text().startswith("<!doctype html>")
    assert out.startswith("<!doctype html>")
