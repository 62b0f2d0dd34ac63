"""`pgraph distill`."""

from typing import Any

import click

from pgraph.cli.main import Session
from pgraph.cli.spending import run, spending_options


@click.command("distill")
@click.option(
    "--joint",
    "mode",
    flag_value="joint",
    default=True,
    help="One answer from all personas of a question: what each contributes, where they disagree, and a synthesis.  [default]",
)
@click.option("--solo", "mode", flag_value="solo", help="One answer from a single persona of the question.")
@spending_options
@click.pass_obj
def command(session: Session, /, **options: Any) -> int:  # noqa: ANN401  each has the type of its field in SpendRequest
    """Answer the questions that have no answer yet, in the least known groups first, and keep the answers.

    Each answer is linked to its question, its personas and their domains. Without --calls, it continues until every
    question in this language and context has an answer.

    \b
    Exit codes: 0 done, 1 some calls failed, 4 the model server failed, 3 the store failed, 130 interrupted.
    """
    return run(session, "distill", options)
