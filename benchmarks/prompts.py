"""What the switches of `pgraph expand` that widen its prompts bring: distinct roles per call and per token.

    python -m benchmarks.prompts [--calls 60] [--seeds 0 1] [--only NAME]

asks the bundled model by the real command, each variant on a fresh local store that holds examples/personas.jsonl, at depth
3, and prints a table: new roles a call, new roles per 1,000 tokens, share of the answers that were unusable.

    python -m benchmarks.prompts --worlds 3 [--calls 5000] [--only NAME]

does the same in the simulated worlds of benchmarks/world.py, with lists of 50 roles honoured at 60 % beside each switch, as
`pgraph expand` comes, unless the switch is another length. What a switch does to a model is an assumption there, from nothing
to much: the table shows from which strength on it pays. Tokens are those of SENT, five personas a call.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from statistics import mean
from typing import Any

from benchmarks.selection import LIST
from benchmarks.trials import PER_CALL, SEEDS, Setting, run
from benchmarks.world import World
from expansion.selection.lengths import PROBES

PEOPLE = Path(__file__).parents[1] / "examples" / "personas.jsonl"
VARIANTS: dict[str, tuple[str, ...]] = {
    "none": (),
    "verbalised": ("--verbalise", "1"),
    "verbalised, below 0.1": ("--verbalise", "0.1"),
    "void, half of the calls": ("--void", "0.5"),
    "near": ("--distances", "near"),
    "mid": ("--distances", "mid"),
    "far": ("--distances", "far"),
    "lists of 20": ("--exclude", "20"),
    "lists of 50": ("--exclude", "50"),
}

BASE = Setting("none", listed=LIST)
SETTINGS = (
    BASE,
    *(
        replace(BASE, name=f"verbalised: Zipf 1 inside a region becomes {1 - less:g}", world=World(verbalised=less))
        for less in (0.0, 0.025, 0.05, 0.1, 0.2)
    ),
    *(
        replace(BASE, name=f"void in {share:.0%} of calls, {obeyed:.0%} of answers moved", void=share, obeyed=obeyed)
        for share, obeyed in ((0.2, 0.0), (0.2, 0.2), (0.2, 0.4), (0.2, 0.6), (0.2, 0.8), (0.5, 0.6))
    ),
    *(replace(BASE, name=f"lists of {roles}" if roles else "no lists", listed=roles) for roles in (0, 20, 100, 200)),
    replace(BASE, name="random: none", policies=("uniform",)),
    replace(BASE, name="random: no lists", listed=0, policies=("uniform",)),
    replace(
        BASE, name="random: void in 20 % of calls, 60 % of answers moved", void=0.2, obeyed=0.6, policies=("uniform",)
    ),
    replace(BASE, name="near: 50 to 80 % stay in their region", kinds=(0, 1, 2)),
    replace(BASE, name="mid: 33 to 40 % stay", kinds=(3, 4)),
    replace(BASE, name="far: 12 to 25 % stay", kinds=(5, 6, 7)),
    replace(BASE, name="mid and far", kinds=(3, 4, 5, 6, 7)),
)
SENT = {"prompt": 430, "persona": 61, "listed role": 5, "void": 40, "probabilities": 35, "probability": 8}


def tokens(setting: Setting) -> float:
    """Of a call, on average."""
    people = SENT["prompt"] + PER_CALL * SENT["persona"]
    lists = (1 - PROBES) * (1 - setting.void) * setting.listed * SENT["listed role"]
    asked = SENT["probabilities"] + PER_CALL * SENT["probability"] if "verbalised" in setting.name else 0
    return people + lists + setting.void * SENT["void"] + asked


def worlds(count: int, calls: int, workers: int, only: str) -> None:
    some = [setting for setting in SETTINGS if only in setting.name]
    outcomes = run(
        [(setting, setting.policies[0], seed, calls, 16) for setting in some for seed in range(count)], workers
    )
    print(f"| switch | new roles in {calls:,} calls | a call | per 1,000 tokens | to none, a call | a token |")
    print("|---|---:|---:|---:|---:|---:|")
    base: tuple[float, float] | None = None
    for setting in some:
        found = mean(one.distinct for one in outcomes if one.setting == setting.name) - SEEDS
        per_call, per_token = found / calls, 1000 * found / calls / tokens(setting)
        base = base or (per_call, per_token)
        cells = (
            setting.name, f"{found:,.0f}", f"{per_call:.2f}", f"{per_token:.2f}",
            f"{per_call / base[0]:.3f}", f"{per_token / base[1]:.3f}",
        )  # fmt: skip
        print(f"| {' | '.join(cells)} |", flush=True)


def pgraph(workspace: Path, *arguments: str) -> str:
    env = {name: value for name, value in os.environ.items() if not name.startswith("PGRAPH_")}
    command = [sys.executable, "-m", "pgraph", "-C", str(workspace), *arguments]
    done = subprocess.run(command, env=env, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode not in (0, 1):  # 1: some calls failed, which is part of what is measured
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}")
    return done.stdout


def ask(options: tuple[str, ...], calls: int, seed: int) -> dict[str, Any]:
    """One run of a variant: its summary, the new roles, and how it stands by the shipped query."""
    with tempfile.TemporaryDirectory() as place:
        workspace = Path(place)
        pgraph(workspace, "import", str(PEOPLE))
        run = ("expand", "--depth", "3", "--calls", str(calls), "--seed", str(seed), *options)
        summary = json.loads(pgraph(workspace, "--json", *run))
        rows = json.loads(pgraph(workspace, "query", "prompt_switches", "--format", "json"))
        answered = "MATCH (:Run)-[a:ASKED]->(:Persona) RETURN sum(a.new) AS new, sum(a.answers) AS answers"
        found = json.loads(pgraph(workspace, "cypher", answered, "--format", "json"))[0]
        pgraph(workspace, "local", "stop")
    return {**summary, "new_roles": found["new"], "answers": found["answers"], "switches": rows}


def row(name: str, seed: int, run: dict[str, Any]) -> str:
    tokens, calls = run["tokens_in"] + run["tokens_out"], run["calls"]
    cells = (
        name, str(seed), str(calls), str(run["new_roles"]), f"{run['new_roles'] / calls:.2f}",
        f"{1000 * run['new_roles'] / tokens:.2f}", f"{tokens / calls:.0f}",
        f"{100 * run['unusable'] / max(1, run['answers']):.1f} %", f"{run['seconds'] / calls:.1f}",
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=0, help="by default 60, in simulated worlds 5,000")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--only", default="", help="the variants whose name holds this")
    parser.add_argument("--worlds", type=int, default=0, help="simulated ones, in place of the bundled model")
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    if asked.worlds:
        worlds(asked.worlds, asked.calls or 5000, asked.workers, asked.only)
        return
    print("| switch | seed | calls | new roles | a call | per 1,000 tokens | tokens a call | unusable | s a call |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|---:|")
    for seed in asked.seeds:
        for name, options in VARIANTS.items():
            if asked.only in name:
                told = ask(options, asked.calls or 60, seed)
                print(row(name, seed, told), flush=True)
                for switch in told["switches"]:
                    print(f"  {switch}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
