"""What the tests of datasets share: a graph with answers, and ways to look at a dataset."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import yaml

from graphstore.server import local
from graphstore.server.bolt import BoltStore
from graphstore.store import GraphStore, Write
from tests.cli.expanding import Field

GROUPS, PEOPLE, QUESTIONS = 10, 4, 3  # people of a group, and questions that two of them answer
ROWS = GROUPS * QUESTIONS


@contextmanager
def graph(field: Field) -> Iterator[GraphStore]:
    place = field.work.directory / ".pgraph" / "store"
    if "PGRAPH_STORE" not in field.store:
        with local.connect(place, heap="512m", idle=120) as store:
            yield store
        return
    user, password = (field.store.get(f"PGRAPH_STORE_{name}", "") for name in ("USER", "PASSWORD"))
    with BoltStore(field.store["PGRAPH_STORE"], user, password, "neo4j") as bolt:
        yield bolt


def said(*mark: object) -> str:
    return " ".join(f"word{'x'.join(map(str, mark))}x{number}" for number in range(24))


def fill(field: Field, *more: Write) -> None:
    """Ten groups, each with four people, three answered questions, one with its own answer, one multiple choice."""
    people = [(f"p{g}{n}", g) for g in range(GROUPS) for n in range(PEOPLE)]
    asked = [(f"q{g}{n}", g, n) for g in range(GROUPS) for n in range(QUESTIONS + 2)]
    kinds: dict[int, dict[str, Any]] = {QUESTIONS: {"kind": "qa", "answer": "It is so."}}
    kinds[QUESTIONS + 1] = {"kind": "mcq", "choices": ["one", "two", "three", "four"], "key": "C"}
    shared = {"language": "en", "context": "", "run": "r1", "call": "c1", "topic": "bees"}
    questions = [
        {"id": key, "props": {"text": f"What of {said(key)}?", **shared, **kinds.get(n, {"kind": "open"})}}
        for key, _, n in asked
    ]
    answers = [
        {"id": f"k{key}", "question": key, "props": {"text": f"Of {said('k', key)}.", "mode": "joint", "model": "m", **shared}}
        for key, _, n in asked
        if n < QUESTIONS
    ]  # fmt: skip
    pairs = [(key, f"p{g}{n % PEOPLE}") for key, g, n in asked] + [
        (key, f"p{g}{(n + 1) % PEOPLE}") for key, g, n in asked
    ]
    runs = [
        {"id": "r0", "props": {"command": "import", "file": "a.jsonl", "sha256": "0" * 64, "rows": 40, "started": "2026-01-01"}},
        {"id": "r1", "props": {"command": "distill", "model": "m", "plan_prompt": "d1", "plan_temperature": 0.5,
                               "workspace": "a-host", "started": "2026-01-02", "ended": "2026-01-03T04:05:06Z"}},
    ]  # fmt: skip
    with graph(field) as store:
        store.write(
            Write("run", runs),
            Write("persona", [{"id": key, "depth": 0, "props": {"text": f"Person {key}"}} for key, _ in people]),
            Write("domain", [{"id": f"d{g}", "name": f"d{g}", "label": f"d{g}"} for g in range(GROUPS)]),
            Write("group", [{"id": f"g{g}", "props": {"label": f"Group {g}"}} for g in range(GROUPS)]),
            Write("in_domain", [{"persona": key, "domain": f"d{g}", "by": "test"} for key, g in people]),
            Write("in_group", [{"domain": f"d{g}", "group": f"g{g}", "by": "test"} for g in range(GROUPS)]),
            Write("question", questions),
            Write(
                "asks_about_group", [{"question": key, "about": f"g{g}", "call": "c0", "props": {}} for key, g, _ in asked]
            ),
            Write("posed_by", [{"question": key, "persona": who, "call": "c0"} for key, who in pairs]),
            Write("knowledge", answers),
            Write("distilled_from", [
                {"knowledge": f"k{key}", "persona": who, "props": {"contribution": f"{who} says", "call": "c1"}}
                for key, who in pairs if int(key[2]) < QUESTIONS
            ]),
            *more,
        )  # fmt: skip


def export(field: Field, kind: str, *options: str, code: int = 0, output: str = "out/") -> Any:
    done = field.work.run("--json", "export", kind, "-o", output, *options, env=field.store, code=code)
    return done.json if code == 0 else done.err


def verify(field: Field, code: int) -> list[str]:
    done = field.work.run("verify", "out", env=field.store, code=code)
    assert "Traceback" not in done.err
    return done.out.splitlines()


def rows(field: Field) -> dict[str, list[dict[str, Any]]]:
    found = {}
    for path in sorted((field.work.directory / "out" / "data").iterdir()):
        lines = path.read_text().splitlines() if path.suffix == ".jsonl" else []
        found[path.stem] = [json.loads(line) for line in lines] or pq.read_table(path).to_pylist()
    return found


def front(field: Field) -> dict[str, Any]:
    _, head, _ = (field.work.directory / "out" / "README.md").read_text().split("---\n", 2)
    found: dict[str, Any] = yaml.safe_load(head)
    return found


def contents(field: Field) -> dict[str, bytes]:
    out = field.work.directory / "out"
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()}


def outside(script: str, directory: Path, tmp_path: Path) -> Any:
    """What another library makes of a dataset, in a process of its own that may not use the network."""
    offline = {"HF_HOME": str(tmp_path), "HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", script, str(directory)], env={**os.environ, **offline}, capture_output=True, text=True,
        check=False, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


LOAD = """
import json, sys, datasets
found = datasets.load_dataset(sys.argv[1])
print(json.dumps({name: split.to_list() for name, split in found.items()}))
"""
CROISSANT = """
import json, os, sys, mlcroissant
found = mlcroissant.Dataset(jsonld=sys.argv[1] + "/croissant.json")
issues = [*found.metadata.issues.errors, *found.metadata.issues.warnings]
def plain(value):
    if isinstance(value, list):
        return [plain(one) for one in value]
    if isinstance(value, dict):
        return {name.rsplit("/")[-1]: plain(one) for name, one in value.items()}
    return value.decode() if isinstance(value, bytes) else value
sets = {one.id: [plain(row) for row in found.records(one.id)] for one in found.metadata.record_sets}
print(json.dumps([[str(issue) for issue in issues], sets]), flush=True)
os._exit(0)  # else the threads of its Parquet reader now and then abort the process at its end
"""
