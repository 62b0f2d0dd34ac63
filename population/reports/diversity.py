"""How different the personas are from each other, beside how many of them there are."""

import random
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

import numpy as np

from graphstore import language_of
from population.loading import Loaded
from population.matching import Embed, Vectors, can_embed

SAMPLE = 2000
SEED = 0
_WORD = re.compile(r"\w+")


def measure_diversity(loaded: Loaded, embed: Embed, *, sample: int = SAMPLE, seed: int = SEED) -> dict[str, Any]:
    """Measures of a `sample` of the survivors, each with the number of personas behind it.

    Those by embedding (vendi, nearest) leave out languages that the model does not know, those by words leave out texts
    written without blanks. Embeds up to 2 x `sample` texts.
    """
    people = loaded.population
    known = [p for p, text in enumerate(people.texts) if can_embed(language_of(text))]
    chosen = _drawn(known, sample, seed)
    roles = _drawn(sorted({role for p in known if (role := people.roles[p]) and role.isascii()}), sample, seed)
    words = [_WORD.findall(people.texts[p].casefold()) for p in _drawn(range(len(people.texts)), sample, seed)]
    spaced = [text for text in words if len(text) > 1]
    return {
        "seed": seed,
        "sample_at_most": sample,
        "personas": len(people.texts),
        "left_out_by_language": len(people.texts) - len(known),
        "persona": {"of": len(chosen), **_spread(embed([people.texts[p] for p in chosen]))},
        "role": {"of": len(roles), **_spread(embed(roles))},
        "words": {"of": len(spaced), **{f"distinct_{n}": distinct(spaced, n) for n in (1, 2, 3)}},
    }


def count_shares(loaded: Loaded) -> dict[str, dict[str, int]]:
    """Survivors by language ("und": not told) and by depth."""
    people = loaded.population
    languages = Counter(map(language_of, people.texts))
    return {
        "languages": dict(sorted(languages.items(), key=lambda pair: (-pair[1], pair[0]))),
        "depths": {str(depth): times for depth, times in sorted(Counter(people.depths).items())},
    }


def vendi(vectors: Vectors) -> float:
    """How many altogether different items the rows amount to: exp of the entropy of the eigenvalues of K/n.

    D. Friedman and A. Dieng (2023), "The Vendi Score", TMLR; K holds the cosines of the unit rows. K/n has the eigenvalues
    of the much smaller XᵀX/n, so the cost is O(n·d²). 0 for no rows; n where all are at right angles.
    """
    if not len(vectors):
        return 0.0
    rows = vectors.astype(np.float64)
    gram = rows.T @ rows if rows.shape[1] < len(rows) else rows @ rows.T
    values = np.linalg.eigvalsh(gram / len(rows))
    values = values[values > 1e-12]
    return float(np.exp(-(values * np.log(values)).sum()))


def nearest_distance(vectors: Vectors) -> float | None:
    """Mean of 1 - cosine to the nearest other row; None for fewer than two. O(n²·d), n² floats at once."""
    if len(vectors) < 2:
        return None
    cosines = vectors @ vectors.T
    np.fill_diagonal(cosines, -1.0)
    return float(np.mean(1.0 - np.minimum(cosines.max(axis=1), 1.0)))


def _runs(words: Sequence[str], n: int) -> Iterable[tuple[str, ...]]:
    """Each run of `n` neighbouring words."""
    return (tuple(words[start : start + n]) for start in range(len(words) - n + 1))


def distinct(texts: Iterable[Sequence[str]], n: int) -> float | None:
    """Different runs of n words among all (Li et al. 2016, "A diversity-promoting objective function"); falls with the sample."""
    grams = list(chain.from_iterable(_runs(words, n) for words in texts))
    return round(len(set(grams)) / len(grams), 4) if grams else None


def _spread(vectors: Vectors) -> dict[str, float | None]:
    near = nearest_distance(vectors)
    return {"vendi": round(vendi(vectors), 2), "nearest": None if near is None else round(near, 4)}


def _drawn(items: Sequence[Any], count: int, seed: int) -> list[Any]:
    return list(items) if len(items) <= count else random.Random(seed).sample(items, count)
