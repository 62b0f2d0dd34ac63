from collections import Counter

import numpy as np
import pytest

from expansion.selection.lengths import LENGTHS, PROBES, RECENT, FixedLength, LearnedLength, ListedCall


def drawn(lengths: LearnedLength, rates: dict[int, float], calls: int, rng: np.random.Generator) -> Counter[int]:
    """A model whose calls bring so many new roles by length, for 400 tokens and 5 for each role listed."""
    counts: Counter[int] = Counter()
    for _ in range(calls):
        length = lengths.draw()
        counts[length] += 1
        lengths.learn(ListedCall(length, int(rng.poisson(rates[length])), 1600 + 20 * length, 0))
    return counts


@pytest.mark.parametrize(
    ("rates", "best"),
    [({0: 1.7, 10: 1.4, 50: 1.25}, 0), ({0: 0.5, 10: 1.2, 50: 1.2}, 10), ({0: 0.3, 10: 0.5, 50: 1.5}, 50)],
)
def test_the_length_that_brings_most_a_token_is_found(rates: dict[int, float], best: int) -> None:
    rng = np.random.default_rng(0)
    lengths = LearnedLength(rng)
    drawn(lengths, rates, 150, rng)
    later = drawn(lengths, rates, 300, rng)
    assert later[best] > 0.7 * 300
    assert min(later[length] for length in LENGTHS) > 0


def test_where_another_length_becomes_better_it_is_found_again() -> None:
    rng = np.random.default_rng(1)
    lengths = LearnedLength(rng)
    drawn(lengths, {0: 2.0, 10: 1.0, 50: 1.0}, 400, rng)
    drawn(lengths, {0: 0.2, 10: 0.5, 50: 2.0}, 2 * RECENT, rng)
    assert drawn(lengths, {0: 0.2, 10: 0.5, 50: 2.0}, 200, rng)[50] > 120


def test_what_was_learned_before_is_used_at_once() -> None:
    rng = np.random.default_rng(2)
    past = [ListedCall(length, 3 if length == 10 else 1, 1000, 250) for length in LENGTHS for _ in range(60)]
    lengths = LearnedLength(rng, past)
    assert sum(lengths.draw() == 10 for _ in range(100)) > 70
    assert lengths.mean == pytest.approx(20.0)
    assert [(row.length, row.calls, row.new_per_1000) for row in lengths.yields()] == [
        (0, 60, 2.0),
        (10, 60, 6.0),
        (50, 60, 2.0),
    ]


def test_a_server_that_counts_no_tokens_is_measured_by_call() -> None:
    lengths = LearnedLength(np.random.default_rng(0), [ListedCall(0, 2, 0, 0)])
    lengths.learn(ListedCall(10, 1, 0, 0))
    assert lengths.draw() in LENGTHS
    assert {row.length: row.calls for row in lengths.yields()} == {0: 1, 10: 1}


def test_where_nothing_new_is_found_every_length_is_still_tried() -> None:
    lengths = LearnedLength(np.random.default_rng(0), [ListedCall(0, 0, 500, 50)] * 20)
    assert {lengths.draw() for _ in range(200)} == set(LENGTHS)


def test_a_fixed_length_leaves_one_call_in_twenty_without_a_list() -> None:
    fixed = FixedLength(5, np.random.default_rng(0))
    draws = Counter(fixed.draw() for _ in range(2000))
    assert set(draws) == {0, 5}
    assert abs(draws[0] / 2000 - PROBES) < 0.02
    assert fixed.mean == pytest.approx(4.75)
    assert FixedLength(0, np.random.default_rng(0)).draw() == 0
