"""Which policy finds the most people, call for call, in simulated worlds, and how right its predictions are.

    python -m benchmarks.selection [--worlds 5] [--calls 20000] [--write docs]

Every policy goes through the interface by which `pgraph expand` chooses; the worlds are those of benchmarks/world.py, the
same for all. A persona is recognised with errors (5 % missed duplicates, 3 % false merges). `--write` makes the page
docs/selection.md and its plots.
"""

import argparse
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from benchmarks import selection_page
from benchmarks.policies import FarthestFirst, GoodUcb, LeastCount, Oracle
from benchmarks.texts import Library, Shelves, TextsFirst
from benchmarks.world import World
from expansion.selection.exclusion import Exclusions
from expansion.selection.hint import NO_HINT, Hint
from expansion.selection.strategies import (
    BreadthFirst,
    Choice,
    CoverageFirst,
    RandomChoice,
    Strategy,
    TextChoice,
    predictions_for,
)
from expansion.selection.void import Voids
from expansion.texts.arms import TextArms
from population.coverage import NO_ARM, text_arm
from population.population import Population

SEEDS, PER_CALL = 200, 5
LIST = 50  # roles


def coarse(region: int, _: int) -> int:
    return region % 20


def fine(region: int, role: int) -> int:
    return 5 * region + role % 5


def true(region: int, _: int) -> int:
    return region


@dataclass(frozen=True)
class Setting:
    """A world and what goes wrong in it."""

    name: str
    world: World = field(default_factory=World)
    group: Callable[[int, int], int] = true  # of a region and a role
    missed: float = 0.05
    merged: float = 0.03
    imported: int = 0  # roles from files, beside the seeds
    listed: int = 0
    honoured: float = 0.6
    void: float = 0.0  # share of the calls that name a region
    obeyed: float = 0.0  # share of their answers that then land there, whatever the source
    relations: int = 8
    library: Library = field(default_factory=lambda: Library(files=0))
    kinds: tuple[int, ...] = ()  # of the relationships, those asked along; () for all
    policies: tuple[str, ...] = ("coverage", "breadth-first", "uniform", "oracle")


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


