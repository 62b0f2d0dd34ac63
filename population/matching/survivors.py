"""Who of many says the same as somebody before them: one survivor a cluster, no all-pairs, memory bounded.

Everybody is compared, in order, with the survivors before them: first by words, then by meaning inside their region and
its neighbours. That is the rule by which `pgraph expand` takes personas up one by one, run over all of them in blocks.
"""

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from population.matching.matchers import Embed, Vectors
from population.matching.thresholds import Thresholds
from population.matching.words import Column, Pairs, WordIndex, Words

METHODS = ("", "minhash", "embedding")
SHOWN = 10  # borderline pairs that are kept

_BLOCK = 8192
_COLUMNS = 2048  # vectors compared with a block at once
_EMBEDDED = 4096
_MOST_PAIRS = 2_000_000  # of one block with itself; with more it is halved, down to …
_LEAST_BLOCK = 512
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
class Survivors:
    """For each text: its survivor (itself where it is one), by which of `METHODS`, and how alike the two are."""

    survivor: Places
    method: NDArray[np.int8]
    score: NDArray[np.float64]
    borderline: "Borderline"

    @classmethod
    def alone(cls, count: int, borderline: "Borderline") -> "Survivors":
        return cls(np.arange(count), np.zeros(count, np.int8), np.zeros(count), borderline)

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


def find_survivors(
    crowd: Crowd,
    thresholds: Thresholds,
    vectors: VectorFile | None,
    *,
    may_match: Bools | None = None,
    tell: Tell | None = None,
) -> Survivors:
    """Find each text's survivor. Those that `may_match` leaves out are survivors whatever they say.

    Time: 25 µs a text for its words, and one product of a vector for each survivor before it in its region and the
    neighbours. Memory: 250 bytes a text beside the crowd, and 150 MB for a block.
    """
    return sweep_thresholds(crowd, thresholds.words, [thresholds.meaning], vectors, may_match=may_match, tell=tell)[0]


def sweep_thresholds(
    crowd: Crowd,
    words: float,
    meanings: Sequence[float],
    vectors: VectorFile | None,
    *,
    border: float = 0.0,
    may_match: Bools | None = None,
    tell: Tell | None = None,
) -> list[Survivors]:
    """As `survivors`, for several thresholds of meaning in one pass; `border` is how far below one a pair is shown."""
    search = _Search(crowd, words, [_Judge(len(crowd), least, border) for least in meanings], vectors)
    if may_match is not None:
        search.may = may_match
    for start in range(0, len(crowd), _BLOCK):
        search.block(start, min(start + _BLOCK, len(crowd)))
        if tell is not None:
            tell(min(start + _BLOCK, len(crowd)), len(crowd))
    return [judge.found for judge in search.judges]


class _Judge:
    """Settles, for one threshold of meaning, who survives."""

    def __init__(self, count: int, least: float, border: float) -> None:
        self.least = least
        self.floor = least - border
        self.alive = np.zeros(count, np.bool_)
        self.found = Survivors.alone(count, Borderline(least))

    def settle(self, by_words: Pairs, by_meaning: Pairs, may: Bools) -> None:
        """Settle the texts of a block in order: each takes the most similar survivor, words first; of equals the oldest."""
        near = by_meaning[2] >= self.floor
        one, other, score = (np.concatenate([a, b[near]]) for a, b in zip(by_words, by_meaning, strict=True))
        kind = np.repeat([1, 2], [len(by_words[0]), int(near.sum())])
        kept = may[one] & self.alive[other]
        order = np.flatnonzero(kept)[np.lexsort((other[kept], -score[kept], kind[kept], one[kept]))]
        settled = -1
        for text, survivor, method, value in zip(
            one[order].tolist(), other[order].tolist(), kind[order].tolist(), score[order].tolist(), strict=True
        ):
            if text != settled and self.alive[survivor]:
                settled = text
                self._take(text, survivor, method, value)

    def _take(self, text: int, survivor: int, method: int, value: float) -> None:
        if method == 2:
            self.found.borderline.add(text, survivor, value)
        if method == 1 or value >= self.least:
            self.alive[text] = False
            self.found.survivor[text], self.found.method[text], self.found.score[text] = survivor, method, value


