"""Curves and bars as plain values: where each mark stands and what its label says. Templates make the picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Line:
    name: str
    points: Points
    style: str = "first"  # first, second, or first dashed


@dataclass(frozen=True, slots=True)
class Tick:
    text: str
    at: str  # in units of the drawing
    share: str  # per cent of its width or height, from the left or the top


@dataclass(frozen=True, slots=True)
class DrawnLine:
    name: str
    style: str
    points: str  # as SVG takes them
    end: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Drawing:
    wide: int
    high: int
    across: Sequence[Tick]
    up: Sequence[Tick]
    lines: Sequence[DrawnLine]


@dataclass(frozen=True, slots=True)
class Bar:
    name: str
    count: str
    width: str  # per cent of all


def draw(lines: Sequence[Line], *, share: bool = False, wide: int = 1000, high: int = 400) -> Drawing:
    """Put curves into a box, with the origin at its lower left; `share`: y is 0 to 100 %."""
    right = max((x for line in lines for x, _ in line.points), default=0) or 1
    top = 1.0 if share else max((y for line in lines for _, y in line.points), default=0) or 1

    def place(x: float, y: float) -> tuple[float, float]:
        return wide * x / right, high - high * y / top

    def drawn(line: Line) -> DrawnLine:
        places = [place(x, y) for x, y in line.points]
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        return DrawnLine(line.name, line.style, points, places[-1] if places else (0, high))

    return Drawing(
        wide,
        high,
        [Tick(short(value), f"{place(value, 0)[0]:.1f}", f"{100 * value / right:.2f}") for value in _ticks(right)],
        [
            Tick(
                f"{value:.0%}" if share else short(value), f"{place(0, value)[1]:.1f}", f"{100 - 100 * value / top:.2f}"
            )
            for value in ([0, 0.25, 0.5, 0.75, 1.0] if share else _ticks(top))
        ],
        [drawn(line) for line in lines],
    )


def bars(counts: Sequence[tuple[str, int]]) -> list[Bar]:
    total = sum(times for _, times in counts) or 1
    return [Bar(name, f"{times:,}", f"{100 * times / total:.1f}") for name, times in counts]


def short(value: float) -> str:
    """A figure at an axis.

    >>> short(950), short(12_500), short(3_000_000), short(0.5)
    ('950', '12.5k', '3M', '0.5')
    """
    for size, mark in ((1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.3g}{mark}"
    return f"{value:.3g}"


def _ticks(top: float) -> list[float]:
    """About four round numbers from 0 to `top`, the last one possibly short of it."""
    rough = top / 4
    size = next(10**power for power in count(-3) if 10 ** (power + 1) > rough)
    step = next(size * factor for factor in (1, 2, 2.5, 5, 10) if size * factor >= rough)
    return [step * place for place in range(int(top / step + 1e-9) + 1)]
