"""Is a dataset still what was written? Files against the recipe, rows against the graph, splits against each other."""

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from distill.dataset import recipe as recipes
from distill.dataset.folder import files_of, sha256
from distill.dataset.likeness import Likeness
from foundation.errors import InputError
from graphstore import GraphStore
from graphstore.exports import EXPORT_COLUMNS, Sample, on_disk, samples

CHANGING = {"about", "domains", "group", "score", "marked"}  # columns that the graph may say anew after the export
_TABLES = """
    PRAGMA journal_mode = OFF;
    PRAGMA cache_size = -32768;
    CREATE TABLE rows (place INTEGER PRIMARY KEY, id TEXT, split TEXT, file TEXT, line INTEGER, row TEXT, found INTEGER);
    CREATE TABLE keys (thing TEXT, split TEXT, place INTEGER);
    CREATE TABLE problems (file TEXT, line INTEGER, what TEXT);
    BEGIN;
"""
Tell = Callable[[str, int], None]


@dataclass(frozen=True, slots=True)
class DatasetCheck:
    rows: int
    problems: list[str]  # each as file:line: what, or file: what


def require_recipe(directory: Path) -> Mapping[str, Any]:
    """The recipe. Raises `InputError` for a directory without one of ours."""
    found = recipes.read(directory)
    if found is None:
        what = "is not a dataset of pgraph" if directory.exists() else "is not there"
        raise InputError(
            f"{directory}: {what} (no readable {recipes.FILE})",
            "Name a directory that `pgraph export sft -o DIR/` wrote.",
        )
    return found


def verify_dataset(store: GraphStore, directory: Path, recipe: Mapping[str, Any], tell: Tell) -> DatasetCheck:
    with on_disk(_TABLES) as disk:
        checking = _Checking(disk, directory, recipe, tell)
        checking.files()
        checking.graph(store)
        checking.leakage()
        checking.likeness()
        return DatasetCheck(checking.rows, checking.problems())


