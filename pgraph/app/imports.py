"""`pgraph import`: read personas from files into the graph."""

import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from foundation.errors import ExitCode, InputError
from graphstore import GraphStore
from graphstore.files import BadRow, Source, opened
from graphstore.imports import ImportCounts, checked_rows, finished, import_file
from pgraph.app.settings import Workspace
from pgraph.app.wording import counted
from pgraph.app.workspace import open_store


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """What the command line asks for. The file "-" is standard input; `form` None is the format of the ending."""

    files: Sequence[str]
    form: str | None = None
    licence: str | None = None
    strict: bool = False


class ImportListener(Protocol):
    """Gets the events of an import: a known file, a bad row, the counts so far, the end of a file."""

    def already_there(self, source: Source, when: str) -> None: ...

    def bad_row(self, source: Source, row: BadRow) -> None: ...

    def progress(self, source: Source, counts: ImportCounts) -> None: ...

    def file_done(self, source: Source, counts: ImportCounts) -> None: ...


@dataclass(frozen=True, slots=True)
class ImportSummary:
    """What an import did; `exit_code` is WRONG_USE if no row could be read."""

    files: int
    counts: ImportCounts
    seconds: float

    @property
    def exit_code(self) -> ExitCode:
        if self.counts.rows == self.counts.bad:
            return ExitCode.WRONG_USE
        return ExitCode.SOME_FAILED if self.counts.bad else ExitCode.DONE

    def as_json(self) -> dict[str, Any]:
        return {"command": "import", "files": self.files, **asdict(self.counts), "seconds": round(self.seconds, 2)}

    def as_text(self) -> str:
        counts = self.counts
        rows = f"{counted(counts.rows, 'row')}: {counts.new:,} new, {counts.already_there:,} already there, {counts.bad:,} bad"
        line = f"{rows} ({self.seconds:.1f} s)."
        if not counts.bad:
            return line
        if counts.bad == counts.rows:
            return f"{line}\nError: no row could be read."
        return f"{line}\nImport the corrected rows as a separate file: rows imported before would be counted again."


def import_files(workspace: Workspace, request: ImportRequest, listener: ImportListener) -> ImportSummary:
    """Write the personas of the files to the graph; `listener` gets bad rows and progress.

    Files are streamed. Raises `InputError` for a file that cannot be read, and with `strict` for any
    bad row, before anything is written.
    """
    began = time.monotonic()
    total = ImportCounts()
    with ExitStack() as stack:
        sources = [stack.enter_context(opened(name, request.form, stdin=sys.stdin.buffer)) for name in request.files]
        if request.strict:
            for source in sources:
                _refuse_bad(source)
        store = stack.enter_context(open_store(workspace))
        for source in sources:
            total += _import(store, source, request, listener)
    return ImportSummary(len(request.files), total, time.monotonic() - began)


def _refuse_bad(source: Source) -> None:
    for row in checked_rows(source):
        if isinstance(row, BadRow):
            raise InputError(
                f"{source.name}:{row.line}: {row.reason}",
                "Nothing was written (--strict). Correct the row, or leave out --strict to skip bad rows.",
            )


def _import(store: GraphStore, source: Source, request: ImportRequest, listener: ImportListener) -> ImportCounts:
    when = finished(store, source)
    if when:
        listener.already_there(source, when)
    counts = import_file(
        store,
        source,
        on_bad=lambda row: listener.bad_row(source, row),
        on_progress=lambda counts: listener.progress(source, counts),
        licence=request.licence,
    )
    listener.file_done(source, counts)
    return counts
