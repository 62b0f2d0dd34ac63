"""`pgraph ask`."""

from typing import Any

import click

from pgraph.cli.main import Session
from pgraph.cli.spending import run, spending_options


@click.command("ask")
@click.option(
    "--kind",
    type=click.Choice(["open", "qa", "mcq", "debate"]),
    default="open",
    show_default=True,
    help="open: thought-provoking; qa: with a short answer; mcq: multiple choice with key; debate: with positions.",
)
@click.option("--personas", "people", type=click.IntRange(2, 12), default=4, show_default=True, metavar="K",
              help="People brought together for a call; half of them of low visibility where there are so many.")  # fmt: skip
@click.option("--per-call", type=click.IntRange(1, 20), default=3, show_default=True, metavar="M",
              help="Questions asked for in one call.")  # fmt: skip
@click.option("--level", type=click.Choice(["beginner", "practitioner", "expert"]),
              help="Level asked for; the level of each question is judged either way.")  # fmt: skip
@spending_options
@click.pass_obj
def command(session: Session, /, **options: Any) -> int:  # noqa: ANN401  each has the type of its field in GroupRequest
    """Find questions that need several of the personas for their answer, where little was asked so far.

    A question that was asked before counts as seen again. Without --calls it asks each group once.

    \b
    Exit codes: 0 done, 1 some calls failed, 4 the model server failed, 3 the store failed, 130 interrupted.
    """
    return run(session, "ask", options)
