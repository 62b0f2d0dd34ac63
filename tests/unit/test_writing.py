import csv
import json
import resource
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from foundation.errors import InputError
from graphstore.exports.exporting import PERSONA_COLUMNS
from graphstore.exports.writing import write_csv, write_graphml, write_jsonl, write_parquet
from graphstore.files.outputs import replacing


def row(key: str, **more: Any) -> dict[str, Any]:
    return {**dict.fromkeys(PERSONA_COLUMNS), "id": key, "derived_from": [], "imported_by": [], **more}


ROWS = [
    row(
        "p1",
        persona='A "nurse",\nat night',
        depth=0,
        extra={"n": 1},
        imported_by=[{"run": "r1", "file": "a", "row": "1"}],
    ),
    row(
        "p2",
        persona="护士",
        depth=1,
        derived_from=[{"source": "p1", "relation": "friend", "stance": None, "run": "r2", "call": "c1"}],
    ),
]


def test_jsonl(tmp_path: Path) -> None:
    with replacing(str(tmp_path / "a.jsonl")) as path, path.open("w") as file:
        assert write_jsonl(ROWS, file) == 2
    assert [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()] == ROWS


def test_csv(tmp_path: Path) -> None:
    with (tmp_path / "a.csv").open("w", newline="") as file:
        assert write_csv(ROWS, PERSONA_COLUMNS, file) == 2
    with (tmp_path / "a.csv").open(newline="") as file:
        first, second = csv.DictReader(file)
    assert first["persona"] == ROWS[0]["persona"]
    assert json.loads(second["derived_from"]) == ROWS[1]["derived_from"]


def test_parquet(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    assert write_parquet(ROWS, tmp_path / "a.parquet", "personas") == 2
    assert pq.read_table(tmp_path / "a.parquet").to_pylist() == [{**ROWS[0], "extra": '{"n": 1}'}, ROWS[1]]
    assert write_parquet([], tmp_path / "none.parquet", "personas") == 0
    assert pq.read_table(tmp_path / "none.parquet").num_rows == 0


def test_graphml_reads_back(tmp_path: Path) -> None:
    import networkx as nx

    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    graph.add_node("p1", label="Persona", text="A <nurse> & 护士", depth=0)
    graph.add_edge("p1", "p1", label="RELATED_TO")
    graph.add_edge("p1", "p1", label="DERIVED_FROM")
    write_graphml(graph, tmp_path / "a.graphml")
    back = nx.read_graphml(tmp_path / "a.graphml", force_multigraph=True)
    assert back.nodes["p1"] == graph.nodes["p1"]
    assert sorted(data["label"] for *_, data in back.edges(data=True)) == ["DERIVED_FROM", "RELATED_TO"]


def test_a_file_is_replaced_only_at_the_end(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    target.write_text("old")
    target.chmod(0o640)
    with replacing(str(target)) as path:
        path.write_text("new")
        assert target.read_text() == "old"
    assert target.read_text() == "new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_a_failure_leaves_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    target.write_text("old")

    def interrupted() -> None:
        with replacing(str(target)) as path:
            path.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_a_link_stays_a_link_and_a_device_a_device(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link.txt").symlink_to(tmp_path / "real" / "a.txt")
    with replacing(str(tmp_path / "link.txt")) as path:
        path.write_text("x")
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "real" / "a.txt").read_text() == "x"
    with replacing("/dev/null") as path:
        path.write_text("x")
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("missing/a.txt", "there is no directory"),
        (".", "is a directory"),
        ("x" * 300, "too long"),
        ("/proc/a", "cannot be written"),
    ],
)
def test_places_that_do_not_work(tmp_path: Path, name: str, told: str) -> None:
    with pytest.raises(InputError) as caught, replacing(str(tmp_path / name)):
        pass
    assert told in caught.value.message
    assert caught.value.hint


_FULL = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from graphstore.exports.writing import write_jsonl, write_parquet
from graphstore.files import replacing
from graphstore.exports import PERSONA_COLUMNS
from foundation.errors import InputError
import random
def rows():
    for i in range(20_000):
        yield {**dict.fromkeys(PERSONA_COLUMNS), "id": str(random.random()), "derived_from": [], "imported_by": []}
try:
    with replacing(sys.argv[2]) as path:
        if sys.argv[2].endswith(".parquet"):
            write_parquet(rows(), path, "personas")
        else:
            with path.open("w") as file:
                write_jsonl(rows(), file)
except InputError as error:
    print(error.message)
"""


@pytest.mark.parametrize("ending", ["jsonl", "parquet"])
def test_no_room_leaves_no_half_file(tmp_path: Path, ending: str) -> None:
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY
    target = tmp_path / f"a.{ending}"
    target.write_text("old")
    root = str(Path(__file__).parents[2])
    done = subprocess.run([sys.executable, "-c", _FULL, root, str(target)], capture_output=True, text=True, check=False)
    assert "larger than allowed; nothing was changed" in done.stdout, done.stderr
    assert [path.name for path in tmp_path.iterdir()] == [target.name]
    assert target.read_text() == "old"
