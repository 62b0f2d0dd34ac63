"""What the page shows next to the overview: a region, a persona, a search. Each takes a few bounded, read-only queries."""

import json
from collections.abc import Iterator
from typing import Any

from explorer import calls
from explorer.answers import AskingPlace, CrowdPicture, FoundPeople, MatchCounts, PersonaPage, RegionPage, Row
from explorer.filters import EVERYBODY, Filters
from graphstore import GraphStore
from graphstore.exports import persona_rows, selected_rows

CROWD = 10_000  # personas in the picture of a region
PAGE = 50  # personas on a page of a region, and of a search
LINKS = 100  # of each kind, of a persona
QUESTIONS = 50
WAYS = 3
SECONDS = 20.0  # for a query


def region(
    store: GraphStore, region_id: str, filters: Filters = EVERYBODY, regions: list[str] | None = None, *, skip: int = 0
) -> RegionPage:
    """A page of the personas of a region, from position `skip`; the first page also has its questions and answers.

    `regions`: those that the filters leave (None for all); another region shows nobody. Raises `QueryError` if a query takes
    more than SECONDS, as all functions here do.
    """
    page = {**filters.of_people(), "skip": skip, "limit": PAGE + 1}
    domains = _ask(store, "explore_domains", id=region_id) if region_id else []
    if regions is not None and region_id not in regions:
        people = []
    elif region_id:
        people = _ask(store, "explore_people", domains=[row["id"] for row in domains], **page)
    else:
        people = _ask(store, "explore_homeless", **page)
    questions = []
    if region_id and skip == 0:
        ids = list(dict.fromkeys([region_id, *(row["id"] for row in domains)]))
        questions = _ask(store, "explore_questions", ids=ids, limit=QUESTIONS)
    return RegionPage(
        id=region_id,
        domains=sorted(row["label"] or row["id"] for row in domains)[:LINKS],
        people=people[:PAGE],
        more=len(people) > PAGE,
        questions=sorted(questions, key=lambda row: (-row["known"], row["id"]))[:QUESTIONS],
    )


def crowd(store: GraphStore, region_id: str, size: int = 0) -> CrowdPicture:
    """The personas of a region for a picture; of a region with more than CROWD personas (`size`), a sample.

    Ids are digests, so the personas with the lowest ids are a fair sample. A source outside the region is shown as none.
    """
    domains = [row["id"] for row in _ask(store, "explore_domains", id=region_id)] if region_id else []
    below = f"p{0x10000 * CROWD // size:04x}" if size > CROWD else ""
    rows = _ask(store, "explore_crowd", domains=domains, below=below, limit=CROWD)
    rows.sort(key=lambda row: str(row["id"]))  # the same picture each time
    positions = {row["id"]: position for position, row in enumerate(rows)}
    origins = [(row["first"] or " ").split(" ", 1) for row in rows]  # (source, relation)
    relations = sorted({relation for _, relation in origins if relation})
    numbers = {relation: number for number, relation in enumerate(relations)}
    people = [
        [row["id"], row["role"], row["depth"], numbers.get(relation, -1), positions.get(source, -1)]
        for row, (source, relation) in zip(rows, origins, strict=True)
    ]
    return CrowdPicture(relations, people, more=len(rows) < size)


def matching(store: GraphStore, filters: Filters) -> MatchCounts:
    """How many personas of each region the filters leave; the limit of coverage is not applied."""
    rows = _ask(store, "explore_matching", **filters.of_people())
    return MatchCounts({row["region"]: row["personas"] for row in rows})


