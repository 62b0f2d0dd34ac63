"""Finding somebody in a large graph by the explorer: seconds and memory of filters, searches and the export.

    python -m benchmarks.finding [--rows 100000] [--directory DIR]

The graph of benchmarks/reports.py on the embedded server, with a vector of 384 drawn numbers for each persona, so the model
itself is not measured. Memory is the most that this process had resident (VmHWM) beyond what it had before; the pages of the
file of vectors count too, though the system can drop them.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.import_rate import Place
from benchmarks.reports import KINDS, filled
from explorer import views
from explorer.filters import EVERYBODY, Filters
from explorer.meaning import Meaning
from foundation.model.embedding import CachedEmbedder
from graphstore.exports.exporting import PERSONA_COLUMNS
from graphstore.exports.writing import text_chunks

WIDTH = 384


class Drawn:
    name = "drawn"

    def __init__(self) -> None:
        self._rng = np.random.default_rng(0)

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        vectors = self._rng.standard_normal((len(texts), WIDTH), np.float32)
        unit: NDArray[np.float32] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return unit


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--directory", type=Path)
    options = parser.parse_args()
    with filled(options.rows, options.directory) as (place, _):
        embedder = CachedEmbedder(Drawn(), place.workspace / "vectors.sqlite")
        rows = place.store.read("reads/explore_texts")
        while batch := list(islice(rows, 10_000)):
            embedder.embed([row["text"] for row in batch])
        print(f"{options.rows:,} personas\n{'':>34} {'seconds':>8} {'more MB':>8}")
        measure(place, embedder)


def measure(place: Place, embedder: CachedEmbedder) -> None:
    store, meaning = place.store, Meaning(place.store, embedder, place.workspace)
    some = Filters(depth=0, relation=KINDS[0], language="en")
    asked: list[tuple[str, Callable[[], object]]] = [
        ("by meaning, the first time", lambda: meaning.search("a night nurse", EVERYBODY, None)),
        ("by meaning", lambda: meaning.search("a baker who sings", EVERYBODY, None)),
        ("by meaning, 1 of 24 relations", lambda: meaning.search("a sailor", some, None)),
        ("by meaning, nobody left", lambda: meaning.search("a monk", Filters(language="xx"), None)),
        ("by letters, found at once", lambda: views.search(store, "loom", EVERYBODY)),
        ("by letters, nobody", lambda: views.search(store, "no such words", EVERYBODY)),
        ("map, by language", lambda: views.matching(store, Filters(language="en"))),
        ("map, by relation", lambda: views.matching(store, Filters(relation=KINDS[0]))),
        ("export of 1 of 24 relations", lambda: export(place, some)),
        ("export of all", lambda: export(place, EVERYBODY)),
    ]
    for what, ask in asked:
        before, began = resident("VmRSS"), time.perf_counter()
        Path("/proc/self/clear_refs").write_text("5")  # VmHWM begins anew
        ask()
        seconds = time.perf_counter() - began
        print(f"{what:>34} {seconds:>8.2f} {max(0.0, resident('VmHWM') - before):>8.0f}", flush=True)


def export(place: Place, filters: Filters) -> None:
    rows = views.selected(place.store, filters, None, None)
    for _ in text_chunks(rows, PERSONA_COLUMNS, "jsonl"):
        pass


def resident(name: str) -> float:
    """Megabytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(name)).split()[1]) / 1024


if __name__ == "__main__":
    main()
