"""`pgraph expand`: its flags."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from foundation.errors import ExitCode
from pgraph.cli.asking import ask, show_forecast
from pgraph.cli.main import Session
from pgraph.cli.options import Number, model_options, setting_option
from pgraph.cli.output import dump

if TYPE_CHECKING:
    from collections.abc import Callable


@click.command("expand")
@click.option(
    "--depth",
    type=click.IntRange(1),
    required=True,
    metavar="N",
    help="Reach personas up to N hops away from the imported ones.",
)
@click.option("--calls", type=click.IntRange(1), metavar="N", help="Make at most N model calls.")
@click.option(
    "--tokens", type=click.IntRange(1), metavar="N", help="Use at most about N tokens, prompts and replies together."
)
@click.option(
    "--target",
    type=click.IntRange(1),
    metavar="N",
    help="Stop when the graph holds N personas, not counting duplicates.",
)
@click.option(
    "--until-coverage",
    type=Number(0, 1, min_open=True, max_open=True),
    metavar="X",
    help="Stop when the coverage of every group is X or more, such as 0.9.",
)
@click.option(
    "--per-call",
    type=click.IntRange(1, 50),
    default=3,
    show_default=True,
    metavar="M",
    help="Personas to ask for in each call.",
)
@click.option(
    "--strategy",
    type=click.Choice(["coverage", "breadth-first", "random"]),
    default="coverage",
    show_default=True,
    help="coverage: where the next answer is most likely new, the least covered regions first. "
    "breadth-first: level by level, each persona along every relationship. "
    "random: any persona, any relationship.",
)
@click.option(
    "--relations",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="Your own relationship kinds (YAML; see docs/relations.md).",
)
@setting_option(
    "--distances",
    metavar="LIST",
    help="Ask only along relationships of these distances: near (people who share a home, work or pastime), mid (people who "
    "deal with each other), far (people who need not know of each other). [default: near,mid,far]",
)
@click.option(
    "--from",
    "from_cypher",
    default="",
    metavar="CYPHER",
    help="Start only from the personas that this query returns (ids or nodes, in the first column).",
)
@click.option(
    "--with-texts",
    is_flag=True,
    help="Also draw personas from the texts in the graph (pgraph ingest), when a text promises more new roles than a persona.",
)
@click.option(
    "--exclude",
    type=click.IntRange(0, 500),
    metavar="N",
    help="Give the model a list of up to N known roles that it would most likely name, and ask for others. 1 call in 20 has no "
    "list, to measure the effect. [default: 0, 10 or 50, what brings most new roles for its cost; with the bundled model 0]",
)
@setting_option(
    "--count",
    metavar="LIST",
    help="What counts as new in the choice and the lift: role, persona (its text, however worded), domain. With several, an "
    "answer is as new as the share of them that it names first. [default: role,persona]",
)
@setting_option(
    "--control",
    type=Number(0, 0.5),
    metavar="SHARE",
    help="Draw this share of the calls by chance, to measure what the choice is worth (the lift); of the first 100 calls a fifth. "
    "Where chance is better, 9 of 10 calls are left to it. [default: 0.05]",
)
@setting_option(
    "--void",
    type=Number(0, 1),
    metavar="SHARE",
    help="In this share of the calls, name known roles of the least covered region that such answers reach, and ask for "
    "others who belong there. [default: 0, never]",
)
@setting_option(
    "--verbalise",
    type=Number(0, 1),
    metavar="X",
    help="Ask only for personas that the model would name with a probability below X (1: any), and for that probability; it "
    "is kept with the sighting. [default: 0, do not ask]",
)
@setting_option("--context", metavar="TEXT", help='Where these people live, such as "rural Odisha"; kept with the run.')
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    metavar="N",
    help="Seed for random choices, and for the model if the server supports it.",
)
@click.option("--new-run", is_flag=True, help="Start a new run even if this command was interrupted before.")
@click.option(
    "--explain",
    is_flag=True,
    help="Print a sentence for each call that says why it was made; with --json, one object per line and the summary last.",
)
@click.option(
    "--dry-run", is_flag=True, help="Call no model: show what would be asked, and estimate calls, tokens and money."
)
@model_options
@click.pass_obj
def command(session: Session, /, *, dry_run: bool, explain: bool, **options: Any) -> int:  # noqa: ANN401  each has the type of its field in ExpandRequest
    """Grow the population: ask for the people around known personas, where coverage is lowest.

    It stops when nobody is left to ask, or when no call is worth its price: 0.25 new answers as --count counts them, or
    0.25 new roles without --calls, --tokens, --target and --until-coverage. After an interruption, run the same command
    again: it continues where it stopped, and no reply is paid for twice.

    \b
    Exit codes: 0 done, 1 some calls failed, 4 the model server failed, 3 the store failed,
    5 --calls or --tokens was reached before --target or --until-coverage, 130 interrupted.
    """
    from pgraph.app import expand as app

    request = app.ExpandRequest(
        **{name: value for name, value in options.items() if name in app.ExpandRequest.__dataclass_fields__}
    )
    if dry_run:
        from pgraph.app.forecast import forecast

        show_forecast(session, forecast(session.workspace, request))
        return ExitCode.DONE
    explain_call = explained(session) if explain else None
    return ask(
        session,
        lambda notice, report: app.expand(
            session.workspace, request, notice=notice, report=report, explain=explain_call
        ),
        lines=explain,
    )


def explained(session: Session) -> "Callable[[dict[str, Any]], None]":
    """A callback that prints why a call was made and what it brought: a sentence, or with --json the call itself."""

    def explain_call(call: dict[str, Any]) -> None:
        result = f"{call['new']:g} of {call['answers']} new"
        if "hits" in call:
            result += f", {call['hits']} landed there"
        if session.json:
            dump(call, indent=None)
        else:
            click.echo(f"{call['reason']} {result}.")

    return explain_call
