from dataclasses import asdict
from pathlib import Path

import click

from pgraph.cli.main import Session
from pgraph.cli.output import dump, notice


@click.group("local")
def command() -> None:
    """Look at, start or stop the local graph server.

    It is started by the first command that needs it, shared by all that work in the workspace, and ends by itself
    when nobody has used it for a while (setting local_idle).
    """


@command.command()
@click.pass_obj
def status(session: Session) -> None:
    """Show whether the server runs, where, and what it uses."""
    from graphstore.server import local

    found = local.status(_directory(session))
    if session.json:
        dump({"running": bool(found.pid), **asdict(found)})
        return
    if not found.pid:
        click.echo(f"not running; {found.disk_bytes / 1e6:.1f} MB in {found.directory}")
        return
    click.echo(f"running: process {found.pid}, {found.address}, since {found.started}, engine {found.version}")
    click.echo(
        f"uses {found.memory_bytes / 1e6:.0f} MB of memory, {found.disk_bytes / 1e6:.1f} MB in {found.directory}"
    )


@command.command()
@click.pass_context
def start(ctx: click.Context) -> None:
    """Start the server, if it does not run yet."""
    from graphstore.server import local

    session: Session = ctx.obj
    values = session.workspace.settings()
    local.connect(_directory(session), heap=values.local_heap, idle=values.local_idle).close()
    ctx.invoke(status)


@command.command()
@click.pass_obj
def stop(session: Session) -> None:
    """Stop the server; nothing committed is lost."""
    from graphstore.server import local

    stopped = local.stop(_directory(session))
    if session.json:
        dump({"stopped": stopped})
    else:
        notice("Stopped." if stopped else "It was not running.", quiet=session.quiet)


def _directory(session: Session) -> Path:

    return session.workspace.data / "store"
