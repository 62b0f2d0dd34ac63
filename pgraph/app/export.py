"""`pgraph export` to a file: personas, questions, training data or the graph."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any

from foundation.errors import UsageError
from graphstore import GraphStore
from graphstore.exports import (
    EXPORT_COLUMNS,
    TRAINING_KINDS,
    export_graph,
    graph_size,
    persona_rows,
    question_rows,
    training_rows,
    write_csv,
    write_graphml,
    write_jsonl,
    write_parquet,
)
from graphstore.files import replacing
from pgraph.app.settings import Workspace
from pgraph.app.wording import counted
from pgraph.app.workspace import open_store

_ROWS = ("jsonl", "parquet", "csv")
FORMATS = {
    "personas": _ROWS,
    "questions": _ROWS,
    "knowledge": _ROWS,
    "sft": ("jsonl", "parquet"),
    "qa": _ROWS,
    "mcq": _ROWS,
    "graph": ("graphml",),
}
_UNITS = {
    "personas": "persona",
    "questions": "question",
    "knowledge": "answer",
    "sft": "chat",
    "qa": "question",
    "mcq": "question",
    "graph": "node",
}
_ENDINGS = {".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet", ".csv": "csv", ".graphml": "graphml"}
_REPORT_EVERY = 1000  # rows
STDOUT = "-"


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What the command line asks for. `form`: None for the format of the ending; `everything`: also duplicates and marked rows."""

    what: str  # a key of FORMATS
    output: str
    form: str | None = None
    everything: bool = False


@dataclass(frozen=True, slots=True)
class ExportSummary:
    what: str
    output: str
    form: str
    rows: int
    seconds: float

    def as_json(self) -> dict[str, Any]:
        return {
            "command": "export",
            "what": self.what,
            "file": self.output,
            "format": self.form,
            "rows": self.rows,
            "seconds": round(self.seconds, 1),
        }

    def as_text(self) -> str:
        name = "stdout" if self.output == STDOUT else self.output
        return f"{counted(self.rows, _UNITS[self.what])} written to {name} ({round(self.seconds, 1)} s)."


def export(
    workspace: Workspace, request: ExportRequest, notice: Callable[[str], None], report: Callable[[int], None]
) -> ExportSummary:
    """Write to a file, which appears complete at the end, or to standard output ("-").

    `notice` gets messages for the user, `report` the number of rows so far. Rows are streamed; only a graph is kept in
    memory. Raises `UsageError` for a format that does not suit, and `InputError` if the file cannot be written.
    """
    form = format_of(request)
    began = time.monotonic()
    with ExitStack() as stack:
        path = None if request.output == STDOUT else stack.enter_context(replacing(request.output))
        store = stack.enter_context(open_store(workspace))
        if request.what == "graph" and path is not None:
            count = _write_graph(store, path, notice)
        else:
            count = _write(_rows(store, request, report), request.what, form, path)
    return ExportSummary(request.what, request.output, form, count, time.monotonic() - began)


def format_of(request: ExportRequest) -> str:
    """The requested format, or that of the ending. Raises `UsageError` if it is unknown, or does not suit what is written."""
    output, what = request.output, request.what
    by_default = "jsonl" if output == STDOUT and what != "graph" else ""
    form = request.form or _ENDINGS.get(Path(output).suffix.lower(), by_default)
    allowed = FORMATS[what]
    if not form:
        raise UsageError(f"{output}: the ending does not say the format", f"Add --format {'|'.join(allowed)}.")
    if form not in allowed:
        raise UsageError(f"{what} cannot be written as {form}", f"Use {' or '.join(allowed)}.")
    if output == STDOUT and form not in ("jsonl", "csv"):
        raise UsageError(f"{form} cannot be written to standard output", "Give a file name to -o.")
    return form


def _write_graph(store: GraphStore, path: Path, notice: Callable[[str], None]) -> int:
    nodes, edges = graph_size(store)
    notice(f"Keeping {nodes:,} nodes and {edges:,} edges in memory.")
    write_graphml(export_graph(store), path)
    return nodes


def _write(rows: Iterator[dict[str, Any]], what: str, form: str, path: Path | None) -> int:
    """Write rows to a file, or without a path to standard output; returns how many."""
    if path is None:
        count = _write_text(rows, what, form, sys.stdout)
        sys.stdout.flush()
        return count
    if form == "parquet":
        return write_parquet(rows, path, what)
    with path.open("w", encoding="utf-8", newline="") as file:
        return _write_text(rows, what, form, file)


def _write_text(rows: Iterator[dict[str, Any]], what: str, form: str, file: IO[str]) -> int:
    if form == "csv":
        return write_csv(rows, EXPORT_COLUMNS[what], file)
    return write_jsonl(rows, file)


def _rows(store: GraphStore, request: ExportRequest, report: Callable[[int], None]) -> Iterator[dict[str, Any]]:
    sources: dict[str, Callable[[GraphStore], Iterator[dict[str, Any]]]] = {
        "personas": partial(persona_rows, duplicates=request.everything),
        "questions": question_rows,
        **{kind: partial(training_rows, kind=kind, marked=request.everything) for kind in TRAINING_KINDS},
    }
    for count, row in enumerate(sources[request.what](store), start=1):
        if not count % _REPORT_EVERY:
            report(count)
        yield row
