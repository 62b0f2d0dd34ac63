"""Grouping at the size of a large population: seconds and memory of each step of `pgraph group`, and what comes out.

    python benchmarks/grouping.py DATA [--labels 90633] [--resolutions 2,20,50,100] [--work DIR] [--cli]

DATA is a folder with esco_occupations_en.csv and esco_iscogroups_en.csv (ESCO 1.0, (c) European Union) and
nco2015_titles.txt (titles of India's National Classification of Occupations, one a line). Nothing of them is kept here.

Labels: ESCO's preferred and alternative labels, ISCO group titles, NCO titles; then, until there are enough, variants of
them all, one kind after the other, equal labels dropped: "senior ...", "assistant ...", plural, "retired ...". With fewer
labels asked for than there are, every so manieth is taken. A label has the ISCO unit group of its occupation, a variant
that of its label; where occupations of two groups share a label, it has none. AMI (adjusted mutual information) compares
groups with unit groups over the labels that have one.

Each step is the very function that `pgraph group` calls, in a process of its own, so that the peak memory is its own: the
kernel's count of resident pages, libraries included. Baselines: networkx' Louvain, on the same neighbours; k-means with
as many groups as the finest resolution gives. `--work` keeps the vectors, so that a second run need not embed again;
`--cli` also imports a persona for each label and runs `pgraph group` as a user would, on the local store.
"""

import argparse
import csv
import json
import multiprocessing
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from distill.groups import nearest
from distill.groups.louvain import Graph, louvain
from foundation.model import EmbeddingOptions
from foundation.model.embedding import open_embedder
from graphstore.ids import normal_name

