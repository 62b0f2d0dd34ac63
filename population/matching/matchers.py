"""Is this the same persona, the same role? Exact, then MinHash, then embedding; exactly one survivor.

A text is compared with survivors only, never with their duplicates, so that no chain runs through a hub. An embedding is
trusted only in a language that the model knows: an English model puts strangers who write Chinese at 0.91.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from graphstore import normal_name
from population.matching.thresholds import SAME_MEANING, SAME_ROLE, SAME_WORDS
from population.matching.vectors import NamedVectors, Vectors
from population.matching.words import WordIndex, Words

KNOWN_LANGUAGES = frozenset({"en"})  # of the default embedding model

_BLOCK = 8192

Embed = Callable[[Sequence[str]], Vectors]


def can_embed(language: str) -> bool:
    """Whether the embedding model knows this language (a BCP 47 code), so that its cosines mean something."""
    return language in KNOWN_LANGUAGES


@dataclass(frozen=True, slots=True)
class Match:
    """The survivor that a text is a duplicate of, and why."""

    survivor: str
    method: str  # exact, minhash or embedding
    score: float


class WordMatcher:
    """Texts with nearly the same words: Jaccard similarity of at least `least`; see `population.matching.words`.

    >>> matcher = WordMatcher()
    >>> matcher.add("p1", "A nurse who sings in the choir of a small town by the sea")
    >>> matcher.find("a Nurse who sings in the choir of a small town by the sea.")
    Match(survivor='p1', method='minhash', score=1.0)
    >>> matcher.find("A cook") is None
    True
    """

    def __init__(self, least: float = SAME_WORDS) -> None:
        self._index = WordIndex(least)
        self._names: list[str] = []
        self._last_read: tuple[str, Words] | None = None  # a text is usually added right after `find`

    def add(self, persona_id: str, text: str) -> None:
        """Add the `text` of a survivor."""
        self._index.add_one(self._hash(text))
        self._names.append(persona_id)

    def add_all(self, persona_ids: Sequence[str], texts: Sequence[str]) -> None:
        """Add many survivors and their texts at once: 30 µs each, a third of what `add` takes."""
        names = list(persona_ids)  # both may grow meanwhile
        for start in range(0, len(names), _BLOCK):
            self._index.add(self._index.read(texts[start : min(start + _BLOCK, len(names))]))
        self._names += names

    def find(self, text: str) -> Match | None:
        """The survivor most similar to `text`, at or above the threshold; of equals the smallest id."""
        _, rows, scores = self._index.near(self._hash(text))
        if not len(rows):
            return None
        score, survivor = min((-score, self._names[row]) for row, score in zip(rows, scores, strict=True))
        return Match(survivor, "minhash", round(-float(score), 4))

    def _hash(self, text: str) -> Words:
        if self._last_read is None or self._last_read[0] != text:
            self._last_read = text, self._index.read([text])
        return self._last_read[1]


class MeaningMatcher:
    """Texts with nearly the same meaning: cosine of at least `least` inside one region and its neighbours, exact.

    Vectors are unit vectors of one length.

    >>> import numpy as np
    >>> matcher = MeaningMatcher()
    >>> matcher.add("medicine", ["p1", "p2"], np.eye(2, dtype=np.float32))
    >>> matcher.find(["medicine"], np.array([1, 0], np.float32))
    Match(survivor='p1', method='embedding', score=1.0)
    """

    def __init__(self, least: float = SAME_MEANING) -> None:
        self._least = least
        self._rows: dict[str, NamedVectors] = {}

    def add(self, region: str, persona_ids: Sequence[str], vectors: Vectors) -> None:
        """Add survivors of a `region`; `vectors` has the shape (len(persona_ids), dimensions)."""
        self._rows.setdefault(region, NamedVectors()).extend(persona_ids, vectors)

    def drop(self, region: str) -> None:
        """Forget the vectors of a region."""
        self._rows.pop(region, None)

    def __len__(self) -> int:
        return sum(len(rows.names) for rows in self._rows.values())

    def find(self, regions: Iterable[str], vector: Vectors) -> Match | None:
        """The survivor nearest to `vector` in any of the `regions`, at or above the threshold; of equals the smallest id.

        Cost: one product of a vector and a matrix for each region, 4 ms at 100,000 x 384.
        """
        hits = [hit for region in regions if region in self._rows for hit in self._rows[region].nearest(vector, 1)]
        score, survivor = min(hits, key=lambda hit: (-hit[0], hit[1]), default=(0.0, ""))
        return Match(survivor, "embedding", round(min(1.0, score), 4)) if score >= self._least else None


class RoleBook:
    """Canonical roles: a new one joins the nearest of the known `roles` with a cosine of at least `least`."""

    def __init__(self, roles: Iterable[str], embed: Embed, least: float = SAME_ROLE) -> None:
        self._embed = embed
        self._least = least
        self._canonical = {normal_name(role): role for role in roles}
        self._rows: NamedVectors | None = None

    def canonical(self, role: str, language: str) -> str:
        """The role to count `role` under. Embeds it if it is new and the model knows its `language` (a BCP 47 code)."""
        name = normal_name(role)
        if name not in self._canonical:
            self._canonical[name] = self._nearest(name) if self._comparable(name, language) else name
        return self._canonical[name]

    def _comparable(self, name: str, language: str) -> bool:
        return self._least < 1 and can_embed(language) and name.isascii()

    def _nearest(self, name: str) -> str:
        rows = self._load()
        vector = self._embed([name])[0]
        hits = rows.nearest(vector, 1)
        if hits and hits[0][0] >= self._least:
            return hits[0][1]
        rows.append(name, vector)
        return name

    def _load(self) -> NamedVectors:
        if self._rows is None:
            roles = sorted({role for role in self._canonical.values() if role.isascii()})
            self._rows = NamedVectors()
            self._rows.extend(roles, self._embed([normal_name(role) for role in roles]))
        return self._rows
