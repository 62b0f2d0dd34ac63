"""How similar two texts must be to count as the same: the usual values, and those kept in a graph (`pgraph dedup`)."""

from dataclasses import dataclass

from graphstore import GraphStore, Write, digest

SAME_WORDS = 0.9  # Jaccard similarity of the words (Persona Hub, section 2.3)
SAME_MEANING = 0.9  # cosine of two personas (Persona Hub, section 2.3)
SAME_ROLE = 0.85  # cosine of two roles
RUN_ID = "r" + digest("dedup")  # the Run that keeps the thresholds of a graph


@dataclass(frozen=True, slots=True)
class Thresholds:
    """How similar two texts must be to count as the same: `words` by Jaccard similarity, `meaning` and `roles` by cosine.

    At a cosine of 1 meaning is not compared at all.
    """

    words: float = SAME_WORDS
    meaning: float = SAME_MEANING
    roles: float = SAME_ROLE


def thresholds_of(store: GraphStore) -> Thresholds:
    """The thresholds that were last kept in the graph `store`, otherwise the usual ones."""
    return kept_thresholds(store) or Thresholds()


def kept_thresholds(store: GraphStore) -> Thresholds | None:
    for row in store.read("reads/thresholds", run=RUN_ID):
        return Thresholds(row["words"], row["meaning"], row["roles"])
    return None


def keep_thresholds(store: GraphStore, thresholds: Thresholds) -> None:
    """Keep `thresholds` in the graph `store`; all later matching uses them."""
    if kept_thresholds(store) != thresholds:
        props = {
            "command": "dedup",
            "same_words": thresholds.words,
            "same_meaning": thresholds.meaning,
            "same_roles": thresholds.roles,
        }
        store.write(Write("run", [{"id": RUN_ID, "props": props}]))
