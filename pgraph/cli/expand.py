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
    help="Reach personas up to N relationships away from the imported ones.",
)
@click.option("--calls", type=click.IntRange(1), metavar="N", help="Spend at most N model calls.")
@click.option(
    "--tokens", type=click.IntRange(1), metavar="N", help="Spend at most about N tokens, prompts and replies together."
)
@click.option(
    "--target",
    type=click.IntRange(1),
    metavar="N",
    help="Stop when the graph holds N personas, duplicates not counted.",
)
@click.option(
    "--until-coverage",
    type=Number(0, 1, min_open=True, max_open=True),
    metavar="X",
    help="Stop when every group is covered to this share, such as 0.9.",
)
@click.option(
    "--per-call",
    type=click.IntRange(1, 50),
    default=3,
    show_default=True,
    metavar="M",
    help="Personas asked for in one call.",
)
@click.option(
    "--strategy",
    type=click.Choice(["coverage", "breadth-first", "random"]),
    default="coverage",
    show_default=True,
    help="coverage: where the next answer is most likely new, regions with low coverage first. "
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
    help="Ask only along relationships that are near (people who share home, work or pastime), mid (who deal with each other) "
    "or far (neither need know of the other). [default: near,mid,far]",
)
@click.option(
    "--from",
    "from_cypher",
    default="",
    metavar="CYPHER",
    help="Start only from the personas this query returns (ids or nodes, first column).",
)
@click.option(
    "--with-texts",
    is_flag=True,
    help="Also draw personas from the texts in the graph (pgraph ingest), where that promises more than asking a persona.",
)
@click.option(
    "--exclude",
    type=click.IntRange(0, 500),
    metavar="N",
    help="Tell the model up to N known roles that it would most likely name, so that it names others; not in 1 of 20 calls, "
    "which measure. [default: 50; with the bundled model 0, none]",
)
@setting_option(
    "--void",
    type=Number(0, 1),
    metavar="SHARE",
    help="For this share of the calls name known roles of the least covered region that such answers reach, and ask for "
    "others who belong there. [default: 0, none]",
)
@setting_option(
    "--verbalise",
    type=Number(0, 1),
    metavar="X",
    help="Ask for each persona with the probability that the model would name it, and only for those below X (1: for any); "
    "the probability is kept with the sighting. [default: 0, without]",
)
@setting_option("--context", metavar="TEXT", help='Where these people live, such as "rural Odisha"; kept with the run.')
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    metavar="N",
    help="Of the random choices, and of the model's where the server takes one.",
)
@click.option("--new-run", is_flag=True, help="Start afresh even where this command was interrupted before.")
@click.option(
    "--explain",
    is_flag=True,
    help="Print for each call why it was made, as a sentence; with --json one object a line, the summary last.",
)
@click.option("--dry-run", is_flag=True, help="Ask nothing: show what would be asked and estimate what it takes.")
@model_options
@click.pass_obj
def command(session: Session, /, *, dry_run: bool, explain: bool, **options: Any) -> int:  # noqa: ANN401  each has the type of its field in ExpandRequest
    """Grow the population: ask for the people around known personas, where coverage is lowest.

    Without --calls, --tokens, --target or --until-coverage it goes on until no call is worth its price (0.25 new roles)
    or nobody is left to ask. The same command after an interruption goes on where it stopped; no reply is paid twice.

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
    tell = explained(session) if explain else None
    return ask(
        session,
        lambda notice, report: app.expand(session.workspace, request, notice=notice, report=report, explain=tell),
        lines=explain,
    )


def explained(session: Session) -> "Callable[[dict[str, Any]], None]":
    def tell(call: dict[str, Any]) -> None:
        brought = f"{call['new']} of {call['answers']} new"
        if "hits" in call:
            brought += f", {call['hits']} landed there"
        if session.json:
            dump(call, indent=None)
        else:
            click.echo(f"{call['reason']} {brought}.")

    return tell
