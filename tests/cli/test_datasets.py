"""`pgraph export` to a directory, through the command line."""

import json
import resource
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from distill.dataset.folder import sha256
from graphstore.server.bolt import BoltStore
from graphstore.store import Write
from tests.cli.expanding import Field
from tests.cli.making_datasets import (
    CROISSANT,
    GROUPS,
    LOAD,
    PEOPLE,
    ROWS,
    contents,
    export,
    fill,
    front,
    graph,
    outside,
    rows,
    said,
    verify,
)
from tests.console import ROOT, Console
from tests.fakes import thinkers
from tests.fakes.server import FakeServer

pytestmark = pytest.mark.timeout(600)


@pytest.mark.parametrize("form", ["parquet", "jsonl"])
def test_a_dataset(field: Field, form: str) -> None:
    fill(field)
    options = ("--split", "train=80,validation=10,test=10", "--format", form)
    done = export(field, "sft", *options)
    assert (done["rows"], done["splits"], done["parts"]) == (ROWS, {"train": 24, "validation": 3, "test": 3}, GROUPS)
    out, held = field.work.directory / "out", rows(field)
    assert set(contents(field)) == {
        "README.md", "croissant.json", "recipe.json", *(f"data/{split}.{form}" for split in done["splits"])
    }  # fmt: skip
    for thing in ("personas", "group"):
        sides = [{one for row in split for one in row[thing]} for split in held.values()]
        assert sum(map(len, sides)) == len(set().union(*sides)) == (GROUPS if thing == "group" else GROUPS * PEOPLE)
    assert held["test"][0]["messages"][1]["content"].startswith("Of word")
    recipe = json.loads((out / "recipe.json").read_text())
    assert [(one["rows"], one["sha256"]) for one in recipe["splits"]] == [
        (len(held[one["split"]]), sha256(out / one["path"])) for one in recipe["splits"]
    ]
    assert (recipe["models"], recipe["prompts"]) == (["m"], [{"command": "distill", "digest": "d1"}])
    assert recipe["settings"] == {"temperature": [0.5]}
    assert "a-host" not in json.dumps(recipe)
    assert verify(field, 0) == []
    before = contents(field)
    export(field, "sft", *options)
    assert contents(field) == before


@pytest.mark.parametrize("form", ["parquet", "jsonl"])
def test_a_dataset_as_others_read_it(filled: Field, form: str, tmp_path: Path) -> None:
    export(filled, "sft", "--split", "train=80,validation=10,test=10", "--format", form)
    out, held = filled.work.directory / "out", rows(filled)
    assert outside(LOAD, out, tmp_path) == held
    issues, sets = outside(CROISSANT, out, tmp_path)
    assert (issues, sets) == ([], held)


def test_the_card(filled: Field) -> None:
    export(filled, "sft", "--split", "train=80,test=20")
    head = front(filled)
    assert head["license"] == "unknown"
    assert (head["language"], head["size_categories"]) == (["en"], ["n<1K"])
    assert head["task_categories"] == ["text-generation", "question-answering"]
    assert head["configs"][0]["data_files"] == [
        {"split": "train", "path": "data/train.parquet"},
        {"split": "test", "path": "data/test.parquet"},
    ]
    assert [one["num_examples"] for one in head["dataset_info"]["splits"]] == [24, 6]
    text = (filled.work.directory / "out" / "README.md").read_text()
    for line in ("| train | 24 |", "| a.jsonl | personas | 40 | not stated |", "* models: m", "pgraph verify DIR"):
        assert line in text
    assert sum(f"| Group {g} | " in text for g in range(GROUPS)) == GROUPS


