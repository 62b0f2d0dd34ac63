"""Texts embedded a second by sentence-transformers, by batch size, on a GPU where there is one, and by the path without torch.

    python -m benchmarks.embedding MODEL [--texts 100000] [--batches 32 256 1024] [--light]

MODEL is what `embedding_model` would be: a name or a folder. Texts are as long as personas are, of the words of
examples/personas.jsonl in an order drawn once. The rate leaves out loading, which is given beside it. Vectors of the first
1,000 texts are held against those of the first batch size: `least cosine`.
"""

import argparse
import json
import random
import time
from pathlib import Path

import numpy as np

from foundation.model.embedding import Embedder, SentenceTransformersEmbedder

PEOPLE = Path(__file__).parents[1] / "examples" / "personas.jsonl"


def texts(count: int) -> list[str]:
    people = [json.loads(line)["persona"] for line in PEOPLE.read_text(encoding="utf-8").splitlines()]
    words, draw = " ".join(people).split(), random.Random(5)
    lengths = [len(text.split()) for text in people]
    return [" ".join(draw.choices(words, k=draw.choice(lengths))) for _ in range(count)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--texts", type=int, default=100_000)
    parser.add_argument("--batches", type=int, nargs="*", default=[32, 256, 1024])
    parser.add_argument("--light", action="store_true", help="also pgraph's own way, in integers")
    asked = parser.parse_args()
    some = texts(asked.texts)
    ways: list[tuple[str, Embedder]] = [
        (f"sentence-transformers, batches of {size}", SentenceTransformersEmbedder(asked.model, size))
        for size in asked.batches
    ]
    if asked.light:
        from foundation.model.minilm import MiniLM

        ways.append(("without torch", MiniLM("all-MiniLM-L6-v2")))
    first = None
    for name, embedder in ways:
        began = time.perf_counter()
        embedder.embed(some[:64])
        loaded = time.perf_counter()
        vectors = embedder.embed(some)
        took = time.perf_counter() - loaded
        first = vectors[:1000] if first is None else first
        same = float(np.min(np.sum(first * vectors[:1000], axis=1)))
        print(
            f"{name}: {len(some) / took:,.0f} texts/s, loaded in {loaded - began:.1f} s, least cosine {same:.5f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
