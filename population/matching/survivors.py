"""Which of many texts says the same as one before it: one survivor a cluster, no all-pairs, memory bounded.

Each text is compared, in order, with the survivors before it: first by words, then by meaning inside its region and the
neighbours. `pgraph expand` adds personas one by one by the same rule; here it runs over all of them in blocks.
"""

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from population.matching.matchers import Embed
from population.matching.thresholds import Thresholds
from population.matching.vectors import Vectors
from population.matching.words import Column, Pairs, WordIndex, Words, concatenated

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
    """For each text, by position: its survivor (itself if it is one), by which of `METHODS`, and how similar the two are."""

    survivor: Places
    method: NDArray[np.int8]
    score: NDArray[np.float64]
    borderline: "Borderline"

    @classmethod
    def alone(cls, count: int, borderline: "Borderline") -> "Survivors":
        """All `count` texts as survivors."""
        return cls(np.arange(count), np.zeros(count, np.int8), np.zeros(count), borderline)

    def marks(self) -> Iterator[tuple[int, int, str, float]]:
        """(text, survivor, method, score) of each duplicate; texts are positions."""
        for place in np.flatnonzero(self.method).tolist():
            yield place, int(self.survivor[place]), METHODS[self.method[place]], round(float(self.score[place]), 4)


class Borderline:
    """The pairs nearest to a `threshold`: half of them just above, half just below; at most `SHOWN`."""

    def __init__(self, threshold: float) -> None:
        self._threshold = threshold
        self._sides: tuple[list[tuple[float, int, int]], list[tuple[float, int, int]]] = ([], [])

    def add(self, text: int, survivor: int, score: float) -> None:
        """Offer a pair of positions with its similarity."""
        side = self._sides[score < self._threshold]
        side.append((abs(score - self._threshold), text, survivor))
        if len(side) > 100 * SHOWN:
            self._trim()

    def pairs(self) -> list[tuple[int, int, float]]:
        """(text, survivor, score), the most similar first."""
        self._trim()
        above, below = self._sides
        half = SHOWN // 2
        shown_sides = above[: max(half, SHOWN - len(below))], below[: max(half, SHOWN - len(above))]
        signed = [
            (text, survivor, self._threshold + sign * distance)
            for sign, side in zip((1, -1), shown_sides, strict=True)
            for distance, text, survivor in side
        ]
        return sorted(signed, key=lambda pair: (-pair[2], pair[:2]))

    def _trim(self) -> None:
        for side in self._sides:
            side.sort()
            del side[SHOWN:]


class VectorFile:
    """The vectors of the `known` texts of a `crowd` in a temporary file in `directory`, a region's together and in order.

    Embeds all of them with `embed`; `tell` gets how many are done, of how many. Close it.
    """

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
        """The rows that hold the texts `first` <= place < `last` of a `region`."""
        begin, end = np.searchsorted(self._regions, [region, region + 1])
        inside = self.places[begin:end]
        return int(begin + np.searchsorted(inside, first)), int(begin + np.searchsorted(inside, last))

    def read(self, begin: int, end: int) -> Vectors:
        """The vectors of the rows from `begin` up to `end`, shape (end - begin, dimensions)."""
        self._file.seek(begin * self._width * _FLOAT.itemsize)
        count = (end - begin) * self._width
        return np.fromfile(self._file, _FLOAT, count).reshape(-1, max(1, self._width))

    def close(self) -> None:
        """Close the file, which removes it."""
        self._file.close()


def find_survivors(
    crowd: Crowd,
    thresholds: Thresholds,
    vectors: VectorFile | None,
    *,
    may_match: Bools | None = None,
    tell: Tell | None = None,
) -> Survivors:
    """Find each text's survivor. Texts outside the mask `may_match` survive whatever they say.

    `vectors` None: only words are compared. `tell` gets how many texts are done, of how many.

    Time: 25 µs a text for its words, and one product of a vector for each survivor before it in its region and the
    neighbours. Memory: 250 bytes a text in addition to the crowd, and 150 MB for a block.
    """
    return sweep_thresholds(crowd, thresholds.words, [thresholds.meaning], vectors, may_match=may_match, tell=tell)[0]


