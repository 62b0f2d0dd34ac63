"""The output of an inference: rows appended as they come, and recognised by their ids after any interruption."""

import fcntl
import json
import re
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from hashlib import blake2b
from pathlib import Path
from typing import IO, Any, Self

from distill.batch.tables import Kinds, as_json_value, to_parquet
from foundation.errors import InputError, UsageError
from graphstore.files import BadRow, opened, records, replacing, unwritable

_ENDINGS = {".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl", ".parquet": "parquet"}
# a database on disk that ends with the process; what is in it follows from the output and the input
_INDEX = """
    PRAGMA journal_mode = OFF;
    PRAGMA cache_size = -16384;
    CREATE TABLE answer (key BLOB PRIMARY KEY, line INTEGER NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;
    BEGIN;
"""
_HINT = "Give another --output, or move the file away."
_KEPT = "what was answered is kept, the same command continues from there"


def key_of(identity: object) -> bytes:
    """A row's id as 16 bytes; 1 and "1" are the same, as only some file formats distinguish them."""
    value = identity if isinstance(identity, str | int | float | list | dict) else as_json_value(identity)
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=as_json_value)
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


class Answers:
    """The file of answers at `output`; `open` it, `close` it, or use it with `with`. Answers go to the `column`.

    JSON Lines are appended to the output itself. For Parquet they go to OUT.part.jsonl, which becomes the output at the
    end; `column_types` are those of the input. Failed rows go to OUT.failed.jsonl, written again by each run: they are in
    no output, so each run tries them again. Raises `UsageError` for a file that cannot be written.
    """

    def __init__(self, output: str, column: str, column_types: Kinds | None) -> None:
        self.output = output
        self.column = column
        self.done = 0  # rows that an earlier run answered
        self._made_by: Counter[tuple[str, str]] = Counter()  # the prompt and the model that made them
        self._column_types = column_types
        self._form = _form(output)
        self._path = Path(output + ".part.jsonl" if self._form == "parquet" else output)
        self._failed = Path(output + ".failed.jsonl")
        self._file: IO[bytes] | None = None
        self._failures: IO[bytes] | None = None
        self._end = 0
        self._index: sqlite3.Connection | None = None

    def open(self) -> Self:
        """Lock the file, and read which rows are answered. Raises `InputError` for a file of another origin."""
        with self._converted():
            if self._form == "parquet" and Path(self.output).exists() and not self._path.exists():
                self._unpack()
            self._file = self._locked()
            self._index = sqlite3.connect("", isolation_level=None, check_same_thread=False)
            self._index.executescript(_INDEX)
            self._index.executemany("INSERT OR IGNORE INTO answer VALUES (?, 0, ?)", self._read(self._file))
            self.done = int(self._database.execute("SELECT count(*) FROM answer").fetchone()[0])
        return self

    def begin(self) -> None:
        """Forget the failures of earlier runs: those rows are tried again now."""
        with self._converted():
            self._failures = self._failed.open("wb")

    def close(self) -> None:
        """Close the files, and remove those that stayed empty."""
        if self._file is None:
            return
        with suppress(OSError):
            if not self._path.stat().st_size:
                self._path.unlink()  # while it is still locked: another process may wait for it
        for resource in (self._failures, self._index, self._file):
            with suppress(OSError):  # a full disk was reported when it was written to
                if resource is not None:
                    resource.close()
        with suppress(OSError):
            if not self._failed.stat().st_size:
                self._failed.unlink()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def others(self, prompt: str, model: str) -> int:
        """How many rows of an earlier run came from another `prompt` (its digest) or `model`."""
        return self.done - self._made_by[prompt, model]

    # -- rows

    def meet(self, key: bytes, line: int) -> int | None:
        """Note that `line` of the input has a row with this `key`.

        None if it must still be answered, 0 if it is answered, otherwise the earlier line with the same id.
        """
        row = self._database.execute("SELECT line, at FROM answer WHERE key = ?", (key,)).fetchone()
        if row is None:
            self._database.execute("INSERT INTO answer VALUES (?, ?, -1)", (key, line))
            return None
        if not row[0]:
            self._database.execute("UPDATE answer SET line = ? WHERE key = ?", (line, key))
        return int(row[0])

    def add(self, rows: Sequence[tuple[bytes, bytes]]) -> None:
        """Append `rows`, each a key and a whole line; when it returns they outlive this process."""
        with self._converted():
            places = []
            for key, line in rows:
                places.append((self._end, key))
                self._end += len(line)
            _opened(self._file).write(b"".join(line for _, line in rows))
            _opened(self._file).flush()
        self._database.executemany("UPDATE answer SET at = ? WHERE key = ?", places)

    def fail(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Append `rows` to the file of failures."""
        with self._converted():
            _opened(self._failures).write(b"".join(encoded(row, strict=False) for row in rows))
            _opened(self._failures).flush()

    def finish(self, *, ordered: bool) -> None:
        """Bring the output into its final form: its format and, if `ordered`, the order of the input."""
        with self._converted():
            if ordered and self._is_out_of_order():
                with replacing(str(self._path)) as temporary, temporary.open("wb") as sorted_rows:
                    sorted_rows.writelines(self._in_order())
            if self._form == "parquet" and self._path.stat().st_size:
                with replacing(self.output) as temporary:
                    to_parquet(self._path, temporary, self._column_types)
                self._path.unlink()

    # -- inside

    def _locked(self) -> IO[bytes]:
        """The file, locked against other processes until this one ends."""
        file = self._path.open("a+b")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            hint = "Wait for it, or give another --output."
            raise UsageError(f"{self.output}: another pgraph infer is writing it", hint) from None
        return file

    @property
    def _database(self) -> sqlite3.Connection:
        if self._index is None:
            raise UsageError(f"{self.output}: is not open", "Open it first.")
        return self._index

    def _read(self, file: IO[bytes]) -> Iterator[tuple[bytes, int]]:
        """Key and place of every row that is there; half a line at the end, cut by a kill, is taken away."""
        file.seek(0)
        for number, line in enumerate(file, start=1):
            if not line.endswith(b"\n"):
                if not _is_half(line):
                    self._row(number, line)  # refuses a file of another origin
                break
            row = self._row(number, line)
            self._made_by[str(row[f"{self.column}_prompt"]), str(row[f"{self.column}_model"])] += 1
            yield key_of(row["id"]), self._end
            self._end += len(line)
        file.truncate(self._end)

    def _row(self, number: int, line: bytes) -> dict[str, Any]:
        try:
            row = json.loads(line)
        except ValueError:
            row = None
        needed = {"id", self.column, f"{self.column}_prompt", f"{self.column}_model"}
        if not isinstance(row, dict) or not needed <= set(row):
            raise InputError(
                f"{self._path}:{number}: is not an answer of pgraph infer in column {self.column!r}", _HINT
            )
        return row

    def _is_out_of_order(self) -> bool:
        before = 0
        for (line,) in self._database.execute("SELECT line FROM answer WHERE at >= 0 ORDER BY at"):
            if line < before:
                return True
            before = line
        return False

    def _in_order(self) -> Iterator[bytes]:
        """The lines of the file in the order of the input; those that the input no longer has come first."""
        file = _opened(self._file)
        for (position,) in self._database.execute("SELECT at FROM answer WHERE at >= 0 ORDER BY line, at"):
            file.seek(position)
            yield file.readline()

    def _unpack(self) -> None:
        with (
            opened(self.output, "parquet") as source,
            replacing(str(self._path)) as temporary,
            temporary.open("wb") as file,
        ):
            for record in records(source, need_text=False):
                if not isinstance(record, BadRow):
                    file.write(encoded(record.values))

    @contextmanager
    def _converted(self) -> Iterator[None]:
        """Raise the errors of SQLite and of the system as ours."""
        try:
            yield
        except OSError as error:
            raise unwritable(str(self._path), error, consequence=_KEPT) from error
        except sqlite3.Error as error:
            raise InputError(
                f"{self.output}: the index of its ids fails ({error})",
                "Make room in the directory for temporary files, or set SQLITE_TMPDIR to one that has it.",
            ) from error


def _form(output: str) -> str:
    form = _ENDINGS.get(Path(output).suffix.lower())
    if form is None:
        raise UsageError(f"{output}: the ending does not say the format", "Name it .jsonl or .parquet.")
    if Path(output).is_dir():
        raise UsageError(f"{output}: is a directory", "Give a file name in it.")
    return form


def _opened(file: IO[bytes] | None) -> IO[bytes]:
    if file is None:
        raise UsageError("the output is not open", "Open it first.")
    return file


_HALVES = re.compile("[\ud800-\udfff]")


def encoded(row: Mapping[str, Any], *, strict: bool = True) -> bytes:
    """A row as a line of JSON. Half a character raises `ValueError` if `strict`, otherwise it is written as an escape."""
    try:
        text = json.dumps(row, ensure_ascii=False, allow_nan=False, default=as_json_value)
    except ValueError:
        text = json.dumps(_without_nan(row), ensure_ascii=False, default=as_json_value)
    if not strict:
        text = _HALVES.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
    return text.encode() + b"\n"


def _without_nan(value: Any) -> Any:  # noqa: ANN401  any JSON value
    if isinstance(value, float):
        return value if abs(value) < float("inf") else None
    if isinstance(value, Mapping):
        return {key: _without_nan(part) for key, part in value.items()}
    return [_without_nan(part) for part in value] if isinstance(value, list | tuple) else value


def _is_half(line: bytes) -> bool:
    """Whether it is the beginning of a row and no more."""
    try:
        json.loads(line)
    except ValueError:
        return line.startswith(b'{"')
    return False


def same_file(first: str, second: str) -> bool:
    """Whether `first` and `second` are names of the same existing file."""
    with suppress(OSError):
        return Path(first).samefile(second)
    return False
