"""`pgraph ingest`: its flags, and how it reports bad rows."""

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
SHOWN = 20  # bad rows that are reported one by one; the others are counted


@click.command("ingest")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--stance",
    type=click.Choice(STANCES),
    multiple=True,
    help="Ask who is likely to read, write, like or dislike each text; can be repeated.  [default: all four]",
)
@click.option(
    "--chunk",
    type=click.IntRange(200, 100_000),
    default=2000,
    show_default=True,
    metavar="N",
    help="Maximum number of characters to ask about in one call; longer texts are cut between paragraphs.",
)
@click.option(
    "--calls",
    type=click.IntRange(0),
    metavar="N",
    help="Make at most N model calls; 0 only adds the texts to the graph, for pgraph expand --with-texts.",
)
@setting_option("--context", metavar="TEXT", help='Where these people live, such as "rural Odisha"; kept with the run.')
@click.option(
    "--licence",
    metavar="TEXT",
    help="Licence of these files, such as cc-by-4.0; the card of a dataset names it.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(TEXTS.formats),
    help="File format, if the ending of the name does not show it.",
)
@click.option("--dry-run", is_flag=True, help="Call no model: show what would be asked, and estimate calls and tokens.")
@model_options
@click.pass_obj
def command(session: Session, /, files: tuple[str, ...], form: str | None, *, dry_run: bool, **options: Any) -> int:  # noqa: ANN401  each has the type of its field in IngestRequest
    """Draw personas from texts: who is likely to read, write, like or dislike each; - is standard input.

    \b
    Formats by ending: .txt .md .html .jsonl .parquet (column text, content, body or document; title) .pdf .docx

    Each text and stance takes one call. It gives one persona, with a quote that must appear in the text. No call is
    made twice: run the same command again to continue where it stopped; new files add only what is new.

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

    bad_rows = 0

    def on_bad(source: Source, row: BadRow) -> None:
        nonlocal bad_rows
        bad_rows += 1
        if bad_rows <= SHOWN:
            notice(f"{source.name}:{row.line}: {row.reason}; row skipped")

    texts = survey(request, on_bad)
    if bad_rows > SHOWN:
        notice(f"{bad_rows - SHOWN:,} more bad rows")
    return texts
