import doctest
import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from population.reports import forecasting
from population.reports.forecasting import (
    coverage_after,
    distinct_after,
    grown,
    grown_needed,
    sightings_needed,
    unseen,
)

GIRDLED = [46, 22, 17, 15, 15, 9, 8, 6, 6, 4, 2, 2, 2, 2, *[1] * 12]  # spiders of Sackett et al. 2011
LOGGED = [88, 22, 16, 15, 13, 10, 8, 8, 7, 7, 7, 5, 4, 4, 4, 3, 3, 3, 3, 2, 2, 2, 2, *[1] * 14]


def test_the_examples_in_the_docstring() -> None:
    assert doctest.testmod(forecasting).failed == 0
    assert doctest.testmod(forecasting).attempted == 5


@pytest.mark.parametrize(("counts", "coverage", "species"), [(GIRDLED, 0.9289, 43.893), (LOGGED, 0.9446, 61.403)])
def test_published_figures(counts: list[int], coverage: float, species: float) -> None:
    """Table 1 of the spiders' two plots: estimated coverage, and Chao1's number of species."""
    n, f1, f2 = sum(counts), counts.count(1), counts.count(2)
    assert coverage_after(n, f1, f2, 0) == pytest.approx(coverage, abs=5e-5)
    assert len(counts) + unseen(n, f1, f2) == pytest.approx(species, abs=5e-4)


@given(st.integers(0, 500), st.integers(0, 100), st.integers(0, 100), st.floats(0, 1))
def test_what_is_needed_is_enough_and_no_more(rest: int, f1: int, f2: int, coverage: float) -> None:
    n = f1 + 2 * f2 + 3 * rest
    needed = sightings_needed(n, f1, f2, coverage)
    if needed is None:
        assert n < 2 or coverage_after(n, f1, f2, n) < coverage + 1e-9
    else:
        assert needed <= n
        assert coverage_after(n, f1, f2, needed) >= coverage - 1e-9
        assert needed == 0 or coverage_after(n, f1, f2, needed - 1) < coverage + 1e-9


@given(st.integers(0, 500), st.integers(0, 100), st.integers(0, 100), st.integers(0, 300))
def test_more_sightings_never_bring_less(rest: int, f1: int, f2: int, more: int) -> None:
    n, distinct = f1 + 2 * f2 + 3 * rest, f1 + f2 + rest
    now, later = (coverage_after(n, f1, f2, m) for m in (more, more + 1))
    assert 0 <= now <= later + 1e-12 <= 1 + 1e-9
    assert distinct_after(distinct, n, f1, f2, 0) == distinct
    assert distinct_after(distinct, n, f1, f2, more) <= distinct_after(distinct, n, f1, f2, more + 1) + 1e-9


def test_doubling_a_sample_comes_out_as_foretold() -> None:
    """Species of log-normal weights: 3,000 draws foretell what 6,000 hold."""
    rng = np.random.default_rng(4)
    weights = rng.lognormal(0, 1.2, 3_000)
    weights /= weights.sum()
    foretold, came = [], []
    for _ in range(20):
        draws = rng.choice(3_000, 6_000, p=weights)
        counts = Counter(Counter(draws[:3_000].tolist()).values())
        seen = np.unique(draws[:3_000])
        after = distinct_after(len(seen), 3_000, counts[1], counts[2], 3_000)
        covered = coverage_after(3_000, counts[1], counts[2], 3_000)
        foretold.append((after, covered))
        came.append((len(np.unique(draws)), weights[np.unique(draws)].sum()))
    (distinct, coverage), (true_distinct, true_coverage) = np.mean(foretold, axis=0), np.mean(came, axis=0)
    assert distinct == pytest.approx(true_distinct, rel=0.02)
    assert coverage == pytest.approx(true_coverage, abs=0.02)


def test_growth_ends_where_nothing_is_single_and_is_undone_by_what_is_needed() -> None:
    assert grown(50, 200, 0, 1000) == 50
    assert math.isinf(grown_needed(50, 200, 0, 1))
    assert grown_needed(0, 0, 0, 7) == grown(0, 0, 0, 7) == 7
    more = grown_needed(180, 200, 160, 400)
    assert grown(180, 200, 160, more) == pytest.approx(580)
