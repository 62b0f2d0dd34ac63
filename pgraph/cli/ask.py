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
    help="open: a thought-provoking question; qa: one with a short answer; mcq: multiple choice with a key; debate: one with "
    "opposing positions.",
)
@click.option("--personas", "people", type=click.IntRange(2, 12), default=4, show_default=True, metavar="K",
              help="Personas that each call brings together. If possible, half of them are of low visibility: not imported, but "
                   "found along relationships.")  # fmt: skip
@click.option("--per-call", type=click.IntRange(1, 20), default=3, show_default=True, metavar="M",
              help="Questions to ask for in each call.")  # fmt: skip
@click.option("--level", type=click.Choice(["beginner", "practitioner", "expert"]),
              help="Level to ask for. The level of each question is judged in any case.")  # fmt: skip
@spending_options
@click.pass_obj
def command(session: Session, /, **options: Any) -> int:  # noqa: ANN401  each has the type of its field in SpendRequest
    """Find questions that need several personas for their answer, in the groups with the fewest questions first.

    A question that is already in the graph counts as asked before. Without --calls, each group is asked once.

    \b
    Exit codes: 0 done, 1 some calls failed, 4 the model server failed, 3 the store failed, 130 interrupted.
    """
    return run(session, "ask", options)
