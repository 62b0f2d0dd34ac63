"""Relationship kinds, read from a file: data, not code."""

import re
from dataclasses import dataclass
from pathlib import Path

from foundation.errors import PromptError, UsageError
from foundation.prompts import read_yaml
from graphstore import digest

RELATIONS = Path(__file__).parent / "relations.yml"
DISTANCES = ("near", "mid", "far")


@dataclass(frozen=True, slots=True)
class Relation:
    """A kind of relationship: the person that is asked for is the source's <`id`>; `phrase` completes "each of them is …".

    `family` groups kinds; `inverse` is the id of the opposite kind; `distance` is one of `DISTANCES`.
    """

    id: str
    phrase: str
    family: str
    inverse: str | None = None
    symmetric: bool = False
    distance: str = "mid"  # one of DISTANCES


def load_relations(path: Path = RELATIONS) -> tuple[Relation, ...]:
    """The relationship kinds of the file at `path`, in its order.

    Raises `PromptError`, which names the entry and what is wrong with it.

    >>> [relation.id for relation in load_relations()][:2]
    ['parent', 'child']
    """
    entries = read_yaml(path).get("relations")
    if not isinstance(entries, list) or not entries:
        raise PromptError(
            f"{path}: has no list named relations", f"Compare it with {RELATIONS.name}, which pgraph ships."
        )
    relations = tuple(_relation(path, number, entry) for number, entry in enumerate(entries, 1))
    ids = [relation.id for relation in relations]
    if twice := {name for name in ids if ids.count(name) > 1}:
        raise PromptError(f"{path}: relation {min(twice)!r} appears twice", "Rename one of them.")
    for relation in relations:
        if relation.inverse is not None and relation.inverse not in ids:
            raise PromptError(
                f"{path}: the inverse of {relation.id!r}, {relation.inverse!r}, is not in the list",
                "Add it, or leave inverse out.",
            )
    return relations


def at_distances(relations: tuple[Relation, ...], distances: str) -> tuple[Relation, ...]:
    """The `relations` at some `distances`: names of `DISTANCES` with commas between.

    Raises `UsageError` for an unknown name, and if no relation is at these distances.

    >>> {relation.distance for relation in at_distances(load_relations(), "near, far")} == {"near", "far"}
    True
    """
    names = [word.strip() for word in distances.split(",")]
    if unknown_names := [word for word in names if word not in DISTANCES]:
        raise UsageError(
            f"distances = {distances!r}: unknown distance {unknown_names[0]!r}",
            "Write some of near,mid,far, with commas between.",
        )
    selected = tuple(relation for relation in relations if relation.distance in names)
    if not selected:
        raise UsageError(
            f"distances = {distances!r}: no relationship kind is at that distance",
            "Give kinds of the relations file a distance: near, mid or far.",
        )
    return selected


def relations_digest(relations: tuple[Relation, ...]) -> str:
    """A digest of all that the wording and the meaning of `relations` depend on."""
    return digest([(r.id, r.phrase, r.family, r.inverse, r.symmetric) for r in relations])


def _relation(path: Path, number: int, entry: object) -> Relation:
    place = f"{path}: entry {number}"
    if not isinstance(entry, dict):
        raise PromptError(f"{place} is not a mapping", "Write {id: …, family: …, phrase: …}.")
    if unknown := set(entry) - set(Relation.__dataclass_fields__):
        raise PromptError(
            f"{place} has an unknown key {min(map(str, unknown))!r}",
            f"Keys are {', '.join(Relation.__dataclass_fields__)}.",
        )
    for key in ("id", "phrase", "family"):
        if not isinstance(entry.get(key), str) or not entry[key].strip():
            raise PromptError(f"{place} has no {key}", "Write {id: …, family: …, phrase: …}.")
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", entry["id"]):
        raise PromptError(
            f"{place}: id {entry['id']!r} is not lower-case letters, digits and -", "For example: elder-relative."
        )
    if entry.get("distance", "mid") not in DISTANCES:
        raise PromptError(f"{place}: distance {entry['distance']!r} is unknown", "It is near, mid or far.")
    return Relation(**entry)
