"""Texts in a simulated world: what each is about, and who is named when somebody is asked for its readers and writers.

A file is about one region, and most of its texts are. What is written about is not what a model likes to talk about: the
regions of files are drawn by their size. Each text has a place of its own in its region, so that texts lead to people whom
no relationship of somebody well known leads to. A call about a text names one person.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from benchmarks.world import Built
from expansion.selection.strategies import Choice, CoverageFirst, TextChoice
from expansion.texts.arms import TextArms
from expansion.texts.plan import TextPlan
from foundation.prompts import Prompt
from graphstore.files.documents import Piece
from population import Tally

Next = Choice | TextChoice | Literal["wait"] | None
STAY = {"read": 0.60, "write": 0.75, "like": 0.45, "dislike": 0.30}  # share of a stance's answers in the text's region
TOPIC = 0.7  # share of a file's texts that are about its region
PLAN = TextPlan((), 0, {stance: stance for stance in STAY}, Prompt("", (), (), ""))


@dataclass(frozen=True)
class Library:
    files: int = 100
    each: int = 25  # texts
    collapse: float = 0.08  # share of the answers that come from the top list, whatever the text

    @property
    def buckets(self) -> int:
        return self.files * len(STAY)


class Shelves:
    """A library in a world."""

    def __init__(self, library: Library, world: Built) -> None:
        self._world, self._collapse = world, library.collapse
        rng = np.random.default_rng([world.world.seed, 3])
        by_size = world.sizes / world.sizes.sum()
        files = np.repeat(rng.choice(world.world.regions, library.files, p=by_size), library.each)
        others = rng.choice(world.world.regions, len(files), p=by_size)
        self._about = np.where(rng.random(len(files)) < TOPIC, files, others)
        self._places = rng.integers(0, 2**31, len(files))
        self._rows = [{"id": str(text), "sha256": str(text // library.each)} for text in range(len(files))]
        self._by_size = np.cumsum(by_size)

    def arms(self, per_call: int) -> TextArms:
        def read(ids: Sequence[str]) -> list[Piece]:
            return [Piece(one, "", "", 0, "", "") for one in ids]

        return TextArms(PLAN, self._rows, set(), cost=per_call, read=read)

    def draw(self, choice: TextChoice, rng: np.random.Generator) -> int:
        """The role that is named."""
        text, chance = int(choice.piece.id), rng.random(4)
        if chance[0] < self._collapse:
            return self._world.famous(chance[1])
        region = self._about[text]
        if chance[2] >= STAY[choice.stance]:
            region = np.searchsorted(self._by_size, chance[3] * self._by_size[-1])
        return self._world.ranked(int(region), chance[1], int(self._places[text]))


class TextsFirst:
    """All texts, in an order of chance, and the rule's own calls only then."""

    ordered = False

    def __init__(self, rng: np.random.Generator, texts: TextArms, then: CoverageFirst) -> None:
        self._rng, self._texts, self._then = rng, texts, then

    def best(self, tally: Tally) -> float | None:  # noqa: ARG002  of the protocol
        return None

    def choose(self) -> Next:
        open_ = self._texts.open()
        return self._texts.next(int(self._rng.choice(open_)), 1.0) if len(open_) else self._then.choose()