class Trial:
    """One policy in one world, from the seeds on."""

    def __init__(self, setting: Setting, seed: int, policy: str) -> None:
        self.setting = setting
        self.world = replace(setting.world, seed=seed).build()
        rng, self.draws = np.random.default_rng([seed, 7]), np.random.default_rng([seed, 8])
        self.kinds = setting.kinds or tuple(range(setting.relations))
        self.people = Population(len(self.kinds), 10**6, setting.library.buckets)
        self.shelves = Shelves(setting.library, self.world)
        self.roles: list[int] = []  # by position
        self.known = np.zeros(self.world.roles, bool)
        self.found, self.calls, self.about_texts = 0, 0, 0
        self._first: dict[int, int] = {}  # role -> position
        self._mates: dict[int, list[int]] = defaultdict(list)  # true region -> positions
        files = self.draws.choice(self.world.roles, setting.imported, replace=False).tolist()
        for role in dict.fromkeys([*self.world.seeds(SEEDS, self.draws), *files]):
            self.people.know(self._add(role, 0))
        self.strategy = self._strategy(policy, rng)
        arms = predictions_for(self.strategy, self.people)
        self.exclusions = Exclusions(self.people, arms, setting.listed, rng)
        self.voids = Voids(self.people, arms, setting.void, rng)
        self.seconds = 0.0  # of the processor, spent choosing
        self.calibration: list[
            tuple[float, float, float]
        ] = []  # by call: share of new ones predicted, counted, in truth

    def _strategy(self, policy: str, rng: np.random.Generator) -> Strategy:
        people, vectors = self.people, self.world.vectors()
        make: Mapping[str, Callable[[], Strategy]] = {
            "coverage": lambda: self._rule(rng),
            "breadth-first": lambda: BreadthFirst(people),
            "uniform": lambda: RandomChoice(people, rng),
            "least-count": lambda: LeastCount(people, rng),
            "farthest-first": lambda: FarthestFirst(people, rng, lambda some: vectors[[self.roles[p] for p in some]]),
            "Good-UCB": lambda: GoodUcb(people, rng),
            "coverage with texts": lambda: self._rule(rng, self.shelves.arms(PER_CALL)),
            "texts first": lambda: TextsFirst(rng, self.shelves.arms(PER_CALL), self._rule(rng)),
            "oracle": lambda: Oracle(people, rng, self.world, self.roles, self.known),
        }
        return make[policy]()

    def _rule(self, rng: np.random.Generator, texts: TextArms | None = None) -> CoverageFirst:
        vectors = self.world.vectors()
        return CoverageFirst(self.people, rng, lambda some: vectors[[self.roles[p] for p in some]], texts)

    def go(self, calls: int, at_once: int) -> Iterable[int]:
        """Yields how many roles are known after each batch."""
        done = 0
        while done < calls:
            began = time.thread_time()
            batch = self._batch(min(at_once, calls - done))
            self.seconds += time.thread_time() - began
            if not batch:
                return
            for choice, hint in batch:
                if isinstance(choice, TextChoice):
                    self._ask_about(choice)
                else:
                    self._ask(choice, hint)
            done += len(batch)
            yield done

    def _batch(self, size: int) -> list[tuple[Choice | TextChoice, Hint]]:
        batch: list[tuple[Choice | TextChoice, Hint]] = []
        while len(batch) < size and isinstance(choice := self.strategy.choose(), Choice | TextChoice):
            if isinstance(choice, TextChoice):
                batch.append((choice, NO_HINT))
                continue
            self.people.mark_asked(choice.source, choice.relation)
            self.people.in_flight += 1
            arm = self.people.arm(choice.source, choice.relation)
            batch.append((choice, self.voids.draw(arm) or Hint(self.exclusions.draw(arm))))
        return batch

    def _ask(self, choice: Choice, hint: Hint) -> None:
        people = self.people
        source = self.roles[choice.source]
        arm = NO_ARM if hint.void else people.arm(choice.source, choice.relation)
        depth = people.depths[choice.source] + 1
        people.in_flight -= 1
        pair = source, self.kinds[choice.relation]
        answers = self.world.draw(*pair, PER_CALL, self.draws)
        if hint.void:
            answers = self.world.moved(pair, answers, int(hint.void), self.setting.obeyed, self.draws)
        listed = {int(name.partition(".")[0]) for name in hint.excluded}
        said = self.world.heed(pair, answers, listed, self.setting.honoured, self.draws)
        self._take(said, arm, depth, None if hint.void else choice.expected)

    def _ask_about(self, choice: TextChoice) -> None:
        self.about_texts += 1
        self._take([self.shelves.draw(choice, self.draws)], text_arm(choice.bucket), 0, choice.expected)

    def _take(self, said: Sequence[int], arm: int, depth: int, expected: float | None) -> None:
        before, counted = self.found, len(self.people.tally.seen)
        self.calls += 1
        for role in said:
            self.see(role, arm, depth)
        if expected is not None:
            new = len(self.people.tally.seen) - counted, self.found - before
            self.calibration.append((expected, new[0] / len(said), new[1] / len(said)))

    def see(self, role: int, arm: int, depth: int) -> None:
        """Recognise an answer, with errors, and count it."""
        position = self._first.get(role)
        if position is None:
            mates = self._mates[self.world.home[role]]
            if mates and self.draws.random() < self.setting.merged:
                position = mates[int(self.draws.integers(len(mates)))]
        elif self.draws.random() < self.setting.missed:
            position = None
        self.people.see(self._add(role, depth) if position is None else position, arm, call=str(self.calls))

    def _add(self, role: int, depth: int) -> int:
        group = self.setting.group(self.world.label(role, self.draws), role)
        name = str(role) if role not in self._first else f"{role}.{len(self.roles)}"
        position = self.people.add(name, "", name, depth, self.people.region(str(group)))
        self.roles.append(role)
        self._first.setdefault(role, position)
        self._mates[self.world.home[role]].append(position)
        self.found += not self.known[role]
        self.known[role] = True
        return position


@dataclass(frozen=True)
class Outcome:
    setting: str
    policy: str
    seed: int
    curve: tuple[tuple[int, int], ...]  # calls, roles known
    ms: float  # a choice
    about_texts: int  # calls
    calibration: tuple[tuple[float, ...], ...]  # by decile of the prediction, and behind them over all

    @property
    def distinct(self) -> int:
        return self.curve[-1][1]


def trial(setting: Setting, policy: str, seed: int, calls: int, at_once: int) -> Outcome:
    one = Trial(setting, seed, policy)
    marks = np.unique(np.geomspace(50, calls, 40).astype(int)).tolist()
    curve = []
    for done in one.go(calls, at_once):
        while marks and done >= marks[0]:
            curve.append((done, one.found))
            marks.pop(0)
    pairs = np.array(sorted(one.calibration)).reshape(-1, 3)
    deciles = [*np.array_split(pairs, 10), pairs] if len(pairs) else []
    means = [tuple(part.mean(axis=0).round(4).tolist()) for part in deciles]
    return Outcome(
        setting.name, policy, seed, tuple(curve), 1000 * one.seconds / curve[-1][0], one.about_texts, tuple(means)
    )


def run(jobs: list[tuple[Setting, str, int, int, int]], workers: int) -> list[Outcome]:
    with ProcessPoolExecutor(workers) as pool:
        waiting = [pool.submit(trial, *job) for job in jobs]
        return [one.result() for one in waiting]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", type=int, default=5)
    parser.add_argument("--calls", type=int, default=20_000)
    parser.add_argument("--at-once", type=int, default=16)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--only", default="", help="the settings whose name holds this")
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
    outcomes = run(jobs, asked.workers)
    text = selection_page.tables(outcomes)
    print(text)
    if asked.write:
        selection_page.write(outcomes, text, asked.write)


if __name__ == "__main__":
    main()
