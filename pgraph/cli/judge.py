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
    help="A shipped rubric (validity, …) or your own.  [default: WHAT's own]",
)
@click.option("--calls", type=click.IntRange(1), metavar="N", help="Judge at most N, drawn at random.")
@click.option("--judge", default="", metavar="NAME", help="Name of this judge.  [default: the model's]")
@click.option("--below", type=Number(1, 5), metavar="X", help="Mark what scores below X, of 1 to 5.")
@click.option("--reask", is_flag=True, help="Send what is marked back: it is asked or answered again.")
@click.option(
    "--seed", type=click.IntRange(0), default=0, show_default=True, metavar="N", help="Of the draw and the model."
)
@click.option("--new-run", is_flag=True, help="Start afresh even where this command was interrupted before.")
@click.option("--dry-run", is_flag=True, help="Judge nothing: show how much waits, and the prompt.")
@model_options
@click.pass_obj
def command(session: Session, /, *, dry_run: bool, **options: Any) -> int:  # noqa: ANN401  each has the type of its field in JudgeRequest
    """Score personas, questions or knowledge by a rubric: 1 to 5 for each criterion, with the reason.

    \b
    personas   specific, plausible, individual (no stereotype)
    questions  thoughtful, answerable, needs_its_people, of_its_level
    knowledge  grounded, useful, consistent; with --rubric validity whether it is fit to train on

    The score is kept on the node (score, score_reason; score_validity, … by other rubrics), each judgement on a JUDGED
    relationship. What this judge has judged by this rubric is not judged again; a second judge (another --model or
    --judge NAME) is, and how far the two agree is reported: share of equal scores, weighted kappa.

    What is marked (--below) stays in the graph; ask and distill pass it over, datasets leave it out.

    \b
    Exit codes: 0 done, 1 some calls failed, 4 the model server failed, 3 the store failed, 130 interrupted.
    """
    from pgraph.app import judge as app

    request = app.JudgeRequest(**{name: value for name, value in options.items() if value is not None})
    if dry_run:
        show_forecast(session, app.forecast(session.workspace, request))
        return ExitCode.DONE
    return ask(session, lambda tell, report: app.judge(session.workspace, request, notice=tell, report=report))
