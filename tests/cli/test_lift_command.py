"""What the choice of `pgraph expand` is worth, as each command shows it; and a choice that is worse than chance."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from expansion.selection import strategies
from expansion.selection.control import EARLY, EARLY_SHARE
from pgraph.app.expand import ExpandRequest, expand
from pgraph.app.settings import Workspace
from tests.cli.expanding import Field
from tests.console import Console
from tests.fakes import world
from tests.fakes.server import FakeServer

pytestmark = pytest.mark.timeout(300)
CALLS = 150
BY_GROUP = """MATCH (:Run)-[asked:ASKED]->() RETURN asked.how AS how, asked.control AS control, count(*) AS calls"""


@pytest.fixture
def model() -> Iterator[FakeServer]:
    with FakeServer(answer=world.answer) as server:
        yield server


@pytest.fixture
def grown(field: Field, model: FakeServer) -> tuple[Field, dict[str, Any]]:
    field.seed()
    return field, field.expand(model, "--calls", str(CALLS), "--per-call", "5").json


def test_every_command_shows_the_same_lift(grown: tuple[Field, dict[str, Any]]) -> None:
    field, done = grown
    lift = done["lift"]
    assert lift["chosen"] + lift["control"] == CALLS
    assert lift["low"] < lift["ratio"] < lift["high"]
    ask = field.work.run
    (row,) = ask("query", "lift", "--format", "json", env=field.store).json
    assert (row["run"], row["chosen"], row["control"]) == (done["run"], lift["chosen"], lift["control"])
    assert [row["lift"], row["low"], row["high"]] == pytest.approx(
        [lift[n] for n in ("ratio", "low", "high")], abs=1e-4
    )
    shown = next(run for run in ask("--json", "coverage", "--by", "run", env=field.store).json["rows"] if run["lift"])
    assert [shown["lift"], shown["lift_low"], shown["lift_high"]] == [lift["ratio"], lift["low"], lift["high"]]
    compared = ask("--json", "coverage", "--compare", "last~1", "last", env=field.store).json["compare"]
    assert [run["lift"] for run in compared["runs"]] == [None, lift["ratio"]]
    assert "lift_high" in ask("coverage", "--compare", "last~1", "last", env=field.store).out
    ask("coverage", "-o", "report.html", env=field.store)
    words = f"{lift['ratio']:.2f} ({lift['low']:.2f} to {lift['high']:.2f})"
    assert words in (field.work.directory / "report.html").read_text()


def test_a_fifth_of_the_first_calls_is_drawn_by_chance(grown: tuple[Field, dict[str, Any]]) -> None:
    field, _ = grown
    calls = {(row["how"], row["control"]): row["calls"] for row in field.rows(BY_GROUP)}
    assert set(calls) <= {(how, share) for how in ("coverage", "control") for share in (EARLY_SHARE, 0.05)}
    assert calls["coverage", EARLY_SHARE] + calls["control", EARLY_SHARE] == EARLY
    assert 8 <= calls["control", EARLY_SHARE] <= 36


def test_a_run_that_goes_on_counts_the_calls_before(field: Field, model: FakeServer) -> None:
    field.seed()
    with FakeServer(answer=world.answer, faults=[{"kind": "401", "first": 60}]) as failing:
        field.expand(failing, "--calls", "100", "--control", "0.5", code=4)
    before = Counter({row["how"]: row["calls"] for row in field.rows(BY_GROUP)})
    lift = field.expand(model, "--calls", "100", "--control", "0.5").json["lift"]
    after = field.rows(BY_GROUP)
    assert 0 < before.total() < 100
    assert lift["chosen"] + lift["control"] == sum(row["calls"] for row in after if row["control"] is not None)
    assert lift["control"] == sum(row["calls"] for row in after if row["how"] == "control")


def test_without_a_control_group_nothing_is_said(field: Field, model: FakeServer) -> None:
    field.seed()
    for more in (("--control", "0"), ("--strategy", "random")):
        done = field.expand(model, "--calls", "10", *more).json
        assert (done["lift"], done["by_chance"]) == (None, False)
    assert field.work.run("query", "lift", "--format", "json", env=field.store).json == []


def only_kin(request: dict[str, Any]) -> str:
    """Along one relationship always the same people, along the others those of the world."""
    reply = json.loads(world.answer(request))
    for number, person in enumerate(reply["personas"]):
        if person["relation"] == "kin":
            person.update(role=f"role0000{number}", persona=world.text(number))
    return json.dumps(reply)


def test_where_the_choice_is_bad_chance_takes_over(work: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    field = Field(work, {})
    field.seed(40)

    def worst(_: strategies.CoverageFirst, open_: Any) -> tuple[float, int]:
        arms = open_.nonzero()[0]
        kin = arms[arms % len(world.KINDS) == 0]
        return 1.0, int((kin if len(kin) else arms)[0])

    monkeypatch.setattr(strategies.CoverageFirst, "_draw", worst)
    with FakeServer(answer=only_kin) as model:
        for name, value in work.environment(field.env(model, {"PGRAPH_CONTROL": "0.2"})).items():
            monkeypatch.setenv(name, value)
        request = ExpandRequest(depth=2, calls=400, relations=work.directory / "relations.yml")
        lines: list[str] = []
        summary = expand(
            Workspace(work.directory), request, notice=lambda _: None, report=lambda state: lines.append(state.line())
        )
    assert summary.lift is not None
    assert summary.lift.high < 1
    assert summary.by_chance
    assert "9 of 10 calls were left to chance" in summary.as_text()
    assert "chance chooses" in lines[-1]
    calls = {(row["how"], row["control"]): row["calls"] for row in field.rows(BY_GROUP)}
    assert calls["control", 0.9] > 5 * calls.get(("coverage", 0.9), 0)
