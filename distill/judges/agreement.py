"""How far two judges agree."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from distill.judges.rubric import LEAST, MOST

Scores = Mapping[str, Mapping[str, Sequence[int]]]  # item -> judge -> its scores, criterion by criterion


@dataclass(frozen=True, slots=True)
class Agreement:
    judges: tuple[str, str]
    items: int  # that both judged
    exact: float  # share of the scores that are equal
    near: float  # share that differ by one at most
    kappa: float | None  # None if chance explains all: both always gave the same score

    def row(self) -> dict[str, Any]:
        """The agreement as the summary of a run shows it."""
        kappa = None if self.kappa is None else round(self.kappa, 3)
        return {
            "judges": list(self.judges), "items": self.items, "exact": round(self.exact, 3),
            "within_one": round(self.near, 3), "kappa": kappa,
        }  # fmt: skip


def agreements(scores: Scores) -> list[Agreement]:
    """The agreement of each pair of judges who judged the same items, in the order of their names."""
    judges = sorted({judge for judged in scores.values() for judge in judged})
    return [
        pair for first, second in combinations(judges, 2) if (pair := _agreement(scores, first, second)) is not None
    ]


def _agreement(scores: Scores, first: str, second: str) -> Agreement | None:
    """How far two judges agree; None if they have no score in common."""
    items = [judged for judged in scores.values() if first in judged and second in judged]
    pairs: list[tuple[int, int]] = []
    for judged in items:
        pairs += zip(judged[first], judged[second], strict=False)
    if not pairs:
        return None
    columns = np.array(pairs, np.int64)
    difference = np.abs(columns[:, 0] - columns[:, 1])
    exact, near = float((difference == 0).mean()), float((difference <= 1).mean())
    return Agreement((first, second), len(items), exact, near, kappa(columns))


def kappa(pairs: np.ndarray[Any, np.dtype[np.int64]]) -> float | None:
    """Weighted kappa with squared distances (Cohen 1968, Psychological Bulletin 70): 1 for equal scores, 0 for chance.

    `pairs`: shape (n, 2), the scores of the first and of the second judge. None if both always gave one and the same score.

    >>> kappa(np.array([[1, 1], [3, 3], [5, 5]]))
    1.0
    >>> round(kappa(np.array([[1, 2], [3, 3], [5, 4]])), 2)
    0.8
    """
    values = np.arange(LEAST, MOST + 1)
    weights = (values[:, None] - values[None, :]) ** 2
    first, second = ((pairs[:, place, None] == values).mean(axis=0) for place in (0, 1))
    by_chance = float((weights * np.outer(first, second)).sum())
    observed = float(((pairs[:, 0] - pairs[:, 1]) ** 2).mean())
    return 1.0 - observed / by_chance if by_chance else None