def test_questions_that_carry_their_answer(filled: Field, tmp_path: Path) -> None:
    export(filled, "mcq", "--format", "jsonl")
    row = rows(filled)["train"][0]
    assert (row["id"], row["key"], row["answer"], row["choices"][3]) == ("q04", "C", "three", "four")
    assert row["messages"][0]["content"].endswith("?\nA. one\nB. two\nC. three\nD. four")
    assert row["messages"][1]["content"] == "C. three"
    assert (row["personas"], row["group"]) == (["p00", "p01"], ["Group 0"])
    assert outside(LOAD, filled.work.directory / "out", tmp_path) == rows(filled)
    assert verify(filled, 0) == []
    export(filled, "qa")
    row = rows(filled)["train"][0]
    assert [message["content"] for message in row["messages"]] == [row["question"], row["answer"]]
    assert front(filled)["task_categories"] == ["question-answering"]
    for name in ("qa.jsonl", "qa.parquet", "qa.csv"):
        assert filled.work.run("--json", "export", "qa", "-o", name).json["rows"] == GROUPS
    with (filled.work.directory / "qa.jsonl").open() as file:
        assert [json.loads(line) for line in file] == rows(filled)["train"]
    assert pq.read_table(filled.work.directory / "qa.parquet").to_pylist() == rows(filled)["train"]


def test_the_same_person_ties_groups(field: Field) -> None:
    """A duplicate, a person without a group, a question that two groups share: all end on one side."""
    ties = [
        Write("duplicate_of", [{"persona": "p00", "survivor": "p10", "method": "exact", "score": 1.0}]),
        Write("posed_by", [{"question": "q20", "persona": "p30", "call": "c9"}]),
        Write("persona", [{"id": "loner", "depth": 0, "props": {"text": "A loner"}}]),
        Write("distilled_from", [{"knowledge": k, "persona": "loner", "props": {}} for k in ("kq40", "kq50")]),
    ]
    fill(field, *ties)
    done = export(field, "sft", "--split", "train=50,test=50", "--format", "jsonl")
    assert (done["parts"], done["rows"]) == (GROUPS - 3, ROWS)
    found = rows(field)
    side = {row["id"][2]: split for split, held in found.items() for row in held}
    assert side["0"] == side["1"]
    assert side["2"] == side["3"]
    assert side["4"] == side["5"]
    assert next(row for row in found[side["0"]] if row["id"] == "kq00")["group"] == ["Group 0", "Group 1"]
    assert verify(field, 0) == []


def test_near_duplicates_are_in_one_split_only(work: Console) -> None:
    field = Field(work, {})
    same = f"What of {said('same')}?"
    asked = [{"id": f"q{g}9", "props": {"text": f"{same} {g}", "kind": "qa", "answer": "Yes."}} for g in range(5)]
    answers = [{"id": f"kq{g}0a", "question": f"q{g}0", "props": {"text": f"So {said('alike')} {g}"}} for g in range(5)]
    posed = [{"question": f"q{g}9", "persona": f"p{g}0", "call": "c"} for g in range(5)]
    fill(field, Write("question", asked), Write("posed_by", posed), Write("knowledge", answers))
    for kind, what in (("qa", "question"), ("sft", "id")):
        done = export(field, kind, "--split", "train=60,test=40", "--format", "jsonl")
        marked = [split for split, held in rows(field).items() for row in held
                  if said("same") in row[what] or said("alike") in row["messages"][1]["content"]]  # fmt: skip
        assert len(set(marked)) == 1
        assert done["left_out"]["near_duplicates"] == 5 - len(marked)
        assert done["rows"] == (GROUPS if kind == "qa" else ROWS) + len(marked)
        assert f"{5 - len(marked)} near duplicates" in (field.work.directory / "out" / "README.md").read_text()
        assert verify(field, 0) == []


def test_exact_and_balanced(filled: Field) -> None:
    split = ("--split", "train=80,test=20", "--rows", "15", "--format", "jsonl")
    assert export(filled, "sft", *split)["splits"] == {"train": 12, "test": 3}
    first = rows(filled)
    assert export(filled, "sft", *split)["left_out"]["not_drawn"] == ROWS - 15
    assert rows(filled) == first
    export(filled, "sft", *split, "--seed", "1")
    assert rows(filled) != first
    export(filled, "sft", *split, "--balance")
    for held in rows(filled).values():
        counts = Counter(row["group"][0] for row in held)
        assert max(counts.values()) - min(counts.values()) <= 1
    assert verify(filled, 0) == []


