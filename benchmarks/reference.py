"""At which cosine is a role an entry of a reference list? Measured on occupations, whose groups are known.

    python benchmarks/reference.py OCCUPATIONS.csv GROUPS.csv [--workspace DIR]

OCCUPATIONS.csv has the columns iscoGroup, preferredLabel and altLabels (several labels in a cell), GROUPS.csv has code and
preferredLabel, as ESCO's files of occupations and ISCO groups have. Two lists are tried, the nearest entry taken:

synonyms  Of each occupation with three labels or more one label, drawn by a seed, plays the role of a persona, the others
          are the list. Right: an entry of the same ISCO unit group (neighbours in a group often share a label).
groups    The list is the 436 unit groups, the roles are the preferred labels of the occupations. Right: their group.

precision: right among those found; recall: right among all.
"""

import argparse
import csv
import random
import sys
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from foundation.model import EmbeddingOptions
from foundation.model.embedding import CachedEmbedder, open_embedder
from graphstore.ids import normal_name

THRESHOLDS = (0.60, 0.65, 0.70, 0.75, 0.80, 0.85, 0.90, 0.95)
Labels = list[tuple[str, str]]  # code, label


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("occupations", type=Path)
    parser.add_argument("groups", type=Path)
    parser.add_argument("--workspace", type=Path, default=Path(tempfile.gettempdir()) / "reference-vectors")
    options = parser.parse_args()
    occupations, groups = read(options.occupations), read(options.groups)
    embedder = open_embedder(EmbeddingOptions(), options.workspace)
    tell("synonyms", embedder, *synonyms(occupations))
    preferred = [(row["iscoGroup"], normal_name(row["preferredLabel"])) for row in occupations]
    units = [(row["code"], normal_name(row["preferredLabel"])) for row in groups if len(row["code"]) == 4]
    tell("groups", embedder, preferred, units)


def read(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines))


def synonyms(occupations: list[dict[str, str]]) -> tuple[Labels, Labels]:
    draw = random.Random(1)
    roles, entries = [], []
    for row in occupations:
        cell = f"{row['preferredLabel']}\n{row['altLabels']}".splitlines()
        names = sorted({normal_name(name) for name in cell if name.strip()})
        if len(names) > 2:
            roles.append((row["iscoGroup"], names.pop(draw.randrange(len(names)))))
            entries += [(row["iscoGroup"], name) for name in names]
    return roles, entries


def tell(what: str, embedder: CachedEmbedder, roles: Labels, entries: Labels) -> None:
    best, score = nearest(embedder.embed([name for _, name in roles]), embedder.embed([name for _, name in entries]))
    right = np.array([entries[place][0] for place in best.tolist()]) == np.array([code for code, _ in roles])
    print(f"\n{what}: {len(roles)} roles, {len(entries)} labels in the list")
    print(f"{'cosine':>7} {'found':>6} {'precision':>9} {'recall':>7}")
    for threshold in THRESHOLDS:
        found = score >= threshold
        good = (found & right).sum()
        print(f"{threshold:>7.2f} {found.sum():>6} {good / max(1, found.sum()):>9.3f} {good / len(roles):>7.3f}")


def nearest(roles: NDArray[np.float32], entries: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    scores = roles @ entries.T
    return scores.argmax(axis=1), scores.max(axis=1)


if __name__ == "__main__":
    main()
