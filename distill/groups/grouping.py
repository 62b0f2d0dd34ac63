"""Domains into groups: normalised labels -> vectors -> nearest neighbours -> Louvain communities.

Every domain gets a group; how coarse they are is one number, the resolution. Groups of groups make coarser levels.
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
from population.matching import Niches, room_for_niches

RESOLUTION = 2.0  # of up to 400 domains
LEVELS = 5  # at most
REGROUP_SHARE = 0.10  # with a larger share of domains new since the last grouping, group again
Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class GroupingResult:
    """What a grouping wrote: groups of `domains` domains, `placed` personas that had no domain, groups of all `levels`."""

    domains: int
    placed: int  # personas without a domain that were given one
    levels: tuple[int, ...] = (0,)  # groups of each level, the finest first

    @property
    def groups(self) -> int:
        """How many groups the finest level has."""
        return self.levels[0]


@dataclass(frozen=True, slots=True)
class _Before:
    """The groups as they were: id -> row, and of each domain the group it was in at each level, the finest first."""

    groups: dict[str, dict[str, Any]]
    levels: list[list[str | None]]


def groups_are_stale(store: GraphStore, *, place: bool = True) -> bool:
    """Whether to group the graph `store` again.

    True if too many domains have no group or joined one by vote, or if personas have no domain, unless they are not to be
    placed yet (`place` False).
    """
    domains = list(store.read("reads/domain_places"))
    late = sum(1 for row in domains if row["region"] is None or row["by"] in ("vote", "own"))
    if domains and all(row["niche"] is None for row in domains):  # grouped by an older version
        return True
    if late > REGROUP_SHARE * len(domains):
        return True
    return place and any(True for _ in store.read("reads/personas_without_domain", limit=1))


def group_domains(
    store: GraphStore,
    embedder: Embedder,
    run: str,
    *,
    resolution: float | None = None,
    levels: int | None = None,
    tell: Tell | None = None,
    place: bool = True,
) -> GroupingResult:
    """Group all domains of `store` again, and (`place`) give each persona without a domain one. Group ids carry over by overlap.

    `embedder` embeds the labels of the domains, and the texts of personas to be placed: 150 a second on two cores; `tell`
    gets how many are done, of how many. `resolution` None: the one for so many domains; higher means finer. `levels` None:
    as many as there were. `run` is noted in the groups. What was written before an interruption is a grouping too, in which
    some domains have moved already.
    """
    placed = place_personas(store, embedder, tell) if place else 0
    rows = sorted(store.read("reads/domains"), key=lambda row: str(row["id"]))
    if not rows:
        return GroupingResult(0, placed)
    before = _before(store, rows)
    vectors = embedder.embed([normal_name(row["label"]) for row in rows])
    resolution = resolution or resolution_for(len(rows))
    partitions = communities(vectors, resolution, levels or max(1, len(before.levels)))
    ids: list[list[str]] = []
    groups: Rows = []
    for level, parts in enumerate(partitions):
        fixed = {"level": level + 1, "resolution": resolution / COARSER**level, "run": run}
        old_ids = before.levels[level] if level < len(before.levels) else [None] * len(rows)
        ids.append(_carry_over(parts, old_ids, [row["id"] for row in rows], level))
        groups += _group_rows(rows, vectors, parts, ids[-1], old_ids, before, fixed)
    store.write_batches("group", iter(groups))
    store.write_batches("in_group", iter(_moved(rows, partitions[0], ids[0])))
    store.write_batches("niche", iter(_niches(rows, vectors, partitions[0])))
    without_parent = [{"group": group_id, "parent": ""} for group_id in before.groups]
    store.write(Write("group_in_group", without_parent + _nested(partitions, ids)), Write("drop_empty_groups", [{}]))
    return GroupingResult(len(rows), placed, tuple(map(len, partitions)))


def _group_rows(  # noqa: PLR0917  one step of `group_domains`
    rows: Rows,
    vectors: Vectors,
    parts: Parts,
    ids: Sequence[str],
    old_ids: Sequence[str | None],
    before: _Before,
    fixed: Mapping[str, Any],
) -> Rows:
    """What to write of the groups of one level; `fixed`: the properties that all of them share."""
    old_sizes = Counter(old_ids)
    groups: Rows = []
    for part, group_id in zip(parts, ids, strict=True):
        size = sum(int(rows[row]["personas"]) for row in part)
        central = rows[_centre(vectors, part)]["label"]
        stays = sum(old_ids[row] == group_id for row in part)
        name = _name(before.groups.get(group_id, {}), stays, len(part), old_sizes[group_id], central)
        groups.append({"id": group_id, "props": {**fixed, **name, "size": size}})
    return groups


def resolution_for(domains: int) -> float:
    """The resolution for so many `domains`, by trial against a classification of occupations (docs/groups.md)."""
    return max(RESOLUTION, math.sqrt(domains) / 10)


def _before(store: GraphStore, rows: Rows) -> _Before:
    groups = {row["id"]: row for row in store.read("reads/groups")}
    levels: list[list[str | None]] = []
    ids: list[str | None] = [row["region"] for row in rows]
    while any(ids) and len(levels) < LEVELS:
        levels.append(ids)
        ids = [groups[group_id]["parent"] if group_id in groups else None for group_id in ids]
    return _Before(groups, levels)


def _carry_over(parts: Parts, old_ids: Sequence[str | None], domains: Sequence[str], level: int) -> list[str]:
    """An id for each community: that of the old group it shares most domains with, each old id once; else a new one."""
    overlap: Counter[tuple[int, str]] = Counter()
    for number, part in enumerate(parts):
        overlap.update((number, old_id) for row in part if (old_id := old_ids[row]) is not None)
    ids: dict[int, str] = {}
    carried: set[str] = set()
    for (number, old_id), _ in sorted(overlap.items(), key=lambda item: (-item[1], item[0])):
        if number not in ids and old_id not in carried:
            ids[number] = old_id
            carried.add(old_id)
    used_ids = carried | {old_id for old_id in old_ids if old_id is not None}
    for number, part in enumerate(parts):
        if number not in ids:
            ids[number] = next(name for name in _new_ids(domains[part[0]], level) if name not in used_ids)
            used_ids.add(ids[number])
    return [ids[number] for number in range(len(parts))]


def _new_ids(domain: str, level: int) -> Iterator[str]:
    """Names of a new group, by its first domain."""
    return ("g" + digest(domain, level, number) for number in count())


def _name(group: Mapping[str, Any], stays: int, size: int, old_size: int, central: str) -> dict[str, Any]:
    """The central label; a name that a model gave stays as long as most of the group is what it was given for."""
    if group.get("named_by") and 2 * stays > max(size, old_size):
        return {}
    return {"label": central, "named_by": None, "named_in": None, "members": None}


def _moved(rows: Rows, parts: Parts, ids: Sequence[str]) -> Rows:
    """What to write: the domains that are not in their group yet, or are there by a vote."""
    moved: Rows = []
    for part, group_id in zip(parts, ids, strict=True):
        members = (rows[number] for number in part)
        elsewhere = [row for row in members if row["region"] != group_id or row["by"] != "louvain"]
        moved += [{"domain": row["id"], "group": group_id, "by": "louvain"} for row in elsewhere]
    return moved


def _niches(rows: Rows, vectors: Vectors, parts: Parts) -> Rows:
    """What to write: the domains whose niche is another one now. Large domains found theirs first."""
    sizes = [int(row["personas"]) for row in rows]
    niches = Niches(room_for_niches(sum(sizes)))
    group = {row: number for number, part in enumerate(parts) for row in part}
    written: Rows = []
    for place in sorted(group, key=lambda place: (-sizes[place], rows[place]["id"])):
        domain = rows[place]["id"]
        niche = niches.place(str(group[place]), domain, vectors[place])
        if rows[place]["niche"] != niche:
            written.append({"domain": domain, "niche": niche})
    return written


def _nested(partitions: Sequence[Parts], ids: Sequence[Sequence[str]]) -> Rows:
    """Which group lies in which of the next level."""
    rows = []
    for level in range(len(partitions) - 1):
        parents = {row: name for part, name in zip(partitions[level + 1], ids[level + 1], strict=True) for row in part}
        rows += [
            {"group": name, "parent": parents[part[0]]}
            for part, name in zip(partitions[level], ids[level], strict=True)
        ]
    return rows


def _centre(vectors: Vectors, part: Sequence[int]) -> int:
    """The row of a community that is nearest to its mean."""
    scores = vectors[part] @ vectors[part].mean(axis=0)
    return part[int(scores.argmax())]
