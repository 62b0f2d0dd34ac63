"""The lift of a run: the shipped query and the one in Python say the same, on both engines."""

from dataclasses import astuple

import numpy as np
import pytest

from graphstore.server.bolt import BoltStore
from graphstore.store import Write
from population import LiftSums, read_lifts
from tests.contract.graphs import persona

BEGUN = [
    Write("run", [{"id": "r2", "props": {"command": "expand", "started": "2026-01-03"}}]),
    Write("persona", [persona("nurse")]),
]


def test_the_query_says_what_the_run_says(store: BoltStore) -> None:
    rng = np.random.default_rng(1)
    sums, rows = LiftSums(), []
    for number in range(60):
        chance = 0.2 if number < 30 else 0.05
        is_control = bool(rng.random() < 0.3)
        new = int(rng.integers(0, 4))
        sums.add(new, chance, is_control=is_control)
        how = "control" if is_control else "coverage"
        props = {"relation": "kin", "how": how, "control": chance, "answers": 5, "new": new}
        rows.append({"run": "r2", "persona": "nurse", "call": f"l{number}", "props": props})
    unpaid = {"relation": "kin", "how": "control", "control": 0.2, "answers": 0, "new": 0}
    again = {"relation": "kin", "how": "again", "answers": 5, "new": 3}
    more = [
        {"run": "r2", "persona": "nurse", "call": call, "props": props} for call, props in (("u", unpaid), ("a", again))
    ]
    store.write(*BEGUN, Write("asked", [*rows, *more]))

    read = read_lifts(store, "r2")["r2"]
    for mine, theirs in ((sums.chosen, read.chosen), (sums.control, read.control)):
        assert astuple(mine) == pytest.approx(astuple(theirs))
    lift = sums.lift()
    assert lift is not None
    (row,) = store.read("queries/lift", run="")
    assert (row["run"], row["chosen"], row["control"]) == ("r2", lift.chosen, lift.control)
    assert (row["chosen_new"], row["control_new"]) == (sums.chosen.new, sums.control.new)
    assert (row["lift"], row["low"], row["high"]) == pytest.approx((lift.ratio, lift.low, lift.high), rel=1e-6)


def test_a_run_without_a_control_group_has_none(store: BoltStore) -> None:
    props = {"relation": "kin", "how": "random", "answers": 5, "new": 3}
    store.write(*BEGUN, Write("asked", [{"run": "r2", "persona": "nurse", "call": "c", "props": props}]))
    assert read_lifts(store) == {}
    assert list(store.read("queries/lift", run="")) == []
