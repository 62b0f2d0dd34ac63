import gzip
import json
import signal
import time
from typing import Any

from tests.console import ROOT, Console

PEOPLE = [f"A keeper of lighthouse number {n} who writes letters" for n in range(50)]


def counts(work: Console, *args: str, code: int | None = 0, stdin: bytes = b"") -> dict[str, Any]:
    summary = work.run("--json", "import", *args, code=code, stdin=stdin).json
    assert summary.pop("seconds") >= 0
    assert summary.pop("command") == "import"
    assert summary["rows"] == summary["new"] + summary["already_there"] + summary["bad"]
    return {name: value for name, value in summary.items() if name != "files"}


def test_importing_again_adds_nothing(work: Console) -> None:
    work.write("a.txt", "\n".join(PEOPLE))
    assert counts(work, "a.txt") == {"rows": 50, "new": 50, "already_there": 0, "bad": 0}
    first = work.rows()
    assert counts(work, "a.txt") == {"rows": 50, "new": 0, "already_there": 50, "bad": 0}
    work.write("copy.txt", "\n".join(PEOPLE))
    again = work.run("import", "copy.txt")
    assert "copy.txt: already imported (20" in again.err
    assert "50 rows: 0 new, 50 already there, 0 bad" in again.err
    assert work.rows() == first, "no row of the same content is a second sighting"
    assert [len(row["imported_by"]) for row in first] == [1] * 50


def test_another_file_is_another_sighting(work: Console) -> None:
    work.write("a.txt", "\n".join(PEOPLE[:3]) + "\n" + PEOPLE[0])
    work.write("b.txt", "\n".join(PEOPLE[2:5]))
    assert counts(work, "a.txt", "b.txt") == {"rows": 7, "new": 5, "already_there": 2, "bad": 0}
    seen = {row["persona"]: [(sight["file"], sight["row"]) for sight in row["imported_by"]] for row in work.rows()}
    assert seen[PEOPLE[0]] == [("a.txt", "1"), ("a.txt", "4")]
    assert sorted(seen[PEOPLE[2]]) == [("a.txt", "3"), ("b.txt", "1")]


def test_what_a_row_says_is_kept(work: Console) -> None:
    row = {
        "id": 7,
        "persona": "A nurse in the hills",
        "domain": "Community_Health",
        "role": "Hill Nurse",
        "age": 4,
        "x": {"y": [1]},
    }
    other = {"id": 8, "persona": "Медсестра ночной смены", "domain": "community health"}
    work.write("a.jsonl", json.dumps(row) + "\n" + json.dumps(other) + "\n")
    counts(work, "a.jsonl")
    by_id = {row["external_id"]: row for row in work.rows()}
    nurse = by_id["7"]
    assert nurse["role"] == "hill nurse"
    assert nurse["domain"] == by_id["8"]["domain"] == "Community_Health", "one domain, its label as first seen"
    assert (nurse["depth"], nurse["language"], by_id["8"]["language"]) == (0, "en", "ru")
    assert nurse["extra"] == {"age": 4, "x": {"y": [1]}}
    assert nurse["derived_from"] == []


def test_every_format_gives_the_same_graph(work: Console) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = [{"persona": text, "domain": "Signals"} for text in PEOPLE[:5]]
    pq.write_table(pa.Table.from_pylist(rows), work.directory / "a.parquet")
    work.write("a.csv", "persona,domain\n" + "".join(f"{row['persona']},Signals\n" for row in rows))
    work.write("a.jsonl.gz", gzip.compress("".join(json.dumps(row) + "\n" for row in rows).encode()))
    assert counts(work, "a.parquet")["new"] == 5
    assert counts(work, "a.csv", "a.jsonl.gz")["already_there"] == 10
    piped = counts(work, "-", "--format", "txt", stdin="\n".join(PEOPLE[:5]).encode())
    assert piped["already_there"] == 5


