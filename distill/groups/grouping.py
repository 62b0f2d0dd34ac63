"""Domains into groups: normalised labels -> vectors -> nearest neighbours -> Louvain communities.

Everybody gets a group; how coarse they are is one number, the resolution. Groups of groups make coarser levels.
"""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from distill.groups.nearest import COARSER, Parts, Vectors, communities
from distill.groups.placing import Tell, place_personas
from foundation.model import Embedder
from graphstore import GraphStore, Write, digest, normal_name

RESOLUTION = 2.0  # of up to 400 domains
LEVELS = 5  # at most
REGROUP_SHARE = 0.10  # of the domains new since the last grouping: then it is made again
Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class GroupingResult:
    domains: int
    placed: int  # personas without a domain that were given one
    levels: tuple[int, ...] = (0,)  # groups of each level, the finest first

    @property
    def groups(self) -> int:
        return self.levels[0]


@dataclass(frozen=True, slots=True)
class _Before:
    """The groups as they were: id -> row, and of each domain the group it was in at each level, the finest first."""

    groups: dict[str, dict[str, Any]]
    levels: list[list[str | None]]


def groups_are_stale(store: GraphStore) -> bool:
    """True where domains have no group, or too many joined by vote since the groups were made, or personas have no domain."""
    domains = list(store.read("reads/domains"))
    late = sum(1 for row in domains if row["region"] is None or row["by"] in ("vote", "own"))
    return late > REGROUP_SHARE * len(domains) or any(
        True for _ in store.read("reads/personas_without_domain", limit=1)
    )


def group_domains(
    store: GraphStore,
    embedder: Embedder,
    run: str,
    *,
    resolution: float | None = None,
    levels: int | None = None,
    tell: Tell | None = None,
) -> GroupingResult:
    """Group all domains anew and give each persona without a domain one. Group ids carry over by largest overlap.

    `levels`: as many as there were, where it is None. Placing personas embeds their texts, 150 a second on two cores;
    `tell` hears now and then how many of how many. What was written before an interruption is a grouping too, in which
    some domains have moved already.
    """
    placed = place_personas(store, embedder, tell)
    rows = sorted(store.read("reads/domains"), key=lambda row: str(row["id"]))
    if not rows:
        return GroupingResult(0, placed)
    before = _before(store, rows)
    vectors = embedder.embed([normal_name(row["label"]) for row in rows])
    resolution = resolution or fitting(len(rows))
    found = communities(vectors, resolution, levels or max(1, len(before.levels)))
    ids: list[list[str]] = []
    groups: Rows = []
    for at, parts in enumerate(found):
        old = before.levels[at] if at < len(before.levels) else [None] * len(rows)
        ids.append(_carry_over(parts, old, [row["id"] for row in rows], at))
        sizes = Counter(old)
        fixed = {"level": at + 1, "resolution": resolution / COARSER**at, "run": run}
        for part, group_id in zip(parts, ids[-1], strict=True):
            size = sum(int(rows[row]["personas"]) for row in part)
            central = rows[_centre(vectors, part)]["label"]
            stays = sum(old[row] == group_id for row in part)
            name = _name(before.groups.get(group_id, {}), stays, len(part), sizes[group_id], central)
            groups.append({"id": group_id, "props": {**fixed, **name, "size": size}})
    store.write_batches("group", iter(groups))
    store.write_batches("in_group", iter(_moved(rows, found[0], ids[0])))
    gone = [{"group": known, "parent": ""} for known in before.groups]
    store.write(Write("group_in_group", gone + _nested(found, ids)), Write("drop_empty_groups", [{}]))
    return GroupingResult(len(rows), placed, tuple(map(len, found)))


def fitting(domains: int) -> float:
    """The resolution for so many domains, by trial against a classification of occupations (docs/groups.md)."""
    return max(RESOLUTION, math.sqrt(domains) / 10)


def _before(store: GraphStore, rows: Rows) -> _Before:
    groups = {row["id"]: row for row in store.read("reads/groups")}
    levels: list[list[str | None]] = []
    at: list[str | None] = [row["region"] for row in rows]
    while any(at) and len(levels) < LEVELS:
        levels.append(at)
        at = [groups[known]["parent"] if known in groups else None for known in at]
    return _Before(groups, levels)


def _carry_over(parts: Parts, old: Sequence[str | None], domains: Sequence[str], level: int) -> list[str]:
    """An id for each community: that of the old group it shares most domains with, each old id once; else a new one."""
    overlap = Counter(
        (number, known) for number, part in enumerate(parts) for row in part if (known := old[row]) is not None
    )
    ids: dict[int, str] = {}
    taken: set[str] = set()
    for (number, known), _ in sorted(overlap.items(), key=lambda item: (-item[1], item[0])):
        if number not in ids and known not in taken:
            ids[number] = known
            taken.add(known)
    known_ids = taken | {known for known in old if known is not None}
    for number, part in enumerate(parts):
        if number not in ids:
            ids[number] = next(name for name in _new_ids(domains[part[0]], level) if name not in known_ids)
            known_ids.add(ids[number])
    return [ids[number] for number in range(len(parts))]


def _new_ids(domain: str, level: int) -> Iterator[str]:
    """Names of a new group, by its first domain."""
    return ("g" + digest(domain, level, number) for number in count())


def _name(known: Mapping[str, Any], stays: int, size: int, was: int, central: str) -> dict[str, Any]:
    """The central label; a name that a model gave stays as long as most of the group is what it was given for."""
    if known.get("named_by") and 2 * stays > max(size, was):
        return {}
    return {"label": central, "named_by": None, "named_in": None, "members": None}


def _moved(rows: Rows, parts: Parts, ids: Sequence[str]) -> Rows:
    """What to write: the domains that are not in their group yet, or are there by a vote."""
    homes = ((rows[row], home) for part, home in zip(parts, ids, strict=True) for row in part)
    return [
        {"domain": row["id"], "group": home, "by": "louvain"}
        for row, home in homes
        if row["region"] != home or row["by"] != "louvain"
    ]


def _nested(found: Sequence[Parts], ids: Sequence[Sequence[str]]) -> Rows:
    """Which group lies in which of the next level."""
    rows = []
    for at in range(len(found) - 1):
        parents = {row: name for part, name in zip(found[at + 1], ids[at + 1], strict=True) for row in part}
        rows += [{"group": name, "parent": parents[part[0]]} for part, name in zip(found[at], ids[at], strict=True)]
    return rows


def _centre(vectors: Vectors, part: Sequence[int]) -> int:
    """The row of a community that is nearest to its mean."""
    scores = vectors[part] @ vectors[part].mean(axis=0)
    return part[int(scores.argmax())]
