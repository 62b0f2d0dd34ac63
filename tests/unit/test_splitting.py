"""Splits: what hangs together stays together, shares are exact, the same seed gives the same."""

import json
from collections import Counter
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distill.dataset.likeness import Likeness
from distill.dataset.making import TABLES, Making, Options
from distill.dataset.splitting import Parts, assign, counted, most, shares, weights
from foundation.errors import InputError, UsageError
from graphstore.exports.exporting import on_disk
from graphstore.exports.training import Sample

SPLITS = weights("train=80,validation=10,test=10")
_names = st.sampled_from(["train", "validation", "test", "held_out"])
_weights = st.dictionaries(_names, st.integers(1, 100), min_size=1).map(
    lambda given: {name: Fraction(share, sum(given.values())) for name, share in given.items()}
)


def sample(number: int, question: str, people: tuple[str, ...], groups: Mapping[str, str], text: str = "") -> Sample:
    labels = sorted({groups[person] for person in people if person in groups})
    said = text or f"{number} {' '.join(f'w{number}x{place}' for place in range(9))}"
    row: dict[str, Any] = {"id": f"k{number:06}", "question": f"Why {said}?", "answer": f"As {said}", "group": labels}
    lonely = tuple(person for person in people if person not in groups)
    return Sample(row, question, people, lonely, labels[0] if labels else "", marked=False)


def made(samples: list[Sample], options: Options) -> dict[str, list[dict[str, Any]]]:
    with on_disk(TABLES) as disk:
        making = Making(disk, options)
        making.make(samples, lambda *_: None)
        found = {split: list(making.rows(split)) for split in options.splits}
        assert making.sizes() == {split: len(rows) for split, rows in found.items()}
        table = making.groups().values()
        assert sum(sum(held.values()) for held in table) == sum(making.sizes().values())
    return found


@given(st.integers(0, 10_000), _weights)
def test_shares_are_exact(total: int, given_weights: Mapping[str, Fraction]) -> None:
    cut = shares(total, given_weights)
    assert sum(cut.values()) == total
    assert all(abs(cut[name] - total * weight) < 1 for name, weight in given_weights.items())


@given(st.lists(st.integers(0, 300), min_size=4, max_size=4), _weights)
def test_the_most_is_possible_and_one_more_is_not(held: list[int], given_weights: Mapping[str, Fraction]) -> None:
    available = dict(zip(("train", "validation", "test", "held_out"), held, strict=True))
    total = most(available, given_weights)

    def fits(rows: int) -> bool:
        return all(share <= available[name] for name, share in shares(rows, given_weights).items())

    assert fits(total)
    assert not any(fits(more) for more in range(total + 1, sum(held) + 2))


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), max_size=30), st.randoms())
def test_parts_do_not_depend_on_the_order(ties: list[tuple[int, int]], chance: Any) -> None:
    def named(pairs: list[tuple[int, int]]) -> dict[int, str]:
        parts = Parts()
        for one, other in pairs:
            parts.tie([str(one), str(other)])
        return {number: parts.part_of(str(number)) for number in range(21)}

    mixed = list(ties)
    chance.shuffle(mixed)
    first = named(ties)
    assert first == named(mixed)
    assert all(first[one] == first[other] for one, other in ties)


@given(st.dictionaries(st.text("abcd", min_size=1, max_size=3), st.integers(1, 50), min_size=4), _weights)
def test_no_split_stays_empty(sizes: Mapping[str, int], given_weights: Mapping[str, Fraction]) -> None:
    assigned = assign(sizes, given_weights, 0)
    assert set(assigned) == set(sizes)
    assert set(assigned.values()) == set(given_weights)


def test_equal_parts_come_out_as_asked() -> None:
    found = Counter(assign({f"g{number}": 7 for number in range(100)}, SPLITS, 3).values())
    assert found == {"train": 80, "validation": 10, "test": 10}
    sizes = {f"g{number}": 7 for number in range(100)}
    assert assign(sizes, SPLITS, 3) == assign(dict(reversed(sizes.items())), SPLITS, 3)
    assert assign(sizes, SPLITS, 3) != assign(sizes, SPLITS, 4)


_world = st.lists(
    st.tuples(st.integers(0, 60), st.sets(st.integers(0, 99), min_size=1, max_size=2)), min_size=1, max_size=40
)


@settings(max_examples=40)
@given(_world, st.integers(0, 5), st.sampled_from(["train=1", "train=70,test=30", "train=80,validation=10,test=10"]))
def test_nothing_stands_on_both_sides(world: list[tuple[int, set[int]]], seed: int, split: str) -> None:
    """Whoever shares a persona, a group or a question shares the split; the order of the rows changes nothing."""
    groups = {f"p{person}": f"g{person % 40}" for person in range(70)}  # p70 to p99 are in no group
    samples = [
        sample(number, f"q{question}", tuple(sorted(f"p{one}" for one in people)), groups)
        for number, (question, people) in enumerate(world)
    ]
    options = Options("knowledge", splits=weights(split), seed=seed)
    try:
        found = made(samples, options)
    except InputError as error:
        assert "too few for" in error.message  # noqa: PT017  too few parts is an answer, too
        return
    assert made(samples[::-1], options) == found
    where = {row["id"]: name for name, rows in found.items() for row in rows}
    assert len(where) == len(samples)
    sides: dict[str, set[str]] = {}
    for one in samples:
        for thing in (one.question, *one.people, *(groups.get(person, person) for person in one.people)):
            sides.setdefault(thing, set()).add(where[one.row["id"]])
    assert {thing: names for thing, names in sides.items() if len(names) > 1} == {}


