"""`pgraph infer`: every row once, whatever goes wrong; the flags and files of older batch runners."""

import json
import re
import signal
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.console import Console
from tests.fakes.server import MODEL, FakeServer

if TYPE_CHECKING:
    import subprocess

pytestmark = pytest.mark.timeout(300)

AT_ONCE = 8
TEMPLATE = 'Speak as {0} about {1}.\nReply with JSON: {"a": {"b": [1]}}, \\d{4}, {name}'
Row = dict[str, Any]


@pytest.fixture
def place(tmp_path: Path) -> Console:
    for name in ("work", "home"):
        (tmp_path / name).mkdir()
    made = Console(tmp_path / "work", tmp_path / "home")
    made.write("tasks.yml", f"say: |\n  {TEMPLATE.replace(chr(10), chr(10) + '  ')}\n")
    return made


@pytest.fixture
def model() -> Iterator[FakeServer]:
    with FakeServer(answer=echo) as server:
        yield server


def echo(request: Mapping[str, Any]) -> str:
    return f"said: {request['messages'][-1]['content']}"


def people(count: int, **more: Any) -> list[Row]:
    return [{"id": f"p{number}", "persona": f"nurse {number}", "domain": "health", **more} for number in range(count)]


def put(place: Console, rows: list[Row], name: str = "in.jsonl") -> str:
    return place.write(name, "".join(json.dumps(row) + "\n" for row in rows))


def rows_of(place: Console, name: str) -> list[Row]:
    path = place.directory / name
    if not path.exists():
        return []
    if name.endswith(".parquet"):
        found: list[Row] = pq.read_table(path).to_pylist()
        return found
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def arguments(server: FakeServer, source: str, output: str, *more: str) -> tuple[str, ...]:
    where = ("--input", source, "--output", output, "--base-url", server.base_url, "--at-once", str(AT_ONCE))
    task = () if "--task" in more else ("--instructions", "tasks.yml", "--task", "say", "--fields", "persona,domain")
    return ("--json", "infer", *where, *task, *more)


def test_each_row_gets_its_answer_with_what_made_it(place: Console, model: FakeServer) -> None:
    put(place, people(30, note="ü", nested={"a": [1, None]}))
    done = place.run(*arguments(model, "in.jsonl", "out.jsonl", "--ordered"))
    rows = rows_of(place, "out.jsonl")
    asked = 'Speak as nurse 7 about health.\nReply with JSON: {"a": {"b": [1]}}, \\d{4}, {name}'
    assert [row["id"] for row in rows] == [f"p{number}" for number in range(30)]
    assert {key: rows[7][key] for key in ("persona", "domain", "note", "nested", "response", "response_model")} == {
        "persona": "nurse 7", "domain": "health", "note": "ü", "nested": {"a": [1, None]},
        "response": f"said: {asked}", "response_model": MODEL,
    }  # fmt: skip
    assert len({row["response_call"] for row in rows}) == 30
    assert len({row["response_prompt"] for row in rows}) == 1
    assert (done.json["answered"], done.json["failed"]) == (30, 0)
    assert sorted(path.name for path in place.directory.iterdir()) == [".pgraph", "in.jsonl", "out.jsonl", "tasks.yml"]
    assert not (place.directory / ".pgraph" / "store").exists(), "no graph is needed"


