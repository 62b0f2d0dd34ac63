"""Does a text say the same as a known one? The rule for personas and for questions, one text at a time.

Nearly the same words as any of them, or else nearly the same meaning as one in its region or a neighbour of it.
`survivors.py` applies this rule to all personas of a graph at once.
"""

from collections.abc import Callable, Sequence

from population.matching.matchers import Embed, Match, MeaningMatcher, WordMatcher, can_embed
from population.matching.thresholds import Thresholds

Members = Callable[[str], tuple[Sequence[str], Sequence[str]]]
Around = Callable[[str], Sequence[str]]


class KnownTexts:
    """The texts that survive.

    Meaning is compared only in languages that the embedding model knows. `members` gives the ids and texts of a region's
    survivors in such languages, `around` the region itself and its neighbours. Both are called only when meaning is
    compared, so that only the regions in use are embedded.
    """

    def __init__(self, embed: Embed, members: Members, around: Around, thresholds: Thresholds) -> None:
        self._embed = embed
        self._members = members
        self._around = around
        self._words = WordMatcher(thresholds.words)
        self._meaning = MeaningMatcher(thresholds.meaning)
        self._meaning_counts = thresholds.meaning < 1
        self._loaded: dict[str, None] = {}  # regions whose vectors are in memory, the one used last at the end

    def by_meaning(self, language: str) -> bool:
        """Whether texts in this language are compared by meaning."""
        return self._meaning_counts and can_embed(language)

    def find(self, text: str, language: str, region: str) -> Match | None:
        """The survivor that says the same as a `text` of this `region`."""
        match = self._words.find(text)
        if match is None and self.by_meaning(language):
            regions = self._around(region)
            for near in regions:
                self._load(near)
            match = self._meaning.find(regions, self._embed([text])[0])
        return match

    def add_words(self, ids: Sequence[str], texts: Sequence[str]) -> None:
        """Add survivors that `members` will give too."""
        self._words.add_all(ids, texts)

    def add(self, text_id: str, text: str, language: str, region: str) -> None:
        """Add a survivor. If its region is not in memory yet, `members` must give it later."""
        self._words.add(text_id, text)
        if region in self._loaded and self.by_meaning(language):
            self._meaning.add(region, [text_id], self._embed([text]))

    def drop_vectors(self, limit: int) -> None:
        """Forget the vectors of the regions that were not used for longest, until at most `limit` are in memory."""
        while len(self._meaning) > limit and len(self._loaded) > 1:
            region = next(iter(self._loaded))
            del self._loaded[region]
            self._meaning.drop(region)

    def _load(self, region: str) -> None:
        is_loaded = region in self._loaded
        self._loaded.pop(region, None)
        self._loaded[region] = None
        if not is_loaded:
            ids, texts = self._members(region)
            if ids:
                self._meaning.add(region, ids, self._embed(texts))
