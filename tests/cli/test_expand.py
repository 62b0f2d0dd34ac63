"""`pgraph expand` against a fake model: what it writes, where it stops, what it says."""

import json
import re
from collections.abc import Iterator

import pytest

from tests.cli.expanding import Field
from tests.console import Console
from tests.fakes import world
from tests.fakes.server import FakeServer
from tests.neo4j_server import Neo4jServer

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def model() -> Iterator[FakeServer]:
    with FakeServer(answer=world.answer) as server:
        yield server


@pytest.fixture
def field(work: Console) -> Field:
    made = Field(work, {})
    made.seed()
    return made


def prompts(model: FakeServer) -> list[str]:
    return [request["messages"][-1]["content"] for request in model.requests]


def neo4j_env(server: Neo4jServer) -> dict[str, str]:
    names = {"PGRAPH_STORE": server.uri, "PGRAPH_STORE_USER": server.user, "PGRAPH_STORE_PASSWORD": server.password}
    return {name: value for name, value in names.items() if value}


def test_a_run_adds_personas_with_their_origin(field: Field, model: FakeServer) -> None:
    done = field.expand(model, "--calls", "20").json
    rows = field.personas()
    found = [row for row in rows if row["derived_from"]]
    assert done["calls"] == model.stats()["paid"] == 20
    assert done["new"] + done["duplicate"] == 60
    assert done["new"] == len([row for row in found if row["depth"] and row["duplicate_of"] is None])
    assert done["stopped_by"] == "calls"
    ids = {row["id"] for row in rows}
    for row in found:
        assert {sighting["source"] for sighting in row["derived_from"]} <= ids
        assert {sighting["relation"] for sighting in row["derived_from"]} <= set(world.KINDS)
        assert row["group"]


def test_the_coverage_shown_is_that_of_the_graph(field: Field, model: FakeServer) -> None:
    shown = field.expand(model, "--calls", "30").json["coverage"]
    report = field.work.run("--json", "coverage", "--by", "overall").json
    assert shown == pytest.approx(
        next(row for row in report["overall"] if row["resolution"] == "role")["coverage"], abs=1e-4
    )
    by_cypher = field.work.run("query", "coverage_overall", "--format", "json").json
    for mine in report["overall"]:
        theirs = next(row for row in by_cypher if row["resolution"] == mine["resolution"])
        assert {name: mine[name] for name in ("distinct", "sightings", "singles")} == {
            name: theirs[name] for name in ("distinct", "sightings", "singles")
        }
        assert mine["coverage"] == pytest.approx(theirs["coverage"], abs=1e-5)
    groups = {row["key"]: row for row in field.work.run("--json", "coverage").json["rows"]}
    for row in field.work.run("query", "coverage_by_group", "--format", "json").json:
        mine = groups[row["region"]]
        assert [mine[n] for n in ("personas", "roles", "sightings", "singles")] == [
            row[n] for n in ("personas", "roles", "sightings", "singles")
        ]


@pytest.mark.parametrize("strategy", ["coverage", "breadth-first", "random"])
def test_one_at_a_time_with_one_seed_is_the_same_twice(field: Field, model: FakeServer, strategy: str) -> None:
    options = ("--calls", "15", "--strategy", strategy, "--at-once", "1", "--seed", "7")
    field.expand(model, *options)
    first = field.personas()
    field.work.empty()
    field.seed()
    again = field.expand(model, *options).json
    assert field.personas() == first
    assert again["replies_from_cache"] == 15


@pytest.mark.neo4j
@pytest.mark.parametrize("strategy", ["coverage", "breadth-first"])
def test_equal_replies_make_equal_graphs_on_both_stores(
    field: Field, model: FakeServer, neo4j_store: object, neo4j: Neo4jServer, strategy: str
) -> None:
    assert neo4j_store is not None
    other = Field(field.work, neo4j_env(neo4j))
    other.seed()
    options = ("--calls", "40", "--strategy", strategy, "--at-once", "1")
    here, there = field.expand(model, *options).json, other.expand(model, *options).json
    assert field.personas() == other.personas()
    assert there["replies_from_cache"] == 40
    same = ("calls", "new", "duplicate", "coverage", "personas", "stopped_by")
    assert {name: here[name] for name in same} == {name: there[name] for name in same}


def test_the_tokens_limit_and_the_target_stop_a_run(field: Field, model: FakeServer) -> None:
    by_tokens = field.expand(model, "--tokens", "3000", "--at-once", "1").json
    assert by_tokens["stopped_by"] == "tokens"
    assert 3000 <= by_tokens["tokens_in"] + by_tokens["tokens_out"] < 4500
    by_target = field.expand(model, "--target", "45", "--at-once", "1").json
    assert by_target["stopped_by"] == "target"
    assert 45 <= by_target["personas"] < 48


