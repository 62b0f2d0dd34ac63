"""The parts of the report that are about the people in it, the outside list, and the runs."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pgraph.app.page.charts import Line, bars, plot
from pgraph.app.page.sections import command, heading
from pgraph.app.page.tags import NONE, Html, join, percent, table, tag

if TYPE_CHECKING:
    from expansion.reference import Reached
    from pgraph.app.coverage import Page

UNREACHED = 40
LANGUAGES = 12
RUNS = 30
_COMPARED = (
    "The later run began with what the graph held by then, so fewer of its roles are new; the curves count what each "
    "named, known or not."
)
_LEFT_OUT = "their language is not one that the embedding model knows, or cannot be told"
_DEPENDS = "All of these depend on the size of the sample."


def reference(reached: "Reached") -> Html:
    told = reached.summary
    say = (
        f"{told['file']}: {told['reached']:,} of {told['entries']:,} entries are reached by a persona at least "
        f"({percent(told['reached_share'])}), {told['reached_5']:,} by five or more ({percent(told['reached_5_share'])}). A role "
        f"counts for the entry that has its name, else for the nearest one at a cosine of {told['threshold']} or more."
    )
    notes = [
        f"{told['personas_without_role']:,} of {told['personas']:,} personas have no role and count for no entry."
        if told["personas_without_role"]
        else "",
        f"{told['by_name_only']:,} entries are not in letters that the embedding model knows: compared by name only."
        if told["by_name_only"]
        else "",
    ]
    best = sorted((row for row in reached.rows if row["personas"]), key=lambda row: (-row["personas"], row["label"]))
    columns = {"label": "entry", "code": "code", "personas": "personas", "exact": "by name", "sightings": "sightings"}
    return join(
        [
            heading("list", "An outside list", say, *filter(None, notes)),
            tag("h3", "Not reached") if reached.unreached else None,
            tag("ul", *map(_entry, reached.unreached[:UNREACHED]), class_="gaps", role="list")
            if reached.unreached
            else None,
            _more(len(reached.unreached) - UNREACHED, "entries that were not reached are in --format json"),
            tag(
                "details",
                tag("summary", f"The {min(UNREACHED, len(best))} entries reached most"),
                table("Entries reached most", columns, best[:UNREACHED], hidden=True),
            )
            if best
            else None,
        ]
    )


def _entry(row: Mapping[str, Any]) -> Html:
    near = join(
        tag("li", tag("b", person["role"] or "no role"), f" ({person['cosine']:.2f}): {_cut(person['text'])}")
        for person in row["nearest"]
    )
    nobody = tag(
        "p", "Nobody is near: the embedding model does not know its language, or all near it were asked.", class_="soft"
    )
    asked = (
        tag(
            "details",
            tag("summary", "The personas nearest to it, and how to ask them"),
            tag("ul", near),
            command(row["command"]),
        )
        if near
        else nobody
    )
    return tag("li", tag("div", row["code"] or NONE, class_="soft"), tag("div", tag("h3", row["label"]), asked))


def comparison(compare: Mapping[str, Any]) -> Html:
    first, second = compare["runs"]
    roles = compare["roles"]
    lines = [
        Line(f"{first['run']} ({first['command']})", compare["curves"][0], "first"),
        Line(f"{second['run']} ({second['command']})", compare["curves"][1], "second"),
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
        {"what": name, "first": first[key], "second": second[key]} for key, name in names.items()
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
    text = f"{lines[0].name} named {roles['first']:,} roles, {lines[1].name} {roles['second']:,}."
    heads = {"what": "", "first": str(first["run"]), "second": str(second["run"])}
    groups = {"group": "group", "first": str(first["run"]), "second": str(second["run"])}
    return join(
        [
            heading("two-runs", "Two runs", say),
            tag(
                "div",
                plot("two", "Distinct roles by call", text, lines, x="calls"),
                table("Two runs side by side", heads, rows, hidden=True),
                class_="pair",
            ),
            tag(
                "details",
                tag("summary", "Groups where one found more roles"),
                table("Distinct roles by group", groups, compare["groups"], hidden=True),
            )
            if compare["groups"]
            else None,
        ]
    )


def diversity(found: Mapping[str, Any] | None, page: "Page") -> Html:
    languages = list(page.shares["languages"].items())
    shown = [("not told" if name == "und" else name, times) for name, times in languages[:LANGUAGES]]
    if rest := sum(times for _, times in languages[LANGUAGES:]):
        shown.append(("others", rest))
    depths = [(f"{depth} (seeds)" if depth == "0" else depth, times) for depth, times in page.shares["depths"].items()]
    measured = tag("p", f"Not measured: {page.problem}", class_="callout") if found is None else _spread(found)
    return join(
        [
            heading(
                "diversity",
                "How different they are",
                "Beside how many there are: how much they differ from each other.",
            ),
            measured,
            tag("div", bars(shown, "language"), bars(depths, "depth"), class_="pair"),
        ]
    )


def _spread(found: Mapping[str, Any]) -> Html:
    rows = []
    for what in ("persona", "role"):
        part = found[what]
        rows.append(
            {
                "what": f"Vendi score of {what}s",
                "value": _plain(part["vendi"]),
                "of": part["of"],
                "means": f"They amount to so many altogether different {what}s (Friedman and Dieng 2023).",
            }
        )
        rows.append(
            {
                "what": f"Distance to the nearest {what}",
                "value": _plain(part["nearest"]),
                "of": part["of"],
                "means": "The mean of 1 - cosine: 0 is the same text, 1 nothing in common.",
            }
        )
    for n in (1, 2, 3):
        words = "words" if n == 1 else f"runs of {n} words"
        rows.append(
            {
                "what": f"Distinct-{n}",
                "value": _plain(found["words"][f"distinct_{n}"]),
                "of": found["words"]["of"],
                "means": f"Share of different ones among all {words}.",
            }
        )
    out = found["left_out_by_language"]
    note = f" {out:,} of {found['personas']:,} personas are left out of the first four: {_LEFT_OUT}." if out else ""
    columns = {"what": "read-out", "value": "value", "of": "of texts", "means": "what it says"}
    return join(
        [
            table("Diversity", columns, rows, hidden=True),
            tag(
                "p",
                f"On samples of at most {found['sample_at_most']:,}, drawn with seed {found['seed']}. {_DEPENDS}{note}",
                class_="note",
            ),
        ]
    )


def _plain(value: float | None) -> str:
    return NONE if value is None else f"{value:,.1f}" if value >= 10 else f"{value:.3f}"


def runs(page: "Page") -> Html:
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
            table("Runs", columns, rows, hidden=True),
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
