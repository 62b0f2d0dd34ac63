"""Where the gaps are, and why: the regions least covered, what leads there, and the map of all arms."""

import json
from dataclasses import dataclass

import numpy as np

from population.loading import Loaded
from population.prediction import PRIOR, predict, uncovered_shares


@dataclass(frozen=True, slots=True)
class HeatCell:
    """An arm: the expected share of new roles among its next answers, and how many answers it has had."""

    new: float
    answers: int


@dataclass(frozen=True, slots=True)
class HeatRow:
    group: str
    uncovered: float
    cells: list[HeatCell]  # in the order of the map's relations


@dataclass(frozen=True, slots=True)
class HeatMap:
    """Regions by relationships."""

    relations: list[str]
    rows: list[HeatRow]
    regions: int  # how many there are in all
    kinds: int


@dataclass(frozen=True, slots=True)
class Gap:
    """A region that is little covered, and the arm (source region, relationship) that leads there best.

    `landed` of the arm's `answers` came from this region. `relation` is None where no call about a person has led there;
    then the source is the region itself.
    """

    group: str
    key: str
    sightings: int
    singles: int
    uncovered: float
    source: str
    source_key: str
    relation: str | None
    landed: int
    answers: int
    depth: int  # to which the people of the source must be expanded


@dataclass(frozen=True, slots=True)
class _Way:
    """An arm that leads to a region: `landed` of its usable `answers` came from there."""

    arm: int
    landed: int
    answers: int


def heat_map(loaded: Loaded, kinds: list[str], *, regions: int = 25, relations: int = 24) -> HeatMap:
    """The arms of the least covered regions, along the relationships asked most; `kinds`: the relationships by number."""
    tally = loaded.population.tally
    if not tally.relations or not tally.regions:
        return HeatMap([], [], tally.regions, len(kinds))
    shape = (tally.regions, tally.relations)
    new, answers = predict(tally).new.reshape(shape), tally.asked.reshape(shape)
    most_asked = np.argsort(-answers.sum(axis=0), kind="stable")[:relations].tolist()
    columns = sorted(most_asked, key=lambda relation: kinds[relation])
    rows = []
    for region in _worst(loaded)[:regions]:
        cells = [HeatCell(round(float(new[region, k]), 4), int(answers[region, k])) for k in columns]
        rows.append(HeatRow(region_name(loaded, region), _share(tally.f1[region], tally.n[region]), cells))
    return HeatMap([kinds[k] for k in columns], rows, tally.regions, len(kinds))


def find_gaps(loaded: Loaded, kinds: list[str], limit: int = 8) -> list[Gap]:
    """The least covered regions, each with the way that leads there best; `kinds`: the relationships by number.

    The way is the arm with the highest share of answers that landed in the region; arms with few answers are drawn towards 0.
    """
    people = loaded.population
    tally = people.tally
    ways = _ways(loaded)
    gaps = []
    for region in _worst(loaded)[:limit]:
        way = ways.get(region)
        source, relation = (region, None) if way is None else divmod(way.arm, tally.relations)
        gaps.append(
            Gap(
                group=region_name(loaded, region),
                key=people.region_ids[region],
                sightings=int(tally.n[region]),
                singles=int(tally.f1[region]),
                uncovered=_share(tally.f1[region], tally.n[region]),
                source=region_name(loaded, source),
                source_key=people.region_ids[source],
                relation=None if relation is None else kinds[relation],
                landed=0 if way is None else way.landed,
                answers=0 if way is None else way.answers,
                depth=1 + max((people.depths[position] for position in people.members(source)), default=0),
            )
        )
    return gaps


def explain_gap(gap: Gap) -> str:
    r"""The numbers of a gap as a sentence.

    >>> explain_gap(Gap("logistics", "g1", 50, 31, 0.62, "health care", "g2", "supplier", 41, 100, 2))[:82]
    '41\xa0% of the answers (41 of 100) when people of health care are asked for their sup'
    """
    state = (
        f"is {_percent(gap.uncovered)} uncovered: {_count(gap.singles, 'role')} named by a single call, in "
        f"{_count(gap.sightings, 'answer')}."
    )
    if gap.relation is None:
        return f"{gap.group} {state} No call about a person has led there yet; its people came from files or texts."
    asked, lands = (
        (f"people of {gap.source} are", "land") if gap.source != gap.group else ("its own people are", "stay")
    )
    share = f"{_percent(gap.landed / gap.answers)} of the answers ({gap.landed:,} of {gap.answers:,})"
    return f"{share} when {asked} asked for their {spoken(gap.relation)} {lands} in {gap.group}, which {state}"


def spoken(relation: str) -> str:
    """The id of a relationship kind as words.

    >>> spoken("elder-relative")
    'elder relative'
    """
    return relation.replace("_", " ").replace("-", " ")


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" + ("" if number == 1 else "s")


def _percent(share: float) -> str:
    return f"{100 * share:.0f}\u00a0%"


def region_name(loaded: Loaded, region: int) -> str:
    """What people call a region, by its number."""
    key = loaded.population.region_ids[region]
    return loaded.labels.get(key) or key


def people_query(loaded: Loaded, region: str) -> str:
    """The Cypher query for the personas of a region, by its id."""
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


def _ways(loaded: Loaded) -> dict[int, _Way]:
    """By region: the arm that leads there best."""
    tally = loaded.population.tally
    arms, regions, landed = tally.landed[:, : tally.cells]
    usable = np.bincount(arms, landed, tally.regions * tally.relations) if tally.cells else np.zeros(0)
    best: dict[int, tuple[float, _Way]] = {}
    for arm, region, count in zip(arms.tolist(), regions.tolist(), landed.tolist(), strict=True):
        score = count / (usable[arm] + PRIOR)
        if region not in best or score > best[region][0]:
            best[region] = score, _Way(arm, count, int(usable[arm]))
    return {region: way for region, (_, way) in best.items()}


def _share(part: int, whole: int) -> float:
    return round(float(part / whole), 6) if whole else 1.0
