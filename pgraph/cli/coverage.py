"""`pgraph coverage`: how much of what the model can say about people is in the graph."""

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from foundation.errors import UsageError
from pgraph.cli.main import Session
from pgraph.cli.output import dump, notice, redirected, show

if TYPE_CHECKING:
    from pgraph.app.coverage import CoverageReport
    from population.reports import Comparison, Reached

NOT_ASKED = (
    "There is no coverage yet: it is the share of a model's answers that would name a known role, and no call has been made. "
    "To make some: pgraph expand --depth 1 --calls 50"
)
# What tables call the keys of the rows; JSON and CSV keep the keys.
HEADINGS = {
    "resolution": "counted by",
    "sightings": "answers",
    "singles": "named once",
    "at_least": "surely above",
    "next_new": "expected new",
}
_ENDINGS = {".html": "html", ".htm": "html", ".json": "json"}


@click.command("coverage")
@click.option(
    "--by",
    type=click.Choice(["group", "domain", "role", "relation", "run", "overall"]),
    default="group",
    show_default=True,
    help="What each row stands for. Until groups exist (pgraph expand makes them), group means domain.",
)
@click.option(
    "--reference",
    metavar="FILE",
    default="",
    help="Compare with an outside list, such as the ISCO unit groups: which entries are reached, and which personas to ask for "
    "the others. A CSV file with a column such as label, title, name or preferredLabel; altLabels and code are used if present.",
)
@click.option(
    "--reference-column", metavar="NAME", default="", help="Name of the column with the labels, if it is another one."
)
@click.option(
    "--compare",
    nargs=2,
    metavar="RUN RUN",
    help='Compare two runs, given as ids, beginnings of ids, "last", or "last~1" for the one before.',
)
@click.option(
    "--diversity",
    is_flag=True,
    help="Also measure how different the personas are: Vendi score, nearest neighbours, distinct words.",
)
@click.option(
    "--limit",
    type=click.IntRange(1),
    default=30,
    show_default=True,
    metavar="N",
    help="Maximum number of rows in each table; JSON has all rows.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "html"]),
    help="Output format; the ending of the -o file sets it too. html is one page with curves, gaps, runs and more.  "
    "[default: table]",
)
@click.option(
    "-o",
    "output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the output to a file.",
)
@click.pass_obj
def command(
    session: Session,
    /,
    *,
    limit: int,
    form: str | None,
    output: Path | None,
    reference_column: str,
    **choices: Any,  # noqa: ANN401  each has the type of its field in CoverageRequest
) -> None:
    """Show coverage, the least covered first.

    \b
    Headings of the tables; JSON and CSV use the keys in brackets:
    answers       [sightings] how often answers of calls named personas (n); rows
                  of files do not come from the model and do not count
    named once    [singles] roles that a single call named, and no file (f1)
    coverage      1 - named once / answers: the estimated chance that the next answer
                  names a known role (Good 1953, Biometrika 40, "The population
                  frequencies of species and the estimation of population parameters");
                  for a run, that of the whole graph at its end; - if there is no
                  answer yet
    surely above  [at_least] coverage that holds with 95 % confidence (McAllester and
                  Schapire 2000, "On the convergence rate of Good-Turing estimators",
                  COLT)
    expected new  [next_new] expected share of new roles among the next answers: for a
                  group, along its best relationship; for a relationship, in all groups
    counted by    [resolution] what counts as the same: persona, role or domain
    unusable      answers that failed, were cut off, or were not of the relationship
    new, duplicate, new_roles   for a run: personas that it brought first, its other
                  sightings, and roles that the graph did not have
    late_new      new roles per 100 calls in the last fifth of a run's calls
    lift          new answers of a chosen call to those of a call drawn by chance in
                  the same run; lift_low, lift_high: its 90 % interval

    This is coverage of what the model says to these prompts, not of people. A role counts once, however many personas
    have it. A persona without a role counts as a role.
    """
    from pgraph.app.coverage import CoverageRequest, coverage

    form = _form(session, form, output)
    if reference_column and not choices["reference"]:
        raise UsageError(
            "--reference-column needs --reference FILE", "Add --reference FILE, or leave out --reference-column."
        )
    request = CoverageRequest(**choices, column=reference_column, page=form == "html")
    report = coverage(session.workspace, request, lambda text: notice(text, quiet=session.quiet))
    for line in report.bad[:5]:
        notice(f"{line} (left out)", quiet=session.quiet)
    with redirected(output) if output else contextlib.nullcontext():
        _print(report, form, limit)
    if output and form == "html":
        notice(f"Wrote {output}. Open it in any browser.", quiet=session.quiet)
    if report.overall[0].distinct and not report.overall[0].sightings:
        notice(NOT_ASKED, quiet=session.quiet)
    for what, rows in _lists(report) if form == "table" else ():
        if rows > limit:
            notice(f"{rows - limit} more {what}; --limit {rows} shows them.", quiet=session.quiet)