def test_a_budget_that_ends_before_the_goal_is_exit_code_5(field: Field, model: FakeServer) -> None:
    done = field.expand(model, "--calls", "5", "--target", "10000", code=5).json
    assert done["stopped_by"] == "calls"
    assert "before the goal" in done["exit_reason"]


def test_a_collapsed_model_stops_the_run_by_its_price(field: Field) -> None:
    def same(request: dict[str, object]) -> str:
        people = json.loads(world.answer(request))["personas"]
        for number, person in enumerate(people):
            person.update(persona=world.text(number), role=world.name(number), domain="district001")
        return json.dumps({"personas": people})

    with FakeServer(answer=same) as model:
        done = field.expand(model, "--at-once", "4").json
    assert done["stopped_by"] == "price"
    assert done["calls"] < 80  # of 80 pairs at depth 0 and many more at depth 1


def test_a_run_with_a_limit_goes_on_while_it_finds_what_it_counts(field: Field) -> None:
    def one_role(request: dict[str, object]) -> str:
        people = json.loads(world.answer(request))["personas"]
        for person in people:
            person.update(role="role00001")
        return json.dumps({"personas": people})

    with FakeServer(answer=one_role) as model:
        assert field.expand(model, "--at-once", "4", "--calls", "75").json["stopped_by"] == "calls"
        done = field.expand(model, "--at-once", "4", "--calls", "75", "--count", "role").json
    assert done["stopped_by"] == "price"


def test_everybody_asked_ends_the_run_and_the_next_one_says_so(field: Field, model: FakeServer) -> None:
    field.work.write("relations.yml", "relations:\n  - {id: kin, family: kin, phrase: a relative}\n")
    run = field.work.run("--json", "expand", "--depth", "1", "--relations", "relations.yml", env=field.env(model))
    assert run.json["stopped_by"] == "nothing left to ask"
    assert run.json["calls"] == 10
    again = field.work.run("expand", "--depth", "1", "--relations", "relations.yml", env=field.env(model), code=2)
    assert "no persona is left to ask within 1 hops" in again.err
    assert "Raise --depth" in again.err


def test_answers_off_the_relation_are_counted_and_leave_no_persona(field: Field) -> None:
    def off(request: dict[str, object]) -> str:
        people = json.loads(world.answer(request))["personas"]
        for person in people[1:]:
            person["relation"] = "none"
        return json.dumps({"personas": people})

    with FakeServer(answer=off) as model:
        done = field.expand(model, "--calls", "10").json
    assert done["unusable"] == 20
    assert done["new"] + done["duplicate"] == 10
    relation = field.work.run("--json", "coverage", "--by", "relation").json["rows"]
    assert sum(row["unusable"] for row in relation) == 20
    assert sum(row["answers"] for row in relation) == 30


def test_from_starts_only_where_the_query_says(field: Field, model: FakeServer) -> None:
    first = field.personas()[0]["id"]
    field.expand(model, "--calls", "12", "--from", f"MATCH (p:Persona) WHERE p.id = '{first}' RETURN p.id")
    rows = field.personas()
    imported = {row["id"] for row in rows if row["imported_by"]}
    assert {s["source"] for row in rows for s in row["derived_from"]} & imported == {first}


def test_a_dry_run_asks_nothing(field: Field, model: FakeServer) -> None:
    shown = field.expand(model, "--calls", "7", "--dry-run").json
    assert shown["calls"] == 7
    assert len(shown["prompts"]) == 3
    assert model.stats()["chat"] == 0
    assert field.work.run("expand", "--depth", "2", "--dry-run", env=field.env(model)).out.startswith("personas: 10")


def test_without_personas_it_says_what_to_do_first(work: Console, model: FakeServer) -> None:
    done = work.run("expand", "--depth", "2", env=Field(work, {}).env(model), code=2)
    assert "pgraph import FILE" in done.err


def test_personas_without_domain_are_given_regions_of_their_own(work: Console, model: FakeServer) -> None:
    field = Field(work, {})
    work.write("relations.yml", "relations:\n  - {id: kin, family: kin, phrase: a relative}\n")
    work.run("import", work.write("people.txt", "\n".join(row["persona"] for row in world.personas(40))))
    field.expand(model, "--calls", "3", "--depth", "2")
    groups = {row["group"] for row in field.personas()}
    assert None not in groups
    assert len(groups) > 1


