"""What an export reads: the personas of a graph as rows, in the order of their ids, in bounded memory."""

import json
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import groupby, islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from foundation.errors import InputError
from graphstore.store import GraphStore

if TYPE_CHECKING:
    import networkx as nx

PERSONA_COLUMNS = (
    "id",
    "persona",
    "role",
    "domain",
    "group",
    "depth",
    "language",
    "external_id",
    "duplicate_of",
    "derived_from",
    "imported_by",
    "extra",
)
QUESTION_COLUMNS = (
    "id",
    "question",
    "kind",
    "topic",
    "level",
    "language",
    "context",
    "answer",
    "choices",
    "key",
    "positions",
    "about",
    "posed_by",
    "answers",
    "run",
    "call",
)
KNOWLEDGE_COLUMNS = (
    "id",
    "answer",
    "mode",
    "disagreement",
    "question_id",
    "question",
    "kind",
    "topic",
    "about",
    "distilled_from",
    "domains",
    "group",
    "language",
    "context",
    "model",
    "run",
    "call",
)
SFT_COLUMNS = (
    "id",
    "messages",
    "question_id",
    "topic",
    "about",
    "personas",
    "group",
    "mode",
    "language",
    "context",
    "model",
    "run",
    "call",
)
QA_COLUMNS = (
    "id",
    "messages",
    "question",
    "answer",
    "topic",
    "level",
    "about",
    "personas",
    "group",
    "language",
    "context",
    "run",
    "call",
)
MCQ_COLUMNS = (*QA_COLUMNS[:4], "choices", "key", *QA_COLUMNS[4:])
EXPORT_COLUMNS = {
    "personas": PERSONA_COLUMNS,
    "questions": QUESTION_COLUMNS,
    "knowledge": KNOWLEDGE_COLUMNS,
    "sft": SFT_COLUMNS,
    "qa": QA_COLUMNS,
    "mcq": MCQ_COLUMNS,
}
_TABLES = """
    PRAGMA journal_mode = OFF;
    PRAGMA cache_size = -32768;
    CREATE TABLE personas (id TEXT, row TEXT);
    CREATE TABLE origins (id TEXT, row TEXT);
    CREATE TABLE imports (id TEXT, row TEXT);
    BEGIN;
"""
_SELECTED = 1000
_Lists = Iterator[tuple[str, list[dict[str, Any]]]]


def persona_rows(store: GraphStore, *, duplicates: bool = False) -> Iterator[dict[str, Any]]:
    """One row for each survivor of the graph `store`, or with `duplicates` for every persona, by rising id.

    A row has the columns `PERSONA_COLUMNS`, with all sightings; `derived_from` and `imported_by` are lists of objects. The
    rows are sorted on disk, so memory stays bounded. Raises `InputError` if the disk is full.
    """
    yield from _persona_rows(store, "export", duplicates=duplicates)


def selected_rows(store: GraphStore, selection: str, **parameters: object) -> Iterator[dict[str, Any]]:
    """As `persona_rows` of `store`, for the personas whose ids the query `selection` gives for its `parameters`.

    `_SELECTED` of them are read at a time.
    """
    ids = (row["id"] for row in by_id(store, selection, **parameters))
    while batch := list(islice(ids, _SELECTED)):
        yield from _persona_rows(store, "selected", duplicates=True, ids=batch)


def _persona_rows(store: GraphStore, kind: str, *, duplicates: bool, **parameters: object) -> Iterator[dict[str, Any]]:
    with on_disk() as disk:
        for table in ("personas", "origins", "imports"):
            answer = store.read(f"reads/{kind}_{table}", **parameters)
            rows = ((row.pop("id"), json.dumps(row, default=str)) for row in answer)
            disk.executemany(f"INSERT INTO {table} VALUES (?, ?)", rows)  # noqa: S608  the name is a constant
        yield from _joined(disk, duplicates=duplicates)


def question_rows(store: GraphStore) -> Iterator[dict[str, Any]]:
    """One row for each question of the graph `store`, by rising id, with `QUESTION_COLUMNS`; sorted on disk."""
    for row in by_id(store, "reads/export_questions"):
        yield {**row, "about": sorted(set(row["about"])), "posed_by": sorted(set(row["posed_by"]))}


