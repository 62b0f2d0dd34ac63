"""Texts to vectors. Rows are unit vectors, so a dot product is the cosine."""

import contextlib
import hashlib
import json
import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from foundation.errors import ModelError, ModelSetupError, ModelUnavailableError, StoreError
from foundation.model.options import EmbeddingOptions

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]
    Mask = NDArray[np.bool_]

_DEFAULT = "all-MiniLM-L6-v2"
_KEYS_A_QUERY = 500
_TEXTS_A_BATCH = 1024  # vectors are kept after each batch, so an interrupted run continues there


class Embedder(Protocol):
    """A sentence embedding model."""

    name: str

    def embed(self, texts: Sequence[str]) -> "Vectors":
        """Unit vectors of `texts`, shape (len(texts), dimensions), float32, in the order of the texts.

        Blocking: call it in a thread. Raises `ModelError` if the model cannot be loaded or its server fails.
        """


def open_embedder(options: EmbeddingOptions, cache_directory: Path) -> "CachedEmbedder":
    """The embedder that `options` name, with a cache of vectors in `cache_directory`. Loads nothing before its first use."""
    name = options.model
    inner: Embedder
    if options.url:
        inner = EndpointEmbedder(options.url.rstrip("/"), options)
    elif is_light(name):
        from foundation.model.minilm import MiniLM

        inner = MiniLM(name)
    else:
        inner = SentenceTransformersEmbedder(name)
    return CachedEmbedder(inner, cache_directory / "vectors.sqlite")


def is_light(name: str) -> bool:
    """Whether the model `name` is installed here with its weights, and runs without torch."""
    from foundation.model.minilm import PACKAGES

    return name == _DEFAULT and all(map(find_spec, PACKAGES))


class CachedEmbedder:
    """Embeds each text once per model, in one SQLite file that any number of processes and threads use at once.

    `inner` computes what the file at `path` does not have. Raises `StoreError` if that file fails.
    """

    def __init__(self, inner: Embedder, path: Path) -> None:
        self.name = inner.name
        self._inner = inner
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._cache = threading.Lock()
        self._model = threading.Lock()

    def embed(self, texts: Sequence[str]) -> "Vectors":
        """Unit vectors of `texts`, as `Embedder.embed` gives them; each distinct text is computed at most once, then kept.

        Without texts the shape is (0, 0).
        """
        import numpy as np

        keys = [_key(text) for text in texts]
        by_key = self._read_cache(keys)
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in by_key}
        if missing:
            with self._model:
                missing_keys = list(missing)
                for start in range(0, len(missing_keys), _TEXTS_A_BATCH):
                    part = missing_keys[start : start + _TEXTS_A_BATCH]
                    vectors = self._inner.embed([missing[key] for key in part])
                    self._write_cache(part, vectors)
                    by_key.update(zip(part, vectors, strict=True))
        if not keys:
            return np.zeros((0, 0), dtype=np.float32)
        return np.stack([by_key[key] for key in keys])

    def known(self, texts: Sequence[str]) -> "tuple[Vectors, Mask]":
        """The vectors that the cache has of `texts`, without loading a model, and a mask of the texts that it has.

        Shapes: (len(texts), dimensions), with zeros for an unknown text, and (len(texts),). If none is known, 0 dimensions.
        """
        import numpy as np

        keys = [_key(text) for text in texts]
        by_key = self._read_cache(keys)
        mask = np.array([key in by_key for key in keys], dtype=np.bool_)
        width = len(next(iter(by_key.values()))) if by_key else 0
        vectors = np.zeros((len(keys), width), dtype=np.float32)
        for row, key in enumerate(keys):
            if mask[row]:
                vectors[row] = by_key[key]
        return vectors, mask

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        with self._cache:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    # -- the cache

    def _read_cache(self, keys: Sequence[bytes]) -> "dict[bytes, NDArray[np.float32]]":
        import numpy as np

        by_key: dict[bytes, NDArray[np.float32]] = {}
        distinct = list(dict.fromkeys(keys))
        with self._cache, _converted(self._path):
            connection = self._connect()
            for start in range(0, len(distinct), _KEYS_A_QUERY):
                part = distinct[start : start + _KEYS_A_QUERY]
                query = f"SELECT text, vector FROM vector WHERE model = ? AND text IN ({','.join('?' * len(part))})"  # noqa: S608  only question marks are put in
                for key, vector in connection.execute(query, (self.name, *part)):
                    by_key[key] = np.frombuffer(vector, dtype="<f4")
        return by_key

    def _write_cache(self, keys: Sequence[bytes], vectors: "Vectors") -> None:
        rows = [(self.name, key, vector.astype("<f4").tobytes()) for key, vector in zip(keys, vectors, strict=True)]
        with self._cache, _converted(self._path):
            connection = self._connect()
            connection.execute("BEGIN IMMEDIATE")
            try:
                connection.executemany("INSERT OR IGNORE INTO vector VALUES (?, ?, ?)", rows)
                connection.execute("COMMIT")
            except sqlite3.Error:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def _connect(self) -> sqlite3.Connection:
        if self._connection is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(self._path, timeout=30.0, isolation_level=None, check_same_thread=False)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")  # what a power cut takes is computed again
            connection.execute(
                "CREATE TABLE IF NOT EXISTS vector (model TEXT, text BLOB, vector BLOB NOT NULL, "
                "PRIMARY KEY (model, text)) STRICT"
            )
            self._connection = connection
        return self._connection


