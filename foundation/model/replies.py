"""The reply cache: every reply that was paid for, on disk before anything else happens to it."""

import asyncio
import contextlib
import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping
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
    done: asyncio.Future[None]


class Replies:
    """An SQLite file that any number of processes use at once; `open` it, `close` it, or use it with `with`.

    One thread writes; all puts that wait share one commit, so the disk is synced as often as it can, not once a reply.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._puts: SimpleQueue[_Put | None] = SimpleQueue()
        self._writer: threading.Thread | None = None
        self._reader: sqlite3.Connection | None = None

    def open(self) -> Self:
        with self._converted():
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._reader = self._connect()
            self._prepare(self._reader)
        self._writer = threading.Thread(target=self._write, name="replies", daemon=True)
        self._writer.start()
        return self

    def close(self) -> None:
        """Write what waits, then let go of the file."""
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
        with self._converted():
            found = (
                self._open()
                .execute("SELECT text, finish, tokens_in, tokens_out FROM reply WHERE key = ?", (key,))
                .fetchone()
            )
        return None if found is None else _reply(found)

    async def put(self, key: bytes, tag: Mapping[str, Any], reply: ChatReply) -> None:
        """Returns when the reply is on disk."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        text = json.dumps(dict(tag), default=str)
        row = (key, tag.get("run"), tag.get("call"), text, time.time())
        self._puts.put(_Put((*row, reply.text, reply.finish, reply.tokens_in, reply.tokens_out), done))
        await done

    def of_run(self, run: str) -> Iterator[tuple[dict[str, Any], ChatReply]]:
        """The replies that a run paid for, in the order of their arrival, not yet checked (`foundation.model.chat.checked`)."""
        with self._converted(), contextlib.closing(self._connect()) as connection:
            query = "SELECT text, finish, tokens_in, tokens_out, tag FROM reply WHERE run = ? ORDER BY rowid"
            for *values, tag in connection.execute(query, (run,)):
                yield json.loads(tag), _reply(values)

    # -- what was found out about a server

    def fact(self, name: str) -> str | None:
        with self._converted():
            found = self._open().execute("SELECT value FROM fact WHERE name = ?", (name,)).fetchone()
        return None if found is None else str(found[0])

    def remember(self, name: str, value: str) -> None:
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
        last = False
        while not last:
            first = self._puts.get()
            puts = [] if first is None else [first]
            last = first is None
            while not self._puts.empty() and len(puts) < _COMMIT_ROWS and not last:
                further = self._puts.get()
                if further is None:
                    last = True
                else:
                    puts.append(further)
            error: PgraphError | None = None
            try:
                with self._converted():
                    connection = connection or self._connect()
                    _commit(connection, puts)
            except PgraphError as failed:
                error = failed
            _tell(puts, error)
        if connection is not None:
            connection.close()

    @contextlib.contextmanager
    def _converted(self) -> Iterator[None]:
        """Foreign errors become ours."""
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


def _tell(puts: list[_Put], error: PgraphError | None) -> None:
    """Wake those that wait, each loop once."""
    waiting: dict[asyncio.AbstractEventLoop, list[asyncio.Future[None]]] = {}
    for put in puts:
        waiting.setdefault(put.done.get_loop(), []).append(put.done)
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
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    say: Callable[[str, str], PgraphError] = lambda text, hint: StoreError(f"{path}: {text}", hint)  # noqa: E731
    if code == sqlite3.SQLITE_FULL or "disk is full" in str(error):
        return say("the disk is full", "Free some space and start the same command again: what is in the file stays.")
    if code in {sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT}:
        return say("not a reply cache, or a damaged one", "Move the file away; replies in it are then bought again.")
    if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return say(f"another process has locked it for {_LOCK_SECONDS:.0f} s", "Find that process, then start again.")
    if code in {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM}:
        return say(f"cannot be opened for writing ({error})", "Make the file and its folder writable.")
    if code == sqlite3.SQLITE_IOERR:
        return say(f"the disk does not take it ({error})", "Check free space and the disk, then start again.")
    return say(f"the reply cache fails ({error})", "Move the file away if it is damaged.")


def tag_of(path: Path, run: str, call: str) -> dict[str, Any] | None:
    """What was kept with the reply to a call; None where this workspace has none. Reads the run's replies: 1 µs each."""
    if not path.exists():
        return None
    try:
        with contextlib.closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            found = connection.execute("SELECT tag FROM reply WHERE run = ? AND call = ?", (run, call)).fetchone()
    except sqlite3.Error as error:
        raise StoreError(f"{path}: the reply cache cannot be read ({error})", "Move the file away.") from error
    return None if found is None else dict(json.loads(found[0]))
