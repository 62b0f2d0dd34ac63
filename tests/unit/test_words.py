import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from population.matching.words import PERMUTATIONS, WordIndex, _bands, threshold_of_pairs

WORD = st.text("abcdefghij", min_size=1, max_size=6)


def similarity(one: str, other: str) -> float:
    here, there = set(one.split()), set(other.split())
    return len(here & there) / len(here | there)


@pytest.mark.parametrize("least", [0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 1.0])
def test_bands_find_what_is_at_the_threshold(least: float) -> None:
    bands, rows = _bands(least)
    assert bands * rows <= PERMUTATIONS
    assert 1 - (1 - least**rows) ** bands >= 0.99


def test_the_share_of_equal_minima_is_the_jaccard_similarity() -> None:
    """128 bands of one permutation: of 200 pairs the standard error at 0.5 is 0.003."""
    index = WordIndex(0.01)
    draw = np.random.default_rng(1)
    shares = []
    for _ in range(200):
        drawn = [f"w{number}" for number in draw.choice(100_000, 90, replace=False)]
        one, other = index.read([" ".join(drawn[:60]), " ".join(drawn[30:])]).hashed[0].keys
        shares.append(float((one == other).mean()))
    assert np.mean(shares) == pytest.approx(1 / 3, abs=0.015)


@given(st.lists(st.lists(WORD, min_size=1, max_size=12).map(" ".join), min_size=1, max_size=30), st.integers(1, 7))
def test_what_is_added_one_by_one_or_together_is_found_alike(texts: list[str], step: int) -> None:
    singly, together = WordIndex(0.6), WordIndex(0.6)
    for text in texts:
        singly.add_one(singly.read([text]))
    for start in range(0, len(texts), step):
        together.add(together.read(texts[start : start + step]))
    asked = singly.read(texts)
    answers = [sorted(zip(*(part.tolist() for part in index.near(asked)), strict=True)) for index in (singly, together)]
    assert answers[0] == answers[1]
    assert all(score == pytest.approx(similarity(texts[a], texts[b])) for a, b, score in answers[0])
    assert all(score >= 0.6 for _, _, score in answers[0])
    assert {(place, place) for place in range(len(texts))} <= {(a, b) for a, b, _ in answers[0]}


def test_text_without_blanks_is_compared_by_pairs_of_characters() -> None:
    assert threshold_of_pairs(0.9) == pytest.approx(0.81, abs=0.005)
    assert (threshold_of_pairs(1.0), threshold_of_pairs(0.3)) == (1.0, 0.0)
    index = WordIndex(0.9)
    old, changed = "在乡村医院上夜班三十年的退休护士照看全村的老人", "在乡村医院上夜班三十年的退休护士照看全村的孩子"
    index.add(index.read(["a nurse", old]))
    asked, rows, scores = index.near(index.read(["a nurse", changed, "在沿海渔村修理渔网的年轻妇女"]))
    assert list(zip(asked.tolist(), rows.tolist(), strict=True)) == [(0, 0), (1, 1)]
    assert scores[1] == pytest.approx(20 / 24)


def test_texts_of_both_kinds_keep_their_numbers() -> None:
    index = WordIndex(0.9)
    texts = [
        "一个在医院工作的护士",
        "a nurse on nights",
        "在沿海渔村修理渔网的妇女",
        "a pilot of ships",
        "山区小学的数学老师",
    ]
    index.add(index.read(texts[:2]))
    index.add(index.read(texts).select(np.array([2, 3, 4])))
    asked, rows, _ = index.near(index.read(texts[::-1]))
    assert {(4 - a, b) for a, b in zip(asked.tolist(), rows.tolist(), strict=True)} == {(n, n) for n in range(5)}


def test_many_waiting_texts_are_sorted_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("population.matching.words._WAITING", 10)
    index = WordIndex(0.9)
    texts = [f"person {number} who keeps {number} keys and {number + 1} dogs" for number in range(100)]
    for text in texts:
        index.add_one(index.read([text]))
    asked, rows, _ = index.near(index.read(texts))
    assert set(zip(asked.tolist(), rows.tolist(), strict=True)) == {(number, number) for number in range(100)}


def test_more_pairs_than_memory_allows_at_once_are_all_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("population.matching.words._PAIRS", 7)
    index = WordIndex(0.9)
    index.add(index.read(["the same words here"] * 40))
    asked, rows, _ = index.near(index.read(["here the same words"] * 3))
    assert len(set(zip(asked.tolist(), rows.tolist(), strict=True))) == 3 * 40


@pytest.mark.parametrize("text", ["", "   ", "!!!", "…"])
def test_a_text_without_words_is_like_itself_only(text: str) -> None:
    index = WordIndex(0.9)
    index.add(index.read([text, "a nurse"]))
    assert index.near(index.read([text]))[1].tolist() == [0]
