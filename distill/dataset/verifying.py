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

CHANGING = {"about", "domains", "group", "score", "marked"}  # columns that the graph may change after the export
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
    """The result of a check: how many `rows` were read, and the `problems` in the order of files and lines."""

    rows: int
    problems: list[str]  # each as file:line: what, or file: what


def require_recipe(directory: Path) -> Mapping[str, Any]:
    """The recipe of the dataset in `directory`. Raises `InputError` if pgraph did not write one there."""
    recipe = recipes.read(directory)
    if recipe is None:
        problem = "is not a dataset of pgraph" if directory.exists() else "is not there"
        raise InputError(
            f"{directory}: {problem} (no readable {recipes.FILE})",
            "Name a directory that `pgraph export sft -o DIR/` wrote.",
        )
    return recipe


def verify_dataset(store: GraphStore, directory: Path, recipe: Mapping[str, Any], tell: Tell) -> DatasetCheck:
    """Check the dataset in `directory` against its `recipe`, against the graph `store`, and its splits against each other.

    Everything is kept on disk meanwhile. `tell` gets what is being done, and how far it is.
    """
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
        rows = self._disk.execute("SELECT DISTINCT file, line, what FROM problems ORDER BY file, line, what")
        return [f"{file}:{line}: {problem}" if line else f"{file}: {problem}" for file, line, problem in rows]

    def files(self) -> None:
        """Digests and counts, and each row onto the disk."""
        paths = {entry["path"] for entry in self._recipe["splits"]}
        for path in sorted(name for name in files_of(self._directory) - paths if name.startswith("data/")):
            self._problem(path, 0, f"is not in {recipes.FILE}")
        for entry in self._recipe["splits"]:
            self._file(entry)
        self._disk.execute("CREATE INDEX by_id ON rows (id)")

    def graph(self, store: GraphStore) -> None:
        """Compare each row with the graph; columns that do not change later must be the same."""
        for count, sample in enumerate(samples(store, self._kind), start=1):
            self._tell("rows of the graph read", count)
            copies = self._disk.execute(
                "SELECT place, split, file, line, row FROM rows WHERE id = ?", (sample.row["id"],)
            ).fetchall()
            for copy, (place, split, file, line, text) in enumerate(copies):
                if copy:
                    self._problem(file, line, f"{sample.row['id']} appears a second time")
                row = json.loads(text)
                for difference in _differences(row, sample.row):
                    self._problem(file, line, difference)
                self._keep_things(sample, row, place, split)
        lost = self._disk.execute("SELECT file, line, id FROM rows WHERE found IS NULL").fetchall()
        for file, line, key in lost:
            self._problem(file, line, f"the graph has no row {key}")

    def leakage(self) -> None:
        """A persona, a question or a group in two splits: named at each row of the splits that have fewer of it."""
        self._disk.execute("CREATE INDEX by_thing ON keys (thing, split, place)")
        shared = self._disk.execute("SELECT thing FROM keys GROUP BY thing HAVING min(split) < max(split)").fetchall()
        for (thing,) in shared:
            places = self._disk.execute(
                """SELECT keys.split, file, line, count(*) OVER (PARTITION BY keys.split) AS times
                   FROM keys JOIN rows USING (place) WHERE thing = ? ORDER BY times DESC, keys.split, place""",
                (thing,),
            ).fetchall()
            most, first_file, first_line, _ = places[0]
            for split, file, line, _ in places:
                if split != most:
                    self._problem(file, line, f"{thing} is also in split {most} ({first_file}:{first_line})")

    def likeness(self) -> None:
        """Near duplicates in two splits, found as the export does."""
        sizes = self._disk.execute("SELECT split, count(*) FROM rows GROUP BY split ORDER BY 2, 1").fetchall()
        smaller = Likeness()
        for number, (split, _) in enumerate(sizes):
            for place, file, line, row in self._rows_of(split) if number else ():
                self._tell("rows compared", place)
                match = smaller.find(row)
                if match is not None:
                    other_split, other_file, other_line = self._disk.execute(
                        "SELECT split, file, line FROM rows WHERE place = ?", (int(match),)
                    ).fetchone()
                    self._problem(
                        file, line, f"nearly the same as a row of split {other_split} ({other_file}:{other_line})"
                    )
            for place, _, _, row in self._rows_of(split) if number < len(sizes) - 1 else ():
                smaller.add(str(place), row)

    def _file(self, entry: Mapping[str, Any]) -> None:
        name = entry["path"]
        path = self._directory / entry["path"]
        if not path.is_file():
            self._problem(name, 0, "is missing")
            return
        if sha256(path) != entry["sha256"]:
            self._problem(name, 0, f"was changed since it was written (its SHA-256 is not that of {recipes.FILE})")
        count = 0
        for count, row in enumerate(self._rows(path, name), start=1):
            self._tell("rows read", count)
            if row is not None:
                self._keep_row(entry["split"], name, count, row)
        self.rows += count
        if count != entry["rows"]:
            self._problem(name, 0, f"{count:,} rows, {recipes.FILE} says {entry['rows']:,}")

    def _keep_row(self, split: str, name: str, line: int, row: Mapping[str, Any]) -> None:
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

    def _rows_of(self, split: str) -> Iterator[tuple[int, str, int, dict[str, Any]]]:
        query = "SELECT place, file, line, row FROM rows WHERE split = ? ORDER BY place"
        for place, file, line, row in self._disk.execute(query, (split,)):
            yield place, file, line, json.loads(row)

    def _keep_things(self, sample: Sample, row: Mapping[str, Any], place: int, split: str) -> None:
        """Keep what must not be in two splits; the groups are those of the export, as they may change later."""
        self._disk.execute("UPDATE rows SET found = 1 WHERE place = ?", (place,))
        things = [f"question {sample.question}", *(f"persona {person}" for person in sample.people)]
        things += [f"group {label}" for label in row["group"] or ()]
        self._disk.executemany("INSERT INTO keys VALUES (?, ?, ?)", [(thing, split, place) for thing in things])

    def _problem(self, file: str, line: int, problem: str) -> None:
        self._disk.execute("INSERT INTO problems VALUES (?, ?, ?)", (file, line, problem))


def _differences(row: Mapping[str, Any], graph: Mapping[str, Any]) -> Iterator[str]:
    for name, value in graph.items():
        if name not in CHANGING and row[name] != value:
            yield f"{name} is not as in the graph"