def sweep_thresholds(
    crowd: Crowd,
    words: float | None,
    meanings: Sequence[float],
    vectors: VectorFile | None,
    *,
    border: float = 0.0,
    may_match: Bools | None = None,
    tell: Tell | None = None,
) -> list[Survivors]:
    """As `find_survivors`, for several thresholds `meanings` in one pass: one result for each.

    `words` None: words are not compared. Pairs down to `border` below a threshold are shown as borderline.
    """
    search = _Search(crowd, words, [_Judge(len(crowd), least, border) for least in meanings], vectors)
    if may_match is not None:
        search.may_match = may_match
    for start in range(0, len(crowd), _BLOCK):
        search.block(start, min(start + _BLOCK, len(crowd)))
        if tell is not None:
            tell(min(start + _BLOCK, len(crowd)), len(crowd))
    return [judge.survivors for judge in search.judges]


class _Judge:
    """Decides, for one threshold of meaning, which texts survive."""

    def __init__(self, count: int, least: float, border: float) -> None:
        self.least = least
        self.floor = least - border
        self.alive = np.zeros(count, np.bool_)
        self.survivors = Survivors.alone(count, Borderline(least))

    def settle(self, by_words: Pairs, by_meaning: Pairs, may_match: Bools) -> None:
        """Settle the texts of a block in order: each takes the most similar survivor, words first; of equals the oldest."""
        is_near = by_meaning[2] >= self.floor
        near = by_meaning[0][is_near], by_meaning[1][is_near], by_meaning[2][is_near]
        texts, earlier, scores = concatenated([by_words, near])
        methods = np.repeat([1, 2], [len(by_words[0]), len(near[0])])
        may_settle = may_match[texts] & self.alive[earlier]
        texts, earlier = texts[may_settle], earlier[may_settle]
        scores, methods = scores[may_settle], methods[may_settle]
        order = np.lexsort((earlier, -scores, methods, texts))
        columns = [column[order].tolist() for column in (texts, earlier, methods, scores)]
        settled = -1
        for text, survivor, method, score in zip(*columns, strict=True):
            if text != settled and self.alive[survivor]:
                settled = text
                self._mark(text, survivor, method, score)

    def _mark(self, text: int, survivor: int, method: int, score: float) -> None:
        if method == 2:
            self.survivors.borderline.add(text, survivor, score)
        if method == 1 or score >= self.least:
            self.alive[text] = False
            self.survivors.survivor[text] = survivor
            self.survivors.method[text] = method
            self.survivors.score[text] = score


