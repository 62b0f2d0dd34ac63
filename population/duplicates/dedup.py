"""Duplicates among all personas of a graph, and roles with one meaning: what `pgraph dedup` reads, finds and writes.

Marks and canonical roles only: whatever the thresholds were before, the same thresholds leave the same graph.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foundation.model import Embedder
from graphstore import GraphStore, Row, language_of, normal_name
from population.coverage import CALLS, NO_CALL, Coverage, joined
from population.matching import (
    Borderline,
    Crowd,
    DomainPlacer,
    Survivors,
    Tell,
    VectorFile,
    can_embed,
    sweep_thresholds,
)

Mark = tuple[str, str, float | None]  # survivor, method, score


@dataclass(slots=True)
class PersonaColumns:
    """The personas of a graph, the oldest first, then by id: column by column, about 0.6 kB each."""

    ids: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    roles: list[str | None] = field(default_factory=list)
    said: list[str | None] = field(default_factory=list)  # the role as the model or the file gave it
    created: list[str] = field(default_factory=list)
    domains: list[str] = field(default_factory=list)
    known: list[bool] = field(default_factory=list)  # in a language that the embedding model knows
    sightings: list[int] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)  # the only one that named it, NO_CALL, or CALLS: also if imported
    marks: dict[str, Mark] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Changes:
    """What must change in the graph: rows for the statements of `write_changes`."""

    unmarked: list[Row]
    moved: list[Row]
    marked: list[Row]
    roles: list[Row]

    @property
    def count(self) -> int:
        """How many rows must be written."""
        return len(self.unmarked) + len(self.moved) + len(self.marked) + len(self.roles)


def read_people(store: GraphStore) -> PersonaColumns:
    """All personas of the graph, duplicates included, with their marks."""
    people = PersonaColumns()
    shared = _SharedTexts()
    for row in store.read("reads/matching"):
        if row["survivor"] is not None:
            earlier_mark = people.marks.get(row["id"])
            mark = (row["survivor"], row["method"], row["score"])
            people.marks[row["id"]] = (
                mark if earlier_mark is None else ("", "", None)
            )  # marked twice: must be written again
            if earlier_mark is not None:
                continue
        people.ids.append(row["id"])
        people.texts.append(row["text"] or "")
        people.roles.append(shared(row["role"]))
        people.said.append(shared(row["said"] or row["role"]))
        people.created.append(shared(row["created"] or "") or "")
        people.domains.append(shared(row["domain"] or "") or "")
        people.known.append(can_embed(row["language"] or language_of(row["text"] or "")))
        people.sightings.append(row["sightings"])
        people.calls.append(shared(CALLS if row["imports"] or row["others"] else row["call"] or NO_CALL) or NO_CALL)
    order = sorted(range(len(people.ids)), key=lambda place: (people.created[place], people.ids[place]))
    for name in ("ids", "texts", "roles", "said", "created", "domains", "known", "sightings", "calls"):
        column = getattr(people, name)
        setattr(people, name, [column[place] for place in order])
    return people


class _SharedTexts:
    """Keeps one object for equal strings: a million rows have a few thousand roles and domains."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}

    def __call__(self, text: str | None) -> str | None:
        return None if text is None else self._texts.setdefault(text, text)


def crowd_of(store: GraphStore, people: PersonaColumns, embedder: Embedder | None) -> Crowd:
    """The personas with their regions: the groups of the domains, or the domains themselves if there are no groups.

    `embedder` finds the neighbours of the regions. Without one no region has any, as if meaning is not compared.
    """
    domains = {row["id"]: (row["label"], row["region"] or row["id"]) for row in store.read("reads/domain_places")}
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

    def canonical(self, survivors: Survivors) -> dict[str, str]:
        """For each normalised name the role to count under, as its oldest persona spells it."""
        return {name: self.spelled[int(survivors.survivor[place])] for place, name in enumerate(self.names)}


def roles_of(people: PersonaColumns) -> RoleColumns:
    """The roles of `people`, as they were given, in the order in which they claim to be canonical."""
    oldest: dict[str, tuple[str, str]] = {}  # name -> since when, as spelled
    counts: dict[str, int] = {}
    comparable: set[str] = set()
    for said, created, knows in zip(people.said, people.created, people.known, strict=True):
        if said:
            name = normal_name(said)
            oldest.setdefault(name, (created, said))
            counts[name] = counts.get(name, 0) + 1
            if knows and name.isascii():
                comparable.add(name)
    names = sorted(oldest, key=lambda name: (oldest[name][0], -counts[name], name))
    everywhere = np.zeros(len(names), np.int32)
    texts = Crowd(names, everywhere, np.array([name in comparable for name in names], np.bool_), {})
    return RoleColumns(names, [oldest[name][1] for name in names], texts)


