import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from population.coverage import NO_ARM, Coverage, Tally
from population.prediction import KNOWN_ALIKE, PRIOR, SHRINK, predict
from population.under_way import UnderWay

REGIONS, RELATIONS = 3, 2
FILE = -2  # where a row of a file stands for an arm
SIGHTING = st.tuples(
    st.integers(0, 6),
    st.integers(0, REGIONS - 1),
    st.integers(FILE, REGIONS * RELATIONS - 1),
    st.integers(1, 3),
    st.integers(0, 3),  # of the calls along an arm, which
)


def filled(sightings: list[tuple[int, int, int, int, int]]) -> Tally:
    tally = Tally(RELATIONS)
    tally.grow(REGIONS)
    for species, region, arm, times, call in sightings:
        if arm == FILE:
            tally.know(species)
        else:
            tally.see(species, region, arm, times, (arm, call))
    return tally


@given(st.lists(SIGHTING, max_size=60))
def test_the_fold_agrees_with_counting_from_scratch(sightings: list[tuple[int, int, int, int, int]]) -> None:
    tally = filled(sightings)
    everyone = {species for species, *_ in sightings}
    imported = {species for species, _, arm, *_ in sightings if arm == FILE}
    sightings = [one for one in sightings if one[2] != FILE]
    calls: dict[int, set[tuple[int, int]]] = {}
    for species, _, arm, _, call in sightings:
        calls.setdefault(species, set()).add((arm, call))
    found = {species: by for species, by in calls.items() if species not in imported}
    singles = {species for species, by in found.items() if len(by) == 1}
    total = sum(times for *_, times, _ in sightings)
    doubles = sum(len(by) == 2 for by in found.values())
    assert tally.overall() == Coverage(total, len(singles), len(everyone), doubles, len(found))
    assert tally.n.tolist() == [sum(t for _, r, _, t, _ in sightings if r == region) for region in range(REGIONS)]
    here = {(species, region) for species, region, *_ in sightings if species in singles}
    assert tally.f1.tolist() == [sum(r == region for _, r in here) for region in range(REGIONS)]
    by_arm = {(species, arm) for species, _, arm, *_ in sightings if species in singles}
    assert tally.single.tolist() == [sum(a == arm for _, a in by_arm) for arm in range(REGIONS * RELATIONS)]
    assert tally.asked.tolist() == [
        sum(t for _, _, a, t, _ in sightings if a == arm) for arm in range(REGIONS * RELATIONS)
    ]


@given(st.lists(SIGHTING, max_size=40))
def test_the_order_of_the_sightings_does_not_matter(sightings: list[tuple[int, int, int, int, int]]) -> None:
    shuffled = sorted(sightings)
    a, b = filled(sightings), filled(shuffled)
    assert a.f1.tolist() == b.f1.tolist()
    assert a.single.tolist() == b.single.tolist()
    assert np.allclose(predict(a).new, predict(b).new)


