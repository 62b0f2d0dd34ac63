"""Texts as arms of the same rule: which bucket of texts to draw the next persona from.

A bucket is a file and a stance. Buckets compete with the arms of the quotient graph for one budget. A call about a text
gives one persona and a call about a persona several, so a text must promise as many times more.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from expansion.selection import How, Reason, TextChoice, sampled
from expansion.texts.calls import TextCall
from expansion.texts.plan import TextPlan
from graphstore import digest
from graphstore.files import Piece
from population import NO_ARM, PRIOR, Floats, Population, Tally, text_arm

AHEAD = 64  # texts read at once
TRUST = 60.0  # answers that the prediction of a bucket is worth


class TextArms:
    """The texts of the graph that may still be asked about, by bucket.

    `texts`: id and file of each. `done`: the calls that the graph holds. `read` gives the pieces with some ids. `cost`:
    how many times more personas a call about a persona gives. Memory: about 200 bytes for each text and stance left.
    """

    def __init__(
        self,
        plan: TextPlan,
        texts: Iterable[Mapping[str, Any]],
        done: set[str],
        *,
        cost: float,
        read: Callable[[Sequence[str]], list[Piece]],
    ) -> None:
        self.plan = plan
        self._cost = cost
        self._read = read
        self._files: dict[str, str] = {}
        self._buckets: dict[tuple[str, str], int] = {}
        left: dict[int, list[str]] = {}
        for text in texts:
            self._files[text["id"]] = text["sha256"]
            for stance in plan.stances:
                bucket = self._buckets.setdefault((text["sha256"], stance), len(self._buckets))
                if plan.call_id(text["id"], stance) not in done:
                    left.setdefault(bucket, []).append(text["id"])
        self._left = {bucket: deque(sorted(ids, key=digest)) for bucket, ids in left.items()}
        self._ready: dict[str, Piece] = {}
        self._stances = {bucket: stance for (_, stance), bucket in self._buckets.items()}

    @property
    def buckets(self) -> int:
        """How many buckets there are, empty ones included."""
        return len(self._buckets)

    @property
    def left(self) -> int:
        """Calls that may still be made."""
        return sum(map(len, self._left.values()))

    def arm(self, text: str, stance: str) -> int:
        """The arm of the `text` with this id and a `stance`; NO_ARM for those that cannot be chosen."""
        bucket = self._buckets.get((self._files.get(text, ""), stance))
        return NO_ARM if bucket is None else text_arm(bucket)

    def take(self, text: str, stance: str) -> TextChoice | None:
        """The `text` with this id, for a call that an interrupted run had under way; None if it is not waiting."""
        bucket = self._buckets.get((self._files.get(text, ""), stance))
        if bucket is None or text not in self._left.get(bucket, ()):
            return None
        self._left[bucket].remove(text)
        return TextChoice(bucket, self._piece(text, [text]), stance)

    def draw(self, people: Population, uncovered: Floats, rng: np.random.Generator) -> tuple[float, int, float] | None:
        """The sampled worth of the best bucket, the bucket, and its predicted chance; None if no text is left.

        The worth counts per answer of a call about a persona, so that it compares with the worth of an arm. Calls under
        way count as if they had found nobody new.
        """
        tally = people.worth
        open_ = self.open()
        if not len(open_):
            return None
        new, weight = self._predict(tally, uncovered)
        asked = tally.text_asked + people.under_way.of_texts(self.buckets)
        worth = sampled(rng, tally.text_single, asked, new, TRUST) * weight / self._cost
        best = int(open_[worth[open_].argmax()])
        return float(worth[best]), best, float(new[best])

    def next(self, bucket: int, expected: float, how: How = "text") -> TextChoice:
        """The next text of a `bucket` that has one. `expected`: the chance that was predicted for it."""
        waiting = self._left[bucket]
        text = waiting.popleft()
        piece = self._piece(text, [text, *list(waiting)[: AHEAD - 1]])
        return TextChoice(bucket, piece, self._stances[bucket], expected, how)

    def best(self, tally: Tally, uncovered: Floats) -> float:
        """The highest predicted chance that an answer is new, on the scale of `draw`; 0 if nothing is left.

        `uncovered`: U by region.
        """
        open_ = self.open()
        return float(self._predict(tally, uncovered)[0][open_].max()) / self._cost if len(open_) else 0.0

    def record(self, tally: Tally) -> float:
        """The share of all answers about texts in `tally` that found somebody new; 1 while there are none."""
        return float((tally.text_single.sum() + PRIOR) / (tally.text_asked.sum() + PRIOR))

    def open(self) -> NDArray[np.int64]:
        """The buckets that have a text left."""
        return np.array([bucket for bucket, ids in self._left.items() if ids], np.int64)

    def call(self, choice: TextChoice, run: str, how: How | None = None) -> TextCall:
        """The call for a `choice`, as part of `run`."""
        call = self.plan.call_id(choice.piece.id, choice.stance)
        request = self.plan.request(run, call, choice.piece, choice.stance)
        reason = Reason(how or choice.how, expected=choice.expected)
        return TextCall(call, choice.piece, choice.stance, request, text_arm(choice.bucket), reason)

    def _predict(self, tally: Tally, uncovered: Floats) -> tuple[Floats, Floats]:
        """By bucket: the chance that an answer is new, and how uncovered the regions are where the new ones land.

        A mean of U over where a bucket's answers landed, shrunk to the mean B over all buckets, (c·U + t·B)/(N + t), and
        B in turn to the mean over all regions. That says where texts lead, but not how often they bring the same person:
        personas that a model repeats there lower U, though no text brought them. So the whole is scaled to what texts
        found, (f1 + t·B)/(n + t).
        """
        cells = tally.text_landed.items()
        bucket = np.array([bucket for (bucket, _), _ in cells], np.int64)
        region = np.array([region for (_, region), _ in cells], np.int64)
        answers = np.array([times for _, times in cells], float)
        landed = np.bincount(bucket, answers, self.buckets)

        def expectation(value: Floats) -> tuple[Floats, float]:
            """The mean of a value by bucket, and over all buckets."""
            anywhere = float(value.mean()) if len(value) else 1.0
            weighted = answers * value[region]
            pooled = (weighted.sum() + PRIOR * anywhere) / (answers.sum() + PRIOR)
            mean: Floats = (np.bincount(bucket, weighted, self.buckets) + PRIOR * pooled) / (landed + PRIOR)
            return mean, float(pooled)

        new, pooled = expectation(uncovered)
        weight = expectation(uncovered**2)[0] / np.maximum(new, 1e-12)
        record = (tally.text_single.sum() + PRIOR * pooled) / (tally.text_asked.sum() + PRIOR)
        return np.minimum(new * record / max(pooled, 1e-12), 1.0), weight

    def _piece(self, text: str, ahead: Sequence[str]) -> Piece:
        if text not in self._ready:
            self._ready = {piece.id: piece for piece in self._read(ahead)}
        return self._ready.pop(text)
