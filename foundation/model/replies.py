"""The reply cache: every reply that was paid for, on disk before anything else happens to it."""

import asyncio
import contextlib
import json
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Self

from foundation.errors import PgraphError, StoreError, StoreUnavailableError
from foundation.model.messages import ChatReply

_VERSION = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS reply (
  key BLOB PRIMARY KEY, run TEXT, call TEXT, tag TEXT NOT NULL, at REAL NOT NULL,
  text TEXT NOT NULL, finish TEXT NOT NULL, tokens_in INTEGER NOT NULL, tokens_out INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS reply_run ON reply (run);
CREATE TABLE IF NOT EXISTS fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
"""
_PUT = "INSERT OR IGNORE INTO reply VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
_LOCK_SECONDS = 30.0
_COMMIT_ROWS = 1000


@dataclass(frozen=True, slots=True)
class _Put:
    row: tuple[object, ...]
    written: asyncio.Future[None]  # resolved when the row is on disk


class Replies:
    """The replies in the SQLite file at `path`, which any number of processes use at once. `open` and `close` it, or use `with`.

    One thread writes; all replies that wait share one commit, so the disk is synced as often as it can be, not once a reply.
    Every method raises `StoreError` if the file fails, `StoreUnavailableError` while it is closed.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._puts: SimpleQueue[_Put | None] = SimpleQueue()
        self._writer: threading.Thread | None = None
        self._reader: sqlite3.Connection | None = None

    def open(self) -> Self:
        """Make the file if it is missing, and start the thread that writes."""
        with self._converted():
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._reader = self._connect()
            self._prepare(self._reader)
        self._writer = threading.Thread(target=self._write, name="replies", daemon=True)
        self._writer.start()
        return self

    def close(self) -> None:
        """Write what still waits, then close the file."""
        if self._writer is not None:
            self._puts.put(None)
            self._writer.join()
            self._writer = None
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def __enter__(self) -> Self:
        return self.open()

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- replies

    def get(self, key: bytes) -> ChatReply | None:
        """The reply kept under `key` (a digest of the whole request), marked `from_cache`; None if there is none."""
        with self._converted():
            row = (
                self._open()
                .execute("SELECT text, finish, tokens_in, tokens_out FROM reply WHERE key = ?", (key,))
                .fetchone()
            )
        return None if row is None else _reply(row)

    async def put(self, key: bytes, tag: Mapping[str, Any], reply: ChatReply) -> None:
        """Keep `reply` with its `tag` under `key`, unless the key is there already; returns when it is on disk."""
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        text = json.dumps(dict(tag), default=str)
        head = (key, tag.get("run"), tag.get("call"), text, time.time())
        self._puts.put(_Put((*head, reply.text, reply.finish, reply.tokens_in, reply.tokens_out), written))
        await written

    def of_run(self, run: str) -> Iterator[tuple[dict[str, Any], ChatReply]]:
        """The replies that `run` paid for, each with its tag, in the order of arrival, not yet checked (`chat.checked`)."""
        with self._converted(), contextlib.closing(self._connect()) as connection:
            query = "SELECT text, finish, tokens_in, tokens_out, tag FROM reply WHERE run = ? ORDER BY rowid"
            for *values, tag in connection.execute(query, (run,)):
                yield json.loads(tag), _reply(values)

    # -- facts about a server

    def fact(self, name: str) -> str | None:
        """What an earlier process remembered under `name`; None if nothing."""
        with self._converted():
            row = self._open().execute("SELECT value FROM fact WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def remember(self, name: str, value: str) -> None:
        """Keep `value` under `name` for later processes: something learnt about a server."""
        with self._converted(), contextlib.closing(self._connect()) as connection, connection:
            connection.execute("INSERT OR REPLACE INTO fact VALUES (?, ?)", (name, value))

    # -- inside

    def _open(self) -> sqlite3.Connection:
        if self._reader is None:
            raise StoreUnavailableError(f"{self._path}: the reply cache is closed", "Open it first.")
        return self._reader

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path, timeout=_LOCK_SECONDS, isolation_level=None, check_same_thread=False, cached_statements=16
        )
        connection.execute("PRAGMA synchronous = FULL")
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA journal_mode = WAL")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > _VERSION:
            raise StoreError(f"{self._path}: written by a newer pgraph", "Upgrade pgraph, or move the file away.")
        if version < _VERSION:
            connection.executescript(f"BEGIN IMMEDIATE;{_SCHEMA}PRAGMA user_version = {_VERSION};COMMIT")

    def _write(self) -> None:
        connection: sqlite3.Connection | None = None
        is_last = False
        while not is_last:
            first_put = self._puts.get()
            puts = [] if first_put is None else [first_put]
            is_last = first_put is None
            while not self._puts.empty() and len(puts) < _COMMIT_ROWS and not is_last:
                next_put = self._puts.get()
                if next_put is None:
                    is_last = True
                else:
                    puts.append(next_put)
            error: PgraphError | None = None
            try:
                with self._converted():
                    connection = connection or self._connect()
                    _commit(connection, puts)
            except PgraphError as write_error:
                error = write_error
            _wake(puts, error)
        if connection is not None:
            connection.close()

    @contextlib.contextmanager
    def _converted(self) -> Iterator[None]:
        """Raise the errors of SQLite and of the system as ours."""
        try:
            yield
        except sqlite3.Error as error:
            raise _convert(self._path, error) from error
        except OSError as error:
            raise StoreError(
                f"{self._path}: {error.strerror}", "Make the folder writable, or use another one."
            ) from error


def _commit(connection: sqlite3.Connection, puts: list[_Put]) -> None:
    if not puts:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.executemany(_PUT, [put.row for put in puts])
        connection.execute("COMMIT")
    except sqlite3.Error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _wake(puts: list[_Put], error: PgraphError | None) -> None:
    """Wake the callers that wait for these rows, each event loop once."""
    waiting: dict[asyncio.AbstractEventLoop, list[asyncio.Future[None]]] = {}
    for put in puts:
        waiting.setdefault(put.written.get_loop(), []).append(put.written)
    for loop, futures in waiting.items():
        with contextlib.suppress(RuntimeError):  # that loop has ended; the replies are on disk all the same
            loop.call_soon_threadsafe(_resolve, futures, error)


def _resolve(futures: list[asyncio.Future[None]], error: PgraphError | None) -> None:
    for future in futures:
        if future.done():  # cancelled meanwhile
            continue
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error)