def test_indic_persona_hub_shape(work: Console) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = [
        {"id": "a1", "persona": "एक किसान जो गाँव में रहता है", "domain": ["Agriculture", "Water"]},
        {"id": "a2", "persona": "A weaver from Kanchipuram", "domain": ["Crafts"]},
    ]
    pq.write_table(pa.Table.from_pylist(rows), work.directory / "a.parquet")
    counts(work, "a.parquet")
    by_id = {row["external_id"]: row for row in work.rows()}
    assert (by_id["a1"]["domain"], by_id["a1"]["language"]) == ("Agriculture", "hi")
    assert by_id["a1"]["extra"] == {"domain": ["Agriculture", "Water"]}
    assert (by_id["a2"]["domain"], by_id["a2"]["extra"]) == ("Crafts", None)


def test_bad_rows_are_named_counted_and_left_out(work: Console) -> None:
    lines = [json.dumps({"id": n, "persona": text}) for n, text in enumerate(PEOPLE[:10])]
    lines[3] = "{"
    lines[5] = json.dumps({"id": 1, "persona": "Somebody else altogether"})
    lines += ['{"persona": ""}'] * 30
    work.write("a.jsonl", "\n".join(lines))
    done = work.run("import", "a.jsonl", code=1)
    told = [line for line in done.err.splitlines() if "row skipped" in line]
    assert len(told) == 20
    assert told[0].startswith("a.jsonl:4: not JSON")
    assert told[1] == "a.jsonl:6: the id '1' is in line 2 with another text; row skipped"
    assert "a.jsonl: 12 more bad rows" in done.err
    assert "40 rows: 8 new, 0 already there, 32 bad" in done.err
    assert len(work.rows()) == 8
    quiet = work.run("--quiet", "import", "a.jsonl", code=1)
    assert "a.jsonl:4" in quiet.err


def test_strict_writes_nothing(work: Console) -> None:
    work.write("good.txt", "\n".join(PEOPLE))
    work.write("bad.jsonl", '{"persona": "A nurse who waits"}\n{"persona": 3}\n')
    done = work.run("import", "--strict", "good.txt", "bad.jsonl", code=2)
    assert done.err.startswith("Error: bad.jsonl:2: persona is a number, not a text")
    assert work.rows() == []
    assert counts(work, "--strict", "good.txt")["new"] == 50


def test_nothing_could_be_read(work: Console) -> None:
    work.write("a.jsonl", '{"persona": ""}\n' * 3)
    assert "no row could be read" in work.run("import", "a.jsonl", code=2).err
    work.write("b.txt", "\n \n\t\n")
    assert "holds no rows" in work.run("import", "b.txt", code=2).err
    work.write("c.txt", "A nurse")
    assert "no such file" in work.run("import", "c.txt", "missing.txt", code=2).err
    assert work.rows() == [], "files are looked through before any is written"


def test_killed_and_started_again(work: Console) -> None:
    work.run("local", "start")
    many = [f"A keeper of lighthouse number {n} who writes letters" for n in range(30_000)]
    work.write("a.txt", "\n".join(many))
    process = work.start("import", "a.txt")
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = work.run("--json", "cypher", "MATCH (p:Persona) RETURN count(p) AS n").json["rows"][0]["n"]
        if found:
            break
    process.send_signal(signal.SIGKILL)
    process.communicate()
    before = len(work.rows())
    assert 0 < before < len(many), "killed in the middle"
    assert before % 2000 == 0, "whole batches"
    assert counts(work, "a.txt") == {"rows": 30_000, "new": 30_000 - before, "already_there": before, "bad": 0}
    rows = work.rows()
    assert sorted(row["persona"] for row in rows) == sorted(many)
    assert {len(row["imported_by"]) for row in rows} == {1}


def test_the_examples(work: Console) -> None:
    summary = counts(work, str(ROOT / "examples" / "personas.jsonl"))
    assert (summary["new"], summary["bad"]) == (40, 0)
    rows = work.rows()
    assert all(row["domain"] and row["role"] and row["language"] == "en" for row in rows)
    assert len({row["role"] for row in rows}) == 40
