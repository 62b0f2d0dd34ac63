"""Answers as Parquet: the columns of a Parquet input keep their types, the others get those of their values."""

import base64
import datetime as dt
import json
from collections.abc import Iterator
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

Kinds = dict[str, Any]  # a column's name -> its pyarrow type
_BATCH = 10_000


def as_json_value(value: object) -> object:
    """A value that JSON has no form for, as text or a number; `_restored` reads it back."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, dt.timedelta):
        return value // dt.timedelta(microseconds=1)
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return value.isoformat()
    return str(value)


def kinds_of(path: Path) -> tuple[Kinds, int]:
    """The columns of the Parquet file at `path` with their types, and how many rows it has."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        schema = file.schema_arrow
        return {name: schema.field(name).type for name in schema.names}, file.metadata.num_rows


def to_parquet(lines: Path, target: Path, input_kinds: Kinds | None) -> None:
    """Write JSON `lines` to `target` as Parquet. Reads them twice: the types of all columns, then the rows."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds: dict[str, pa.DataType | None] = {}
    for rows in _batches(lines):
        for name in dict.fromkeys(name for row in rows for name in row):
            kinds[name] = _kind(
                [row.get(name) for row in rows], (input_kinds or {}).get(name), kinds.get(name, pa.null())
            )
    fields = [(name, pa.string() if kind is None or pa.types.is_null(kind) else kind) for name, kind in kinds.items()]
    schema = pa.schema(fields)
    with pq.ParquetWriter(target, schema, compression="zstd") as writer:
        for rows in _batches(lines):
            columns = []
            for name, kind in fields:
                values = [row.get(name) for row in rows]
                columns.append(_column(values, kind, mixed=kinds[name] is None))
            writer.write_table(pa.Table.from_arrays(columns, schema=schema))


def _batches(path: Path) -> Iterator[list[dict[str, Any]]]:
    with path.open("rb") as file:
        while batch := [json.loads(line) for line in islice(file, _BATCH)]:
            yield batch


def _kind(
    values: list[Any], input_kind: "pa.DataType | None", kind_so_far: "pa.DataType | None"
) -> "pa.DataType | None":
    """The type that holds these values and those before; None if there is no such type: then the column is JSON text."""
    import pyarrow as pa

    if kind_so_far is None:
        return None
    try:
        if input_kind is not None:
            return _column(values, input_kind).type
        batch_kind = pa.array(values).type
        schemas = [pa.schema([("column", kind_so_far)]), pa.schema([("column", batch_kind)])]
        kind = pa.unify_schemas(schemas, promote_options="permissive").field("column").type
        return None if "struct<>" in str(kind) else kind  # Parquet has no empty object
    except (pa.ArrowException, ValueError, TypeError, OverflowError):
        return None


def _column(values: list[Any], kind: "pa.DataType", *, mixed: bool = False) -> "pa.Array":
    import pyarrow as pa

    if mixed:
        values = [value if value is None or isinstance(value, str) else _json(value) for value in values]
        return pa.array(values, pa.string())
    if pa.types.is_dictionary(kind):
        return pa.array(values, kind.value_type).dictionary_encode().cast(kind)
    return pa.array([_restored(value, kind) for value in values], kind)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _restored(value: Any, kind: "pa.DataType") -> Any:  # noqa: ANN401  a JSON value to one of any type
    """A value that went through JSON, as the type has it."""
    from pyarrow import types

    if value is None or types.is_string(kind) or types.is_integer(kind) or types.is_floating(kind):
        return value
    if types.is_struct(kind):
        return {part.name: _restored(value.get(part.name), part.type) for part in kind}
    if types.is_map(kind):
        return [(_restored(key, kind.key_type), _restored(part, kind.item_type)) for key, part in value]
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        return [_restored(part, kind.value_type) for part in value]
    return _simple(value, kind)


def _simple(value: Any, kind: "pa.DataType") -> Any:  # noqa: ANN401  a value of a table
    from pyarrow import types

    readers = (
        (types.is_timestamp, dt.datetime.fromisoformat),
        (types.is_date, dt.date.fromisoformat),
        (types.is_time, dt.time.fromisoformat),
        (types.is_duration, lambda microseconds: dt.timedelta(microseconds=microseconds)),
        (types.is_decimal, Decimal),
        (types.is_binary, base64.b64decode),
        (types.is_large_binary, base64.b64decode),
        (types.is_fixed_size_binary, base64.b64decode),
    )
    return next((read(value) for is_kind, read in readers if is_kind(kind)), value)