def persona(store: GraphStore, persona_id: str, read_tag: calls.TagReader = calls.no_tag) -> PersonaPage | None:
    """Everything that is known of a persona; None if there is no persona with this id. About ten queries."""
    rows = _ask(store, "explore_persona", id=persona_id)
    if not rows:
        return None
    ways = _ways(store, persona_id)
    sightings = _ask(store, "explore_sightings", id=persona_id, limit=LINKS)
    siblings = _ask(store, "explore_siblings", id=persona_id, limit=LINKS)
    named_by = _ask(store, "explore_calls", id=persona_id, limit=calls.CALLS)
    quoted = list(sightings)
    for way in ways:
        quoted += way["origins"]
    return PersonaPage(
        row=rows[0],
        ways=[way["steps"] for way in ways],
        sightings=sightings,
        calls=[calls.shown_call(row, siblings, read_tag) for row in named_by],
        texts=_texts(store, quoted),
        relatives=_ask(store, "explore_relatives", id=persona_id, limit=LINKS),
        duplicates=_ask(store, "explore_duplicates", id=persona_id, limit=LINKS),
        knowledge=_ask(store, "explore_knowledge", id=persona_id, limit=LINKS),
    )


def around(page: PersonaPage) -> AskingPlace | None:
    """Where to ask for the people around a persona; None for a duplicate."""
    if any(row["way"] == "survivor" for row in page.duplicates):
        return None
    row = page.row
    query = f"MATCH (p:Persona {{id: {json.dumps(row['id'])}}}) RETURN p.id"
    return AskingPlace(row["role"] or row["id"], query, row["depth"] + 1)


def search(
    store: GraphStore, words: str, filters: Filters = EVERYBODY, regions: list[str] | None = None
) -> FoundPeople:
    """Personas with these letters in their text, role or domain."""
    letters = " ".join(words.split()).lower()
    parameters = {**filters.of_people(), "letters": letters, "regions": regions, "limit": PAGE + 1}
    people = _ask(store, "explore_search", **parameters) if letters else []
    return FoundPeople(words, people[:PAGE], more=len(people) > PAGE)


def some(store: GraphStore, ids: list[str], filters: Filters, regions: list[str] | None) -> list[Row]:
    """The personas with these ids that the filters leave; in no order."""
    return _ask(store, "explore_some", ids=ids, regions=regions, **filters.of_people())


def selected(store: GraphStore, filters: Filters, regions: list[str] | None, region_id: str | None) -> Iterator[Row]:
    """The personas that the filters leave, in one region or in all (None), as `pgraph export personas` writes them.

    Streams the rows, without a time limit.
    """
    if region_id is not None:
        regions = [region_id] if regions is None or region_id in regions else []
    if regions is None and filters == EVERYBODY:
        return persona_rows(store)
    return selected_rows(store, "reads/explore_selected", **filters.of_people(), regions=regions)


def _ways(store: GraphStore, persona_id: str) -> list[Row]:
    """The ways back to a seed: {steps, origins}, the origins being the sightings of the seed in texts."""
    ways: dict[int, Row] = {}
    for row in _ask(store, "lineage", "queries", id=persona_id, limit=WAYS):
        ways.setdefault(row["way"], {"steps": [], "origins": []})["steps"].append(row)
    for way in ways.values():
        people = [step["id"] for step in way["steps"] if step["depth"] is not None]  # a text has no depth
        if len(people) < len(way["steps"]) and people[-1] != persona_id:
            sightings = _ask(store, "explore_sightings", id=people[-1], limit=LINKS)
            way["origins"] = [row for row in sightings if row["kind"] == "text"]
    return list(ways.values())


def _texts(store: GraphStore, sightings: list[Row]) -> list[Row]:
    """The first texts of these sightings, each with the words that were quoted from it."""
    ids = list(dict.fromkeys(row["source"] for row in sightings if row["kind"] == "text"))[:WAYS]
    rows = _ask(store, "texts_by_id", ids=ids) if ids else []
    by_id = {row["id"]: row for row in rows}
    return [_with_quotes(by_id[text_id], sightings) for text_id in ids if text_id in by_id]


def _with_quotes(text: Row, sightings: list[Row]) -> Row:
    quotes = dict.fromkeys(row["evidence"] for row in sightings if row["source"] == text["id"] and row["evidence"])
    return {**text, "quotes": list(quotes)}


def _ask(store: GraphStore, name: str, folder: str = "reads", /, **parameters: Any) -> list[Row]:  # noqa: ANN401  as JSON
    return list(store.read_within(SECONDS, f"{folder}/{name}", **parameters))
