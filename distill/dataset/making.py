"""The rows of a dataset: collected on disk, split so that related rows stay together, compared, drawn."""

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Literal

from distill.dataset.likeness import Likeness
from distill.dataset.splitting import WHOLE, Parts, Weights, assign, counted, most, shares
from foundation.errors import InputError, UsageError
from graphstore import digest
from graphstore.exports import Sample, TrainingKind

Form = Literal["parquet", "jsonl"]
NO_GROUP = "(no group)"
TABLES = """
    PRAGMA journal_mode = OFF;
    PRAGMA cache_size = -32768;
    CREATE TABLE rows (id TEXT PRIMARY KEY, row TEXT) WITHOUT ROWID;
    CREATE TABLE places (id TEXT PRIMARY KEY, question TEXT, home TEXT, rank TEXT, split TEXT, taken INTEGER DEFAULT 1)
        WITHOUT ROWID;
    BEGIN;
"""
_MISSING = {
    "sft": ("the graph holds no answers yet", "Ask and answer first: pgraph ask --calls 20, then pgraph distill"),
    "qa": ("the graph holds no questions of kind qa", "Ask some first: pgraph ask --kind qa --calls 20"),
    "mcq": ("the graph holds no questions of kind mcq", "Ask some first: pgraph ask --kind mcq --calls 20"),
}
_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Options:
    """What decides which rows a dataset has: those of a `kind`, drawn with a `seed` into `splits`, as files of a `form`.

    `rows` None: all; `balance`: draw evenly from all groups; `marked`: include what a judge marked.
    """

    kind: TrainingKind
    form: Form = "parquet"
    splits: Weights = field(default_factory=lambda: WHOLE)
    rows: int | None = None
    balance: bool = False
    seed: int = 0
    marked: bool = False


