"""Whether forecasts of new roles come true, in simulated worlds.

    python -m benchmarks.forecasts [--worlds 2] [--ahead 500]

After some calls of a policy it foretells, as `pgraph expand --dry-run` does, how many new roles the next ones bring, and goes
on to see. Prints the quotient of what was predicted and what came, the least and the greatest over the worlds.
"""

import argparse
from itertools import pairwise

from benchmarks.selection import SETTINGS
from benchmarks.trials import PER_CALL, Trial
from population.reports.forecasting import grown

AFTER = (40, 100, 500, 2_000)
TRIED = (
    ("as described", "coverage"),
    ("as described", "uniform"),
    ("lists", "coverage"),
    ("collapsed", "coverage"),
    ("five times", "coverage"),
    ("imported", "coverage"),
)


def quotients(setting: str, policy: str, seed: int, ahead: int) -> list[float]:
    """By call in AFTER."""
    one = Trial(next(each for each in SETTINGS if setting in each.name), seed, policy)
    predicted, found = [], []
    stops = sorted({call for after in AFTER for call in (after, after + ahead)})
    for before, stop in pairwise([0, *stops]):
        for _ in one.go(stop - before, 4):
            pass
        known = one.people.tally.overall()
        found.append(known.distinct)
        predicted.append(grown(known.by_calls, known.sightings, known.singles, ahead * PER_CALL) - known.by_calls)
    return [
        predicted[stops.index(after)] / (found[stops.index(after + ahead)] - found[stops.index(after)])
        for after in AFTER
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", type=int, default=2)
    parser.add_argument("--ahead", type=int, default=500)
    asked = parser.parse_args()
    print("| setting | policy |", *(f"after {after:,} calls |" for after in AFTER))
    print("| --- | --- |", *("---: |" for _ in AFTER))
    for setting, policy in TRIED:
        found = [quotients(setting, policy, seed, asked.ahead) for seed in range(asked.worlds)]
        cells = [f"{min(column):.2f} to {max(column):.2f} |" for column in zip(*found, strict=True)]
        print(f"| {setting} | {policy} |", *cells, flush=True)


if __name__ == "__main__":
    main()
