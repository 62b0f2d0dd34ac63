"""The people of each group or domain, and which of them to bring together."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from distill.spending import Participant, Unit
from graphstore import GraphStore, digest
from population.matching import resolved

POOL = 4  # so many times more people are compared than chosen
Vectors = NDArray[np.float32]


@dataclass(slots=True)
class Region:
    """A group or a domain with its people, without duplicates and those that a judge marked."""

    id: str
    label: str
    people: list[Participant] = field(default_factory=list)
    used: Counter[str] = field(default_factory=Counter)  # person -> questions posed with it


@dataclass(frozen=True, slots=True)
class Regions:
    """All groups or all domains with their people, and the region of each person."""

    unit: Unit
    rows: list[Region]  # sorted by id
    home: dict[str, int]  # person, duplicates included -> number of its region
    people: dict[str, Participant]  # survivors


def load_regions(store: GraphStore, unit: Unit, allowed: set[str] | None = None) -> Regions:
    """All regions with their people; people outside the ids `allowed`, or without a domain, are in none."""
    labels: dict[str, str] = {}
    names: dict[str, str] = {}
    for row in store.read("reads/domain_places"):
        names[row["id"]] = labels[row["id"]] = row["label"]
        if row["region"]:
            labels[row["region"]] = row["region_label"]
    rows = sorted(store.read("reads/personas"), key=lambda row: str(row["id"]))
    marks = resolved({row["id"]: row["survivor"] for row in rows if row["survivor"] is not None})
    by_id: dict[str, Region] = {}
    people: dict[str, Participant] = {}
    region_ids: dict[str, str] = {}
    for row in rows:
        place = (row["region"] or row["domain"]) if unit == "group" else row["domain"]
        if row["survivor"] is not None or not place or (allowed is not None and row["id"] not in allowed):
            continue
        person = Participant(row["id"], row["text"] or "", names.get(row["domain"], ""), row["depth"] or 0)
        people[person.id] = person
        region_ids[person.id] = place
        region = by_id.setdefault(place, Region(place, labels.get(place, place)))
        if not row["marked"]:
            region.people.append(person)
    order = sorted(by_id.values(), key=lambda region: region.id)
    numbers = {region.id: number for number, region in enumerate(order)}
    home = {person: numbers[place] for person, place in region_ids.items()}
    home |= {duplicate: home[survivor] for duplicate, survivor in marks.items() if survivor in home}
    return Regions(unit, order, home, people)


def choose_people(
    region: Region, count: int, seed: int, embed: Callable[[Sequence[str]], Vectors]
) -> list[Participant]:
    """`count` people of `region`, as different from each other as possible (farthest first); those used least come first.

    Half of them, if there are so many, are people of low visibility: not imported, but reached by a relationship. `seed`
    orders equals. Embeds at most `POOL` times `count` texts; blocking.
    """
    order = sorted(region.people, key=lambda person: (region.used[person.id], digest(seed, person.id)))
    hidden = [person for person in order if person.depth > 0]
    quota = min(len(hidden), (count + 1) // 2)
    pool = list(dict.fromkeys([*hidden[: POOL * quota], *order[: POOL * count]]))
    vectors = embed([person.text for person in pool])
    selected: list[int] = []
    _farthest(vectors, selected, [place for place, person in enumerate(pool) if person.depth > 0], quota)
    _farthest(vectors, selected, list(range(len(pool))), min(count, len(pool)))
    return [pool[place] for place in selected]


def _farthest(vectors: Vectors, selected: list[int], candidates: list[int], count: int) -> None:
    """Add candidates to `selected` until it has `count`: each the one least similar to those before, the first as it comes."""
    remaining = [place for place in candidates if place not in selected]
    while remaining and len(selected) < count:
        nearest = (
            (vectors[remaining] @ vectors[selected].T).max(axis=1) if selected else np.zeros(len(remaining), np.float32)
        )
        selected.append(remaining.pop(int(nearest.argmin())))
