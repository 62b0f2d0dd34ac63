"""The map's circles."""

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.layout import arrange

SIZES = st.lists(st.integers(0, 1_000_000), max_size=40)
LINKS = st.lists(st.tuples(st.integers(0, 39), st.integers(0, 39), st.integers(1, 10_000)), max_size=60)


@settings(max_examples=60)
@given(SIZES, LINKS)
def test_circles_lie_inside_and_none_covers_another(sizes: list[int], links: list[tuple[int, int, int]]) -> None:
    sizes.sort(reverse=True)
    inside = [link for link in links if max(link[:2]) < len(sizes) and link[0] != link[1]]
    circles = arrange(sizes, inside)
    assert len(circles) == len(sizes)
    for number, (x, y, r) in enumerate(circles):
        assert r > 0
        assert min(x, y) - r >= -1e-4
        assert max(x, y) + r <= 1 + 1e-4
        assert all(math.hypot(x - a, y - b) >= r + s - 1e-4 for a, b, s in circles[:number])
    assert circles == arrange(sizes, inside)


def test_flows_bring_together() -> None:
    circles = arrange([10] * 30, [(0, 29, 50), (7, 23, 50)])

    def apart(one: int, other: int) -> float:
        return math.dist(circles[one][:2], circles[other][:2])

    assert apart(0, 29) < 0.3
    assert apart(7, 23) < 0.3


def test_the_area_is_by_the_size() -> None:
    (_, _, large), (_, _, small) = arrange([400, 100], [])
    assert math.isclose(large, 2 * small, rel_tol=1e-3)
