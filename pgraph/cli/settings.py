from dataclasses import fields

import click

from pgraph.app.settings import resolve
from pgraph.cli.main import Session
from pgraph.cli.output import dump, show


@click.command("settings")
@click.pass_obj
def command(session: Session) -> None:
    """Show each setting: its value, where the value comes from, and what it is for.

    \b
    The first of these that has a value decides: flag, variable PGRAPH_<NAME>, pgraph.toml
    in the workspace, the user's pgraph.toml, default.
    """
    values, origins = resolve(session.workspace.directory, session.workspace.flags)
    rows = []
    for spec in fields(values):
        value = getattr(values, spec.name)
        shown = "***" if spec.metadata["secret"] and value else value
        rows.append({"name": spec.name, "value": shown, "origin": origins[spec.name], "help": spec.metadata["help"]})
    if session.json:
        dump(rows)
        return
    show([{**row, "value": str(row["value"])} for row in rows], ("name", "value", "origin", "help"), "table")
