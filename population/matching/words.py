"""Which of many texts have nearly the same words: MinHash in flat arrays, about 190 bytes a text.

A. Z. Broder (1997), On the resemblance and containment of documents; bands: J. Leskovec, A. Rajaraman and J. Ullman
(2014), Mining of Massive Datasets, chapter 3.
"""

import re
import zlib
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphstore import normal_text

PERMUTATIONS = 128
HIT_SHARE = 0.99  # share of the pairs just at the threshold that the bands must bring together

_DRAW = np.random.default_rng(20240628)
_FACTORS = _DRAW.integers(0, 1 << 64, (PERMUTATIONS, 1), dtype=np.uint64) | np.uint64(1)
_SHIFTS = _DRAW.integers(0, 1 << 64, (PERMUTATIONS, 1), dtype=np.uint64)
_MIX = np.array([0xBF58476D1CE4E5B9, 0x94D049BB133111EB], np.uint64)
_HALF = np.uint64(32)
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
_AT_ONCE = 2048  # words hashed at once: 128 permutations of them fit into a processor's cache
_PAIRS = 1 << 21  # pairs compared at once
_WAITING = 4096  # texts that are added one by one before they are sorted in

Numbers = NDArray[np.uint64]
# the text that is asked about, the text of the index, their similarity
Pairs = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class _Hashed:
    """The words of some texts, hashed: those of text i are words[starts[i]:starts[i + 1]], sorted, each once."""

    words: NDArray[np.uint32]
    starts: NDArray[np.int64]
    keys: Numbers  # (texts, bands)

    def __len__(self) -> int:
        return len(self.starts) - 1

    def select(self, rows: NDArray[np.int64]) -> "_Hashed":
        counts = self.starts[rows + 1] - self.starts[rows]
        starts = np.concatenate([[0], np.cumsum(counts)])
        return _Hashed(self.words[_ranges(self.starts[rows], counts)], starts, self.keys[rows])


@dataclass(frozen=True, slots=True)
class Words:
    """Some texts as an index reads them, in two parts: those with blanks between words, and those without.

    `places` are the positions of each part's texts among all `count`.
    """

    count: int
    hashed: tuple[_Hashed, _Hashed]
    places: tuple[NDArray[np.int64], NDArray[np.int64]]

    def select(self, rows: NDArray[np.int64]) -> "Words":
        """Some of them; `rows` in order."""
        spaced, spaced_places = self._select_part(0, rows)
        unspaced, unspaced_places = self._select_part(1, rows)
        return Words(len(rows), (spaced, unspaced), (spaced_places, unspaced_places))

    def _select_part(self, part: int, rows: NDArray[np.int64]) -> tuple[_Hashed, NDArray[np.int64]]:
        hashed = self.hashed[part]
        places = self.places[part]
        inside = np.flatnonzero(np.isin(places, rows))
        return hashed.select(inside) if len(hashed) else hashed, np.searchsorted(rows, places[inside])

    def collisions(self) -> int:
        """How many pairs of them share a band key, a pair once for each."""
        pairs = 0
        for part in self.hashed:
            for band in range(part.keys.shape[1]):
                counts = np.unique(part.keys[:, band], return_counts=True)[1]
                pairs += int((counts * (counts - 1)).sum()) // 2
        return pairs