def test_killed_anywhere_and_resumed_each_row_once(place: Console) -> None:
    pq.write_table(pa.Table.from_pylist(people(400)), place.directory / "in.parquet")
    faults = [
        {"kind": "429", "rate": 0.05, "retry_after": 0.2},
        {"kind": "500", "rate": 0.03},
        {"kind": "reset", "rate": 0.02},
        {"kind": "length", "rate": 0.02},
    ]
    with FakeServer(answer=echo, faults=faults, latency=0.02) as server:
        for goal in (60, 150, 250):
            process = place.start(*arguments(server, "in.parquet", "out.parquet"))
            wait_for(process, server, goal)
            process.kill()
            process.communicate()
            assert not (place.directory / "out.parquet").exists()
        place.run(*arguments(server, "in.parquet", "out.parquet"), code=None)
        twice = server.stats()["paid_twice"]
        failed = rows_of(place, "out.parquet.failed.jsonl")
        answered = [row["id"] for row in rows_of(place, "out.parquet")]
        assert sorted([*answered, *(row["id"] for row in failed)]) == sorted(row["id"] for row in people(400))
        assert {row["reason"] for row in failed} <= {"truncated"}
        cut = server.stats()["faults"].get("length", 0)
        assert twice <= 3 * AT_ONCE + cut
        server.faults.clear()
        place.run(*arguments(server, "in.parquet", "out.parquet"))
    again = rows_of(place, "out.parquet")
    assert sorted(row["id"] for row in again) == sorted(row["id"] for row in people(400))
    assert all(row["response"] == f"said: {filled(row)}" for row in again)
    assert not (place.directory / "out.parquet.failed.jsonl").exists()
    assert not (place.directory / "out.parquet.part.jsonl").exists()


def filled(row: Row) -> str:
    return TEMPLATE.replace("{0}", row["persona"]).replace("{1}", row["domain"])


def wait_for(process: "subprocess.Popen[str]", server: FakeServer, many: int, what: str = "paid") -> None:
    until = time.monotonic() + 60
    while server.stats()[what] < many and time.monotonic() < until:
        assert process.poll() is None, process.communicate()
        time.sleep(0.005)


def test_half_a_line_at_the_end_is_written_anew(place: Console, model: FakeServer) -> None:
    put(place, people(5))
    place.run(*arguments(model, "in.jsonl", "out.jsonl"))
    path = place.directory / "out.jsonl"
    path.write_bytes(path.read_bytes()[:-9])
    done = place.run(*arguments(model, "in.jsonl", "out.jsonl"))
    assert sorted(row["id"] for row in rows_of(place, "out.jsonl")) == [f"p{number}" for number in range(5)]
    assert (done.json["already_there"], done.json["replies_from_cache"]) == (4, 1)
    assert model.stats()["paid"] == 5


def test_a_failed_row_is_named_and_tried_again(place: Console) -> None:
    rows = [*people(20), {"id": "p3", "persona": "x", "domain": "y"}, {"id": "bare", "domain": "y"}]
    place.write("in.jsonl", "".join(json.dumps(row) + "\n" for row in rows) + '{"half": \n')
    faults = [{"kind": "400", "first": 4, "last": 6}, {"kind": "length", "first": 9, "last": 9}]
    with FakeServer(answer=echo, faults=faults) as server:
        done = place.run(*arguments(server, "in.jsonl", "out.jsonl", "--ordered"), code=1)
        failed = rows_of(place, "out.jsonl.failed.jsonl")
        assert [(row["line"], row["reason"].split(":")[0].split(" (")[0]) for row in failed[-3:]] == [
            (21, "the same id as another row"), (22, "a field is missing"), (23, "not JSON"),
        ]  # fmt: skip
        assert sorted(row["reason"] for row in failed[:-3]) == ["HTTP 400: scripted 400"] * 3 + ["truncated"]
        assert done.json["failures"] == {
            "HTTP 400": 3, "truncated": 1, "the same id as another row": 1, "a field is missing": 1, "not JSON": 1,
        }  # fmt: skip
        cut = next(row for row in failed if row["reason"] == "truncated")
        assert cut["response"].startswith("said:")
        assert cut["row"]["persona"].startswith("nurse")
        paid = server.stats()["paid"]
        done = place.run(*arguments(server, "in.jsonl", "out.jsonl", "--ordered"), code=1)
        assert (done.json["answered"], done.json["failed"], server.stats()["paid"] - paid) == (4, 3, 4)
    assert [row["id"] for row in rows_of(place, "out.jsonl")] == [f"p{number}" for number in range(20)], "in order"


