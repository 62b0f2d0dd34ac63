"""Duplicates between two writers: what neither could see while both ran."""

from collections.abc import Mapping, Sequence
from typing import Any

from expansion.loading import resolved
from expansion.matching import KNOWN_LANGUAGES, Match, MeaningMatcher, WordMatcher
from expansion.regions import Regions
from graphstore.personas import language_of
from graphstore.store import GraphStore, Write
from pgraph.embedding import Embedder


def reconcile(store: GraphStore, embedder: Embedder, run: str, since: str) -> int:
    """Mark duplicates among the personas that came since `since`, when another run wrote then; returns how many.

    The older persona survives, of equally old ones that with the smaller id, so that two processes that both do this
    come to the same marks.
    """
    if not any(True for _ in store.read("reads/runs_beside", run=run, since=since)):
        return 0
    rows = sorted(store.read("reads/personas"), key=lambda row: (str(row["created"] or ""), str(row["id"])))
    marks = {row["id"]: row["survivor"] for row in rows if row["survivor"] is not None}
    survivors = [row for row in rows if row["survivor"] is None]
    fresh = {row["id"] for row in survivors if str(row["created"] or "") >= since}
    domains = {row["id"]: (row["label"], row["region"] or row["id"]) for row in store.read("reads/domains")}
    found = _matches(survivors, fresh, Regions(domains, embedder.embed), embedder)
    roots = resolved(marks | {persona: match.survivor for persona, match in found.items()})
    new = [{"persona": p, "survivor": roots[p], "method": m.method, "score": m.score} for p, m in found.items()]
    moved = [
        {"persona": persona, "survivor": roots[persona], "method": "chain", "score": None}
        for persona, survivor in marks.items()
        if roots[persona] != survivor
    ]
    if new or moved:
        store.write(Write("duplicate_of", [*new, *moved]))
    return len(new)


def _matches(
    survivors: Sequence[Mapping[str, Any]], fresh: set[str], regions: Regions, embedder: Embedder
) -> dict[str, Match]:
    """Which of the fresh ones repeat an older survivor; the rows come oldest first."""
    home = {row["id"]: row["region"] or row["domain"] or "" for row in survivors}
    near = {place for row in survivors if row["id"] in fresh for place in regions.around(home[row["id"]])}
    compared = [row for row in survivors if home[row["id"]] in near and language_of(row["text"]) in KNOWN_LANGUAGES]
    vectors = dict(zip([row["id"] for row in compared], embedder.embed([row["text"] for row in compared]), strict=True))
    words, meaning = WordMatcher(), MeaningMatcher()
    found: dict[str, Match] = {}
    for row in survivors:
        persona, vector = row["id"], vectors.get(row["id"])
        if persona in fresh:
            match = words.find(row["text"])
            if match is None and vector is not None:
                match = meaning.find(regions.around(home[persona]), vector)
            if match is not None:
                found[persona] = match
                continue
        words.add(persona, row["text"])
        if vector is not None:
            meaning.add(home[persona], [persona], vector[None, :])
    return found