class WordIndex:
    """Texts by number, in the order in which they came, and a search for those with nearly the same words.

    Each hit is checked by the true Jaccard similarity. A pair exactly at `least` is overlooked in fewer than one case
    of a hundred, one well above it almost never. In scripts without blanks between words, pairs of characters are
    compared, and the threshold is `threshold_of_pairs(least)`.
    """

    def __init__(self, least: float) -> None:
        self.least = least
        self._parts = _BandIndex(least), _BandIndex(threshold_of_pairs(least))
        self._numbers = Column(np.int64), Column(np.int64)  # of the texts in each part
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def read(self, texts: Sequence[str]) -> Words:
        """Hash texts as this index needs them: 20 µs a text."""
        normal_texts = [normal_text(text) for text in texts]
        is_unspaced = np.array([not text.isascii() and bool(_UNSPACED.search(text)) for text in normal_texts], np.bool_)
        spaced_places, unspaced_places = np.flatnonzero(~is_unspaced), np.flatnonzero(is_unspaced)
        spaced = self._parts[0].read([_words(normal_texts[place]) for place in spaced_places])
        unspaced = self._parts[1].read([_pairs(normal_texts[place]) for place in unspaced_places])
        return Words(len(texts), (spaced, unspaced), (spaced_places, unspaced_places))

    def add(self, texts: Words) -> None:
        self._number_texts(texts)
        for part, hashed in zip(self._parts, texts.hashed, strict=True):
            if len(hashed):
                part.add(hashed)

    def add_one(self, text: Words) -> None:
        """As `add`, for one text at a time."""
        self._number_texts(text)
        for part, hashed in zip(self._parts, text.hashed, strict=True):
            if len(hashed):
                part.add_one(hashed)

    def near(self, texts: Words) -> Pairs:
        """Every (text asked about, text of the index, similarity) at or above the threshold."""
        hits = [_NO_PAIRS]
        for part, numbers, hashed, places in zip(self._parts, self._numbers, texts.hashed, texts.places, strict=True):
            if len(hashed):
                queries, rows, scores = part.near(hashed)
                hits.append((places[queries], numbers.values[rows], scores))
        return concatenated(hits)

    def _number_texts(self, texts: Words) -> None:
        for numbers, places in zip(self._numbers, texts.places, strict=True):
            numbers.extend(places + self._count)
        self._count += texts.count


def threshold_of_pairs(least: float) -> float:
    """The similarity of pairs of characters that corresponds to `least` for words.

    A word that differs, or a character, breaks two pairs: with a share f of them changed on each side the similarity is
    (1 - f) / (1 + f) of words and (1 - 2f) / (1 + 2f) of pairs.
    """
    changed = 2 * (1 - least) / (1 + least)
    return max(0.0, (1 - changed) / (1 + changed))


