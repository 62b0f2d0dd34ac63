"""`pgraph export` to a directory and `pgraph verify`, through the command line."""

import json
import os
import re
import resource
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from distill.dataset.folder import sha256
from graphstore import local
from graphstore.bolt import BoltStore
from graphstore.store import GraphStore, Write
from tests.cli.expanding import Field
from tests.console import ROOT, Console
from tests.fakes import thinkers
from tests.fakes.server import FakeServer

pytestmark = pytest.mark.timeout(600)
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


@pytest.fixture
def filled(work: Console) -> Field:
    field = Field(work, {})
    fill(field)
    return field


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


@pytest.mark.parametrize("form", ["parquet", "jsonl"])
def test_a_dataset_as_others_read_it(field: Field, form: str, tmp_path: Path) -> None:
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
    assert outside(LOAD, out, tmp_path) == held
    issues, sets = outside(CROISSANT, out, tmp_path)
    assert (issues, sets) == ([], held)
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
    (_twice, ["data/train.{}: 25 rows, recipe.json says 24", "data/train.{}:25: {row} is there a second time"]),
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
    with (data / "test.jsonl").open("ab") as file:
        file.write(b'{"id": \xff\n[1]\n{}\n')
    found = verify(filled, 1)
    assert [line for line in found if re.match(r"data/test.jsonl:\d", line)] == [
        "data/test.jsonl:7: not a JSON object",
        "data/test.jsonl:8: not a JSON object",
        "data/test.jsonl:9: no column id",
    ]
    summary = filled.work.run("--json", "verify", "out", code=1).json
    assert (summary["rows"], summary["problems"], summary["found"]) == (ROWS + 3, len(found), found)


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


@pytest.mark.parametrize(
    ("arguments", "says", "next_step"),
    [
        ("sft -o out/ --split train=80,train=20", "'train=20' is not a split", "--split train=80,validation=10"),
        ("sft -o out/ --split train:80", "'train:80' is not a split", "above 0"),
        ("sft -o out/ --rows 31", "--rows 31: split train needs 31 rows, there are 30", "--rows 30 is possible"),
        ("sft -o out/ --rows 0", "0 is not in the range", ""),
        ("sft -o out/ --balance", "--balance draws rows, but not how many", "--rows 1000"),
        ("sft -o out/ --format csv", "a dataset cannot be written as csv", "parquet or jsonl"),
        ("sft -o out.jsonl --rows 3", "--rows is for datasets", "-o dataset/"),
        ("personas -o out/ --split train=1", "--split is for datasets", "export sft"),
        ("sft -o foreign/", "holds files that are no dataset of pgraph, such as mine.txt", "Choose another"),
        ("sft -o foreign", "holds files that are no dataset of pgraph", "Choose another"),
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
    assert front(field)["license"] == "other"
    assert "my own terms" in (work.directory / "out" / "README.md").read_text()
