"""A region for each persona that came without a domain."""

from collections.abc import Callable, Sequence

import numpy as np

from distill.groups.nearest import Vectors, communities
from foundation.model import Embedder
from graphstore import GraphStore, Write, domain_id, language_of, normal_name

VOTERS = 5
_BLOCK = 1024
Tell = Callable[[int, int], None]


def place_personas(store: GraphStore, embedder: Embedder, tell: Tell | None) -> int:
    """Give personas without a domain that of their nearest neighbours; if no persona has one, group the personas themselves."""
    lost = sorted(store.read("reads/personas_without_domain", limit=10**9), key=lambda row: str(row["id"]))
    if not lost:
        return 0
    vectors = _embedded(embedder, [row["text"] for row in lost], tell)
    settled = sorted(store.read("reads/personas_with_domain"), key=lambda row: str(row["id"]))
    if settled:
        rows = _by_vote(lost, vectors, settled, _embedded(embedder, [row["text"] for row in settled], tell))
        store.write_batches("in_domain", iter(rows))
    else:
        _regions_of_personas(store, lost, vectors)
    return len(lost)


def _by_vote(
    lost: Sequence[dict[str, str]], vectors: Vectors, settled: Sequence[dict[str, str]], settled_vectors: Vectors
) -> list[dict[str, str]]:
    rows = []
    for start in range(0, len(lost), _BLOCK):
        block = vectors[start : start + _BLOCK] @ settled_vectors.T
        for offset, scores in enumerate(block):
            best = np.argsort(-scores, kind="stable")[:VOTERS]
            votes: dict[str, float] = {}
            for place in best.tolist():
                domain = settled[place]["domain"]
                votes[domain] = votes.get(domain, 0.0) + float(scores[place])
            winner = min(votes, key=lambda domain: (-votes[domain], domain))
            rows.append({"persona": lost[start + offset]["id"], "domain": winner, "by": "neighbours"})
    return rows


def _regions_of_personas(store: GraphStore, lost: Sequence[dict[str, str]], vectors: Vectors) -> None:
    """Communities of the personas' own neighbour graph, each a domain named by its most central roles."""
    resolution = max(1.0, len(lost) / 1000)
    domains, members = [], []
    used: set[str] = set()
    for part in communities(vectors, resolution)[0]:
        label = _roles_label([lost[row] for row in part], vectors[part], used)
        domain = domain_id(label)
        domains.append({"id": domain, "name": normal_name(label), "label": label})
        members += [{"persona": lost[row]["id"], "domain": domain, "by": "neighbours"} for row in part]
    store.write(Write("domain", domains))
    store.write_batches("in_domain", iter(members))


def _roles_label(rows: Sequence[dict[str, str]], vectors: Vectors, used: set[str]) -> str:
    """Up to three roles nearest to the middle of a community, English ones if there are any."""
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


def _embedded(embedder: Embedder, texts: Sequence[str], tell: Tell | None) -> Vectors:
    parts = []
    for start in range(0, len(texts), _BLOCK):
        parts.append(embedder.embed(texts[start : start + _BLOCK]))
        if tell is not None:
            tell(min(start + _BLOCK, len(texts)), len(texts))
    return np.concatenate(parts)
