"""Batch inference: `pgraph infer`'s chain against a bare AsyncOpenAI loop on the same transport, and kills.

    python -m benchmarks.infer [--rows 2000 10000] [--rounds 5] [--at-once 64] [--latency 0.05]

Both read the rows of a Parquet file, fill the same template and write JSON Lines; the bare loop has no retries, no
cache, no resuming. Rounds are paired as in benchmarks/dispatch.py. The wall begins when everything is imported and ends
when the last row is in the file. The kills are done to the real command, under 429, 500 and cut connections.
"""

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.dispatch import FAULTS, stats
from pgraph.app.settings import Workspace
from tests.fakes.server import MODEL, started

TEMPLATE = "You are {0}, and know {1} well. Explain to a newcomer what is hard about it, with cases from your own work."
CONTESTANTS = ("infer", "bare")


def make_rows(path: Path, count: int) -> None:
    rows = [
        {"id": f"p{number}", "persona": f"a district nurse of {number} villages", "domain": "health", "note": "x" * 200}
        for number in range(count)
    ]
    pq.write_table(pa.Table.from_pylist(rows), path)


# -- the contestants, each in a process of its own


def ours(url: str, at_once: int, folder: Path) -> Callable[[], Coroutine[Any, Any, int]]:
    import fastjsonschema  # noqa: F401  what the chat imports at its first call
    import openai  # noqa: F401  as above

    from pgraph.app.infer import InferRequest, run

    (folder / "tasks.yml").write_text(json.dumps({"explain": TEMPLATE}))
    flags: dict[str, object] = {"base_url": url, "model": MODEL, "at_once": at_once}
    session = Workspace(folder, flags)
    request = InferRequest(
        str(folder / "in.parquet"), str(folder / "out.jsonl"), folder / "tasks.yml", fields=("persona", "domain")
    )

    async def go() -> int:
        return (await run(session, request, lambda _: None, lambda _: None)).rows

    return go


def bare(url: str, at_once: int, folder: Path) -> Callable[[], Coroutine[Any, Any, int]]:
    import openai

    async def go() -> int:
        client = openai.AsyncOpenAI(
            base_url=url, api_key="EMPTY", max_retries=0, http_client=openai.DefaultAioHttpClient()
        )
        rows = iter(pq.read_table(folder / "in.parquet").to_pylist())
        done = 0
        with (folder / "out.jsonl").open("w", encoding="utf-8") as file:

            async def worker() -> None:
                nonlocal done
                for row in rows:
                    reply = await client.chat.completions.create(
                        model=MODEL,
                        messages=[{"role": "user", "content": TEMPLATE.format(row["persona"], row["domain"])}],
                        temperature=1.0,
                        max_tokens=1024,
                    )
                    file.write(json.dumps({**row, "response": reply.choices[0].message.content}) + "\n")
                    done += 1

            await asyncio.gather(*(worker() for _ in range(at_once)))
        await client.close()
        return done

    return go


def contest(name: str, url: str, at_once: int, folder: Path) -> None:
    async def go() -> None:
        wall, cpu = time.perf_counter(), time.process_time()
        done = await made()
        print(json.dumps({"done": done, "wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}))

    made = (ours if name == "infer" else bare)(url, at_once, folder)
    asyncio.run(go())


# -- the comparison


def measured(name: str, rows: int, options: argparse.Namespace) -> dict[str, Any]:
    with started("--latency", str(options.latency)) as url, tempfile.TemporaryDirectory(dir=options.folder) as folder:
        make_rows(Path(folder) / "in.parquet", rows)
        script = [sys.executable, "-m", "benchmarks.infer", "--contest", name, "--url", url, "--folder", folder]
        result: dict[str, Any] = json.loads(subprocess.check_output([*script, "--at-once", str(options.at_once)]))
    assert result["done"] == rows
    return result


def compare(options: argparse.Namespace) -> None:
    for rows in options.rows:
        rounds = []
        for number in range(options.rounds):
            order = CONTESTANTS if number % 2 else CONTESTANTS[::-1]
            rounds.append({name: measured(name, rows, options) for name in order})
        print(f"\n{rows} rows, {options.at_once} at once, {options.latency * 1000:.0f} ms, {options.rounds} rounds")
        for name in CONTESTANTS:
            wall = statistics.median(row[name]["wall"] for row in rounds)
            ratio = statistics.median(row[name]["wall"] / row["bare"]["wall"] for row in rounds)
            cpu = statistics.median(row[name]["cpu"] for row in rounds) / rows * 1000
            print(f"{name:6} wall {wall:6.2f} s  ratio {ratio:.2f}  CPU {cpu:.2f} ms/row")


def with_kills(options: argparse.Namespace) -> None:
    """Kill -9 after a third and two thirds of the rows, then to the end: 429, 500 and cut connections all the time."""
    rows = options.rows[-1]
    print(f"\n{rows} rows of Parquet, {options.at_once} at once, faults, killed with SIGKILL twice")
    faults = ("--latency", str(options.latency), "--faults", json.dumps(FAULTS))
    with started(*faults) as url, tempfile.TemporaryDirectory(dir=options.folder) as folder:
        place = Path(folder)
        make_rows(place / "in.parquet", rows)
        (place / "tasks.yml").write_text(json.dumps({"explain": TEMPLATE}))
        files = ("--input", str(place / "in.parquet"), "--output", str(place / "out.parquet"))
        task = ("--instructions", str(place / "tasks.yml"), "--fields", "persona,domain", "--base-url", url)
        command = [sys.executable, "-m", "pgraph", "-C", folder, "--quiet", "infer", *files, *task]
        for goal in (rows // 3, rows * 2 // 3, None):
            process = subprocess.Popen([*command, "--at-once", str(options.at_once)])
            while process.poll() is None and (goal is None or stats(url)["paid"] < goal):
                time.sleep(0.01)
            process.kill()
            code = process.wait()
            print(f"  ended ({code}) at {stats(url)['paid']} replies, {stats(url)['paid_twice']} of them paid twice")
        ids = Counter(pq.read_table(place / "out.parquet", columns=["id"])["id"].to_pylist())
        failures = place / "out.parquet.failed.jsonl"
        failed = len(failures.read_text().splitlines()) if failures.exists() else 0
        hit = ", ".join(f"{count} x {kind}" for kind, count in sorted(stats(url)["faults"].items()))
    print(f"  {len(ids)} rows and {failed} named failures, {ids.total() - len(ids)} rows twice; faults: {hit}")
    assert len(ids) + failed == rows == ids.total() + failed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[2000, 10000])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--at-once", type=int, default=64)
    parser.add_argument("--latency", type=float, default=0.05)
    parser.add_argument("--folder", type=Path, help="where the files and the reply cache are put")
    parser.add_argument("--contest", choices=CONTESTANTS, help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.contest:
        contest(options.contest, options.url, options.at_once, options.folder)
        return
    if options.rounds:
        compare(options)
    with_kills(options)


if __name__ == "__main__":
    main()
