"""The people of each group or domain, and whom of them to bring together."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from distill.spending import Participant, Unit
from graphstore import GraphStore, digest
from population.matching import resolved

POOL = 4  # times as many are compared as are chosen
Vectors = NDArray[np.float32]


@dataclass(slots=True)
class Region:
    """A group or a domain with its people, without duplicates and those whom a judge marked."""

    id: str
    label: str
    people: list[Participant] = field(default_factory=list)
    used: Counter[str] = field(default_factory=Counter)  # person -> questions posed with it


@dataclass(frozen=True, slots=True)
class Regions:
    unit: Unit
    rows: list[Region]  # sorted by id
    home: dict[str, int]  # person, duplicates included -> number of its region
    people: dict[str, Participant]  # survivors


def load_regions(store: GraphStore, unit: Unit, allowed: set[str] | None = None) -> Regions:
    """All regions with their people; people outside `allowed`, or without a domain, are in none."""
    labels: dict[str, str] = {}
    names: dict[str, str] = {}
    for row in store.read("reads/domains"):
        names[row["id"]] = labels[row["id"]] = row["label"]
        if row["region"]:
            labels[row["region"]] = row["region_label"]
    rows = sorted(store.read("reads/personas"), key=lambda row: str(row["id"]))
    marks = resolved({row["id"]: row["survivor"] for row in rows if row["survivor"] is not None})
    found: dict[str, Region] = {}
    people: dict[str, Participant] = {}
    where: dict[str, str] = {}
    for row in rows:
        place = (row["region"] or row["domain"]) if unit == "group" else row["domain"]
        if row["survivor"] is not None or not place or (allowed is not None and row["id"] not in allowed):
            continue
        person = Participant(row["id"], row["text"] or "", names.get(row["domain"], ""), row["depth"] or 0)
        people[person.id] = person
        where[person.id] = place
        region = found.setdefault(place, Region(place, labels.get(place, place)))
        if not row["marked"]:
            region.people.append(person)
    order = sorted(found.values(), key=lambda region: region.id)
    numbers = {region.id: number for number, region in enumerate(order)}
    home = {person: numbers[place] for person, place in where.items()}
    home |= {duplicate: home[survivor] for duplicate, survivor in marks.items() if survivor in home}
    return Regions(unit, order, home, people)


def choose_people(
    region: Region, count: int, seed: int, embed: Callable[[Sequence[str]], Vectors]
) -> list[Participant]:
    """People as unlike each other as can be (farthest first), those who posed least before the others.

    Half of them, where there are so many, are people of low visibility: nobody imported them, a relationship led to them.
    Embeds at most `POOL * count` texts; blocking.
    """
    order = sorted(region.people, key=lambda person: (region.used[person.id], digest(seed, person.id)))
    hidden = [person for person in order if person.depth > 0]
    quota = min(len(hidden), (count + 1) // 2)
    pool = list(dict.fromkeys([*hidden[: POOL * quota], *order[: POOL * count]]))
    vectors = embed([person.text for person in pool])
    chosen: list[int] = []
    _farthest(vectors, chosen, [place for place, person in enumerate(pool) if person.depth > 0], quota)
    _farthest(vectors, chosen, list(range(len(pool))), min(count, len(pool)))
    return [pool[place] for place in chosen]


def _farthest(vectors: Vectors, chosen: list[int], places: list[int], count: int) -> None:
    """Add places to `chosen` until it has `count`: each the one least like those chosen before, the first as it stands."""
    left = [place for place in places if place not in chosen]
    while left and len(chosen) < count:
        nearest = (vectors[left] @ vectors[chosen].T).max(axis=1) if chosen else np.zeros(len(left), np.float32)
        chosen.append(left.pop(int(nearest.argmin())))
