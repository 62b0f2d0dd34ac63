"""Is this the same persona, the same role? Exact, then MinHash, then embedding; exactly one survivor.

A text is compared with survivors only, never with their duplicates, so that no chain runs through a hub. An embedding is
trusted only in a language that the model knows: an English model puts strangers who write Chinese at 0.91.
"""

import re
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphstore.ids import normal_name, normal_text

SAME_WORDS = 0.9  # Jaccard similarity of the words (Persona Hub, section 2.3)
SAME_MEANING = 0.9  # cosine of two personas (Persona Hub, section 2.3)
SAME_ROLE = 0.85  # cosine of two roles
KNOWN_LANGUAGES = frozenset({"en"})  # of the default embedding model

_PERMUTATIONS, _BANDS = 128, 16
_PRIME = np.uint64((1 << 61) - 1)
_COEFFICIENTS = np.random.default_rng(20240628).integers(1, 1 << 31, (2, _PERMUTATIONS, 1), dtype=np.uint64)
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")

Vectors = NDArray[np.float32]
Embed = Callable[[Sequence[str]], Vectors]


@dataclass(frozen=True, slots=True)
class Match:
    """The survivor that a text is a duplicate of, and why."""

    survivor: str
    method: str  # exact, minhash or embedding
    score: float


class WordMatcher:
    """Texts with nearly the same words: MinHash over word 1-grams (character 2-grams where words have no blanks),
    128 permutations in 16 bands, each hit checked by the true Jaccard similarity. About 1.5 kB and 40 µs a text.
    Broder 1997, "On the resemblance and containment of documents".
    """

    def __init__(self) -> None:
        self._words: dict[str, frozenset[int]] = {}
        self._bands: dict[bytes, list[str]] = {}

    def add(self, persona_id: str, text: str) -> None:
        words = _words(text)
        self._words[persona_id] = words
        for band in _band_keys(words):
            self._bands.setdefault(band, []).append(persona_id)

    def find(self, text: str) -> Match | None:
        """The most similar text at or above the threshold; of equals the smallest id."""
        words = _words(text)
        near = {other for band in _band_keys(words) for other in self._bands.get(band, ())}
        best = max(((_jaccard(words, self._words[other]), other) for other in sorted(near)), key=lambda hit: hit[0], default=None)
        return Match(best[1], "minhash", round(best[0], 4)) if best and best[0] >= SAME_WORDS else None


class MeaningMatcher:
    """Texts with nearly the same meaning, by exact cosine inside one region and its neighbours."""

    def __init__(self) -> None:
        self._rows: dict[int, _Rows] = {}

    def add(self, region: int, persona_id: str, vector: Vectors) -> None:
        self._rows.setdefault(region, _Rows()).append(persona_id, vector)

    def find(self, regions: Iterable[int], vector: Vectors) -> Match | None:
        hits = [hit for region in regions if region in self._rows and (hit := self._rows[region].nearest(vector)) is not None]
        score, survivor = max(hits, key=lambda hit: (hit[0], hit[1]), default=(0.0, ""))
        return Match(survivor, "embedding", round(min(1.0, score), 4)) if score >= SAME_MEANING else None


class RoleBook:
    """Canonical roles: a new one joins the nearest known role at or above the threshold."""

    def __init__(self, roles: Iterable[str], embed: Embed) -> None:
        self._embed = embed
        self._names = {normal_name(role): role for role in roles}
        self._rows: _Rows | None = None

    def canonical(self, role: str, language: str) -> str:
        """The role to count under. Embeds the role when it is new and its language is one that the model knows."""
        name = normal_name(role)
        if name in self._names:
            return self._names[name]
        self._names[name] = name
        if language in KNOWN_LANGUAGES:
            rows = self._load()
            vector = self._embed([name])[0]
            hit = rows.nearest(vector)
            if hit is not None and hit[0] >= SAME_ROLE:
                self._names[name] = hit[1]
            else:
                rows.append(name, vector)
        return self._names[name]

    def _load(self) -> "_Rows":
        if self._rows is None:
            self._rows = _Rows()
            known = sorted(set(self._names.values()))[:-1] if False else sorted(set(self._names.values()))
            for role, vector in zip(known, self._embed(known), strict=True):
                self._rows.append(role, vector)
        return self._rows


class _Rows:
    """Unit vectors under names, growing; the nearest by cosine in one product."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self._matrix: Vectors = np.zeros((0, 0), np.float32)

    def append(self, name: str, vector: Vectors) -> None:
        if len(self.names) == len(self._matrix):
            grown = np.zeros((max(16, 2 * len(self.names)), len(vector)), np.float32)
            grown[: len(self.names)] = self._matrix[: len(self.names)] if self.names else 0
            self._matrix = grown
        self._matrix[len(self.names)] = vector
        self.names.append(name)

    def nearest(self, vector: Vectors) -> tuple[float, str] | None:
        if not self.names:
            return None
        scores = self._matrix[: len(self.names)] @ vector
        place = int(scores.argmax())
        return float(scores[place]), self.names[place]


def _words(text: str) -> frozenset[int]:
    plain = normal_text(text)
    tokens = re.findall(r"\w+", plain)
    if _UNSPACED.search(plain):
        solid = "".join(tokens)
        tokens = [solid[i : i + 2] for i in range(max(1, len(solid) - 1))]
    return frozenset(zlib.crc32(token.encode()) for token in tokens)


def _band_keys(words: frozenset[int]) -> list[bytes]:
    if not words:
        return []
    a, b = _COEFFICIENTS
    values = np.fromiter(words, np.uint64, len(words))
    signature = ((a * values + b) % _PRIME).min(axis=1).reshape(_BANDS, -1)
    return [bytes([band]) + row.tobytes() for band, row in enumerate(signature)]


def _jaccard(one: frozenset[int], other: frozenset[int]) -> float:
    both = len(one & other)
    return both / (len(one) + len(other) - both) if both else 0.0
