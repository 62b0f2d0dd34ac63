"""Duplicates between two writers: what neither could see while both ran."""

from contextlib import closing

import numpy as np

from foundation.model import Embedder
from graphstore import GraphStore, Write
from population.duplicates.dedup import crowd_of, read_people
from population.matching import Crowd, VectorFile, find_survivors, resolved, thresholds_of


def mark_between_runs(store: GraphStore, embedder: Embedder, run: str, since: str) -> int:
    """Mark duplicates among the personas that came since `since`, when another run wrote then; returns how many.

    The older persona survives, of equally old ones that with the smaller id, so that two processes that both do this
    come to the same marks.
    """
    if not any(True for _ in store.read("reads/runs_beside", run=run, since=since)):
        return 0
    people = read_people(store)
    everybody = crowd_of(store, people, embedder)
    places = np.array([place for place, persona in enumerate(people.ids) if persona not in people.marks], np.int64)
    fresh = np.array([people.created[place] >= since for place in places], np.bool_)
    regions, known = everybody.regions[places], everybody.known[places]
    near = [near for home in set(regions[fresh].tolist()) for near in everybody.neighbours.get(home, (home,))]
    crowd = Crowd(
        [people.texts[place] for place in places], regions, known & np.isin(regions, near), everybody.neighbours
    )
    with closing(VectorFile(crowd, embedder.embed, None)) as vectors:
        found = find_survivors(crowd, thresholds_of(store), vectors, may_match=fresh)
    ids = [people.ids[place] for place in places]
    new = {ids[place]: (ids[other], method, score) for place, other, method, score in found.marks()}
    marks = {persona: survivor for persona, (survivor, _, _) in people.marks.items()}
    roots = resolved(marks | {persona: survivor for persona, (survivor, _, _) in new.items()})
    rows = [{"persona": p, "survivor": roots[p], "method": how, "score": score} for p, (_, how, score) in new.items()]
    rows += [
        {"persona": persona, "survivor": roots[persona], "method": "chain", "score": None}
        for persona, survivor in marks.items()
        if roots[persona] != survivor
    ]
    if rows:
        store.write(Write("duplicate_of", rows))
    return len(new)
