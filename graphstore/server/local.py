"""The local store: find the workspace's graph server, or start it; connect, look at it, stop it."""

import contextlib
import fcntl
import json
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foundation.errors import SettingsError, StoreUnavailableError
from graphstore.server.bolt import LocalStore
from graphstore.server.local_server import BUSY, DATABASE, INFO, READER, READY, SERVER_LOCK, START_LOCK, USER, locked
from graphstore.store import GraphStore

LOG = "server.log"
_START_WITHIN = 60.0
_STOP_WITHIN = 20.0
_LOG_BYTES = 4_000_000
_DISK_NEEDED = 64_000_000  # a fresh database takes about a quarter of it


@dataclass(frozen=True, slots=True)
class ServerStatus:
    """What is known of the server of the workspace's `directory`; `pid` is 0 if none runs.

    `address` is for any Bolt client, `started` as `clock.now` writes it, `memory_bytes` those of the process.
    """

    directory: Path
    pid: int = 0
    address: str = ""
    started: str = ""
    version: str = ""
    memory_bytes: int = 0
    disk_bytes: int = 0


def connect(directory: Path, *, heap: str, idle: float) -> GraphStore:
    """The store in `directory`; starts its server when none runs. Safe against any number of callers at once.

    The server gets `heap` memory, as Java writes it (512m, 2g), and stops after `idle` seconds without a client. Raises
    `SettingsError` for a heap that is not a size, `StoreUnavailableError` if the server does not start.
    """
    if not re.fullmatch(r"[1-9]\d*[kmgKMG]", heap):
        raise SettingsError(f"local_heap = {heap!r} is not a size that Java takes", "Write it as 512m or 2g.")
    directory = directory.absolute()
    _prepare(directory)
    with _start_lock(directory, fcntl.LOCK_SH):  # a server about to leave waits for us, or has left
        store = _running(directory)
    if store is None:
        with _start_lock(directory, fcntl.LOCK_EX):  # one starter at a time
            store = _running(directory) or _start(directory, heap, idle)
    return store


def status(directory: Path) -> ServerStatus:
    """What is known of the server of `directory`, without starting anything."""
    directory = _existing(directory)
    facts = _facts(directory)
    disk_bytes = sum(path.stat().st_size for path in (directory / "data").rglob("*") if path.is_file())
    if facts is None:
        return ServerStatus(directory, disk_bytes=disk_bytes)
    import psutil

    with contextlib.suppress(psutil.NoSuchProcess):
        memory = psutil.Process(facts["pid"]).memory_info().rss
        address = f"bolt://127.0.0.1:{facts['port']}"
        return ServerStatus(directory, facts["pid"], address, facts["started"], facts["version"], memory, disk_bytes)
    return ServerStatus(directory, disk_bytes=disk_bytes)


def stop(directory: Path) -> bool:
    """Stop the server of `directory` and wait until it has gone; False if none ran.

    Raises `StoreUnavailableError` if it does not stop within 20 seconds.
    """
    directory = _existing(directory)
    facts = _facts(directory)
    if facts is None:
        return False
    os.kill(facts["pid"], signal.SIGTERM)
    deadline = time.monotonic() + _STOP_WITHIN
    while _alive(directory):
        if time.monotonic() > deadline:
            raise StoreUnavailableError(
                f"the local graph server (process {facts['pid']}) does not stop",
                f"Its log is {directory / LOG}; nothing committed is lost when it is killed.",
            )
        time.sleep(0.05)
    return True


def _existing(directory: Path) -> Path:
    directory = directory.absolute()
    if directory.exists():
        _prepare(directory)
    return directory


def _prepare(directory: Path) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        owner = directory.stat().st_uid
    except OSError as error:
        raise StoreUnavailableError(
            f"{directory}: cannot hold the local store ({error.strerror})",
            "Choose a workspace that you can write to: pgraph -C DIR …",
        ) from error
    if owner != os.geteuid():
        raise StoreUnavailableError(
            f"{directory} belongs to another user (uid {owner})",
            "Run as that user, or work in a workspace of your own: pgraph -C DIR …",
        )


