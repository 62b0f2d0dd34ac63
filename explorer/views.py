"""What the page asks for beside the overview: a region, a persona, a search. Each is a few bounded, read-only queries."""

import json
from collections.abc import Iterator
from typing import Any

import cypher
from explorer import calls
from explorer.filters import EVERYBODY, Filters
from graphstore import GraphStore
from graphstore.exports import persona_rows, selected_rows

Row = dict[str, Any]

CROWD = 10_000  # personas in the picture of a region
PAGE = 50  # personas on a page of a region, and of a search
LINKS = 100  # of each kind, of one persona
QUESTIONS = 50
WAYS = 3
SECONDS = 20.0  # for one query


def region(
    store: GraphStore, region_id: str, filters: Filters = EVERYBODY, regions: list[str] | None = None, *, skip: int = 0
) -> Row:
    """A page of its personas, from `skip` on; with the first page what is asked and known about it.

    `regions`: those that the filters leave (None: all); of another one nobody is shown.
    """
    asked = {**filters.of_people(), "skip": skip, "limit": PAGE + 1}
    domains = _ask(store, "explore_domains", id=region_id) if region_id else []
    if regions is not None and region_id not in regions:
        people = []
    elif region_id:
        people = _ask(store, "explore_people", domains=[row["id"] for row in domains], **asked)
    else:
        people = _ask(store, "explore_homeless", **asked)
    ids = list(dict.fromkeys([region_id, *(row["id"] for row in domains)]))
    first = skip == 0 and bool(region_id)
    questions = _ask(store, "explore_questions", ids=ids, limit=QUESTIONS) if first else []
    return {
        "id": region_id,
        "domains": sorted(row["label"] or row["id"] for row in domains)[:LINKS],
        "people": people[:PAGE],
        "more": len(people) > PAGE,
        "questions": sorted(questions, key=lambda row: (-row["known"], row["id"]))[:QUESTIONS],
    }


def crowd(store: GraphStore, region_id: str, size: int = 0) -> Row:
    """The personas of a region for a picture: {relations, people: [[id, role, depth, relation, source]], more}.

    `relation` and `source` are places in the lists, -1 for none; a source outside the region is none. Of a region with a
    `size` above CROWD a sample: ids are digests, so those that begin lowest are one.
    """
    domains = [row["id"] for row in _ask(store, "explore_domains", id=region_id)] if region_id else []
    below = f"p{0x10000 * CROWD // size:04x}" if size > CROWD else ""
    found = _ask(store, "explore_crowd", domains=domains, below=below, limit=CROWD)
    rows = sorted(found, key=lambda row: str(row["id"]))  # the same picture each time
    places = {row["id"]: place for place, row in enumerate(rows)}
    ways = [(row["first"] or " ").split(" ", 1) for row in rows]
    relations = sorted({relation for _, relation in ways if relation})
    numbers = {relation: number for number, relation in enumerate(relations)}
    people = [
        [row["id"], row["role"], row["depth"], numbers.get(relation, -1), places.get(source, -1)]
        for row, (source, relation) in zip(rows, ways, strict=True)
    ]
    return {"relations": relations, "people": people, "more": len(rows) < size}


def matching(store: GraphStore, filters: Filters) -> Row:
    """How many personas of each region the filters leave, the limit of coverage aside."""
    rows = _ask(store, "explore_matching", **filters.of_people())
    return {"personas": {row["region"]: row["personas"] for row in rows}}


def persona(store: GraphStore, persona_id: str, told: calls.TagReader = calls.no_tag) -> Row | None:
    """All that is known of one persona; None where there is none of this id. `told`: see `explorer.calls`."""
    found = _ask(store, "explore_persona", id=persona_id)
    if not found:
        return None
    ways = _ways(store, persona_id)
    sightings = _ask(store, "explore_sightings", id=persona_id, limit=LINKS)
    quotes = [*sightings, *(row for way in ways for row in way["origins"])]
    ids = list(dict.fromkeys(row["source"] for row in quotes if row["kind"] == "text"))[:WAYS]
    siblings = _ask(store, "explore_siblings", id=persona_id, limit=LINKS)
    asked = _ask(store, "explore_calls", id=persona_id, limit=calls.CALLS)
    texts = {row["id"]: row for row in _ask(store, "texts_by_id", ids=ids)} if ids else {}
    return {
        **found[0],
        "ways": [way["steps"] for way in ways],
        "sightings": sightings,
        "calls": [calls.call_as_shown(row, siblings, told) for row in asked],
        "texts": [_quoted(texts[one], quotes) for one in ids if one in texts],
        "relatives": _ask(store, "explore_relatives", id=persona_id, limit=LINKS),
        "duplicates": _ask(store, "explore_duplicates", id=persona_id, limit=LINKS),
        "knowledge": _ask(store, "explore_knowledge", id=persona_id, limit=LINKS),
    }


def around(one: Row) -> Row | None:
    """Where to ask for the people around a persona, as `persona` tells of it: {label, query, depth}; None for a duplicate."""
    if any(row["way"] == "survivor" for row in one["duplicates"]):
        return None
    query = f"MATCH (p:Persona {{id: {json.dumps(one['id'])}}}) RETURN p.id"
    return {"label": one["role"] or one["id"], "query": query, "depth": one["depth"] + 1}


def search(store: GraphStore, words: str, filters: Filters = EVERYBODY, regions: list[str] | None = None) -> Row:
    """Personas with these letters in their text, role or domain."""
    letters = " ".join(words.split()).lower()
    asked = {**filters.of_people(), "letters": letters, "regions": regions, "limit": PAGE + 1}
    found = _ask(store, "explore_search", **asked) if letters else []
    return {"words": words, "people": found[:PAGE], "more": len(found) > PAGE}


def some(store: GraphStore, ids: list[str], filters: Filters, regions: list[str] | None) -> list[Row]:
    """Those of some personas that the filters leave; unordered."""
    return _ask(store, "explore_some", ids=ids, regions=regions, **filters.of_people())


def selected(store: GraphStore, filters: Filters, regions: list[str] | None, region_id: str | None) -> Iterator[Row]:
    """The personas that the filters leave, in one region or in all (None), as `pgraph export personas` writes them."""
    if region_id is not None:
        regions = [region_id] if regions is None or region_id in regions else []
    if regions is None and filters == EVERYBODY:
        return persona_rows(store)
    return selected_rows(store, "reads/explore_selected", **filters.of_people(), regions=regions)


def _ways(store: GraphStore, persona_id: str) -> list[Row]:
    """The ways back to a seed, each with the sightings of its seed by texts."""
    ways: dict[int, Row] = {}
    for row in _ask(store, "lineage", "queries", id=persona_id, limit=WAYS):
        ways.setdefault(row["way"], {"steps": [], "origins": []})["steps"].append(row)
    for way in ways.values():
        people = [step["id"] for step in way["steps"] if step["depth"] is not None]  # a text has no depth
        if len(people) < len(way["steps"]) and people[-1] != persona_id:
            seen = _ask(store, "explore_sightings", id=people[-1], limit=LINKS)
            way["origins"] = [row for row in seen if row["kind"] == "text"]
    return list(ways.values())


def _quoted(text: Row, sightings: list[Row]) -> Row:
    quotes = dict.fromkeys(row["evidence"] for row in sightings if row["source"] == text["id"] and row["evidence"])
    return {**text, "quotes": list(quotes)}


def _ask(store: GraphStore, name: str, folder: str = "reads", /, **parameters: object) -> list[Row]:
    return list(store.cypher(cypher.load(f"{folder}/{name}"), parameters, timeout=SECONDS, limit=100_000))
