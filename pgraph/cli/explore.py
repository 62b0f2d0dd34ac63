"""`pgraph explore`: the graph as a page in the browser."""

import contextlib

import click

from foundation.errors import UsageError
from pgraph.app.wording import counted
from pgraph.cli.main import Session
from pgraph.cli.output import dump, notice
from pgraph.cli.progress import ProgressLine, rate


@click.command("explore")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="Port on 127.0.0.1; 0 picks a free one.  [default: 0]"
)
@click.option("--no-browser", is_flag=True, help="Print the link, but open no browser.")
@click.option(
    "--write",
    is_flag=True,
    help="Let the page start expansions where something is missing, follow them and stop them. They end with this command.",
)
@click.option(
    "--export",
    "file",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="Write the page to one file that you can send to somebody, instead of serving it. From a large graph it holds a "
    "sample of the personas, and says so.",
)
@click.pass_obj
def command(session: Session, *, port: int, no_browser: bool, write: bool, file: str | None) -> None:
    """Explore the graph in the browser: groups first, then personas, what is missing, and where each persona came from.

    The page is served from this machine and loads nothing from anywhere else. Only people with the link can open it,
    and without --write it can change nothing. Press Ctrl-C to stop. When the graph has changed, it is counted again
    (about 15 µs for each persona and each sighting); until then the page shows the last count.
    """
    from pgraph.app.explore import explore

    if file is not None:
        if write:
            raise UsageError(
                "--write cannot be combined with --export", "A file cannot start anything: leave one of them out."
            )
        _export(session, file)
        return

    def ready(link: str) -> None:
        show_link(session, link, browser=not no_browser, served=True)

    with contextlib.suppress(KeyboardInterrupt):
        explore(session.workspace, port, ready, write=write)


def _export(session: Session, file: str) -> None:
    from pgraph.app.explore import export

    line = ProgressLine(quiet=session.quiet)
    exported, total = export(
        session.workspace, file, lambda done, of: line.show(f"personas: {rate(done, of, line.seconds)}")
    )
    line.clear()
    if session.json:
        dump({"file": file, "personas": exported, "of": total})
    sample = "all" if exported == total else f"a sample of {exported:,} of the"
    notice(f"Wrote {file} with {sample} {counted(total, 'persona')}. Open it in any browser.", quiet=session.quiet)


def show_link(session: Session, link: str, *, browser: bool, served: bool = False) -> None:
    """Print a link, and open it in a browser. `served`: this command serves the link until Ctrl-C."""
    if session.json:
        dump({"link": link}, indent=None)
    else:
        click.echo(link)
    if served:
        notice("Press Ctrl-C to stop.", quiet=session.quiet)
    if browser and not _in_browser(link):
        notice("No browser could be started: open the link yourself.", quiet=session.quiet)


def _in_browser(link: str) -> bool:
    import webbrowser

    return webbrowser.open(link)
