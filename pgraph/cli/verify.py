from pathlib import Path

import click

from foundation.errors import ExitCode
from pgraph.cli.main import Session
from pgraph.cli.output import dump, notice
from pgraph.cli.progress import ProgressLine


@click.command("verify")
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path))
@click.pass_obj
def command(session: Session, directory: Path) -> int:
    """Check a dataset: its files against recipe.json, every row against the graph, the splits against each other.

    Each problem is one line, FILE:LINE: WHAT; of a Parquet file LINE counts rows. What the graph may say anew after an
    export is not compared: groups, domains, and where a question came up.

    \b
    Exit codes: 0 all is as it was written, 1 something differs, 2 not a dataset, 3 the store failed.
    """
    from pgraph.app import dataset as app

    progress = ProgressLine(quiet=session.quiet)
    checked = app.verify(session.workspace, directory, lambda doing, done: progress.show(f"{done:,} {doing}"))
    progress.clear()
    count, seconds = len(checked.problems), round(progress.seconds, 1)
    if session.json:
        summary = {"command": "verify", "dataset": str(directory), "rows": checked.rows, "problems": count}
        dump({**summary, "found": checked.problems, "seconds": seconds})
    else:
        for problem in checked.problems:
            click.echo(problem)
    told = "nothing wrong" if not count else "1 problem" if count == 1 else f"{count:,} problems"
    notice(f"{checked.rows:,} rows checked, {told} ({seconds} s).", quiet=session.quiet)
    return ExitCode.SOME_FAILED if count else ExitCode.DONE
