"""Files of personas in: JSON Lines, Parquet, CSV and plain text, as records with their line number, in bounded memory.

What is wrong with a whole file is an `InputError`; what is wrong with one row is a `BadRow`, and reading goes on.
"""

import codecs
import csv
import gzip
import hashlib
import json
import shutil
import stat
import tempfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO, Any, cast

from pgraph.errors import InputError

FORMATS = ("jsonl", "parquet", "csv", "txt")
TEXT_COLUMNS = ("persona", "text", "description", "input persona")
LONGEST_LINE = 1 << 20
ENDINGS = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json-lines": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "txt",
}
_BINARY = ("parquet", "pdf", "docx")
_BLOCK = 1 << 20
_BATCH = 2000
_HOPELESS = 100  # rows without a text column, none with one: it is the file that is wrong
_CONVERT = "Convert it to UTF-8 first: iconv -f {} -t UTF-8 {} > new-file"


@dataclass(frozen=True, slots=True)
class Kind:
    """What a command's files hold, in which formats by ending, and in which columns where they have columns."""

    what: str
    endings: Mapping[str, str]
    columns: tuple[str, ...]

    @property
    def formats(self) -> list[str]:
        return list(dict.fromkeys(self.endings.values()))


PERSONAS = Kind("the persona's text", ENDINGS, TEXT_COLUMNS)


@dataclass(frozen=True, slots=True)
class Source:
    """A file that was looked through once: it is there, it is not empty, and a text file is UTF-8."""

    name: str  # as the user wrote it, "stdin" for "-"
    path: Path
    form: str
    sha256: str
    lines: int = 0  # of a text file, for telling how far a long import is
    kind: Kind = PERSONAS


@dataclass(frozen=True, slots=True)
class Record:
    line: int  # of a Parquet file: the row, from 1
    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class BadRow:
    line: int
    reason: str


@contextmanager
def opened(
    name: str, form: str | None = None, *, stdin: IO[bytes] | None = None, kind: Kind = PERSONAS
) -> Iterator[Source]:
    """Look through a file, its format told by `form` or the ending; "-" and pipes are first copied to a temporary file.

    Raises `InputError` for what cannot be read at all.
    """
    label = "stdin" if name == "-" else name
    with tempfile.TemporaryDirectory(prefix="pgraph-") as directory:
        try:
            source = _inspect(label, _file(name, Path(directory), stdin), form, kind)
        except OSError as error:
            raise unreadable(label, error) from error
        yield source


def records(source: Source, *, need_text: bool = True) -> Iterator[Record | BadRow]:
    """The rows of a file, one after another.

    Raises `InputError` where no row has a column for the persona's text, unless none is needed.
    """
    readers = {"jsonl": _jsonl, "parquet": _parquet, "csv": _csv}
    try:
        yield from _txt(source) if source.form == "txt" else readers[source.form](source, need_text)
    except OSError as error:
        raise unreadable(source.name, error) from error


def text_column(names: Iterable[str], columns: Sequence[str] = TEXT_COLUMNS) -> str | None:
    """Which of these columns holds the text; None when none does."""
    known = {plain_name(name): name for name in reversed(list(names))}
    return next((known[name] for name in columns if name in known), None)


@lru_cache(maxsize=1000)
def plain_name(column: str) -> str:
    return " ".join(column.replace("_", " ").casefold().split())


# --- the file as a whole


def _file(name: str, directory: Path, stdin: IO[bytes] | None) -> Path:
    if name == "-":
        if stdin is None:
            raise InputError("stdin: there is no standard input", "Pipe the rows in, or name a file.")
        return _spooled(stdin, directory)
    mode = Path(name).stat().st_mode
    if stat.S_ISDIR(mode):
        raise InputError(f"{name}: is a directory", f"Name the files in it: {name.rstrip('/')}/*.jsonl")
    if stat.S_ISFIFO(mode):
        with Path(name).open("rb") as pipe:
            return _spooled(pipe, directory)
    if not stat.S_ISREG(mode):
        raise InputError(f"{name}: is a device, not a file", "Name a file, or - for standard input.")
    return Path(name)


def _spooled(stream: IO[bytes], directory: Path) -> Path:
    path = directory / "input"
    with path.open("wb") as copy:
        shutil.copyfileobj(stream, copy, _BLOCK)
    return path


