"""The numbers of `pgraph coverage`, from the population in memory. docs/coverage.md explains each."""

from collections import Counter
from collections.abc import Callable, Hashable
from typing import Any

import numpy as np

from population.coverage import CALLS, NO_CALL, Coverage, joined
from population.loading import Loaded
from population.prediction import predict

Rows = list[dict[str, Any]]

TABLE_COLUMNS = {
    "group": ("group", "personas", "roles", "sightings", "singles", "coverage", "next_new"),
    "domain": ("domain", "personas", "roles", "sightings", "singles", "coverage"),
    "role": ("role", "personas", "sightings", "groups"),
    "relation": ("relation", "answers", "unusable", "singles", "next_new"),
    "run": (
        "run",
        "command",
        "calls",
        "tokens",
        "sightings",
        "new",
        "duplicate",
        "unusable",
        "new_roles",
        "coverage",
        "late_new",
    ),
    "overall": ("resolution", "distinct", "sightings", "singles", "coverage", "at_least"),
}


def coverage_overall(loaded: Loaded) -> Rows:
    """One row for each resolution at which "the same" can be said: persona, role, domain."""
    people = loaded.population
    kinds: dict[str, Callable[[int], Hashable]] = {
        "persona": lambda position: position,
        "role": people.species,
        "domain": lambda position: loaded.homes[position],
    }
    rows = []
    for resolution, species in kinds.items():
        seen, calls = Counter[Hashable](), dict[Hashable, str]()
        for position, times in enumerate(loaded.sightings):
            one = species(position)
            seen[one] += times
            by = CALLS if loaded.imports[position] else loaded.calls[position]
            calls[one] = joined(calls.get(one, NO_CALL), by)
        if resolution == "domain":
            del seen[""]
            calls.pop("", None)
        singles = sum(call not in (NO_CALL, CALLS) for call in calls.values())
        found = Coverage(seen.total(), singles, len(seen))
        rows.append({"resolution": resolution, **_numbers(found), "at_least": round(found.at_least(), 6)})
    return rows


def coverage_by_group(loaded: Loaded) -> Rows:
    """One row for each region, the least covered first; `next_new`: expected share of new roles along its best relationship."""
    people = loaded.population
    best = _best(loaded)
    rows = _by_place(loaded, lambda position: people.region_ids[people.regions[position]])
    return [
        {"group": loaded.labels.get(row["key"], row["key"]), **row, "next_new": best.get(row["key"])}
        for row in _worst_first(rows)
    ]


def coverage_by_domain(loaded: Loaded) -> Rows:
    names = {domain: label for domain, (label, _) in loaded.domains.items()} | {"": "(no domain)"}
    rows = _by_place(loaded, lambda position: loaded.homes[position])
    return [{"domain": names[row["key"]], **row} for row in _worst_first(rows)]


def coverage_by_role(loaded: Loaded) -> Rows:
    """One row for each role, the most sighted first."""
    people = loaded.population
    rows: dict[str, dict[str, Any]] = {}
    groups: dict[str, set[int]] = {}
    for position, times in enumerate(loaded.sightings):
        role = people.roles[position]
        if role is not None:
            row = rows.setdefault(role, {"role": role, "personas": 0, "sightings": 0})
            row["personas"] += 1
            row["sightings"] += times
            groups.setdefault(role, set()).add(people.regions[position])
    for role, row in rows.items():
        row["groups"] = len(groups[role])
    return sorted(rows.values(), key=lambda row: (-row["sightings"], row["role"]))


def coverage_by_relation(loaded: Loaded, names: list[str]) -> Rows:
    """One row for each relationship asked along; `next_new` = singles/answers, Good-Turing over what came along it."""
    tally = loaded.population.tally
    relations = tally.relations
    arms = np.arange(len(tally.asked)) % max(1, relations)
    answers = np.bincount(arms, tally.asked, relations).astype(int)
    singles = np.bincount(arms, tally.single, relations).astype(int)
    used = np.bincount(
        tally.landed[0, : tally.cells] % max(1, relations), tally.landed[2, : tally.cells], relations
    ).astype(int)
    rows = [
        {
            "relation": name,
            "answers": int(answers[k]),
            "unusable": int(answers[k] - used[k]),
            "singles": int(singles[k]),
            "next_new": round(int(singles[k]) / int(answers[k]), 6) if answers[k] else None,
        }
        for k, name in enumerate(names)
    ]
    return sorted(rows, key=lambda row: (-row["answers"], row["relation"]))


def _by_place(loaded: Loaded, place: Callable[[int], str]) -> Rows:
    people = loaded.population
    rows: dict[str, dict[str, Any]] = {}
    roles: dict[str, set[str]] = {}
    singles: dict[str, set[str]] = {}
    for position, times in enumerate(loaded.sightings):
        key, species = place(position), people.species(position)
        row = rows.setdefault(key, {"key": key, "personas": 0, "roles": 0, "sightings": 0, "singles": 0})
        row["personas"] += 1
        row["sightings"] += times
        if times and people.tally.is_single(species):
            singles.setdefault(key, set()).add(species)
        roles.setdefault(key, set()).add(species)
    for key, row in rows.items():
        row["roles"], row["singles"] = len(roles[key]), len(singles.get(key, ()))
        row["coverage"] = Coverage(row["sightings"], row["singles"], row["roles"]).share
    return list(rows.values())


def _worst_first(rows: Rows) -> Rows:
    """The least covered first, those of which no answer says anything last."""
    return sorted(rows, key=lambda row: (row["coverage"] is None, row["coverage"], -row["sightings"], row["key"]))


def _best(loaded: Loaded) -> dict[str, float]:
    people = loaded.population
    if not people.tally.relations:
        return {}
    new = predict(people.tally).new.reshape(-1, people.tally.relations).max(axis=1)
    return {region: round(float(new[number]), 6) for number, region in enumerate(people.region_ids)}


def _numbers(found: Coverage) -> dict[str, Any]:
    return {
        "distinct": found.distinct,
        "sightings": found.sightings,
        "singles": found.singles,
        "coverage": found.share,
    }