@pytest.mark.timeout(900)
def test_coverage_finds_more_roles_than_the_other_strategies(work: Console, model: FakeServer) -> None:
    field = Field(work, {})
    found = {}
    for strategy in ("coverage", "random", "breadth-first"):
        work.empty()
        field.seed(60)
        options = ("--per-call", "5", "--strategy", strategy, "--calls", "1000", "--at-once", "4")
        work.run(*field.arguments(*options, "--depth", "9"), env=field.env(model), timeout=300)
        report = work.run("--json", "coverage", "--by", "overall").json["overall"]
        found[strategy] = next(row for row in report if row["resolution"] == "role")["distinct"]
    print(f"distinct roles after 1,000 calls: {found}")
    assert found["coverage"] > 1.03 * found["random"]
    assert found["coverage"] > 1.04 * found["breadth-first"]


def test_each_call_is_explained_and_its_reason_kept_with_the_run(field: Field, model: FakeServer) -> None:
    lines = field.expand(model, "--calls", "30", "--explain").out.splitlines()
    *calls, summary = map(json.loads, lines)
    assert summary["calls"] == len(calls) == len({call["call"] for call in calls}) == 30
    assert {call["how"] for call in calls} <= {"coverage", "control"}
    assert all(0 < call["expected"] <= 1 and 0 < call["share"] <= 1 for call in calls)
    assert sum(call["new"] for call in calls) == summary["new"]
    assert not any(re.search(r"land in g[0-9a-f]{16}", call["reason"]) for call in calls)
    kept = field.work.run("query", "reasons", "--param", f"run={summary['run']}", "--format", "json").json
    assert {row["call"]: (row["expected"], row["new"]) for row in kept} == {
        call["call"]: (call["expected"], call["new"]) for call in calls
    }
    steps = field.work.run("query", "calibration", "--param", f"run={summary['run']}", "--format", "json").json
    assert sum(step["calls"] for step in steps) == 30
    said = field.work.run(*field.arguments("--calls", "3", "--explain", "--new-run")[1:], env=field.env(model)).out
    assert len(said.splitlines()) == 3
    assert all("are expected to be new" in line and line.endswith(" of 3 new.") for line in said.splitlines())


def test_a_reader_of_reasons_who_leaves_ends_the_run_which_can_go_on(field: Field) -> None:
    options = ("--calls", "60", "--explain")
    with FakeServer(answer=world.answer, latency=0.05) as model:
        process = field.work.start(*field.arguments(*options), "--at-once", "2", env=field.env(model))
        assert process.stdout is not None
        assert process.stderr is not None
        assert json.loads(process.stdout.readline())["how"]
        process.stdout.close()
        with process.stderr as stderr:
            err = stderr.read()
        assert process.wait(60) == 0
        assert "Traceback" not in err
        assert model.stats()["paid"] < 60
        again = field.expand(model, *options)
    assert "Continuing run" in again.err
    assert json.loads(again.out.splitlines()[-1])["calls"] == 60
    assert model.stats()["paid_twice"] == 0


def test_known_roles_are_not_to_be_named_again_but_for_probes(field: Field, model: FakeServer) -> None:
    calls = field.expand(model, "--calls", "80", "--exclude", "6", "--explain").out.splitlines()[:-1]
    listed = [json.loads(call)["listed"] for call in calls]
    assert max(listed) == 6
    assert 0 < listed.count(0) < 20
    known = {row["role"] for row in field.personas()}
    told = [
        prompt.partition("they are already known: ")[2].rstrip(".")
        for prompt in prompts(model)
        if "already known" in prompt
    ]
    assert len(told) == 80 - listed.count(0)
    assert {role for roles in told for role in roles.split("; ")} <= known
    field.expand(model, "--calls", "20", "--exclude", "0")
    assert sum("already known" in prompt for prompt in prompts(model)) == len(told)


def test_a_forecast_is_borne_out(field: Field, model: FakeServer) -> None:
    """From 40 calls on to 200 more: calls, tokens and new roles within a quarter."""
    before = field.expand(model, "--calls", "40").json
    told = field.expand(
        model, "--calls", "200", "--dry-run", env={"PGRAPH_PRICE_IN": "1", "PGRAPH_PRICE_OUT": "4"}
    ).json
    done = field.expand(model, "--calls", "200").json
    assert told["estimated_from"] == "40 earlier calls"
    assert told["calls"] == done["calls"] == 200
    for name in ("tokens_in", "tokens_out"):
        assert done[name] == pytest.approx(told[name], rel=0.25)
    assert done["new"] == pytest.approx(told["new_roles"], rel=0.25)
    assert told["money"] == pytest.approx((told["tokens_in"] + 4 * told["tokens_out"]) / 1e6, rel=0.01)
    assert before["new"] > 0
    goal = field.expand(model, "--target", "700", "--dry-run").json
    assert goal["calls"] == goal["calls_to_the_goal"] > 0