@settings(max_examples=20)
@given(st.integers(1, 120), st.booleans(), st.integers(0, 3))
def test_rows_are_exact(rows: int, balance: bool, seed: int) -> None:  # noqa: FBT001  a parameter of the test
    groups = {f"p{number}": f"g{number % 20}" for number in range(200)}
    samples = [sample(number, f"q{number}", (f"p{number}",), groups) for number in range(200)]
    options = Options("knowledge", splits=weights("train=3,test=1"), rows=rows, balance=balance, seed=seed)
    if 0 in shares(rows, options.splits).values():
        with pytest.raises(UsageError, match="would get none"):
            made(samples, options)
        return
    found = made(samples, options)
    assert {split: len(held) for split, held in found.items()} == shares(rows, options.splits)
    assert found == made(samples, options)
    if balance:
        for held in found.values():
            counts = Counter(row["group"][0] for row in held)
            assert max(counts.values()) - min(counts.values()) <= 1


def test_balance_takes_from_the_small_groups_first() -> None:
    groups = {f"p{number}": "large" if number >= 10 else f"small{number % 5}" for number in range(100)}
    samples = [sample(number, f"q{number}", (f"p{number}",), groups) for number in range(100)]
    drawn = made(samples, Options("knowledge", rows=30, balance=True))["train"]
    counts = Counter(row["group"][0] for row in drawn)
    assert counts == {**{f"small{number}": 2 for number in range(5)}, "large": 20}
    assert [row["id"] for row in drawn] == sorted(row["id"] for row in drawn)


def test_too_many_rows_say_how_many_there_are() -> None:
    samples = [sample(number, f"q{number}", (f"p{number}",), {}) for number in range(20)]
    with pytest.raises(UsageError) as wrong:
        made(samples, Options("knowledge", splits=weights("train=50,test=50"), rows=30))
    assert wrong.value.message == "--rows 30: split train needs 15 rows, there are 10"
    assert "--rows 20 is possible" in wrong.value.hint
    assert len(made(samples, Options("knowledge", splits=weights("train=50,test=50"), rows=20))["test"]) == 10


def test_near_duplicates_leave_the_larger_split() -> None:
    words = " ".join(f"word{number}" for number in range(40))
    groups = {f"p{number}": f"g{number}" for number in range(10)}
    alike = [sample(number, f"q{number}", (f"p{number}",), groups, f"{words} {number}") for number in range(10)]
    other = [sample(100 + number, "q100", ("p100",), {}) for number in range(10)]
    with pytest.raises(InputError, match="near duplicates of rows in a smaller split"):
        made(alike, Options("knowledge", splits=weights("train=60,test=40")))
    found = made([*alike, *other], Options("knowledge", splits=weights("train=60,test=40")))
    sides = [name for name, rows in found.items() for row in rows if row["question"].startswith("Why word")]
    assert len(set(sides)) == 1


def test_short_answers_are_alike_by_chance() -> None:
    book = Likeness()
    book.add("a", {"question": "How many bees fly from the hive in the morning?", "answer": "On Mondays."})
    assert book.find({"question": "When does the market of the town begin?", "answer": "on  mondays"}) is None
    assert book.find({"messages": [{"content": "how many BEES fly from the hive in the morning?"}, {}]}) == "a"


@pytest.mark.parametrize(
    "text", ["", "train", "train=", "train=0", "train=-1", "train=1,train=2", "all=1", "Train=1", "a b=1", "train=1,,",
             "train=1e9", "../x=1", "train=80;test=20"],
)  # fmt: skip
def test_what_is_no_split(text: str) -> None:
    with pytest.raises(UsageError, match="is not a split") as wrong:
        weights(text)
    assert "--split train=80" in wrong.value.hint


def test_a_dataset_of_a_small_graph_is_a_copy() -> None:
    samples = [sample(number, f"q{number}", ("p",), {}) for number in range(3)]
    found = made(samples, Options("knowledge"))
    assert json.dumps(found["train"]) == json.dumps([one.row for one in samples])


def test_shares_by_hand() -> None:
    """80, 10 and 10 in 100 of 7 rows: 5.6, 0.7 and 0.7; the largest remainders get what rounding leaves."""
    assert weights(" train = 8 ,test=2") == {"train": Fraction(4, 5), "test": Fraction(1, 5)}
    assert weights("train=0.5") == {"train": 1}
    assert shares(7, SPLITS) == {"train": 5, "validation": 1, "test": 1}
    assert shares(10, weights("a=1,b=1,c=1")) == {"a": 4, "b": 3, "c": 3}
    assert most({"train": 100, "validation": 3, "test": 10}, SPLITS) == 33  # of 34, validation would get 4


def test_the_largest_part_goes_first_to_who_lacks_most() -> None:
    """Of 20 rows train lacks 14 and test 6: a takes train to 2, b and c go to test, which then lacks nothing."""
    assigned = assign({"a": 12, "b": 4, "c": 2, "d": 2}, weights("train=7,test=3"), 0)
    assert (assigned["a"], assigned["b"]) == ("train", "test")
    assert sorted((assigned["c"], assigned["d"])) == ["test", "train"]


def test_rows_are_counted_by_group_and_split() -> None:
    places = [("b", "train", 2), ("a", "test", 1), ("b", "train", 3), ("b", "test", 1)]
    assert counted(places) == {"a": {"test": 1}, "b": {"train": 5, "test": 1}}
    assert list(counted(places)) == ["a", "b"]
