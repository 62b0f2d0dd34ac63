"""The local graph server: one child process per workspace, shared by every pgraph process that works there.

Started by `graphstore.server.local`, never by hand. It listens on the loopback interface only, takes new passwords at each
start, flushes to disk on every commit, and stops when no client has been connected for a while.
"""

import contextlib
import fcntl
import json
import os
import secrets
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from foundation.clock import now

DATABASE = "pgraph"
USER = "root"
READER = "reader"
INFO = "server.json"
SERVER_LOCK = "server.lock"  # held by the server as long as it lives
START_LOCK = "start.lock"  # shared: about to connect; exclusive: starting, or about to leave
READY, BUSY = "ready", "busy"

_READ_LIMIT_MS = 3_600_000  # the engine's own last resort; the time-out asked for is kept by graphstore.server.adhoc
_LOOK_EVERY = 0.5
_SYSTEM = {
    "arcadedb.txWalFlush": "2",  # fsync on commit
    "arcadedb.support.autoRegister": "false",
    "arcadedb.polyglotEngineEnabled": "false",
    "arcadedb.opencypher.loadCsv.allowFileUrls": "false",
    "arcadedb.opencypher.loadCsv.allowRemoteUrls": "false",
    "arcadedb.command.timeout": "0",
    "arcadedb.queryMaxHeapElementsAllowedPerOp": "5000000",
}


@contextlib.contextmanager
def locked(path: Path, mode: int) -> Iterator[int]:
    """Hold a file lock; raises `BlockingIOError` when `mode` has LOCK_NB and another process holds it."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, mode)
        yield handle
    finally:
        os.close(handle)


def main() -> None:
    """`python -m graphstore.server.local_server DIRECTORY IDLE_SECONDS HEAP STATUS_FD`."""
    directory, idle, heap, status = sys.argv[1:]
    if os.fork():  # the starter reaps this process at once; the server itself belongs to init and leaves no zombie
        os._exit(0)
    with contextlib.suppress(BrokenPipeError), os.fdopen(int(status), "w") as pipe:
        _serve(Path(directory), float(idle), heap, pipe)


def _serve(directory: Path, idle: float, heap: str, pipe: Any) -> None:  # noqa: ANN401  a text file
    os.chdir(directory)  # the engine writes ./log
    lock = os.open(SERVER_LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        _answer(pipe, BUSY)
        return
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    info = Path(INFO)
    info.unlink(missing_ok=True)
    try:
        server, facts = _start(directory, heap)
        write_private(info, json.dumps(facts))
        _answer(pipe, READY)
        pipe.close()
        _wait_for_the_end(stop, facts["port"], idle)
        info.unlink(missing_ok=True)
        server.stop()
    except BaseException:  # noqa: BLE001  whatever it was, the log has it, and no process stays behind
        traceback.print_exc()
    finally:
        os._exit(0)  # not through the interpreter's exit: Java threads may linger; the locks go with the process


def _answer(pipe: Any, word: str) -> None:  # noqa: ANN401  a text file
    with contextlib.suppress(BrokenPipeError):  # the starter was killed: another one will come
        pipe.write(word)
        pipe.flush()


def write_private(path: Path, text: str) -> None:
    """Replace a file at once by one that only its owner can read."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    temporary.replace(path)


def _start(directory: Path, heap: str) -> tuple[Any, dict[str, Any]]:
    import arcadedb_embedded as arcade
    from arcadedb_embedded.jvm import start_jvm

    root = directory / "data"
    (root / "log").mkdir(parents=True, exist_ok=True, mode=0o700)
    (root / "config" / "server-users.jsonl").unlink(missing_ok=True)  # last start's passwords
    os.environ["ARCADEDB_JVM_ERROR_FILE"] = str(directory / "crash.%p.log")
    start_jvm(heap_size=heap, jvm_args=_java_flags(root))
    password = secrets.token_urlsafe(24)
    config = {
        "mode": "development",  # production hides the text of every error
        "host": "127.0.0.1",
        "http_port": "0",
        "server_plugins": "Bolt:com.arcadedb.bolt.BoltProtocolPlugin",
        "bolt_host": "127.0.0.1",
        "bolt_port": 0,
    }
    server = arcade.create_server(root_path=str(root), root_password=password, config=config)
    server.start()
    fresh = not (root / "databases" / DATABASE).exists()
    database = server.create_database(DATABASE) if fresh else server.get_database(DATABASE)
    database.set_wal_flush("yes_full")
    java = server._java_server  # noqa: SLF001  the wrapper shows neither the ports nor the users
    java.getHttpServer().stopService()
    reader = _make_reader(java)
    port = next(int(plugin.getPort()) for plugin in java.getPlugins() if str(plugin.getName()) == "Neo4j-Bolt")
    return server, {
        "port": port,
        "pid": os.getpid(),
        "started": now(),
        "version": arcade.__version__,
        "heap": heap,
        "password": password,
        "reader_password": reader,
    }


def _java_flags(root: Path) -> list[str]:
    system = {**_SYSTEM, "arcadedb.server.logsDirectory": str(root / "log")}
    options = [f"-D{name}={value}" for name, value in system.items()]
    return ["-Xrs", "-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError", *options]


def _make_reader(java: Any) -> str:  # noqa: ANN401  a Java object
    """A login that the engine itself keeps from writing, for the users' own Cypher; returns its password."""
    import jpype

    to_java = jpype.JClass("com.arcadedb.serializer.json.JSONObject")
    security = java.getSecurity()
    password = secrets.token_urlsafe(24)
    group = {
        "resultSetLimit": -1,
        "readTimeout": _READ_LIMIT_MS,
        "access": [],
        "types": {"*": {"access": ["readRecord"]}},
    }
    user = {"name": READER, "password": str(security.encodePassword(password)), "databases": {DATABASE: [READER]}}
    security.saveGroup("*", READER, to_java(json.dumps(group)))
    security.createUser(to_java(json.dumps(user)))
    return password


def _wait_for_the_end(stop: threading.Event, port: int, idle: float) -> None:
    """Return on `stop`, when the store is deleted, or, with the start lock held, after `idle` seconds without a client."""
    last = time.monotonic()
    while not stop.wait(_LOOK_EVERY) and Path().stat().st_nlink:
        if connections(port):
            last = time.monotonic()
        elif time.monotonic() - last > idle:
            handle = os.open(START_LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if not connections(port):
                    return  # the handle stays open: the lock is ours until the process has ended
            os.close(handle)


def connections(port: int) -> int:
    """Clients connected to this process at `port`."""
    import psutil

    return sum(
        bool(c.laddr) and c.laddr.port == port and c.status == psutil.CONN_ESTABLISHED
        for c in psutil.Process().net_connections(kind="tcp")
    )


if __name__ == "__main__":
    main()