def unreadable(label: str, error: OSError) -> InputError:
    if isinstance(error, FileNotFoundError):
        return InputError(f"{label}: no such file", "Check the name; a path is read from the current directory.")
    if isinstance(error, PermissionError):
        return InputError(f"{label}: may not be read (permission denied)", "Check who owns it: ls -l.")
    return InputError(f"{label}: cannot be read ({error.strerror or error})", "Check the disk and the file.")


def _inspect(label: str, path: Path, form: str | None, kind: Kind) -> Source:
    with path.open("rb") as file:
        head = file.read(_BLOCK)
    if not head:
        raise InputError(f"{label}: is empty", "Nothing was read from it; check what wrote it.")
    form = form or _format(label, head, kind)
    _check_magic(label, head, form)
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for block in iter(lambda: file.read(_BLOCK), b""):
            digest.update(block)
    lines = 0 if form in _BINARY else _check_text(label, path, form)
    return Source(label, path, form, digest.hexdigest(), lines, kind)


def _format(label: str, head: bytes, kind: Kind) -> str:
    name = Path(label.removesuffix(".gz"))
    if name.suffix.lower() in kind.endings:
        return kind.endings[name.suffix.lower()]
    if label == "stdin" and head.startswith(b"PAR1"):
        return "parquet"
    if label == "stdin" and head.removeprefix(codecs.BOM_UTF8).lstrip()[:1] == b"{":
        return "jsonl"
    what = (
        "standard input does not say its format" if label == "stdin" else f"{label}: the ending does not say the format"
    )
    raise InputError(what, f"Add --format {'|'.join(kind.formats)}.")


def _check_magic(label: str, head: bytes, form: str) -> None:
    is_parquet = head.startswith(b"PAR1")
    if is_parquet and form != "parquet":
        raise InputError(f"{label}: is a Parquet file, not {form}", "Add --format parquet, or name it .parquet.")
    if form == "parquet" and not is_parquet:
        raise InputError(
            f"{label}: is not a Parquet file (it does not begin with PAR1)", "Add the --format that it has."
        )
    if label.endswith(".gz") and not _is_gzip(head):
        raise InputError(f"{label}: is not a gzip file", "Take the .gz off its name if it is plain text.")
    if head.startswith(b"PK\x03\x04") and form != "docx":
        raise InputError(f"{label}: is a ZIP or Office file", "Unpack it, or save the sheet as CSV.")


def _is_gzip(head: bytes) -> bool:
    return head.startswith(b"\x1f\x8b")


def unpacked(path: Path) -> IO[bytes]:
    """The bytes of a file, unpacked where it is gzip."""
    with path.open("rb") as file:
        packed = _is_gzip(file.read(2))
    return cast("IO[bytes]", gzip.open(path, "rb")) if packed else path.open("rb")


