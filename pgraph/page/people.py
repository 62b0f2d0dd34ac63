"""The parts of the report that are about the people in it, the outside list, and the runs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pgraph.app.coverage import Page
from pgraph.page.charts import Line, bars, plot
from pgraph.page.sections import command, heading, tile
from pgraph.page.tags import NONE, Html, join, percent, table, tag
from population.reports import Reached

SHOWN = 40  # of the entries of a list
LARGEST = 12  # languages, depths
RUNS = 30
_COMPARED = (
    "The later run began with what the graph held by then, so fewer of its roles are new; the curves count what each "
    "named, known or not."
)
_LEFT_OUT = "their language is not one that the embedding model knows, or cannot be told"
_DEPENDS = "All of these depend on the size of the sample."


def reference(reached: Reached) -> Html:
    told = reached.summary
    say = (
        f"{Path(told['file']).name} against the roles of the graph. A role counts for the entry that has its name, else for "
        f"the nearest one at a cosine of {told['threshold']} or more."
    )
    notes = [
        f"{told['personas_without_role']:,} of {told['personas']:,} personas have no role and count for no entry."
        if told["personas_without_role"]
        else "",
        f"{told['by_name_only']:,} entries are not in letters that the embedding model knows: compared by name only."
        if told["by_name_only"]
        else "",
    ]
    return join(
        [
            heading("list", "An outside list", say, *filter(None, notes)),
            tag(
                "dl",
                tile(
                    "Reached",
                    percent(told["reached_share"]),
                    f"{told['reached']:,} of {told['entries']:,} entries, by one persona or more.",
                ),
                tile(
                    "Reached five times",
                    percent(told["reached_5_share"]),
                    f"{told['reached_5']:,} entries, by five personas or more.",
                ),
                tile("Not reached", f"{len(reached.unreached):,}", "Entries that no persona of the graph stands for."),
                class_="tiles",
            ),
            _reached(reached),
            _unreached(reached),
        ]
    )


def _reached(reached: Reached) -> Html | None:
    best = sorted((row for row in reached.rows if row["personas"]), key=lambda row: (-row["personas"], row["label"]))
    columns = {"label": "entry", "code": "code", "personas": "personas", "exact": "by name", "sightings": "sightings"}
    summary = tag("summary", f"The {min(SHOWN, len(best))} entries reached most")
    return tag("details", summary, table("Entries reached most", columns, best[:SHOWN])) if best else None


def _unreached(reached: Reached) -> Html | None:
    if not reached.unreached:
        return None
    return join(
        [
            tag("h3", "Not reached: whom to ask", class_="apart"),
            tag("ul", *map(_entry, reached.unreached[:SHOWN]), class_="gaps dense", role="list"),
            _more(
                len(reached.unreached) - SHOWN,
                "entries that were not reached: pgraph coverage --reference … --format json",
            ),
        ]
    )


def _entry(row: Mapping[str, Any]) -> Html:
    people = row["nearest"]
    near = ", ".join(person["role"] or _cut(person["text"], 40) for person in people)
    who = join(
        tag("li", tag("b", person["role"] or "no role"), f" ({person['cosine']:.2f}) {_cut(person['text'])}")
        for person in people
    )
    asked = (
        tag("details", tag("summary", f"Nearest: {near}"), tag("ul", who, class_="near"), command(row["command"]))
        if people
        else tag(
            "p", "Nobody is near: its letters are not known to the embedding model, or all were asked.", class_="soft"
        )
    )
    return tag("li", tag("div", row["code"] or NONE, class_="soft"), tag("div", tag("h3", row["label"]), asked))


def comparison(compare: Mapping[str, Any]) -> Html:
    first, second = compare["runs"]
    roles = compare["roles"]
    lines = [
        Line(f"first: {first['run']} ({first['command']})", compare["curves"][0], "first"),
        Line(f"second: {second['run']} ({second['command']})", compare["curves"][1], "second"),
    ]
    names = {
        "calls": "calls",
        "tokens": "tokens",
        "sightings": "sightings",
        "new": "new personas",
        "duplicate": "seen before",
        "unusable": "unusable answers",
        "new_roles": "new roles",
        "late_new": "new roles per 100 calls at its end",
    }
    rows: list[dict[str, Any]] = [
        {"what": name, "first": _figure(first[key]), "second": _figure(second[key])} for key, name in names.items()
    ]
    rows.append(
        {
            "what": "coverage of the graph at its end",
            "first": percent(first["coverage"]),
            "second": percent(second["coverage"]),
        }
    )
    rows.append({"what": "distinct roles among its answers", "first": roles["first"], "second": roles["second"]})
    rows.append({"what": "of them, not in the other", "first": roles["only_first"], "second": roles["only_second"]})
    overlap = "" if roles["overlap"] is None else f" ({percent(roles['overlap'])} of all that either found)"
    say = f"{roles['both']:,} roles came up in both{overlap}. {_COMPARED}"
    text = f"The first run named {roles['first']:,} distinct roles, the second {roles['second']:,}."
    heads = {"what": "", "first": "first", "second": "second"}
    groups = {"group": "group", "first": "first", "second": "second"}
    return join(
        [
            heading("two-runs", "Two runs", say),
            tag(
                "div",
                plot("two", "Distinct roles by call", text, lines, x="calls"),
                table("Two runs side by side", heads, rows, right=("first", "second")),
                class_="pair",
            ),
            tag(
                "details",
                tag("summary", "Groups where one found more roles"),
                table("Distinct roles by group", groups, compare["groups"]),
            )
            if compare["groups"]
            else None,
        ]
    )


def diversity(found: Mapping[str, Any] | None, page: Page) -> Html:
    languages = {"not told" if name == "und" else name: times for name, times in page.shares["languages"].items()}
    depths = {f"{depth} (seeds)" if depth == "0" else depth: times for depth, times in page.shares["depths"].items()}
    measured = tag("p", f"Not measured: {page.problem}", class_="callout") if found is None else _spread(found)
    return join(
        [
            heading(
                "diversity",
                "How different they are",
                "Beside how many there are: how much they differ from each other.",
            ),
            measured,
            tag("div", bars(_first(languages), "language"), bars(_first(depths), "depth"), class_="pair"),
        ]
    )


def _first(shares: Mapping[str, int]) -> list[tuple[str, int]]:
    shown = list(shares.items())
    rest = sum(times for _, times in shown[LARGEST:])
    return [*shown[:LARGEST], *([("others", rest)] if rest else [])]


def _spread(found: Mapping[str, Any]) -> Html:
    rows = []
    for what in ("persona", "role"):
        part = found[what]
        rows.append(
            {
                "what": f"Vendi score of {what}s",
                "value": _figure(part["vendi"]),
                "of": part["of"],
                "means": f"They amount to so many altogether different {what}s (Friedman and Dieng 2023).",
            }
        )
        rows.append(
            {
                "what": f"Distance to the nearest {what}",
                "value": _figure(part["nearest"]),
                "of": part["of"],
                "means": "The mean of 1 - cosine: 0 is the same text, 1 nothing in common.",
            }
        )
    for n in (1, 2, 3):
        words = "words" if n == 1 else f"runs of {n} words"
        rows.append(
            {
                "what": f"Distinct-{n}",
                "value": _figure(found["words"][f"distinct_{n}"]),
                "of": found["words"]["of"],
                "means": f"Share of different ones among all {words}.",
            }
        )
    out = found["left_out_by_language"]
    note = f" {out:,} of {found['personas']:,} personas are left out of the first four: {_LEFT_OUT}." if out else ""
    columns = {"what": "read-out", "value": "value", "of": "of texts", "means": "what it says"}
    return join(
        [
            table("Diversity", columns, rows, right=("value",)),
            tag(
                "p",
                f"On samples of at most {found['sample_at_most']:,}, drawn with seed {found['seed']}. {_DEPENDS}{note}",
                class_="note",
            ),
        ]
    )


def _figure(value: float | None) -> str:
    if value is None or isinstance(value, int):
        return NONE if value is None else f"{value:,}"
    return f"{value:,.1f}" if value >= 10 else f"{value:.3f}"


def runs(page: Page) -> Html:
    rows = [
        {
            **row,
            "run": join([tag("code", row["run"]), " ", row["command"] or ""]),
            "started": str(row["started"] or NONE)[:16].replace("T", " "),
            "coverage": percent(row["coverage"]),
            "late_new": None if row["late_new"] is None else f"{row['late_new']:,.0f}",
        }
        for row in page.runs[:RUNS]
    ]
    columns = {
        "run": "run",
        "started": "started (UTC)",
        "calls": "calls",
        "tokens": "tokens",
        "new": "new personas",
        "duplicate": "seen before",
        "unusable": "unusable",
        "new_roles": "new roles",
        "late_new": "per 100 calls at its end",
        "coverage": "coverage after it",
    }
    say = "The latest first. New roles per 100 calls: in the last fifth of a run, so about what more of the same would bring."
    return join(
        [
            heading("runs", "Runs and their settings", say),
            table("Runs", columns, rows, right=("calls", "tokens", "new_roles", "late_new", "coverage")),
            _more(len(page.runs) - RUNS, "runs: pgraph coverage --by run"),
            *(
                tag("details", tag("summary", f"Settings of {recipe_of['run']}"), _recipe(recipe))
                for recipe_of, recipe in zip(page.runs[:RUNS], page.recipes, strict=False)
            ),
        ]
    )


def _recipe(recipe: Mapping[str, Any]) -> Html:
    pairs: list[Html] = []
    for name, value in recipe.items():
        pairs += [tag("dt", name.replace("_", " ")), tag("dd", _cut(str(value), 300))]
    return tag("dl", *pairs, class_="settings")


def _more(count: int, text: str) -> Html | None:
    return tag("p", f"{count:,} more {text}", class_="note") if count > 0 else None


def _cut(text: str, length: int = 160) -> str:
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"
