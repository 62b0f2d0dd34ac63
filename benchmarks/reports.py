"""Reports on a large graph: seconds and peak memory of each kind of `pgraph coverage`.

    python benchmarks/reports.py [--rows 100000] [--entries 3000] [--directory DIR]

The personas of benchmarks/import_rate.py are imported and sighted as often again by calls along 24 relationships, 12,000
different roles among them. The reference list has as many entries as `--entries`, each with a label and two others. What
embeds is measured twice: with nothing in the cache of vectors, and with all of it. CPU seconds and peak memory (the kernel's
count of resident pages, VmHWM) are of pgraph alone, without the graph server.
"""

import argparse
import csv
import random
import resource
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.import_rate import PLACES, TRADES, WAYS, Place, generate, local_places, pgraph
from graphstore.store import Write

KINDS = [f"kind {number}" for number in range(24)]
TOOLS = "boat loom oven ledger plough tram lathe press".split()
BATCH = 2000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--entries", type=int, default=3000)
    parser.add_argument("--directory", type=Path)
    options = parser.parse_args()
    with filled(options.rows, options.directory) as (place, directory):
        reference = listed(directory / "list.csv", options.entries)
        page = str(directory / "report.html")
        print(
            f"{options.rows:,} personas, {2 * options.rows:,} sightings\n{'':>34} {'seconds':>8} {'CPU':>6} {'peak MB':>8}"
        )
        for what, *arguments in (
            ("by group",),
            ("by run", "--by", "run"),
            ("html, nothing embedded", "-o", page),
            ("html", "-o", page),
            (f"{options.entries:,} entries, nothing embedded", "--reference", reference),
            (f"{options.entries:,} entries", "--reference", reference),
        ):
            before = cpu()
            found = pgraph(place, "coverage", *arguments)
            print(f"{what:>34} {found.seconds:>8.1f} {cpu() - before:>6.1f} {found.megabytes:>8.0f}", flush=True)


@contextmanager
def filled(rows: int, parent: Path | None) -> Iterator[tuple[Place, Path]]:
    """A graph with so many personas and twice as many sightings, and a directory that goes with it."""
    with tempfile.TemporaryDirectory(dir=parent) as name, local_places(Path(name)) as fresh, fresh() as place:
        fill(place, Path(name), rows)
        yield place, Path(name)


def cpu() -> float:
    """Seconds of the child processes that ended so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def fill(place: Place, directory: Path, rows: int) -> None:
    file, draw = directory / "personas.jsonl", random.Random(5)
    generate(file, rows)
    pgraph(place, "import", str(file))
    ids = sorted(row["id"] for row in place.store.read("reads/personas"))
    roles = [f"{way} {trade} with a {tool} {n}" for n in range(9) for tool in TOOLS for way in WAYS for trade in TRADES]
    place.store.write(Write("run", [{"id": "r", "props": {"command": "expand", "started": "2026-01-01T00:00:00Z"}}]))
    edges = (
        {"persona": one, "source": draw.choice(ids), "call": f"c{number // 3}",
         "props": {"relation": draw.choice(KINDS), "run": "r", "at": f"2026-01-02T{number:012}"}}
        for number, one in enumerate(draw.choices(ids, k=rows))
    )  # fmt: skip
    while batch := list(islice(edges, BATCH)):
        place.store.write(Write("derived_from", batch))
    for start in range(0, rows, BATCH):
        part = [{"id": one, "role": draw.choice(roles)} for one in ids[start : start + BATCH]]
        place.store.write(Write("role", part))


def listed(file: Path, entries: int) -> str:
    draw = random.Random(6)
    with file.open("w", newline="") as out:
        table = csv.writer(out)
        table.writerow(["code", "label", "altLabels"])
        for number in range(entries):
            names = [f"{draw.choice(WAYS)} {draw.choice(TRADES)} of {draw.choice(PLACES)}" for _ in range(3)]
            table.writerow([number, names[0], "\n".join(names[1:])])
    return str(file)


if __name__ == "__main__":
    main()
