"""Names of groups: which name is of use, and what a model is shown of a group."""

from typing import Any

import numpy as np
import pytest

from distill.groups.naming import LABELS, LONGEST, Group, _of_level, _with_others, name_problem, needs_name
from foundation.outcomes import Unusable

TRADES = ["bread baking", "oven building", "flour milling", "yeast growing"]


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("Work with bread", None),
        ("", Unusable.EMPTY),
        ("b" * LONGEST, None),
        ("b" * (LONGEST + 1), Unusable.TOO_LONG),
        ("Bread baking, oven building, flour milling", Unusable.A_LIST),
        ("bread baking / oven building | flour milling", Unusable.A_LIST),
        ("Bread baking, oven building and flour milling", Unusable.A_LIST),
        ("Bread baking and oven building", None),  # two of four may be what they share
        ("Bread baking", None),
        ("रोटी का काम", Unusable.WRONG_LANGUAGE),
        ("Harbours", Unusable.TAKEN),
        ("HARBOURS ", Unusable.TAKEN),
    ],
)
def test_a_name_of_no_use(name: str, problem: Unusable | None) -> None:
    assert name_problem(name, TRADES, {"harbours"}) == problem


@pytest.mark.parametrize(
    ("labels", "name", "problem"),
    [
        (["bees", "hives"], "Bees and hives", Unusable.A_LIST),  # all there are
        (["bees", "hives"], "Bees", None),
        (["bees"], "Bees", None),  # one label is what it is called anyway
        (["bees", "Bees"], "bees", None),
        (["खेती", "बागवानी"], "खेत का काम", None),
        (["खेती", "बागवानी"], "Farming", Unusable.WRONG_LANGUAGE),
    ],
)
def test_a_name_beside_its_labels(labels: list[str], name: str, problem: Unusable | None) -> None:
    assert name_problem(name, labels, set()) == problem


def group(number: int, **more: Any) -> Group:
    made: dict[str, Any] = {"members": "", "size": 2, "named": False, "name": f"c{number}", **more}
    return Group(f"g{number}", f"c{number}", **made)


def test_a_group_of_one_domain_and_one_that_is_named_need_no_name() -> None:
    assert needs_name(group(1))
    assert not needs_name(group(1, size=1))
    assert not needs_name(group(1, named=True))


def level(
    labels: list[str],
    at: list[str | None],
    *,
    vectors: list[list[float]] | None = None,
    known: dict[str, dict[str, Any]] | None = None,
    finer: dict[str, list[Group]] | None = None,
) -> dict[str, Group]:
    rows = [{"id": f"d{number}", "label": label} for number, label in enumerate(labels)]
    given = np.array(vectors or [[1.0, 0.0]] * len(labels), np.float32)
    given /= np.linalg.norm(given, axis=1, keepdims=True)
    plain = {"named_by": None, "members": None, "label": None}
    everybody = {name: {**plain, **(known or {}).get(name, {})} for name in at if name}
    return {made.id: made for made in _of_level(rows, given, at, everybody, finer or {})}


def test_the_most_central_label_comes_first() -> None:
    """Their mean lies at 42°: the one at 45° is nearest to it, then 31°, then 90°."""
    [found] = level(["edge", "middle", "beside"], ["g"] * 3, vectors=[[0, 1], [1, 1], [1, 0.6]]).values()
    assert found.labels == ("middle", "beside", "edge")
    assert (found.central, found.name, found.size) == ("middle", "middle", 3)


def test_of_many_labels_only_the_most_central_are_shown() -> None:
    [found] = level([f"l{number:02}" for number in range(20)], ["g"] * 20).values()
    assert found.labels == tuple(f"l{number:02}" for number in range(LABELS))
    assert found.size == 20


def test_a_domain_without_a_group_is_in_none() -> None:
    found = level(["a", "b", "c"], ["g", None, "g"])
    assert found["g"].labels == ("a", "c")


def test_of_a_group_of_groups_those_are_shown_the_largest_first() -> None:
    finer = {"g": [group(1, size=2), group(2, size=5)], "h": [group(3, size=1)]}
    found = level(["a", "b", "c"], ["g", "g", "h"], finer=finer)
    assert found["g"].labels == ("c2", "c1")
    assert found["h"].labels == ("c",)  # a group of one group is what that is


def test_a_name_holds_for_the_domains_it_was_given_for() -> None:
    members = level(["a", "b"], ["g", "g"])["g"].members
    named = {"g": {"named_by": "m", "label": "Letters", "members": members}}
    same = level(["a", "b"], ["g", "g"], known=named)["g"]
    assert (same.named, same.name, same.central) == (True, "Letters", "a")
    more = level(["a", "b", "c"], ["g"] * 3, known=named)["g"]
    assert (more.named, more.name) == (False, "Letters")
    assert more.members != members


def test_near_groups_are_named_the_nearest_first_and_not_itself() -> None:
    angles = np.radians([0, 10, 25, 60, 90, 180])
    centres = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    found = _with_others([group(number) for number in range(6)], centres)
    assert found[0].others == ("c1", "c2", "c3", "c4")
    assert found[5].others == ("c4", "c3", "c2", "c1")
    assert _with_others([group(0)], centres[:1])[0].others == ()
