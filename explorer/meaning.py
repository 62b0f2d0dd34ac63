"""Search by meaning among the vectors that the workspace keeps: exact, in blocks of a file, so memory stays small."""

import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from explorer.filters import Filters
from explorer.views import PAGE, some
from foundation.errors import StoreError, UsageError
from foundation.model import CachedEmbedder
from graphstore import GraphStore

if TYPE_CHECKING:
    from numpy.typing import NDArray


Row = dict[str, Any]

_TEXTS = 4096  # looked up at a time
_BLOCK = 8192  # vectors multiplied at a time: 12 MB of 384 numbers
_ROUNDS = (0, 200, 2_000, 20_000)  # of the nearest so many are held against the filters
_REST = 5  # while the graph changes: so many times as long as reading it took


@dataclass(frozen=True, slots=True)
class _VectorIndex:
    """`vectors`: (known personas, numbers), float16, a file without a name; `people`: known or not."""

    state: Row
    ids: "NDArray[np.bytes_]"
    vectors: "NDArray[np.float16]"
    people: int
    made: float
    took: float


class Meaning:
    """The vectors are read at the first search, and again when the graph has changed: 60 µs a persona."""

    def __init__(self, store: GraphStore, embedder: CachedEmbedder, directory: Path) -> None:
        self._store, self._embedder, self._directory = store, embedder, directory
        self._lock = threading.Lock()
        self._index: _VectorIndex | None = None

    def search(self, words: str, filters: Filters, regions: list[str] | None) -> Row:
        """The personas nearest to the words, each with its cosine. Raises `UsageError` where no vector is known."""
        if not words.strip():
            return {"words": words, "people": [], "more": False}
        index = self._now()
        query = self._embedder.embed([words])[0]
        scores = np.empty(len(index.ids), np.float32)
        for start in range(0, len(scores), _BLOCK):
            part = slice(start, start + _BLOCK)
            scores[part] = index.vectors[part].astype(np.float32) @ query
        rows = list(islice(self._nearest(index, scores, filters, regions), PAGE + 1))
        known = {"known": len(index.ids), "of": index.people, "model": self._embedder.name}
        return {"words": words, "people": rows[:PAGE], "more": len(rows) > PAGE, **known}

    def _nearest(
        self, index: _VectorIndex, scores: "NDArray[np.float32]", filters: Filters, regions: list[str] | None
    ) -> Iterator[Row]:
        """Those that the filters leave, the nearest first."""
        count = min(len(scores), _ROUNDS[-1])
        best = np.argpartition(-scores, count - 1)[:count]
        best = best[np.argsort(-scores[best], kind="stable")]
        for start, end in pairwise(_ROUNDS):
            near = {index.ids[place].decode(): float(scores[place]) for place in best[start:end]}
            found = {row["id"]: row for row in some(self._store, list(near), filters, regions)} if near else {}
            yield from ({**found[one], "similarity": round(near[one], 3)} for one in near if one in found)

    def _now(self) -> _VectorIndex:
        state = next(self._store.read("reads/explore_state"))
        with self._lock:
            index = self._index
            if index is None or (index.state != state and time.monotonic() > index.made + _REST * index.took):
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
                    ids += [row["id"].encode() for row, knows in zip(batch, known, strict=True) if knows]
                    file.write(vectors[known].astype(np.float16).tobytes())
                if not ids:
                    raise UsageError(
                        f"this workspace keeps no embeddings of these personas (model {self._embedder.name})",
                        "`pgraph dedup --sweep` makes them, and changes nothing in the graph.",
                    )
                file.flush()
                kept = np.memmap(file, np.float16, "r", shape=(len(ids), width))
        except OSError as error:
            raise StoreError(f"{self._directory}: {error.strerror}", "Make room, or make it writable.") from error
        took = time.monotonic() - began
        return _VectorIndex(state, np.array(ids), kept, people, time.monotonic(), took)
