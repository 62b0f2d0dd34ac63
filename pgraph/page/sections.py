"""The parts of the report that are about coverage: the head, growth, gaps, groups by relationships."""

from collections.abc import Mapping, Sequence
from typing import Any

from pgraph.app.coverage import CoverageReport, Page
from pgraph.page.charts import Line, plot
from pgraph.page.tags import Html, join, percent, table, tag
from population.reports import HeatMap, spoken

GROUPS = 30
_NUMBERS = 12  # rows of the table behind a curve


def header(report: CoverageReport, page: Page, nav: Html | None = None) -> Html:
    rows = {row["resolution"]: row for row in report.overall}
    models = sorted({str(recipe["model"]) for recipe in page.recipes if recipe.get("model")})
    eyebrow = " · ".join(["Coverage report", page.made, *(["model " + ", ".join(models)] if models else [])])
    if not page.groups:
        return tag("header", tag("p", eyebrow, class_="eyebrow"), tag("h1", "No personas yet"))
    role = rows["role"]
    if not role["sightings"]:
        head = "No model has been asked yet"
        return tag("header", tag("p", eyebrow, class_="eyebrow"), tag("h1", head), _tiles(rows, page), nav)
    known = round(100 * role["coverage"])
    sentence = {
        0: "Nearly everything that the model says next is new",
        100: "Nearly everything that the model says next is known",
    }
    head = sentence.get(known, f"Of the next 100 answers, about {known} would name a role that is known already")
    return tag("header", tag("p", eyebrow, class_="eyebrow"), tag("h1", head), _tiles(rows, page), nav)


def _tiles(rows: Mapping[str, Mapping[str, Any]], page: Page) -> Html:
    role, persona = rows["role"], rows["persona"]
    covered = role["coverage"]
    unseen = f"{page.missing:,}" if page.missing else "none"
    return tag(
        "dl",
        tile(
            "Coverage of roles",
            percent(covered),
            f"The estimated chance that the next answer names a role that is in the graph. With 95 % confidence it is at "
            f"least {percent(role['at_least'])}.",
        ),
        tile(
            "Distinct roles",
            f"{role['distinct']:,}",
            f"Of {persona['distinct']:,} personas, duplicates counted once, in {role['sightings']:,} answers. "
            f"{role['singles']:,} of the roles only one call named, and no file.",
        ),
        tile(
            "Next answer is new",
            percent(None if covered is None else 1 - covered),
            "The share of new roles among the first further answers, if the questions stay like those so far. It falls as "
            "they come in.",
        ),
        tile(
            "Roles not seen yet",
            f"{unseen}" if unseen == "none" else f"≥ {unseen}",
            "An estimate from below (Chao1): so many more at least can come of the same questions.",
        ),
        class_="tiles four",
    )


def tile(name: str, value: str, say: str) -> Html:
    return tag("div", tag("dt", name), tag("dd", value, class_="big"), tag("dd", say, class_="say"), class_="tile")


def empty() -> Html:
    return tag(
        "section",
        tag(
            "p",
            "The graph holds no personas, so there is nothing to measure. Put some in, then make this report again:",
        ),
        command("pgraph import FILE"),
        class_="callout",
    )


def heading(key: str, text: str, *say: str | Html) -> Html:
    return join([tag("h2", text, id=f"h-{key}"), *(tag("p", one, class_="soft") for one in say)])


def command(text: str) -> Html:
    return tag("div", tag("code", text), class_="cmd")


def not_asked() -> Html:
    say = (
        "The personas came from files. Coverage is the share of a model's answers that would be of known roles, and no model "
        "has answered yet. This asks some of them:"
    )
    return join([heading("growth", "How it grew", say), command("pgraph expand --depth 1 --calls 50")])


