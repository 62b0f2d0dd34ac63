"""`pgraph explore`: the graph in a page of the browser."""

import contextlib

import click

from foundation.errors import UsageError
from pgraph.cli.main import Session
from pgraph.cli.output import dump, notice
from pgraph.cli.progress import ProgressLine, rate


@click.command("explore")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="Of 127.0.0.1; 0 takes a free one.  [default: 0]"
)
@click.option("--no-browser", is_flag=True, help="Only print the link.")
@click.option(
    "--write",
    is_flag=True,
    help="The page can start expansions where something is missing, shows how they go, and stops them; they end with it.",
)
@click.option(
    "--export",
    "file",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="Write the page as one file to send to somebody, instead; of many personas it holds a sample, and says so.",
)
@click.pass_obj
def command(session: Session, *, port: int, no_browser: bool, write: bool, file: str | None) -> None:
    """Look at the graph in the browser: its groups first, then personas; what is missing; where each came from.

    The page comes from this machine and asks no other one. Only who has the link can open it, and without --write it
    only reads. Ctrl-C ends it. A graph is counted when it has changed (about 15 µs for each persona and each sighting); until
    then the page shows it as it was.
    """
    from pgraph.app.explore import explore

    if file is not None:
        if write:
            raise UsageError("--write does not go with --export", "A file can start nothing: leave one of the two out.")
        _export(session, file)
        return

    def ready(link: str) -> None:
        show_link(session, link, browser=not no_browser, served=True)

    with contextlib.suppress(KeyboardInterrupt):
        explore(session.workspace, port, ready, write=write)


def _export(session: Session, file: str) -> None:
    from pgraph.app.explore import export

    line = ProgressLine(quiet=session.quiet)
    held, total = export(
        session.workspace, file, lambda done, of: line.show(f"personas: {rate(done, of, line.seconds)}")
    )
    line.clear()
    if session.json:
        dump({"file": file, "personas": held, "of": total})
    sample = "all" if held == total else f"a sample of {held:,} of the"
    notice(f"{file} written with {sample} {total:,} personas; any browser opens it.", quiet=session.quiet)


def show_link(session: Session, link: str, *, browser: bool, served: bool = False) -> None:
    """Print a link, and open it in a browser; `served`: by this very command, until Ctrl-C."""
    if session.json:
        dump({"link": link}, indent=None)
    else:
        click.echo(link)
    if served:
        notice("Ctrl-C ends it.", quiet=session.quiet)
    if browser and not _in_browser(link):
        notice("There is no browser here: open the link in one.", quiet=session.quiet)


def _in_browser(link: str) -> bool:
    import webbrowser

    return webbrowser.open(link)
