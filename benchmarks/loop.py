"""The loop of `pgraph expand` against the model server alone, by the size of the population that was imported.

    python -m benchmarks.loop [--people 1000 100000] [--calls 2000] [--at-once 64] [--seconds 0] [--rounds 3]

In each round and for each size: a new workspace, `pgraph import` of so many made-up personas, and `pgraph expand --per-call 5`
as users run it, against a server in a process of its own that answers at once, or after so many `--seconds`. The baseline is
a bare AsyncOpenAI client of the same server that makes as many calls and throws the answers away. The order turns from round
to round. *First call*: seconds from the start of `pgraph expand` until the server gets it. The rate counts from there to the
end of the process, so it includes what is written last; while vectors of the imported personas are missing, they are made
beside the calls and count too. Numbers are medians over the rounds, the ratio is the median of the rounds' ratios.
"""

import argparse
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from benchmarks import dispatch
from benchmarks.import_rate import peak
from benchmarks.million import generate
from graphstore import seed_of
from tests.fakes.server import MODEL, started

PER_CALL = 5
WORK = "baker welder tutor porter weaver pilot midwife clerk fisher cook tailor driver".split()
FIELDS = [f"{what} {where}" for what in ("health", "food", "law", "craft") for where in "abcdefghijklmnop"]


def answer(request: dict[str, Any]) -> str:
    """What the server says: people nobody has named, and some whom others have named; the same request, the same answer."""
    prompt = request["messages"][-1]["content"]
    draw = random.Random(seed_of(prompt))
    item = request["response_format"]["json_schema"]["schema"]["properties"]["personas"]["items"]["properties"]
    relation = item["relation"]["enum"][0] if "relation" in item else ""  # the bare client asks for none
    rows = []
    for _ in range(PER_CALL):
        role = f"{draw.choice(WORK)} of line {int(draw.paretovariate(0.3)) % 5000}"
        facts = " and ".join(f"{draw.choice(WORK)} {draw.randrange(10**6)}" for _ in range(6))
        rows.append({"relation": relation, "persona": f"A {role} who knows {facts}", "role": role})
        rows[-1]["domain"] = draw.choice(FIELDS)
    return json.dumps({"personas": rows})


def expand(people: int, options: argparse.Namespace) -> dict[str, float]:
    """Import and expand once: seconds until the first call, calls a second after it, processor time, memory."""
    with _server(options) as url, tempfile.TemporaryDirectory(dir=options.folder) as folder:
        generate(Path(folder) / "people.jsonl", people)
        environment = {
            **os.environ,
            "PGRAPH_BASE_URL": url,
            "PGRAPH_MODEL": MODEL,
            "PGRAPH_AT_ONCE": str(options.at_once),
        }
        pgraph = [sys.executable, "-m", "pgraph"]

        def run(*arguments: str) -> None:
            subprocess.run([*pgraph, *arguments], cwd=folder, env=environment, check=True, capture_output=True)

        try:
            run("import", "people.jsonl")
            before, began, first, memory = _processor(), time.perf_counter(), 0.0, 0.0
            flags = ("--quiet", "expand", "--depth", "9", "--calls", str(options.calls), "--per-call", str(PER_CALL))
            with subprocess.Popen([*pgraph, *flags], cwd=folder, env=environment, stdout=subprocess.DEVNULL) as process:
                while process.poll() is None:
                    if not first and dispatch.stats(url)["chat"]:
                        first = time.perf_counter()
                    with suppress(OSError, StopIteration, ValueError):  # it is just ending
                        memory = max(memory, peak(process.pid))
                    time.sleep(0.02 if first else 0.005)
            if process.returncode:
                raise RuntimeError(f"pgraph expand ended with {process.returncode}")
            wall = time.perf_counter() - first
        finally:
            run("local", "stop")
    return {
        "first": first - began,
        "rate": options.calls / wall,
        "processor": (_processor() - before) / options.calls * 1000,
        "memory": memory,
    }


def alone(options: argparse.Namespace) -> float:
    """Calls a second of a bare client."""
    with _server(options) as url:
        command = [sys.executable, "-m", "benchmarks.dispatch", "--contest", "default", "--url", url]
        command += ["--calls", str(options.calls), "--at-once", str(options.at_once), "--folder", tempfile.gettempdir()]
        done = json.loads(subprocess.check_output(command))
    return float(options.calls / done["wall"])


def _server(options: argparse.Namespace) -> Any:  # noqa: ANN401  a context manager of its address
    return started("--latency", str(options.seconds), "--answer", "benchmarks.loop:answer")


def _processor() -> float:
    """Seconds of the processor that ended children of this process took; the local server is none of them."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, nargs="+", default=[1000, 100_000])
    parser.add_argument("--calls", type=int, default=2000)
    parser.add_argument("--at-once", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=0.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where the workspaces are put")
    options = parser.parse_args()
    print(
        f"{options.calls} calls, {options.at_once} at once, replies after {options.seconds:g} s, {options.rounds} rounds"
    )
    print(
        f"{'imported':>9} {'first call s':>12} {'calls/s':>8} {'bare calls/s':>12} {'ratio':>6} {'CPU ms/call':>11} {'peak MB':>8}"
    )
    for people in options.people:
        rounds: list[tuple[dict[str, float], float]] = []
        for number in range(options.rounds):
            bare = alone(options) if number % 2 else None
            whole = expand(people, options)
            rounds.append((whole, alone(options) if bare is None else bare))
        middle = {name: statistics.median(whole[name] for whole, _ in rounds) for name in rounds[0][0]}
        bare_rate = statistics.median(bare for _, bare in rounds)
        ratio = statistics.median(whole["rate"] / bare for whole, bare in rounds)
        print(
            f"{people:>9,} {middle['first']:>12.1f} {middle['rate']:>8.1f} {bare_rate:>12.1f} {ratio:>6.2f} "
            f"{middle['processor']:>11.1f} {middle['memory']:>8.0f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
