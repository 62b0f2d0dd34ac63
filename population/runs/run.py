"""Runs: found again after an interruption, held by one process at a time."""

import fcntl
import os
import socket
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foundation.clock import now
from graphstore import GraphStore, Write, digest
from population.runs.progress import RunProgress


@dataclass(frozen=True, slots=True)
class Run:
    """A run that this process holds: the `id` of its node, when it `started`, its `progress` so far.

    `resumed`: it continues one that was interrupted.
    """

    id: str
    started: str
    progress: RunProgress
    resumed: bool


@contextmanager
def hold_run(
    store: GraphStore, directory: Path, command: str, recipe: Mapping[str, Any], *, fresh: bool
) -> Iterator[Run]:
    """The newest unfinished run of this `command` with this `recipe` in this workspace that no live process holds.

    If there is none, or with `fresh`, a new run, written to `store`. `directory` is where the workspace keeps its locks; the
    hold is a file lock, so it ends with the process, also by kill -9.
    """
    directory.mkdir(parents=True, exist_ok=True)
    workspace = _workspace_id(directory)
    signature = digest(command, recipe)
    for props in [] if fresh else _unfinished_runs(store, signature, workspace):
        with _lock(directory, props["id"]) as is_ours:
            if is_ours:
                yield Run(props["id"], props["started"], RunProgress.of(props), resumed=True)
                return
    run = Run("r" + uuid.uuid4().hex[:16], now(), RunProgress(), resumed=False)
    with _lock(directory, run.id):
        props = {
            "command": command,
            "model": recipe["model"],
            "signature": signature,
            "workspace": workspace,
            "started": run.started,
            "state": "running",
        }
        store.write(Write("run", [{"id": run.id, "props": {**props, **_stored(recipe), **run.progress.props()}}]))
        yield run


def finish_run(store: GraphStore, run: str, state: str, props: Mapping[str, Any]) -> None:
    """Record in `store` how a `run` ended, with its last `props`.

    After a `state` other than "finished" the same command continues it.
    """
    store.write(Write("run", [{"id": run, "props": {"state": state, "ended": now(), **props}}]))


def _unfinished_runs(store: GraphStore, signature: str, workspace: str) -> list[dict[str, Any]]:
    """The properties of the Run nodes, the newest first."""
    rows = store.read("reads/unfinished_runs", signature=signature, workspace=workspace)
    return [row["run"] for row in rows]


def _stored(recipe: Mapping[str, Any]) -> dict[str, Any]:
    return {f"plan_{name}": value for name, value in recipe.items() if value is not None}


def _workspace_id(directory: Path) -> str:
    """A name of this workspace that no other has, made on first use; two processes agree on one."""
    path = directory / "workspace"
    if not path.exists():
        own_path = directory / f"workspace.{os.getpid()}"
        own_path.write_text(f"{socket.gethostname()}-{uuid.uuid4().hex[:8]}")
        with suppress(FileExistsError):
            os.link(own_path, path)
        own_path.unlink()
    return path.read_text()


@contextmanager
def _lock(directory: Path, run: str) -> Iterator[bool]:
    descriptor = os.open(directory / f"{run}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        yield False
    else:
        yield True
    finally:
        os.close(descriptor)
