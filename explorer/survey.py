"""What the overview shows: the regions, how expansion flows between them, what is missing; a fold over the whole graph."""

from collections import Counter
from typing import Any

import numpy as np

from explorer.layout import arrange
from graphstore import GraphStore, digest
from population import Loaded
from population.reports import coverage_by_group, coverage_overall, explain_gap, find_gaps, people_query

Row = dict[str, Any]

REGIONS = 1000  # at most so many are sent, the largest
CIRCLES = 300  # of these, on the map
FLOWS = 1500
RUNS = 200  # the newest
DRAFTED = 100  # circles of a draft
_COUNTED = ("roles", "sightings", "singles", "coverage", "next_new")


def survey(store: GraphStore) -> Row:
    """The overview as JSON. Streams every persona and sighting once, as `pgraph coverage` does: about 15 µs each.

    A region is a group; a domain that has no group yet; or "" for personas without a domain. A flow counts the answers of
    region `to` that came when people of region `from` were asked along some relationship, as coverage does: without calls
    that named the region in which to look.
    """
    from population import load_population

    kinds = sorted(row["relation"] for row in store.read("reads/relation_kinds") if row["relation"] is not None)
    loaded = load_population(store, kinds, depth=1 << 30)
    rows = sorted(coverage_by_group(loaded), key=lambda row: (-row["personas"], row["key"]))
    shown = [_region(row) for row in rows[:REGIONS]]
    _add_facets(loaded, kinds, shown)
    _add_missing(loaded, kinds, shown)
    flows = _flows(loaded, {row["id"] for row in shown})
    places = {row["id"]: number for number, row in enumerate(shown[:CIRCLES])}
    links = [(places[flow["from"]], places[flow["to"]], flow["answers"]) for flow in flows if _inside(flow, places)]
    for row, circle in zip(shown, arrange([row["personas"] for row in shown[:CIRCLES]], links), strict=False):
        row["circle"] = circle
    return {
        "overall": coverage_overall(loaded),
        "regions": shown,
        "flows": flows,
        "left_out": _left_out(rows),
        "languages": [(row["language"], row["personas"]) for row in store.read("reads/explore_languages")],
        "runs": list(store.read("reads/explore_runs", limit=RUNS)),
    }


def draft(store: GraphStore, personas: int) -> Row:
    """The regions and their sizes only, duplicates among them, to be seen until the rest is counted: 1 µs a persona."""
    rows: dict[str, Row] = {}
    for one in store.read("reads/domains"):
        key = one["region"] or one["id"]
        row = rows.setdefault(key, {"id": key, "label": one["region_label"] or one["label"], "personas": 0})
        row["personas"] += one["personas"]
    every = sorted(rows.values(), key=lambda row: (-row["personas"], row["id"]))
    unknown = dict.fromkeys((*_COUNTED, "missing"))
    shown = [{**unknown, **row, "depths": [], "relations": []} for row in every[:REGIONS]]
    for row, circle in zip(shown, arrange([row["personas"] for row in shown[:DRAFTED]], []), strict=False):
        row["circle"] = circle
    overall = [{"resolution": "persona", "distinct": personas}, {"resolution": "role", "coverage": None}]
    found = {
        "overall": overall,
        "regions": shown,
        "flows": [],
        "left_out": _left_out(every),
        "languages": [],
        "runs": [],
    }
    return {**found, "draft": True}


def _left_out(rows: list[Row]) -> Row:
    """Of regions, the largest first, those that are not sent."""
    return {"regions": len(rows[REGIONS:]), "personas": sum(row["personas"] for row in rows[REGIONS:])}


def _region(row: Row) -> Row:
    return {"id": row["key"], "label": row["group"], **{name: row[name] for name in ("personas", *_COUNTED)}}


def _add_facets(loaded: Loaded, kinds: list[str], shown: list[Row]) -> None:
    """How many of its personas stand how many hops from the seeds, and how many answers came along which relationship."""
    people, tally = loaded.population, loaded.population.tally
    relations: dict[int, Counter[str]] = {}
    for arm, region, answers in tally.landed[:, : tally.cells].T.tolist():
        relations.setdefault(region, Counter())[kinds[arm % tally.relations]] += answers
    for row in shown:
        number = people.region_index[row["id"]]
        row["depths"] = sorted(Counter(people.depths[position] for position in people.members(number)).items())
        row["relations"] = relations.get(number, Counter()).most_common()


def _add_missing(loaded: Loaded, kinds: list[str], shown: list[Row]) -> None:
    """What is uncovered in each, why, and whom to ask: the query for them, and how deep. `gap` names just that."""
    found = find_gaps(loaded, kinds, len(loaded.population.region_ids))  # the least covered first
    rows = {row["key"]: {**row, "rank": rank} for rank, row in enumerate(found)}
    for row in shown:
        gap = rows.get(row["id"])
        rank = None if gap is None else gap["rank"]
        if gap is None:
            why = f"No answer of a call has landed in {row['label']} yet: its people came from files."
            source, depth = row["id"], 1 + max(row["depths"])[0]
        else:
            why, source, depth = explain_gap(gap), gap["from_key"], gap["depth"]
        query = people_query(loaded, source)
        row["missing"] = {
            "gap": digest(row["id"], query, depth), "rank": rank, "why": why, "query": query, "depth": depth
        }  # fmt: skip


def _flows(loaded: Loaded, shown: set[str]) -> list[Row]:
    """The answers from region to region, the largest first; those that stayed in their region too."""
    tally, names = loaded.population.tally, loaded.population.region_ids
    arms, regions, answers = tally.landed[:, : tally.cells]
    pairs, places = np.unique(arms // max(1, tally.relations) * tally.regions + regions, return_inverse=True)
    counts = np.bincount(places, answers, len(pairs)).astype(int).tolist()
    flows = [
        {"from": names[pair // tally.regions], "to": names[pair % tally.regions], "answers": count}
        for pair, count in zip(pairs.tolist(), counts, strict=True)
    ]
    kept = [flow for flow in flows if {flow["from"], flow["to"]} <= shown]
    return sorted(kept, key=lambda flow: (-int(flow["answers"]), flow["from"], flow["to"]))[:FLOWS]


def _inside(flow: Row, places: dict[str, int]) -> bool:
    return flow["from"] in places and flow["to"] in places and flow["from"] != flow["to"]
