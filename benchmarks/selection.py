"""Which policy finds the most people with the same number of calls in simulated worlds, and how right its predictions are.

    python -m benchmarks.selection [--worlds 5] [--calls 20000] [--write docs]

Every policy chooses through the interface that `pgraph expand` uses, in the same worlds (benchmarks/world.py). A persona is
recognised with errors (5 % missed duplicates, 3 % false merges). `--write` makes the page docs/selection.md and its plots.
"""

import argparse
from pathlib import Path

from benchmarks import selection_page
from benchmarks.texts import Library
from benchmarks.trials import Setting, coarse, fine, run
from benchmarks.world import World

LIST = 50  # roles

POLICIES = ("coverage", "breadth-first", "uniform", "least-count", "farthest-first", "Good-UCB", "oracle")
TEXTS = ("coverage", "coverage with texts", "texts first", "uniform")
SETTINGS = (
    Setting("as described", policies=POLICIES),
    Setting(f"lists of {LIST}, honoured at 60 %", listed=LIST, policies=POLICIES),
    Setting("collapsed model (30 % from the top list)", World(collapse=0.30)),
    Setting("flatter model (Zipf 0.7 and 0.4)", World(zipf=0.7, region_zipf=0.4)),
    Setting("five times the universe", World(roles=300_000)),
    Setting("30 % wrong labels", World(wrong_label=0.30)),
    Setting("groups too coarse (20)", group=coarse),
    Setting("groups too fine (600)", group=fine),
    Setting("15 % missed, 10 % falsely merged", missed=0.15, merged=0.10),
    Setting("5,000 roles imported", imported=5_000),
    Setting("regions of like size (spread 0.7)", World(spread=0.7)),
    Setting(
        "500 regions, 12 relationships",
        World(roles=250_000, regions=500),
        relations=12,
        policies=("coverage", "uniform"),
    ),
    Setting("texts", library=Library(), policies=TEXTS),
    Setting("texts, 12,000 roles", World(roles=12_000, regions=60), library=Library(), policies=TEXTS),
    Setting("texts, the only way to a third of the regions", World(hidden=0.33), library=Library(), policies=TEXTS),
    Setting("texts that bring the same people (90 % from the top list)", library=Library(collapse=0.9), policies=TEXTS),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", type=int, default=5)
    parser.add_argument("--calls", type=int, default=20_000)
    parser.add_argument("--at-once", type=int, default=16)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--only", default="", help="only settings with this in their name")
    parser.add_argument("--policies", default="", help="comma-separated; by default all, in the variations four")
    parser.add_argument("--write", type=Path, metavar="DIR", help="make the page and its plots here")
    asked = parser.parse_args()
    jobs = [
        (setting, policy, seed, asked.calls, asked.at_once)
        for setting in SETTINGS
        if asked.only in setting.name
        for policy in (asked.policies.split(",") if asked.policies else setting.policies)
        for seed in range(asked.worlds)
    ]
    if not jobs:
        parser.error(
            f"no setting has {asked.only!r} in its name; there are: {'; '.join(setting.name for setting in SETTINGS)}"
        )
    outcomes = run(jobs, asked.workers)
    text = selection_page.tables(outcomes)
    print(text)
    if asked.write:
        selection_page.write(outcomes, text, asked.write)


if __name__ == "__main__":
    main()