def growth(page: Page) -> Html:
    points, ahead = page.points, page.ahead
    seen = [(point["sightings"], point["roles"]) for point in points]
    covered = [(point["sightings"], point["coverage"]) for point in points if point["sightings"]]
    roles, coverage = [Line("seen", seen)], [Line("so far", covered)]
    n = points[-1]["sightings"]
    text = f"After {n:,} sightings the graph holds {points[-1]['roles']:,} roles."
    if ahead:
        roles.append(Line("expected", [seen[-1], *((p["sightings"], p["roles"]) for p in ahead)], "first dashed"))
        coverage.append(
            Line("expected", [covered[-1], *((p["sightings"], p["coverage"]) for p in ahead)], "first dashed")
        )
        text += f" At twice as many, about {ahead[-1]['roles']:,.0f} are expected."
    then = f" At twice as many sightings it would be {percent(ahead[-1]['coverage'])}." if ahead else ""
    how = (
        "Each sighting is one answer that named a persona, in the order of the calls. The dashed part is "
        "drawn on by Chao and Jost (2012), no further than twice what was seen; it holds if the questions stay alike."
        if ahead
        else "Each sighting is one answer that named a persona, in the order of the calls. There are too few, or too few "
        "that came up twice, to say how the curve goes on."
    )
    return join(
        [
            heading("growth", "How it grew", how),
            tag(
                "div",
                plot("roles", "Distinct roles", text, roles, x="sightings"),
                plot(
                    "coverage",
                    "Coverage",
                    f"Coverage after {n:,} sightings is {percent(points[-1]['coverage'])}.{then}",
                    coverage,
                    x="sightings",
                    share=True,
                ),
                class_="pair",
            ),
            _numbers([*_thin(points[1:]), *_thin(ahead, 4)], n),
        ]
    )


def _numbers(points: Sequence[Mapping[str, Any]], n: int) -> Html:
    rows = [
        {
            "sightings": f"{point['sightings']:,}" + (" (expected)" if point["sightings"] > n else ""),
            "roles": round(point["roles"]),
            "coverage": percent(point["coverage"]),
        }
        for point in points
    ]
    columns = {"sightings": "sightings", "roles": "distinct roles", "coverage": "coverage"}
    return tag(
        "details", tag("summary", "The numbers of these curves"), table("Growth", columns, rows, right=("coverage",))
    )


