import sys
from collections.abc import Iterator
from itertools import chain
from typing import Any

import click

from foundation.errors import UsageError
from pgraph.app.query import run_cypher
from pgraph.cli.main import Session
from pgraph.cli.options import Number
from pgraph.cli.output import FORMATS, dump, notice, show
from pgraph.cli.query import parse_pairs


@click.command("cypher")
@click.argument("text")
@click.option("--param", "pairs", metavar="K=V", multiple=True, help="Set a parameter ($k) of the query; repeatable.")
@click.option("--timeout", type=Number(min=0.1), default=30.0, show_default=True, help="Time limit in seconds.")
@click.option(
    "--limit", type=click.IntRange(min=1), default=1000, show_default=True, help="Maximum number of rows to show."
)
@click.option("--format", "form", type=click.Choice(FORMATS), default="table", show_default=True)
@click.pass_obj
def command(session: Session, *, text: str, pairs: tuple[str, ...], timeout: float, limit: int, form: str) -> None:
    """Run your own Cypher query, read-only; - reads it from standard input."""
    if text == "-":
        text = sys.stdin.read()
    if not text.strip():
        raise UsageError("the query is empty", "For example: pgraph cypher 'MATCH (p:Persona) RETURN count(p)'")
    parameters = parse_pairs(pairs)
    with run_cypher(session.workspace, text, parameters, timeout=timeout, limit=limit) as answer:
        if session.json:
            dump({"rows": list(answer.rows()), "cut": answer.cut})
        else:
            _show(answer.rows(), form)
    if answer.cut:
        notice(f"Only the first {limit} rows are shown; --limit shows more.", quiet=session.quiet)
    elif answer.count == 0:
        notice("No rows.", quiet=session.quiet)


def _show(rows: Iterator[dict[str, Any]], form: str) -> None:
    first = next(rows, None)
    if first is None:
        if form == "json":
            show([], [], form)
        return
    everything = chain([first], rows)
    show(list(everything) if form == "table" else everything, list(first), form)
