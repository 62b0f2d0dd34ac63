"""How a dataset was made, for `recipe.json`: all that a reviewer, or `pgraph verify`, needs."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
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
    """The recipe of a dataset: `files` as they were written, `languages` of its rows."""
    runs = [_run(row["run"]) for row in store.read("reads/export_runs")]
    runs.sort(key=lambda run: (str(run.get("started")), run["id"]))
    return {
        "format": FORMAT,
        "pgraph": version("persona-graph"),
        "kind": making.options.kind,
        "options": _options(making.options),
        "rows": sum(making.sizes().values()),
        "splits": [asdict(file) for file in files],
        "groups": making.groups(),
        "parts": making.parts,
        "left_out": making.left_out,
        "languages": sorted(languages),
        "models": _distinct(run.get("model") for run in runs),
        "prompts": _prompts(runs),
        "settings": _settings(runs),
        "inputs": _inputs(store, runs),
        "runs": runs,
    }  # fmt: skip


def read(directory: Path) -> dict[str, Any] | None:
    """The recipe of a dataset that pgraph wrote; None if there is none."""
    try:
        recipe = json.loads((directory / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return recipe if isinstance(recipe, dict) and recipe.get("format") == FORMAT and _is_whole(recipe) else None


_FILE_FIELDS = {"split": str, "path": str, "rows": int, "sha256": str}  # those that are read


def _is_whole(recipe: Mapping[str, Any]) -> bool:
    """Whether a recipe has all that is read of it."""
    files = recipe.get("splits")
    return recipe.get("kind") in TRAINING_KINDS and isinstance(files, list) and all(map(_is_data_file, files))


def _is_data_file(entry: object) -> bool:
    return isinstance(entry, dict) and all(isinstance(entry.get(name), kind) for name, kind in _FILE_FIELDS.items())


def text(recipe: Mapping[str, Any]) -> str:
    """The recipe as the text of `recipe.json`."""
    return json.dumps(recipe, ensure_ascii=False, indent=2) + "\n"


def licences(recipe: Mapping[str, Any]) -> list[str]:
    """What the inputs state, each once."""
    return _distinct(file["licence"] for file in recipe["inputs"])


def _settings(runs: Iterable[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """The values of each setting in the runs, each once."""
    settings: dict[str, list[Any]] = {}
    for name in _SETTINGS:
        values = _distinct(run.get(f"plan_{name}") for run in runs)
        if values:
            settings[name] = values
    return settings


def _options(options: Options) -> dict[str, Any]:
    return {
        "format": options.form,
        "split": {name: str(share) for name, share in options.splits.items()},
        "rows": options.rows,
        "balance": options.balance,
        "seed": options.seed,
        "all": options.marked,
    }


def _run(props: Mapping[str, Any]) -> dict[str, Any]:
    first_names = ("id", "command", "model", "state", "started", "ended")
    other_names = sorted(name for name in props if name not in first_names and name not in _PRIVATE)
    return {name: props[name] for name in (*first_names, *other_names) if props.get(name) is not None}


def _prompts(runs: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
    prompts = {(run["command"], run["plan_prompt"]) for run in runs if run.get("plan_prompt")}
    return [{"command": command, "digest": digest} for command, digest in sorted(prompts)]


def _inputs(store: GraphStore, runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The imported files, and those that texts came from, by name."""
    by_id = {run["id"]: run for run in runs}
    files = [
        _input(run["file"], run["sha256"], "personas", run.get("rows"), run)
        for run in runs
        if run.get("command") == "import"
    ]
    for row in store.read("reads/export_texts"):
        if row["sha256"]:
            name = re.sub(r":\d+$", "", str(row["source"]))
            files.append(_input(name, row["sha256"], "texts", row["texts"], by_id.get(row["run"], {})))
    return sorted(files, key=lambda file: (file["file"], file["sha256"], file["holds"]))


def _input(name: str, sha256: str, holds: str, rows: int | None, run: Mapping[str, Any]) -> dict[str, Any]:
    licence = run.get("licence") or NOT_STATED
    return {"file": name, "sha256": sha256, "holds": holds, "rows": rows, "licence": licence}


def _distinct(values: Iterable[Any]) -> list[Any]:
    return sorted({value for value in values if value not in (None, "")}, key=str)
