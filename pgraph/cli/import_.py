import sys
from contextlib import ExitStack

import click

from foundation.errors import InputError
from graphstore import GraphStore
from graphstore.files import FORMATS, BadRow, Source, opened
from graphstore.imports import ImportCounts, checked_rows, finished, import_file
from pgraph.app.workspace import open_store
from pgraph.cli.main import Session
from pgraph.cli.output import dump, notice
from pgraph.cli.progress import ProgressLine, rate

SHOWN = 20  # bad rows of a file that are named; the others are counted


@click.command("import")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--format", "form", type=click.Choice(FORMATS), help="The format, where the ending does not tell it.")
@click.option(
    "--licence",
    metavar="TEXT",
    help="Under which these files may be used, such as cc-by-4.0; for the card of a dataset.",
)
@click.option("--strict", is_flag=True, help="With a bad row anywhere, write nothing.")
@click.pass_obj
def command(session: Session, files: tuple[str, ...], form: str | None, licence: str | None, *, strict: bool) -> int:
    """Read personas from files into the graph; - is standard input.

    \b
    Formats by ending: .jsonl .ndjson .parquet .csv .tsv .txt (one persona a line), the text ones also as .gz.
    The text is in the column persona, text, description or "input persona".
    id (kept as external_id), domain and role have a meaning; all other columns are kept.

    A bad row is named on stderr, counted and left out. The same file again adds nothing.

    \b
    Exit codes: 0 done, 1 some rows were bad, 2 nothing could be read.
    """
    progress = ProgressLine(quiet=session.quiet)
    total = ImportCounts()
    with ExitStack() as stack:
        sources = [stack.enter_context(opened(name, form, stdin=sys.stdin.buffer)) for name in files]
        if strict:
            for source in sources:
                _refuse_bad(source)
        store = stack.enter_context(open_store(session.workspace))
        for source in sources:
            total += _import(store, source, session, progress, licence)
    _tell(session, len(files), total, progress.seconds)
    if total.rows == total.bad:
        return 2
    return 1 if total.bad else 0


def _refuse_bad(source: Source) -> None:
    for row in checked_rows(source):
        if isinstance(row, BadRow):
            raise InputError(
                f"{source.name}:{row.line}: {row.reason}",
                "Nothing was written (--strict). Mend the row, or leave --strict out to skip bad rows.",
            )


def _import(
    store: GraphStore, source: Source, session: Session, progress: ProgressLine, licence: str | None
) -> ImportCounts:
    when = finished(store, source)
    if when:
        notice(f"{source.name}: already there (imported {when})", quiet=session.quiet)
    shown = 0

    def on_bad(row: BadRow) -> None:
        nonlocal shown
        shown += 1
        if shown <= SHOWN:
            progress.clear()
            notice(f"{source.name}:{row.line}: {row.reason}; row skipped")

    def on_progress(tally: ImportCounts) -> None:
        progress.show(f"{source.name}: {rate(tally.rows, source.lines, progress.seconds)}, {tally.bad:,} bad")

    tally = import_file(store, source, on_bad=on_bad, on_progress=on_progress, licence=licence)
    progress.clear()
    if shown > SHOWN:
        notice(f"{source.name}: {shown - SHOWN:,} more bad rows")
    return tally


def _tell(session: Session, files: int, total: ImportCounts, seconds: float) -> None:
    if session.json:
        counts = {"rows": total.rows, "new": total.new, "already_there": total.already_there, "bad": total.bad}
        dump({"command": "import", "files": files, **counts, "seconds": round(seconds, 2)})
    told = f"{total.rows:,} rows: {total.new:,} new, {total.already_there:,} already there, {total.bad:,} bad"
    notice(f"{told} ({seconds:.1f} s).", quiet=session.quiet)
    if total.bad and total.bad < total.rows:
        notice("Put the mended rows into a file of their own: good rows of a changed file count as seen again.")
    elif total.bad:
        notice("Error: no row could be read.")
