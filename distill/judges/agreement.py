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
    kappa: float | None  # None where chance explains all: both gave one and the same score throughout

    def row(self) -> dict[str, Any]:
        kappa = None if self.kappa is None else round(self.kappa, 3)
        return {
            "judges": list(self.judges), "items": self.items, "exact": round(self.exact, 3),
            "within_one": round(self.near, 3), "kappa": kappa,
        }  # fmt: skip


def agreements(scores: Scores) -> list[Agreement]:
    """One for each pair of judges who judged the same items, in the order of their names."""
    judges = sorted({judge for judged in scores.values() for judge in judged})
    found = []
    for first, second in combinations(judges, 2):
        both = [(judged[first], judged[second]) for judged in scores.values() if first in judged and second in judged]
        pairs = np.array([pair for a, b in both for pair in zip(a, b, strict=False)], np.int64).reshape(-1, 2)
        if len(pairs):
            apart = np.abs(pairs[:, 0] - pairs[:, 1])
            found.append(
                Agreement(
                    (first, second), len(both), float((apart == 0).mean()), float((apart <= 1).mean()), kappa(pairs)
                )
            )
    return found


def kappa(pairs: np.ndarray[Any, np.dtype[np.int64]]) -> float | None:
    """Weighted kappa (Cohen 1968, Psychological Bulletin 70) with squared distances: 1 all alike, 0 as by chance.

    `pairs`: (n, 2) scores of the first and of the second judge.
    """
    values = np.arange(LEAST, MOST + 1)
    weights = (values[:, None] - values[None, :]) ** 2
    first, second = ((pairs[:, place, None] == values).mean(axis=0) for place in (0, 1))
    by_chance = float((weights * np.outer(first, second)).sum())
    observed = float(((pairs[:, 0] - pairs[:, 1]) ** 2).mean())
    return 1.0 - observed / by_chance if by_chance else None
