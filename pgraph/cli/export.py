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
    request = ExportRequest(what, output, form, everything)
    format_of(request)  # what is wrong with it is said first
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
