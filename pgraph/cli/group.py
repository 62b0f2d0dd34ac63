"""`pgraph group`."""

import click

from pgraph.cli.main import Session
from pgraph.cli.options import Number
from pgraph.cli.output import dump, notice


@click.command("group")
@click.option(
    "--resolution",
    type=Number(0, 100, min_open=True),
    metavar="X",
    help="How fine the groups are: higher means more and smaller ones.  [default: 2.0]",
)
@click.pass_obj
def command(session: Session, resolution: float | None) -> None:
    """Group the domains anew by meaning; ids of groups stay where most of their domains stay.

    `pgraph expand`, `ask` and `distill` do this by themselves when it is needed.
    """
    from pgraph.app import distill as app

    made = app.group(session, resolution, lambda text: notice(text, quiet=session.quiet))
    if session.json:
        dump({"command": "group", "domains": made.domains, "groups": made.groups, "placed": made.placed})
    placed = f"; {made.placed} personas without a domain placed by their neighbours" if made.placed else ""
    notice(f"{made.domains} domains in {made.groups} groups{placed}", quiet=session.quiet)
