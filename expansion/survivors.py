"""Who of many says the same as somebody before them: one survivor a cluster, no all-pairs, memory bounded.

Everybody is compared, in order, with the survivors before them: first by words, then by meaning inside their region and
its neighbours. That is the rule by which `pgraph expand` takes personas up one by one, run over all of them in blocks.
"""

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from expansion.matching import Embed, Vectors
from expansion.thresholds import Thresholds
from expansion.words import Column, Pairs, WordIndex, Words

METHODS = ("", "minhash", "embedding")
SHOWN = 10  # borderline pairs that are kept

_BLOCK = 8192
_COLUMNS = 2048  # vectors compared with a block at once
_EMBEDDED = 4096
_FLOAT = np.dtype(np.float32)

Tell = Callable[[int, int], None]
Places = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Crowd:
    """Texts in the order in which they claim to be survivors. `known`: in a language that the embedding model knows."""

    texts: Sequence[str]
    regions: NDArray[np.int32]
    known: Bools
    neighbours: Mapping[int, Sequence[int]]  # region -> itself and those near it

    def __len__(self) -> int:
        return len(self.texts)


@dataclass(slots=True)
class Found:
    """For each text: its survivor (itself where it is one), by which of `METHODS`, and how alike the two are."""

    survivor: Places
    method: NDArray[np.int8]
    score: NDArray[np.float64]
    borderline: "Borderline" = field(default_factory=lambda: Borderline(1.0))

    @classmethod
    def alone(cls, count: int) -> "Found":
        return cls(np.arange(count), np.zeros(count, np.int8), np.zeros(count))

    def marks(self) -> Iterator[tuple[int, int, str, float]]:
        """(text, survivor, method, score) of each duplicate."""
        for place in np.flatnonzero(self.method).tolist():
            yield place, int(self.survivor[place]), METHODS[self.method[place]], round(float(self.score[place]), 4)


class Borderline:
    """The pairs nearest to a threshold: half of them just above, half just below."""

    def __init__(self, threshold: float) -> None:
        self._threshold = threshold
        self._sides: tuple[list[tuple[float, int, int]], list[tuple[float, int, int]]] = ([], [])

    def add(self, one: int, other: int, score: float) -> None:
        side = self._sides[score < self._threshold]
        side.append((abs(score - self._threshold), one, other))
        if len(side) > 100 * SHOWN:
            self._trim()

    def pairs(self) -> list[tuple[int, int, float]]:
        """(text, survivor, score), the most alike first."""
        self._trim()
        above, below = self._sides
        half = SHOWN // 2
        taken = above[: max(half, SHOWN - len(below))], below[: max(half, SHOWN - len(above))]
        signed = [
            (one, other, self._threshold + sign * far)
            for sign, side in zip((1, -1), taken, strict=True)
            for far, one, other in side
        ]
        return sorted(signed, key=lambda pair: (-pair[2], pair[:2]))

    def _trim(self) -> None:
        for side in self._sides:
            side.sort()
            del side[SHOWN:]


class VectorFile:
    """The vectors of a crowd in a temporary file, those of a region together and in order. Embeds what it has to."""

    def __init__(self, crowd: Crowd, embed: Embed, directory: Path | None, tell: Tell | None = None) -> None:
        places = np.flatnonzero(crowd.known)
        self.places = places[np.argsort(crowd.regions[places], kind="stable")]
        self._regions = crowd.regions[self.places]
        self._width = 0
        self._file: IO[bytes] = tempfile.TemporaryFile(dir=directory)  # noqa: SIM115  closed by `close`
        for start in range(0, len(self.places), _EMBEDDED):
            vectors = embed([crowd.texts[place] for place in self.places[start : start + _EMBEDDED].tolist()])
            self._width = vectors.shape[1]
            self._file.write(np.ascontiguousarray(vectors, _FLOAT).tobytes())
            if tell is not None:
                tell(min(start + _EMBEDDED, len(self.places)), len(self.places))

    def rows(self, region: int, first: int, last: int) -> tuple[int, int]:
        """The rows that hold the texts `first` <= place < `last` of a region."""
        begin, end = np.searchsorted(self._regions, [region, region + 1])
        inside = self.places[begin:end]
        return int(begin + np.searchsorted(inside, first)), int(begin + np.searchsorted(inside, last))

    def read(self, begin: int, end: int) -> Vectors:
        self._file.seek(begin * self._width * _FLOAT.itemsize)
        count = (end - begin) * self._width
        return np.fromfile(self._file, _FLOAT, count).reshape(-1, max(1, self._width))

    def close(self) -> None:
        self._file.close()


def survivors(
    crowd: Crowd,
    thresholds: Thresholds,
    vectors: VectorFile | None,
    *,
    may_match: Bools | None = None,
    floor: float | None = None,
    tell: Tell | None = None,
) -> Found:
    """Find each text's survivor. Those that `may_match` leaves out are survivors whatever they say.

    Pairs from `floor` on are looked at for `Found.borderline`; without it those that are duplicates.

    Time: 25 µs a text for its words, and one product of a vector for each survivor before it in its region and the
    neighbours. Memory: 250 bytes a text beside the crowd, and 150 MB for a block.
    """
    everybody = np.ones(len(crowd), np.bool_)
    search = _Search(crowd, thresholds, vectors, everybody if may_match is None else may_match)
    search.floor = thresholds.meaning if floor is None else min(floor, thresholds.meaning)
    for start in range(0, len(crowd), _BLOCK):
        search.block(start, min(start + _BLOCK, len(crowd)))
        if tell is not None:
            tell(min(start + _BLOCK, len(crowd)), len(crowd))
    return search.found


