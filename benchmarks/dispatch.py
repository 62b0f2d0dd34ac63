"""Dispatch: the whole chain (checks, reply cache, retries, limits, graph writes) against a bare AsyncOpenAI loop.

    python -m benchmarks.dispatch [--calls 2000 20000] [--rounds 3] [--at-once 64] [--latency 0.05]

Rounds are paired: in each, every contestant runs once, in a process of its own, against a fresh fake server, in an
order that turns from round to round. Numbers are medians over the rounds; the ratios are medians of the rounds' ratios.
"""

import argparse
import asyncio
import json
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

from foundation.concurrency import for_each
from foundation.model import ChatOptions
from foundation.model.chat import open_chat
from foundation.model.messages import ChatReply, ChatRequest
from foundation.model.replies import Replies
from graphstore.ids import persona_id
from graphstore.store import GraphStore, Write
from tests.fakes.server import MODEL, started

FAULTS = [
    {"kind": "429", "rate": 0.05, "retry_after": 1},
    {"kind": "500", "rate": 0.05},
    {"kind": "reset", "rate": 0.01},
]
_TEXT = {"type": "string", "maxLength": 400}
_PERSON = {
    "type": "object",
    "properties": {"text": _TEXT, "role": _TEXT, "domain": _TEXT},
    "required": ["text", "role", "domain"],
    "additionalProperties": False,
}
SCHEMA = {
    "type": "object",
    "properties": {"personas": {"type": "array", "items": _PERSON, "minItems": 2, "maxItems": 2}},
    "required": ["personas"],
    "additionalProperties": False,
}
SYSTEM = "You name people whom a given person deals with. Answer in JSON with text, role and domain of each. " * 12
RUN = "dispatch"
SOURCES = [f"A district nurse who has worked for {years} years." for years in range(1000)]


def request(number: int) -> ChatRequest:
    user = f"{SOURCES[number % len(SOURCES)]} Who is her supplier? Name two people. ({number})"
    messages = ({"role": "system", "content": SYSTEM}, {"role": "user", "content": user})
    return ChatRequest(messages, schema=SCHEMA, tag={"run": RUN, "call": f"c{number}"})


# -- the contestants, each in a process of its own


async def whole(url: str, calls: int, at_once: int, folder: Path) -> Callable[[], Coroutine[Any, Any, int]]:
    from graphstore.server import local

    store = local.connect(folder / "store", heap="512m", idle=60)
    store.migrate()
    store.write(Write("persona", [{"id": persona_id(text), "depth": 0, "props": {"text": text}} for text in SOURCES]))
    settings = ChatOptions(base_url=url, model=MODEL, at_once=at_once)
    replies = Replies(folder / "replies.sqlite").open()
    chat = await open_chat(settings, replies, logs=folder)
    written = 0

    async def sink(batch: Sequence[tuple[int, ChatReply]]) -> None:
        nonlocal written
        written += await asyncio.to_thread(write, store, batch)

    async def ask(number: int) -> ChatReply:
        return await chat.ask(request(number))

    async def run() -> int:
        await for_each(iter(range(calls)), ask, sink, at_once)
        await chat.close()
        replies.close()
        store.close()
        return written

    return run


def write(store: GraphStore, batch: Sequence[tuple[int, ChatReply]]) -> int:
    personas, sightings, facts = [], [], []
    count = 0
    for number, reply in batch:
        if reply.failure:
            continue
        count += 1
        source = persona_id(SOURCES[number % len(SOURCES)])
        for person in reply.data["personas"]:
            key = persona_id(person["text"])
            props = {"text": person["text"], "role": person["role"], "run": RUN}
            personas.append({"id": key, "depth": 1, "props": props})
            sightings.append({"persona": key, "source": source, "call": f"c{number}", "props": {"run": RUN}})
            facts.append({"source": source, "persona": key, "kind": "supplier"})
    store.write(Write("persona", personas), Write("derived_from", sightings), Write("related_to", facts))
    return count


async def bare(url: str, calls: int, at_once: int, *, aiohttp: bool) -> Callable[[], Coroutine[Any, Any, int]]:
    import openai

    client = openai.AsyncOpenAI(
        base_url=url, api_key="EMPTY", max_retries=0, http_client=openai.DefaultAioHttpClient() if aiohttp else None
    )
    form: Any = {"type": "json_schema", "json_schema": {"name": "reply", "strict": True, "schema": SCHEMA}}
    numbers = iter(range(calls))
    done = 0

    async def worker() -> None:
        nonlocal done
        for number in numbers:
            messages: Any = request(number).messages
            reply = await client.chat.completions.create(
                model=MODEL, messages=messages, temperature=1.0, max_tokens=1024, response_format=form
            )
            done += reply.choices[0].message.content is not None

    async def run() -> int:
        await asyncio.gather(*(worker() for _ in range(at_once)))
        await client.close()
        return done

    return run


CONTESTANTS = ("whole", "bare", "default")


