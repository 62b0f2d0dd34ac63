"""`pgraph coverage`: what share of what the model can say about people is in the graph."""

import contextlib
from pathlib import Path

import click

from pgraph.cli.main import Session
from pgraph.cli.output import dump, notice, redirected, show


@click.command("coverage")
@click.option(
    "--by",
    type=click.Choice(["group", "domain", "role", "relation", "overall"]),
    default="group",
    show_default=True,
    help="What the rows are. Until groups exist (pgraph expand makes them), group means domain.",
)
@click.option(
    "--limit",
    type=click.IntRange(1),
    default=30,
    show_default=True,
    metavar="N",
    help="Rows of the table; JSON holds all.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="How to print it.",
)
@click.option(
    "-o",
    "output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write it to a file.",
)
@click.pass_obj
def command(session: Session, *, by: str, limit: int, form: str, output: Path | None) -> None:
    """Show coverage, the least covered first.

    \b
    sightings  how often personas came up: imported rows and answers of the model (n)
    singles    roles that came up exactly once in the whole graph, and did so here (f1)
    coverage   1 - singles/sightings: the estimated chance that the next answer is of
               a role known already (Good 1953, Biometrika 40, "The population
               frequencies of species and the estimation of population parameters")
    at_least   coverage that holds with 95 % confidence (McAllester and Schapire 2000,
               "On the convergence rate of Good-Turing estimators", COLT)
    next_new   expected share of new roles among the next answers: of a group, asked
               along its best relationship; of a relationship, over all groups
    unusable   answers that were failed, cut off or not of the relationship asked for

    It is coverage of what this model says to these prompts, not of people.
    A role is counted once however many personas have it; a persona without a role
    counts by itself.
    """
    from pgraph.app.coverage import coverage

    report = coverage(session, by)
    with redirected(output) if output else contextlib.nullcontext():
        if session.json or form == "json":
            dump({"overall": report.overall, "by": by, "rows": report.rows})
            return
        show(report.overall, ("resolution", "distinct", "sightings", "singles", "coverage", "at_least"), "table")
        if report.rows:
            click.echo()
            show(report.rows[:limit], report.columns, "table")
    if len(report.rows) > limit:
        notice(f"{len(report.rows) - limit} more rows: --limit {len(report.rows)}", quiet=session.quiet)
