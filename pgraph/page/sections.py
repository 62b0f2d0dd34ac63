"""What the templates show about coverage: the head, growth, gaps, groups by relationships."""

from collections.abc import Sequence
from typing import Any

from pgraph.app.coverage import CoverageReport, Page
from pgraph.page.charts import Line, draw
from pgraph.page.figures import percent
from pgraph.page.tables import Table, table
from population.reports import GrowthPoint, HeatCell, HeatRow, spoken

GROUPS = 30
_NUMBERS = 12  # rows of the table behind a curve
_GROUP_COLUMNS = {
    "group": "group",
    "coverage": "coverage",
    "personas": "personas",
    "roles": "roles",
    "sightings": "answers",
    "singles": "named once",
    "next_new": "expected new",
}


def header(report: CoverageReport, page: Page) -> dict[str, Any]:
    rows = {row.resolution: row for row in report.overall}
    covered = rows["role"].coverage
    return {
        "models": sorted({str(recipe["model"]) for recipe in page.recipes if recipe.get("model")}),
        "role": rows["role"],
        "persona": rows["persona"],
        "known": None if covered is None else round(100 * covered),
        "new": None if covered is None else 1 - covered,
    }


def growth(page: Page) -> dict[str, Any]:
    points, ahead = page.points, page.ahead
    seen = [(point.sightings, point.roles) for point in points]
    covered = [(point.sightings, point.coverage or 0.0) for point in points if point.sightings]
    roles, coverage = [Line("so far", seen)], [Line("so far", covered)]
    if ahead:
        roles.append(Line("expected", [seen[-1], *((point.sightings, point.roles) for point in ahead)], "first dashed"))
        coverage.append(
            Line(
                "expected",
                [covered[-1], *((point.sightings, point.coverage or 0.0) for point in ahead)],
                "first dashed",
            )
        )
    return {
        "last": points[-1],
        "ahead": ahead[-1] if ahead else None,
        "roles": draw(roles),
        "coverage": draw(coverage, share=True),
        "numbers": _numbers([*_thin(points[1:]), *_thin(ahead, 4)], points[-1].sightings),
    }


def _numbers(points: Sequence[GrowthPoint], n: int) -> Table:
    rows = [
        {
            "sightings": f"{point.sightings:,}" + (" (expected)" if point.sightings > n else ""),
            "roles": round(point.roles),
            "coverage": percent(point.coverage),
        }
        for point in points
    ]
    columns = {"sightings": "answers", "roles": "distinct roles", "coverage": "coverage"}
    return table("Growth", columns, rows, right=("coverage",))


def _thin(points: Sequence[GrowthPoint], count: int = _NUMBERS) -> Sequence[GrowthPoint]:
    every = -(-len(points) // count) or 1
    return points[::-every][::-1]


def gaps(page: Page) -> list[dict[str, Any]]:
    return [
        {"gap": shown.gap, "why": shown.why, "command": shown.command, "meter": f"{100 * shown.gap.uncovered:.0f}"}
        for shown in page.gaps
    ]


def heat(page: Page) -> dict[str, Any]:
    heat_map = page.heat
    relations = [spoken(relation) for relation in heat_map.relations]
    highest = max((cell.new for row in heat_map.rows for cell in row.cells), default=0)
    top = min(100, 10 * (int(10 * highest) + 1))
    limits = []
    if heat_map.regions > len(heat_map.rows):
        limits.append(f"the {len(heat_map.rows)} least covered of {heat_map.regions} groups")
    if heat_map.kinds > len(relations):
        limits.append(f"the {len(relations)} most asked of {heat_map.kinds} relationships")
    rows = [_heat_row(row, relations, top) for row in heat_map.rows]
    return {"relations": relations, "limits": limits, "top": top, "rows": rows}


def _heat_row(row: HeatRow, relations: Sequence[str], top: int) -> dict[str, Any]:
    cells = [_heat_cell(cell, name, top) for name, cell in zip(relations, row.cells, strict=True)]
    return {"group": row.group, "uncovered": f"{100 * row.uncovered:.0f}", "cells": cells}


def _heat_cell(cell: HeatCell, relation: str, top: int) -> dict[str, Any]:
    new = 100 * cell.new
    return {"new": f"{new:.0f}", "fill": f"{100 * new / top:.0f}", "answers": cell.answers, "relation": relation}


def groups(page: Page) -> dict[str, Any]:
    rows = [
        {
            **row.as_json(),
            "coverage": percent(row.coverage),
            "next_new": None if row.next_new is None else percent(row.next_new, 0),
        }
        for row in page.groups[:GROUPS]
    ]
    coverage = table("Coverage by group", _GROUP_COLUMNS, rows, right=("coverage", "next_new"))
    return {"table": coverage, "more": len(page.groups) - len(rows)}
