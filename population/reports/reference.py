"""An outside list (occupations, say) against the population: which entries were reached, and whom to ask for the others.

A role counts for the entries that have its very name, as label or alternative label; a role that no entry has, for the
entry with the nearest label, at a cosine of SAME_ENTRY or more and only where the letters are those of English.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from foundation.errors import InputError
from graphstore import language_of, normal_name
from graphstore.files import ENDINGS, BadRow, FileKind, opened, plain_name, records, text_column
from population.loading import Loaded
from population.matching import KNOWN_LANGUAGES, Embed, Vectors
from population.relations import load_relations

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

Rows = list[dict[str, Any]]


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
class Reached:
    """What `compare_reference` found: `rows` in the order of the list, `unreached` with the personas nearest to each."""

    rows: Rows  # code, label, personas, sightings, exact (of the personas: by name)
    unreached: Rows  # code, label, nearest: [{id, role, text, cosine}], depth to expand them to (None: nobody is near)
    summary: dict[str, Any]


def compare_reference(loaded: Loaded, held: ReferenceList, embed: Embed) -> Reached:
    """Count personas and sightings for each entry, find the nearest personas for those without.

    `loaded` with a depth that lets all be asked. Embeds each label and each role once; then O(labels x roles) in blocks.
    """
    people = _Candidates(loaded)
    exact = _exact(held.entries, people)
    near, around = _near(held.entries, people, exact, embed)
    rows, unreached = [], []
    for place, entry in enumerate(held.entries):
        rows.append(_row(entry, exact[place], near[place], loaded, people))
        if not rows[-1]["personas"]:
            unreached.append({"code": entry.code, "label": entry.label, **_around(around[place], loaded, people)})
    return Reached(rows, unreached, _summary(held, rows, loaded))


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
        self.known = [
            name.isascii() and any(_is_known(people.texts[p]) for p in members) for name, members in roles.items()
        ]
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
            kinds = range(people.tally.relations)
            self._askable[place] = next(
                (
                    p
                    for p in sorted(self.members[place], key=lambda p: (people.depths[p], people.ids[p]))
                    if sum(not people.may_ask(p, k) for k in kinds) < self._shipped
                ),
                None,
            )
        return self._askable[place]


def _is_known(text: str) -> bool:
    return language_of(text) in KNOWN_LANGUAGES


def _exact(entries: Sequence[Entry], people: _Candidates) -> list[list[int]]:
    """By entry: the roles that have one of its names."""
    places = {name: place for place, name in enumerate(people.names[: people.roles])}
    return [[places[name] for name in entry.names if name in places] for entry in entries]


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


def _row(
    entry: Entry, exact: Sequence[int], near: Sequence[int], loaded: Loaded, people: _Candidates
) -> dict[str, Any]:
    same = [p for role in exact for p in people.members[role]]
    alike = [p for role in near for p in people.members[role]]
    return {
        "code": entry.code,
        "label": entry.label,
        "personas": len(same) + len(alike),
        "exact": len(same),
        "sightings": sum(loaded.sightings[p] for p in (*same, *alike)),
    }


def _around(around: Mapping[int, float], loaded: Loaded, people: _Candidates) -> dict[str, Any]:
    """The nearest personas that can still be asked, each of another role, and how far to expand them."""
    found: list[tuple[int, float]] = []
    for place, cosine in sorted(around.items(), key=lambda pair: (-pair[1], people.names[pair[0]])):
        chosen = people.askable(place)
        if chosen is not None and len(found) < NEAREST:
            found.append((chosen, cosine))
    everyone = loaded.population
    return {
        "nearest": [
            {
                "id": everyone.ids[p],
                "role": everyone.roles[p],
                "text": everyone.texts[p],
                "cosine": round(min(1.0, cosine), 4),
            }
            for p, cosine in found
        ],
        "depth": 1 + max(everyone.depths[p] for p, _ in found) if found else None,
    }


def _summary(held: ReferenceList, rows: Rows, loaded: Loaded) -> dict[str, Any]:
    total = len(rows)
    once, five = (sum(row["personas"] >= least for row in rows) for least in (1, 5))
    return {
        "file": held.file,
        "entries": total,
        "bad_rows": len(held.bad),
        "reached": once,
        "reached_share": round(once / total, 4),
        "reached_5": five,
        "reached_5_share": round(five / total, 4),
        "by_name_only": sum(not any(name.isascii() for name in entry.names) for entry in held.entries),
        "threshold": SAME_ENTRY,
        "personas": len(loaded.population.ids),
        "personas_without_role": sum(role is None for role in loaded.population.roles),
    }
