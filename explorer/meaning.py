"""Search by meaning among the vectors of the workspace: exact, and in blocks of a file, so that it needs little memory."""

import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from explorer.answers import FoundPeople, NearestPeople, Row
from explorer.filters import Filters
from explorer.views import PAGE, some
from foundation.errors import StoreError, UsageError
from foundation.model import CachedEmbedder
from graphstore import GraphStore

if TYPE_CHECKING:
    from numpy.typing import NDArray


_TEXTS = 4096  # looked up at once
_BLOCK = 8192  # vectors multiplied at once: 12 MB with 384 dimensions
_ROUNDS = (0, 200, 2_000, 20_000)  # limits of the batches in which the nearest personas are checked with the filters
_REST = 5  # while the graph keeps changing: wait this many times as long as the last reading took


@dataclass(frozen=True, slots=True)
class _VectorIndex:
    """The vectors of personas in a graph.

    `vectors`: a row for each of `ids`, in a file without a name; `people`: all personas of the graph; `read_at`: in
    seconds of the monotonic clock; `took`: seconds.
    """

    state: Row
    ids: "NDArray[np.bytes_]"
    vectors: "NDArray[np.float16]"
    people: int
    read_at: float
    took: float


class Meaning:
    """Search by meaning. Reads the vectors at the first search, and again when the graph has changed: 60 µs a persona."""

    def __init__(self, store: GraphStore, embedder: CachedEmbedder, directory: Path) -> None:
        self._store, self._embedder, self._directory = store, embedder, directory
        self._lock = threading.Lock()
        self._index: _VectorIndex | None = None

    def search(self, words: str, filters: Filters, regions: list[str] | None) -> FoundPeople:
        """The personas nearest to the words, each with its cosine.

        Compares with every persona that has a vector. Raises `UsageError` if none has one.
        """
        if not words.strip():
            return FoundPeople(words, [], more=False)
        index = self._now()
        query = self._embedder.embed([words])[0]
        scores = np.empty(len(index.ids), np.float32)
        for start in range(0, len(scores), _BLOCK):
            part = slice(start, start + _BLOCK)
            scores[part] = index.vectors[part].astype(np.float32) @ query
        rows = list(islice(self._nearest(index, scores, filters, regions), PAGE + 1))
        return NearestPeople(
            words, rows[:PAGE], len(rows) > PAGE, known=len(index.ids), of=index.people, model=self._embedder.name
        )

    def _nearest(
        self, index: _VectorIndex, scores: "NDArray[np.float32]", filters: Filters, regions: list[str] | None
    ) -> Iterator[Row]:
        """The personas that the filters leave, the nearest first."""
        count = min(len(scores), _ROUNDS[-1])
        best = np.argpartition(-scores, count - 1)[:count]
        best = best[np.argsort(-scores[best], kind="stable")]
        for start, end in pairwise(_ROUNDS):
            similarity = {index.ids[position].decode(): float(scores[position]) for position in best[start:end]}
            if not similarity:
                return
            rows = {row["id"]: row for row in some(self._store, list(similarity), filters, regions)}
            for persona, score in similarity.items():
                if persona in rows:
                    yield {**rows[persona], "similarity": round(score, 3)}

    def _now(self) -> _VectorIndex:
        state = next(self._store.read("reads/explore_state"))
        with self._lock:
            index = self._index
            if index is None or (index.state != state and time.monotonic() > index.read_at + _REST * index.took):
                index = self._index = self._read(state)
        return index

    def _read(self, state: Row) -> _VectorIndex:
        began, people, width = time.monotonic(), 0, 0
        ids: list[bytes] = []
        rows = self._store.read("reads/explore_texts")
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self._directory) as file:
                while batch := list(islice(rows, _TEXTS)):
                    vectors, known = self._embedder.known([row["text"] or "" for row in batch])
                    people, width = people + len(batch), max(width, vectors.shape[1])
                    ids += [row["id"].encode() for row, is_known in zip(batch, known, strict=True) if is_known]
                    file.write(vectors[known].astype(np.float16).tobytes())
                if not ids:
                    raise UsageError(
                        f"this workspace has no embeddings of these personas (model {self._embedder.name})",
                        "`pgraph dedup --sweep` makes them; it does not change the graph.",
                    )
                file.flush()
                mapped = np.memmap(file, np.float16, "r", shape=(len(ids), width))
        except OSError as error:
            raise StoreError(
                f"{self._directory}: {error.strerror}", "Free some disk space, or make the directory writable."
            ) from error
        took = time.monotonic() - began
        return _VectorIndex(state, np.array(ids), mapped, people, time.monotonic(), took)
