"""The numbers of `pgraph coverage`, from the population in memory. docs/coverage.md explains each."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, fields

import numpy as np

from population.coverage import CALLS, NO_CALL, Coverage, joined
from population.loading import Loaded
from population.prediction import predict
from population.reports.rows import ReportRow

NO_DOMAIN = "(no domain)"


@dataclass(frozen=True, slots=True)
class ResolutionCoverage(ReportRow):
    """Coverage when "the same" means the same persona, role or domain."""

    resolution: str
    distinct: int
    sightings: int
    singles: int
    coverage: float | None  # None where no call has answered
    at_least: float  # lower bound that holds with 95 % confidence


@dataclass(frozen=True, slots=True)
class PlaceCounts:
    """What is counted of a group or a domain; `coverage` is None where none of its personas came from a call."""

    key: str
    personas: int
    roles: int
    sightings: int
    singles: int
    coverage: float | None


@dataclass(frozen=True, slots=True)
class GroupCoverage(ReportRow):
    """Of a group; `next_new`: expected share of new roles along its best relationship."""

    group: str
    key: str
    personas: int
    roles: int
    sightings: int
    singles: int
    coverage: float | None
    next_new: float | None


@dataclass(frozen=True, slots=True)
class DomainCoverage(ReportRow):
    domain: str
    key: str
    personas: int
    roles: int
    sightings: int
    singles: int
    coverage: float | None


@dataclass(frozen=True, slots=True)
class RoleCounts(ReportRow):
    role: str
    personas: int
    sightings: int
    groups: int


@dataclass(frozen=True, slots=True)
class RelationCoverage(ReportRow):
    """Of a relationship; `next_new` = singles/answers, Good-Turing over what came along it."""

    relation: str
    answers: int
    unusable: int
    singles: int
    next_new: float | None


TABLE_COLUMNS = {
    "group": ("group", "personas", "roles", "sightings", "singles", "coverage", "next_new"),
    "domain": ("domain", "personas", "roles", "sightings", "singles", "coverage"),
    "role": tuple(field.name for field in fields(RoleCounts)),
    "relation": tuple(field.name for field in fields(RelationCoverage)),
    "run": (
        "run", "command", "calls", "tokens", "sightings", "new", "duplicate", "unusable", "new_roles", "coverage",
        "late_new", "lift", "lift_low", "lift_high",
    ),
    "overall": tuple(field.name for field in fields(ResolutionCoverage)),
}  # fmt: skip


def coverage_overall(loaded: Loaded) -> list[ResolutionCoverage]:
    """One row for each resolution: persona, role, domain."""
    people = loaded.population
    species_by_resolution: dict[str, Callable[[int], Hashable]] = {
        "persona": lambda position: position,
        "role": people.species,
        "domain": lambda position: loaded.population.domains[position],
    }
    rows = []
    for resolution, species_of in species_by_resolution.items():
        sightings, calls = _counted_by(loaded, species_of)
        if resolution == "domain":
            del sightings[""]
            calls.pop("", None)
        singles = sum(call not in (NO_CALL, CALLS) for call in calls.values())
        coverage = Coverage(sightings.total(), singles, len(sightings))
        rows.append(
            ResolutionCoverage(
                resolution,
                coverage.distinct,
                coverage.sightings,
                coverage.singles,
                coverage.share,
                round(coverage.at_least(), 6),
            )
        )
    return rows


def _counted_by(loaded: Loaded, species_of: Callable[[int], Hashable]) -> tuple[Counter[Hashable], dict[Hashable, str]]:
    """By species: how often it was sighted, and the calls that named it (CALLS for imported ones)."""
    sightings, calls = Counter[Hashable](), dict[Hashable, str]()
    for position, times in enumerate(loaded.sightings):
        species = species_of(position)
        sightings[species] += times
        call = CALLS if loaded.imports[position] else loaded.calls[position]
        calls[species] = joined(calls.get(species, NO_CALL), call)
    return sightings, calls


def coverage_by_group(loaded: Loaded) -> list[GroupCoverage]:
    """One row for each region, the least covered first."""
    people = loaded.population
    expected = _expected_by_region(loaded)
    places = _by_place(loaded, lambda position: people.region_ids[people.regions[position]])
    return [
        GroupCoverage(
            loaded.labels.get(place.key, place.key),
            place.key,
            place.personas,
            place.roles,
            place.sightings,
            place.singles,
            place.coverage,
            expected.get(place.key),
        )
        for place in _worst_first(places)
    ]


def coverage_by_domain(loaded: Loaded) -> list[DomainCoverage]:
    """One row for each domain, the least covered first."""
    labels = {domain: label for domain, (label, _) in loaded.domains.items()} | {"": NO_DOMAIN}
    return [
        DomainCoverage(
            labels[place.key],
            place.key,
            place.personas,
            place.roles,
            place.sightings,
            place.singles,
            place.coverage,
        )
        for place in _worst_first(_by_place(loaded, lambda position: loaded.population.domains[position]))
    ]


def coverage_by_role(loaded: Loaded) -> list[RoleCounts]:
    """One row for each role, the most sighted first."""
    people = loaded.population
    personas, sightings = Counter[str](), Counter[str]()
    groups: dict[str, set[int]] = {}
    for position, times in enumerate(loaded.sightings):
        role = people.roles[position]
        if role is not None:
            personas[role] += 1
            sightings[role] += times
            groups.setdefault(role, set()).add(people.regions[position])
    rows = [RoleCounts(role, count, sightings[role], len(groups[role])) for role, count in personas.items()]
    return sorted(rows, key=lambda row: (-row.sightings, row.role))


def coverage_by_relation(loaded: Loaded, names: Sequence[str]) -> list[RelationCoverage]:
    """One row for each relationship, the one asked along most first; `names`: by number."""
    tally = loaded.population.tally
    relations = max(1, tally.relations)
    arms = np.arange(len(tally.asked)) % relations
    answers = np.bincount(arms, tally.asked, tally.relations).astype(int).tolist()
    singles = np.bincount(arms, tally.single, tally.relations).astype(int).tolist()
    arm, _, landed = tally.landed[:, : tally.cells]
    usable = np.bincount(arm % relations, landed, tally.relations).astype(int).tolist()
    rows = [
        RelationCoverage(
            name,
            answers[number],
            answers[number] - usable[number],
            singles[number],
            round(singles[number] / answers[number], 6) if answers[number] else None,
        )
        for number, name in enumerate(names)
    ]
    return sorted(rows, key=lambda row: (-row.answers, row.relation))


def _by_place(loaded: Loaded, place_of: Callable[[int], str]) -> list[PlaceCounts]:
    people = loaded.population
    personas, sightings = Counter[str](), Counter[str]()
    roles: dict[str, set[str]] = {}
    singles: dict[str, set[str]] = {}
    for position, times in enumerate(loaded.sightings):
        key, species = place_of(position), people.species(position)
        personas[key] += 1
        sightings[key] += times
        roles.setdefault(key, set()).add(species)
        if times and people.tally.is_single(species):
            singles.setdefault(key, set()).add(species)
    places = []
    for key, count in personas.items():
        coverage = Coverage(sightings[key], len(singles.get(key, ())), len(roles[key]))
        places.append(PlaceCounts(key, count, coverage.distinct, coverage.sightings, coverage.singles, coverage.share))
    return places


def _worst_first(places: Iterable[PlaceCounts]) -> list[PlaceCounts]:
    """The least covered first, those of which no answer says anything last."""
    return sorted(places, key=lambda place: (place.coverage is None, place.coverage, -place.sightings, place.key))


def _expected_by_region(loaded: Loaded) -> dict[str, float]:
    """By region: the highest expected share of new roles among its relationships."""
    people = loaded.population
    if not people.tally.relations:
        return {}
    new = predict(people.tally).new.reshape(-1, people.tally.relations).max(axis=1)
    return {region: round(float(new[number]), 6) for number, region in enumerate(people.region_ids)}
