"""Whether the choice of `pgraph expand` finds more people than chance does, in worlds that it was not made for.

    python -m benchmarks.worlds [--worlds regions flat] [--strategies coverage random] [--calls 1000] [--at-once 16]
                                [--seconds 0] [--honoured 0] [--count role] [--seeds 3] [--rows FILE]

Each run goes the user's way: `pgraph import` of 170 people, then `pgraph expand` against a server of the OpenAI protocol
that answers from the world, in free wording, after so many `--seconds`. What counts is how many kinds of people the world
has named at the end, which the server knows, not what pgraph counts. The oracle knows the world (see oracle.py).
`--honoured`: the chance that the model heeds a list of known roles; without it, runs have no lists. `--count`: what the choice
counts as new, if not the default. `--rows`: append each run there as a JSON object.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.worlds.oracle import Oracle
from benchmarks.worlds.world import MECHANISMS, World
from population import load_relations
from tests.fakes.server import MODEL, FakeServer

PEOPLE, PER_CALL = 170, 5
STRATEGIES = ("coverage", "random", "breadth-first", "oracle")


@dataclass(frozen=True)
class Trial:
    """One run to be made."""

    world: str
    strategy: str
    seed: int
    calls: int
    at_once: int
    seconds: float  # until the server answers
    honoured: float
    count: str = ""  # "": the default


@dataclass(frozen=True)
class Said:
    """What a run of pgraph says of itself.

    `made`: calls. `lift`: with its interval. `calibration`: by tenth of the expected share of new answers, (answers, expected
    share, share that came).
    """

    made: int = 0
    lift: tuple[float, float, float] | None = None
    calibration: list[tuple[int, float, float]] = field(default_factory=list)


@dataclass(frozen=True)
class Outcome:
    """What came of a run. `known`: kinds named, the imported ones included; `wall`: seconds of `pgraph expand`."""

    trial: Trial
    known: int
    wall: float
    said: Said


def run(trial: Trial) -> Outcome:
    world = World(
        MECHANISMS[trial.world], [kind.id for kind in load_relations()], seed=trial.seed, honoured=trial.honoured
    )
    people = world.people(PEOPLE)
    began = time.perf_counter()
    if trial.strategy == "oracle":
        Oracle(world, PER_CALL).run(trial.calls, np.random.default_rng([trial.seed, 2]))
        said = Said(made=trial.calls)
    else:
        said = _pgraph(trial, world, people)
    wall = round(time.perf_counter() - began, 1)
    return Outcome(trial, int(world.known.sum()), wall, said)


def _pgraph(trial: Trial, world: World, people: Sequence[dict[str, str]]) -> Said:
    """Make the run through the command line."""

    def answer(request: dict[str, object]) -> str:
        return json.dumps({"personas": world.answer(request)}, ensure_ascii=False)

    with tempfile.TemporaryDirectory() as folder, FakeServer(answer=answer, latency=trial.seconds) as server:
        (Path(folder) / "people.jsonl").write_text("\n".join(map(json.dumps, people)), encoding="utf-8")
        (Path(folder) / "pgraph.toml").write_text(
            f'base_url = "{server.base_url}"\nmodel = "{MODEL}"\nat_once = {trial.at_once}\n', encoding="utf-8"
        )

        def pgraph(*arguments: object) -> str:
            command = [sys.executable, "-m", "pgraph", *map(str, arguments)]
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
            if done.returncode not in {0, 5}:
                raise RuntimeError(f"{' '.join(command)}: {done.stderr[-1000:]}")
            return done.stdout

        try:
            pgraph("import", "people.jsonl")
            options = {
                "depth": 1000,
                "calls": trial.calls,
                "per-call": PER_CALL,
                "strategy": trial.strategy,
                "seed": trial.seed,
                "exclude": 50 if trial.honoured else 0,
                **({"count": trial.count} if trial.count else {}),
            }
            flags = (part for name, value in options.items() for part in (f"--{name}", value))
            lift = json.loads(pgraph("--json", "expand", *flags))["lift"]
            tenths = json.loads(pgraph("query", "calibration", "--format", "json"))
        finally:
            pgraph("local", "stop")
    return Said(
        int(server.stats()["paid"]),
        None if lift is None else (lift["ratio"], lift["low"], lift["high"]),
        [(row["answers"], row["expected"], row["realised"]) for row in tenths],
    )


def table(outcomes: Iterable[Outcome]) -> list[str]:
    """Rows of Markdown: for each world, what each strategy found, and its share of what there was to gain over chance."""
    known: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for outcome in outcomes:
        known[outcome.trial.world][outcome.trial.strategy].append(outcome.known)
    rows = [
        "| world | what matters | strategy | kinds known | to random | share of the gain |",
        "|---|---|---|---:|---:|---:|",
    ]
    for world, by_strategy in known.items():
        mean = {strategy: statistics.mean(found) for strategy, found in by_strategy.items()}
        chance, best = mean.get("random"), mean.get("oracle")
        for strategy, found in mean.items():
            ratio = f"{found / chance:.3f}" if chance else ""
            share = f"{(found - chance) / (best - chance):.2f}" if chance and best and best > 1.01 * chance else ""
            rows.append(f"| {world} | {MECHANISMS[world].says} | {strategy} | {found:,.0f} | {ratio} | {share} |")
    return rows


def calibration(outcomes: Iterable[Outcome]) -> list[str]:
    """Rows of Markdown: by world and tenth of the expected share of new roles, what was expected and what came."""
    tenths: dict[tuple[str, int], list[tuple[int, float, float]]] = defaultdict(list)
    for outcome in outcomes:
        for answers, expected, came in outcome.said.calibration if outcome.trial.strategy == "coverage" else ():
            tenths[outcome.trial.world, min(9, int(10 * expected))].append((answers, expected, came))
    rows = ["| world | expected new | answers | expected | came |", "|---|---|---:|---:|---:|"]
    for (world, tenth), parts in sorted(tenths.items()):
        answers = sum(part[0] for part in parts)
        expected, came = (sum(part[0] * part[i] for part in parts) / answers for i in (1, 2))
        rows.append(
            f"| {world} | {tenth / 10:.1f} to {(tenth + 1) / 10:.1f} | {answers:,} | {expected:.3f} | {came:.3f} |"
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", nargs="+", choices=MECHANISMS, default=list(MECHANISMS))
    parser.add_argument("--strategies", nargs="+", choices=STRATEGIES, default=list(STRATEGIES))
    parser.add_argument("--calls", type=int, default=1000)
    parser.add_argument("--at-once", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=0.0)
    parser.add_argument("--honoured", type=float, default=0.0)
    parser.add_argument("--count", default="")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--rows", type=Path)
    options = parser.parse_args()
    outcomes = []
    for world in options.worlds:
        for seed in range(options.seeds):
            for strategy in options.strategies:
                fixed = options.calls, options.at_once, options.seconds, options.honoured, options.count
                outcome = run(Trial(world, strategy, seed, *fixed))
                outcomes.append(outcome)
                lift = (
                    "" if outcome.said.lift is None else "; lift {:.2f} ({:.2f} to {:.2f})".format(*outcome.said.lift)
                )
                done = f"{outcome.known:6,} after {outcome.said.made:,} calls, {outcome.wall:.0f} s{lift}"
                print(f"{world:10} {strategy:14} seed {seed}: {done}", flush=True)
                if options.rows:
                    with options.rows.open("a", encoding="utf-8") as file:
                        file.write(json.dumps(asdict(outcome)) + "\n")
    print("\n" + "\n".join(table(outcomes)))
    print("\n" + "\n".join(calibration(outcomes)))


if __name__ == "__main__":
    main()