def _form(session: Session, form: str | None, output: Path | None) -> str:
    by_ending = _ENDINGS.get(output.suffix.lower()) if output else None
    chosen = form or ("json" if session.json else by_ending or "table")
    if session.json and chosen == "html":
        raise UsageError("--json and --format html cannot be combined", "Leave one of them out.")
    return "json" if session.json else chosen


def _print(report: "CoverageReport", form: str, limit: int) -> None:
    if form == "json":
        dump(report.as_json())
    elif form == "html":
        from pgraph.page import render

        click.echo(render(report))
    else:
        _tables(report, limit)


def _lists(report: "CoverageReport") -> Iterator[tuple[str, int]]:
    yield "rows", len(report.rows)
    if report.reference is not None:
        yield "unreached entries", len(report.reference.unreached)


def _tables(report: "CoverageReport", limit: int) -> None:
    show([row.as_json() for row in report.overall], report.overall_columns, "table", HEADINGS)
    if report.rows:
        click.echo()
        show([row.as_json() for row in report.rows[:limit]], report.columns, "table", HEADINGS)
    if report.compare is not None:
        _comparison(report.compare, limit)
    if report.diversity is not None:
        _diversity(report.diversity)
    if report.reference is not None:
        _reference(report.reference, limit)


def _comparison(compare: "Comparison", limit: int) -> None:
    first, second = (run.as_json() for run in compare.runs)
    roles = compare.roles
    rows = [{"": HEADINGS.get(name, name), "first": first[name], "second": second[name]} for name in first]
    rows += [
        {"": "distinct roles", "first": roles.first, "second": roles.second},
        {"": "roles in this run only", "first": roles.only_first, "second": roles.only_second},
        {"": "roles in both", "first": roles.both, "second": roles.both},
        {"": "share of roles in both", "first": roles.overlap, "second": roles.overlap},
    ]
    click.echo()
    show(rows, ("", "first", "second"), "table")
    if compare.groups:
        click.echo("\nGroups where one run found more distinct roles than the other:")
        show([row.as_json() for row in compare.groups[:limit]], ("group", "first", "second"), "table")


def _diversity(measured: Mapping[str, Any]) -> None:
    click.echo()
    rows: list[dict[str, Any]] = []
    for what in ("persona", "role"):
        part = measured[what]
        rows.append({"diversity": f"Vendi score of {what}s", "value": part["vendi"], "of": part["of"]})
        rows.append({"diversity": f"mean distance to the nearest {what}", "value": part["nearest"], "of": part["of"]})
    rows += [
        {
            "diversity": f"distinct-{n} of words",
            "value": measured["words"][f"distinct_{n}"],
            "of": measured["words"]["of"],
        }
        for n in (1, 2, 3)
    ]
    show(rows, ("diversity", "value", "of"), "table")
    if measured["left_out_by_language"]:
        click.echo(
            f"The first four rows leave out {measured['left_out_by_language']} of {measured['personas']} personas: "
            "the embedding model does not know their language, or it could not be recognised."
        )


def _reference(reached: "Reached", limit: int) -> None:
    summary = reached.summary
    click.echo(
        f"\n{summary.file}: {summary.reached} of {summary.entries} entries reached ({summary.reached_share:.1%}), "
        f"{summary.reached_5} by five or more personas ({summary.reached_5_share:.1%})"
    )
    if summary.personas_without_role:
        click.echo(
            f"{summary.personas_without_role} of {summary.personas} personas have no role and count for no entry."
        )
    best = sorted((row for row in reached.rows if row.personas), key=lambda row: (-row.personas, row.label))
    if best:
        click.echo()
        columns = ("code", "label", "personas", "exact", "sightings")
        show([row.as_json() for row in best[:limit]], columns, "table", HEADINGS)
    if reached.unreached:
        click.echo("\nNot reached, with the nearest roles and the command that asks their personas:")
    for entry in reached.unreached[:limit]:
        click.echo(f"{entry.code} {entry.label}".strip())
        near = ", ".join(f"{persona.role or persona.text[:60]} {persona.cosine:.2f}" for persona in entry.nearest)
        click.echo(
            f"    {near or 'nobody to ask: the embedding model does not know the language, or everybody has been asked'}"
        )
        if entry.command:
            click.echo(f"    {entry.command}")
