from pathlib import Path

import click

from foundation.errors import ExitCode
from pgraph.app.wording import counted
from pgraph.cli.main import Session
from pgraph.cli.output import dump, notice
from pgraph.cli.progress import ProgressLine


@click.command("verify")
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path))
@click.pass_obj
def command(session: Session, directory: Path) -> int:
    """Check a dataset: its files against recipe.json, every row against the graph, the splits against each other.

    Each problem is one line, FILE:LINE: WHAT; for a Parquet file, LINE is the number of the row. Groups, domains, and
    the region of a question are not compared: they may change in the graph after an export.

    \b
    Exit codes: 0 everything is as it was written, 1 something differs, 2 not a dataset, 3 the store failed.
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
    verdict = counted(count, "problem") if count else "nothing wrong"
    notice(f"{counted(checked.rows, 'row')} checked, {verdict} ({seconds} s).", quiet=session.quiet)
    return ExitCode.SOME_FAILED if count else ExitCode.DONE
