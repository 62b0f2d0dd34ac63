import numpy as np
import pytest

from expansion.selection import ControlGroup
from expansion.selection.control import EARLY, EARLY_SHARE, ENOUGH, STILL_CHOSEN
from population import LiftSums
from population.lift import FEWEST


def run_of(calls: int, worth: float, rng: np.random.Generator, share: float = 0.05) -> tuple[ControlGroup, int]:
    """A run in which less and less is new, with `worth` the true lift; and how many calls chance made."""
    group, by_chance = ControlGroup(share), 0
    for call in range(calls):
        chance = group.chance()
        is_control = bool(rng.random() < chance)
        by_chance += is_control
        mean = 0.5 * 0.5 ** (call / calls) * (1.0 if is_control else worth)
        group.begin()
        group.learn(int(rng.binomial(5, rng.beta(4 * mean, 4 - 4 * mean))), chance, is_control=is_control)
    return group, by_chance


@pytest.mark.parametrize("calls", [200, 500])
@pytest.mark.parametrize("worth", [0.7, 1.0, 1.4])
def test_the_interval_holds_the_truth_nine_times_in_ten(worth: float, calls: int) -> None:
    rng = np.random.default_rng([calls, int(100 * worth)])
    lifts = [run_of(calls, worth, rng)[0].lift for _ in range(200)]
    held = sum(lift is not None and lift.low <= worth <= lift.high for lift in lifts)
    assert 170 <= held <= 190


def test_a_share_is_drawn_by_chance_and_more_at_the_beginning() -> None:
    group = ControlGroup(0.05)
    assert group.chance() == EARLY_SHARE
    for _ in range(EARLY):
        group.begin()
    assert group.chance() == 0.05
    assert ControlGroup(0.3).chance() == 0.3
    assert ControlGroup(0.0).chance() == 0.0


def test_chance_takes_over_where_it_is_better_and_gives_back_where_it_is_not() -> None:
    group, by_chance = run_of(1000, 0.5, np.random.default_rng(0))
    assert group.has_taken_over
    assert by_chance > 700
    assert group.chance() == 1 - STILL_CHOSEN
    for _ in range(400):  # now the choice is good
        group.learn(4, group.chance(), is_control=False)
    assert not group.has_taken_over


def test_chance_does_not_take_over_from_a_good_choice() -> None:
    assert not any(run_of(1000, 1.3, np.random.default_rng(seed))[0].has_taken_over for seed in range(20))


def test_a_few_calls_do_not_decide() -> None:
    group = ControlGroup(0.05)
    for call in range(2 * ENOUGH - 2):
        is_control = call % 2 == 0
        group.learn(5 if is_control else 1 + call % 3 // 2, 0.5, is_control=is_control)
    assert group.lift is not None
    assert group.lift.high < 1
    assert not group.has_taken_over


def test_nothing_is_said_of_too_few_calls() -> None:
    sums = LiftSums()
    assert sums.lift() is None
    for _ in range(FEWEST - 1):
        sums.add(1, 0.5, is_control=True)
        sums.add(1, 0.5, is_control=False)
    sums.add(1, 0.5, is_control=False)
    assert sums.lift() is None
    sums.add(1, 0.5, is_control=True)
    assert sums.lift() is not None
    nobody = LiftSums(control=sums.control)
    for _ in range(FEWEST):
        nobody.add(0, 0.5, is_control=False)
    assert nobody.lift() is None


def test_a_few_calls_that_all_bring_the_same_prove_little() -> None:
    sums = LiftSums()
    for _ in range(FEWEST):
        sums.add(3, 0.2, is_control=True)
        sums.add(3, 0.2, is_control=False)
    lift = sums.lift()
    assert lift is not None
    assert lift.low < 0.95
    assert lift.high > 1.05


def test_calls_count_by_the_inverse_of_their_chance() -> None:
    """Early control calls, when everything is new, must not make chance look better."""
    early = LiftSums()
    for number in range(300):
        new, chance = (5, 0.5) if number < 100 else (1, 0.05)
        is_control = number % 2 == 0 if number < 100 else number % 20 == 0
        early.add(new, chance, is_control=is_control)
    lift = early.lift()
    assert lift is not None
    assert lift.ratio == pytest.approx(1.0, abs=0.03)
    assert early.control.new / early.control.calls > 1.5 * early.chosen.new / early.chosen.calls