class _Search:
    """Which pairs are alike, block by block: each text of a block with the survivors before it, and inside the block."""

    def __init__(self, crowd: Crowd, words: float, judges: Sequence[_Judge], vectors: VectorFile | None) -> None:
        self.judges = judges
        self.may = np.ones(len(crowd), np.bool_)
        self._crowd = crowd
        self._vectors = vectors if min(judge.least for judge in judges) < 1 else None
        self._index = WordIndex(words) if words <= 1 else None
        self._indexed = Column(np.int64)  # the text behind each row of the index
        self._alive = np.zeros(len(crowd), np.bool_)  # a survivor to any judge

    def block(self, start: int, end: int) -> None:
        """Settle the texts from `start` to `end`; in two halves where too many of them are alike."""
        words = None if self._index is None else self._index.read(self._crowd.texts[start:end])
        pairs = self._pairs(words, start, end)
        if pairs is None:
            middle = (start + end) // 2
            self.block(start, middle)
            self.block(middle, end)
            return
        for judge in self.judges:
            judge.alive[start:end] = True
            judge.settle(*pairs, self.may)
            self._alive[start:end] |= judge.alive[start:end]
        if self._index is not None and words is not None:
            new = np.flatnonzero(self._alive[start:end])
            self._index.add(words.of(new))
            self._indexed.extend(new + start)

    def _pairs(self, words: Words | None, start: int, end: int) -> tuple[Pairs, Pairs] | None:
        """Who of the block is like whom, by words and by meaning; None where inside the block it is too many."""
        by_words = self._words_before(words, start)
        sure = self._sure(by_words, 0.0, start, end)
        asks = ~sure & self.may[start:end]
        asking = {} if self._vectors is None else self._asking(self._vectors, start, end, asks)
        by_meaning = self._by_meaning(asking, 0, start, self._alive)
        sure |= self._sure(by_meaning, max(judge.least for judge in self.judges), start, end)
        open_to = np.zeros(end, np.bool_)
        open_to[start:] = ~sure
        inside = self._words_inside(words, start, ~sure)
        near = None if inside is None else self._by_meaning(asking, start, end, open_to)
        if inside is None or near is None or by_meaning is None:
            return None
        return _joined(by_words, inside), _joined(by_meaning, near)

    def _sure(self, pairs: Pairs | None, least: float, start: int, end: int) -> Bools:
        """Which texts of the block are duplicates of a survivor before it, whoever judges."""
        sure = np.zeros(end - start, np.bool_)
        if pairs is not None:
            one, other, scores = pairs
            agreed = scores >= least
            for judge in self.judges:
                agreed &= judge.alive[other]
            sure[one[agreed] - start] = True
        return sure & self.may[start:end]

    def _words_before(self, words: Words | None, start: int) -> Pairs:
        if words is None or self._index is None:
            return _nothing()
        asked, rows, scores = self._index.near(words)
        return asked + start, self._indexed.values[rows], scores

    def _words_inside(self, words: Words | None, start: int, undecided: Bools) -> Pairs | None:
        if words is None or self._index is None:
            return _nothing()
        numbers = np.flatnonzero(undecided)
        own, columns = WordIndex(self._index.least), words.of(numbers)
        if words.count > _LEAST_BLOCK and columns.collisions() > _MOST_PAIRS:
            return None
        own.add(columns)
        later, rows, scores = own.near(words)
        kept = numbers[rows] < later
        return later[kept] + start, numbers[rows[kept]] + start, scores[kept]

    def _by_meaning(
        self, asking: Mapping[int, list[tuple[Places, Vectors]]], first: int, last: int, open_to: Bools
    ) -> Pairs | None:
        """Pairs of those who ask with those `open_to` them, `first` <= place < `last`; None where that is too many."""
        parts, count, inside = [_nothing()], 0, open_to is not self._alive
        for region, askers in asking.items():
            for part in self._in_region(region, askers, first, last, open_to):
                parts.append(part)
                count += len(part[0]) if inside else 0
                if count > _MOST_PAIRS and last - first > _LEAST_BLOCK:
                    return None
        one, other, scores = (np.concatenate(part) for part in zip(*parts, strict=True))
        return one, other, scores

    def _asking(
        self, vectors: VectorFile, start: int, end: int, asks: Bools
    ) -> dict[int, list[tuple[Places, Vectors]]]:
        """For each region the texts of the block that are compared with it, and their vectors."""
        found: dict[int, list[tuple[Places, Vectors]]] = {}
        for region in np.unique(self._crowd.regions[start:end]).tolist():
            first, last = vectors.rows(region, start, end)
            places = vectors.places[first:last]
            wanted = asks[places - start]
            if wanted.any():
                group = places[wanted], vectors.read(first, last)[wanted]
                for near in self._crowd.neighbours.get(region, (region,)):
                    found.setdefault(near, []).append(group)
        return found

    def _in_region(
        self, region: int, askers: list[tuple[Places, Vectors]], first: int, last: int, open_to: Bools
    ) -> Iterator[Pairs]:
        """Those of a region who stand before an asker and are like them, in pieces."""
        if self._vectors is None:
            return
        places = np.concatenate([group[0] for group in askers])
        asking = np.concatenate([group[1] for group in askers])
        floor = min(judge.floor for judge in self.judges)
        begin, end = self._vectors.rows(region, first, last)
        for row in range(begin, end, _COLUMNS):
            stop = min(row + _COLUMNS, end)
            columns = self._vectors.places[row:stop]
            scores = asking @ self._vectors.read(row, stop).T
            asker, column = np.divmod(np.flatnonzero(scores >= floor), len(columns))
            kept = open_to[columns[column]] & (columns[column] < places[asker])
            asker, column = asker[kept], column[kept]
            yield places[asker], columns[column], np.minimum(1.0, scores[asker, column].astype(np.float64))


def _joined(one: Pairs, other: Pairs) -> Pairs:
    left, right, scores = (np.concatenate(parts) for parts in zip(one, other, strict=True))
    return left, right, scores


def _nothing() -> Pairs:
    return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0)
