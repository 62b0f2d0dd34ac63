import difflib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

import click

import cypher
from pgraph.cli.main import Session
from pgraph.cli.output import FORMATS, dump, notice, show
from pgraph.errors import UsageError


@dataclass(frozen=True, slots=True)
class Header:
    """What the `//` lines at the head of a query say; a parameter without a default is required."""

    purpose: str
    parameters: dict[str, Any]
    required: list[str]
    columns: list[str]


@click.command("query")
@click.argument("name", required=False)
@click.option("--param", "pairs", metavar="K=V", multiple=True, help="Set a parameter of the query; repeatable.")
@click.option("--format", "form", type=click.Choice(FORMATS), default="table", show_default=True)
@click.option("--link", is_flag=True, help="Print a Neo4j Browser link to the query, do not run it.")
@click.pass_obj
def command(session: Session, *, name: str | None, pairs: tuple[str, ...], form: str, link: bool) -> None:
    """Run one of the shipped Cypher queries; without a name, list them."""
    if name is None:
        _list(session, form)
        return
    header = _header(name)
    parameters = _parameters(name, header, parse_pairs(pairs))
    if link:
        click.echo(browser_link(session, cypher.load(f"queries/{name}")))
        notice(f"In the Browser, first run :params {json.dumps(parameters)}", quiet=session.quiet or not parameters)
        return
    from pgraph.app import open_store

    with open_store(session) as store:
        rows = list(store.read(f"queries/{name}", **parameters))
    if session.json:
        dump({"query": name, "parameters": parameters, "rows": rows})
        return
    show(rows, header.columns, form)
    if not rows:
        notice("No rows.", quiet=session.quiet)


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


def browser_link(session: Session, text: str) -> str:
    """The address at which Neo4j Browser opens with the query in its editor."""
    from pgraph.app import settings

    values = settings(session)
    if values.store == "local":
        raise UsageError(
            "a link needs a Neo4j: the local server has no web page of its own",
            "Set --store or PGRAPH_STORE to a Neo4j's address; or open any Neo4j Browser, connect it to the address that"
            " `pgraph local status` shows (user root, password in .pgraph/store/server.json), paste the query.",
        )
    host = urlsplit(values.store).hostname or "localhost"
    secure = "+s" in values.store
    page = f"https://{host}:7473" if secure else f"http://{host}:7474"
    login = "" if values.store_password else "&preselectAuthMethod=NO_AUTH"
    return f"{page}/browser/?dbms={quote(values.store, safe='')}{login}&cmd=edit&arg={quote(text, safe='')}"


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


def _header(name: str) -> Header:
    known = cypher.names("queries")
    if name not in known:
        close = difflib.get_close_matches(name, known, n=3, cutoff=0.4)
        hint = f"Did you mean {' or '.join(close)}?" if close else "`pgraph query` lists them."
        raise UsageError(f"there is no query {name!r}", hint)
    return parse_header(cypher.load(f"queries/{name}"))


def parse_header(text: str) -> Header:
    lines = [line[2:].strip() for line in text.splitlines() if line.startswith("//")]
    fields = {key: value for key, colon, value in (line.partition(": ") for line in lines) if colon}
    parameters, required = {}, []
    for match in re.finditer(r"(\w+)(?: = (\S+?))?(?: \([^)]*\))?(?:, |$)", fields.get("Parameters", "")):
        if match[2] is None:
            required.append(match[1])
        else:
            parameters[match[1]] = json.loads(match[2])
    columns = re.sub(r" \([^)]*\)", "", fields.get("Columns", "")).split(", ")
    return Header(fields.get("Purpose", ""), parameters, required, columns)


def _parameters(name: str, header: Header, given: Mapping[str, Any]) -> dict[str, Any]:
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
