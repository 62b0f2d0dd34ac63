"""Domains into groups: normalised labels -> vectors -> nearest neighbours -> Louvain communities.

Everybody gets a group; how coarse they are is one number, the resolution.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphstore.ids import digest, domain_id, normal_name
from graphstore.personas import language_of
from graphstore.store import GraphStore, Write
from pgraph.embedding import Embedder

NEIGHBOURS = 15
UNRELATED = 0.3  # cosine at and below which two labels are no neighbours, however few others there are
RESOLUTION = 2.0
REGROUP_SHARE = 0.10  # of the domains new since the last grouping: then it is made again
VOTERS = 5
_BLOCK = 1024

Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Grouped:
    groups: int
    domains: int
    placed: int  # personas without a domain that were given one


def neighbours(vectors: Vectors, count: int) -> tuple[NDArray[np.int64], Vectors]:
    """The `count` nearest other rows of each row, exact: positions and cosines, both (n, count). Memory: a block of rows."""
    n = len(vectors)
    places = np.zeros((n, count), np.int64)
    scores = np.zeros((n, count), np.float32)
    for start in range(0, n, _BLOCK):
        block = vectors[start : start + _BLOCK] @ vectors.T
        block[np.arange(len(block)), np.arange(start, start + len(block))] = -2.0
        top = np.argpartition(-block, count - 1, axis=1)[:, :count]
        places[start : start + len(block)] = top
        scores[start : start + len(block)] = np.take_along_axis(block, top, axis=1)
    return places, scores


def communities(vectors: Vectors, resolution: float) -> list[list[int]]:
    """Rows by community, each sorted, the communities by their first row. Deterministic.

    Union of the exact nearest neighbours, weighted by cosine; Louvain (Blondel et al. 2008, J. Stat. Mech. P10008).
    """
    import networkx as nx

    n = len(vectors)
    if n < 3:
        return [[row] for row in range(n)]
    count = min(NEIGHBOURS, max(2, n // 8))
    places, scores = neighbours(vectors, count)
    graph: nx.Graph[int] = nx.Graph()
    graph.add_nodes_from(range(n))
    for row in range(n):
        for other, score in zip(places[row].tolist(), scores[row].tolist(), strict=True):
            if score > UNRELATED:
                graph.add_edge(row, other, weight=float(score))
    found = nx.community.louvain_communities(graph, weight="weight", resolution=resolution, seed=0)
    return sorted(sorted(community) for community in found)


def is_stale(store: GraphStore) -> bool:
    """True where domains have no group, or too many joined by vote since the groups were made, or personas have no domain."""
    domains = list(store.read("reads/domains"))
    late = sum(1 for row in domains if row["region"] is None or row["by"] in ("vote", "own"))
    return late > REGROUP_SHARE * len(domains) or any(
        True for _ in store.read("reads/personas_without_domain", limit=1)
    )


def group(
    store: GraphStore,
    embedder: Embedder,
    run: str,
    *,
    resolution: float = RESOLUTION,
    tell: Callable[[int, int], None] | None = None,
) -> Grouped:
    """Group all domains anew and give each persona without a domain one. Group ids carry over by largest overlap.

    Placing personas embeds their texts, 150 a second on two cores; `tell` hears now and then how many of how many.
    """
    placed = _place_personas(store, embedder, tell)
    rows = sorted(store.read("reads/domains"), key=lambda row: str(row["id"]))
    if not rows:
        return Grouped(0, 0, placed)
    labels = [row["label"] for row in rows]
    vectors = embedder.embed([normal_name(label) for label in labels])
    parts = communities(vectors, resolution)
    ids = _carry_over(parts, rows)
    groups, members = [], []
    for part, group_id in zip(parts, ids, strict=True):
        size = sum(int(rows[row]["personas"]) for row in part)
        props = {"label": labels[_centre(vectors, part)], "size": size, "resolution": resolution, "run": run}
        groups.append({"id": group_id, "props": props})
        members += [{"domain": rows[row]["id"], "group": group_id, "by": "louvain"} for row in part]
    store.write(Write("group", groups), Write("in_group", members), Write("drop_empty_groups", [{}]))
    return Grouped(len(parts), len(rows), placed)


def _carry_over(parts: Sequence[Sequence[int]], rows: Sequence[dict[str, object]]) -> list[str]:
    """An id for each community: that of the old group it shares most domains with, each old id once; else a new one."""
    overlap: dict[tuple[int, str], int] = {}
    for number, part in enumerate(parts):
        for row in part:
            old = rows[row]["region"]
            if isinstance(old, str):
                overlap[number, old] = overlap.get((number, old), 0) + 1
    ids: dict[int, str] = {}
    taken: set[str] = set()
    for (number, old), _ in sorted(overlap.items(), key=lambda item: (-item[1], item[0])):
        if number not in ids and old not in taken:
            ids[number] = old
            taken.add(old)
    for number, part in enumerate(parts):
        if number not in ids:
            ids[number] = next(g for row in part for g in ["g" + digest(rows[row]["id"], len(taken))] if g not in taken)
            taken.add(ids[number])
    return [ids[number] for number in range(len(parts))]


def _centre(vectors: Vectors, part: Sequence[int]) -> int:
    """The row of a community that is nearest to its mean."""
    scores = vectors[part] @ vectors[part].mean(axis=0)
    return part[int(scores.argmax())]


# --- personas without a domain


def _embedded(embedder: Embedder, texts: Sequence[str], tell: Callable[[int, int], None] | None) -> Vectors:
    parts = []
    for start in range(0, len(texts), _BLOCK):
        parts.append(embedder.embed(texts[start : start + _BLOCK]))
        if tell is not None:
            tell(min(start + _BLOCK, len(texts)), len(texts))
    return np.concatenate(parts)


def _place_personas(store: GraphStore, embedder: Embedder, tell: Callable[[int, int], None] | None) -> int:
    """Give personas without a domain that of their nearest neighbours; where nobody has one, make regions of their own."""
    lost = sorted(store.read("reads/personas_without_domain", limit=10**9), key=lambda row: str(row["id"]))
    if not lost:
        return 0
    vectors = _embedded(embedder, [row["text"] for row in lost], tell)
    settled = sorted(store.read("reads/personas_with_domain"), key=lambda row: str(row["id"]))
    if settled:
        rows = _by_vote(lost, vectors, settled, _embedded(embedder, [row["text"] for row in settled], tell))
        store.write_batches("in_domain", iter(rows))
    else:
        _regions_of_their_own(store, lost, vectors)
    return len(lost)


def _by_vote(
    lost: Sequence[dict[str, str]], vectors: Vectors, settled: Sequence[dict[str, str]], known: Vectors
) -> list[dict[str, str]]:
    rows = []
    for start in range(0, len(lost), _BLOCK):
        block = vectors[start : start + _BLOCK] @ known.T
        for offset, scores in enumerate(block):
            best = np.argsort(-scores, kind="stable")[:VOTERS]
            votes: dict[str, float] = {}
            for place in best.tolist():
                domain = settled[place]["domain"]
                votes[domain] = votes.get(domain, 0.0) + float(scores[place])
            winner = min(votes, key=lambda domain: (-votes[domain], domain))
            rows.append({"persona": lost[start + offset]["id"], "domain": winner, "by": "neighbours"})
    return rows


def _regions_of_their_own(store: GraphStore, lost: Sequence[dict[str, str]], vectors: Vectors) -> None:
    """Communities of the personas' own neighbour graph, each a domain named by its most central roles."""
    resolution = max(1.0, len(lost) / 1000)
    domains, members = [], []
    used: set[str] = set()
    for part in communities(vectors, resolution):
        label = _roles_label([lost[row] for row in part], vectors[part], used)
        domain = domain_id(label)
        domains.append({"id": domain, "name": normal_name(label), "label": label})
        members += [{"persona": lost[row]["id"], "domain": domain, "by": "neighbours"} for row in part]
    store.write(Write("domain", domains))
    store.write_batches("in_domain", iter(members))


def _roles_label(rows: Sequence[dict[str, str]], vectors: Vectors, used: set[str]) -> str:
    """Up to three roles nearest to the middle of a community, English ones where there are any."""
    scores = vectors @ vectors.mean(axis=0)
    names: list[str] = []
    for place in np.argsort(-scores, kind="stable").tolist():
        role = rows[place]["role"] or " ".join(rows[place]["text"].split()[:4])
        if role not in names and (language_of(rows[place]["text"]) == "en" or len(rows) < VOTERS):
            names.append(role)
        if len(names) >= 3 and (label := ", ".join(names[-3:])) not in used:
            used.add(label)
            return label
    label = ", ".join(names[:3]) or rows[0]["text"][:40]
    if label in used:
        label = f"{label} ({rows[0]['id']})"
    used.add(label)
    return label
