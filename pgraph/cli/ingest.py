"""`pgraph ingest`: its flags, and the rows that it leaves out."""

import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import click

from foundation.errors import ExitCode
from graphstore.files import TEXTS, BadRow, Source, opened
from pgraph.cli.asking import ask, show_forecast
from pgraph.cli.main import Session
from pgraph.cli.options import model_options, setting_option
from pgraph.cli.output import notice

if TYPE_CHECKING:
    from pgraph.app.ingest import IngestRequest, Texts

STANCES = ("read", "write", "like", "dislike")
SHOWN = 20  # bad rows that are named; the others are counted


@click.command("ingest")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--stance",
    type=click.Choice(STANCES),
    multiple=True,
    help="Ask who is likely to read, write, like or dislike each text; may be repeated. Without it: all four.",
)
@click.option(
    "--chunk",
    type=click.IntRange(200, 100_000),
    default=2000,
    show_default=True,
    metavar="N",
    help="Characters of a text that are asked about at once; longer ones are cut between paragraphs.",
)
@click.option(
    "--calls",
    type=click.IntRange(0),
    metavar="N",
    help="Spend at most N model calls; 0 only puts the texts into the graph, for pgraph expand --with-texts.",
)
@setting_option("--context", metavar="TEXT", help='Where these people live, such as "rural Odisha"; kept with the run.')
@click.option(
    "--licence",
    metavar="TEXT",
    help="Under which these files may be used, such as cc-by-4.0; for the card of a dataset.",
)
@click.option(
    "--format", "form", type=click.Choice(TEXTS.formats), help="The format, where the ending does not tell it."
)
@click.option("--dry-run", is_flag=True, help="Ask nothing: show what would be asked and estimate what it takes.")
@model_options
@click.pass_obj
def command(session: Session, /, files: tuple[str, ...], form: str | None, *, dry_run: bool, **options: Any) -> int:  # noqa: ANN401  each has the type of its field in IngestRequest
    """Draw personas from texts: who is likely to read, write, like or dislike each; - is standard input.

    \b
    Formats by ending: .txt .md .html .jsonl .parquet (column text, content, body or document; title) .pdf .docx

    One call for each text and stance gives one persona, with a quote that must stand in the text. A call once answered
    is never asked again: the same command goes on where it stopped, and new files add only what is new.

    \b
    Exit codes: 0 done, 1 some calls failed or some rows were bad, 2 a file cannot be read, 4 the model server failed,
    3 the store failed, 130 interrupted.
    """
    from pgraph.app import ingest as app

    with ExitStack() as stack:
        sources = [stack.enter_context(opened(name, form, stdin=sys.stdin.buffer, kind=TEXTS)) for name in files]
        options["stance"] = options["stance"] or STANCES
        request = app.IngestRequest(sources, **options)
        texts = _survey(request)
        if dry_run:
            show_forecast(session, app.forecast(session.workspace, request, texts))
            return ExitCode.DONE
        return ask(
            session,
            lambda notice, report: app.ingest(session.workspace, request, texts, notice=notice, report=report),
        )


def _survey(request: "IngestRequest") -> "Texts":
    from pgraph.app.ingest import survey

    shown = 0

    def on_bad(source: Source, row: BadRow) -> None:
        nonlocal shown
        shown += 1
        if shown <= SHOWN:
            notice(f"{source.name}:{row.line}: {row.reason}; row skipped")

    texts = survey(request, on_bad)
    if shown > SHOWN:
        notice(f"{shown - SHOWN:,} more bad rows")
    return texts
