"""Running `pgraph` as users do: a process of its own, in a workspace of its own."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from graphstore.server import local
from graphstore.server.bolt import BoltStore
from tests import warm

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Console:
    directory: Path
    home: Path

    def environment(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PGRAPH_", "OPENAI_"))}
        return {**kept, "XDG_CONFIG_HOME": str(self.home), "COLUMNS": "200", **(more or {})}

    def start(self, *args: str, env: Mapping[str, str] | None = None) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "pgraph", *args],
            cwd=self.directory,
            env=self.environment(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(
        self,
        *args: str,
        stdin: bytes = b"",
        env: Mapping[str, str] | None = None,
        code: int | None = 0,
        timeout: float = 100,
        cold: bool = False,
    ) -> Done:
        """Run to the end; `code` is the exit code it must have, None for any. `cold`: Python is started for it."""
        how = _cold if cold or os.environ.get("PGRAPH_TEST_COLD") == "1" else warm.run
        number, out, err = how(args, cwd=self.directory, env=self.environment(env), stdin=stdin, timeout=timeout)
        result = Done(number, out.decode(), err.decode())
        assert code is None or result.code == code, f"exit code {result.code}: {result.out}\n{result.err}"
        return result

    def write(self, name: str, content: bytes | str) -> str:
        path = self.directory / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return name

    def rows(self, *more: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.run("export", "personas", "-o", "-", *more).out.splitlines()]

    def empty(self) -> None:
        """Take everything out of the graph, and the files out of the workspace; the caches stay."""
        with local.connect(self.directory / ".pgraph" / "store", heap="512m", idle=120) as store:
            assert isinstance(store, BoltStore)
            store.migrate()
            for label in ("Persona", "Text", "Domain", "DomainGroup", "Question", "Knowledge", "Run"):
                store.in_transaction(partial(_delete, label))
        for path in self.directory.iterdir():
            if path.name != ".pgraph":
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()

    def forget_replies(self) -> None:
        """Replies are kept by the address of their server, and a later fake server may get the same port."""
        for file in (self.directory / ".pgraph").glob("replies*"):
            file.unlink()


def _cold(
    args: Sequence[str], *, cwd: Path, env: Mapping[str, str], stdin: bytes, timeout: float
) -> tuple[int, bytes, bytes]:
    done = subprocess.run(
        [sys.executable, "-m", "pgraph", *args],
        cwd=cwd,
        env=env,
        input=stdin,
        capture_output=True,
        check=False,
        timeout=timeout,
    )
    return done.returncode, done.stdout, done.stderr


def _delete(label: str, run: Callable[[str, dict[str, Any]], Any]) -> None:
    run(f"MATCH (n:{label}) DETACH DELETE n", {})


@contextlib.contextmanager
def console(directory: Path) -> Iterator[Console]:
    """A workspace in this directory; its graph server is stopped at the end."""
    (directory / "work").mkdir()
    (directory / "home").mkdir()
    made = Console(directory / "work", directory / "home")
    try:
        yield made
    finally:
        made.run("local", "stop", code=None)
