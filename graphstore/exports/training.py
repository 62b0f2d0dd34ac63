"""What models are trained on: answers, and questions that carry their answer, each with all that a split depends on."""

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from graphstore.exports.exporting import EXPORT_COLUMNS, by_id, on_disk
from graphstore.store import GraphStore

TrainingKind = Literal["sft", "qa", "mcq", "knowledge"]
TRAINING_KINDS: tuple[TrainingKind, ...] = ("sft", "qa", "mcq", "knowledge")
Result = Mapping[str, Any]  # a row of reads/export_knowledge or reads/export_asked
_LETTERS = "ABCD"
_TABLES = """
    PRAGMA journal_mode = OFF;
    CREATE TABLE answers (id TEXT, survivor TEXT, label TEXT, marked INTEGER);
    BEGIN;
"""


@dataclass(frozen=True, slots=True)
class Sample:
    """A row as it is written, and what ties it to other rows."""

    row: dict[str, Any]
    question: str
    people: tuple[str, ...]  # those who speak in it or are needed by its question; for a duplicate its survivor
    lonely: tuple[str, ...]  # the people who are in no group
    home: str  # the label of the group that most of them are in, or ""
    marked: bool


def samples(store: GraphStore, kind: TrainingKind) -> Iterator[Sample]:
    """All rows of a `kind` in the graph `store` by rising id, marked ones too.

    They are sorted on disk. Raises `InputError` if that is full.
    """
    with on_disk(_TABLES) as disk:
        places = _Places(store, disk)
        for result in _results(store, kind):
            row = _ROWS[kind](result)
            people = places.of_survivors({*_personas(result), *result["posed_by"]})
            labels = Counter(place.label for place in people if place.label is not None)
            row["group"] = sorted(labels)
            yield Sample(
                {name: row[name] for name in EXPORT_COLUMNS[kind]},
                result["question_id"],
                tuple(place.id for place in people),
                tuple(place.id for place in people if place.label is None),
                min(labels, key=lambda label: (-labels[label], label), default=""),
                result["marked"] or any(place.marked for place in people),
            )


def training_rows(store: GraphStore, kind: TrainingKind, *, marked: bool = False) -> Iterator[dict[str, Any]]:
    """The rows of a `kind` in the graph `store` by rising id.

    Rows that are marked, or whose question or persona is, are left out, unless `marked` is true.
    """
    return (sample.row for sample in samples(store, kind) if marked or not sample.marked)


def _results(store: GraphStore, kind: TrainingKind) -> Iterator[dict[str, Any]]:
    """The rows of the graph, by rising id, with their lists sorted: a query collects in no fixed order."""
    rows = by_id(store, "reads/export_knowledge") if kind in ("sft", "knowledge") else _question_results(store, kind)
    for row in rows:
        sources = sorted(row.get("distilled_from", ()), key=lambda source: str(source["persona"]))
        domains = sorted(row.get("domains", ()))
        yield {**row, "about": sorted(set(row["about"])), "domains": domains, "distilled_from": sources}


def _question_results(store: GraphStore, kind: TrainingKind) -> Iterator[dict[str, Any]]:
    for row in by_id(store, "reads/export_asked", kind=kind):
        yield {**row, "question_id": row["id"]}


def _personas(result: Result) -> list[str]:
    return [source["persona"] for source in result["distilled_from"]] or sorted(set(result["posed_by"]))


def _knowledge(result: Result) -> dict[str, Any]:
    return dict(result)


def _answered(result: Result) -> dict[str, Any]:
    return {**result, "messages": _chat(result, result["answer"]), "personas": _personas(result)}


def _mcq(result: Result) -> dict[str, Any]:
    right = dict(zip(_LETTERS, result["choices"] or [], strict=False)).get(result["key"], "")
    messages = _chat(result, f"{result['key']}. {right}")
    return {**result, "answer": right, "messages": messages, "personas": _personas(result)}


_ROWS: dict[TrainingKind, Callable[[Result], dict[str, Any]]] = {
    "sft": _answered,
    "qa": _answered,
    "mcq": _mcq,
    "knowledge": _knowledge,
}


def _chat(result: Result, answer: str) -> list[dict[str, str]]:
    """The question, with its choices where it has any, and the answer."""
    choices = [f"{letter}. {choice}" for letter, choice in zip(_LETTERS, result["choices"] or [], strict=False)]
    question = {"role": "user", "content": "\n".join([result["question"], *choices])}
    return [question, {"role": "assistant", "content": answer}]


@dataclass(frozen=True, slots=True)
class _Place:
    id: str
    label: str | None
    marked: bool


class _Places:
    """Where each persona belongs, on disk."""

    def __init__(self, store: GraphStore, disk: sqlite3.Connection) -> None:
        rows = ((row["id"], row["survivor"], row["group"], row["marked"]) for row in store.read("reads/export_places"))
        disk.executemany("INSERT INTO answers VALUES (?, ?, ?, ?)", rows)
        disk.execute("""
            CREATE TABLE places AS SELECT id, min(survivor) AS survivor, min(label) AS label, max(marked) AS marked
            FROM answers GROUP BY id""")
        disk.execute("CREATE UNIQUE INDEX by_id ON places (id)")
        self._disk = disk

    def of_survivors(self, personas: Iterable[str]) -> list[_Place]:
        """The places of the survivors, sorted; a persona is marked when it or its survivor is."""
        places: dict[str, _Place] = {}
        for persona in personas:
            place = self._survivor(persona)
            earlier = places.get(place.id)
            places[place.id] = _Place(place.id, place.label, place.marked or bool(earlier and earlier.marked))
        return [places[key] for key in sorted(places)]

    def _survivor(self, persona: str) -> _Place:
        """Its survivor; of a circle of duplicates the smallest id."""
        ring = [persona]
        marked = False
        while True:
            survivor, label, mark = self._row(ring[-1])
            marked = marked or bool(mark)
            if survivor is None:
                return _Place(ring[-1], label, marked)
            if survivor in ring:
                first = min(ring[ring.index(survivor) :])
                return _Place(first, self._row(first)[1], marked)
            ring.append(survivor)

    def _row(self, persona: str) -> tuple[str | None, str | None, int]:
        row = self._disk.execute("SELECT survivor, label, marked FROM places WHERE id = ?", (persona,)).fetchone()
        return row or (None, None, 0)
