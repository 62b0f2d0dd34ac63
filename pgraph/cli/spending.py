"""What `pgraph ask` and `pgraph distill` share: options, the progress line, the summary."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import click

from foundation.errors import ExitCode
from pgraph.cli.asking import ask
from pgraph.cli.main import Session
from pgraph.cli.options import model_options, setting_option
from pgraph.cli.output import notice, show

_OUTLOOK = {
    "ask": ("region", "label", "personas", "seen", "topics", "new_next"),
    "distill": ("region", "label", "personas", "waiting", "seen", "topics", "new_next"),
}


_OPTIONS = (
    click.option("--calls", type=click.IntRange(1), metavar="N", help="Make at most N model calls."),
    click.option(
        "--by",
        type=click.Choice(["group", "domain"]),
        default="group",
        show_default=True,
        help="Bring together personas from one group of domains, or from one domain.",
    ),
    click.option(
        "--only",
        multiple=True,
        metavar="NAME",
        help="Only this group or domain, by label or id; can be repeated.",
    ),
    click.option(
        "--from",
        "from_cypher",
        default="",
        metavar="CYPHER",
        help="Only the personas that this query returns (ids or nodes, in the first column).",
    ),
    click.option(
        "--language",
        default="en",
        show_default=True,
        metavar="CODE",
        help="Language of questions and answers. Prompts exist in en and hi; for others, the English prompt names it.",
    ),
    setting_option("--context", metavar="TEXT", help="Where these people live; kept with the data."),
    click.option(
        "--prompt",
        type=click.Path(path_type=Path, exists=True, dir_okay=False),
        metavar="FILE",
        help="Your own prompt file.",
    ),
    click.option(
        "--seed",
        type=click.IntRange(0),
        default=0,
        show_default=True,
        metavar="N",
        help="Seed for the choice of personas, and for the model if the server supports it.",
    ),
    click.option("--new-run", is_flag=True, help="Start a new run even if this command was interrupted before."),
    click.option(
        "--dry-run",
        is_flag=True,
        help="Call no model: show where calls would go, and what they are expected to bring.",
    ),
)


def spending_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of both `ask` and `distill`, and those of the model."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return model_options(command)


def run(session: Session, command: Literal["ask", "distill"], options: dict[str, Any]) -> int:
    from pgraph.app import distill as app

    dry_run = options.pop("dry_run")
    request = app.SpendRequest(command, **{name: value for name, value in options.items() if value is not None})
    if dry_run:
        rows = app.outlook(session.workspace, request, lambda text: notice(text, quiet=session.quiet))
        show(rows, _OUTLOOK[command], "json" if session.json else "table")
        return ExitCode.DONE
    return ask(session, lambda notice, report: app.spend(session.workspace, request, notice=notice, report=report))