class _Search:
    """Which pairs are alike, block by block: each text of a block with the survivors before it, and inside the block."""

    def __init__(self, crowd: Crowd, words: float | None, judges: Sequence[_Judge], vectors: VectorFile | None) -> None:
        self.judges = judges
        self.may_match = np.ones(len(crowd), np.bool_)
        self._crowd = crowd
        self._vectors = vectors if min(judge.least for judge in judges) < 1 else None
        self._index = None if words is None else WordIndex(words)
        self._indexed = Column(np.int64)  # the text behind each row of the index
        self._alive = np.zeros(len(crowd), np.bool_)  # a survivor to any judge

    def block(self, start: int, end: int) -> None:
        """Settle the texts from `start` to `end`; in two halves where too many of them are alike."""
        block_words = None if self._index is None else self._index.read(self._crowd.texts[start:end])
        pairs = self._pairs(block_words, start, end)
        if pairs is None:
            middle = (start + end) // 2
            self.block(start, middle)
            self.block(middle, end)
            return
        for judge in self.judges:
            judge.alive[start:end] = True
            judge.settle(*pairs, self.may_match)
            self._alive[start:end] |= judge.alive[start:end]
        if self._index is not None and block_words is not None:
            new_survivors = np.flatnonzero(self._alive[start:end])
            self._index.add(block_words.select(new_survivors))
            self._indexed.extend(new_survivors + start)

    def _pairs(self, words: Words | None, start: int, end: int) -> tuple[Pairs, Pairs] | None:
        """The similar pairs of the block, by words and by meaning; None if there are too many inside the block."""
        by_words = self._words_before(words, start)
        sure = self._sure(by_words, 0.0, start, end)
        asks = ~sure & self.may_match[start:end]
        asking = {} if self._vectors is None else self._asking(self._vectors, start, end, asks)
        by_meaning = self._by_meaning(asking, 0, start, self._alive)
        sure |= self._sure(by_meaning, max(judge.least for judge in self.judges), start, end)
        open_to = np.zeros(end, np.bool_)
        open_to[start:] = ~sure
        inside = self._words_inside(words, start, ~sure)
        near = None if inside is None else self._by_meaning(asking, start, end, open_to)
        if inside is None or near is None or by_meaning is None:
            return None
        return concatenated([by_words, inside]), concatenated([by_meaning, near])

    def _sure(self, pairs: Pairs | None, least: float, start: int, end: int) -> Bools:
        """Which texts of the block are, for all judges, duplicates of a survivor before it."""
        sure = np.zeros(end - start, np.bool_)
        if pairs is not None:
            texts, earlier, scores = pairs
            is_sure = scores >= least
            for judge in self.judges:
                is_sure &= judge.alive[earlier]
            sure[texts[is_sure] - start] = True
        return sure & self.may_match[start:end]

    def _words_before(self, words: Words | None, start: int) -> Pairs:
        if words is None or self._index is None:
            return _no_pairs()
        texts, rows, scores = self._index.near(words)
        return texts + start, self._indexed.values[rows], scores

    def _words_inside(self, words: Words | None, start: int, undecided: Bools) -> Pairs | None:
        if words is None or self._index is None:
            return _no_pairs()
        numbers = np.flatnonzero(undecided)
        block_index = WordIndex(self._index.least)
        block_words = words.select(numbers)
        if words.count > _LEAST_BLOCK and block_words.collisions() > _MOST_PAIRS:
            return None
        block_index.add(block_words)
        later, rows, scores = block_index.near(words)
        is_before = numbers[rows] < later
        return later[is_before] + start, numbers[rows[is_before]] + start, scores[is_before]

    def _by_meaning(
        self, asking: Mapping[int, list[tuple[Places, Vectors]]], first: int, last: int, open_to: Bools
    ) -> Pairs | None:
        """Pairs of the texts that ask with those `open_to` them, `first` <= place < `last`; None if there are too many."""
        parts = [_no_pairs()]
        count = 0
        is_inside = open_to is not self._alive
        for region, askers in asking.items():
            for part in self._in_region(region, askers, first, last, open_to):
                parts.append(part)
                count += len(part[0]) if is_inside else 0
                if count > _MOST_PAIRS and last - first > _LEAST_BLOCK:
                    return None
        return concatenated(parts)

    def _asking(
        self, vectors: VectorFile, start: int, end: int, asks: Bools
    ) -> dict[int, list[tuple[Places, Vectors]]]:
        """For each region the texts of the block that are compared with it, and their vectors."""
        by_region: dict[int, list[tuple[Places, Vectors]]] = {}
        for region in np.unique(self._crowd.regions[start:end]).tolist():
            first, last = vectors.rows(region, start, end)
            places = vectors.places[first:last]
            is_asking = asks[places - start]
            if is_asking.any():
                group = places[is_asking], vectors.read(first, last)[is_asking]
                for near in self._crowd.neighbours.get(region, (region,)):
                    by_region.setdefault(near, []).append(group)
        return by_region

    def _in_region(
        self, region: int, askers: list[tuple[Places, Vectors]], first: int, last: int, open_to: Bools
    ) -> Iterator[Pairs]:
        """The texts of a region that come before one that asks and are similar to it, in pieces."""
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
            is_before = open_to[columns[column]] & (columns[column] < places[asker])
            asker, column = asker[is_before], column[is_before]
            yield places[asker], columns[column], np.minimum(1.0, scores[asker, column].astype(np.float64))


def _no_pairs() -> Pairs:
    return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0)
