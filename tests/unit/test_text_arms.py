"""Texts as arms: what is expected of them, worked out from a tally, and when they are asked about."""

import numpy as np
import pytest

from benchmarks.texts import Library
from benchmarks.trials import Setting, Trial
from benchmarks.world import World
from expansion.selection.strategies import CoverageFirst, TextChoice
from expansion.texts.arms import TextArms
from expansion.texts.plan import TextPlan
from foundation.prompts import Prompt
from graphstore.files.documents import Piece
from population.coverage import Tally, text_arm
from population.population import Population
from population.prediction import uncovered_shares

PLAN = TextPlan(("file",), 800, {"read": "reads", "write": "writes"}, Prompt("", (), (), ""))


def expected(tally: Tally) -> float:
    rows = [{"id": f"t{number}", "sha256": "file"} for number in range(20)]
    texts = TextArms(PLAN, rows, set(), cost=1.0, read=lambda _: [])
    return texts.best(tally, uncovered_shares(tally))


def same_person_again_and_again(regions: int = 3) -> Tally:
    """What is known of people: each call about one brings the same person."""
    tally = Tally(relations=1, buckets=2)
    tally.grow(regions)
    for call in range(100):
        tally.see("clerk", 0, arm=0, times=3, call=f"about a person {call}")
    return tally


def test_what_people_repeat_is_not_held_against_texts() -> None:
    tally = same_person_again_and_again()
    before = expected(tally)
    for number in range(8):
        tally.see(f"keeper {number}", 0, arm=text_arm(number % 2), call=f"about a text {number}")
    assert expected(tally) > 0.4 > before


def test_texts_that_bring_the_same_person_promise_nothing() -> None:
    tally = same_person_again_and_again()
    for number in range(8):
        tally.see("clerk", 0, arm=text_arm(0), call=f"about a text {number}")
    assert expected(tally) < 0.02


def test_no_more_than_certain() -> None:
    tally = Tally(relations=1, buckets=2)
    tally.grow(2)
    for number in range(500):
        tally.see(f"keeper {number}", number % 2, arm=text_arm(number % 2), call=f"about a text {number}")
    assert 0.99 < expected(tally) <= 1


@pytest.mark.parametrize(("readers", "low", "high"), [(400, 60, 100), (1, 0, 8)])
def test_texts_are_tried_now_and_then_while_they_find_somebody(readers: int, low: int, high: int) -> None:
    """People promise more than any text can give; of 4,000 calls up to 2 in 100 are about texts all the same."""
    rows = [{"id": f"t{number}", "sha256": "file"} for number in range(4000)]
    texts = TextArms(
        PLAN, rows, set(), cost=1000.0, read=lambda ids: [Piece(one, "", "", 0, "", "file") for one in ids]
    )
    people = Population(1, 2, texts.buckets)
    for number in range(5000):
        people.see(people.add(str(number), "", f"role {number}", 0, people.region("g")), call=str(number))
    for number in range(400):
        people.see(people.add("again", "", f"reader {number % readers}", 0, 0), text_arm(number % 2), call=f"t{number}")
    strategy = CoverageFirst(people, np.random.default_rng(0), lambda _: None, texts)
    chosen = [choice for choice in (strategy.choose() for _ in range(4000)) if isinstance(choice, TextChoice)]
    assert low <= len(chosen) <= high
    assert {choice.how for choice in chosen} <= {"chance"}


def test_texts_open_regions_that_no_relationship_leads_to() -> None:
    """In four worlds together: one alone depends on the draws, which differ between processors."""
    setting = Setting("", World(roles=6000, regions=40, hidden=0.4), library=Library(files=60))
    found = dict.fromkeys(("coverage", "coverage with texts"), 0)
    for policy in found:
        for seed in range(1, 5):
            trial = Trial(setting, seed, policy)
            list(trial.go(3000, 16))
            found[policy] += trial.found
    assert found["coverage with texts"] > 1.1 * found["coverage"]