def _check_text(label: str, path: Path, form: str) -> int:
    """Count the lines of a text; refuse what is not UTF-8 before anything of it is written to a graph."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    offset, lines, returns = 0, 0, 0
    try:
        with unpacked(path) as file:
            for block in iter(lambda: file.read(_BLOCK), b""):
                if not offset:
                    _check_beginning(label, block, form)
                _check_block(label, block, decoder, offset=offset, line=lines + 1)
                offset, lines, returns = offset + len(block), lines + block.count(b"\n"), returns + block.count(b"\r")
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        hint = "Fetch or make it anew; `gzip -t FILE` checks it."
        raise InputError(f"{label}: the gzip file is broken ({error})", hint) from error
    if not offset:
        raise InputError(f"{label}: is empty once unpacked", "Check what wrote it.")
    if decoder.getstate()[0]:
        raise InputError(
            f"{label}:{lines + 1}: the file ends inside a UTF-8 character (byte {offset})", "It was cut: get it anew."
        )
    if returns and not lines and offset > LONGEST_LINE:
        raise InputError(
            f"{label}: its lines end with CR only", f"Convert it first: tr '\\r' '\\n' < {label} > new-file"
        )
    return lines + 1


def _check_beginning(label: str, block: bytes, form: str) -> None:
    for mark, name in (
        (codecs.BOM_UTF32_LE, "UTF-32"),
        (codecs.BOM_UTF16_LE, "UTF-16"),
        (codecs.BOM_UTF16_BE, "UTF-16"),
    ):
        if block.startswith(mark):
            raise InputError(
                f"{label}: is {name}, not UTF-8 (byte 0 is 0x{block[0]:02X})", _CONVERT.format(name, label)
            )
    sample = block[:4096]
    if len(sample) > 3 and max(sample[::2].count(0), sample[1::2].count(0)) > len(sample) // 4:
        raise InputError(
            f"{label}: is UTF-16, not UTF-8 (byte {sample.index(0)} is 0x00)", _CONVERT.format("UTF-16LE", label)
        )
    if form == "jsonl" and block.removeprefix(codecs.BOM_UTF8).lstrip()[:1] == b"[":
        raise InputError(
            f"{label}: holds one JSON list, where JSON Lines has one object a line",
            f"Convert it first: jq -c '.[]' {label} > new-file.jsonl",
        )


def _check_block(label: str, block: bytes, decoder: codecs.IncrementalDecoder, *, offset: int, line: int) -> None:
    pending = len(decoder.getstate()[0])
    zero = block.find(0)
    if zero >= 0:
        where = f"byte {offset + zero} is 0x00"
        raise InputError(
            f"{label}:{line + block.count(10, 0, zero)}: is a binary file ({where})",
            "Name a text file, or say its --format.",
        )
    try:
        decoder.decode(block)
    except UnicodeDecodeError as error:
        at = max(0, error.start - pending)
        where = f"byte {offset + error.start - pending} is 0x{error.object[error.start]:02X}"
        raise InputError(
            f"{label}:{line + block.count(10, 0, at)}: is not UTF-8 ({where})",
            _CONVERT.format("WINDOWS-1252", label) + " (if it is Latin-1 or Windows-1252).",
        ) from error


# --- the rows of each format


def _lines(source: Source) -> Iterator[tuple[int, str | None]]:
    """Line number and text without its line end; None for a line that is too long, which is skipped unread."""
    with unpacked(source.path) as file:
        number = 0
        while line := file.readline(LONGEST_LINE + 1):
            number += 1
            if len(line) > LONGEST_LINE and not line.endswith(b"\n"):
                while (rest := file.readline(LONGEST_LINE)) and not rest.endswith(b"\n"):
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
    """JSON Lines; rows without a text column are held back until one has it: when none does, the file is wrong."""
    held: list[Record] = []
    found = not need_text
    for number, line in _lines(source):
        if line is not None and not line.strip():
            continue
        row = _too_long(number) if line is None else _json_row(number, line)
        if isinstance(row, Record) and not found:
            if text_column(row.values, source.kind.columns) is None:
                held.append(row)
                if len(held) >= _HOPELESS:
                    break
                continue
            found = True
            yield from held
        yield row
    if held and not found:
        raise _no_column(source, held[0].values)


_DECODER = json.JSONDecoder(parse_constant=lambda _: None)  # NaN and Infinity are no values


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
    seen = ", ".join(str(name)[:40] for name in list(names)[:8]) or "none"
    return InputError(
        f"{source.name}: no column holds {source.kind.what} (columns: {seen})",
        f"Name it {' or '.join(source.kind.columns)}.",
    )


class _CsvLines:
    """Lines for csv.reader; a line too long is raised as `csv.Error`, after which the reader can go on."""

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
    """The names of the columns and what parts them: that by which one of them holds a text, else that by which most."""
    names, parted = [""], ","
    for delimiter in "\t,;|" if source.name.lower().endswith((".tsv", ".tsv.gz")) else ",;\t|":
        try:
            cells = [name.strip() for name in next(csv.reader([line], delimiter=delimiter, strict=True), [])]
        except csv.Error as error:
            raise InputError(f"{source.name}:1: not CSV ({error})", "Its first line must name the columns.") from error
        found = text_column(cells) is not None
        if found or len(cells) > len(names) or names == [""]:
            names, parted = cells, delimiter
        if found:
            break
    else:
        if need_text:
            raise _no_column(source, next(csv.reader([line]), []))
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"{source.name}:1: the column {twice!r} stands there twice", "Rename one of them.")
    return names, parted


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
        raise InputError(f"{source.name}: the Parquet file is broken ({reason})", "Fetch or make it anew.") from error
