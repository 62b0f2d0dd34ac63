"""The picture of the house: floors, rooms, and how often one floor imports from another. `generate.py` writes it."""

from collections import Counter

import grimp
from jinja2 import Environment

FLOORS = (
    ("pgraph",),
    ("explorer",),
    ("expansion", "distill"),
    ("population",),
    ("graphstore",),
    ("cypher", "foundation"),
)
WIDTH, GUTTER, HEIGHT, GAP, TITLE = 1000, 190, 64, 26, 20  # pixels; the arrows run in the gutter

_SVG = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {{ width }} {{ height }}" font-family="sans-serif" font-size="13">
<title>The packages of pgraph, from the command line down to the foundation</title>
<rect width="{{ width }}" height="{{ height }}" fill="#ffffff"/>
<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">\
<path d="M0 0L8 4L0 8z" fill="#55606e"/></marker></defs>
{% for box in floors -%}
<rect x="{{ box.x }}" y="{{ box.y }}" width="{{ box.width }}" height="{{ box.height }}" rx="6" fill="#eef2f7" stroke="#8a97a8"/>
<text x="{{ box.x + 10 }}" y="{{ box.y + 16 }}" font-weight="bold" fill="#1d2733">{{ box.name }}</text>
{% endfor -%}
{% for box in rooms -%}
<rect x="{{ box.x }}" y="{{ box.y }}" width="{{ box.width }}" height="{{ box.height }}" rx="4" fill="#ffffff" stroke="#b7c1cd"/>
<text x="{{ box.x + box.width / 2 }}" y="{{ box.y + 16 }}" text-anchor="middle" font-size="12" fill="#1d2733">{{ box.name }}</text>
<text x="{{ box.x + box.width / 2 }}" y="{{ box.y + 30 }}" text-anchor="middle" font-size="10" fill="#55606e">{{ box.note }}</text>
{% endfor -%}
{% for arrow in arrows -%}
<path d="{{ arrow.path }}" fill="none" stroke="{{ arrow.colour }}" stroke-width="1.2" marker-end="url(#tip)"/>
<text x="{{ arrow.x }}" y="{{ arrow.y }}" font-size="11" text-anchor="middle" fill="#1d2733" stroke="#ffffff" stroke-width="3" \
paint-order="stroke">{{ arrow.count }}</text>
{% endfor -%}
<text x="10" y="{{ height - 12 }}" fill="#55606e">{{ caption }}</text>
</svg>
"""


def picture() -> str:
    """The house as SVG. An arrow's number: imports from a module of one floor of a module of another."""
    names = [name for floor in FLOORS for name in floor]
    graph = grimp.build_graph(*names, exclude_type_checking_imports=False, cache_dir=None)
    row = {name: number for number, floor in enumerate(FLOORS) for name in floor}
    between = _imports_between(graph, row)
    floors, rooms = _boxes(graph)
    arrows = [_arrow(upper, lower, count) for (upper, lower), count in sorted(between.items()) if upper != lower]
    up = sum(count for (importer, imported), count in between.items() if importer > imported)
    modules = len(graph.modules)
    caption = f"{modules} modules. Arrows: imports between floors; {up} of them point up."
    height = len(FLOORS) * (HEIGHT + GAP) + 40
    drawn = {"width": WIDTH, "height": height, "floors": floors, "rooms": rooms, "arrows": arrows, "caption": caption}
    return Environment(autoescape=True).from_string(_SVG).render(drawn)


def _imports_between(graph: grimp.ImportGraph, row: dict[str, int]) -> Counter[tuple[int, int]]:
    return Counter(
        (row[module.partition(".")[0]], row[imported.partition(".")[0]])
        for module in graph.modules
        for imported in graph.find_modules_directly_imported_by(module)
    )


def _boxes(graph: grimp.ImportGraph) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    """The floors, and the rooms in them."""
    floors: list[dict[str, object]] = []
    rooms: list[dict[str, object]] = []
    for number, floor in enumerate(FLOORS):
        y, left, inner = 10 + number * (HEIGHT + GAP), 10.0, WIDTH - GUTTER - 10
        inside = {package: _rooms(graph, package) for package in floor}
        total = sum(map(len, inside.values()))
        for package, notes in inside.items():
            width = inner * len(notes) / total - 10
            floors.append({"name": package, "x": left, "y": y, "width": width, "height": HEIGHT})
            each = (width - 8) / len(notes)
            for place, (name, note) in enumerate(notes.items()):
                x = left + 8 + place * each
                rooms.append(
                    {
                        "name": name,
                        "note": note,
                        "x": x,
                        "y": y + TITLE,
                        "width": each - 8,
                        "height": HEIGHT - TITLE - 6,
                    }
                )
            left += width + 10
    return floors, rooms


def _rooms(graph: grimp.ImportGraph, package: str) -> dict[str, str]:
    """By room of a package, its number of modules; modules at its top level come last."""
    inside = {
        child.rpartition(".")[2]: len(graph.find_descendants(child)) for child in sorted(graph.find_children(package))
    }
    rooms = {name: f"{count} modules" for name, count in inside.items() if count}
    others = [name for name, count in inside.items() if not count and not name.startswith("_")]
    shown = ", ".join(others)
    return (
        rooms | {"top level": shown if len(shown) < 30 else f"{len(others)} modules"}
        if shown
        else rooms or {"statements": ""}
    )


def _arrow(upper: int, lower: int, count: int) -> dict[str, object]:
    """An arc in the gutter; the farther apart two floors are, the farther out it runs. Red if it points up."""
    start, end = (10 + number * (HEIGHT + GAP) + HEIGHT / 2 for number in (upper, lower))
    start, end = start + 3 * (lower - upper), end - 3 * (lower - upper)
    x, out = WIDTH - GUTTER - 8, WIDTH - GUTTER - 8 + 28 * abs(lower - upper)
    path = f"M{x} {start}C{out + 14} {start} {out + 14} {end} {x + 2} {end}"
    return {
        "path": path,
        "count": count,
        "x": x + 0.75 * (out + 14 - x),
        "y": (start + end) / 2 + 4,
        "colour": "#55606e" if lower > upper else "#c0392b",
    }
