"""`pgraph coverage`: what share of what the model can say about people is in the graph."""

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from foundation.errors import UsageError
from pgraph.cli.main import Session
from pgraph.cli.output import dump, notice, redirected, show
from population.reports import TABLE_COLUMNS, Comparison

if TYPE_CHECKING:
    from pgraph.app.coverage import CoverageReport
    from population.reports import Reached

NOT_ASKED = (
    "No coverage yet: it is the share of a model's answers that would be of known roles, and no call was made. "
    "pgraph expand --depth 1 --calls 50 makes some."
)
_ENDINGS = {".html": "html", ".htm": "html", ".json": "json"}


@click.command("coverage")
@click.option(
    "--by",
    type=click.Choice(["group", "domain", "role", "relation", "run", "overall"]),
    default="group",
    show_default=True,
    help="What the rows are. Until groups exist (pgraph expand makes them), group means domain.",
)
@click.option(
    "--reference",
    metavar="FILE",
    default="",
    help="Compare with a list from outside, such as the ISCO unit groups: which entries were reached, whom to ask for the "
    "others. CSV with a column label, title, name, preferredLabel …; altLabels and code are used where they are there.",
)
@click.option(
    "--reference-column", metavar="NAME", default="", help="The column of the labels, where it is named otherwise."
)
@click.option(
    "--compare",
    nargs=2,
    metavar="RUN RUN",
    help='Two runs side by side: ids or the beginnings of ids, "last", "last~1" for the one before.',
)
@click.option(
    "--diversity",
    is_flag=True,
    help="Also how different the personas are: Vendi score, nearest neighbours, distinct words.",
)
@click.option(
    "--limit",
    type=click.IntRange(1),
    default=30,
    show_default=True,
    metavar="N",
    help="Rows of each table; JSON holds all.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "html"]),
    help="How to print it; the ending of -o tells it too. html is one page with curves, gaps, runs, all of it.  [default: table]",
)
@click.option(
    "-o",
    "output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write it to a file.",
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
    **asked: Any,  # noqa: ANN401  each has the type of its field in CoverageRequest
) -> None:
    """Show coverage, the least covered first.

    \b
    sightings  how often the answers of calls named personas (n); rows of files were
               not drawn from the model and are none
    singles    roles that one call only named in the whole graph, here, and that no
               file brought (f1)
    coverage   1 - singles/sightings: the estimated chance that the next answer is of
               a role known already (Good 1953, Biometrika 40, "The population
               frequencies of species and the estimation of population parameters");
               of a run: that of the whole graph at its end; - where no answer says
               anything yet
    at_least   coverage that holds with 95 % confidence (McAllester and Schapire 2000,
               "On the convergence rate of Good-Turing estimators", COLT)
    next_new   expected share of new roles among the next answers: of a group, asked
               along its best relationship; of a relationship, over all groups
    unusable   answers that were failed, cut off or not of the relationship asked for
    new, duplicate, new_roles   personas that a run brought first, its other sightings,
               and roles that the graph did not have
    late_new   new roles per 100 calls in the last fifth of a run's calls

    It is coverage of what this model says to these prompts, not of people.
    A role is counted once however many personas have it; a persona without a role
    counts by itself.
    """
    from pgraph.app.coverage import CoverageRequest, coverage

    form = _form(session, form, output)
    if reference_column and not asked["reference"]:
        raise UsageError("--reference-column names a column of no list", "Add --reference FILE.")
    request = CoverageRequest(**asked, column=reference_column, page=form == "html")
    report = coverage(session.workspace, request, lambda text: notice(text, quiet=session.quiet))
    for line in report.bad[:5]:
        notice(f"{line} (left out)", quiet=session.quiet)
    with redirected(output) if output else contextlib.nullcontext():
        _print(report, form, limit)
    if output and form == "html":
        notice(f"{output} written; any browser opens it.", quiet=session.quiet)
    if report.overall[0].distinct and not report.overall[0].sightings:
        notice(NOT_ASKED, quiet=session.quiet)
    for what, rows in _lists(report) if form == "table" else ():
        if rows > limit:
            notice(f"{rows - limit} more {what}: --limit {rows}", quiet=session.quiet)


def _form(session: Session, form: str | None, output: Path | None) -> str:
    by_ending = _ENDINGS.get(output.suffix.lower()) if output else None
    asked = form or ("json" if session.json else by_ending or "table")
    if session.json and asked == "html":
        raise UsageError("--json and --format html ask for two things", "Take one of them away.")
    return "json" if session.json else asked


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
        yield "entries that were not reached", len(report.reference.unreached)


def _tables(report: "CoverageReport", limit: int) -> None:
    show([row.as_json() for row in report.overall], TABLE_COLUMNS["overall"], "table")
    if report.rows:
        click.echo()
        show([row.as_json() for row in report.rows[:limit]], report.columns, "table")
    if report.compare is not None:
        _comparison(report.compare, limit)
    if report.diversity is not None:
        _diversity(report.diversity)
    if report.reference is not None:
        _reference(report.reference, limit)


def _comparison(compare: "Comparison", limit: int) -> None:
    first, second = (run.as_json() for run in compare.runs)
    roles = compare.roles
    rows = [{"": name, "first": first[name], "second": second[name]} for name in first]
    rows += [
        {"": "distinct roles", "first": roles.first, "second": roles.second},
        {"": "only here", "first": roles.only_first, "second": roles.only_second},
        {"": "roles in both", "first": roles.both, "second": roles.both},
        {"": "share in both", "first": roles.overlap, "second": roles.overlap},
    ]
    click.echo()
    show(rows, ("", "first", "second"), "table")
    if compare.groups:
        click.echo("\nGroups where one found more distinct roles than the other:")
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
            f"{measured['left_out_by_language']} of {measured['personas']} personas are in a language that the embedding model "
            "does not know, or that cannot be told: left out of the first four."
        )


def _reference(reached: "Reached", limit: int) -> None:
    summary = reached.summary
    click.echo(
        f"\n{summary.file}: {summary.reached} of {summary.entries} entries reached ({summary.reached_share:.1%}), "
        f"{summary.reached_5} by five personas or more ({summary.reached_5_share:.1%})"
    )
    if summary.personas_without_role:
        click.echo(f"{summary.personas_without_role} of {summary.personas} personas have no role and count for none.")
    best = sorted((row for row in reached.rows if row.personas), key=lambda row: (-row.personas, row.label))
    if best:
        click.echo()
        columns = ("code", "label", "personas", "exact", "sightings")
        show([row.as_json() for row in best[:limit]], columns, "table")
    if reached.unreached:
        click.echo("\nNot reached, with the roles nearest to each and the command that asks them:")
    for entry in reached.unreached[:limit]:
        click.echo(f"{entry.code} {entry.label}".strip())
        near = ", ".join(f"{persona.role or persona.text[:60]} {persona.cosine:.2f}" for persona in entry.nearest)
        click.echo(f"    {near or 'nobody to ask: the embedding model does not know its language, or all were asked'}")
        if entry.command:
            click.echo(f"    {entry.command}")