VARIANTS = ("senior {}", "assistant {}", "{}s", "retired {}")
SAMPLED = 0.5, 0.2, 0.8  # the groups that are shown stand there in the order of size


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("data", type=Path)
    parser.add_argument("--labels", type=int, default=90_633)
    parser.add_argument("--resolutions", default="2,20,50,100")
    parser.add_argument("--baseline", choices=("networkx", "kmeans", "both", "none"), default="both")
    parser.add_argument("--work", type=Path)
    parser.add_argument("--cli", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        work = options.work or Path(scratch)
        work.mkdir(parents=True, exist_ok=True)
        labels = made(options.data, options.labels)
        print(f"{len(labels):,} labels, {sum(map(bool, labels.values())):,} of them with an ISCO unit group of")
        print(f"{len({code for code in labels.values() if code}):,}; load of the machine {os.getloadavg()[0]:.1f}\n")
        print(
            f"{'':<26} {'seconds':>8} {'processor':>9} {'peak MB':>8} {'groups':>7} {'median':>7} {'largest':>8} {'AMI':>6}"
        )
        steps(work, labels, [float(part) for part in options.resolutions.split(",")], options.baseline)
        if options.cli:
            through_the_command_line(work, list(labels))


def made(data: Path, count: int) -> dict[str, str]:
    """Label, normalised -> ISCO unit group, or "" where it has none or several."""
    found: dict[str, str] = {}
    for label, code in listed(data):
        name = normal_name(label)
        found[name] = code if found.get(name, code) == code else ""
    found.pop("", None)
    if len(found) > count:
        return dict(list(found.items())[:: max(1, len(found) // count)][:count])
    plain = list(found)
    for variant in VARIANTS:
        for name in plain[: max(0, count - len(found)) * 2]:
            if len(found) < count:
                found.setdefault(normal_name(variant.format(name)), found[name])
    return found


def listed(data: Path) -> Iterator[tuple[str, str]]:
    with (data / "esco_occupations_en.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            for label in (row["preferredLabel"], *row["altLabels"].splitlines()):
                yield label, row["iscoGroup"]
    with (data / "esco_iscogroups_en.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            for label in (row["preferredLabel"], *row["altLabels"].splitlines()):
                yield label, row["code"] if len(row["code"]) == 4 else ""
    for line in (data / "nco2015_titles.txt").read_text(encoding="utf-8").splitlines():
        yield line, ""


# --- the steps, each in a process of its own; what they hand on lies in files


def steps(work: Path, labels: dict[str, str], resolutions: list[float], baseline: str) -> None:
    names = sorted(labels)
    tell("embedding", measured(embed, work, names)[1:])
    tell("neighbours", measured(neighbours, work)[1:])
    part = np.zeros(0, np.int64)
    for resolution in resolutions:
        part, *figures = measured(group, work, resolution)
        tell(f"Louvain at {resolution:g}", figures, part, labels)
        if baseline in {"networkx", "both"}:
            theirs, *figures = measured(by_networkx, work, resolution)
            tell(f"  networkx at {resolution:g}", figures, theirs, labels)
    if baseline in {"kmeans", "both"}:
        theirs, *figures = measured(by_kmeans, work, int(part.max()) + 1)
        tell("k-means", figures, theirs, labels)
    show(names, part)


Figures = tuple[Any, float, float, float]


def measured(step: Callable[..., Any], *args: object) -> Figures:
    """What it returns, seconds, seconds of processor time, megabytes."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(timed, step, *args).result()


def timed(step: Callable[..., Any], *args: object) -> Figures:
    began, processor = time.perf_counter(), time.process_time()
    result = step(*args)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return result, time.perf_counter() - began, time.process_time() - processor, peak


def embed(work: Path, names: list[str]) -> None:
    embedder = open_embedder(EmbeddingOptions(), work / "vectors")
    np.save(work / "vectors.npy", embedder.embed(names))
    embedder.close()


def neighbours(work: Path) -> None:
    graph = nearest.likeness(np.load(work / "vectors.npy"))
    np.savez(work / "graph.npz", starts=graph.starts, ends=graph.ends, weights=graph.weights, loops=graph.loops)


def graph_in(work: Path) -> Graph:
    return Graph(**dict(np.load(work / "graph.npz")))


def group(work: Path, resolution: float) -> Any:  # noqa: ANN401  an array
    return louvain(graph_in(work), resolution)


def by_networkx(work: Path, resolution: float) -> Any:  # noqa: ANN401  an array
    import networkx as nx

    held = graph_in(work)
    graph: nx.Graph[int] = nx.Graph()
    graph.add_nodes_from(range(len(held)))
    for node in range(len(held)):
        here = slice(held.starts[node], held.starts[node + 1])
        for other, weight in zip(held.ends[here].tolist(), held.weights[here].tolist(), strict=True):
            if node < other:
                graph.add_edge(node, other, weight=weight)
    part = np.zeros(len(held), np.int64)
    for number, community in enumerate(nx.community.louvain_communities(graph, resolution=resolution, seed=0)):
        part[list(community)] = number
    return part


def by_kmeans(work: Path, groups: int) -> Any:  # noqa: ANN401  an array
    from sklearn.cluster import MiniBatchKMeans

    return MiniBatchKMeans(groups, random_state=0, n_init=1).fit_predict(np.load(work / "vectors.npy"))


def tell(what: str, figures: Sequence[float], part: Any = None, labels: dict[str, str] | None = None) -> None:  # noqa: ANN401  an array
    line = f"{what:<26} {figures[0]:>8.1f} {figures[1]:>9.1f} {figures[2]:>8.0f}"
    if labels is not None:
        from sklearn.metrics import adjusted_mutual_info_score

        sizes = np.bincount(part)
        codes = [labels[name] for name in sorted(labels)]
        known = [row for row, code in enumerate(codes) if code]
        score = adjusted_mutual_info_score([codes[row] for row in known], part[known])
        line += f" {len(sizes):>7,} {np.median(sizes):>7.0f} {sizes.max():>8,} {score:>6.3f}"
    print(line, flush=True)


def show(names: list[str], part: Any) -> None:  # noqa: ANN401  an array
    sizes = np.bincount(part)
    order = np.argsort(-sizes, kind="stable")
    for share in SAMPLED:
        number = order[int(share * len(order))]
        rows = np.flatnonzero(part == number)
        shown = "; ".join(names[row] for row in rows[:: max(1, len(rows) // 12)][:12])
        print(f"\na group of {len(rows)}: {shown}")


# --- as a user does it


def through_the_command_line(work: Path, labels: list[str]) -> None:
    with tempfile.TemporaryDirectory() as name:
        workspace = Path(name)
        (workspace / ".pgraph").mkdir()
        (workspace / ".pgraph" / "vectors").symlink_to((work / "vectors").absolute())
        file = workspace / "personas.jsonl"
        with file.open("w", encoding="utf-8") as out:
            for label in labels:
                out.write(json.dumps({"persona": f"A person who works as {label}", "domain": label}) + "\n")
        print(f"\n{'pgraph, local store':<26} {'seconds':>8} {'processor':>9} {'peak MB':>8} {'server MB':>10}")
        try:
            for command in (["import", str(file)], ["group"], ["group", "--levels", "2"], ["coverage"]):
                run(workspace, command)
        finally:
            subprocess.run([sys.executable, "-m", "pgraph", "-C", name, "local", "stop"], check=False)


def run(workspace: Path, command: list[str]) -> None:
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "pgraph", "-C", str(workspace), *command], stdout=subprocess.DEVNULL
    )
    highest = 0.0
    while process.poll() is None:
        with suppress(OSError, StopIteration):  # it is just ending
            highest = max(highest, peak(process.pid))
        time.sleep(0.05)
    seconds, server = time.perf_counter() - began, ""
    with suppress(OSError, StopIteration, KeyError, ValueError):
        server = f"{peak(json.loads((workspace / '.pgraph/store/server.json').read_text())['pid']):.0f}"
    code = f" exit code {process.returncode}" if process.returncode else ""
    shown = " ".join(part for part in command if "/" not in part)
    print(f"{shown:<26} {seconds:>8.1f} {'':>9} {highest:>8.0f} {server:>10}{code}", flush=True)


def peak(pid: int) -> float:
    """Megabytes."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024


if __name__ == "__main__":
    main()
