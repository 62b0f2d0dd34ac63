"""Data to stdout as table, JSON or CSV; all else to stderr."""

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


def meant(name: str, known: Iterable[str], otherwise: str) -> str:
    """A hint for a name that is none: those like it, else what `otherwise` says."""
    close = difflib.get_close_matches(name, list(known), n=3, cutoff=0.4)
    return f"Did you mean {' or '.join(close)}?" if close else otherwise


def show(rows: Iterable[Mapping[str, Any]], columns: Sequence[str], form: str) -> None:
    """Print rows; JSON is one array, written row by row."""
    {"table": _table, "json": _json, "csv": _csv}[form](rows, columns)


@contextmanager
def redirected(path: Path) -> Iterator[None]:
    """What is printed goes to a file, which appears whole or not at all."""
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
        csv.writer(text, lineterminator="\n").writerow([_cell(line.get(name), "") for name in columns])
        click.echo(text.getvalue(), nl=False)


def _table(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> None:
    held = list(rows)
    cells = [[_cell(row.get(name), "-") for name in columns] for row in held]
    right = [any(isinstance(row.get(name), int | float) for row in held) for name in columns]
    most = 60 if len(columns) > 2 else 160  # one column of long texts, such as paths, has the line for itself
    widths = [min(most, max([_width(name), *(_width(line[i]) for line in cells)])) for i, name in enumerate(columns)]
    for line in [list(columns), *cells]:
        padded = [_pad(text, width, side) for text, width, side in zip(line, widths, right, strict=True)]
        click.echo("  ".join(padded).rstrip())


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
    """A path of the graph in one line, each node by what people call it."""
    parts = [_called(path["nodes"][0])]
    for link, node in zip(path["relationships"], path["nodes"][1:], strict=True):
        said = f"{link['type']} {link.get('relation') or link.get('kind') or link.get('stance') or ''}".rstrip()
        parts += [f"-[{said}]->" if link.get("to") == node.get("id") else f"<-[{said}]-", _called(node)]
    return " ".join(parts)


def _called(node: Mapping[str, Any]) -> str:
    return str(next(filter(None, (node.get(name) for name in ("role", "label", "topic", "title", "id"))), "()"))


def _width(text: str) -> int:
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _pad(text: str, width: int, right: bool) -> str:  # noqa: FBT001  a column's own property
    line = " ".join(text.split())
    while _width(line) > width:
        line = line[:-2] + "…"
    gap = " " * (width - _width(line))
    return gap + line if right else line + gap
