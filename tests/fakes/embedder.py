"""An embedder without a model: texts that share words are near."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tests.fakes.replies import vector


class HashEmbedder:
    name = "hash"

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.array([vector(text) for text in texts], np.float32).reshape(len(texts), -1)
