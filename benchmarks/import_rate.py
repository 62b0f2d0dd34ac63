"""Import rate: `pgraph import` as a whole process against the bare driver running the same batches, in pairs.

    python benchmarks/import_rate.py [--rows 100000] [--rounds 3] [--engines local,neo4j]

For each engine and round: a fresh graph for each of the two, in changing order. The bare driver has the statements and
rows ready in memory, its clock runs from the first batch to the last; pgraph's clock runs from the start of its process
to its end, reading and checking the file included. Then `pgraph coverage` on the imported graph. Peak memory is the
kernel's count of resident pages (VmHWM).
"""

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

import cypher
from graphstore.files.personas import PersonaRow
from graphstore.files.reading import opened
from graphstore.imports import importing
from graphstore.server import local
from graphstore.server.bolt import BoltStore
from tests.neo4j_server import neo4j_server

TRADES = "nurse baker ferry-pilot tailor welder clerk beekeeper porter midwife fisher weaver driver cook tutor".split()
PLACES = "Accra Pune Bergen Lima Osaka Tunis Hanoi Quito Minsk Davao Kano Leeds Perth Oaxaca Sylhet Gdansk".split()
WAYS = "night rural travelling retired apprentice village harbour railway hospital market mountain prison".split()
FIELDS = [f"{way} {what}" for way in WAYS for what in ("health", "food", "trade", "transport", "crafts", "law")]


@dataclass(frozen=True)
class Place:
    """A store, as settings say it, and the process behind it."""

    environment: dict[str, str]
    store: BoltStore
    pid: int  # 0: not a process of this machine
    workspace: Path


@dataclass(frozen=True)
class Measured:
    seconds: float
    megabytes: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--engines", default="local,neo4j")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "personas.jsonl"
        generate(file, options.rows)
        print(f"{options.rows:,} personas, {file.stat().st_size / 1e6:.0f} MB, batches of {importing.BATCH:,}")
        for engine in options.engines.split(","):
            run_engine(engine, Path(directory), file, options.rows, options.rounds)


def generate(file: Path, rows: int) -> None:
    draw = random.Random(7)
    with file.open("w") as out:
        for number in range(rows):
            trade, way, place = draw.choice(TRADES), draw.choice(WAYS), draw.choice(PLACES)
            text = (
                f"A {way} {trade} from {place} who keeps {draw.randint(2, 900)} letters and once met traveller {number}"
            )
            out.write(json.dumps({"id": number, "persona": text, "domain": draw.choice(FIELDS)}) + "\n")


def run_engine(engine: str, directory: Path, file: Path, rows: int, rounds: int) -> None:
    ratios = []
    print(f"\n{engine}\n{'':>9} {'round':>6} {'seconds':>8} {'rows/s':>8} {'peak MB':>8} {'server MB':>10}")
    with (local_places if engine == "local" else neo4j_places)(directory) as fresh:
        for number in range(1, rounds + 1):
            seconds: dict[str, float] = {}
            for who in ("bare", "pgraph") if number % 2 else ("pgraph", "bare"):
                with fresh() as place:
                    found = bare(place, file) if who == "bare" else pgraph(place, "import", str(file))
                    seconds[who] = found.seconds
                    tell(who, number, found, rows, place)
                    if who == "pgraph" and number == rounds:
                        tell("coverage", number, pgraph(place, "coverage"), rows, place)
            ratios.append(seconds["bare"] / seconds["pgraph"])
    single = ", ".join(f"{ratio:.2f}" for ratio in ratios)
    print(f"ratio of rates, pgraph / bare: median {statistics.median(ratios):.2f} ({single})")


def tell(who: str, number: int, found: Measured, rows: int, place: Place) -> None:
    rate, memory = f"{rows / found.seconds:,.0f}", f"{found.megabytes:.0f}" if found.megabytes else ""
    server = f"{peak(place.pid):.0f}" if place.pid else "?"
    print(f"{who:>9} {number:>6} {found.seconds:>8.1f} {rate:>8} {memory:>8} {server:>10}", flush=True)


Fresh = Callable[[], AbstractContextManager[Place]]


@contextmanager
def local_places(directory: Path) -> Iterator[Fresh]:
    """A new workspace with a new server each time."""

    @contextmanager
    def fresh() -> Iterator[Place]:
        with tempfile.TemporaryDirectory(dir=directory) as name:
            kept = Path(name) / ".pgraph" / "store"
            with local.connect(kept, heap="512m", idle=300) as store:
                store.migrate()
                if not isinstance(store, BoltStore):
                    raise TypeError(store)
                yield Place({"PGRAPH_STORE": "local"}, store, local.status(kept).pid, Path(name))
            local.stop(kept)

    yield fresh


@contextmanager
def neo4j_places(directory: Path) -> Iterator[Fresh]:
    """One server, which has seen the statements before, emptied each time."""
    with neo4j_server() as server:
        account = {
            "PGRAPH_STORE": server.uri,
            "PGRAPH_STORE_USER": server.user,
            "PGRAPH_STORE_PASSWORD": server.password,
        }

        @contextmanager
        def fresh() -> Iterator[Place]:
            with BoltStore(server.uri, server.user, server.password, "neo4j") as store:
                empty(store)
                yield Place(account, store, server.pid, directory)

        with fresh() as place:
            warm = directory / "warm.jsonl"
            generate(warm, 10_000)
            bare(place, warm)
        yield fresh


def empty(store: BoltStore) -> None:
    store.migrate()
    with store.driver.session(**store.session("WRITE")) as session:
        for label in ("Persona", "Domain", "Run"):
            session.run(f"MATCH (n:{label}) CALL (n) {{ DETACH DELETE n }} IN TRANSACTIONS OF 5000 ROWS").consume()


def bare(place: Place, file: Path) -> Measured:
    """The same statements and rows, by the driver alone."""
    with opened(str(file)) as source:
        rows = (row for row in importing.checked_rows(source) if isinstance(row, PersonaRow))
        batches = []
        while batch := list(islice(rows, importing.BATCH)):
            writes = importing._writes(batch, "r-bare", "2026-01-01T00:00:00Z")  # noqa: SLF001  the very same rows
            batches.append([(cypher.load(f"writes/{write.statement}"), list(write.rows)) for write in writes])
    driver = place.store.driver
    with driver.session(**place.store.session("WRITE")) as session:
        session.run(cypher.load("writes/run"), rows=[{"id": "r-bare", "props": {}}]).consume()
        started = time.perf_counter()
        for batch_of_writes in batches:
            with session.begin_transaction() as transaction:
                for text, found in batch_of_writes:
                    transaction.run(text, rows=found).consume()
                transaction.commit()
    return Measured(time.perf_counter() - started, 0)


def pgraph(place: Place, *args: str) -> Measured:
    environment = {**os.environ, **place.environment}
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "pgraph", "--quiet", "-C", str(place.workspace), *args],
        env=environment,
        stdout=subprocess.DEVNULL,
    )
    highest = 0.0
    while process.poll() is None:
        with suppress(OSError, StopIteration):  # it is just ending
            highest = max(highest, peak(process.pid))
        time.sleep(0.02)
    if process.returncode:
        sys.exit(f"pgraph {args[0]} failed")
    return Measured(time.perf_counter() - started, highest)


def peak(pid: int) -> float:
    """Megabytes."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024


if __name__ == "__main__":
    main()
