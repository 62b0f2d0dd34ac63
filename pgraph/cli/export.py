"""`pgraph export`: its flags."""

from typing import Any

import click

from foundation.errors import UsageError
from pgraph.app.export import FORMATS, STDOUT, ExportRequest, export, format_of
from pgraph.cli.dataset import dataset_options, is_dataset, write_dataset
from pgraph.cli.main import Session
from pgraph.cli.output import dump, notice
from pgraph.cli.progress import ProgressLine, rate


@click.command("export")
@click.argument("what", type=click.Choice(list(FORMATS)))
@click.option(
    "-o",
    "output",
    required=True,
    metavar="FILE|DIR/",
    help="File to write (- is standard output, for jsonl and csv), or directory for a dataset.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["jsonl", "parquet", "csv", "graphml"]),
    help="File format, if the ending of the name does not show it.",
)
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="Also write personas marked as duplicates (duplicate_of), and everything that pgraph judge marked.",
)
@dataset_options
@click.pass_obj
def command(session: Session, /, what: str, output: str, form: str | None, *, everything: bool, **dataset: Any) -> None:  # noqa: ANN401  each has the type of its option
    """Write personas, questions, answers, training data or the graph to a file; its ending sets the format.

    \b
    personas   .jsonl .parquet .csv, each with its origin (derived_from, imported_by)
    questions  .jsonl .parquet .csv, each with the personas it needs, and its answer or choices, if any
    knowledge  .jsonl .parquet .csv, each answer with its question and what each persona contributed
    sft        .jsonl .parquet, each answer as a chat (messages), the form that trainers read
    qa, mcq    .jsonl .parquet .csv, each question with its reference answer, or its choices and key; also as a chat
    graph      .graphml, for networkx, Gephi or yEd; keeps the whole graph in memory

    Rows are sorted by id. An existing file is replaced at the end, when everything is written.

    Written to a directory (DIR/, or a name without an ending), sft, qa, mcq and knowledge make a dataset:
    data/SPLIT.parquet, a card, croissant.json and recipe.json. `pgraph verify DIR` checks it later.
    """
    if is_dataset(what, output, form, **dataset):
        write_dataset(session, what, output, form, marked=everything, **dataset)
        return
    request = ExportRequest(what, output, form, everything)
    format_of(request)  # report a wrong request before anything else
    if output == STDOUT and session.json:
        raise UsageError("--json and -o - would both write to stdout", "Give a file name to -o.")
    line = ProgressLine(quiet=session.quiet)
    summary = export(
        session.workspace,
        request,
        lambda text: notice(text, quiet=session.quiet),
        lambda rows: line.show(rate(rows, 0, line.seconds)),
    )
    line.clear()
    if session.json:
        dump(summary.as_json())
    notice(summary.as_text(), quiet=session.quiet)
