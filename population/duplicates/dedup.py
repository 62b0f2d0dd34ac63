"""Duplicates among all personas of a graph, and roles that are one: what `pgraph dedup` reads, finds and writes.

Marks and canonical roles only: whatever the thresholds were before, the same thresholds leave the same graph.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foundation.model import Embedder
from graphstore import GraphStore, Row, language_of, normal_name
from population.coverage import CALLS, NO_CALL, Coverage, joined
from population.matching import (
    KNOWN_LANGUAGES,
    Borderline,
    Crowd,
    DomainPlacer,
    Survivors,
    Tell,
    VectorFile,
    sweep_thresholds,
)

Mark = tuple[str, str, float | None]  # survivor, method, score


@dataclass(slots=True)
class PersonaColumns:
    """The personas of a graph, the oldest first, then by id: column by column, about 0.6 kB each."""

    ids: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    roles: list[str | None] = field(default_factory=list)
    said: list[str | None] = field(default_factory=list)  # the role each was given
    created: list[str] = field(default_factory=list)
    domains: list[str] = field(default_factory=list)
    known: list[bool] = field(default_factory=list)
    sightings: list[int] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)  # that named each: the only one, NO_CALL or CALLS, as imports are
    marks: dict[str, Mark] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Changes:
    """What differs between the graph and what it should be."""

    unmarked: list[Row]
    moved: list[Row]
    marked: list[Row]
    roles: list[Row]

    @property
    def count(self) -> int:
        return len(self.unmarked) + len(self.moved) + len(self.marked) + len(self.roles)


def read_people(store: GraphStore) -> PersonaColumns:
    people, again = PersonaColumns(), _Once()
    for row in store.read("reads/matching"):
        if row["survivor"] is not None:
            known = people.marks.get(row["id"])
            mark = (row["survivor"], row["method"], row["score"])
            people.marks[row["id"]] = mark if known is None else ("", "", None)  # marked twice: to be written anew
            if known is not None:
                continue
        people.ids.append(row["id"])
        people.texts.append(row["text"] or "")
        people.roles.append(again(row["role"]))
        people.said.append(again(row["said"] or row["role"]))
        people.created.append(again(row["created"] or "") or "")
        people.domains.append(again(row["domain"] or "") or "")
        people.known.append((row["language"] or language_of(row["text"] or "")) in KNOWN_LANGUAGES)
        people.sightings.append(row["sightings"])
        people.calls.append(again(CALLS if row["imports"] or row["others"] else row["call"] or NO_CALL) or NO_CALL)
    order = sorted(range(len(people.ids)), key=lambda place: (people.created[place], people.ids[place]))
    for name in ("ids", "texts", "roles", "said", "created", "domains", "known", "sightings", "calls"):
        column = getattr(people, name)
        setattr(people, name, [column[place] for place in order])
    return people


class _Once:
    """One object for equal strings: a million rows have a few thousand roles and domains."""

    def __init__(self) -> None:
        self._kept: dict[str, str] = {}

    def __call__(self, text: str | None) -> str | None:
        return None if text is None else self._kept.setdefault(text, text)


def crowd_of(store: GraphStore, people: PersonaColumns, embedder: Embedder | None) -> Crowd:
    """The personas with their regions: the groups of the domains, the domains where there are none.

    Without an embedder no region has neighbours, as where meaning is not looked at.
    """
    domains = {row["id"]: (row["label"], row["region"] or row["id"]) for row in store.read("reads/domains")}
    numbers = {"": 0}
    homes = [numbers.setdefault(domains[home][1] if home in domains else "", len(numbers)) for home in people.domains]
    near: dict[int, list[int]] = {}
    if embedder is not None and domains and any(people.known):
        for region, around in DomainPlacer(domains, embedder.embed).neighbours().items():
            if region in numbers:
                near[numbers[region]] = [numbers[name] for name in around if name in numbers]
    return Crowd(people.texts, np.array(homes, np.int32), np.array(people.known, np.bool_), near)


@dataclass(frozen=True, slots=True)
class RoleColumns:
    """The roles of a graph, one for each normalised name, in the order in which they claim to be canonical.

    The oldest first, then those of most personas, then by name.
    """

    names: list[str]  # normalised
    spelled: list[str]  # as the oldest persona that has it spells it
    crowd: Crowd

    def canonical(self, found: Survivors) -> dict[str, str]:
        return {name: self.spelled[int(found.survivor[place])] for place, name in enumerate(self.names)}


def roles_of(people: PersonaColumns) -> RoleColumns:
    first: dict[str, tuple[str, str]] = {}  # name -> since when, as spelled
    counts: dict[str, int] = {}
    known: set[str] = set()
    for said, created, knows in zip(people.said, people.created, people.known, strict=True):
        if said:
            name = normal_name(said)
            first.setdefault(name, (created, said))
            counts[name] = counts.get(name, 0) + 1
            if knows and name.isascii():
                known.add(name)
    names = sorted(first, key=lambda name: (first[name][0], -counts[name], name))
    everywhere = np.zeros(len(names), np.int32)
    texts = Crowd(names, everywhere, np.array([name in known for name in names], np.bool_), {})
    return RoleColumns(names, [first[name][1] for name in names], texts)


def find_roles(
    roles: RoleColumns,
    leasts: Sequence[float],
    vectors: VectorFile | None,
    *,
    border: float = 0.0,
    tell: Tell | None = None,
) -> list[Survivors]:
    """For each threshold which roles are joined to an older one: by meaning alone, as the words of a role are few."""
    return sweep_thresholds(roles.crowd, 2.0, leasts, vectors, border=border, tell=tell)


def changes_to_write(people: PersonaColumns, found: Survivors | None, canonical: Mapping[str, str]) -> Changes:
    """What must be written so that the graph says what was found; `found` None: the marks stay."""
    marks, roles = Changes([], [], [], []), _role_rows(people, canonical)
    if found is None:
        return Changes([], [], [], roles)
    wanted = {people.ids[place]: (people.ids[other], how, score) for place, other, how, score in found.marks()}
    for persona, mark in wanted.items():
        if people.marks.get(persona) != mark:
            survivor, method, score = mark
            row = {"persona": persona, "survivor": survivor, "method": method, "score": score}
            (marks.moved if persona in people.marks else marks.marked).append(row)
    unmarked: list[Row] = [{"persona": persona} for persona in people.marks if persona not in wanted]
    return Changes(unmarked, marks.moved, marks.marked, roles)


def _role_rows(people: PersonaColumns, canonical: Mapping[str, str]) -> list[Row]:
    rows: list[Row] = []
    for persona, role, said in zip(people.ids, people.roles, people.said, strict=True):
        wanted = said and canonical.get(normal_name(said), said)
        if wanted != role:
            rows.append({"id": persona, "role": wanted, "said": None if wanted == said else said})
    return rows


def write_changes(store: GraphStore, found: Changes) -> None:
    """Write the changes, in an order in which at no time a mark points at a persona that is marked itself."""
    store.write_batches("not_duplicate", iter(sorted(found.unmarked, key=lambda row: str(row["persona"]))))
    store.write_batches("duplicate_of", iter(sorted(found.moved, key=lambda row: str(row["persona"]))))
    store.write_batches("duplicate_of", iter(sorted(found.marked, key=lambda row: str(row["persona"]))))
    store.write_batches("role", iter(sorted(found.roles, key=lambda row: str(row["id"]))))


def coverage_if(
    people: PersonaColumns, survivor: Sequence[int] | NDArray[np.int64], roles: Sequence[str | None]
) -> dict[str, Coverage]:
    """Coverage by persona and by role if the marks were these: as `cypher/queries/coverage_overall.cypher` counts."""
    places = np.asarray(survivor)
    kept = set(np.flatnonzero(places == np.arange(len(people.ids))).tolist())
    total = sum(times for times, place in zip(people.sightings, places.tolist(), strict=True) if place in kept)
    of_persona, of_role = dict.fromkeys(kept, NO_CALL), dict[str, str]()
    for calls, place in zip(people.calls, places.tolist(), strict=True):
        if place in kept:
            of_persona[place] = joined(of_persona[place], calls)
    for place, calls in of_persona.items():
        role = roles[place] or people.ids[place]
        of_role[role] = joined(of_role.get(role, NO_CALL), calls)
    return {
        kind: Coverage(total, sum(call not in (NO_CALL, CALLS) for call in calls.values()), len(calls))
        for kind, calls in (("persona", of_persona), ("role", of_role))
    }


def survivors_now(people: PersonaColumns) -> NDArray[np.int64]:
    """For each persona the place of its survivor as the graph has it now."""
    place = {persona: number for number, persona in enumerate(people.ids)}
    found = np.arange(len(people.ids))
    for persona, (survivor, _, _) in people.marks.items():
        found[place[persona]] = place.get(survivor, place[persona])
    return found


def borderline_rows(pairs: Borderline, texts: Sequence[str]) -> list[dict[str, Any]]:
    return [
        {"score": round(score, 4), "text": texts[one], "survivor": texts[other]} for one, other, score in pairs.pairs()
    ]
