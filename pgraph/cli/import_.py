"""`pgraph import`: its flags, and how it reports bad rows."""

import click

from graphstore.files import FORMATS, BadRow, Source
from graphstore.imports import ImportCounts
from pgraph.app.imports import ImportRequest, import_files
from pgraph.cli.main import Session
from pgraph.cli.output import dump, notice
from pgraph.cli.progress import ProgressLine, rate

SHOWN = 20  # bad rows of a file that are reported one by one; the others are counted


@click.command("import")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--format", "form", type=click.Choice(FORMATS), help="File format, if the ending of the name does not show it."
)
@click.option(
    "--licence",
    metavar="TEXT",
    help="Licence of these files, such as cc-by-4.0; the card of a dataset names it.",
)
@click.option("--strict", is_flag=True, help="Write nothing if any row is bad.")
@click.pass_obj
def command(session: Session, files: tuple[str, ...], form: str | None, licence: str | None, *, strict: bool) -> int:
    """Read personas from files into the graph; - is standard input.

    \b
    Formats by ending: .jsonl .ndjson .parquet .csv .tsv .txt (one persona per line); text formats also as .gz.
    The text is in the column persona, text, description or "input persona".
    id (kept as external_id), domain and role have a meaning; all other columns are kept as they are.

    A bad row is reported on stderr, counted and left out. Importing the same file again adds nothing.

    \b
    Exit codes: 0 done, 1 some rows were bad, 2 nothing could be read.
    """
    listener = _Listener(quiet=session.quiet)
    summary = import_files(session.workspace, ImportRequest(files, form, licence, strict), listener)
    if session.json:
        dump(summary.as_json())
    notice(summary.as_text(), quiet=session.quiet and summary.exit_code == 0)
    return summary.exit_code


class _Listener:
    """Shows the progress of an import; bad rows are reported even with --quiet."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._line = ProgressLine(quiet=quiet)
        self._bad = 0  # of the current file

    def already_there(self, source: Source, when: str) -> None:
        notice(f"{source.name}: already imported ({when})", quiet=self._quiet)

    def bad_row(self, source: Source, row: BadRow) -> None:
        self._bad += 1
        if self._bad <= SHOWN:
            self._line.clear()
            notice(f"{source.name}:{row.line}: {row.reason}; row skipped")

    def progress(self, source: Source, counts: ImportCounts) -> None:
        self._line.show(f"{source.name}: {rate(counts.rows, source.lines, self._line.seconds)}, {counts.bad:,} bad")

    def file_done(self, source: Source, counts: ImportCounts) -> None:
        self._line.clear()
        if counts.bad > SHOWN:
            notice(f"{source.name}: {counts.bad - SHOWN:,} more bad rows")
        self._bad = 0
