"""What all judgements of a graph say together, on both engines."""

from typing import Any

import pytest

from distill.judges.judging import JudgePlan, Judging
from distill.judges.rubric import RUBRICS, read_rubric
from graphstore.server.bolt import BoltStore
from graphstore.store import Write
from population.runs.progress import RunProgress
from population.runs.run import Run
from tests.contract.graphs import persona

RUBRIC = read_rubric(RUBRICS / "persona.yml")
CRITERIA = list(RUBRIC.criteria)


def judged(item: str, judge: str, scores: list[int], at: str = "2026-01-01", **more: Any) -> dict[str, Any]:
    props = {
        "rubric": "persona",
        "judge": judge,
        "at": at,
        "criteria": CRITERIA,
        "scores": scores,
        "reason": f"{judge} says",
    }
    return {"run": "r1", "item": item, "call": f"{item} {judge} {at}", "props": {**props, **more}}


def failed(item: str, judge: str, number: int) -> dict[str, Any]:
    props = {"rubric": "persona", "judge": judge, "at": f"2026-01-0{number}", "failure": "repetitive"}
    return {"run": "r1", "item": item, "call": f"{item} failed {number}", "props": props}


def judging(store: BoltStore, *rows: dict[str, Any], judge: str = "first", below: float | None = None) -> Judging:
    store.write(
        Write("run", [{"id": "r1", "props": {"command": "judge"}}]),
        Write("persona", [persona(name) for name in ("a", "b", "c")]),
        Write("judged_persona", list(rows)),
    )
    plan = JudgePlan(RUBRIC, None, judge=judge, below=below)
    return Judging(store, plan, Run("r2", "2026-01-09", RunProgress(), resumed=False))


def test_nothing_judged(store: BoltStore) -> None:
    found = judging(store)
    assert found.outcome() == {
        "rubric": "persona", "judge": "first", "items": 3, "judged": 0, "scores": {}, "marked": None, "agreement": [],
    }  # fmt: skip
    assert sorted(found.waiting) == ["a", "b", "c"]


def test_two_judges_and_what_they_share(store: BoltStore) -> None:
    width = len(CRITERIA)
    found = judging(
        store,
        judged("a", "first", [5] * width),
        judged("a", "second", [3] * width),
        judged("b", "first", [2] * width),
    )
    told = found.outcome()
    assert (told["items"], told["judged"]) == (3, 2)
    assert told["scores"] == dict.fromkeys(CRITERIA, pytest.approx(10 / 3, abs=0.01))
    [pair] = told["agreement"]
    assert (pair["judges"], pair["items"], pair["exact"], pair["within_one"]) == (["first", "second"], 1, 0, 0)
    assert (found.score("a"), found.score("b")) == (4, 2)
    assert found.waiting == ["c"]
    assert sorted(judging(store, judge="second").waiting) == ["b", "c"]


def test_of_a_judge_only_the_newest_counts(store: BoltStore) -> None:
    width = len(CRITERIA)
    found = judging(
        store, judged("a", "first", [1] * width, at="2026-01-02"), judged("a", "first", [5] * width, at="2026-01-01")
    )
    assert found.score("a") == 1
    assert found.outcome()["scores"] == dict.fromkeys(CRITERIA, 1)


def test_what_failed_twice_is_left_alone_by_that_judge(store: BoltStore) -> None:
    rows = [failed("a", "first", 1), failed("a", "first", 2), failed("b", "first", 3)]
    assert sorted(judging(store, *rows).waiting) == ["b", "c"]
    assert sorted(judging(store, judge="second").waiting) == ["a", "b", "c"]


def test_another_rubric_is_another_matter(store: BoltStore) -> None:
    found = judging(store, judged("a", "first", [5] * len(CRITERIA), rubric="brave"))
    assert found.outcome()["judged"] == 0


def test_what_is_below_is_marked_and_what_no_longer_is_no_more(store: BoltStore) -> None:
    width = len(CRITERIA)
    rows = [judged("a", "first", [1] * width), judged("b", "first", [4] * width)]

    def marked() -> dict[str, tuple[Any, Any]]:
        found = store.stream("MATCH (p:Persona) RETURN p.id AS id, p.marked AS marked, p.below AS below", {})
        return {row["id"]: (row["marked"] or False, row["below"]) for row in found}

    strict = judging(store, *rows, below=4.5)
    strict._mark(4.5)
    assert marked() == {"a": (True, 4.5), "b": (True, 4.5), "c": (False, None)}
    assert strict.outcome()["marked"] == 2
    mild = judging(store, below=2.0)
    mild._mark(2.0)
    assert marked() == {"a": (True, 2.0), "b": (False, None), "c": (False, None)}
    assert mild.outcome()["marked"] == 1