def _reply(values: Any) -> ChatReply:  # noqa: ANN401  a row of SQLite
    text, finish, tokens_in, tokens_out = values
    return ChatReply(text, finish=finish, tokens_in=tokens_in, tokens_out=tokens_out, from_cache=True)


def _convert(path: Path, error: sqlite3.Error) -> PgraphError:
    reason, hint = _explained(error)
    return StoreError(f"{path}: {reason}", hint)


def _explained(error: sqlite3.Error) -> tuple[str, str]:
    """What is wrong with the file, and what to do next."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_FULL or "disk is full" in str(error):
        return "the disk is full", "Free some space and start the same command again: what is in the file stays."
    if code in {sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT}:
        return (
            "not a reply cache, or a damaged one",
            "Move the file away; the replies in it must then be paid for again.",
        )
    if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return f"another process has locked it for {_LOCK_SECONDS:.0f} s", "Find that process, then start again."
    if code in {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM}:
        return f"cannot be opened for writing ({error})", "Make the file and its folder writable."
    if code == sqlite3.SQLITE_IOERR:
        return f"the disk refuses the write ({error})", "Check free space and the disk, then start again."
    return f"the reply cache fails ({error})", "Move the file away if it is damaged."


def tag_of(path: Path, run: str, call: str) -> dict[str, Any] | None:
    """The tag kept with the reply to `call` of `run` in the file at `path`; None if it is not there.

    Reads the replies of the run: 1 µs each. Raises `StoreError` if the file cannot be read.
    """
    if not path.exists():
        return None
    try:
        with contextlib.closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            row = connection.execute("SELECT tag FROM reply WHERE run = ? AND call = ?", (run, call)).fetchone()
    except sqlite3.Error as error:
        raise StoreError(f"{path}: the reply cache cannot be read ({error})", "Move the file away.") from error
    return None if row is None else dict(json.loads(row[0]))
