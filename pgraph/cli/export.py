import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import IO, Any

import click

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
from pgraph.app.workspace import open_store
from pgraph.cli.dataset import dataset_options, is_dataset, write_dataset
from pgraph.cli.main import Session
from pgraph.cli.output import dump, notice
from pgraph.cli.progress import ProgressLine, rate

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
_UNITS = {"knowledge": "answers", "sft": "chats", "qa": "questions", "mcq": "questions", "graph": "nodes"}
_ENDINGS = {".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet", ".csv": "csv", ".graphml": "graphml"}


@click.command("export")
@click.argument("what", type=click.Choice(list(FORMATS)))
@click.option(
    "-o",
    "output",
    required=True,
    metavar="FILE|DIR/",
    help="The file to write, - is standard output (jsonl, csv); or the directory of a dataset.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["jsonl", "parquet", "csv", "graphml"]),
    help="Where the ending does not tell it.",
)
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="Also the personas marked as duplicates (duplicate_of); also what pgraph judge marked.",
)
@dataset_options
@click.pass_obj
def command(session: Session, /, what: str, output: str, form: str | None, *, everything: bool, **dataset: Any) -> None:  # noqa: ANN401  each has the type of its option
    """Write personas, questions, answers, training data or the graph to a file; the ending chooses the format.

    \b
    personas   .jsonl .parquet .csv, each with where it came from (derived_from, imported_by)
    questions  .jsonl .parquet .csv, each with the personas it needs, and its answer or choices by its kind
    knowledge  .jsonl .parquet .csv, each answer with its question and what each persona contributed
    sft        .jsonl .parquet, each answer as a chat (messages), as trainers read it
    qa, mcq    .jsonl .parquet .csv, each question with its reference answer, or its choices and key; as a chat too
    graph      .graphml, as networkx, Gephi or yEd read it; holds the whole graph in memory

    Rows are sorted by id.

    The file is replaced at the end, when all of it is written.

    sft, qa, mcq and knowledge to a directory (DIR/, or a name without an ending) make a dataset: data/SPLIT.parquet, a
    card, croissant.json and recipe.json. `pgraph verify DIR` checks it later.
    """
    if is_dataset(what, output, form, **dataset):
        write_dataset(session, what, output, form, marked=everything, **dataset)
        return
    form = _format(what, output, form)
    if output == "-" and session.json:
        raise UsageError("--json and -o - would both write to stdout", "Give a file name to -o.")
    progress = ProgressLine(quiet=session.quiet)
    with ExitStack() as stack:
        path = None if output == "-" else stack.enter_context(replacing(output))
        store = stack.enter_context(open_store(session.workspace))
        if what == "graph" and path is not None:
            count = _write_graph(store, path, quiet=session.quiet)
        else:
            count = _write(_rows(store, what, progress, everything=everything), what, form, path)
    progress.clear()
    name = "stdout" if output == "-" else output
    seconds = round(progress.seconds, 1)
    if session.json:
        dump({"command": "export", "what": what, "file": output, "format": form, "rows": count, "seconds": seconds})
    notice(f"{count:,} {_UNITS.get(what, what)} written to {name} ({seconds} s).", quiet=session.quiet)


def _format(what: str, output: str, form: str | None) -> str:
    form = form or _ENDINGS.get(Path(output).suffix.lower(), "jsonl" if output == "-" and what != "graph" else "")
    allowed = FORMATS[what]
    if not form:
        raise UsageError(f"{output}: the ending does not say the format", f"Add --format {'|'.join(allowed)}.")
    if form not in allowed:
        raise UsageError(f"{what} cannot be written as {form}", f"Use {' or '.join(allowed)}.")
    if output == "-" and form not in ("jsonl", "csv"):
        raise UsageError(f"{form} cannot be written to standard output", "Give a file name to -o.")
    return form


def _write_graph(store: GraphStore, path: Path, *, quiet: bool) -> int:
    nodes, edges = graph_size(store)
    notice(f"Holding {nodes:,} nodes and {edges:,} edges in memory.", quiet=quiet)
    write_graphml(export_graph(store), path)
    return nodes


def _write(rows: Iterator[dict[str, Any]], what: str, form: str, path: Path | None) -> int:
    """Write rows to a file, or to stdout where there is none."""
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


def _rows(store: GraphStore, what: str, progress: ProgressLine, *, everything: bool) -> Iterator[dict[str, Any]]:
    sources: dict[str, Callable[[GraphStore], Iterator[dict[str, Any]]]] = {
        "personas": partial(persona_rows, duplicates=everything),
        "questions": question_rows,
        **{kind: partial(training_rows, kind=kind, marked=everything) for kind in TRAINING_KINDS},
    }
    for count, row in enumerate(sources[what](store), start=1):
        if not count % 1000:
            progress.show(rate(count, 0, progress.seconds))
        yield row
