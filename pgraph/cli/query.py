import contextlib
import json
import sys
from collections.abc import Mapping
from typing import Any

import click

import cypher
from foundation.errors import UsageError
from pgraph.cli.explore import show_link
from pgraph.cli.main import Session
from pgraph.cli.output import FORMATS, dump, meant, notice, show


@click.command("query")
@click.argument("name", required=False)
@click.option("--param", "pairs", metavar="K=V", multiple=True, help="Set a parameter of the query; repeatable.")
@click.option("--format", "form", type=click.Choice(FORMATS), default="table", show_default=True)
@click.option("--link", is_flag=True, help="Open Neo4j Browser with the query in its editor, do not run it.")
@click.option("--guide", is_flag=True, help="Open a guide to the graph in Neo4j Browser, served until Ctrl-C.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    help="For --guide; 0 takes a free one.  [default: 0]",
)
@click.option(
    "--host",
    metavar="ADDRESS",
    default="127.0.0.1",
    show_default=True,
    help="For --guide: of this machine; in a container 0.0.0.0.",
)
@click.option("--no-browser", is_flag=True, help="With --link or --guide: only print the link.")
@click.pass_obj
def command(
    session: Session,
    *,
    name: str | None,
    pairs: tuple[str, ...],
    form: str,
    link: bool,
    guide: bool,
    port: int,
    host: str,
    no_browser: bool,
) -> None:
    """Run one of the shipped Cypher queries; without a name, list them.

    Those whose names begin with picture_ return paths, which Neo4j Browser draws: --link opens it with the query. Its
    address is printed, and opened where stdout is a terminal.
    """
    if guide:
        _guide(session, name, host, port, no_browser=no_browser)
        return
    if name is None and link:
        raise UsageError("--link needs the name of a query", "For example: pgraph query picture_groups --link")
    if name is None:
        _list(session, form)
        return
    header = _header(name)
    parameters = _parameters(name, header, parse_pairs(pairs))
    if link:
        from pgraph.app.neo4j_browser import query_link

        show_link(session, query_link(session.workspace, name, parameters), browser=_at_terminal(no_browser=no_browser))
        return
    from pgraph.app.query import run_query

    rows = run_query(session.workspace, name, parameters)
    if session.json:
        dump({"query": name, "parameters": parameters, "rows": rows})
        return
    show(rows, header.columns, form)
    if not rows:
        notice("No rows.", quiet=session.quiet)


def _guide(session: Session, name: str | None, host: str, port: int, *, no_browser: bool) -> None:
    from pgraph.app.neo4j_browser import serve_guide

    if name is not None:
        raise UsageError(f"--guide takes no query, and got {name}", "Leave one of them out.")

    def ready(link: str) -> None:
        show_link(session, link, browser=_at_terminal(no_browser=no_browser), served=True)

    with contextlib.suppress(KeyboardInterrupt):
        serve_guide(session.workspace, host, port, ready)


def _at_terminal(*, no_browser: bool) -> bool:
    """Whether to open a link: only somebody at a terminal can want that."""
    return sys.stdout.isatty() and not no_browser


def parse_pairs(pairs: tuple[str, ...]) -> dict[str, Any]:
    """`k=v` to a dictionary; a value that reads as JSON is that, any other is a text."""
    values: dict[str, Any] = {}
    for pair in pairs:
        key, equals, text = pair.partition("=")
        if not equals or not key:
            raise UsageError(f"--param {pair}: not of the form name=value", "For example: --param limit=10")
        try:
            values[key] = json.loads(text)
        except json.JSONDecodeError:
            values[key] = text
    return values


def _list(session: Session, form: str) -> None:
    rows = []
    for name in cypher.names("queries"):
        header = _header(name)
        given = [*header.required, *(f"{key}={json.dumps(value)}" for key, value in header.parameters.items())]
        rows.append({"query": name, "parameters": " ".join(given), "purpose": header.purpose})
    if session.json:
        dump(rows)
        return
    if form != "table":
        show(rows, ("query", "parameters", "purpose"), form)
        return
    for row in rows:
        click.echo(f"{row['query']}  {row['parameters']}".rstrip() + f"\n    {row['purpose']}")


def _header(name: str) -> cypher.Header:
    known = cypher.names("queries")
    if name not in known:
        raise UsageError(f"there is no query {name!r}", meant(name, known, "`pgraph query` lists them."))
    return cypher.header(name)


def _parameters(name: str, header: cypher.Header, given: Mapping[str, Any]) -> dict[str, Any]:
    known = [*header.required, *header.parameters]
    for key in given:
        if key not in known:
            hint = f"It has: {', '.join(known)}." if known else "It has none."
            raise UsageError(f"the query {name} has no parameter {key!r}", hint)
    for key in header.required:
        if key not in given:
            raise UsageError(f"the query {name} needs --param {key}=…", "`pgraph query` lists the parameters.")
    for key in ("limit", "at_least"):
        value = given.get(key, 0)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise UsageError(f"--param {key}={value}: not a whole number from 0", f"For example: --param {key}=10")
    return {**header.parameters, **given}
