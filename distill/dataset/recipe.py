"""How a dataset was made, as `recipe.json` says it: all that a reviewer, or `pgraph verify`, needs."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from distill.dataset.making import Making, Options
from graphstore import GraphStore
from graphstore.exports import TRAINING_KINDS

FORMAT = "pgraph dataset 1"
FILE = "recipe.json"
NOT_STATED = "not stated"
_PRIVATE = {"signature", "workspace"}  # of a run: they name a machine
_SETTINGS = ("temperature", "max_tokens", "context", "language")


@dataclass(frozen=True, slots=True)
class DataFile:
    """A written file of rows."""

    split: str
    path: str  # from the directory of the dataset
    rows: int
    bytes: int
    sha256: str


def make(store: GraphStore, making: Making, files: Iterable[DataFile], languages: Iterable[str]) -> dict[str, Any]:
    runs = [_run(row["run"]) for row in store.read("reads/export_runs")]
    runs.sort(key=lambda run: (str(run.get("started")), run["id"]))
    settings = {name: _distinct(run.get(f"plan_{name}") for run in runs) for name in _SETTINGS}
    return {
        "format": FORMAT,
        "pgraph": version("persona-graph"),
        "kind": making.options.kind,
        "options": _options(making.options),
        "rows": sum(making.sizes().values()),
        "splits": [{name: getattr(file, name) for name in ("split", "path", "rows", "bytes", "sha256")} for file in files],
        "groups": making.groups(),
        "parts": making.parts,
        "left_out": making.left_out,
        "languages": sorted(languages),
        "models": _distinct(run.get("model") for run in runs),
        "prompts": _prompts(runs),
        "settings": {name: values for name, values in settings.items() if values},
        "inputs": _inputs(store, runs),
        "runs": runs,
    }  # fmt: skip


def read(directory: Path) -> dict[str, Any] | None:
    """The recipe of a dataset that pgraph wrote; None where there is none."""
    try:
        found = json.loads((directory / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and found.get("format") == FORMAT and _is_whole(found) else None


def _is_whole(found: Mapping[str, Any]) -> bool:
    """Whether a recipe that was read has what is read of it."""
    kinds = {"split": str, "path": str, "rows": int, "sha256": str}
    files = found.get("splits")
    return (
        found.get("kind") in TRAINING_KINDS
        and isinstance(files, list)
        and all(isinstance(one, dict) and all(isinstance(one.get(n), k) for n, k in kinds.items()) for one in files)
    )


def text(recipe: Mapping[str, Any]) -> str:
    return json.dumps(recipe, ensure_ascii=False, indent=2) + "\n"


def licences(recipe: Mapping[str, Any]) -> list[str]:
    """What the inputs state, each once."""
    return _distinct(one["licence"] for one in recipe["inputs"])


def _options(options: Options) -> dict[str, Any]:
    return {
        "format": options.form,
        "split": {name: str(share) for name, share in options.splits.items()},
        "rows": options.rows,
        "balance": options.balance,
        "seed": options.seed,
        "all": options.marked,
    }


def _run(found: Mapping[str, Any]) -> dict[str, Any]:
    first = ("id", "command", "model", "state", "started", "ended")
    rest = sorted(name for name in found if name not in first and name not in _PRIVATE)
    return {name: found[name] for name in (*first, *rest) if found.get(name) is not None}


def _prompts(runs: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
    found = {(run["command"], run["plan_prompt"]) for run in runs if run.get("plan_prompt")}
    return [{"command": command, "digest": digest} for command, digest in sorted(found)]


def _inputs(store: GraphStore, runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The imported files, and those that texts came from, by name."""
    by_id = {run["id"]: run for run in runs}
    found = [
        _input(run["file"], run["sha256"], "personas", run.get("rows"), run)
        for run in runs
        if run.get("command") == "import"
    ]
    for row in store.read("reads/export_texts"):
        if row["sha256"]:
            name = re.sub(r":\d+$", "", str(row["source"]))
            found.append(_input(name, row["sha256"], "texts", row["texts"], by_id.get(row["run"], {})))
    return sorted(found, key=lambda one: (one["file"], one["sha256"], one["holds"]))


def _input(name: str, sha256: str, holds: str, rows: int | None, run: Mapping[str, Any]) -> dict[str, Any]:
    licence = run.get("licence") or NOT_STATED
    return {"file": name, "sha256": sha256, "holds": holds, "rows": rows, "licence": licence}


def _distinct(values: Iterable[Any]) -> list[Any]:
    return sorted({value for value in values if value not in (None, "")}, key=str)