class _Checking:
    def __init__(self, disk: sqlite3.Connection, directory: Path, recipe: Mapping[str, Any], tell: Tell) -> None:
        self.rows = 0
        self._disk, self._directory, self._recipe, self._tell = disk, directory, recipe, tell
        self._kind = recipe["kind"]

    def problems(self) -> list[str]:
        found = self._disk.execute("SELECT DISTINCT file, line, what FROM problems ORDER BY file, line, what")
        return [f"{file}:{line}: {what}" if line else f"{file}: {what}" for file, line, what in found]

    def files(self) -> None:
        """Digests and counts, and each row onto the disk."""
        known = {one["path"] for one in self._recipe["splits"]}
        for extra in sorted(name for name in files_of(self._directory) - known if name.startswith("data/")):
            self._problem(extra, 0, f"is not in {recipes.FILE}")
        for one in self._recipe["splits"]:
            self._file(one)
        self._disk.execute("CREATE INDEX by_id ON rows (id)")

    def graph(self, store: GraphStore) -> None:
        """Each row as the graph has it now; what does not change later must be the same."""
        for count, sample in enumerate(samples(store, self._kind), start=1):
            self._tell("rows of the graph read", count)
            held = self._disk.execute(
                "SELECT place, split, file, line, row FROM rows WHERE id = ?", (sample.row["id"],)
            ).fetchall()
            for number, (place, split, file, line, text) in enumerate(held):
                if number:
                    self._problem(file, line, f"{sample.row['id']} is there a second time")
                row = json.loads(text)
                for what in _differences(row, sample.row):
                    self._problem(file, line, what)
                self._note(sample, row, place, split)
        lost = self._disk.execute("SELECT file, line, id FROM rows WHERE found IS NULL").fetchall()
        for file, line, key in lost:
            self._problem(file, line, f"the graph has no row {key}")

    def leakage(self) -> None:
        """A persona, a question or a group in two splits: named at each row of the splits that have fewer of it."""
        self._disk.execute("CREATE INDEX by_thing ON keys (thing, split, place)")
        shared = self._disk.execute("SELECT thing FROM keys GROUP BY thing HAVING min(split) < max(split)").fetchall()
        for (thing,) in shared:
            held = self._disk.execute(
                """SELECT keys.split, file, line, count(*) OVER (PARTITION BY keys.split) AS times
                   FROM keys JOIN rows USING (place) WHERE thing = ? ORDER BY times DESC, keys.split, place""",
                (thing,),
            ).fetchall()
            most, first, at, _ = held[0]
            for split, file, line, _ in held:
                if split != most:
                    self._problem(file, line, f"{thing} is also in split {most} ({first}:{at})")

    def likeness(self) -> None:
        """Near duplicates in two splits, as the export looks for them."""
        sizes = self._disk.execute("SELECT split, count(*) FROM rows GROUP BY split ORDER BY 2, 1").fetchall()
        smaller = Likeness()
        for number, (split, _) in enumerate(sizes):
            for place, file, line, row in self._of(split) if number else ():
                self._tell("rows compared", place)
                other = smaller.find(row)
                if other is not None:
                    split_, *there = self._disk.execute(
                        "SELECT split, file, line FROM rows WHERE place = ?", (int(other),)
                    ).fetchone()
                    self._problem(file, line, f"nearly the same as a row of split {split_} ({there[0]}:{there[1]})")
            for place, _, _, row in self._of(split) if number < len(sizes) - 1 else ():
                smaller.add(str(place), row)

    def _file(self, one: Mapping[str, Any]) -> None:
        name, path = one["path"], self._directory / one["path"]
        if not path.is_file():
            self._problem(name, 0, "is missing")
            return
        if sha256(path) != one["sha256"]:
            self._problem(name, 0, f"was changed since it was written (its SHA-256 is not that of {recipes.FILE})")
        count = 0
        for count, row in enumerate(self._rows(path, name), start=1):
            self._tell("rows read", count)
            if row is not None:
                self._hold(one["split"], name, count, row)
        self.rows += count
        if count != one["rows"]:
            self._problem(name, 0, f"{count:,} rows, {recipes.FILE} says {one['rows']:,}")

    def _hold(self, split: str, name: str, line: int, row: Mapping[str, Any]) -> None:
        missing = [column for column in EXPORT_COLUMNS[self._kind] if column not in row]
        if missing:
            self._problem(name, line, f"no column {missing[0]}")
            return
        key = str(row["id"]).encode("utf-8", "replace").decode()  # a changed file may hold half a character
        self._disk.execute(
            "INSERT INTO rows (id, split, file, line, row) VALUES (?, ?, ?, ?, ?)",
            (key, split, name, line, json.dumps(row, default=str)),
        )

    def _rows(self, path: Path, name: str) -> Iterator[Mapping[str, Any] | None]:
        """The rows of a file; None for one that cannot be read."""
        import pyarrow as pa

        try:
            yield from self._parquet(path) if path.suffix == ".parquet" else self._lines(path, name)
        except (OSError, ValueError, pa.ArrowException) as error:
            self._problem(name, 0, f"cannot be read to its end ({str(error).splitlines()[0][:120]})")

    def _parquet(self, path: Path) -> Iterator[Mapping[str, Any]]:
        import pyarrow.parquet as pq

        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(1000):
                yield from batch.to_pylist()

    def _lines(self, path: Path, name: str) -> Iterator[Mapping[str, Any] | None]:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                try:
                    row = json.loads(line)
                except (ValueError, RecursionError):
                    row = None
                if not isinstance(row, dict):
                    self._problem(name, number, "not a JSON object")
                    row = None
                yield row

    def _of(self, split: str) -> Iterator[tuple[int, str, int, dict[str, Any]]]:
        query = "SELECT place, file, line, row FROM rows WHERE split = ? ORDER BY place"
        for place, file, line, row in self._disk.execute(query, (split,)):
            yield place, file, line, json.loads(row)

    def _note(self, sample: Sample, row: Mapping[str, Any], place: int, split: str) -> None:
        """Keep what must not stand in two splits; the groups are those of the export, as they may change later."""
        self._disk.execute("UPDATE rows SET found = 1 WHERE place = ?", (place,))
        things = [f"question {sample.question}", *(f"persona {one}" for one in sample.people)]
        things += [f"group {label}" for label in row["group"] or ()]
        self._disk.executemany("INSERT INTO keys VALUES (?, ?, ?)", [(thing, split, place) for thing in things])

    def _problem(self, file: str, line: int, what: str) -> None:
        self._disk.execute("INSERT INTO problems VALUES (?, ?, ?)", (file, line, what))


def _differences(held: Mapping[str, Any], graph: Mapping[str, Any]) -> Iterator[str]:
    for name, value in graph.items():
        if name not in CHANGING and held[name] != value:
            yield f"{name} is not as in the graph"
