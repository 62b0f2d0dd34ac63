import csv
import json
import os
import re
import resource
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from graphstore.ids import persona_id
from graphstore.server import local
from graphstore.server.bolt import BoltStore
from graphstore.store import Write
from tests.console import ROOT, Console
from tests.neo4j_server import Neo4jServer


def fill(work: Console) -> None:
    """Three imported personas, one found by a call (twice), one duplicate of it, one group."""
    rows: list[dict[str, Any]] = [
        {"id": "x1", "persona": "A nurse in the hills", "domain": "Health", "shoe": 38, "tags": ["a"]},
        {"id": "x2", "persona": 'A "cook",\nat sea', "domain": "Food"},
        {"persona": "Медсестра"},
    ]
    work.write("a.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    work.run("import", "a.jsonl")
    by_text = {row["persona"]: row["id"] for row in work.rows()}
    found, twin = persona_id("A pharmacist"), persona_id("One pharmacist")
    nurse, cook = by_text["A nurse in the hills"], by_text['A "cook",\nat sea']
    props = {"text": "A pharmacist", "role": "pharmacist"}
    derived = [
        {"persona": found, "source": nurse, "call": "c1", "props": {"relation": "supplier", "run": "r1"}},
        {"persona": found, "source": cook, "call": "c2", "props": {"relation": "friend", "run": "r1"}},
    ]
    with local.connect(work.directory / ".pgraph" / "store", heap="512m", idle=120) as store:
        domain = next(iter(store.read("reads/domains")))["id"]
        store.write(
            Write("persona", [{"id": key, "depth": 1, "props": props} for key in (found, twin)]),
            Write("derived_from", derived),
            Write("related_to", [{"source": nurse, "persona": found, "kind": "supplier"}]),
            Write("duplicate_of", [{"persona": twin, "survivor": found, "method": "exact", "score": 1.0}]),
            Write("group", [{"id": "g1", "props": {"label": "Care", "size": 1}}]),
            Write("in_group", [{"domain": domain, "group": "g1", "by": "test"}]),
        )


def test_personas_in_three_formats(work: Console) -> None:
    import pyarrow.parquet as pq

    fill(work)
    for name in ("out.jsonl", "out.csv", "out.parquet"):
        assert "4 personas written to" in work.run("export", "personas", "-o", name).err
    rows = [json.loads(line) for line in (work.directory / "out.jsonl").read_text().splitlines()]
    assert [row["id"] for row in rows] == sorted(row["id"] for row in rows)
    found = next(row for row in rows if row["persona"] == "A pharmacist")
    assert sorted((o["relation"], o["run"], o["call"]) for o in found["derived_from"]) == [
        ("friend", "r1", "c2"),
        ("supplier", "r1", "c1"),
    ]
    assert (found["depth"], found["role"], found["imported_by"]) == (1, "pharmacist", [])
    nurse = next(row for row in rows if row["external_id"] == "x1")
    assert nurse["extra"] == {"shoe": 38, "tags": ["a"]}
    assert [row["group"] for row in rows].count("Care") == 1
    assert rows == work.rows(), "stdout gives the same"
    with (work.directory / "out.csv").open(newline="") as file:
        cells = list(csv.DictReader(file))
    assert [(cell["id"], cell["persona"], json.loads(cell["derived_from"])) for cell in cells] == [
        (row["id"], row["persona"], row["derived_from"]) for row in rows
    ]
    table = pq.read_table(work.directory / "out.parquet").to_pylist()
    assert [{**row, "extra": row["extra"] and json.loads(row["extra"])} for row in table] == rows


@pytest.mark.neo4j
def test_both_engines_give_the_same_files(work: Console, neo4j: Neo4jServer, neo4j_store: BoltStore) -> None:
    assert next(neo4j_store.read("reads/export_size"))["nodes"] == 0
    account = {"PGRAPH_STORE": neo4j.uri, "PGRAPH_STORE_USER": neo4j.user, "PGRAPH_STORE_PASSWORD": neo4j.password}
    people = str(ROOT / "examples" / "personas.jsonl")
    work.write("more.txt", "".join(f"A keeper of lighthouse number {n}\n" for n in range(3000)))
    for name, env in (("local", {}), ("neo4j", account)):
        done = work.run("--json", "import", people, "more.txt", people, env=env)
        assert (done.json["new"], done.json["already_there"]) == (3040, 40)
        work.run("export", "personas", "-o", f"{name}.jsonl", env=env)
        work.run("export", "graph", "-o", f"{name}.graphml", env=env)
    assert (work.directory / "neo4j.jsonl").read_text() == (work.directory / "local.jsonl").read_text()
    graphs = [_without_times((work.directory / f"{name}.graphml").read_text()) for name in ("local", "neo4j")]
    assert graphs[0] == graphs[1]


def _without_times(graphml: str) -> str:
    return re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+\+00:00", "…", graphml)


def test_duplicates_only_on_demand(work: Console) -> None:
    fill(work)
    twin = persona_id("One pharmacist")
    assert twin not in {row["id"] for row in work.rows()}
    assert {row["id"]: row["duplicate_of"] for row in work.rows("--all")}[twin] == persona_id("A pharmacist")


def test_graphml(work: Console) -> None:
    import networkx as nx

    fill(work)
    done = work.run("--json", "export", "graph", "-o", "g.graphml")
    graph = nx.read_graphml(work.directory / "g.graphml", force_multigraph=True)
    assert done.json["rows"] == graph.number_of_nodes() == 9
    assert f"Keeping 9 nodes and {graph.number_of_edges()} edges in memory" in done.err
    kinds = sorted(data["label"] for *_, data in graph.edges(data=True))
    assert kinds == sorted(
        ["DERIVED_FROM"] * 2 + ["IMPORTED_BY"] * 3 + ["IN_DOMAIN"] * 2 + ["RELATED_TO", "DUPLICATE_OF", "IN_GROUP"]
    )
    assert graph.nodes[persona_id("A pharmacist")]["text"] == "A pharmacist"
    before = (work.directory / "g.graphml").read_bytes()
    work.run("export", "graph", "-o", "g.graphml")
    assert (work.directory / "g.graphml").read_bytes() == before


def test_an_export_can_be_imported_again(work: Console) -> None:
    fill(work)
    work.run("export", "personas", "-o", "out.jsonl")
    done = work.run("--json", "import", "out.jsonl")
    assert (done.json["new"], done.json["already_there"]) == (0, 4)


def test_an_empty_graph_is_an_empty_file(work: Console) -> None:
    assert "0 personas written" in work.run("export", "personas", "-o", "out.csv").err
    assert (work.directory / "out.csv").read_text().count("\n") == 1


def test_a_reader_that_leaves(work: Console) -> None:
    work.write("a.txt", "".join(f"A keeper of lighthouse number {n}\n" for n in range(3000)))
    work.run("import", "a.txt")
    reading, writing = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-m", "pgraph", "export", "personas", "-o", "-"],
        cwd=work.directory,
        env=work.environment(),
        stdout=writing,
        stderr=subprocess.PIPE,
    )
    os.close(writing)
    os.read(reading, 100)
    os.close(reading)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0
    assert b"Traceback" not in err


@pytest.mark.parametrize("name", ["out.jsonl", "out.csv", "out.parquet", "out.graphml"])
def test_no_room(work: Console, name: str) -> None:
    work.write("a.txt", "".join(f"A keeper of lighthouse number {n} {hash(str(n))}\n" for n in range(3000)))
    work.run("import", "a.txt")
    work.write(name, "old")
    process = subprocess.run(
        [sys.executable, "-m", "pgraph", "export", "graph" if name.endswith("graphml") else "personas", "-o", name],
        cwd=work.directory,
        env={**work.environment(), "SQLITE_TMPDIR": "/dev/shm"},
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, resource.RLIM_INFINITY)),
    )
    assert process.returncode == 2, process.stderr
    assert "larger than allowed" in process.stderr or "cannot sort the rows" in process.stderr
    assert "Traceback" not in process.stderr
    assert (work.directory / name).read_text() == "old"
    assert sorted(path.name for path in work.directory.iterdir()) == sorted([".pgraph", "a.txt", name])


def test_a_device_stays_a_device(work: Console) -> None:
    work.run("export", "personas", "-o", "/dev/null", "--format", "jsonl")
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)
