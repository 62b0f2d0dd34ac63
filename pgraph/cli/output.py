"""Data goes to stdout as a table, JSON or CSV; everything else goes to stderr."""

import csv
import difflib
import io
import json
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from itertools import chain
from pathlib import Path
from typing import Any

import click

FORMATS = ("table", "json", "csv")


def notice(text: str, *, quiet: bool = False) -> None:
    if not quiet:
        click.echo(text, err=True)


def suggestion(name: str, names: Iterable[str], otherwise: str) -> str:
    """A hint for an unknown name: similar names, or else `otherwise`."""
    close = difflib.get_close_matches(name, list(names), n=3, cutoff=0.4)
    return f"Did you mean {' or '.join(close)}?" if close else otherwise


def show(
    rows: Iterable[Mapping[str, Any]], columns: Sequence[str], form: str, headings: Mapping[str, str] | None = None
) -> None:
    """Print these columns of the rows in one of FORMATS. JSON is one array, written row by row.

    `headings`: what a table calls some of its columns; JSON and CSV always use the keys.
    """
    if form == "table":
        _table(rows, columns, headings or {})
    else:
        {"json": _json, "csv": _csv}[form](rows, columns)


@contextmanager
def redirected(path: Path) -> Iterator[None]:
    """Send what is printed to a file, which appears complete or not at all."""
    from graphstore.files import replacing

    with replacing(str(path)) as temporary, temporary.open("w", encoding="utf-8") as file, redirect_stdout(file):
        yield


def dump(value: object, indent: int | None = 2) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=indent, default=str))


def _json(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> None:
    opening = "["
    for row in rows:
        line = json.dumps({name: row.get(name) for name in columns}, ensure_ascii=False, default=str)
        click.echo(f"{opening}\n  {line}", nl=False)
        opening = ","
    click.echo("[]" if opening == "[" else "\n]")


def _csv(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> None:
    for line in chain([dict(zip(columns, columns, strict=True))], rows):
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerow(_cells(line, columns, ""))
        click.echo(text.getvalue(), nl=False)


def _table(rows: Iterable[Mapping[str, Any]], columns: Sequence[str], headings: Mapping[str, str]) -> None:
    all_rows = list(rows)
    lines = [[headings.get(name, name) for name in columns], *(_cells(row, columns, "-") for row in all_rows)]
    numeric = [_is_numeric(all_rows, name) for name in columns]
    limit = 60 if len(columns) > 2 else 160  # one or two columns of long texts, such as paths, may be wide
    widths = [min(limit, max(map(_width, column))) for column in zip(*lines, strict=True)]
    for line in lines:
        padded = [_pad(*cell) for cell in zip(line, widths, numeric, strict=True)]
        click.echo("  ".join(padded).rstrip())


def _is_numeric(rows: Iterable[Mapping[str, Any]], column: str) -> bool:
    return any(isinstance(row.get(column), int | float) for row in rows)


def _cells(row: Mapping[str, Any], columns: Iterable[str], missing: str) -> list[str]:
    return [_cell(row.get(name), missing) for name in columns]


def _cell(value: object, missing: str) -> str:
    if value is None:
        return missing
    if isinstance(value, float):
        return f"{value:.3f}"
    if isinstance(value, str):
        return value
    if isinstance(value, dict) and value.keys() == {"nodes", "relationships"}:
        return _walk(value)
    return json.dumps(value, ensure_ascii=False, default=str)


def _walk(path: Mapping[str, Any]) -> str:
    """A path of the graph in one line, each node by its role, label, topic, title or id."""
    parts = [_node_name(path["nodes"][0])]
    for link, node in zip(path["relationships"], path["nodes"][1:], strict=True):
        kind = link.get("relation") or link.get("kind") or link.get("stance") or ""
        name = f"{link['type']} {kind}".rstrip()
        parts += [f"-[{name}]->" if link.get("to") == node.get("id") else f"<-[{name}]-", _node_name(node)]
    return " ".join(parts)


def _node_name(node: Mapping[str, Any]) -> str:
    return str(next(filter(None, (node.get(name) for name in ("role", "label", "topic", "title", "id"))), "()"))


def _width(text: str) -> int:
    """How many columns a terminal needs for a text."""
    return sum(_character_width(character) for character in text)


def _character_width(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _pad(text: str, width: int, right: bool) -> str:  # noqa: FBT001  a column's own property
    line = " ".join(text.split())
    while _width(line) > width:
        line = line[:-2] + "…"
    gap = " " * (width - _width(line))
    return gap + line if right else line + gap
