from dataclasses import asdict

import click

from pgraph.app import local
from pgraph.cli.main import Session
from pgraph.cli.output import dump, notice


@click.group("local")
def command() -> None:
    """Look at, start or stop the local graph server.

    The first command that needs the server starts it, and all commands in the workspace share it. It stops
    automatically when nobody has used it for a while (setting local_idle).
    """


@command.command()
@click.pass_obj
def status(session: Session) -> None:
    """Show whether the server is running, where, and how much memory and disk it uses."""
    server = local.status(session.workspace)
    if session.json:
        dump({"running": bool(server.pid), **asdict(server)})
        return
    if not server.pid:
        click.echo(f"not running; {server.disk_bytes / 1e6:.1f} MB in {server.directory}")
        return
    click.echo(f"running: process {server.pid}, {server.address}, since {server.started}, engine {server.version}")
    click.echo(
        f"uses {server.memory_bytes / 1e6:.0f} MB of memory, {server.disk_bytes / 1e6:.1f} MB in {server.directory}"
    )


@command.command()
@click.pass_context
def start(ctx: click.Context) -> None:
    """Start the server, if it is not running."""
    local.start(ctx.obj.workspace)
    ctx.invoke(status)


@command.command()
@click.pass_obj
def stop(session: Session) -> None:
    """Stop the server; no committed data is lost."""
    stopped = local.stop(session.workspace)
    if session.json:
        dump({"stopped": stopped})
    else:
        notice("Stopped." if stopped else "The server was not running.", quiet=session.quiet)
