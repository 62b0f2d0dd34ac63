"""Where the gaps are, and why: the regions least covered, what leads there, and the map of all arms."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from population.loading import Loaded
from population.prediction import PRIOR, predict, uncovered_shares

Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class HeatMap:
    """Regions by relationships: `new` is the expected share of new roles among the next answers, `answers` those so far."""

    relations: list[str]
    rows: Rows  # group, uncovered, cells: [{new, answers}] in the order of the relations
    regions: int  # how many there are in all
    kinds: int


def heat_map(loaded: Loaded, kinds: list[str], *, regions: int = 25, relations: int = 24) -> HeatMap:
    """The arms of the least covered regions, along the relationships asked most."""
    people = loaded.population
    tally = people.tally
    if not tally.relations or not tally.regions:
        return HeatMap([], [], tally.regions, len(kinds))
    arms = predict(tally)
    shape = (tally.regions, tally.relations)
    new, answers = arms.new.reshape(shape), tally.asked.reshape(shape)
    columns = sorted(np.argsort(-answers.sum(axis=0), kind="stable")[:relations].tolist(), key=lambda k: kinds[k])
    rows = [
        {
            "group": region_name(loaded, region),
            "uncovered": _share(tally.f1[region], tally.n[region]),
            "cells": [{"new": round(float(new[region, k]), 4), "answers": int(answers[region, k])} for k in columns],
        }
        for region in _worst(loaded)[:regions]
    ]
    return HeatMap([kinds[k] for k in columns], rows, tally.regions, len(kinds))


def find_gaps(loaded: Loaded, kinds: list[str], limit: int = 8) -> Rows:
    """The least covered regions, each with the way that leads there best.

    The way is the arm (source region, relationship) with the highest share of answers that landed in the region; arms
    with few answers are drawn towards 0. `relation` is None where no call led there yet.
    """
    people = loaded.population
    tally = people.tally
    ways = _ways(loaded)
    rows = []
    for region in _worst(loaded)[:limit]:
        arm, landed, of = ways.get(region, (None, 0, 0))
        source, relation = divmod(arm, tally.relations) if arm is not None else (region, None)
        rows.append(
            {
                "group": region_name(loaded, region),
                "key": people.region_ids[region],
                "sightings": int(tally.n[region]),
                "singles": int(tally.f1[region]),
                "uncovered": _share(tally.f1[region], tally.n[region]),
                "from": region_name(loaded, source),
                "from_key": people.region_ids[source],
                "relation": None if relation is None else kinds[relation],
                "landed": landed,
                "answers": of,
                "depth": 1 + max((people.depths[p] for p in people.members(source)), default=0),
            }
        )
    return rows


def explain_gap(row: Mapping[str, Any]) -> str:
    r"""The numbers of a gap as a sentence.

    >>> explain_gap({"group": "logistics", "singles": 31, "sightings": 50, "uncovered": 0.62, "relation": "supplier",
    ...      "from": "health care", "landed": 41, "answers": 100})[:81]
    '41\xa0% of the answers (41 of 100) when people of health care are asked for their su'
    """
    group, relation, source = row["group"], row["relation"], row["from"]
    state = (
        f"is {_percent(row['uncovered'])} uncovered: {_count(row['singles'], 'role')} that only one call named, in "
        f"{_count(row['sightings'], 'sighting')}."
    )
    if relation is None:
        return f"{group} {state} No call about a person has led there yet; its people came from files or texts."
    asked, lands = (f"people of {source} are", "land") if source != group else ("its own people are", "stay")
    way = f"{_percent(row['landed'] / row['answers'])} of the answers ({row['landed']:,} of {row['answers']:,})"
    return f"{way} when {asked} asked for their {spoken(relation)} {lands} in {group}, which {state}"


def spoken(relation: str) -> str:
    """The id of a relationship kind as words."""
    return relation.replace("_", " ").replace("-", " ")


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" + ("" if number == 1 else "s")


def _percent(share: float) -> str:
    return f"{100 * share:.0f}\u00a0%"


def region_name(loaded: Loaded, region: int) -> str:
    key = loaded.population.region_ids[region]
    return loaded.labels.get(key) or key


def people_query(loaded: Loaded, region: str) -> str:
    """The query for the personas of a region."""
    if not region:
        return "MATCH (p:Persona) WHERE NOT EXISTS { (p)-[:IN_DOMAIN]->(:Domain) } RETURN p.id"
    key = json.dumps(region)
    if region in loaded.domains:
        return f"MATCH (p:Persona)-[:IN_DOMAIN]->(:Domain {{id: {key}}}) RETURN p.id"
    return f"MATCH (p:Persona)-[:IN_DOMAIN]->(:Domain)-[:IN_GROUP]->(:DomainGroup {{id: {key}}}) RETURN p.id"


def _worst(loaded: Loaded) -> list[int]:
    """The regions that have sightings, the least covered first, those with few drawn towards the share of all."""
    tally = loaded.population.tally
    order = np.lexsort((-tally.n, -uncovered_shares(tally))).tolist()
    return [region for region in order if tally.n[region]]


def _ways(loaded: Loaded) -> dict[int, tuple[int, int, int]]:
    """By region: the arm that leads there best, how many of its answers landed there, and of how many."""
    tally = loaded.population.tally
    arm, region, landed = tally.landed[:, : tally.cells]
    usable = np.bincount(arm, landed, tally.regions * tally.relations) if tally.cells else np.zeros(0)
    best: dict[int, tuple[float, tuple[int, int, int]]] = {}
    for a, h, c in zip(arm.tolist(), region.tolist(), landed.tolist(), strict=True):
        score = c / (usable[a] + PRIOR)
        if h not in best or score > best[h][0]:
            best[h] = score, (a, c, int(usable[a]))
    return {h: way for h, (_, way) in best.items()}


def _share(part: int, whole: int) -> float:
    return round(float(part / whole), 6) if whole else 1.0
