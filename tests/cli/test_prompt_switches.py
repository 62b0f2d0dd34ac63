"""The switches of `pgraph expand` that widen its prompts, against a fake model on both stores."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.cli.expanding import Field
from tests.fakes import world
from tests.fakes.server import FakeServer

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def model() -> Iterator[FakeServer]:
    with FakeServer(answer=world.answer) as server:
        yield server


@pytest.fixture
def seeded(field: Field) -> Field:
    field.seed()
    return field


def explained(
    field: Field, model: FakeServer, *options: str, env: Mapping[str, str] | None = None
) -> list[dict[str, Any]]:
    lines = field.expand(model, *options, "--explain", env=env).out.splitlines()
    return [json.loads(line) for line in lines[:-1]]


def switches(field: Field) -> dict[tuple[str, str], dict[str, Any]]:
    rows = field.work.run("query", "prompt_switches", "--format", "json", env=field.store).json
    return {(row["switch"], row["value"]): row for row in rows}


def prompts(model: FakeServer) -> list[str]:
    return [request["messages"][-1]["content"] for request in model.requests]


def test_each_answer_comes_with_its_probability_which_is_kept(seeded: Field, model: FakeServer) -> None:
    seeded.expand(model, "--calls", "5")
    calls = explained(seeded, model, "--calls", "20", "--verbalise", "0.1")
    assert {call["verbalised"] for call in calls} == {0.1}
    assert all("with its probability, which should be below 0.1." in call["reason"] for call in calls)
    assert sum("with a probability below 0.1" in prompt for prompt in prompts(model)) == 20
    kept = seeded.rows("MATCH (:Persona)-[d:DERIVED_FROM]->() RETURN d.probability AS p, coalesce(d.times, 1) AS times")
    assert sum(row["times"] for row in kept if row["p"] is not None) == 60
    assert all(0 <= row["p"] <= 1 for row in kept if row["p"] is not None)
    judged = switches(seeded)
    assert judged["verbalised", "0.1"]["calls"] == 20
    assert judged["verbalised", "no"]["calls"] == 5


def test_a_model_that_gives_no_probability_or_a_wrong_one_loses_no_answer(seeded: Field) -> None:
    def careless(request: dict[str, Any]) -> str:
        people = json.loads(world.answer(request))["personas"]
        del people[0]["probability"]
        people[1]["probability"] = "rather low"
        people[2]["probability"] = 12
        return json.dumps({"personas": people})

    with FakeServer(answer=careless) as model:
        done = seeded.expand(model, "--calls", "10", env={"PGRAPH_VERBALISE": "1"}).json
    assert done["unusable"] == 0
    assert done["new"] + done["duplicate"] == 30
    assert seeded.rows("MATCH ()-[d:DERIVED_FROM]->() WHERE d.probability IS NOT NULL RETURN d.call") == []


def test_a_server_that_takes_no_schema_gives_probabilities_too(seeded: Field) -> None:
    def free(request: dict[str, Any]) -> str:
        kind = request["messages"][-1]["content"].split("Relationship: ")[1].split(".")[0]
        item = {"properties": {"relation": {"enum": [kind]}, "probability": {}}}
        schema = {"properties": {"personas": {"minItems": 3, "items": item}}}
        return world.answer({**request, "response_format": {"json_schema": {"schema": schema}}})

    no_format = {"kind": "no_response_format", "formats": ["json_schema", "json_object"]}
    with FakeServer(answer=free, faults=[no_format, {"kind": "fenced"}]) as model:
        done = seeded.expand(model, "--calls", "10", "--verbalise", "0.1").json
    assert done["unusable"] == 0
    kept = seeded.rows("MATCH ()-[d:DERIVED_FROM]->() WHERE d.probability >= 0 RETURN sum(coalesce(d.times, 1)) AS n")
    assert kept == [{"n": 30}]


def test_an_interrupted_run_with_probabilities_goes_on(seeded: Field) -> None:
    interrupted(seeded, "--verbalise", "1")


def interrupted(field: Field, *options: str) -> None:
    """Killed amid its calls: what was paid is used, and the run ends with as many calls as it was to make."""
    options = ("--calls", "60", "--at-once", "4", *options)
    with FakeServer(answer=world.answer, latency=0.03) as model:
        process = field.work.start(*field.arguments(*options), env=field.env(model))
        assert process.stderr is not None
        while model.stats()["paid"] < 20:
            assert process.poll() is None, process.stderr.read()
        process.kill()
        process.communicate()
        again = field.expand(model, *options)
        assert again.json["calls"] == 60
        assert "Continuing run" in again.err
        assert model.stats()["paid"] <= 60 + 4, "but for those under way"


def test_a_dry_run_shows_the_prompt_of_the_switch(seeded: Field, model: FakeServer) -> None:
    shown = seeded.expand(model, "--calls", "7", "--verbalise", "0.2", "--dry-run").json
    assert all("with a probability below 0.2" in prompt for prompt in shown["prompts"])
    plain = seeded.expand(model, "--calls", "7", "--dry-run").json
    assert shown["tokens_out"] > plain["tokens_out"]
    assert model.stats()["chat"] == 0


def test_a_call_may_name_a_region_and_its_answers_count_for_no_arm(seeded: Field, model: FakeServer) -> None:
    calls = explained(seeded, model, "--calls", "60", "--void", "0.5", "--exclude", "6")
    named = [call for call in calls if "named" in call]
    others = [call for call in calls if "named" not in call]
    assert 15 < len(named) < 45
    assert all(call["listed"] == 0 and "expected" not in call and 0 <= call["hits"] <= 3 for call in named)
    assert all("and asks for others like them" in call["reason"] for call in named)
    assert all("hits" not in call and call["expected"] > 0 for call in others)
    assert sum("Choose people similar to these, but none of these: role" in prompt for prompt in prompts(model)) == len(
        named
    )
    judged = switches(seeded)["void", "yes"]
    assert judged["calls"] == len(named)
    assert judged["answers"] == 3 * len(named)
    assert judged["hits"] == pytest.approx(sum(call["hits"] for call in named) / judged["answers"])
    assert judged["hits"] > judged["alone"] > 0
    by_relation = seeded.work.run("--json", "coverage", "--by", "relation", env=seeded.store).json["rows"]
    assert sum(row["answers"] for row in by_relation) == 3 * len(others)
    overall = seeded.work.run("--json", "coverage", "--by", "overall", env=seeded.store).json["overall"]
    assert next(row for row in overall if row["resolution"] == "persona")["sightings"] >= 180
    said = seeded.work.run(
        *seeded.arguments("--calls", "3", "--void", "1", "--control", "0", "--explain")[1:], env=seeded.env(model)
    ).out
    assert all(re.search(r"of 3 new, \d landed there\.$", line) for line in said.splitlines())


def test_where_all_answers_are_lost_a_named_region_costs_the_arm_nothing(seeded: Field) -> None:
    with FakeServer(answer=lambda _: '{"personas": []}') as model:
        done = seeded.expand(model, "--calls", "5", "--void", "1", "--control", "0", code=1).json
    assert done["unusable"] == 15
    assert sum(row["calls"] for row in switches(seeded).values() if row["switch"] == "void") == 5
    by_relation = seeded.work.run("--json", "coverage", "--by", "relation", env=seeded.store).json["rows"]
    assert sum(row["unusable"] for row in by_relation) == 0


def test_an_interrupted_run_that_names_regions_asks_in_the_same_words_again(seeded: Field) -> None:
    interrupted(seeded, "--void", "0.5", "--exclude", "6")


def test_a_dry_run_shows_the_region_that_is_named(seeded: Field, model: FakeServer) -> None:
    seeded.expand(model, "--calls", "5")
    shown = seeded.expand(model, "--calls", "7", "--void", "1", "--dry-run").json
    assert all("Choose people similar to these" in prompt for prompt in shown["prompts"])


@pytest.fixture
def apart(seeded: Field) -> Field:
    """Eight kinds: three near, three mid, two far."""
    kinds = "".join(
        f"  - {{id: {kind}, family: x, distance: {('near', 'mid', 'far')[number % 3]}, phrase: met through {kind}}}\n"
        for number, kind in enumerate(world.KINDS)
    )
    seeded.work.write("relations.yml", "relations:\n" + kinds)
    return seeded


def test_only_relationships_at_the_distances_are_asked_along(apart: Field, model: FakeServer) -> None:
    calls = explained(apart, model, "--calls", "12", "--distances", "near,far")
    assert {call["distance"] for call in calls} == {"near", "far"}
    assert {call["relation"] for call in calls} <= {kind for n, kind in enumerate(world.KINDS) if n % 3 != 1}
    middle = explained(apart, model, "--calls", "6", env={"PGRAPH_DISTANCES": "mid"})
    assert {call["distance"] for call in middle} == {"mid"}
    judged = switches(apart)
    assert judged["distance", "mid"]["calls"] == 6
    assert judged["distance", "near"]["calls"] + judged["distance", "far"]["calls"] == 12
    shown = apart.expand(model, "--calls", "5", "--distances", "far", "--dry-run").json
    assert all(re.search(r"Relationship: (work|civic)\.", prompt) for prompt in shown["prompts"])


def test_an_interrupted_run_at_a_distance_goes_on(apart: Field) -> None:
    interrupted(apart, "--distances", "near,mid")