def _key(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:16]


@contextlib.contextmanager
def _converted(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        hint = "Free space on the disk if it is full; else move the file away: vectors are computed again."
        raise StoreError(f"{path}: the cache of vectors fails ({error})", hint) from error
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror}", "Make the folder writable.") from error


class EndpointEmbedder:
    """An OpenAI-compatible /embeddings endpoint."""

    _TEXTS_A_CALL = 128
    _TRIES = 5

    def __init__(self, base_url: str, options: EmbeddingOptions) -> None:
        self.name = options.model
        self._url = base_url
        self._options = options

    def embed(self, texts: Sequence[str]) -> "Vectors":
        import numpy as np
        import openai

        key = os.environ.get(self._options.api_key_env) or "EMPTY"
        rows: list[list[float]] = []
        with openai.OpenAI(
            base_url=self._url, api_key=key, max_retries=self._TRIES, timeout=self._options.timeout
        ) as client:
            for start in range(0, len(texts), self._TEXTS_A_CALL):
                part = [text or " " for text in texts[start : start + self._TEXTS_A_CALL]]
                try:
                    reply = client.embeddings.with_raw_response.create(
                        model=self.name, input=part, encoding_format="float"
                    )
                except openai.OpenAIError as error:
                    raise self._convert(error) from error
                rows += self._rows(reply.text)
        vectors = np.asarray(rows, dtype=np.float32)
        if vectors.ndim != 2 or len(vectors) != len(texts):
            raise ModelSetupError(
                f"{self._url} gave {len(rows)} vectors for {len(texts)} texts", "Look at that server."
            )
        vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        return vectors

    def _rows(self, reply: str) -> list[list[float]]:
        """The vectors of a reply. Read here: the client looks at each number, which takes eight times as long."""
        try:
            data = sorted(json.loads(reply)["data"], key=lambda item: item["index"])
            return [[*map(float, item["embedding"])] for item in data]
        except (ValueError, KeyError, TypeError) as error:
            raise ModelSetupError(
                f"{self._url} does not answer with embeddings ({error})", "Look at that server."
            ) from error

    def _convert(self, error: Exception) -> ModelError:
        import openai

        if isinstance(error, openai.APIStatusError) and error.status_code < 500 and error.status_code != 429:
            hint = f"Look at embedding_url, embedding_model and the key in {self._options.api_key_env}."
            return ModelSetupError(f"{self._url} refuses to embed with {self.name!r} ({error})", hint)
        hint = "Start the server, or unset embedding_url to embed in this process. The same command then continues."
        return ModelUnavailableError(f"{self._url}: embeddings fail ({error})", hint)


class SentenceTransformersEmbedder:
    """Any model that sentence-transformers loads; importing it takes ten seconds and more."""

    def __init__(self, name: str, batch: int = 256) -> None:
        self.name = name
        self._batch = batch
        self._model: object | None = None

    def embed(self, texts: Sequence[str]) -> "Vectors":
        import numpy as np

        model = self._load()
        vectors = model.encode(  # type: ignore[attr-defined]  # imported when it is used
            list(texts),
            batch_size=self._batch,
            normalize_embeddings=True,
            show_progress_bar=False,
            convert_to_numpy=True,
        )
        return np.asarray(vectors, dtype=np.float32)

    def _load(self) -> object:
        if self._model is None:
            try:
                from sentence_transformers import SentenceTransformer
            except ImportError as error:
                hint = "Install sentence-transformers, or set embedding_url to an OpenAI-compatible server."
                raise ModelSetupError(f"{self.name}: sentence-transformers is not installed", hint) from error
            try:
                self._model = SentenceTransformer(self.name)
            except (OSError, ValueError, RuntimeError) as error:
                reason = str(error).splitlines()[0] if str(error) else type(error).__name__
                hint = "Set embedding_model to a folder with the model, or to a name that can be downloaded from here."
                raise ModelSetupError(f"the embedding model {self.name!r} cannot be loaded ({reason})", hint) from error
        return self._model
