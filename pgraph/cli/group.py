"""`pgraph group`."""

from pathlib import Path
from typing import Any

import click

from pgraph.cli.asking import ask
from pgraph.cli.main import Session
from pgraph.cli.options import Number, model_options
from pgraph.cli.output import dump, notice


@click.command("group")
@click.option(
    "--resolution",
    type=Number(0, 10_000, min_open=True),
    metavar="X",
    help="How fine the groups are: a higher number makes more and smaller groups."
    "  [default: a tenth of the square root of the number of domains, at least 2.0]",
)
@click.option(
    "--levels",
    type=click.IntRange(1, 5),
    metavar="N",
    help="Number of levels. Each level above the first groups the groups below it, into about a quarter as many;"
    " `pgraph query group_hierarchy` shows them.  [default: as many as before, initially 1]",
)
@click.option(
    "--names",
    is_flag=True,
    help="Let the model name each group of two or more domains that has no name yet, or whose domains have changed since it"
    " was named; one call each. Without a name, a group is called after its most central domain.",
)
@click.option(
    "--prompt",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="Your own prompt file for --names.",
)
@model_options
@click.pass_obj
def command(session: Session, /, **options: Any) -> int:  # noqa: ANN401  each has the type of its field in GroupRequest
    """Group the domains by meaning again; a group that keeps most of its domains keeps its id.

    `pgraph expand`, `ask` and `distill` do this automatically when it is needed, without naming the groups.

    \b
    Exit codes: 0 done, 1 some groups got no usable name, 4 the model server failed (the groups are made anyway),
    3 the store failed, 130 interrupted.
    """
    from pgraph.app import group as app

    request = app.GroupRequest(**options)
    if request.names:
        return ask(session, lambda notice, report: app.group(session.workspace, request, notice=notice, report=report))
    if request.prompt is not None:
        raise click.UsageError("--prompt needs --names")
    done = app.group(
        session.workspace, request, notice=lambda text: notice(text, quiet=session.quiet), report=lambda _: None
    )
    if session.json:
        dump(done.as_json())
    notice(done.as_text(), quiet=session.quiet)
    return done.exit_code
