"""Calls shared out over regions: the highest averages of D'Hondt, weighed by what is still new."""

import pytest

from distill.knowledge.allocation import Allocation


def order(allocation: Allocation, calls: int, open_regions: range | list[int]) -> list[int]:
    """The regions that get the next calls, all of them under way."""
    chosen = []
    for _ in range(calls):
        region = allocation.next(open_regions)
        assert region is not None
        allocation.begin(region)
        chosen.append(region)
    return chosen


def test_seats_go_as_dhondt_gives_them() -> None:
    """The textbook's election: 340, 280, 160 and 60 thousand votes, seven seats: 3, 3, 1, 0."""
    allocation = Allocation([340, 280, 160, 60], per_call=3)
    assert order(allocation, 7, range(4)) == [0, 1, 0, 2, 1, 0, 1]


def test_of_equals_the_first() -> None:
    assert order(Allocation([5, 5, 5], per_call=1), 4, range(3)) == [0, 1, 2, 0]


def test_only_open_regions_are_chosen_and_none_where_none_is() -> None:
    allocation = Allocation([100, 10, 1], per_call=1)
    assert order(allocation, 2, [1, 2]) == [1, 1]
    assert allocation.next([]) is None


def test_a_call_that_brought_its_answers_counts_as_spent_once() -> None:
    """Under way it counts as one call; when its answers are seen, they count in its place."""
    waiting, done = (Allocation([8, 8], per_call=2) for _ in range(2))
    for allocation in (waiting, done):
        allocation.begin(0)
    for topic in ("bees", "tides"):
        done.see(0, topic)
        done.see(1, topic)  # the same there, so that both regions know as much
    done.end(0, 0)
    assert waiting.next([0, 1]) == 1
    assert done.next([0, 1]) == 0  # equal again, and the first


def test_misses_are_spent_though_nothing_is_learned_from_them() -> None:
    allocation = Allocation([8, 5], per_call=2)
    assert allocation.next([0, 1]) == 0
    allocation.begin(0)
    assert allocation.next([0, 1]) == 1
    allocation.end(0, 2)  # of its answers none could be used
    assert allocation.next([0, 1]) == 1
    assert allocation.uncovered().tolist() == [1, 1]
    assert [(row["seen"], row["topics"]) for row in allocation.rows()] == [(0, 0), (0, 0)]


def test_a_region_where_every_answer_is_new_is_asked_before_one_that_repeats_itself() -> None:
    allocation = Allocation([8, 8], per_call=1)
    assert [allocation.see(0, topic) for topic in ("a", "a", "a", "a")] == [True, False, False, False]
    assert [allocation.see(1, topic) for topic in ("a", "b", "c", "d")] == [True] * 4
    assert allocation.next([0, 1]) == 1
    repeating, fresh = allocation.rows()
    assert (repeating["seen"], repeating["topics"]) == (4, 1)
    assert (fresh["seen"], fresh["topics"]) == (4, 4)
    assert repeating["new_next"] < fresh["new_next"] <= 1


def test_a_topic_counts_for_its_region_alone() -> None:
    allocation = Allocation([1, 1], per_call=1)
    assert allocation.see(0, "bees")
    assert allocation.see(1, "bees")
    assert not allocation.see(1, "bees")


def test_a_topic_seen_several_times_at_once_is_new_once() -> None:
    allocation = Allocation([1], per_call=1)
    assert allocation.see(0, "bees", times=3)
    assert allocation.rows()[0] == {"seen": 3, "topics": 1, "new_next": pytest.approx(allocation.uncovered()[0])}
