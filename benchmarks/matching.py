"""Precision and recall of matching, over thresholds: roles on ESCO's synonyms, personas on pairs made by hand.

    python benchmarks/matching.py [--esco esco_occupations_en.csv] [--cache DIR]

Roles: labels of one ESCO occupation (European Commission, ESCO v1, preferred and alternative labels) are the same role,
labels of different occupations are not; a label that several occupations have is left out. `pairs`: all pairs of labels.
`joins`: the rule of pgraph, each label joined to the nearest one before it that was not joined itself; a join is right
when both are of one occupation. `group`: the share of joins that stay within an ISCO unit group, as many occupations are
near synonyms of each other. Personas: benchmarks/data/persona_pairs.tsv, 44 pairs in English, 42 each in Hindi and
Chinese, half of them the same person in other words, half others who do or know something near.

The default embedding model computes the vectors, kept in --cache (default: a temporary directory).
"""

import argparse
import csv
import random
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from foundation.model import EmbeddingOptions
from foundation.model.embedding import CachedEmbedder, open_embedder
from graphstore.ids import normal_name, persona_id
from population.matching import Vectors
from population.matching.survivors import Crowd, Survivors, VectorFile, sweep_thresholds
from population.matching.words import WordIndex

THRESHOLDS = [0.70, 0.75, 0.80, 0.85, 0.88, 0.90, 0.92, 0.95, 0.97]
WORDS = [0.5, 0.6, 0.7, 0.8, 0.9]
PAIRS = Path(__file__).parent / "data" / "persona_pairs.tsv"

Pair = tuple[bool, str, str]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--esco", type=Path)
    parser.add_argument("--cache", type=Path)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as temporary,
        closing(open_embedder(EmbeddingOptions(), options.cache or Path(temporary))) as embedder,
    ):
        personas(embedder)
        if options.esco:
            roles(options.esco, embedder)


# -- personas


def personas(embedder: CachedEmbedder) -> None:
    for language, pairs in pairs_by_language().items():
        print(f"\n{language}: {len(pairs)} pairs, {sum(same for same, *_ in pairs)} of them the same")
        table("exact", pairs, lambda one, other: float(persona_id(one) == persona_id(other)), [1.0])
        table("words", pairs, jaccard, WORDS)
        table("meaning", pairs, cosine(embedder), THRESHOLDS)


def cosine(embedder: CachedEmbedder) -> Callable[[str, str], float]:
    def score(one: str, other: str) -> float:
        here, there = embedder.embed([one, other])
        return float(here @ there)

    return score


def pairs_by_language() -> dict[str, list[Pair]]:
    found: dict[str, list[Pair]] = defaultdict(list)
    with PAIRS.open(encoding="utf-8") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            found[row["language"]].append((row["same"] == "1", row["one"], row["other"]))
    return found


def jaccard(one: str, other: str) -> float:
    """By the index itself, which tells every similarity above its threshold."""
    index = WordIndex(0.01)
    index.add(index.read([one]))
    return float(index.near(index.read([other]))[2].max(initial=0.0))


def table(how: str, pairs: Sequence[Pair], score: Callable[[str, str], float], thresholds: Sequence[float]) -> None:
    scored = [(same, score(one, other)) for same, one, other in pairs]
    print(f"{how:>9} {'at':>5} {'right':>6} {'wrong':>6} {'precision':>10} {'recall':>7}")
    for least in thresholds:
        right = sum(same for same, value in scored if value >= least)
        wrong = sum(not same for same, value in scored if value >= least)
        told = f"{right / (right + wrong):10.2f}" if right + wrong else f"{'-':>10}"
        print(f"{'':>9} {least:>5.2f} {right:>6} {wrong:>6} {told} {right / sum(same for same, _ in scored):>7.2f}")


# -- roles


def roles(file: Path, embedder: CachedEmbedder) -> None:
    labels, occupations, groups = labelled(file)
    vectors = embedder.embed(labels)
    sizes = Counter(occupations)
    print(f"\nroles: {len(labels):,} labels of {len(sizes):,} occupations in {len(set(groups)):,} unit groups")
    alike = sum(size * (size - 1) // 2 for size in sizes.values())
    print(f"{'':>5} {'pairs':>27} {'joins':>46}")
    print("   at  precision  recall    wrong   joined  precision  recall   group   roles")
    numbers = np.unique(occupations, return_inverse=True)[1]
    curve = list(all_pairs(vectors, numbers))
    crowd = Crowd(labels, np.zeros(len(labels), np.int32), np.ones(len(labels), np.bool_), {})
    with closing(VectorFile(crowd, embedder.embed, None)) as kept:
        swept = sweep_thresholds(crowd, 2.0, THRESHOLDS, kept)
    possible = len(labels) - len(sizes)
    for least, (right, wrong), found in zip(THRESHOLDS, curve, swept, strict=True):
        joined, correct, near = joins(found, occupations, groups)
        print(
            f"{least:>5.2f} {right / max(1, right + wrong):>10.3f} {right / alike:>7.3f} {wrong:>8,} {joined:>8,} "
            f"{correct / max(1, joined):>10.3f} {correct / possible:>7.3f} {near / max(1, joined):>7.3f} {len(labels) - joined:>7,}"
        )
        examples(found, labels, occupations)


def labelled(file: Path) -> tuple[list[str], list[str], list[str]]:
    """Labels in an order drawn once, as roles come in any, with their occupation and its unit group."""
    homes: dict[str, set[tuple[str, str]]] = defaultdict(set)
    with file.open(encoding="utf-8", newline="") as source:
        for row in csv.DictReader(source):
            for label in [row["preferredLabel"], *row["altLabels"].split("\n")]:
                if label.strip():
                    homes[normal_name(label)].add((row["conceptUri"], row["iscoGroup"]))
    labels = sorted(label for label, places in homes.items() if len(places) == 1)
    random.Random(1).shuffle(labels)
    only = [next(iter(homes[label])) for label in labels]
    return labels, [occupation for occupation, _ in only], [group for _, group in only]


def all_pairs(vectors: Vectors, numbers: "np.ndarray[tuple[int], np.dtype[np.int64]]") -> Iterator[tuple[int, int]]:
    """For each threshold how many pairs at or above it are of one occupation, and how many are not."""
    totals = np.zeros((len(THRESHOLDS), 2), np.int64)
    for start in range(0, len(vectors), 1024):
        scores = vectors[start : start + 1024] @ vectors[start:].T
        row, column = np.nonzero(scores >= THRESHOLDS[0])
        later = column > row
        row, column = row[later], column[later]
        same = numbers[row + start] == numbers[column + start]
        for place, least in enumerate(THRESHOLDS):
            above = scores[row, column] >= least
            totals[place] += [int((above & same).sum()), int((above & ~same).sum())]
    yield from ((int(right), int(wrong)) for right, wrong in totals)


def joins(found: Survivors, occupations: Sequence[str], groups: Sequence[str]) -> tuple[int, int, int]:
    marks = [(one, other) for one, other, _, _ in found.marks()]
    right = sum(occupations[one] == occupations[other] for one, other in marks)
    return len(marks), right, sum(groups[one] == groups[other] for one, other in marks)


def examples(found: Survivors, labels: Sequence[str], occupations: Sequence[str]) -> None:
    """Three joins at the border that ESCO does not make."""
    wrong = sorted(
        (score, one, other) for one, other, _, score in found.marks() if occupations[one] != occupations[other]
    )
    print("      e.g.", "; ".join(f"{labels[one]} = {labels[other]}" for _, one, other in wrong[:3]))


if __name__ == "__main__":
    main()
