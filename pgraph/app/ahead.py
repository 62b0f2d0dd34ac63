"""Embedding beside the run: what a large import brought, so that the first call does not wait for its vectors."""

import threading
from types import TracebackType
from typing import Self

from distill.groups import groups_are_stale
from foundation.errors import PgraphError
from foundation.model import CachedEmbedder
from graphstore import GraphStore, normal_name

MANY = 1000  # texts or labels: embedding them takes about a second
_AT_ONCE = 64  # texts, so that the run's own texts wait a twentieth of a second at most
_BREATH = 0.002  # seconds in which the run may take its turn


class EmbeddingAhead:
    """Embeds in a thread what `distill.groups` needs, if it is more than MANY of either kind.

    That is the texts of personas without a domain, to place them, and the labels of domains without a group, to group them.
    Only the cache of vectors is written. `enabled` False: nothing is embedded, and `is_done` from the start.
    """

    def __init__(self, store: GraphStore, embedder: CachedEmbedder, *, enabled: bool = True) -> None:
        self._store = store
        self._embedder = embedder
        self._enabled = enabled
        self._stop = threading.Event()
        self._done = threading.Event()
        self._counts = (0, 0)
        self._thread = threading.Thread(target=self._embed, name="embedding ahead", daemon=True)
        self._labels: list[str] = []
        self._places = False
        self.was_needed = False

    def __enter__(self) -> Self:
        if self._enabled:
            waiting = self._store.read("reads/personas_without_domain", limit=MANY + 1)
            self._places = sum(1 for _ in waiting) > MANY
            self._labels = self._unknown_labels() if groups_are_stale(self._store, place=False) else []
        self.was_needed = self._places or bool(self._labels)
        if self.was_needed:
            self._thread.start()
        else:
            self._done.set()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        if self.was_needed:
            self._thread.join()

    @property
    def is_done(self) -> bool:
        """Whether all is embedded, or was not needed, or failed: then the next use of it says why."""
        return self._done.is_set()

    @property
    def can_group(self) -> bool:
        """Whether grouping the domains would not wait for the vectors of their labels."""
        return self.is_done or not self._labels

    @property
    def counts(self) -> tuple[int, int] | None:
        """How many texts are embedded, and of how many; None when it is done."""
        return None if self.is_done else self._counts

    def _embed(self) -> None:
        try:
            texts = [*self._labels]
            if self._places:
                texts += [row["text"] for row in self._store.read("reads/personas_without_domain", limit=10**9)]
                texts += [row["text"] for row in self._store.read("reads/personas_with_domain")]
            for start in range(0, len(texts), _AT_ONCE):
                self._counts = start, len(texts)
                if self._stop.wait(_BREATH):
                    return
                self._embedder.embed(texts[start : start + _AT_ONCE])
        except PgraphError:
            pass
        finally:
            self._done.set()

    def _unknown_labels(self) -> list[str]:
        """The labels of domains that have no vector, if they are many."""
        labels = list(dict.fromkeys(normal_name(row["label"]) for row in self._store.read("reads/domain_places")))
        _, known = self._embedder.known(labels)
        unknown = [label for label, has_vector in zip(labels, known, strict=True) if not has_vector]
        return unknown if len(unknown) > MANY else []