def test_rows_without_an_id_get_one_and_are_known_by_it(place: Console, model: FakeServer) -> None:
    rows = [{"persona": "nurse", "domain": "health"}] * 3 + [{"id": None, "persona": "nurse", "domain": "health"}]
    put(place, rows)
    place.run(*arguments(model, "in.jsonl", "out.parquet"))
    first = rows_of(place, "out.parquet")
    assert len({row["id"] for row in first}) == 4
    place.run(*arguments(model, "in.jsonl", "out.parquet"))
    assert rows_of(place, "out.parquet") == first
    assert model.stats()["chat"] == 4


def test_parquet_keeps_the_types_of_its_columns(place: Console, model: FakeServer) -> None:
    schema = pa.schema(
        [
            ("id", pa.int32()), ("persona", pa.large_string()), ("at", pa.timestamp("ms", "UTC")), ("day", pa.date32()),
            ("price", pa.decimal128(9, 2)), ("blob", pa.binary()), ("share", pa.float32()),
            ("kind", pa.dictionary(pa.int8(), pa.string())),
            ("turns", pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))),
        ]
    )  # fmt: skip
    row = {
        "id": 1, "persona": "nurse", "at": 1_700_000_000_123, "day": 3, "price": None, "blob": b"\xff\x00", "kind": "k",
        "share": float("nan"), "turns": [{"role": "system", "content": "s"}, {"role": "user", "content": "why?"}],
    }  # fmt: skip
    table = pa.Table.from_pylist([row, {**dict.fromkeys(row), "id": 2, "turns": row["turns"]}], schema=schema)
    pq.write_table(table, place.directory / "in.parquet")
    more = ("--template-fields", "turns.[?role==user].content", "id")
    args = (
        "--input-path",
        "in.parquet",
        "--output-file",
        "out.parquet",
        "--instruction-path",
        "tasks.yml",
        "--ordered",
    )
    place.run("infer", *args, *more, "--task", "say", "--base-url", model.base_url)
    out = pq.read_table(place.directory / "out.parquet")
    assert out.schema.names[: len(schema)] == schema.names
    assert [out.schema.field(name).type for name in schema.names] == schema.types
    assert out.select([n for n in schema.names if n != "share"]).equals(
        table.select([n for n in schema.names if n != "share"])
    )
    assert out["response"][0].as_py().startswith("said: Speak as why? about 1.")


def test_mixed_values_in_a_column_become_text(place: Console, model: FakeServer) -> None:
    put(place, [{"id": 1, "persona": "a", "x": 1, "y": {}}, {"id": "b", "persona": "c", "x": "two", "z": [None]}])
    for _ in range(2):
        place.run(*arguments(model, "in.jsonl", "out.parquet", "--ordered"))
    rows = rows_of(place, "out.parquet")
    assert [(row["id"], row["x"], row["y"], row["z"]) for row in rows] == [
        ("1", "1", "{}", None),
        ("b", "two", None, [None]),
    ]
    assert model.stats()["chat"] == 2


@pytest.mark.parametrize("name", ["sglang", "sglang-oai-chat", "vllm", "lmdeploy-chat"])
def test_the_flags_of_older_runners(place: Console, model: FakeServer, name: str) -> None:
    put(place, people(3))
    flags = (
        "--disable-tqdm --disable-stream --disable-ignore-eos --apply-chat-template --tokenizer x --request-rate 500"
    )
    done = place.run(
        *("infer", "--input-path", "in.jsonl", "--output-file", "out.jsonl", "--instruction-path", "tasks.yml"),
        *(
            "--task",
            "say",
            "--backend",
            name,
            "--host",
            "127.0.0.1",
            "--port",
            str(model.port),
            "--max-new-tokens",
            "77",
        ),
        *("--max-concurrency", "2", "--extra-request-body", '{"top_p": 0.5}', *flags.split()),
        *("--template-fields", "persona", "late frost, in spring"),
    )
    assert [(body["max_tokens"], body["top_p"]) for body in model.requests] == [(77, 0.5)] * 3
    for row in rows_of(place, "out.jsonl"):  # in the order in which the answers came
        assert row["response"].startswith(f"said: Speak as {row['persona']} about late frost, in spring.")
    assert "There is no column 'late frost, in spring': it is used as text." in done.err
    assert "--disable-stream has no effect" in done.err
    assert model.stats()["most_in_flight"] <= 2