def _mark(label: str, key: str, run: Callable[[str, dict[str, Any]], Any]) -> None:
    run(f"MATCH (n:{label} {{id: $id}}) SET n.marked = true", {"id": key})


def test_what_is_marked_is_left_out(filled: Field) -> None:
    with graph(filled) as store:
        assert isinstance(store, BoltStore)
        for label, key in (("Knowledge", "kq00"), ("Question", "q10"), ("Persona", "p20")):
            store.in_transaction(partial(_mark, label, key))
    gone = {"kq00", "kq10", "kq20"}
    done = export(filled, "sft", "--format", "jsonl")
    assert done["left_out"]["marked"] == len(gone)
    assert not gone & {row["id"] for row in rows(filled)["train"]}
    assert verify(filled, 0) == []
    assert export(filled, "sft", "--all", "--format", "jsonl")["rows"] == ROWS
    lines = filled.work.run("export", "sft", "-o", "-").out.splitlines()
    assert len(lines) == ROWS - len(gone)


def test_from_a_run_with_a_model(field: Field, tmp_path: Path) -> None:
    """The whole way, with the licences of what came in."""
    field.seed(40)
    field.work.run("import", "seeds.jsonl", "--licence", "CC BY 4.0", env=field.store)
    with FakeServer(answer=thinkers.answer) as server:
        field.work.run("ask", "--calls", "12", env=field.env(server))
        field.work.run("distill", env=field.env(server))
    done = export(field, "sft", "--split", "train=80,test=20")
    assert done["rows"] + done["left_out"]["near_duplicates"] == 36
    assert (front(field)["license"], front(field)["language"]) == ("cc-by-4.0", ["en"])
    recipe = json.loads((field.work.directory / "out" / "recipe.json").read_text())
    assert [run["command"] for run in recipe["runs"]] == ["import", "ask", "distill"]
    assert (recipe["inputs"][0]["rows"], recipe["inputs"][0]["licence"]) == (40, "CC BY 4.0")
    assert outside(LOAD, field.work.directory / "out", tmp_path) == rows(field)
    assert verify(field, 0) == []


@pytest.mark.parametrize(
    ("arguments", "says", "next_step"),
    [
        ("sft -o out/ --split train=80,train=20", "'train=20' is not a split", "--split train=80,validation=10"),
        ("sft -o out/ --split train:80", "'train:80' is not a split", "above 0"),
        ("sft -o out/ --rows 31", "--rows 31: split train needs 31 rows, there are 30", "--rows 30 is possible"),
        ("sft -o out/ --rows 0", "0 is not in the range", ""),
        ("sft -o out/ --balance", "--balance needs --rows", "--rows 1000"),
        ("sft -o out/ --format csv", "a dataset cannot be written as csv", "parquet or jsonl"),
        ("sft -o out.jsonl --rows 3", "--rows is only for datasets", "-o dataset/"),
        ("personas -o out/ --split train=1", "--split is only for datasets", "export sft"),
        ("sft -o foreign/", "holds something other than a dataset of pgraph, such as mine.txt", "Choose another"),
        ("sft -o foreign", "holds something other than a dataset of pgraph", "Choose another"),
        ("sft -o foreign/mine.txt/", "is a file, not a directory", "another name"),
        ("sft -o nowhere/out/", "there is no directory", "mkdir -p"),
        ("sft -o /proc/out/", "cannot be written", ""),
        ("sft -o out/ --split a=1,b=1,c=1,d=1,e=1,f=1,g=1,h=1,i=1,j=1,k=1",
         "hang together in 10 parts (groups that share a persona or a question), too few for 11 splits", "pgraph group"),
    ],
)  # fmt: skip
def test_wrong_uses(filled: Field, arguments: str, says: str, next_step: str) -> None:
    foreign = filled.work.directory / "foreign"
    foreign.mkdir()
    (foreign / "mine.txt").write_text("mine")
    done = filled.work.run("export", *arguments.split(), code=2)
    assert says in done.err
    assert next_step in done.err
    assert "Traceback" not in done.err
    assert sorted(path.name for path in filled.work.directory.iterdir()) == [".pgraph", "foreign"]
    assert [path.name for path in foreign.iterdir()] == ["mine.txt"]