def contest(name: str, url: str, calls: int, at_once: int, folder: Path) -> None:
    """One process: get ready, run, print what it took."""

    async def go() -> None:
        if name == "whole":
            run = await whole(url, calls, at_once, folder)
        else:
            run = await bare(url, calls, at_once, aiohttp=name == "bare")
        wall, cpu, memory = time.perf_counter(), time.process_time(), _memory()
        done = await run()
        print(
            json.dumps(
                {
                    "done": done,
                    "wall": time.perf_counter() - wall,
                    "cpu": time.process_time() - cpu,
                    "memory_before": memory,
                    "memory": _memory(),
                }
            )
        )

    asyncio.run(go())


def _memory() -> float:
    """The most resident memory so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


# -- the comparison


def measured(name: str, calls: int, options: argparse.Namespace, *faults: str) -> dict[str, Any]:
    with (
        started("--latency", str(options.latency), *faults) as url,
        tempfile.TemporaryDirectory(dir=options.folder) as folder,
    ):
        result: dict[str, Any] = json.loads(subprocess.check_output(_command(name, url, calls, options, folder)))
        result.update(stats(url))
        _stop(Path(folder))
    return result


def _command(name: str, url: str, calls: int, options: argparse.Namespace, folder: str) -> list[str]:
    script = [sys.executable, "-m", "benchmarks.dispatch", "--contest", name, "--url", url, "--calls", str(calls)]
    return [*script, "--at-once", str(options.at_once), "--folder", folder]


def stats(url: str) -> dict[str, Any]:
    with urllib.request.urlopen(url.removesuffix("/v1") + "/stats") as answer:
        counts: dict[str, Any] = json.load(answer)
    return counts


def _stop(folder: Path) -> None:
    from graphstore.server import local

    if (folder / "store").exists():
        local.stop(folder / "store")


def compare(options: argparse.Namespace) -> None:
    for calls in options.calls:
        rounds: list[dict[str, dict[str, Any]]] = []
        for number in range(options.rounds):
            order = [*CONTESTANTS[number % 3 :], *CONTESTANTS[: number % 3]]
            rounds.append({name: measured(name, calls, options) for name in order})
        print(f"\n{calls} calls, {options.at_once} at once, {options.latency * 1000:.0f} ms, {options.rounds} rounds")
        print(f"{'':10} {'wall s':>8} {'ratio':>6} {'CPU ms/call':>12} {'peak MB':>8} {'grown MB':>9}")
        for name in CONTESTANTS:
            mean = {
                key: statistics.median(row[name][key] for row in rounds) for key in rounds[0][name] if key != "faults"
            }
            ratio = statistics.median(row[name]["wall"] / row["bare"]["wall"] for row in rounds)
            assert all(row[name]["done"] == calls for row in rounds)
            print(
                f"{name:10} {mean['wall']:8.2f} {ratio:6.2f} {mean['cpu'] / calls * 1000:12.2f} "
                f"{mean['memory']:8.0f} {mean['memory'] - mean['memory_before']:9.0f}"
            )


def with_faults(options: argparse.Namespace) -> None:
    print("\nwith faults: 5 % 429 (Retry-After 1), 5 % 500, 1 % cut connections")
    for calls in options.calls:
        result = measured("whole", calls, options, "--faults", json.dumps(FAULTS))
        hit = ", ".join(f"{count} x {kind}" for kind, count in sorted(result["faults"].items()))
        print(f"{calls:6} calls: {result['done']} rows in {result['wall']:.1f} s ({hit})")


def with_kills(options: argparse.Namespace) -> None:
    """Kill -9 at half time, twice; then to the end. Replies paid twice are those that were in flight."""
    calls = options.calls[0]
    print(f"\n{calls} calls, killed with SIGKILL at half time, twice")
    with (
        started("--latency", str(options.latency)) as url,
        tempfile.TemporaryDirectory(dir=options.folder) as folder,
    ):
        output = b""
        for goal in (calls // 2, calls * 3 // 4, None):
            process = subprocess.Popen(_command("whole", url, calls, options, folder), stdout=subprocess.PIPE)
            while process.poll() is None and (goal is None or stats(url)["paid"] < goal):
                time.sleep(0.01)
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
            output = process.communicate()[0]
            counts = stats(url)
            print(f"  ended at {counts['paid']} replies, {counts['paid_twice']} of them paid twice")
        print(f"  rows at the end: {json.loads(output)['done']}; at once {options.at_once}")
        _stop(Path(folder))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, nargs="+", default=[2000, 20000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--at-once", type=int, default=64)
    parser.add_argument("--latency", type=float, default=0.05)
    parser.add_argument("--folder", type=Path, help="where the reply cache and the store are put")
    parser.add_argument("--no-faults", action="store_true")
    parser.add_argument("--no-kills", action="store_true")
    parser.add_argument("--contest", choices=CONTESTANTS, help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.contest:
        contest(options.contest, options.url, options.calls[0], options.at_once, options.folder)
        return
    if options.rounds:
        compare(options)
    if not options.no_faults:
        with_faults(options)
    if not options.no_kills:
        with_kills(options)


if __name__ == "__main__":
    main()