def test_an_address_without_v1_is_completed(place: Console, model: FakeServer) -> None:
    put(place, people(1))
    short = model.base_url.removesuffix("/v1")
    place.run(
        "infer",
        "--input",
        "in.jsonl",
        "--output",
        "out.jsonl",
        "--task",
        "create_domain_questions",
        "--base-url",
        short,
    )
    assert "Field of knowledge: health" in rows_of(place, "out.jsonl")[0]["response"]


def test_rows_that_hold_their_prompt_need_no_task(place: Console, model: FakeServer) -> None:
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Why?"}]
    put(place, [{"messages": messages}, {"messages": []}])
    args = ("--input", "in.jsonl", "--output", "out.jsonl", "--model", MODEL, "--base-url", model.base_url)
    place.run("infer", *args, code=1)
    assert model.requests[0]["messages"] == messages
    assert len(rows_of(place, "out.jsonl.failed.jsonl")) == 1


def test_one_output_feeds_the_next(place: Console, model: FakeServer) -> None:
    put(place, people(3))
    place.run(*arguments(model, "in.jsonl", "one.parquet", "--column", "question", "--task", "create_domain_questions"))
    place.run(*arguments(model, "one.parquet", "two.jsonl", "--column", "answer", "--task", "data_gen_personas"))
    row = rows_of(place, "two.jsonl")[0]
    assert row["question"] in row["answer"]
    assert {"question_call", "answer_call"} <= set(row)


def test_a_dry_run_shows_what_would_be_sent(place: Console, model: FakeServer) -> None:
    put(place, people(9))
    done = place.run(*arguments(model, "in.jsonl", "out.jsonl", "--dry-run"))
    place.run(*arguments(model, "in.jsonl", "out.jsonl"))
    shown, sent = ([item["messages"] for item in items] for items in (done.json["prompts"], model.requests))
    assert [str(messages[-1]["content"])[:16] for messages in shown] == [
        f"Speak as nurse {number}" for number in range(3)
    ]
    assert all(messages in sent for messages in shown)  # sent at the same time, so they arrive in any order


def test_interrupted_what_was_answered_is_kept(place: Console) -> None:
    put(place, people(200))
    with FakeServer(answer=echo, latency=0.05) as server:
        process = place.start(*arguments(server, "in.jsonl", "out.jsonl"))
        wait_for(process, server, 30)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
        assert process.returncode == 130, err
        assert "Run the same command again to continue" in err
        assert len(rows_of(place, "out.jsonl")) >= 30 - AT_ONCE
        place.run(*arguments(server, "in.jsonl", "out.jsonl"))
        assert server.stats()["paid_twice"] <= AT_ONCE
    assert len({row["id"] for row in rows_of(place, "out.jsonl")}) == 200


def test_two_at_one_output_the_second_is_refused(place: Console) -> None:
    put(place, people(3))
    with FakeServer(answer=echo, latency=60) as server:
        process = place.start(*arguments(server, "in.jsonl", "out.jsonl"))
        wait_for(process, server, 1, "in_flight")
        done = place.run(*arguments(server, "in.jsonl", "out.jsonl"), code=2)
        process.kill()
        process.communicate()
    assert "another pgraph infer is writing it" in done.err
    assert (place.directory / "out.jsonl").exists(), "the second took nothing away"


def test_a_server_that_goes_away_ends_the_run_with_what_it_had(place: Console) -> None:
    put(place, people(300))
    with FakeServer(answer=echo, latency=0.02) as server:
        process = place.start(*arguments(server, "in.jsonl", "out.jsonl"), env={"PGRAPH_PATIENCE": "2"})
        wait_for(process, server, 50)
        server.stop()
        out, err = process.communicate(timeout=60)
    assert process.returncode == 4, err
    assert json.loads(out)["answered"] == len(rows_of(place, "out.jsonl")) >= 40
    assert "The same command continues" in err


