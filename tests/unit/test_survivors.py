"""Survivors of a crowd, against the rule written down plainly: everybody compared with every survivor before them."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from population.matching import survivors as module
from population.matching.survivors import Borderline, Crowd, Survivors, VectorFile, find_survivors
from population.matching.thresholds import Thresholds
from population.matching.words import WordIndex
from tests.fakes.embedder import HashEmbedder

WORDS = "nurse night ward keeps old keys sings harbour pilot dog river baker".split()
texts_of = st.lists(st.lists(st.sampled_from(WORDS), min_size=3, max_size=9).map(" ".join), min_size=1, max_size=40)
shares = st.sampled_from([0.5, 0.7, 0.8, 0.9, 0.95])


def crowd(texts: Sequence[str], regions: Sequence[int] | None = None, known: Sequence[bool] | None = None) -> Crowd:
    homes = np.zeros(len(texts), np.int32) if regions is None else np.array(regions, np.int32)
    knows = np.ones(len(texts), np.bool_) if known is None else np.array(known, np.bool_)
    return Crowd(texts, homes, knows, {0: [0, 1], 1: [1, 0], 2: [2]})


def found(group: Crowd, thresholds: Thresholds, block: int = 8192, most: int = 2_000_000) -> Survivors:
    with (
        patch.object(module, "_BLOCK", block),
        patch.object(module, "_COLUMNS", block),
        patch.object(module, "_LEAST_BLOCK", 2),
        patch.object(module, "_MOST_PAIRS", most),
        closing(VectorFile(group, HashEmbedder().embed, None)) as vectors,
    ):
        return find_survivors(group, thresholds, vectors)


def jaccard(one: str, other: str) -> float:
    here, there = set(one.split()), set(other.split())
    return len(here & there) / len(here | there)


def plainly(group: Crowd, thresholds: Thresholds) -> Iterator[int]:
    """The survivor of each, one after the other, with nothing but two loops."""
    vectors = HashEmbedder().embed(group.texts)
    alive: list[int] = []
    for place, text in enumerate(group.texts):
        around = group.neighbours[int(group.regions[place])]
        alike = [(-jaccard(text, group.texts[other]), other) for other in alive]
        near = [
            (-float(vectors[place] @ vectors[other]), other)
            for other in alive
            if group.known[place] and group.known[other] and group.regions[other] in around
        ]
        by_words = min((hit for hit in alike if -hit[0] >= thresholds.words), default=None)
        by_meaning = min((hit for hit in near if -hit[0] >= thresholds.meaning - 1e-6), default=None)
        best = by_words or by_meaning
        if best is None:
            alive.append(place)
        yield place if best is None else best[1]


@settings(max_examples=200)
@given(texts_of, shares, shares, st.data())
def test_blocks_say_what_two_loops_say(texts: list[str], words: float, meaning: float, data: st.DataObject) -> None:
    count = len(texts)
    regions = data.draw(st.lists(st.integers(0, 2), min_size=count, max_size=count))
    known = data.draw(st.lists(st.booleans(), min_size=count, max_size=count))
    group, thresholds = crowd(texts, regions, known), Thresholds(words, meaning)
    block, most = data.draw(st.sampled_from([1, 3, 8192])), data.draw(st.sampled_from([0, 5, 2_000_000]))
    told = found(group, thresholds, block, most)
    vectors = HashEmbedder().embed(texts)
    for place, survivor in enumerate(told.survivor.tolist()):
        assert told.survivor[survivor] == survivor  # one survivor, who is no duplicate: no cluster disappears
        assert survivor <= place
        if told.method[place] == 2:
            assert (
                vectors[place] @ vectors[survivor] >= meaning - 1e-6
            )  # compared with the survivor, not with the cluster
        elif told.method[place] == 1:
            assert jaccard(texts[place], texts[survivor]) >= words
    exact = list(plainly(group, thresholds))
    equal = [told.survivor[place] == place for place in range(count)]
    assert equal == [survivor == place for place, survivor in enumerate(exact)] or _overlooked(group, words)


def _overlooked(group: Crowd, words: float) -> bool:
    """Whether the bands miss a pair of these texts, as they may in one of a hundred cases."""
    index = WordIndex(words)
    read = index.read(group.texts)
    index.add(read)
    pairs = set(zip(*(part.tolist() for part in index.near(read)[:2]), strict=True))
    places = range(len(group.texts))
    return any(
        (one, other) not in pairs
        for one in places
        for other in places
        if jaccard(group.texts[one], group.texts[other]) >= words
    )


@given(texts_of, st.sampled_from([2, 8192]))
def test_a_sweep_says_what_each_threshold_alone_says(texts: list[str], block: int) -> None:
    group, meanings = crowd(texts), [0.7, 0.8, 0.95]
    with patch.object(module, "_BLOCK", block), closing(VectorFile(group, HashEmbedder().embed, None)) as vectors:
        swept = module.sweep_thresholds(group, 0.9, meanings, vectors, border=0.1)
    for least, told in zip(meanings, swept, strict=True):
        assert list(told.marks()) == list(found(group, Thresholds(0.9, least)).marks())


def test_no_chain_runs_through_a_hub() -> None:
    """The third is like the second, not like the first: it is no duplicate, though the second is one."""
    texts = ["a b c d e f g h i j", "a b c d e f g h i k", "a b c d e f g h l k"]
    assert found(crowd(texts, known=[False] * 3), Thresholds(words=0.8)).survivor.tolist() == [0, 0, 2]


def test_twins_keep_one_of_them() -> None:
    """A rule that drops whoever has a twin drops both."""
    assert found(crowd(["a nurse on nights"] * 5), Thresholds()).survivor.tolist() == [0] * 5


def test_a_language_that_the_model_does_not_know_is_compared_by_words() -> None:
    texts = ["night nurse with keys and a dog", "a dog and night nurse with keys", "night nurse with keys and a cat"]
    told = found(crowd(texts, known=[False] * 3), Thresholds(words=0.95, meaning=0.5))
    assert told.survivor.tolist() == [0, 0, 2]


def test_other_regions_are_not_compared_by_meaning() -> None:
    texts = ["a nurse of old", "a nurse of the old", "a nurse of old days"]
    told = found(crowd(texts, [0, 2, 1]), Thresholds(words=1.0, meaning=0.7))
    assert told.survivor.tolist() == [0, 1, 0]


@pytest.mark.parametrize("meaning", [0.9, 1.0])
def test_a_cosine_of_one_looks_at_words_alone(meaning: float) -> None:
    told = found(crowd(["a nurse of old"] * 2), Thresholds(words=2.0, meaning=meaning))
    assert told.survivor.tolist() == ([0, 0] if meaning < 1 else [0, 1])


@pytest.mark.parametrize("known", [True, False])
def test_thousands_who_are_alike_are_compared_with_few(known: bool) -> None:  # noqa: FBT001  a parameter of pytest's
    """A model that says the same ten thousand times: no block is compared with itself in full."""
    texts = [f"a nurse on the night ward number {number % 7} with keys" for number in range(20_000)]
    told = found(crowd(texts, known=[known] * len(texts)), Thresholds(words=0.8, meaning=0.7), most=500_000)
    assert told.survivor.tolist() == [0] * len(texts)


def test_those_who_may_not_match_survive() -> None:
    group = crowd(["a nurse of old"] * 3)
    with closing(VectorFile(group, HashEmbedder().embed, None)) as vectors:
        told = find_survivors(group, Thresholds(), vectors, may_match=np.array([False, False, True]))
    assert told.survivor.tolist() == [0, 1, 0]


def test_nobody_at_all() -> None:
    assert found(crowd([]), Thresholds()).survivor.tolist() == []


def test_the_border_shows_both_sides() -> None:
    border = Borderline(0.9)
    for number in range(3000):
        border.add(number, 0, 0.8 + number / 15_000)
    scores = [score for _, _, score in border.pairs()]
    assert len(scores) == 10
    assert [score >= 0.9 for score in scores] == [True] * 5 + [False] * 5
    assert scores == sorted(scores, reverse=True)
    assert max(abs(score - 0.9) for score in scores) < 0.001


def test_the_border_takes_more_of_one_side_where_the_other_is_short() -> None:
    border = Borderline(0.9)
    for number in range(20):
        border.add(number, 0, 0.5 + number / 100)
    border.add(20, 0, 0.95)
    assert [round(score, 2) for _, _, score in border.pairs()] == [0.95, *(n / 100 for n in range(69, 60, -1))]
