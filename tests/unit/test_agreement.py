"""How far two judges agree: weighted kappa against examples worked out by hand."""

from itertools import product

import numpy as np
import pytest

from distill.judges.agreement import agreements, kappa


def of(pairs: list[tuple[int, int]]) -> float | None:
    return kappa(np.array(pairs, np.int64))


def test_all_alike_is_one() -> None:
    assert of([(1, 1), (2, 2), (3, 3), (5, 5)]) == 1.0


def test_every_pair_as_often_as_chance_has_it_is_nought() -> None:
    assert of([(first, second) for first, second in product(range(1, 6), repeat=2)]) == pytest.approx(0)


def test_each_score_one_higher_is_no_full_agreement() -> None:
    """Observed: 1. By chance: the variances 1.25 and 1.25, and the shift squared, 1; so 1 - 1 / 3.5."""
    assert of([(score, score + 1) for score in range(1, 5)]) == pytest.approx(5 / 7)


def test_the_opposite_order_is_minus_one() -> None:
    """Observed: (16 + 4 + 0 + 4 + 16) / 5 = 8. By chance: twice the variance 2; so 1 - 8 / 4."""
    assert of([(score, 6 - score) for score in range(1, 6)]) == pytest.approx(-1)


def test_one_score_throughout_leaves_nothing_to_tell() -> None:
    assert of([(4, 4)] * 7) is None


def test_a_constant_judge_agrees_as_by_chance() -> None:
    assert of([(3, 1), (3, 3), (3, 5)]) == pytest.approx(0)


def test_what_is_far_apart_weighs_more() -> None:
    """The second differs from the first in one pair, by 1 and by 4: (1 / 5) and (16 / 5) of what chance would have."""
    near = of([(1, 2), (2, 2), (3, 3), (4, 4), (5, 5)])
    far = of([(1, 5), (2, 2), (3, 3), (4, 4), (5, 5)])
    assert near == pytest.approx(1 - (1 / 5) / (2 + 1.36 + 0.04))
    assert far == pytest.approx(1 - (16 / 5) / (2 + 1.36 + 0.64))


def test_with_two_scores_it_is_plain_kappa() -> None:
    """The example of Wikipedia's page on Cohen's kappa: 50 proposals, observed 0.7, by chance 0.5, kappa 0.4."""
    assert of([(1, 1)] * 20 + [(1, 2)] * 5 + [(2, 1)] * 10 + [(2, 2)] * 15) == pytest.approx(0.4)


@pytest.mark.parametrize("seed", range(5))
def test_it_is_the_concordance_of_the_two(seed: int) -> None:
    """With squared weights kappa is 2 cov / (var + var + (mean - mean)^2) (Fleiss and Cohen 1973; Lin 1989)."""
    chance = np.random.default_rng(seed)
    first = chance.integers(1, 6, 40)
    second = np.clip(first + chance.integers(-2, 2, 40), 1, 5)
    covariance = ((first - first.mean()) * (second - second.mean())).mean()
    expected = 2 * covariance / (first.var() + second.var() + (first.mean() - second.mean()) ** 2)
    assert kappa(np.stack([first, second], axis=1)) == pytest.approx(expected)


def test_judges_are_compared_two_by_two_on_what_both_judged() -> None:
    found = agreements(
        {
            "a": {"second": (1, 2), "first": (1, 3), "third": (5, 5)},
            "b": {"first": (4, 4), "second": (4, 2)},
            "c": {"third": (2, 2)},
        }
    )
    assert [(row.judges, row.items) for row in found] == [
        (("first", "second"), 2),
        (("first", "third"), 1),
        (("second", "third"), 1),
    ]
    assert (found[0].exact, found[0].near) == (0.5, 0.75)  # 1 1, 3 2, 4 4, 4 2


def test_judges_with_nothing_in_common_are_not_compared() -> None:
    assert agreements({"a": {"first": (1,)}, "b": {"second": (1,)}}) == []
    assert agreements({}) == []


def test_a_row_is_rounded_and_says_where_there_is_no_kappa() -> None:
    [alike] = agreements({"a": {"first": (3, 3), "second": (3, 3)}})
    assert alike.row() == {
        "judges": ["first", "second"], "items": 1, "exact": 1.0, "within_one": 1.0, "kappa": None,
    }  # fmt: skip
    [apart] = agreements({"a": {"first": (1, 2, 3), "second": (1, 2, 4)}})
    assert apart.row()["exact"] == 0.667
    assert apart.row()["kappa"] == round(1 - (1 / 3) / (2 / 3 + 14 / 9 + 1 / 9), 3)