class _Search:
    def __init__(self, crowd: Crowd, thresholds: Thresholds, vectors: VectorFile | None, may_match: Bools) -> None:
        self._crowd = crowd
        self._least = self.floor = thresholds.meaning
        self._vectors = vectors if thresholds.meaning < 1 else None
        self._may = may_match
        self._index = WordIndex(thresholds.words) if thresholds.words <= 1 else None
        self._indexed = Column(np.int64)  # the text behind each row of the index
        self._alive = np.zeros(len(crowd), np.bool_)
        self.found = Found.alone(len(crowd))
        self.found.borderline = Borderline(thresholds.meaning)

    def block(self, start: int, end: int) -> None:
        words = self._index.read(self._crowd.texts[start:end]) if self._index else None
        by_words = self._by_words(words, start)
        sure = np.zeros(end - start, np.bool_)  # duplicates of somebody before this block
        sure[by_words[0][by_words[1] < start] - start] = True
        sure &= self._may[start:end]
        by_meaning = self._by_meaning(start, end, sure)
        self._resolve(by_words, by_meaning, start, end)
        if self._index and words is not None:
            new = np.flatnonzero(self._alive[start:end])
            self._index.add(words.of(new))
            self._indexed.extend(new + start)

    def _by_words(self, words: Words | None, start: int) -> Pairs:
        """(text, earlier text, similarity): survivors before the block, and all in it."""
        if words is None or self._index is None:
            return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0)
        asked, rows, scores = self._index.near(words)
        own = WordIndex(self._index.least)
        own.add(words)
        later, earlier, inside = own.near(words)
        kept = earlier < later
        before = self._indexed.values[rows]
        return (
            np.concatenate([asked, later[kept]]) + start,
            np.concatenate([before, earlier[kept] + start]),
            np.concatenate([scores, inside[kept]]),
        )

    def _by_meaning(self, start: int, end: int, sure: Bools) -> Pairs:
        parts = [(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))]
        if self._vectors is not None:
            open_to = self._alive[:end].copy()
            open_to[start:] = ~sure
            asking = self._asking(start, end, ~sure & self._may[start:end])
            for region, askers in asking.items():
                parts += self._in_region(region, askers, open_to, end)
        one, other, scores = (np.concatenate(part) for part in zip(*parts, strict=True))
        return one, other, scores

    def _asking(self, start: int, end: int, asks: Bools) -> dict[int, list[tuple[Places, Vectors]]]:
        """For each region the texts of the block that are compared with it, and their vectors."""
        found: dict[int, list[tuple[Places, Vectors]]] = {}
        if self._vectors is None:
            return found
        for region in np.unique(self._crowd.regions[start:end]).tolist():
            first, last = self._vectors.rows(region, start, end)
            places = self._vectors.places[first:last]
            wanted = asks[places - start]
            if wanted.any():
                group = places[wanted], self._vectors.read(first, last)[wanted]
                for near in self._crowd.neighbours.get(region, (region,)):
                    found.setdefault(near, []).append(group)
        return found

    def _in_region(
        self, region: int, askers: list[tuple[Places, Vectors]], open_to: Bools, end: int
    ) -> Iterator[Pairs]:
        """Pairs of askers and those of a region who stand before them, in pieces."""
        if self._vectors is None:
            return
        places = np.concatenate([group[0] for group in askers])
        vectors = np.concatenate([group[1] for group in askers])
        first, last = self._vectors.rows(region, 0, end)
        for begin in range(first, last, _COLUMNS):
            stop = min(begin + _COLUMNS, last)
            columns = self._vectors.places[begin:stop]
            scores = vectors @ self._vectors.read(begin, stop).T
            row, column = np.nonzero(scores >= self.floor)
            kept = open_to[columns[column]] & (columns[column] < places[row])
            row, column = row[kept], column[kept]
            yield places[row], columns[column], np.minimum(1.0, scores[row, column].astype(np.float64))

    def _resolve(self, by_words: Pairs, by_meaning: Pairs, start: int, end: int) -> None:
        """Settle a block in order: a text takes the most similar survivor, words first; of equals the oldest."""
        self._alive[start:end] = True
        one, other, score = (np.concatenate([a, b]) for a, b in zip(by_words, by_meaning, strict=True))
        kind = np.repeat([1, 2], [len(by_words[0]), len(by_meaning[0])])
        order = np.lexsort((other, -score, kind, one))
        settled = -1
        for text, survivor, method, value in zip(
            one[order].tolist(), other[order].tolist(), kind[order].tolist(), score[order].tolist(), strict=True
        ):
            if text != settled and self._alive[survivor]:
                settled = self._settle(text, survivor, method, value, settled)

    def _settle(self, text: int, survivor: int, method: int, value: float, settled: int) -> int:
        """Mark a text, unless its best match by meaning lies below the threshold; returns the text that is settled now."""
        if method == 2:
            self.found.borderline.add(text, survivor, value)
        elif not self._may[text]:
            return settled
        if method == 2 and value < self._least:
            return text
        self._alive[text] = False
        self.found.survivor[text], self.found.method[text], self.found.score[text] = survivor, method, value
        return text