@given(st.lists(SIGHTING, max_size=60))
def test_prediction_is_the_formula_written_out(sightings: list[tuple[int, int, int, int, int]]) -> None:
    tally = filled(sightings)
    n, f1 = tally.n.tolist(), tally.f1.tolist()
    p0 = (tally.singles + 3.5) / (sum(n) + 5)
    uncovered = [(f1[h] + PRIOR * p0) / (n[h] + PRIOR) for h in range(REGIONS)]
    cells: Counter[tuple[int, int, int]] = Counter()
    for _, region, arm, times, _ in sightings:
        if arm >= 0:
            cells[arm // RELATIONS, arm % RELATIONS, region] += times
    everything = sum(cells.values())
    home = sum(c for (g, _, h), c in cells.items() if g == h)
    mean = (home + 0.5 * SHRINK) / (everything + SHRINK)
    into = [sum(c for (g, _, h), c in cells.items() if g != h and h == to) + 1 / REGIONS for to in range(REGIONS)]
    arrivals = [x / sum(into) for x in into]
    by_regions: dict[tuple[int, int], float] = {}
    for g in range(REGIONS):
        out = [sum(c for (a, _, h), c in cells.items() if a == g != h and h == to) for to in range(REGIONS)]
        exits = [(out[h] + SHRINK * arrivals[h]) / (sum(out) + SHRINK) for h in range(REGIONS)]
        for k in range(RELATIONS):
            along = sum(c for (_, r, _), c in cells.items() if r == k)
            kept = sum(c for (a, r, h), c in cells.items() if r == k and a == h)
            stay = (kept + SHRINK * mean) / (along + SHRINK)
            asked = sum(c for (a, r, _), c in cells.items() if (a, r) == (g, k))
            share = [
                (cells[g, k, h] + PRIOR * (stay * (h == g) + (1 - stay) * exits[h])) / (asked + PRIOR)
                for h in range(REGIONS)
            ]
            assert math.isclose(sum(share), 1.0)
            expected = sum(s * u for s, u in zip(share, uncovered, strict=True))
            by_regions[g, k] = expected
    for k in range(RELATIONS):
        singles = sum(tally.single[g * RELATIONS + k] for g in range(REGIONS))
        predicted = sum(by_regions[g, k] * tally.asked[g * RELATIONS + k] for g in range(REGIONS))
        factor = (singles + KNOWN_ALIKE) / (predicted + KNOWN_ALIKE)
        for g in range(REGIONS):
            assert predict(tally).new[g * RELATIONS + k] == pytest.approx(min(1.0, factor * by_regions[g, k]))


@given(
    st.lists(SIGHTING, max_size=40),
    st.lists(st.integers(0, 9), min_size=REGIONS * RELATIONS, max_size=REGIONS * RELATIONS),
)
def test_answers_under_way_land_where_those_of_their_arms_do(
    sightings: list[tuple[int, int, int, int, int]], answers: list[int]
) -> None:
    flows = predict(filled(sightings)).flows
    expected = sum(count * flows.row(arm) for arm, count in enumerate(answers))
    assert np.allclose(flows.landing(np.array(answers, float)), expected)


def test_answers_under_way_count_as_if_none_of_them_were_new_until_they_have_come() -> None:
    tally = filled([(species, 0, 0, 1, species) for species in range(10)])
    before, under_way = predict(tally), UnderWay()
    under_way.begin(0, 5)
    under_way.begin(NO_ARM, 5, region=1)
    during = predict(tally, under_way)
    landed = 5 * before.flows.row(0) + [0, 5, 0]
    assert np.allclose(during.uncovered, before.uncovered * (tally.n + PRIOR) / (tally.n + PRIOR + landed))
    assert during.asked[0] == 15
    assert during.new[0] < before.new[0]
    under_way.end(0, 5)
    under_way.end(NO_ARM, 5, region=1)
    assert not under_way
    assert predict(tally, under_way).new.tolist() == before.new.tolist()


def test_nothing_seen_is_nothing_covered() -> None:
    assert Coverage(0, 0, 0).coverage == 0.0
    assert Coverage(0, 0, 0).at_least() == 0.0


def test_the_bound_is_mcallester_and_schapire() -> None:
    slack = (2 * math.sqrt(2) + math.sqrt(3)) * math.sqrt(math.log(3 / 0.05) / 10_000)
    assert Coverage(10_000, 1_000, 2_000).at_least() == pytest.approx(0.9 - slack)


def test_good_turing_foretells_the_share_of_new_ones() -> None:
    """Zipf species: f1/n after n draws against the true chance that the next draw is new."""
    rng = np.random.default_rng(1)
    weights = 1 / np.arange(1, 20_001)
    weights /= weights.sum()
    tally = Tally(1)
    tally.grow(1)
    seen = rng.choice(20_000, 5_000, p=weights)
    for species in seen.tolist():
        tally.see(species, 0)
    truth = weights[np.setdiff1d(np.arange(20_000), seen)].sum()
    assert tally.overall().uncovered == pytest.approx(truth, abs=0.02)


def test_files_do_not_make_the_model_look_new() -> None:
    """5,000 imported roles against a Zipf model that also says them: the answers alone tell what is new."""
    rng = np.random.default_rng(2)
    weights = 1 / np.arange(1, 20_001)
    weights /= weights.sum()
    tally = Tally(1)
    tally.grow(1)
    imported = rng.choice(20_000, 5_000, replace=False)
    for species in imported.tolist():
        tally.know(species)
    seen = rng.choice(20_000, 2_000, p=weights)
    brought = [tally.see(species, 0) for species in seen.tolist()]
    truth = weights[np.setdiff1d(np.arange(20_000), np.concatenate([imported, seen]))].sum()
    assert tally.overall().uncovered == pytest.approx(truth, abs=0.02)
    assert sum(brought) == tally.overall().by_calls == len(set(seen.tolist()) - set(imported.tolist()))


def test_answers_of_one_call_do_not_vouch_for_each_other() -> None:
    """A model that says a role three times at a time: counted by sighting nothing would be single, and all of it known."""
    rng = np.random.default_rng(3)
    weights = 1 / np.arange(1, 20_001)
    weights /= weights.sum()
    tally = Tally(1)
    tally.grow(1)
    seen = rng.choice(20_000, 2_000, p=weights)
    for call, species in enumerate(seen.tolist()):
        for _ in range(3):
            tally.see(species, 0, call=call)
    truth = weights[np.setdiff1d(np.arange(20_000), seen)].sum()
    assert tally.overall().uncovered == pytest.approx(truth / 3, abs=0.02)  # of three answers the first one is new
