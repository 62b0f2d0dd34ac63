"""What the templates show about the people in the graph, the outside list, and the runs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pgraph.app.coverage import Page
from pgraph.page.charts import Bar, Line, bars, draw
from pgraph.page.figures import NONE, figure, percent
from pgraph.page.tables import Cell, Table, table
from population.reports import Comparison, Reached, RoleOverlap, RunRow

SHOWN = 40  # of the entries of a list
LARGEST = 12  # languages, depths
RUNS = 30
_RUN_COLUMNS = {
    "run": "run",
    "started": "started (UTC)",
    "calls": "calls",
    "tokens": "tokens",
    "new": "new personas",
    "duplicate": "seen before",
    "unusable": "unusable",
    "new_roles": "new roles",
    "late_new": "new roles per 100 calls",
    "lift": "lift (90% interval)",
    "coverage": "coverage after it",
}
_COMPARED = {
    "calls": "calls",
    "tokens": "tokens",
    "sightings": "answers",
    "new": "new personas",
    "duplicate": "seen before",
    "unusable": "unusable answers",
    "new_roles": "new roles",
    "late_new": "new roles per 100 calls at its end",
}


def reference(reached: Reached) -> dict[str, Any]:
    best = sorted((row for row in reached.rows if row.personas), key=lambda row: (-row.personas, row.label))
    columns = {"label": "entry", "code": "code", "personas": "personas", "exact": "by name", "sightings": "answers"}
    return {
        "summary": reached.summary,
        "file": Path(reached.summary.file).name,
        "best": table("Entries reached most", columns, [row.as_json() for row in best[:SHOWN]]),
        "unreached": reached.unreached,
        "shown": SHOWN,
    }


def comparison(compare: Comparison) -> dict[str, Any]:
    first, second = compare.runs
    lines = [
        Line(f"first: {first.run} ({first.command})", compare.curves[0], "first"),
        Line(f"second: {second.run} ({second.command})", compare.curves[1], "second"),
    ]
    groups = {"group": "group", "first": "first", "second": "second"}
    return {
        "roles": compare.roles,
        "curves": draw(lines),
        "table": _side_by_side(first, second, compare.roles),
        "groups": table("Distinct roles by group", groups, [row.as_json() for row in compare.groups]),
    }


def _side_by_side(first: RunRow, second: RunRow, roles: RoleOverlap) -> Table:
    rows = [(name, figure(getattr(first, key)), figure(getattr(second, key))) for key, name in _COMPARED.items()]
    rows += [
        ("lift of the choice over chance (90% interval)", _lift(first), _lift(second)),
        ("coverage of the graph at its end", percent(first.coverage), percent(second.coverage)),
        ("distinct roles among its answers", figure(roles.first), figure(roles.second)),
        ("of these, not in the other", figure(roles.only_first), figure(roles.only_second)),
    ]
    columns = {"what": "", "first": "first", "second": "second"}
    named = [dict(zip(columns, row, strict=True)) for row in rows]
    return table("Two runs side by side", columns, named, right=("first", "second"))


def _lift(row: RunRow) -> str:
    return NONE if row.lift is None else f"{row.lift:.2f} ({row.lift_low:.2f} to {row.lift_high:.2f})"


def diversity(measured: Mapping[str, Any] | None, page: Page) -> dict[str, Any]:
    languages = {"unknown" if name == "und" else name: times for name, times in page.shares["languages"].items()}
    depths = {f"{depth} (seeds)" if depth == "0" else depth: times for depth, times in page.shares["depths"].items()}
    return {
        "table": None if measured is None else _spread(measured),
        "languages": _largest(languages),
        "depths": _largest(depths),
    }


def _largest(shares: Mapping[str, int]) -> list[Bar]:
    counts = list(shares.items())
    rest = sum(times for _, times in counts[LARGEST:])
    return bars([*counts[:LARGEST], *([("others", rest)] if rest else [])])


def _spread(measured: Mapping[str, Any]) -> Table:
    rows = []
    for what in ("persona", "role"):
        part = measured[what]
        alike = f"They are as diverse as this many altogether different {what}s (Friedman and Dieng 2023)."
        apart = "The mean of 1 - cosine: 0 for the same text, 1 for nothing in common."
        rows += [
            {"what": f"Vendi score of {what}s", "value": figure(part["vendi"]), "of": part["of"], "means": alike},
            {
                "what": f"Distance to the nearest {what}",
                "value": figure(part["nearest"]),
                "of": part["of"],
                "means": apart,
            },
        ]
    words = measured["words"]
    rows += [
        {"what": f"Distinct-{n}", "value": figure(words[f"distinct_{n}"]), "of": words["of"], "means": means}
        for n, means in (
            (1, "How many words are different, as a share of all words."),
            (2, "The same for pairs of neighbouring words."),
            (3, "The same for three words in a row."),
        )
    ]
    columns = {"what": "measure", "value": "value", "of": "texts", "means": "what it says"}
    return table("Diversity", columns, rows, right=("value",))


def runs(page: Page) -> dict[str, Any]:
    shown = page.runs[:RUNS]
    rows = [
        {
            **row.as_json(),
            "run": Cell(row.command or "", code=row.run),
            "started": str(row.started or NONE)[:16].replace("T", " "),
            "coverage": percent(row.coverage),
            "late_new": None if row.late_new is None else f"{row.late_new:,.0f}",
            "lift": _lift(row),
        }
        for row in shown
    ]
    right = ("calls", "tokens", "new_roles", "late_new", "lift", "coverage")
    return {
        "table": table("Runs", _RUN_COLUMNS, rows, right=right),
        "more": len(page.runs) - len(shown),
        "settings": [(row.run, recipe) for row, recipe in zip(shown, page.recipes, strict=False)],
    }
