"""`pgraph verify` through the command line."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from graphstore.store import Write
from tests.cli.expanding import Field
from tests.cli.making_datasets import ROWS, export, graph, rows, verify
from tests.console import Console

pytestmark = pytest.mark.timeout(600)


Change = Callable[[list[dict[str, Any]], list[dict[str, Any]]], None]  # of the rows of train and of test


def _other_text(train: list[dict[str, Any]], _: object) -> None:
    train[3]["messages"][1]["content"] += " And more."


def _other_person(train: list[dict[str, Any]], _: object) -> None:
    train[3]["personas"] = train[0]["personas"]


def _gone(train: list[dict[str, Any]], _: object) -> None:
    del train[3]


def _twice(train: list[dict[str, Any]], _: object) -> None:
    train.append(dict(train[3]))


def _foreign(train: list[dict[str, Any]], _: object) -> None:
    train[3]["id"] = "kelsewhere"


def _moved(train: list[dict[str, Any]], test: list[dict[str, Any]]) -> None:
    test.append(train.pop(3))


CHANGES: list[tuple[Change, list[str]]] = [
    (_other_text, ["data/train.{}:4: messages is not as in the graph"]),
    (_other_person, ["data/train.{}:4: personas is not as in the graph"]),
    (_gone, ["data/train.{}: 23 rows, recipe.json says 24"]),
    (_twice, ["data/train.{}: 25 rows, recipe.json says 24", "data/train.{}:25: {row} appears a second time"]),
    (_foreign, ["data/train.{}:4: the graph has no row kelsewhere"]),
    (_moved, ["data/test.{}: 7 rows, recipe.json says 6", "data/train.{}: 23 rows, recipe.json says 24",
              "data/test.{}:7: group {group} is also in split train"]),
]  # fmt: skip


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_verify_finds_what_was_changed(filled: Field, form: str, subtests: pytest.Subtests) -> None:
    export(filled, "sft", "--split", "train=80,test=20", "--format", form)
    out = filled.work.directory / "out"
    shutil.copytree(out, filled.work.directory / "kept")
    held = rows(filled)
    at = {"row": held["train"][3]["id"], "group": held["train"][3]["group"][0]}
    for change, expected in CHANGES:
        shutil.rmtree(out)
        shutil.copytree(filled.work.directory / "kept", out)
        train, test = (json.loads(json.dumps(held[split])) for split in ("train", "test"))
        change(train, test)
        for split, lines in (("train", train), ("test", test)):
            if lines != held[split]:
                _write(out / "data" / f"{split}.{form}", lines)
        with subtests.test(change.__name__):
            found = verify(filled, 1)
            assert (
                f"data/train.{form}: was changed since it was written (its SHA-256 is not that of recipe.json)" in found
            )
            for line in expected:
                told = line.replace("{}", form).format(**at)
                assert any(one.startswith(told) for one in found), (told, found)


def _write(path: Path, lines: list[dict[str, Any]]) -> None:
    if path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    else:
        pq.write_table(pa.Table.from_pylist(lines, schema=pq.read_schema(path)), path)


def test_verify_of_damaged_files(filled: Field) -> None:
    options = ("--split", "train=80,test=20")
    data = filled.work.directory / "out" / "data"
    export(filled, "sft", *options)
    held = (data / "train.parquet").read_bytes()
    (data / "train.parquet").write_bytes(held[: len(held) // 2])
    assert any(line.startswith("data/train.parquet: cannot be read to its end") for line in verify(filled, 1))
    (data / "train.parquet").unlink()
    (data / "mine.parquet").write_bytes(b"")
    assert {"data/train.parquet: is missing", "data/mine.parquet: is not in recipe.json"} <= set(verify(filled, 1))
    (data / "mine.parquet").unlink()
    export(filled, "sft", *options, "--format", "jsonl")
    strange = {**rows(filled)["test"][0], "id": "half \ud83d", "messages": ["x"], "group": "y"}
    with (data / "test.jsonl").open("ab") as file:
        file.write(b'{"id": \xff\n[1]\n{}\n' + json.dumps(strange).encode() + b"\n" + b"[" * 5000 + b"\n")
    found = verify(filled, 1)
    assert [line for line in found if re.match(r"data/test.jsonl:\d", line)] == [
        "data/test.jsonl:7: not a JSON object",
        "data/test.jsonl:8: not a JSON object",
        "data/test.jsonl:9: no column id",
        "data/test.jsonl:10: the graph has no row half ?",
        "data/test.jsonl:11: not a JSON object",
    ]
    summary = filled.work.run("--json", "verify", "out", code=1).json
    assert (summary["rows"], summary["problems"], summary["found"]) == (ROWS + 5, len(found), found)


def test_verify_when_the_graph_has_changed(filled: Field) -> None:
    """Groups and places may change; two people found to be the same, on two sides, are told."""
    export(filled, "knowledge", "--split", "train=80,test=20", "--format", "jsonl")
    sides = {row["id"][2]: split for split, held in rows(filled).items() for row in held}
    train, test = (next(g for g, side in sides.items() if side == name) for name in ("train", "test"))
    with graph(filled) as store:
        store.write(Write("group", [{"id": "g0", "props": {"label": "Another name"}}]))
    assert verify(filled, 0) == []
    with graph(filled) as store:
        mark = {"persona": f"p{test}0", "survivor": f"p{train}0", "method": "exact", "score": 1.0}
        store.write(Write("duplicate_of", [mark]))
    assert any(f"persona p{train}0 is also in split" in line for line in verify(filled, 1))


@pytest.mark.parametrize("what", ["nothing", "empty", "other", "recipe"])
def test_verify_of_what_is_no_dataset(work: Console, what: str) -> None:
    if what != "nothing":
        (work.directory / "out").mkdir()
    if what in ("other", "recipe"):
        (work.directory / "out" / f"{what}.json").write_text('{"format": "pgraph dataset 1", "splits": [{}]}')
    done = work.run("verify", "out", code=2)
    assert ("is not there" if what == "nothing" else "is not a dataset of pgraph") in done.err
    assert "export sft -o DIR/" in done.err
