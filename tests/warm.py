"""Processes of `pgraph` that have nothing to import: each is a fork of one that has it all.

What a command does stays what it does when a shell starts it: a process of its own with its own directory, environment,
pipes, signals and exit code; only the second of imports is spared. Two such starters take turns, as each has its own
order of sets: a command that is run twice must not depend on it.
"""

import atexit
import gc
import importlib
import io
import itertools
import json
import os
import pkgutil
import runpy
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

_PACKAGES = ("cypher", "foundation", "graphstore", "population", "expansion", "distill", "explorer", "pgraph")
# imported where they are needed, by most commands; not sentence_transformers, which takes seconds and 500 MB
_HEAVY = (
    "aiohttp", "neo4j", "networkx", "numpy", "openai.resources.chat", "openai.resources.embeddings", "psutil",
    "pyarrow.csv", "pyarrow.parquet", "pypdf", "safetensors.numpy", "sqlite3", "starlette.applications", "tokenizers",
    "uvicorn", "yaml",
)  # fmt: skip
_NOT_HERE = ("graphstore.server.local_server", "pgraph.__main__")  # the one takes over its process, the other is run


class Starter:
    """A process that starts others; `run` is safe to call from threads."""

    def __init__(self) -> None:
        here, there = socket.socketpair()
        self._socket, self._turn = here, threading.Lock()
        with there:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.warm", str(there.fileno())],
                cwd=Path(__file__).parents[1], stdin=subprocess.DEVNULL, pass_fds=[there.fileno()],
            )  # fmt: skip
        atexit.register(self.close)

    def close(self) -> None:
        self._socket.close()  # it ends when nobody is there to ask
        self._process.wait()

    def run(
        self, args: Sequence[str], *, cwd: Path, env: Mapping[str, str], stdin: bytes, timeout: float
    ) -> tuple[int, bytes, bytes]:
        """Exit code (a signal's number, negative), and what was written."""
        pipes = [os.pipe() for _ in range(3)]
        status, theirs = socket.socketpair()
        given = [pipes[0][0], pipes[1][1], pipes[2][1]]
        order = json.dumps({"args": list(args), "cwd": str(cwd), "env": dict(env)}).encode() + b"\n"
        with self._turn:
            socket.send_fds(self._socket, [order], [*given, theirs.fileno()])
        theirs.close()
        for descriptor in given:
            os.close(descriptor)
        written: list[bytes] = [b"", b""]
        work = [threading.Thread(target=_feed, args=(pipes[0][1], stdin))]
        work += [threading.Thread(target=_drain, args=(pipes[number + 1][0], written, number)) for number in (0, 1)]
        for thread in work:
            thread.start()
        with status, status.makefile() as lines:
            pid = int(lines.readline() or "0")
            assert pid, "the process that starts others has ended; what it said is above"
            status.settimeout(timeout)
            try:
                code = int(lines.readline())
            except TimeoutError:
                os.kill(pid, signal.SIGKILL)
                raise subprocess.TimeoutExpired(["pgraph", *args], timeout) from None
            finally:
                for thread in work:
                    thread.join(20)
        return code, written[0], written[1]


def _feed(descriptor: int, data: bytes) -> None:
    with suppress(BrokenPipeError), os.fdopen(descriptor, "wb", buffering=0) as pipe:
        left = memoryview(data)
        while left:
            left = left[pipe.write(left) :]


def _drain(descriptor: int, written: list[bytes], number: int) -> None:
    with os.fdopen(descriptor, "rb") as pipe:
        written[number] = pipe.read()


_starters: "itertools.cycle[Starter] | None" = None


def run(
    args: Sequence[str], *, cwd: Path, env: Mapping[str, str], stdin: bytes, timeout: float
) -> tuple[int, bytes, bytes]:
    global _starters  # noqa: PLW0603  started by the first who needs one, for all tests of the process
    if _starters is None:
        _starters = itertools.cycle([Starter(), Starter()])
    return next(_starters).run(args, cwd=cwd, env=env, stdin=stdin, timeout=timeout)


# -- in the process that starts others


def _import_all() -> None:
    for name in _HEAVY:
        importlib.import_module(name)
    for package in map(importlib.import_module, _PACKAGES):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if module.name not in _NOT_HERE:
                importlib.import_module(module.name)


def _orders(control: socket.socket) -> dict[str, Any]:
    """Waits for orders, each in a fork; returns in that fork, with the order."""
    while True:
        data, descriptors, _, _ = socket.recv_fds(control, 1 << 16, 4)
        while data and not data.endswith(b"\n"):
            data += control.recv(1 << 16)
        _forget_the_ended()
        if not data:
            sys.exit()
        if os.fork() == 0:
            break
        for descriptor in descriptors:
            os.close(descriptor)
    *streams, status = descriptors
    if pid := os.fork():
        _tell(pid, streams, status)
    control.close()
    os.close(status)
    for number, descriptor in enumerate(streams):
        os.dup2(descriptor, number)
        os.close(descriptor)
    order: dict[str, Any] = json.loads(data)
    return order


def _forget_the_ended() -> None:
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _tell(pid: int, streams: Sequence[int], status: int) -> None:
    """Tell who runs, and how it ended."""
    for descriptor in streams:
        os.close(descriptor)
    os.write(status, b"%d\n" % pid)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.write(status, b"%d\n" % code)
    os._exit(0)


def _become(order: dict[str, Any]) -> None:
    """As if Python had just been started so."""
    os.chdir(order["cwd"])
    os.environ.clear()
    os.environ.update(order["env"])
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        was = getattr(sys, f"__{name}__")
        pipe = io.FileIO(number, "w" if number else "r", closefd=False)
        raw = io.BufferedWriter(pipe) if number else io.BufferedReader(pipe)
        stream = io.TextIOWrapper(raw, encoding=was.encoding, errors=was.errors, line_buffering=name == "stderr")
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    sys.path[0] = order["cwd"]
    sys.argv = ["pgraph", *order["args"]]


def _run_and_leave() -> None:
    """As at Python's own end, but for the taking apart of modules that were not needed: that takes longer than most commands."""
    code: Any = 0
    try:
        runpy.run_module("pgraph", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        code = end.code
    except BaseException:  # noqa: BLE001  as Python's own end
        sys.excepthook(*sys.exc_info())
        code = 1
    threading._shutdown()  # type: ignore[attr-defined]  # waits for threads, as Python does
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(BrokenPipeError):
            stream.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as _control:
        _import_all()
        gc.collect()
        gc.freeze()  # a collection in a fork would copy every page
        _order = _orders(_control)
    _become(_order)
    _run_and_leave()
