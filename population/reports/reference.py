"""An outside list (occupations, say) against the population: which entries were reached, and who to ask for the others.

A role counts for the entries that have its very name, as label or alternative label; a role that no entry has, for the
entry with the nearest label, at a cosine of SAME_ENTRY or more and only where the letters are those of English.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from foundation.errors import InputError
from graphstore import language_of, normal_name
from graphstore.files import ENDINGS, BadRow, FileKind, opened, plain_name, records, text_column
from population.loading import Loaded
from population.matching import Embed, Vectors, can_embed
from population.relations import load_relations
from population.reports.rows import ReportRow

SAME_ENTRY = 0.80  # below it a list of groups loses precision fast: 0.82 at 0.80, 0.72 at 0.75 (docs/reports.md)
LABELS = (
    "preferredlabel", "preferred label", "label", "title", "name", "role", "occupation", "occupation title", "job title",
    "persona", "text",
)  # fmt: skip
ALTERNATIVES = ("altlabels", "alt labels", "altlabel", "alternative labels", "alternatives", "synonyms", "aliases")
CODES = ("code", "iscogroup", "isco", "isco code", "id", "key")
NEAREST = 3  # personas shown for an entry that was not reached
_FEW_ROLES = 1000  # with fewer, texts of personas without a role are compared too
_TEXTS = 2000
_BLOCK = 256  # labels compared with all roles at once: 1 kB for each role


@dataclass(frozen=True, slots=True)
class Entry:
    label: str
    names: tuple[str, ...]  # normalised: the label and the alternative ones
    code: str = ""


@dataclass(frozen=True, slots=True)
class ReferenceList:
    file: str
    entries: list[Entry]
    bad: list[BadRow]


def read_reference(file: str, column: str = "") -> ReferenceList:
    """The entries of a CSV (or TSV, JSON Lines, Parquet, TXT) list; equal ones once."""
    kind = FileKind("the entries' labels", ENDINGS, (plain_name(column),) if column else LABELS)
    entries: dict[Entry, None] = {}
    bad = []
    with opened(file, kind=kind) as source:
        for record in records(source, need_text=False):
            if isinstance(record, BadRow):
                bad.append(record)
                continue
            if not entries and text_column(record.values, kind.columns) is None:
                raise _no_labels(file, column, record.values)
            entry = _entry(record.values, kind.columns)
            if entry is None:
                bad.append(BadRow(record.line, "no label"))
            else:
                entries[entry] = None
    if not entries:
        raise InputError(f"{file}: holds no entries", "It needs a column with a label in each row.")
    return ReferenceList(file, list(entries), bad)


def _no_labels(file: str, column: str, values: Mapping[str, Any]) -> InputError:
    seen = ", ".join(str(name)[:40] for name in list(values)[:12])
    if column:
        return InputError(f"{file}: has no column {column!r} (columns: {seen})", "Check --reference-column.")
    return InputError(
        f"{file}: no column holds the entries' labels (columns: {seen})",
        "Say which one does: --reference-column NAME, or name it label.",
    )


def _entry(values: Mapping[str, Any], columns: Sequence[str]) -> Entry | None:
    held = text_column(values, columns)
    label = " ".join(str(values.get(held) or "").split()) if held else ""
    if not normal_name(label):
        return None
    others = text_column(values, ALTERNATIVES)
    code = text_column(values, CODES)
    names = [label, *_cell(values.get(others) if others else None)]
    return Entry(
        label, tuple(dict.fromkeys(filter(None, map(normal_name, names)))), str(values[code] or "") if code else ""
    )


def _cell(value: Any) -> Iterator[str]:  # noqa: ANN401  a JSON value
    """The labels in a cell: a list, or a text with a line or a part between bars for each."""
    if isinstance(value, list):
        yield from map(str, value)
    elif value:
        yield from re.split(r"[\r\n|]+", str(value))


@dataclass(frozen=True, slots=True)
class ReferenceRow(ReportRow):
    """An entry and who stands for it; `exact`: how many of the personas do so by name."""

    code: str
    label: str
    personas: int
    exact: int
    sightings: int


@dataclass(frozen=True, slots=True)
class NearPersona(ReportRow):
    """Somebody near to an entry who can still be asked."""

    id: str
    role: str | None
    text: str
    cosine: float


@dataclass(frozen=True, slots=True)
class UnreachedEntry(ReportRow):
    """An entry without a persona, and who to ask: `depth` is how far to expand them, None if nobody is near."""

    code: str
    label: str
    nearest: list[NearPersona]
    depth: int | None
    command: str | None = None


@dataclass(frozen=True, slots=True)
class ReferenceSummary(ReportRow):
    """How much of a list was reached; `by_name_only`: entries that the embedding model cannot compare."""

    file: str
    entries: int
    bad_rows: int
    reached: int
    reached_share: float
    reached_5: int  # by five personas or more
    reached_5_share: float
    by_name_only: int
    threshold: float
    personas: int
    personas_without_role: int


@dataclass(frozen=True, slots=True)
class Reached:
    """What `compare_reference` found: the entries in the order of the list, and those that nobody stands for."""

    rows: list[ReferenceRow]
    unreached: list[UnreachedEntry]
    summary: ReferenceSummary


def compare_reference(loaded: Loaded, reference: ReferenceList, embed: Embed) -> Reached:
    """Count personas and sightings for each entry, find the nearest personas for those without.

    Load the population with no limit of depth. Embeds each label and each role once; then O(labels x roles) in blocks.
    """
    people = _Candidates(loaded)
    exact = _exact(reference.entries, people)
    near, around = _near(reference.entries, people, exact, embed)
    rows = [_row(entry, exact[place], near[place], loaded, people) for place, entry in enumerate(reference.entries)]
    unreached = [
        _unreached(entry, around[place], loaded, people)
        for place, (entry, row) in enumerate(zip(reference.entries, rows, strict=True))
        if not row.personas
    ]
    return Reached(rows, unreached, _summary(reference, rows, loaded))


class _Candidates:
    """What labels are compared with: the roles, and where these are few, the texts of personas without one."""

    def __init__(self, loaded: Loaded) -> None:
        people = self._people = loaded.population
        self._askable: dict[int, int | None] = {}
        self._shipped = len(load_relations())
        roles: dict[str, list[int]] = {}
        for position, role in enumerate(people.roles):
            if role is not None:
                roles.setdefault(normal_name(role), []).append(position)
        self.names = list(roles)
        self.members = list(roles.values())
        self.roles = len(roles)
        self.known = [name.isascii() and self._has_known_text(members) for name, members in roles.items()]
        if len(roles) < _FEW_ROLES:
            bare = [p for p, role in enumerate(people.roles) if role is None and _is_known(people.texts[p])]
            for position in bare[:_TEXTS]:
                self.names.append(people.texts[position])
                self.members.append([position])
                self.known.append(True)

    def askable(self, place: int) -> int | None:
        """The persona nearest to the seeds that was not asked along all of the shipped relationships yet."""
        if place not in self._askable:
            people = self._people
            nearest_first = sorted(self.members[place], key=lambda p: (people.depths[p], people.ids[p]))
            self._askable[place] = next(filter(self._may_be_asked, nearest_first), None)
        return self._askable[place]

    def _may_be_asked(self, persona: int) -> bool:
        kinds = range(self._people.tally.relations)
        return sum(not self._people.may_ask(persona, kind) for kind in kinds) < self._shipped

    def _has_known_text(self, members: Iterable[int]) -> bool:
        return any(_is_known(self._people.texts[p]) for p in members)


def _is_known(text: str) -> bool:
    return can_embed(language_of(text))


def _exact(entries: Sequence[Entry], people: _Candidates) -> list[list[int]]:
    """By entry: the roles that have one of its names."""
    places = {name: place for place, name in enumerate(people.names[: people.roles])}
    return [_places(entry.names, places) for entry in entries]


def _places(names: Iterable[str], places: Mapping[str, int]) -> list[int]:
    return [places[name] for name in names if name in places]


def _near(
    entries: Sequence[Entry], people: _Candidates, exact: Sequence[Sequence[int]], embed: Embed
) -> tuple[list[list[int]], list[dict[int, float]]]:
    """By entry: the roles that are its by cosine, and the nearest candidates with their cosines."""
    near: list[list[int]] = [[] for _ in entries]
    around: list[dict[int, float]] = [{} for _ in entries]
    known = [place for place, is_known in enumerate(people.known) if is_known]
    owners: dict[str, list[int]] = {}
    for number, entry in enumerate(entries):
        for name in filter(str.isascii, entry.names):
            owners.setdefault(name, []).append(number)
    if not known or not owners:
        return near, around
    labels = list(owners)
    held, vectors = embed([people.names[place] for place in known]), embed(labels)
    best, nearest = np.full(len(known), SAME_ENTRY, np.float32), np.full(len(known), -1)
    for start in range(0, len(labels), _BLOCK):
        scores = vectors[start : start + _BLOCK] @ held.T
        top = scores.max(axis=0)
        better = top >= best
        best[better], nearest[better] = top[better], start + scores.argmax(axis=0)[better]
        for label, row in zip(labels[start : start + _BLOCK], scores, strict=False):
            _keep([around[number] for number in owners[label] if not exact[number]], row, known)
    taken = {role for roles in exact for role in roles}
    for role, place in zip(known, nearest.tolist(), strict=True):
        if place >= 0 and role not in taken and role < people.roles:
            _give(role, [near[number] for number in owners[labels[place]]])
    return near, around


def _give(role: int, lists: Sequence[list[int]]) -> None:
    for roles in lists:
        roles.append(role)


def _keep(around: Sequence[dict[int, float]], scores: Vectors, known: Sequence[int]) -> None:
    """Add the candidates nearest to one label to those of its entries."""
    count = min(2 * NEAREST, len(scores))
    places = np.argpartition(-scores, count - 1)[:count].tolist() if around else []
    for found in around:
        for place in places:
            found[known[place]] = max(found.get(known[place], -1.0), float(scores[place]))


def _row(entry: Entry, exact: Sequence[int], near: Sequence[int], loaded: Loaded, people: _Candidates) -> ReferenceRow:
    by_name = [position for role in exact for position in people.members[role]]
    by_meaning = [position for role in near for position in people.members[role]]
    sightings = sum(loaded.sightings[position] for position in (*by_name, *by_meaning))
    return ReferenceRow(entry.code, entry.label, len(by_name) + len(by_meaning), len(by_name), sightings)


def _unreached(entry: Entry, around: Mapping[int, float], loaded: Loaded, people: _Candidates) -> UnreachedEntry:
    """An entry with the nearest personas that can still be asked, each of another role, and how far to expand them."""
    population = loaded.population
    chosen: list[tuple[int, float]] = []
    for place, cosine in sorted(around.items(), key=lambda pair: (-pair[1], people.names[pair[0]])):
        position = people.askable(place)
        if position is not None and len(chosen) < NEAREST:
            chosen.append((position, cosine))
    nearest = [
        NearPersona(
            population.ids[position],
            population.roles[position],
            population.texts[position],
            round(min(1.0, cosine), 4),
        )
        for position, cosine in chosen
    ]
    depth = 1 + max(population.depths[position] for position, _ in chosen) if chosen else None
    return UnreachedEntry(entry.code, entry.label, nearest, depth)


def _summary(reference: ReferenceList, rows: Sequence[ReferenceRow], loaded: Loaded) -> ReferenceSummary:
    entries = len(rows)
    once = sum(row.personas >= 1 for row in rows)
    five = sum(row.personas >= 5 for row in rows)
    population = loaded.population
    return ReferenceSummary(
        file=reference.file,
        entries=entries,
        bad_rows=len(reference.bad),
        reached=once,
        reached_share=round(once / entries, 4),
        reached_5=five,
        reached_5_share=round(five / entries, 4),
        by_name_only=sum(not any(map(str.isascii, entry.names)) for entry in reference.entries),
        threshold=SAME_ENTRY,
        personas=len(population.ids),
        personas_without_role=sum(role is None for role in population.roles),
    )