def find_roles(
    roles: RoleColumns,
    leasts: Sequence[float],
    vectors: VectorFile | None,
    *,
    border: float = 0.0,
    tell: Tell | None = None,
) -> list[Survivors]:
    """For each threshold of `leasts` which roles join an older one: by meaning alone, as a role has few words.

    `vectors` are those of `roles.crowd`; for `border` and `tell` see `sweep_thresholds`.
    """
    return sweep_thresholds(roles.crowd, None, leasts, vectors, border=border, tell=tell)


def changes_to_write(people: PersonaColumns, survivors: Survivors | None, canonical: Mapping[str, str]) -> Changes:
    """What must be written so that the marks of the graph are `survivors`, and its roles `canonical` (name -> role).

    `survivors` None: the marks stay.
    """
    roles = _role_rows(people, canonical)
    if survivors is None:
        return Changes([], [], [], roles)
    moved: list[Row] = []
    marked: list[Row] = []
    duplicates: set[str] = set()
    for place, survivor_place, method, score in survivors.marks():
        persona, survivor = people.ids[place], people.ids[survivor_place]
        duplicates.add(persona)
        if people.marks.get(persona) != (survivor, method, score):
            row = {"persona": persona, "survivor": survivor, "method": method, "score": score}
            (moved if persona in people.marks else marked).append(row)
    unmarked: list[Row] = [{"persona": persona} for persona in people.marks if persona not in duplicates]
    return Changes(unmarked, moved, marked, roles)


def _role_rows(people: PersonaColumns, canonical: Mapping[str, str]) -> list[Row]:
    rows: list[Row] = []
    for persona, role, given_role in zip(people.ids, people.roles, people.said, strict=True):
        canonical_role = given_role and canonical.get(normal_name(given_role), given_role)
        if canonical_role != role:
            rows.append(
                {"id": persona, "role": canonical_role, "said": None if canonical_role == given_role else given_role}
            )
    return rows


def write_changes(store: GraphStore, changes: Changes) -> None:
    """Write the `changes`, in an order in which no mark ever points at a persona that is marked itself."""
    store.write_batches("not_duplicate", iter(sorted(changes.unmarked, key=lambda row: str(row["persona"]))))
    store.write_batches("duplicate_of", iter(sorted(changes.moved, key=lambda row: str(row["persona"]))))
    store.write_batches("duplicate_of", iter(sorted(changes.marked, key=lambda row: str(row["persona"]))))
    store.write_batches("role", iter(sorted(changes.roles, key=lambda row: str(row["id"]))))


def coverage_if(
    people: PersonaColumns, survivor: Sequence[int] | NDArray[np.int64], roles: Sequence[str | None]
) -> dict[str, Coverage]:
    """Coverage by "persona" and by "role" with these marks, as `cypher/queries/coverage_overall.cypher` counts it.

    `survivor`: for each persona the place of its survivor; `roles`: the canonical role of each.
    """
    places = np.asarray(survivor)
    survivors = set(np.flatnonzero(places == np.arange(len(people.ids))).tolist())
    total = sum(times for times, place in zip(people.sightings, places.tolist(), strict=True) if place in survivors)
    of_persona = dict.fromkeys(survivors, NO_CALL)
    of_role = dict[str, str]()
    for calls, place in zip(people.calls, places.tolist(), strict=True):
        if place in survivors:
            of_persona[place] = joined(of_persona[place], calls)
    for place, calls in of_persona.items():
        role = roles[place] or people.ids[place]
        of_role[role] = joined(of_role.get(role, NO_CALL), calls)
    return {"persona": _coverage(total, of_persona.values()), "role": _coverage(total, of_role.values())}


def _coverage(sightings: int, calls: Collection[str]) -> Coverage:
    """Coverage from the call of each species: a single one, NO_CALL or CALLS."""
    singles = sum(call not in (NO_CALL, CALLS) for call in calls)
    return Coverage(sightings, singles, len(calls))


def survivors_now(people: PersonaColumns) -> NDArray[np.int64]:
    """For each persona the place of its survivor as the graph has it now, shape (personas,)."""
    places = {persona: number for number, persona in enumerate(people.ids)}
    survivors = np.arange(len(people.ids))
    for persona, (survivor, _, _) in people.marks.items():
        survivors[places[persona]] = places.get(survivor, places[persona])
    return survivors


def borderline_rows(pairs: Borderline, texts: Sequence[str]) -> list[dict[str, Any]]:
    """The borderline pairs with their `texts`, the most similar first."""
    return [
        {"score": round(score, 4), "text": texts[text], "survivor": texts[survivor]}
        for text, survivor, score in pairs.pairs()
    ]
