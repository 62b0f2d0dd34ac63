"""The sightings in their order, and where the gaps are: the same on both engines, with known answers."""

from itertools import pairwise
from typing import Any

import pytest

from foundation.errors import UsageError
from graphstore.server.bolt import BoltStore
from graphstore.store import Write
from population.coverage import Coverage
from population.loading import Loaded, load_population
from population.reports import gaps
from population.reports.history import History, compare_runs, curve_ahead, fold_history, pick_runs, read_events
from tests.contract.graphs import SMALL


def edge(persona: str, source: str, call: str, second: int, run: str = "r4", **props: Any) -> dict[str, Any]:
    at = f"2026-02-01T00:00:{second:02}Z"
    return {
        "persona": persona,
        "source": source,
        "call": call,
        "props": {"relation": "kin", "run": run, "at": at, **props},
    }


SPENT = {"calls": 3, "tokens_in": 5, "tokens_out": 2}
LATER = [
    Write("run", [{"id": "r4", "props": {"command": "expand", "started": "2026-02-01", **SPENT}}]),
    Write("persona", [
        {"id": "cook", "depth": 1, "props": {"text": "A cook", "role": "cook"}},
        {"id": "clerk", "depth": 1, "props": {"text": "A clerk", "role": "clerk"}},
    ]),
    Write("derived_from", [
        edge("nurse", "farmer", "d1", 1),  # known
        edge("cook", "nurse", "d2", 3),  # new
        edge("clerk", "nurse", "d25", 3),  # new, and the only role of one sighting that no file brought
        edge("cook", "nurse", "d3", 4, times=2),
    ]),
    Write("failed_on", [{"run": "r4", "persona": "nurse", "call": "d0", "props":
                         {"relation": "kin", "reason": "empty", "times": 3, "at": "2026-02-01T00:00:02Z"}}]),
]  # fmt: skip


@pytest.fixture
def told(store: BoltStore) -> tuple[History, Loaded]:
    store.write(*SMALL, *LATER)
    loaded = load_population(store, ["buyer", "driver", "kin", "patient", "supplier"], None)
    return fold_history(read_events(store, loaded), loaded, (row["run"] for row in store.read("reads/runs"))), loaded


def test_what_each_run_brought(told: tuple[History, Loaded]) -> None:
    rows = {row.run: row for row in told[0].rows()}
    assert list(rows) == ["r4", "r3", "r2", "r1"]
    last = rows["r4"]
    assert (last.calls, last.tokens, last.sightings, last.new, last.duplicate) == (3, 7, 5, 2, 3)
    assert (last.unusable, last.new_roles) == (3, 2)
    assert last.late_new == 0  # the last of its five calls brought a role that was known by then
    assert last.coverage == pytest.approx(1 - 1 / 15, abs=1e-6)
    shown = [getattr(rows["r1"], name) for name in ("sightings", "new", "duplicate", "calls", "coverage")]
    assert shown == [None, 2, 2, None, 1.0]  # sightings without a time, the farmer's among them, come first
    assert rows["r3"].unusable == 1


def test_the_curve_ends_at_all_there_is(told: tuple[History, Loaded]) -> None:
    found, loaded = told
    assert found.points[0].sightings == 0
    assert found.points[0].coverage is None
    assert found.points[-1].as_json() == {"sightings": 15, "roles": 8, "coverage": pytest.approx(1 - 1 / 15, abs=1e-6)}
    overall = loaded.population.tally.overall()
    assert (overall.sightings, overall.distinct) == (15, 8)
    for one, other in pairwise(found.points):
        assert one.sightings < other.sightings
        assert one.roles <= other.roles


def test_runs_are_compared_by_the_roles_they_named(told: tuple[History, Loaded]) -> None:
    found, loaded = told
    labels = {region: gaps.region_name(loaded, region) for region in range(len(loaded.population.region_ids))}
    one, other = pick_runs(found, ["r2", "last"])
    shown = compare_runs(one, other, labels)
    assert shown.roles.as_json() == {
        "first": 3,
        "second": 3,
        "both": 0,
        "only_first": 3,
        "only_second": 3,
        "overlap": 0.0,
    }
    assert [row.as_json() for row in shown.groups] == [
        {"group": "(no domain)", "first": 0, "second": 2},
        {"group": "Trade", "first": 2, "second": 0},
    ]
    assert shown.curves[1] == [(0, 0), (1, 1), (2, 1), (3, 2), (4, 3), (5, 3)]
    with pytest.raises(UsageError, match="no run"):
        pick_runs(found, ["nothing"])


def test_the_way_that_leads_to_a_gap(told: tuple[History, Loaded]) -> None:
    _, loaded = told
    rows = gaps.find_gaps(loaded, ["buyer", "driver", "kin", "patient", "supplier"])
    first = rows[0]
    assert (first.group, first.sightings, first.singles) == ("(no domain)", 4, 1)
    assert (first.source, first.relation, first.landed, first.answers) == ("Health", "kin", 4, 4)
    assert gaps.explain_gap(first).replace("\u00a0", " ") == (
        "100 % of the answers (4 of 4) when people of Health are asked for their kin land in (no domain), which is 25 % "
        "uncovered: 1 role named by a single call, in 4 answers."
    )
    found = gaps.heat_map(loaded, ["buyer", "driver", "kin", "patient", "supplier"], regions=2, relations=3)
    assert (len(found.rows), found.regions, len(found.relations), found.kinds) == (2, 4, 3, 5)
    assert found.rows[0].group == "(no domain)"
    health = next(
        row
        for row in gaps.heat_map(loaded, ["buyer", "driver", "kin", "patient", "supplier"]).rows
        if row.group == "Health"
    )
    assert [cell.answers for cell in health.cells] == [0, 0, 8, 1, 2]


def test_a_curve_is_not_drawn_on_from_little() -> None:
    assert curve_ahead(Coverage(4, 2, 3, 1, 3)) == []
    assert curve_ahead(Coverage(80, 80, 80, 0, 80)) == []
    points = curve_ahead(Coverage(30 + 40 + 45, 30, 55, 20, 55))
    assert points[-1].sightings == 2 * (30 + 40 + 45)
    assert points[0].roles > 55