class Making:
    """One dataset in the making, on the database `disk` with `TABLES`; `left_out` counts why rows are not in it."""

    def __init__(self, disk: sqlite3.Connection, options: Options) -> None:
        self.options = options
        self.left_out: dict[str, int] = {"marked": 0, "near_duplicates": 0, "not_drawn": 0}
        self.parts = 0
        self._disk = disk
        self._parts = Parts()

    def make(self, samples: Iterable[Sample], tell: Callable[[str, int], None]) -> None:
        """Do all the steps with `samples`; afterwards `rows` gives those of each split.

        `tell` gets what is being done, and how far it is. Raises `InputError` if there are no rows, or too few that are
        unrelated for the splits, and `UsageError` if there are fewer than the options ask for.
        """
        self._collect(samples, tell)
        self._split()
        if len(self.options.splits) > 1:
            self._keep_apart(tell)
        self._draw()

    def rows(self, split: str) -> Iterator[dict[str, Any]]:
        """The rows of a `split` by rising id."""
        query = "SELECT row FROM rows JOIN places USING (id) WHERE split = ? AND taken ORDER BY id"
        for (row,) in self._disk.execute(query, (split,)):
            yield json.loads(row)

    def sizes(self) -> dict[str, int]:
        """How many rows each split has."""
        counts = dict(self._disk.execute("SELECT split, count(*) FROM places WHERE taken GROUP BY split"))
        return {split: counts.get(split, 0) for split in self.options.splits}

    def groups(self) -> dict[str, dict[str, int]]:
        """Group -> split -> rows; a row counts for the group that most of its people are in."""
        return counted(
            self._disk.execute(
                "SELECT home, split, count(*) FROM places WHERE taken GROUP BY home, split ORDER BY 1, 2"
            )
        )

    def _collect(self, samples: Iterable[Sample], tell: Callable[[str, int], None]) -> None:
        source = iter(samples)
        total = 0
        while batch := list(islice(source, _BATCH)):
            total += len(batch)
            unmarked = [sample for sample in batch if self.options.marked or not sample.marked]
            self.left_out["marked"] += len(batch) - len(unmarked)
            for sample in unmarked:
                self._parts.tie([f"question {sample.question}", *_ties(sample)])
            rows = [(sample.row["id"], json.dumps(sample.row, ensure_ascii=False)) for sample in unmarked]
            self._disk.executemany("INSERT INTO rows VALUES (?, ?)", rows)
            places = [
                (
                    sample.row["id"],
                    sample.question,
                    sample.home or NO_GROUP,
                    digest(self.options.seed, sample.row["id"]),
                )
                for sample in unmarked
            ]
            self._disk.executemany("INSERT INTO places (id, question, home, rank) VALUES (?, ?, ?, ?)", places)
            tell("rows read", total)
        if not total:
            raise InputError(*_MISSING.get(self.options.kind, _MISSING["sft"]))
        if total == self.left_out["marked"]:
            raise InputError(f"all {total:,} rows are marked by pgraph judge", "Take them all the same: --all")

    def _split(self) -> None:
        splits = self.options.splits
        sizes: Counter[str] = Counter()
        for question, rows in self._disk.execute("SELECT question, count(*) FROM places GROUP BY question"):
            sizes[self._parts.part_of(f"question {question}")] += rows
        self.parts = len(sizes)
        if len(sizes) < len(splits):
            raise InputError(
                f"{sum(sizes.values()):,} rows hang together in {len(sizes)} "
                f"{'part' if len(sizes) == 1 else 'parts'} (groups that share a persona or a question), "
                f"too few for {len(splits)} splits",
                "Make finer groups (pgraph group --resolution 4), ask in more groups (pgraph ask), or name fewer splits.",
            )
        assigned = assign(sizes, splits, self.options.seed)
        self._disk.create_function(
            "split_of", 1, lambda question: assigned[self._parts.part_of(f"question {question}")]
        )
        self._disk.execute("UPDATE places SET split = split_of(question)")

    def _keep_apart(self, tell: Callable[[str, int], None]) -> None:
        """Leave out of a larger split the rows that are nearly the same in a smaller one."""
        sizes = self.sizes()
        smaller = Likeness()
        order = sorted(sizes, key=lambda split: (sizes[split], split))
        compared = 0
        for place, split in enumerate(order):
            if place:
                near = []
                for row in self.rows(split):
                    compared += 1
                    tell("rows compared", compared)
                    if smaller.find(row) is not None:
                        near.append((row["id"],))
                self._disk.executemany("UPDATE places SET taken = 0 WHERE id = ?", near)
                self.left_out["near_duplicates"] += len(near)
            if place < len(order) - 1:
                for row in self.rows(split):
                    smaller.add(row["id"], row)
        empty = [split for split, rows in self.sizes().items() if not rows]
        if empty:
            raise InputError(
                f"split {empty[0]}: all its rows are near duplicates of rows in a smaller split",
                "Give it a larger share, name fewer splits, or ask in more groups: pgraph ask",
            )

    def _draw(self) -> None:
        requested = self.options.rows
        if requested is None:
            return
        available = self.sizes()
        needed = shares(requested, self.options.splits)
        if empty := [split for split, rows in needed.items() if not rows]:
            raise UsageError(f"--rows {requested}: split {empty[0]} would get none of them", "Ask for more rows.")
        short = [split for split in needed if needed[split] > available[split]]
        if short:
            split = short[0]
            possible = most(available, self.options.splits)
            hint = "Ask and distill more, or name fewer splits."
            if possible:
                hint = f"--rows {possible} is possible with this split; for more, ask and distill more."
            raise UsageError(
                f"--rows {requested}: split {split} needs {needed[split]:,} rows, there are {available[split]:,}", hint
            )
        self.left_out["not_drawn"] = sum(available.values()) - requested
        turn = "row_number() OVER (PARTITION BY home ORDER BY rank, id)" if self.options.balance else "0"
        for split, rows in needed.items():
            self._disk.execute(
                f"""UPDATE places SET taken = 0 WHERE split = ?1 AND taken AND id NOT IN (
                    SELECT id FROM (SELECT id, rank, {turn} AS turn FROM places WHERE split = ?1 AND taken)
                    ORDER BY turn, rank, id LIMIT ?2)""",  # noqa: S608  both texts are constants
                (split, rows),
            )


def _ties(sample: Sample) -> list[str]:
    """What ties a row to others: the groups of its people, and those people who are in no group."""
    return [f"group {label}" for label in sample.row["group"]] + [f"persona {persona}" for persona in sample.lonely]
