"""Files in: does it exist, which format is it, is it text? `rows` then reads it as records, in bounded memory.

What is wrong with a whole file is an `InputError`; what is wrong with one row is a `BadRow`, and reading continues.
"""

import codecs
import gzip
import hashlib
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

from foundation.errors import InputError

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
_CONVERT = "Convert it to UTF-8 first: iconv -f {} -t UTF-8 {} > new-file"


@dataclass(frozen=True, slots=True)
class FileKind:
    """What a command reads: the `content` of its files in words, and the format of each of the `endings`.

    `columns`: the names that the column with the content may have, the preferred first.
    """

    content: str
    endings: Mapping[str, str]
    columns: tuple[str, ...]

    @property
    def formats(self) -> list[str]:
        """The formats, each once."""
        return list(dict.fromkeys(self.endings.values()))


PERSONAS = FileKind("the persona's text", ENDINGS, TEXT_COLUMNS)


@dataclass(frozen=True, slots=True)
class Source:
    """A checked file: it exists, it is not empty, and a text file is UTF-8.

    `name` is that of the user, `path` where its bytes are, `form` its format, `sha256` the digest of its content.
    """

    name: str  # as the user wrote it, "stdin" for "-"
    path: Path
    form: str
    sha256: str
    lines: int = 0  # of a text file, to report how far a long import has come
    kind: FileKind = PERSONAS


@dataclass(frozen=True, slots=True)
class Record:
    """A row of a file: its `values` by column, and the `line` where it begins."""

    line: int  # of a Parquet file: the row, from 1
    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be used: the `line` where it begins, and the `reason`."""

    line: int
    reason: str


@contextmanager
def opened(
    name: str, form: str | None = None, *, stdin: IO[bytes] | None = None, kind: FileKind = PERSONAS
) -> Iterator[Source]:
    r"""Check the file `name` and give it as a `Source`; its format is `form`, else the ending says it.

    "-" is `stdin`; it and pipes are first copied to a temporary file. `kind` says what the file should hold. Raises
    `InputError` for a file that cannot be read at all. The file is read once as a whole, for its digest and its coding.

    >>> with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
    ...     _ = file.write("id,persona\n7,A nurse who sings\n")
    ...     file.flush()
    ...     with opened(file.name) as source:
    ...         print(source.form, source.lines)
    csv 3
    """
    label = "stdin" if name == "-" else name
    with tempfile.TemporaryDirectory(prefix="pgraph-") as directory:
        try:
            source = _inspect(label, _file(name, Path(directory), stdin), form, kind)
        except OSError as error:
            raise unreadable(label, error) from error
        yield source


def text_column(names: Iterable[str], columns: Sequence[str] = TEXT_COLUMNS) -> str | None:
    """Which of the columns `names` holds the text: the first of `columns` that is there, whatever its case; None if none is.

    >>> text_column(["id", "Input_Persona"])
    'Input_Persona'
    """
    by_plain_name = {plain_name(name): name for name in reversed(list(names))}
    return next((by_plain_name[name] for name in columns if name in by_plain_name), None)


@lru_cache(maxsize=1000)
def plain_name(column: str) -> str:
    """The name of a `column` without case, underscores and superfluous blanks."""
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
    """The error for a file `label` that cannot be read, by the system's `error`."""
    if isinstance(error, FileNotFoundError):
        return InputError(f"{label}: no such file", "Check the name; a path is read from the current directory.")
    if isinstance(error, PermissionError):
        return InputError(f"{label}: may not be read (permission denied)", "Check who owns it: ls -l.")
    return InputError(f"{label}: cannot be read ({error.strerror or error})", "Check the disk and the file.")


def _inspect(label: str, path: Path, form: str | None, kind: FileKind) -> Source:
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


def _format(label: str, head: bytes, kind: FileKind) -> str:
    name = Path(label.removesuffix(".gz"))
    if name.suffix.lower() in kind.endings:
        return kind.endings[name.suffix.lower()]
    if label == "stdin" and head.startswith(b"PAR1"):
        return "parquet"
    if label == "stdin" and head.removeprefix(codecs.BOM_UTF8).lstrip()[:1] == b"{":
        return "jsonl"
    problem = f"{label}: the ending does not say the format"
    if label == "stdin":
        problem = "standard input does not say its format"
    raise InputError(problem, f"Add --format {'|'.join(kind.formats)}.")


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
    offset = lines = returns = 0
    try:
        with unpacked(path) as file:
            for block in iter(lambda: file.read(_BLOCK), b""):
                if not offset:
                    _check_beginning(label, block, form)
                _check_block(label, block, decoder, offset=offset, line=lines + 1)
                offset += len(block)
                lines += block.count(b"\n")
                returns += block.count(b"\r")
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        hint = "Fetch or make it again; `gzip -t FILE` checks it."
        raise InputError(f"{label}: the gzip file is broken ({error})", hint) from error
    if not offset:
        raise InputError(f"{label}: is empty once unpacked", "Check what wrote it.")
    if decoder.getstate()[0]:
        raise InputError(
            f"{label}:{lines + 1}: the file ends inside a UTF-8 character (byte {offset})", "It was cut: get it again."
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
        raise InputError(
            f"{label}:{line + block.count(10, 0, zero)}: is a binary file (byte {offset + zero} is 0x00)",
            "Name a text file, or say its --format.",
        )
    try:
        decoder.decode(block)
    except UnicodeDecodeError as error:
        position = error.start - pending  # in this block; below 0 in the one before
        byte = f"byte {offset + position} is 0x{error.object[error.start]:02X}"
        raise InputError(
            f"{label}:{line + block.count(10, 0, max(0, position))}: is not UTF-8 ({byte})",
            _CONVERT.format("WINDOWS-1252", label) + " (if it is Latin-1 or Windows-1252).",
        ) from error