@contextlib.contextmanager
def _start_lock(directory: Path, mode: int) -> Iterator[None]:
    try:
        lock = locked(directory / START_LOCK, mode)
        lock.__enter__()
    except OSError as error:
        raise StoreUnavailableError(
            f"{directory / START_LOCK}: cannot be locked ({error.strerror})",
            "The workspace must be writable and on a file system with file locks.",
        ) from error
    try:
        yield
    finally:
        lock.__exit__(None, None, None)


def _alive(directory: Path) -> bool:
    """Whether a server process holds this directory."""
    try:
        with locked(directory / SERVER_LOCK, fcntl.LOCK_SH | fcntl.LOCK_NB):
            return False
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False


def _facts(directory: Path) -> dict[str, Any] | None:
    """What the running server wrote about itself; None if none runs, or it is not ready."""
    if not _alive(directory):  # another program may use the port that a killed server wrote down
        return None
    with contextlib.suppress(FileNotFoundError, json.JSONDecodeError):
        facts: dict[str, Any] = json.loads((directory / INFO).read_text(encoding="utf-8"))
        return facts
    return None


def _running(directory: Path) -> LocalStore | None:
    facts = _facts(directory)
    if facts is None:
        return None
    store = LocalStore(
        f"bolt://127.0.0.1:{facts['port']}", USER, facts["password"], DATABASE,
        reader=(READER, facts["reader_password"]), directory=directory,
    )  # fmt: skip
    try:
        store.ping()
    except StoreUnavailableError:
        store.close()
        return None
    return store


def _start(directory: Path, heap: str, idle: float) -> LocalStore:
    deadline = time.monotonic() + _START_WITHIN
    while time.monotonic() < deadline:
        answer = _spawn(directory, heap, idle, deadline - time.monotonic())
        if answer == READY and (store := _running(directory)) is not None:
            return store
        if answer not in (READY, BUSY):
            raise _not_started(directory, heap)
        time.sleep(0.1)  # a server that is still closing, or one whose starter was killed
        if (store := _running(directory)) is not None:
            return store
    raise _not_started(directory, heap)


def _spawn(directory: Path, heap: str, idle: float, seconds: float) -> str:
    """Start a server and wait for its answer: ready, busy, or nothing when it died or took too long."""
    log_path = directory / LOG
    if log_path.exists() and log_path.stat().st_size > _LOG_BYTES:
        log_path.replace(directory / f"{LOG}.1")
    log = os.open(log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    read_end, write_end = os.pipe()
    try:
        child = subprocess.Popen(
            # -P: a user's folder named like a module must not be imported in its place
            [sys.executable, "-P", "-m", "graphstore.server.local_server", str(directory), str(idle), heap, str(write_end)],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, pass_fds=[write_end],
            env={**os.environ, "LC_ALL": "C.UTF-8"},  # Java opens a path beyond ASCII only in such a locale
        )  # fmt: skip
    except OSError as error:
        os.close(read_end)
        raise StoreUnavailableError(
            f"{sys.executable}: cannot be started ({error.strerror})", "Free some memory."
        ) from error
    finally:
        os.close(log)
        os.close(write_end)
    child.wait()  # it forks and leaves
    with os.fdopen(read_end) as pipe:
        ready, _, _ = select.select([pipe], [], [], seconds)
        return pipe.read() if ready else ""


def _not_started(directory: Path, heap: str) -> StoreUnavailableError:
    log = directory / LOG
    text = log.read_text(encoding="utf-8", errors="replace").splitlines()
    lines = [line for line in text if line[:1].strip()][-2:]  # without the inside of a traceback
    hint = f"The whole log is {log}."
    if shutil.disk_usage(directory).free < _DISK_NEEDED:
        hint = f"The disk is nearly full: make room on the file system of {directory}. {hint}"
    elif any("JVM" in line or "memory" in line.lower() for line in lines):
        hint = f"local_heap is {heap}: this machine may not have as much; 512m is enough for most. {hint}"
    return StoreUnavailableError("the local graph server did not start: " + " / ".join(lines), hint)
