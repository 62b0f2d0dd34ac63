"""What groups are called and which of them stay when all domains are grouped anew."""

from typing import Any

import numpy as np
import pytest

from distill.groups.grouping import _carry_over, _centre, _moved, _name, _nested, resolution_for


@pytest.mark.parametrize(("domains", "resolution"), [(1, 2.0), (400, 2.0), (401, 2.0025), (1600, 4.0), (90_000, 30.0)])
def test_the_resolution_grows_with_the_root_of_the_domains(domains: int, resolution: float) -> None:
    assert resolution_for(domains) == pytest.approx(resolution, abs=1e-4)


def carried(parts: list[list[int]], old: list[str | None]) -> list[str]:
    return _carry_over(parts, old, [f"d{row}" for row in range(len(old))], 0)


def test_a_group_that_keeps_its_domains_keeps_its_id() -> None:
    assert carried([[0, 1], [2, 3]], ["b", "b", "a", "a"]) == ["b", "a"]


def test_of_a_group_in_two_the_larger_part_keeps_the_id() -> None:
    first, second = carried([[0], [1, 2]], ["a", "a", "a"])
    assert second == "a"
    assert first != "a"


def test_of_two_groups_in_one_the_larger_gives_its_id() -> None:
    assert carried([[0, 1, 2]], ["a", "b", "b"]) == ["b"]


def test_the_largest_overlap_goes_first_and_each_id_once() -> None:
    """Part 0 shares two domains with a and one with b, part 1 three with a: so a goes to 1, and b to 0."""
    assert carried([[0, 1, 2], [3, 4, 5]], ["a", "a", "b", "a", "a", "a"]) == ["b", "a"]


def test_of_equal_parts_the_first_keeps_the_id() -> None:
    first, second = carried([[0, 1], [2, 3]], ["a", "a", "a", "a"])
    assert first == "a"
    assert second != "a"


def test_a_new_group_has_an_id_that_is_nobodys() -> None:
    alone = carried([[0]], [None])
    assert carried([[0]], [None]) == alone  # the same again
    other_level = _carry_over([[0]], [None], ["d0"], 1)
    assert other_level != alone
    both = _carry_over([[0], [1]], [None, alone[0]], ["d0", "d1"], 0)
    assert both[1] == alone[0]
    assert both[0] != alone[0]


def test_a_group_that_a_model_named_stays_named_while_most_of_it_stays() -> None:
    named = {"named_by": "m"}
    assert _name(named, 6, 10, 11, "bees") == {}
    plain = {"label": "bees", "named_by": None, "named_in": None, "members": None}
    assert _name(named, 5, 10, 10, "bees") == plain  # half is not most
    assert _name(named, 6, 10, 12, "bees") == plain  # of what it was either
    assert _name({}, 10, 10, 10, "bees") == plain
    assert _name({"named_by": None}, 10, 10, 10, "bees") == plain


def test_only_what_moved_is_written() -> None:
    rows: list[dict[str, Any]] = [
        {"id": "stays", "region": "a", "by": "louvain"},
        {"id": "voted", "region": "a", "by": "vote"},
        {"id": "moves", "region": "b", "by": "louvain"},
        {"id": "new", "region": None, "by": None},
    ]
    moved = _moved(rows, [[0, 1, 2], [3]], ["a", "c"])
    assert {row["domain"]: row["group"] for row in moved} == {"voted": "a", "moves": "a", "new": "c"}
    assert {row["by"] for row in moved} == {"louvain"}


def test_each_group_lies_in_the_one_that_holds_its_domains() -> None:
    levels = [[[0], [1, 2], [3]], [[0, 1, 2], [3]], [[0, 1, 2, 3]]]
    ids = [["a", "b", "c"], ["ab", "c2"], ["all"]]
    assert {row["group"]: row["parent"] for row in _nested(levels, ids)} == {
        "a": "ab", "b": "ab", "c": "c2", "ab": "all", "c2": "all",
    }  # fmt: skip


def test_the_middle_of_a_group_is_who_is_nearest_to_all() -> None:
    vectors = np.array([[1, 0], [0.8, 0.6], [0, 1], [-1, 0]], np.float32)
    assert _centre(vectors, [0, 1, 2]) == 1
    assert _centre(vectors, [3]) == 3