class _BandIndex:
    """The index of one part: texts with blanks between words, or those without."""

    def __init__(self, least: float) -> None:
        self.least = least
        self.bands = _bands(least)
        self._words = Column(np.uint32)
        self._ends = Column(np.int64)
        self._runs: list[Numbers] = []  # sorted: band key in the high half, number of the text in the low one
        self._waiting: dict[int, list[int]] = {}

    def __len__(self) -> int:
        return self._ends.used

    def read(self, texts: Sequence[Sequence[str]]) -> _Hashed:
        if not texts:
            return _NO_TEXTS
        words, starts = _hashed(texts)
        return _Hashed(words, starts, _keys(words, starts, self.bands))

    def add(self, texts: _Hashed) -> None:
        first = self._store(texts)
        rows = np.arange(first, len(self), dtype=np.uint64)
        self._runs.append(np.sort(((texts.keys << _HALF) | rows[:, None]).ravel()))
        while len(self._runs) > 1 and len(self._runs[-2]) < 2 * len(self._runs[-1]):
            self._runs.append(np.sort(np.concatenate([self._runs.pop(), self._runs.pop()])))

    def add_one(self, text: _Hashed) -> None:
        row = self._store(text)
        for key in text.keys[0].tolist():
            self._waiting.setdefault(key, []).append(row)
        if len(self._waiting) >= _WAITING * len(text.keys[0]):
            packed = [(key << 32) | row for key, rows in self._waiting.items() for row in rows]
            self._runs.append(np.sort(np.array(packed, np.uint64)))
            self._waiting.clear()

    def near(self, texts: _Hashed) -> Pairs:
        return concatenated([_NO_PAIRS, *(self._checked(texts, pairs) for pairs in self._candidates(texts))])

    def _store(self, texts: _Hashed) -> int:
        first = len(self)
        end = self._words.used
        self._words.extend(texts.words)
        self._ends.extend(texts.starts[1:] + end)
        return first

    def _candidates(self, texts: _Hashed) -> Iterator[Numbers]:
        """Pairs that share a band key, packed as query << 32 | row, each once, as many at once as memory allows."""
        if self._waiting:
            shared = self._waiting_candidates(texts)
            if shared:
                yield np.unique(np.array(shared, np.uint64))
        for run in self._runs:
            order = np.argsort(texts.keys, axis=None)
            keys = texts.keys.ravel()[order] << _HALF
            first = np.searchsorted(run, keys)
            counts = np.searchsorted(run, keys | np.uint64(0xFFFFFFFF), "right") - first
            queries = (order // self.bands[0]).astype(np.uint64)
            hit = counts > 0
            yield from _spread(run, queries[hit], first[hit], counts[hit])

    def _waiting_candidates(self, texts: _Hashed) -> list[int]:
        shared: list[int] = []
        for query, keys in enumerate(texts.keys.tolist()):
            for key in keys:
                shared += [(query << 32) | row for row in self._waiting.get(key, ())]
        return shared

    def _checked(self, texts: _Hashed, pairs: Numbers) -> Pairs:
        """The pairs at or above the threshold, by the true similarity of their words."""
        queries, rows = (pairs >> _HALF).astype(np.int64), (pairs & np.uint64(0xFFFFFFFF)).astype(np.int64)
        ends = self._ends.values
        starts = np.where(rows > 0, ends[rows - 1], 0)
        query_sizes, row_sizes = texts.starts[queries + 1] - texts.starts[queries], ends[rows] - starts
        may_match = np.minimum(query_sizes, row_sizes) >= self.least * np.maximum(query_sizes, row_sizes)
        queries, rows, starts, query_sizes, row_sizes = (
            part[may_match] for part in (queries, rows, starts, query_sizes, row_sizes)
        )
        query_words = _tagged(texts.words, texts.starts[queries], query_sizes)
        row_words = _tagged(self._words.values, starts, row_sizes)
        shared = _common(query_words, row_words, len(queries))
        scores = shared / np.maximum(1, query_sizes + row_sizes - shared)
        is_near = scores >= self.least
        return queries[is_near], rows[is_near], scores[is_near]


_NO_TEXTS = _Hashed(np.zeros(0, np.uint32), np.zeros(1, np.int64), np.zeros((0, 1), np.uint64))
_NO_PAIRS = (np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float64))


def concatenated(parts: Sequence[Pairs]) -> Pairs:
    """Pairs in several parts as one."""
    queries, rows, scores = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    return queries, rows, scores


