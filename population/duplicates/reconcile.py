"""Duplicates that a run could not see: of another run that wrote at the same time, or of personas embedded later."""

from contextlib import closing

import numpy as np

from foundation.model import Embedder
from graphstore import GraphStore, Write
from population.duplicates.dedup import crowd_of, read_people
from population.matching import Crowd, VectorFile, find_survivors, resolved, thresholds_of


def mark_duplicates_of(store: GraphStore, embedder: Embedder, run: str, since: str, *, even_alone: bool = False) -> int:
    """Mark duplicates among the personas of `store` created since `since`, if another run than `run` wrote then.

    `even_alone`: also if none did. Returns how many. The older persona survives, of equally old ones that with the smaller
    id, so that two processes that both do this come to the same marks. `embedder` embeds the personas
    in the regions of the new ones and their neighbours.
    """
    if not even_alone and not any(True for _ in store.read("reads/runs_beside", run=run, since=since)):
        return 0
    people = read_people(store)
    all_personas = crowd_of(store, people, embedder)
    places = np.array([place for place, persona in enumerate(people.ids) if persona not in people.marks], np.int64)
    is_new = np.array([people.created[place] >= since for place in places], np.bool_)
    regions, is_known = all_personas.regions[places], all_personas.known[places]
    near = [near for home in set(regions[is_new].tolist()) for near in all_personas.neighbours.get(home, (home,))]
    crowd = Crowd(
        [people.texts[place] for place in places], regions, is_known & np.isin(regions, near), all_personas.neighbours
    )
    with closing(VectorFile(crowd, embedder.embed, None)) as vectors:
        survivors = find_survivors(crowd, thresholds_of(store), vectors, may_match=is_new)
    ids = [people.ids[place] for place in places]
    new_marks = {ids[place]: (ids[survivor], method, score) for place, survivor, method, score in survivors.marks()}
    marks = {persona: survivor for persona, (survivor, _, _) in people.marks.items()}
    roots = resolved(marks | {persona: survivor for persona, (survivor, _, _) in new_marks.items()})
    rows = [
        {"persona": p, "survivor": roots[p], "method": method, "score": score}
        for p, (_, method, score) in new_marks.items()
    ]
    rows += [
        {"persona": persona, "survivor": roots[persona], "method": "chain", "score": None}
        for persona, survivor in marks.items()
        if roots[persona] != survivor
    ]
    if rows:
        store.write(Write("duplicate_of", rows))
    return len(new_marks)
