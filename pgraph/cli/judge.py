"""`pgraph judge`."""

from typing import Any

import click

from foundation.errors import ExitCode
from pgraph.cli.asking import ask, show_forecast
from pgraph.cli.main import Session
from pgraph.cli.options import Number, model_options


@click.command("judge")
@click.argument("of", metavar="WHAT", type=click.Choice(["personas", "questions", "knowledge"]))
@click.option(
    "--rubric",
    default="",
    metavar="NAME|FILE",
    help="Name of a shipped rubric (validity, …), or your own file.  [default: the standard rubric for WHAT]",
)
@click.option("--calls", type=click.IntRange(1), metavar="N", help="Judge at most N items, drawn at random.")
@click.option("--judge", default="", metavar="NAME", help="Name of this judge.  [default: the name of the model]")
@click.option("--below", type=Number(1, 5), metavar="X", help="Mark items that score below X (1 to 5).")
@click.option("--reask", is_flag=True, help="Send marked items back, to be asked or answered again.")
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    metavar="N",
    help="Seed for the random draw, and for the model.",
)
@click.option("--new-run", is_flag=True, help="Start a new run even if this command was interrupted before.")
@click.option("--dry-run", is_flag=True, help="Call no model: show how many items are waiting, and the first prompt.")
@model_options
@click.pass_obj
def command(session: Session, /, *, dry_run: bool, **options: Any) -> int:  # noqa: ANN401  each has the type of its field in JudgeRequest
    """Score personas, questions or knowledge by a rubric: 1 to 5 for each criterion, with a reason.

    \b
    personas   specific, plausible, individual (no stereotype)
    questions  thoughtful, answerable, needs_its_people, of_its_level
    knowledge  grounded, useful, consistent; with --rubric validity, whether it is fit for training

    The score is kept on the node (score, score_reason; score_validity, … for other rubrics), and each judgement on a
    JUDGED relationship. A judge never judges an item twice by the same rubric. If there is a second judge (another
    --model or --judge NAME), the agreement of the two is reported: share of equal scores, weighted kappa.

    Marked items (--below) stay in the graph, but ask and distill skip them and datasets leave them out.

    \b
    Exit codes: 0 done, 1 some calls failed, 4 the model server failed, 3 the store failed, 130 interrupted.
    """
    from pgraph.app import judge as app

    request = app.JudgeRequest(**{name: value for name, value in options.items() if value is not None})
    if dry_run:
        show_forecast(session, app.forecast(session.workspace, request))
        return ExitCode.DONE
    return ask(session, lambda notice, report: app.judge(session.workspace, request, notice=notice, report=report))
