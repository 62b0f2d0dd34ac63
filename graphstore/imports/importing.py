"""Personas from a file into the graph: read -> check -> batch -> write; the same file again adds nothing."""

import asyncio
import hashlib
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import PurePath
from typing import Self

from foundation.clock import now
from foundation.concurrency import for_each
from foundation.errors import InputError
from graphstore.files import BadRow, PersonaRow, Source, read_personas, records
from graphstore.ids import digest, domain_id, normal_name, persona_id
from graphstore.store import GraphStore, Row, Write

BATCH = 2000


@dataclass(slots=True)
class ImportCounts:
    """The result of an import so far; `rows` = `new` + `already_there` + `bad`."""

    rows: int = 0
    new: int = 0
    already_there: int = 0
    bad: int = 0

    def __iadd__(self, other: "ImportCounts") -> Self:
        self.rows += other.rows
        self.new += other.new
        self.already_there += other.already_there
        self.bad += other.bad
        return self


def import_file(
    store: GraphStore,
    source: Source,
    *,
    on_bad: Callable[[BadRow], None],
    on_progress: Callable[[ImportCounts], None],
    licence: str | None = None,
) -> ImportCounts:
    """Write the personas of the file `source` to the graph `store`, one transaction for each batch; returns the counts.

    `on_bad` gets each row that cannot be used, `on_progress` the counts so far after each batch. The `licence` is kept
    with the run. The run is named by the file's content and a sighting by its line, so importing the same content again,
    or continuing after a kill, adds only what is missing. Raises `InputError` for a file without rows.
    """
    run = run_id(source)
    is_known = finished(store, source) is not None
    new_before = _new_personas(store, run)
    tally = ImportCounts()
    run_props: dict[str, object] = {
        "command": "import",
        "file": PurePath(source.name).name,
        "sha256": source.sha256,
        "started": now(),
    }
    good = _counted(checked_rows(source), tally, on_bad)
    batches = _batches(good, run, str(run_props["started"]))
    if not is_known:
        batches = _after(Write("run", [{"id": run, "props": {**run_props, "state": "running"}}]), batches)
    asyncio.run(_write_all(store, batches, lambda: on_progress(tally)))
    if not tally.rows:
        raise InputError(f"{source.name}: holds no rows", "Check what wrote it.")
    if tally.rows > tally.bad:
        tally.new = _new_personas(store, run) - new_before
        tally.already_there = tally.rows - tally.bad - tally.new
        counts = {"rows": tally.rows, "bad": tally.bad, "new": new_before + tally.new}
        if not is_known:
            store.write(Write("run", [{"id": run, "props": {**counts, "state": "finished", "ended": now()}}]))
        if licence:
            store.write(Write("run", [{"id": run, "props": {"licence": licence}}]))
    return tally


async def _write_all(store: GraphStore, batches: Iterator[list[Write]], on_written: Callable[[], None]) -> None:
    """Write one batch after another; while the server is busy with one, the next is read and checked."""

    async def ready(batch: list[Write]) -> list[Write]:
        return batch

    async def write(written: Sequence[tuple[list[Write], list[Write]]]) -> None:
        for _, batch in written:
            await asyncio.to_thread(store.write, *batch)
            on_written()

    await for_each(batches, ready, write, limit=1, ordered=True, batch=1, ahead=3)


def _batches(rows: Iterator[PersonaRow], run: str, now: str) -> Iterator[list[Write]]:
    while batch := list(islice(rows, BATCH)):
        yield _writes(batch, run, now)


def _after(first: Write, batches: Iterator[list[Write]]) -> Iterator[list[Write]]:
    """`first` in front of the first batch; nothing without a batch."""
    for batch in batches:
        yield [first, *batch]
        break
    yield from batches


def run_id(source: Source) -> str:
    """The id of the run that imports this content."""
    return "r" + digest("import", source.sha256)


def finished(store: GraphStore, source: Source) -> str | None:
    """When the content of `source` was imported to the graph `store`; None if it was not, or not to its end."""
    for row in store.read("reads/import_run", run=run_id(source)):
        return str(row["ended"]) if row["state"] == "finished" else None
    return None


def checked_rows(source: Source) -> Iterator[PersonaRow | BadRow]:
    """The personas of the file `source`; an id that comes again with another text is a `BadRow`. Ids are kept on disk."""
    with _Identifiers() as identifiers:
        for row in read_personas(records(source)):
            if isinstance(row, PersonaRow) and row.external_id is not None:
                earlier_line = identifiers.clash(row.external_id, row.text, row.line)
                if earlier_line is not None:
                    yield BadRow(row.line, f"the id {row.external_id!r} is in line {earlier_line} with another text")
                    continue
            yield row


class _Identifiers:
    """The ids of a file with the digests of their texts, on disk: a file may have any number of them."""

    def __enter__(self) -> Self:
        self._connection = sqlite3.connect("", isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = OFF")
        self._connection.execute("CREATE TABLE seen (id INTEGER PRIMARY KEY, text INTEGER, line INTEGER)")
        self._connection.execute("BEGIN")
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def clash(self, identifier: str, text: str, line: int) -> int | None:
        """The line that has this id with another text; None if there is none."""
        id_number, text_number = _number(identifier), _number(text)
        if self._connection.execute(
            "INSERT OR IGNORE INTO seen VALUES (?, ?, ?)", (id_number, text_number, line)
        ).rowcount:
            return None
        earlier_text, earlier_line = self._connection.execute(
            "SELECT text, line FROM seen WHERE id = ?", (id_number,)
        ).fetchone()
        return None if earlier_text == text_number else int(earlier_line)


def _number(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), signed=True)


def _counted(
    rows: Iterator[PersonaRow | BadRow], tally: ImportCounts, on_bad: Callable[[BadRow], None]
) -> Iterator[PersonaRow]:
    for row in rows:
        tally.rows += 1
        if isinstance(row, BadRow):
            tally.bad += 1
            on_bad(row)
        else:
            yield row


def _writes(batch: list[PersonaRow], run: str, now: str) -> list[Write]:
    """The statements for a batch, each with its rows sorted by key: writers then seldom wait for each other."""
    personas: dict[str, Row] = {}
    domains: dict[str, Row] = {}
    placed: dict[str, Row] = {}
    sightings: list[tuple[str, int]] = []
    for row in batch:
        persona = persona_id(row.text)
        personas.setdefault(persona, {"id": persona, "depth": 0, "props": _props(row, run, now)})
        sightings.append((persona, row.line))
        if row.domain is not None:
            domain = domain_id(row.domain)
            domains.setdefault(domain, {"id": domain, "name": normal_name(row.domain), "label": row.domain})
            placed.setdefault(persona, {"persona": persona, "domain": domain, "by": "import"})
    imported = [{"persona": persona, "run": run, "row": str(line), "props": {}} for persona, line in sorted(sightings)]
    statements: list[tuple[str, list[Row]]] = [
        ("persona", [personas[key] for key in sorted(personas)]),
        ("domain", [domains[key] for key in sorted(domains)]),
        ("in_domain", [placed[key] for key in sorted(placed)]),
        ("imported_by", list(imported)),
    ]
    return [Write(statement, rows) for statement, rows in statements if rows]


def _props(row: PersonaRow, run: str, now: str) -> dict[str, str]:
    props = {
        "text": row.text,
        "role": row.role,
        "language": row.language,
        "external_id": row.external_id,
        "extra": row.extra,
        "created": now,
        "run": run,
    }
    return {name: value for name, value in props.items() if value is not None}


def _new_personas(store: GraphStore, run: str) -> int:
    return sum(row["personas"] for row in store.read("reads/import_new", run=run))
