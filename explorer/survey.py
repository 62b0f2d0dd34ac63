"""The overview: the regions, how expansion flows between them, and what is missing; counted over the whole graph."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace

import numpy as np

from explorer.answers import Row
from explorer.layout import arrange
from graphstore import GraphStore, digest
from population import Loaded, load_population
from population.reports import (
    Gap,
    GroupCoverage,
    coverage_by_group,
    coverage_overall,
    explain_gap,
    find_gaps,
    people_query,
)

REGIONS = 1000  # at most so many are sent, the largest ones
CIRCLES = 300  # on the map, the largest ones
FLOWS = 1500
RUNS = 200  # the newest
DRAFTED = 100  # circles of a draft


@dataclass(frozen=True, slots=True)
class Missing:
    """What is uncovered in a region, why, and which personas to ask: the Cypher query for them, and the depth to reach.

    `gap` identifies this region, query and depth; `rank` orders the gaps, the worst first, and is None for a region without
    answers.
    """

    gap: str
    rank: int | None
    why: str
    query: str
    depth: int


@dataclass(frozen=True, slots=True)
class SurveyRegion:
    """A region as the map and the list show it; what is not counted yet (a draft) is None.

    `depths`: (hops from the seeds, personas); `relations`: (relationship, answers that landed here), the most first;
    `circle`: (x, y, radius) on the map, None for a region that is too small for it.
    """

    id: str
    label: str
    personas: int
    roles: int | None = None
    sightings: int | None = None
    singles: int | None = None
    coverage: float | None = None
    next_new: float | None = None
    depths: list[tuple[int, int]] = field(default_factory=list)
    relations: list[tuple[str, int]] = field(default_factory=list)
    missing: Missing | None = None
    circle: tuple[float, float, float] | None = None

    def as_json(self) -> Row:
        row = asdict(self)
        if self.circle is None:
            del row["circle"]
        return row


@dataclass(frozen=True, slots=True)
class Flow:
    """The answers of region `target` that came when people of region `source` were asked."""

    source: str
    target: str
    answers: int

    def as_json(self) -> Row:
        return {"from": self.source, "to": self.target, "answers": self.answers}


def survey(store: GraphStore) -> Row:
    """The overview as JSON. Streams every persona and sighting once, as `pgraph coverage` does: about 15 µs each.

    A region is a group; a domain that has no group yet; or "" for personas without a domain. Flows count answers as
    coverage does: without calls that named the region in which to look.
    """
    kinds = sorted(row["relation"] for row in store.read("reads/relation_kinds") if row["relation"] is not None)
    loaded = load_population(store, kinds, depth=None)
    groups = sorted(coverage_by_group(loaded), key=lambda group: (-group.personas, group.key))
    regions = _regions(loaded, kinds, groups[:REGIONS])
    flows = _flows(loaded, {region.id for region in regions})
    return {
        "overall": [row.as_json() for row in coverage_overall(loaded)],
        "regions": [region.as_json() for region in _placed(regions, flows, CIRCLES)],
        "flows": [flow.as_json() for flow in flows],
        "left_out": _left_out([group.personas for group in groups]),
        "languages": [(row["language"], row["personas"]) for row in store.read("reads/explore_languages")],
        "runs": list(store.read("reads/explore_runs", limit=RUNS)),
    }


def draft(store: GraphStore, personas: int) -> Row:
    """The regions and their sizes only, duplicates among them, shown until the rest is counted: 1 µs a persona."""
    labels: dict[str, str] = {}
    sizes = Counter[str]()
    for row in store.read("reads/domains"):
        key = row["region"] or row["id"]
        labels.setdefault(key, row["region_label"] or row["label"])
        sizes[key] += row["personas"]
    largest = sorted(labels, key=lambda key: (-sizes[key], key))
    regions = [SurveyRegion(key, labels[key], sizes[key]) for key in largest[:REGIONS]]
    return {
        "overall": [{"resolution": "persona", "distinct": personas}, {"resolution": "role", "coverage": None}],
        "regions": [region.as_json() for region in _placed(regions, [], DRAFTED)],
        "flows": [],
        "left_out": _left_out([sizes[key] for key in largest]),
        "languages": [],
        "runs": [],
        "draft": True,
    }


def _placed(regions: Sequence[SurveyRegion], flows: Sequence[Flow], circles: int) -> list[SurveyRegion]:
    """The regions, the first `circles` of them with their circles on the map; flows draw circles together."""
    places = {region.id: place for place, region in enumerate(regions[:circles])}
    links = [
        (places[flow.source], places[flow.target], flow.answers)
        for flow in flows
        if flow.source in places and flow.target in places and flow.source != flow.target
    ]
    arranged = arrange([region.personas for region in regions[:circles]], links)
    drawn = [replace(region, circle=circle) for region, circle in zip(regions, arranged, strict=False)]
    return [*drawn, *regions[len(drawn) :]]


def _left_out(sizes: Sequence[int]) -> Row:
    """Of the regions, by their sizes, the largest first: those that are not sent."""
    return {"regions": len(sizes[REGIONS:]), "personas": sum(sizes[REGIONS:])}


def _regions(loaded: Loaded, kinds: list[str], groups: Sequence[GroupCoverage]) -> list[SurveyRegion]:
    people = loaded.population
    relations = _answers_by_relation(loaded, kinds)
    ranked = find_gaps(loaded, kinds, len(people.region_ids))  # the least covered first
    gaps = {gap.key: (rank, gap) for rank, gap in enumerate(ranked)}
    regions = []
    for group in groups:
        number = people.region_index[group.key]
        depths = sorted(Counter(people.depths[position] for position in people.members(number)).items())
        regions.append(
            SurveyRegion(
                id=group.key,
                label=group.group,
                personas=group.personas,
                roles=group.roles,
                sightings=group.sightings,
                singles=group.singles,
                coverage=group.coverage,
                next_new=group.next_new,
                depths=depths,
                relations=relations.get(number, Counter[str]()).most_common(),
                missing=_missing(loaded, group, depths[-1][0], *gaps.get(group.key, (None, None))),
            )
        )
    return regions


def _answers_by_relation(loaded: Loaded, kinds: list[str]) -> dict[int, Counter[str]]:
    """By region (its number): how many answers landed there along each relationship."""
    tally = loaded.population.tally
    relations: dict[int, Counter[str]] = {}
    for arm, region, answers in tally.landed[:, : tally.cells].T.tolist():
        relations.setdefault(region, Counter())[kinds[arm % tally.relations]] += answers
    return relations


def _missing(loaded: Loaded, group: GroupCoverage, deepest: int, rank: int | None, gap: Gap | None) -> Missing:
    if gap is None:
        why = f"No answer of a call has landed in {group.group} yet: its people came from files."
        source, depth = group.key, 1 + deepest
    else:
        why, source, depth = explain_gap(gap), gap.source_key, gap.depth
    query = people_query(loaded, source)
    return Missing(digest(group.key, query, depth), rank, why, query, depth)


def _flows(loaded: Loaded, shown: set[str]) -> list[Flow]:
    """The answers from region to region, the largest first; those that stayed in their region too."""
    tally, names = loaded.population.tally, loaded.population.region_ids
    arms, regions, answers = tally.landed[:, : tally.cells]
    pairs, places = np.unique(arms // max(1, tally.relations) * tally.regions + regions, return_inverse=True)
    counts = np.bincount(places, answers, len(pairs)).astype(int).tolist()
    flows = [
        Flow(names[pair // tally.regions], names[pair % tally.regions], count)
        for pair, count in zip(pairs.tolist(), counts, strict=True)
    ]
    among_shown = [flow for flow in flows if {flow.source, flow.target} <= shown]
    return sorted(among_shown, key=lambda flow: (-flow.answers, flow.source, flow.target))[:FLOWS]