def test_nothing_to_write_yet(work: Console) -> None:
    for kind, says in (
        ("sft", "holds no answers yet"),
        ("knowledge", "pgraph distill"),
        ("qa", "pgraph ask --kind qa"),
    ):
        assert says in work.run("export", kind, "-o", "out/", code=2).err
    assert [path.name for path in work.directory.iterdir()] == [".pgraph"]


def test_an_older_dataset_is_replaced_but_no_other_file(filled: Field) -> None:
    export(filled, "sft", "--format", "jsonl")
    export(filled, "qa", "--split", "train=50,test=50", output="out")
    assert set(contents(filled)) == {
        "README.md", "croissant.json", "recipe.json", "data/train.parquet", "data/test.parquet"
    }  # fmt: skip
    before = contents(filled)
    (filled.work.directory / "out" / "notes.txt").write_text("mine")
    assert "a file that is not of the dataset, notes.txt" in export(filled, "sft", code=2)
    assert contents(filled) == {**before, "notes.txt": b"mine"}


def test_no_room_and_killed(filled: Field) -> None:
    """The older dataset stays as it was."""
    export(filled, "sft", "--format", "jsonl")
    before = contents(filled)
    arguments = [sys.executable, "-m", "pgraph", "export", "sft", "-o", "out/", "--format", "jsonl"]
    environment: Mapping[str, str] = {**filled.work.environment(), "SQLITE_TMPDIR": "/dev/shm"}
    done = subprocess.run(
        arguments, cwd=filled.work.directory, env=environment, capture_output=True, text=True, check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (6_000, resource.RLIM_INFINITY)),
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert "larger than allowed" in done.stderr or "cannot sort the rows" in done.stderr
    assert contents(filled) == before
    assert sorted(path.name for path in filled.work.directory.iterdir()) == [".pgraph", "out"]
    process = subprocess.Popen(arguments, cwd=filled.work.directory, env=environment, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 60
    while not list(filled.work.directory.glob(".out.*.part")) and time.monotonic() < until:
        time.sleep(0.01)
    process.kill()
    process.wait()
    assert contents(filled) == before
    export(filled, "sft", "--format", "jsonl")
    assert contents(filled) == before


def test_licences_of_the_inputs(work: Console) -> None:
    """A licence can be stated afterwards; where they differ the card says so."""
    field = Field(work, {})
    work.write("note.txt", "The pier of the island is closed on Monday, as the ferry pilots mend their boats there.\n")
    fill(field)
    with FakeServer() as server:
        work.run("ingest", "note.txt", "--stance", "read", env=field.env(server), code=None)
        work.run("ingest", "note.txt", "--stance", "read", "--licence", "cc0-1.0", env=field.env(server), code=None)
    export(field, "sft")
    recipe = json.loads((work.directory / "out" / "recipe.json").read_text())
    assert [(one["file"], one["holds"], one["licence"]) for one in recipe["inputs"]] == [
        ("a.jsonl", "personas", "not stated"),
        ("note.txt", "texts", "cc0-1.0"),
    ]
    assert (front(field)["license"], front(field)["license_name"]) == ("other", "several")
    with graph(field) as store:
        store.write(Write("run", [{"id": "r0", "props": {"licence": "CC0 1.0"}}]))
    export(field, "sft")
    assert front(field)["license"] == "cc0-1.0"
    example = str(ROOT / "examples" / "personas.jsonl")
    work.run("import", example)
    work.run("import", example, "--licence", "my own terms")
    export(field, "sft")
    assert (front(field)["license"], front(field)["license_name"]) == ("other", "several")
    assert "my own terms" in (work.directory / "out" / "README.md").read_text()
