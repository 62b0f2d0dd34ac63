"""The rows of a file that `reading` has checked: one reader for each format, streamed, each row with its number."""

import codecs
import csv
import json
from collections.abc import Iterable, Iterator

from foundation.errors import InputError
from graphstore.files.reading import LONGEST_LINE, BadRow, Record, Source, text_column, unpacked, unreadable

_BATCH = 2000
_HOPELESS = 100  # after so many rows without a text column, and none with one, the file is wrong


def records(source: Source, *, need_text: bool = True) -> Iterator[Record | BadRow]:
    r"""The rows of the file `source`, one after another, with their lines; a row that cannot be read is a `BadRow`.

    Raises `InputError` for a file that is broken and, if `need_text`, for one in which no row has a column for the text.

    >>> from tempfile import NamedTemporaryFile
    >>> from graphstore.files.reading import opened
    >>> with NamedTemporaryFile("w", suffix=".csv") as file:
    ...     _ = file.write("id,persona\n7,A nurse who sings\n")
    ...     file.flush()
    ...     with opened(file.name) as source:
    ...         print(*records(source))
    Record(line=2, values={'id': '7', 'persona': 'A nurse who sings'})
    """
    readers = {"jsonl": _jsonl, "parquet": _parquet, "csv": _csv}
    try:
        yield from _txt(source) if source.form == "txt" else readers[source.form](source, need_text)
    except OSError as error:
        raise unreadable(source.name, error) from error


def _lines(source: Source) -> Iterator[tuple[int, str | None]]:
    """Line number and text without its line end; None for a line that is too long, which is skipped unread."""
    with unpacked(source.path) as file:
        number = 0
        while line := file.readline(LONGEST_LINE + 1):
            number += 1
            if len(line) > LONGEST_LINE and not line.endswith(b"\n"):
                while (skipped := file.readline(LONGEST_LINE)) and not skipped.endswith(b"\n"):
                    pass
                yield number, None
                continue
            if number == 1:
                line = line.removeprefix(codecs.BOM_UTF8)
            yield number, line.decode("utf-8").rstrip("\r\n")


def _too_long(number: int) -> BadRow:
    return BadRow(number, f"the line is longer than {LONGEST_LINE:,} bytes")


def _txt(source: Source) -> Iterator[Record | BadRow]:
    for number, line in _lines(source):
        if line is None:
            yield _too_long(number)
        elif line.strip():
            yield Record(number, {"persona": line})


def _jsonl(source: Source, need_text: bool) -> Iterator[Record | BadRow]:  # noqa: FBT001  `records`' own
    """JSON Lines; rows without a text column wait until one has it: if none does, the file is wrong."""
    waiting: list[Record] = []
    has_column = not need_text
    for number, line in _lines(source):
        if line is not None and not line.strip():
            continue
        row = _too_long(number) if line is None else _json_row(number, line)
        if isinstance(row, Record) and not has_column:
            if text_column(row.values, source.kind.columns) is None:
                waiting.append(row)
                if len(waiting) >= _HOPELESS:
                    break
                continue
            has_column = True
            yield from waiting
        yield row
    if waiting and not has_column:
        raise _no_column(source, waiting[0].values)


_DECODER = json.JSONDecoder(parse_constant=lambda _: None)  # NaN and Infinity become null


def _json_row(number: int, line: str) -> Record | BadRow:
    try:
        values = _DECODER.decode(line)
    except ValueError as error:
        return BadRow(number, f"not JSON ({error})")
    except RecursionError:
        return BadRow(number, "JSON nested too deeply")
    if isinstance(values, dict):
        return Record(number, values)
    kind = "a list" if isinstance(values, list) else "a single value"
    return BadRow(number, f'{kind}, where an object like {{"persona": …}} is needed')


def _no_column(source: Source, names: Iterable[str]) -> InputError:
    columns = ", ".join(str(name)[:40] for name in list(names)[:8]) or "none"
    return InputError(
        f"{source.name}: no column holds {source.kind.content} (columns: {columns})",
        f"Name it {' or '.join(source.kind.columns)}.",
    )


class _CsvLines:
    """Lines for csv.reader; a line that is too long raises `csv.Error`, after which the reader can continue."""

    def __init__(self, source: Source) -> None:
        self._lines = _lines(source)
        self.number = 0

    def __iter__(self) -> "_CsvLines":
        return self

    def __next__(self) -> str:
        self.number, line = next(self._lines)
        if line is None:
            raise csv.Error(f"the line is longer than {LONGEST_LINE:,} bytes")
        return line + "\n"


def _csv(source: Source, need_text: bool) -> Iterator[Record | BadRow]:  # noqa: FBT001  `records`' own
    lines = _CsvLines(source)
    try:
        first = next(lines)
    except csv.Error as error:
        raise InputError(f"{source.name}:1: {error}", "Its first line must name the columns.") from error
    names, delimiter = _header(source, first, need_text=need_text)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        line = lines.number + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield BadRow(line, f"not CSV ({error})")
            continue
        if len(cells) > len(names):
            yield BadRow(line, f"{len(cells)} cells, but {len(names)} columns: quote a cell that holds {delimiter!r}")
        elif cells:
            yield Record(line, dict(zip(names, cells, strict=False)))


def _header(source: Source, line: str, *, need_text: bool) -> tuple[list[str], str]:
    """The names of the columns, and the delimiter: the one by which a column holds a text, else the one that gives most columns."""
    names, best_delimiter = [""], ","
    for delimiter in "\t,;|" if source.name.lower().endswith((".tsv", ".tsv.gz")) else ",;\t|":
        try:
            cells = [name.strip() for name in next(csv.reader([line], delimiter=delimiter, strict=True), [])]
        except csv.Error as error:
            raise InputError(f"{source.name}:1: not CSV ({error})", "Its first line must name the columns.") from error
        has_text = text_column(cells, source.kind.columns) is not None
        if has_text or len(cells) > len(names) or names == [""]:
            names, best_delimiter = cells, delimiter
        if has_text:
            break
    else:
        if need_text:
            raise _no_column(source, next(csv.reader([line]), []))
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"{source.name}:1: the column {twice!r} appears twice", "Rename one of them.")
    return names, best_delimiter


def _parquet(source: Source, need_text: bool) -> Iterator[Record | BadRow]:  # noqa: FBT001  `records`' own
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(source.path) as file:
            names = file.schema_arrow.names
            if need_text and text_column(names, source.kind.columns) is None:
                raise _no_column(source, names)
            number = 0
            for batch in file.iter_batches(batch_size=_BATCH):
                for values in batch.to_pylist():
                    number += 1
                    yield Record(number, values)
    except (pa.ArrowException, UnicodeDecodeError) as error:
        reason = str(error).splitlines()[0][:200]
        raise InputError(f"{source.name}: the Parquet file is broken ({reason})", "Fetch or make it again.") from error