BAD = [
    ("no such task", ("--instructions", "tasks.yml", "--task", "sing"), "tasks.yml has no task 'sing'.*--task: say"),
    (
        "a field too few",
        ("--instructions", "tasks.yml", "--fields", "persona"),
        r"asks for \{0\}, \{1\}, \{4\}, and 1 fields",
    ),
    ("misnumbered", ("--instructions", "colon.yml", "--fields", "id,persona,domain"), r"asks for \{0\}, \{1\}, \{3\}"),
    ("no fields", ("--instructions", "tasks.yml"), r"asks for \{0\}, \{1\}, \{4\}, and 0 fields are given \(none\)"),
    ("a column missing", ("--task", "agri_sft_gen"), "needs 'topic', and the input has no such column.*--fields"),
    ("no task", (), "no task is named.*--task"),
    ("trt", ("--task", "agri_sft_gen", "--backend", "trt"), "--backend trt is not supported"),
    ("no JSON", ("--extra-request-body", "{top_p"), "is not JSON"),
    ("no object", ("--extra-request-body", "[1]"), "not a JSON object"),
    (
        "ours",
        ("--instructions", "tasks.yml", "--fields", "id,id", "--extra-request-body", '{"stream": true}'),
        "stream",
    ),
    ("an ending", ("--instructions", "tasks.yml", "--fields", "id,id", "--output", "out.xlsx"), "ending"),
    ("onto itself", ("--task", "agri_sft_gen", "--output", "in.jsonl"), "in.jsonl: is also the input"),
    (
        "foreign output",
        ("--instructions", "tasks.yml", "--fields", "id,id", "--output", "old.jsonl"),
        "old.jsonl:1: is no",
    ),
    ("foreign line", ("--instructions", "tasks.yml", "--fields", "id,id", "--output", "one.json"), "one.json:1: is no"),
    ("foreign text", ("--instructions", "tasks.yml", "--fields", "id,id", "--output", "a.jsonl"), "a.jsonl:1: is no"),
    ("no such place", ("--instructions", "tasks.yml", "--fields", "id,id", "--output", "no/o.jsonl"), "mkdir -p"),
    ("column taken", ("--task", "agri_sft_gen", "--column", "persona"), "already has a column 'persona'.*--column"),
    ("no template", ("--instructions", "list.yml"), "task 'say' is not a template"),
    ("no input", ("--input", "gone.jsonl"), "gone.jsonl: no such file"),
]


@pytest.mark.parametrize(("args", "says"), [case[1:] for case in BAD], ids=[case[0] for case in BAD])
def test_wrong_use_is_said_before_anything_is_paid(
    place: Console, model: FakeServer, args: tuple[str, ...], says: str
) -> None:
    put(place, people(3))
    put(place, [{"id": 1, "generated_text": "x"}], "old.jsonl")
    place.write("colon.yml", "'finance_qna_gen:': 'You are {0}, {1}: {3}'\n")
    place.write("list.yml", "say: [1, 2]\n")
    place.write("one.json", '{"mine": 1}')
    place.write("a.jsonl", "my notes")
    kept = [(place.directory / name) for name in ("old.jsonl", "one.json", "a.jsonl")]
    before = [path.read_bytes() for path in kept]
    base = ("--input", "in.jsonl", "--output", "out.jsonl")
    where = () if "--backend" in args else ("--base-url", model.base_url)
    done = place.run("infer", *base, *where, *args, code=2)
    assert "Traceback" not in done.err

    assert re.search(says, " ".join(done.err.split())), done.err
    assert not model.stats()["chat"]
    assert [path.read_bytes() for path in kept] == before
    assert rows_of(place, "in.jsonl") == people(3)
