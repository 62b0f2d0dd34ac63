"""Texts to vectors. Rows are unit vectors, so a dot product is the cosine."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray




class Embedder(Protocol):
    """A sentence embedding model."""

    name: str

    def embed(self, texts: Sequence[str]) -> "Vectors":
        """Unit vectors, shape (len(texts), dimensions), float32, in the order of the texts. Blocking: call it in a thread."""
