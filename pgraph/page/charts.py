"""Curves as inline SVG. The labels are HTML around it, so that they keep their size on a narrow page."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

from pgraph.page.tags import Html, join, tag

Points = Sequence[tuple[float, float]]
_WIDE, _HIGH = 1000, 400


@dataclass(frozen=True, slots=True)
class Line:
    name: str
    points: Points
    style: str = "first"  # first, second, or first dashed


def plot(name: str, title: str, text: str, lines: Sequence[Line], *, x: str, share: bool = False) -> Html:
    """One chart: `name` is for ids, `text` says in words what it shows, `x` what its axis counts, `share`: y is 0 to 100 %."""
    right = max((point[0] for line in lines for point in line.points), default=0) or 1
    top = 1.0 if share else max((point[1] for line in lines for point in line.points), default=0) or 1
    across, up = _ticks(right), [0, 0.25, 0.5, 0.75, 1.0] if share else _ticks(top)
    top = max(top, up[-1])
    drawing = tag(
        "svg",
        tag("title", title, id=f"{name}-title"),
        tag("desc", text, id=f"{name}-desc"),
        *(tag("path", d=f"M0 {_y(value, top)}H{_WIDE}", class_="grid") for value in up),
        *(tag("polyline", points=_path(line.points, right, top), class_=f"line {line.style}") for line in lines),
        viewBox=f"0 0 {_WIDE} {_HIGH}",
        preserveAspectRatio="none",
        role="img",
        aria_labelledby=f"{name}-title {name}-desc",
    )
    labels = [
        *(
            _label("y", f"top:{100 - 100 * value / top:.2f}%", f"{value:.0%}" if share else short(value))
            for value in up
        ),
        *(_label("x", f"left:{100 * value / right:.2f}%", short(value)) for value in across),
    ]
    legend = join(tag("li", tag("i", class_=f"key {line.style}"), line.name) for line in lines)
    return tag(
        "figure",
        tag("figcaption", tag("b", title), tag("ul", legend, class_="legend") if len(lines) > 1 else None),
        tag("div", drawing, *labels, class_="area"),
        tag("p", x, class_="axis"),
        class_="plot",
    )


def bars(rows: Sequence[tuple[str, int]], heading: str) -> Html:
    """Counts with their shares as bars, as a table."""
    total = sum(times for _, times in rows) or 1
    body = join(
        tag(
            "tr",
            tag("th", name, scope="row"),
            tag(
                "td",
                tag("span", style=f"--v:{100 * times / total:.1f}", class_="bar", aria_hidden="true"),
                class_="fill",
            ),
            tag("td", f"{times:,}", class_="n"),
            tag("td", f"{100 * times / total:.1f}\u00a0%", class_="n"),
        )
        for name, times in rows
    )
    head = join(
        [
            tag("th", heading, scope="col"),
            tag("td"),
            tag("th", "personas", scope="col", class_="n"),
            tag("th", "share", scope="col", class_="n"),
        ]
    )
    return tag(
        "table",
        tag("caption", f"{heading}s", class_="unseen"),
        tag("thead", tag("tr", head)),
        tag("tbody", body),
        class_="bars",
    )


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


def _label(axis: str, where: str, text: str) -> Html:
    return tag("span", text, class_=f"tick {axis}", style=where, aria_hidden="true")


def _y(value: float, top: float) -> str:
    return f"{_HIGH - _HIGH * value / top:.1f}"


def _path(points: Points, right: float, top: float) -> str:
    return " ".join(f"{_WIDE * x / right:.1f},{_y(y, top)}" for x, y in points)
