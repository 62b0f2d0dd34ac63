"""Rows to files of many formats."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from graphstore.exports.exporting import EXPORT_COLUMNS

if TYPE_CHECKING:
    import networkx as nx
    import pyarrow as pa

Rows = Iterable[Mapping[str, Any]]
_ROW_GROUP = 10_000
_CHUNK = 500


def write_jsonl(rows: Rows, file: IO[str]) -> int:
    """Write `rows` to `file`, one JSON object a line; returns how many."""
    count = 0
    for row in rows:
        file.write(json.dumps(row, ensure_ascii=False) + "\n")
        count += 1
    return count


def text_chunks(rows: Rows, columns: Sequence[str], form: str) -> Iterator[str]:
    r"""The `columns` of `rows` as text, some hundred rows at a time: as `write_csv` if `form` is "csv", else as `write_jsonl`.

    >>> list(text_chunks([{"id": "p1", "extra": None}], ["id", "extra"], "csv"))
    ['id,extra\np1,\n']
    """
    source = iter(rows)
    header = True
    while (batch := list(islice(source, _CHUNK))) or header:
        file = io.StringIO(newline="")
        if form == "csv":
            write_csv(batch, columns, file, header=header)
        else:
            write_jsonl(batch, file)
        header = False
        yield file.getvalue()


def write_csv(rows: Rows, columns: Sequence[str], file: IO[str], *, header: bool = True) -> int:
    """Write the `columns` of `rows` to `file` as CSV, with a `header`; returns how many rows.

    A list or an object is JSON text in its cell. Raises `KeyError` for a row without one of the columns.
    """
    writer = csv.writer(file, lineterminator="\n")
    if header:
        writer.writerow(columns)
    count = 0
    for row in rows:
        writer.writerow([_cell(row[name]) for name in columns])
        count += 1
    return count


def write_parquet(rows: Rows, path: Path, kind: str) -> int:
    """Write `rows` of the export `kind` to `path` as Parquet, zstd, in row groups of 10,000; returns how many.

    `extra` is JSON text, as its content differs by file.
    """
    import pyarrow.parquet as pq

    schema = schema_of(kind)
    count = 0
    source = iter(rows)
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        while batch := [_packed(row) for row in islice(source, _ROW_GROUP)]:
            writer.write_table(_table(batch, schema))
            count += len(batch)
    return count


def write_graphml(graph: "nx.MultiDiGraph[str]", path: Path) -> None:
    """Write a `graph`, as `export_graph` gives it, to `path` as GraphML."""
    import networkx as nx

    nx.write_graphml(graph, path)


def _cell(value: object) -> object:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value


def schema_of(kind: str) -> "pa.Schema":
    """The columns of the export `kind` with their Arrow types."""
    return _persona_schema() if kind == "personas" else _schema(EXPORT_COLUMNS[kind])


def _persona_schema() -> "pa.Schema":
    import pyarrow as pa

    origin = pa.struct([(name, pa.string()) for name in ("source", "relation", "stance", "run", "call")])
    row = pa.struct([(name, pa.string()) for name in ("run", "file", "row")])
    texts = ("id", "persona", "role", "domain", "group")
    further_texts = ("language", "external_id", "duplicate_of")
    return pa.schema(
        [(name, pa.string()) for name in texts]
        + [("depth", pa.int32())]
        + [(name, pa.string()) for name in further_texts]
        + [("derived_from", pa.list_(origin)), ("imported_by", pa.list_(row)), ("extra", pa.string())]
    )


def _schema(columns: Sequence[str]) -> "pa.Schema":
    """The schema of an export other than personas: all columns are texts, except those listed here."""
    import pyarrow as pa

    def pairs(*names: str) -> pa.DataType:
        return pa.list_(pa.struct([(name, pa.string()) for name in names]))

    lists = ("choices", "positions", "about", "posed_by", "domains", "personas", "group")
    kinds = dict.fromkeys(lists, pa.list_(pa.string()))
    kinds |= {"messages": pairs("role", "content"), "distilled_from": pairs("persona", "contribution")}
    kinds["answers"] = pa.int64()
    return pa.schema([(name, kinds.get(name, pa.string())) for name in columns])


def _packed(row: Mapping[str, Any]) -> dict[str, Any]:
    if "extra" not in row:
        return dict(row)
    return {**row, "extra": None if row["extra"] is None else json.dumps(row["extra"], ensure_ascii=False)}


def _table(rows: list[dict[str, Any]], schema: "pa.Schema") -> "pa.Table":
    import pyarrow as pa

    return pa.Table.from_pylist(rows, schema=schema)