def by_id(store: GraphStore, query: str, **parameters: object) -> Iterator[dict[str, Any]]:
    """The rows of a `query` that has a column `id`, by rising id, sorted on disk."""
    with on_disk() as disk:
        rows = ((row["id"], json.dumps(row, default=str)) for row in store.read(query, **parameters))
        disk.executemany("INSERT INTO personas VALUES (?, ?)", rows)
        for _, group in _sorted(disk, "personas"):
            yield from group


@contextmanager
def on_disk(tables: str = _TABLES) -> Iterator[sqlite3.Connection]:
    """A temporary database with these `tables`: the embedded server does not sort a large answer.

    One thread may continue where another stopped, never two at once. Raises `InputError` if the disk is full.
    """
    try:
        with closing(sqlite3.connect("", isolation_level=None, check_same_thread=False)) as disk:
            disk.executescript(tables)
            yield disk
    except sqlite3.Error as error:
        raise InputError(
            f"{tempfile.gettempdir()}: cannot sort the rows there ({error})",
            "Make room, or set SQLITE_TMPDIR to a directory that has it.",
        ) from error


def _joined(disk: sqlite3.Connection, *, duplicates: bool) -> Iterator[dict[str, Any]]:
    origins, imports = _Ahead(_sorted(disk, "origins")), _Ahead(_sorted(disk, "imports"))
    for key, personas in _sorted(disk, "personas"):
        row = {"id": key, **personas[0], "derived_from": origins.rows_of(key), "imported_by": imports.rows_of(key)}
        if duplicates or row["duplicate_of"] is None:
            row["extra"] = json.loads(row["extra"]) if row["extra"] else None
            yield {name: row[name] for name in PERSONA_COLUMNS}


def _sorted(disk: sqlite3.Connection, table: str) -> _Lists:
    rows = disk.execute(f"SELECT id, row FROM {table} ORDER BY id, row")  # noqa: S608  the name is a constant
    for key, group in groupby(rows, key=itemgetter(0)):
        yield key, [json.loads(text) for _, text in group]


class _Ahead:
    """Lists sorted by key, read in step with a rising key."""

    def __init__(self, lists: _Lists) -> None:
        self._lists = lists
        self._next = next(lists, None)

    def rows_of(self, key: str) -> list[dict[str, Any]]:
        while self._next is not None and self._next[0] < key:
            self._next = next(self._lists, None)
        return self._next[1] if self._next is not None and self._next[0] == key else []


def graph_size(store: GraphStore) -> tuple[int, int]:
    """How many nodes and edges `export_graph` of `store` will hold."""
    row = next(iter(store.read("reads/export_size")))
    return row["nodes"], row["edges"]


def export_graph(store: GraphStore) -> "nx.MultiDiGraph[str]":
    """The whole graph `store` in memory: a node's label as `labels`, an edge's type as `label`, lists as JSON text."""
    import networkx as nx

    result: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    for row in sorted(store.read("reads/export_nodes"), key=lambda row: str(row["properties"]["id"])):
        result.add_node(row["properties"]["id"], labels=row["label"], **_scalars(row["properties"]))
    edges = [
        (row["source"], row["target"], row["type"], _scalars(row["properties"]))
        for row in store.read("reads/export_edges")
    ]
    for source, target, kind, properties in sorted(
        edges, key=lambda edge: (*edge[:3], json.dumps(edge[3], sort_keys=True))
    ):
        result.add_edge(source, target, label=kind, **properties)
    return result


def _scalars(properties: dict[str, Any]) -> dict[str, str | int | float | bool]:
    """Properties as GraphML can hold them; `id` is the node's own."""
    return {name: _scalar(value) for name, value in sorted(properties.items()) if value is not None and name != "id"}


def _scalar(value: object) -> str | int | float | bool:
    if isinstance(value, bool | int | float):
        return value
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return "".join(c if c in "\t\n" or (c >= " " and c not in "\x7f\ufffe\uffff") else " " for c in text)
