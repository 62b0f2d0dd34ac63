import zlib
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from population.matching.matchers import MeaningMatcher, RoleBook, WordMatcher
from population.matching.vectors import NamedVectors, Vectors


def hashed(texts: Sequence[str]) -> Vectors:
    """Bag of words on a sphere: texts that share words are near."""
    rows = np.zeros((len(texts), 256), np.float32)
    for number, text in enumerate(texts):
        for word in text.split():
            rows[number] += np.random.default_rng(zlib.crc32(word.encode())).standard_normal(256).astype(np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


LONG = "a night nurse who has worked on the same ward for twenty years and knows every creaking board in its floor"


def test_the_same_words_in_another_order_match() -> None:
    matcher = WordMatcher()
    matcher.add("p1", LONG)
    match = matcher.find(" ".join(reversed(LONG.split())))
    assert match is not None
    assert (match.survivor, match.method, match.score) == ("p1", "minhash", 1.0)


def test_other_people_do_not_match_by_words() -> None:
    matcher = WordMatcher()
    matcher.add("p1", LONG)
    assert matcher.find("a night watchman who walks the harbour with his old dog") is None


def test_text_without_blanks_is_compared_by_pairs_of_characters() -> None:
    matcher = WordMatcher()
    matcher.add("p1", "在山区小学教书三十年的退休数学老师")
    assert matcher.find("在山区小学教书三十年的退休数学老师。") is not None
    assert matcher.find("在沿海渔村修理渔网的年轻妇女") is None


@given(st.sets(st.text("abcdefghij", min_size=1, max_size=6), min_size=30, max_size=60))
def test_two_texts_above_the_threshold_are_found(words: set[str]) -> None:
    ordered = sorted(words)
    matcher = WordMatcher()
    matcher.add("p1", " ".join(ordered))
    near = " ".join(ordered[1:])  # Jaccard >= 29/30
    assert matcher.find(near) is not None


def test_meaning_is_compared_inside_the_given_regions_only() -> None:
    matcher = MeaningMatcher()
    matcher.add("g1", ["p1"], hashed([LONG]))
    assert matcher.find(["g2"], hashed([LONG])[0]) is None
    match = matcher.find(["g2", "g1"], hashed([LONG])[0])
    assert match is not None
    assert match.survivor == "p1"


def test_of_equal_matches_the_smallest_id_survives() -> None:
    matcher = MeaningMatcher()
    matcher.add("g2", ["p2"], hashed([LONG]))
    matcher.add("g1", ["p1"], hashed([LONG]))
    match = matcher.find(["g2", "g1"], hashed([LONG])[0])
    assert match is not None
    assert match.survivor == "p1"


def test_a_near_role_joins_a_far_one_stays() -> None:
    book = RoleBook(["district nurse on call"], hashed)
    assert book.canonical("District_nurse on-call", "en") == "district nurse on call"
    assert book.canonical("on call district nurse", "en") == "district nurse on call"
    assert book.canonical("harbour pilot", "en") == "harbour pilot"


def test_roles_in_a_language_the_model_does_not_know_join_by_their_name_only() -> None:
    book = RoleBook(["村医"], hashed)
    assert book.canonical("乡村医生", "zh") == "乡村医生"
    assert book.canonical("村医", "zh") == "村医"


@pytest.mark.parametrize("sizes", [[1, 1, 1], [5, 40, 1]])
def test_named_vectors_grow_in_any_steps(sizes: list[int]) -> None:
    rows = NamedVectors()
    names = [f"name {number}" for number in range(sum(sizes))]
    start = 0
    for size in sizes:
        rows.extend(names[start : start + size], hashed(names[start : start + size]))
        start += size
    assert [rows.nearest(hashed([name])[0], 1)[0][1] for name in names] == names
