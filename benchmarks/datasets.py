"""How long a dataset takes and how much memory: `python benchmarks/datasets.py [ANSWERS]` (default 100,000).

Fills a local store with made-up answers of 150 words by 3 of 40 people in each of 500 groups, exports them in three
splits, and verifies the result. Memory is that of the pgraph process, without the server.
"""

import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

from graphstore.server import local
from graphstore.store import GraphStore

GROUPS, PEOPLE, SPEAKERS, WORDS = 500, 40, 3, 150


def main() -> None:
    answers = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        began = time.monotonic()
        with local.connect(work / ".pgraph" / "store", heap="2g", idle=600) as store:
            store.migrate()
            fill(store, answers)
        print(f"{answers:,} answers in the store: {time.monotonic() - began:.0f} s", flush=True)
        try:
            measure(work, "export", "sft", "-o", "one.jsonl")
            measure(work, "export", "sft", "-o", "plain/")
            measure(work, "export", "sft", "-o", "out/", "--split", "train=80,validation=10,test=10")
            measure(work, "verify", "out")
        finally:
            subprocess.run([sys.executable, "-m", "pgraph", "local", "stop"], cwd=work, check=False)


def measure(work: Path, *arguments: str) -> None:
    began = time.monotonic()
    process = psutil.Popen([sys.executable, "-m", "pgraph", *arguments], cwd=work, stderr=subprocess.PIPE, text=True)
    peak = 0
    while process.poll() is None:
        try:
            peak = max(peak, process.memory_info().rss)
        except psutil.NoSuchProcess:
            break
        time.sleep(0.1)
    lines = process.stderr.read().splitlines()
    told = lines[-1] if lines else ""
    print(f"{' '.join(arguments)}: {time.monotonic() - began:.0f} s, {peak / 1e6:.0f} MB; {told}", flush=True)


def fill(store: GraphStore, answers: int) -> None:
    groups = range(GROUPS)
    people = [(f"p{group}-{number}", group) for group in groups for number in range(PEOPLE)]
    store.write_batches("run", iter([{"id": "r", "props": {"command": "distill", "started": "2026-01-01"}}]))
    store.write_batches("persona", ({"id": key, "depth": 0, "props": {"text": key}} for key, _ in people))
    store.write_batches("domain", ({"id": f"d{group}", "name": f"d{group}", "label": f"d{group}"} for group in groups))
    store.write_batches("group", ({"id": f"g{group}", "props": {"label": f"Group {group}"}} for group in groups))
    store.write_batches("in_domain", ({"persona": key, "domain": f"d{group}", "by": "made"} for key, group in people))
    store.write_batches("in_group", ({"domain": f"d{group}", "group": f"g{group}", "by": "made"} for group in groups))
    store.write_batches("question", questions(answers))
    store.write_batches("knowledge", texts(answers))
    store.write_batches(
        "posed_by", ({"question": f"q{n}", "persona": who, "call": "c"} for n, who in speakers(answers))
    )
    props: dict[str, Any] = {"contribution": "what one says", "call": "c"}
    store.write_batches(
        "distilled_from", ({"knowledge": f"k{n:07}", "persona": who, "props": props} for n, who in speakers(answers))
    )


def speakers(answers: int) -> Iterator[tuple[int, str]]:
    for number in range(answers):
        for place in range(SPEAKERS):
            yield number, f"p{number % GROUPS}-{(number // GROUPS + place) % PEOPLE}"


def questions(answers: int) -> Iterator[dict[str, Any]]:
    chance = random.Random(1)
    for number in range(answers):
        props = {"text": said(chance, 20), "kind": "open", "topic": "topic", "language": "en", "run": "r", "call": "c"}
        yield {"id": f"q{number}", "props": props}


def texts(answers: int) -> Iterator[dict[str, Any]]:
    chance = random.Random(2)
    for number in range(answers):
        props = {"text": said(chance, WORDS), "mode": "joint", "language": "en", "model": "m", "run": "r", "call": "c"}
        yield {"id": f"k{number:07}", "question": f"q{number}", "props": props}


def said(chance: random.Random, words: int) -> str:
    return " ".join(f"word{min(int(20_000 ** chance.random()), 19_999)}" for _ in range(words))


if __name__ == "__main__":
    main()