def _thin(points: Sequence[Mapping[str, Any]], count: int = _NUMBERS) -> Sequence[Mapping[str, Any]]:
    every = -(-len(points) // count) or 1
    return points[::-every][::-1]


def gaps(page: Page) -> Html:
    items = [
        tag(
            "li",
            tag(
                "div",
                percent(row["uncovered"], 0),
                tag("small", "uncovered"),
                tag("span", class_="meter", style=f"--v:{100 * row['uncovered']:.0f}", aria_hidden="true"),
                class_="share",
            ),
            tag(
                "div",
                tag("h3", row["group"]),
                tag("p", row["why"]),
                tag("details", tag("summary", _who(row)), command(row["command"])),
            ),
        )
        for row in page.gaps
    ]
    return join(
        [
            heading(
                "gaps",
                "Where the gaps are",
                "The least covered groups that anything is known of; those with few sightings are drawn towards the overall "
                "share before they are ordered. What leads there is the relationship whose answers landed there most.",
            ),
            tag("ul", *items, class_="gaps", role="list"),
        ]
    )


def _who(row: Mapping[str, Any]) -> str:
    return "Ask the people of this group" if row["from"] == row["group"] else f"Ask the people of {row['from']}"


def heat(page: Page) -> Html:
    found = page.heat
    if not found.relations:
        say = "Nobody was asked along a relationship yet, so there is nothing to compare. pgraph expand does that:"
        return join([heading("map", "Groups and relationships", say), command("pgraph expand --depth 2 --calls 100")])
    limits = []
    if found.regions > len(found.rows):
        limits.append(f"the {len(found.rows)} least covered of {found.regions} groups")
    if found.kinds > len(found.relations):
        limits.append(f"the {len(found.relations)} most asked of {found.kinds} relationships")
    say = (
        "Each number is the expected share of new roles, in per cent, among the next answers when people of the group (row) "
        "are asked along the relationship (column): what selection chooses by. In italics: nobody of the group was asked so "
        "yet, the number is inferred from the others."
    )
    highest = max(cell["new"] for row in found.rows for cell in row["cells"])
    top = min(100, 10 * (int(10 * highest) + 1))
    shown = tag("p", f"Shown: {' and '.join(limits)}.", class_="note") if limits else None
    scale = tag("p", "0", tag("span", class_="ramp", aria_hidden="true"), f"{top}\u00a0% new", class_="note scale")
    return join([heading("map", "Groups and relationships", say), shown, scale, _heat_table(found, top)])


def _heat_table(found: HeatMap, top: int) -> Html:
    names = [spoken(relation) for relation in found.relations]
    head = tag(
        "tr",
        tag("th", "group", scope="col"),
        *(tag("th", tag("span", name), scope="col", class_="turn") for name in ("uncovered", *names)),
    )
    body = join(
        tag(
            "tr",
            tag("th", row["group"], scope="row"),
            tag("td", f"{100 * row['uncovered']:.0f}", class_="all"),
            *(_heat_cell(row["group"], name, cell, top) for name, cell in zip(names, row["cells"], strict=True)),
        )
        for row in found.rows
    )
    caption = "Expected share of new roles in per cent, by group and relationship"
    made = tag("table", tag("caption", caption, class_="unseen"), tag("thead", head), tag("tbody", body), class_="heat")
    return tag("div", made, class_="wide", tabindex="0", role="region", aria_label=caption)


def _heat_cell(group: str, relation: str, cell: Mapping[str, Any], top: int) -> Html:
    new, answers = 100 * cell["new"], cell["answers"]
    title = f"{group}, {relation}: {new:.0f} % new expected; {answers:,} answers so far"
    return tag("td", f"{new:.0f}", style=f"--v:{100 * new / top:.0f}", title=title, class_=None if answers else "guess")


def groups(page: Page) -> Html:
    rows = [
        {
            **row,
            "coverage": percent(row["coverage"]),
            "next_new": None if row["next_new"] is None else percent(row["next_new"], 0),
        }
        for row in page.groups[:GROUPS]
    ]
    columns = {
        "group": "group",
        "coverage": "coverage",
        "personas": "personas",
        "roles": "roles",
        "sightings": "sightings",
        "singles": "singles",
        "next_new": "next new",
    }
    more = len(page.groups) - len(rows)
    say = "The least covered first. Singles: roles that one call only named in the whole graph, here, and no file. Next new: the "
    say += "expected share of new roles along the group's best relationship."
    rest = f"{more:,} more groups: pgraph coverage --limit {len(page.groups)}" if more > 0 else None
    return join(
        [
            heading("groups", "Coverage by group", say),
            table("Coverage by group", columns, rows, right=("coverage", "next_new")),
            tag("p", rest, class_="note") if rest else None,
        ]
    )


def meaning() -> Html:
    return join(
        [
            heading("meaning", "What this number is, and is not"),
            tag(
                "div",
                tag(
                    "p",
                    "This is coverage of what this model says to these prompts. It is not coverage of people: a model that never "
                    "speaks of night porters can be covered to 99 % without one. An outside list (",
                    tag("code", "--reference FILE"),
                    ") shows what it leaves out.",
                ),
                tag(
                    "p",
                    "Coverage is 1 - f1/n (Good 1953): n sightings, f1 roles that one call only named, and no file. Rows of "
                    "files are no sightings, since the model did not say them. A role counts once however many personas have "
                    "it; a persona without a role counts by itself; a duplicate's sightings count for its survivor. The bound "
                    "is McAllester and Schapire's (2000); it and the curves assume that answers come independently, which "
                    "those of a model do nearly.",
                ),
                class_="callout",
            ),
        ]
    )
