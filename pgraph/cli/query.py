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
from pgraph.cli.output import FORMATS, dump, notice, show, suggestion


@click.command("query")
@click.argument("name", required=False)
@click.option("--param", "pairs", metavar="K=V", multiple=True, help="Set a parameter of the query; repeatable.")
@click.option("--format", "form", type=click.Choice(FORMATS), default="table", show_default=True)
@click.option("--link", is_flag=True, help="Open Neo4j Browser with the query in its editor, instead of running it.")
@click.option("--guide", is_flag=True, help="Open a guide to the graph in Neo4j Browser; it is served until Ctrl-C.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    help="Port for --guide; 0 picks a free one.  [default: 0]",
)
@click.option(
    "--host",
    metavar="ADDRESS",
    default="127.0.0.1",
    show_default=True,
    help="Address of this machine for --guide; in a container 0.0.0.0.",
)
@click.option("--no-browser", is_flag=True, help="With --link or --guide: print the link, but open no browser.")
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

    Queries whose names begin with picture_ return paths, which Neo4j Browser can draw: --link opens it with the query.
    The link is printed, and opened in a browser if stdout is a terminal.
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
        raise UsageError(f"--guide cannot be combined with a query ({name})", "Leave one of them out.")

    def ready(link: str) -> None:
        show_link(session, link, browser=_at_terminal(no_browser=no_browser), served=True)

    with contextlib.suppress(KeyboardInterrupt):
        serve_guide(session.workspace, host, port, ready)


def _at_terminal(*, no_browser: bool) -> bool:
    """Whether to open a link in a browser: only for somebody at a terminal."""
    return sys.stdout.isatty() and not no_browser


def parse_pairs(pairs: tuple[str, ...]) -> dict[str, Any]:
    """The pairs `k=v` as a dictionary; a value is parsed as JSON, or else kept as text."""
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
        parameters = [*header.required, *(f"{key}={json.dumps(value)}" for key, value in header.parameters.items())]
        rows.append({"query": name, "parameters": " ".join(parameters), "purpose": header.purpose})
    if session.json:
        dump(rows)
        return
    if form != "table":
        show(rows, ("query", "parameters", "purpose"), form)
        return
    for row in rows:
        click.echo(f"{row['query']}  {row['parameters']}".rstrip() + f"\n    {row['purpose']}")


def _header(name: str) -> cypher.Header:
    names = cypher.names("queries")
    if name not in names:
        raise UsageError(f"there is no query {name!r}", suggestion(name, names, "`pgraph query` lists them."))
    return cypher.header(name)


def _parameters(name: str, header: cypher.Header, values: Mapping[str, Any]) -> dict[str, Any]:
    allowed = [*header.required, *header.parameters]
    for key in values:
        if key not in allowed:
            hint = f"Its parameters are: {', '.join(allowed)}." if allowed else "It has no parameters."
            raise UsageError(f"the query {name} has no parameter {key!r}", hint)
    for key in header.required:
        if key not in values:
            raise UsageError(f"the query {name} needs --param {key}=…", "`pgraph query` lists the parameters.")
    for key in ("limit", "at_least"):
        value = values.get(key, 0)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise UsageError(
                f"--param {key}={value}: not a whole number of 0 or more", f"For example: --param {key}=10"
            )
    return {**header.parameters, **values}