class Column:
    """An array that grows at its end."""

    def __init__(self, kind: type) -> None:
        self._room: NDArray[Any] = np.zeros(1024, kind)
        self.used = 0

    @property
    def values(self) -> NDArray[Any]:
        return self._room[: self.used]

    def extend(self, added: NDArray[Any]) -> None:
        end = self.used + len(added)
        if end > len(self._room):
            grown = np.zeros(max(end, len(self._room) * 3 // 2), self._room.dtype)
            grown[: self.used] = self._room[: self.used]
            self._room = grown
        self._room[self.used : end] = added
        self.used = end


def _bands(least: float) -> tuple[int, int]:
    """How many bands of how many permutations: the longest bands that still find what is at the threshold.

    Longer bands bring fewer texts together that turn out to differ.
    """
    for rows in range(PERMUTATIONS, 1, -1):
        bands = PERMUTATIONS // rows
        if 1 - (1 - least**rows) ** bands >= HIT_SHARE:
            return bands, rows
    return PERMUTATIONS, 1


def _words(plain: str) -> list[str]:
    return re.findall(r"\w+", plain) or [plain]  # never empty


def _pairs(plain: str) -> list[str]:
    solid = "".join(_words(plain))
    return [solid[i : i + 2] for i in range(max(1, len(solid) - 1))]


def _hashed(texts: Sequence[Sequence[str]]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    words = array("I")
    starts = [0]
    for text in texts:
        words.extend(sorted({zlib.crc32(word.encode()) for word in text}))
        starts.append(len(words))
    return np.array(words, np.uint32), np.array(starts, np.int64)


def _keys(words: NDArray[np.uint32], starts: NDArray[np.int64], bands: tuple[int, int]) -> Numbers:
    """The band keys of texts, shape (texts, bands), 32 bits each; the band is part of the key."""
    count, rows = bands
    minima = np.zeros((count * rows, len(starts) - 1), np.uint64)
    for first, last in _parts(starts):
        mixed = words[starts[first] : starts[last]].astype(np.uint64)
        for factor in _MIX:  # spread the words over 64 bits (the finaliser of SplitMix64)
            mixed = (mixed ^ (mixed >> np.uint64(31))) * factor
        hashed = (mixed * _FACTORS[: count * rows] + _SHIFTS[: count * rows]) >> _HALF
        minima[:, first:last] = np.minimum.reduceat(hashed, starts[first:last] - starts[first], axis=1)
    keys = np.repeat(np.arange(1, count + 1, dtype=np.uint64)[:, None], len(starts) - 1, axis=1)
    for row in minima.reshape(count, rows, -1).transpose(1, 0, 2):
        keys = (keys ^ row) * _MIX[0]
        keys ^= keys >> np.uint64(29)
    return np.ascontiguousarray((keys >> _HALF).T)


def _parts(starts: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Ranges of texts with about `_AT_ONCE` words together."""
    first = 0
    texts = len(starts) - 1
    while first < texts:
        last = int(np.searchsorted(starts, starts[first] + _AT_ONCE, "right"))
        last = min(texts, max(first + 1, last - 1))
        yield first, last
        first = last


def _spread(run: Numbers, queries: Numbers, first: NDArray[np.int64], counts: NDArray[np.int64]) -> Iterator[Numbers]:
    """The pairs of texts and stretches of a run."""
    order = np.argsort(queries, kind="stable")
    queries, first, counts = queries[order], first[order], counts[order]
    ends = np.cumsum(counts)
    begin = 0
    while begin < len(queries):
        before = ends[begin - 1] if begin else 0
        end = max(begin + 1, int(np.searchsorted(ends, before + _PAIRS, "right")))
        places = _ranges(first[begin:end], counts[begin:end])
        yield np.unique(
            (np.repeat(queries[begin:end], counts[begin:end]) << _HALF) | (run[places] & np.uint64(0xFFFFFFFF))
        )
        begin = end


def _ranges(first: NDArray[np.int64], counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """`counts[0]` numbers from `first[0]` on, then `counts[1]` from `first[1]` on, and so forth."""
    ends = np.cumsum(counts)
    return np.repeat(first - (ends - counts), counts) + np.arange(ends[-1] if len(ends) else 0)


def _tagged(words: NDArray[Any], first: NDArray[np.int64], counts: NDArray[np.int64]) -> Numbers:
    """The words of one side of each pair behind the pair's number: sorted, as the words of a text are."""
    pairs = np.repeat(np.arange(len(first), dtype=np.uint64), counts)
    return (pairs << _HALF) | words[_ranges(first, counts)].astype(np.uint64)


def _common(query_words: Numbers, row_words: Numbers, pairs: int) -> NDArray[np.int64]:
    """How many words the two sides of each pair share."""
    if not len(query_words) or not len(row_words):
        return np.zeros(pairs, np.int64)
    places = np.minimum(np.searchsorted(query_words, row_words), len(query_words) - 1)
    shared = row_words[query_words[places] == row_words] >> _HALF
    return np.bincount(shared.astype(np.int64), minlength=pairs)
