"""One policy in one simulated world: what it chooses, what is recognised, and what comes of it."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace

import numpy as np

from benchmarks.policies import FarthestFirst, GoodUcb, LeastCount, Oracle
from benchmarks.texts import Library, Shelves, TextsFirst
from benchmarks.world import World
from expansion.selection import (
    NO_HINT,
    BreadthFirst,
    Choice,
    CoverageFirst,
    Exclusions,
    FixedLength,
    Hint,
    RandomChoice,
    Strategy,
    TextChoice,
    Voids,
    predictions_for,
)
from expansion.texts import TextArms
from population import NO_ARM, Population, text_arm

SEEDS, PER_CALL = 200, 5


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
        self.lengths = FixedLength(setting.listed, rng)
        self.exclusions = Exclusions(self.people, arms, setting.listed)
        self.voids = Voids(self.people, arms, setting.void, rng)
        self.seconds = 0.0  # of the processor, spent choosing
        self.calibration: list[tuple[float, float, float]] = []  # by call: share of new roles predicted, counted, true

    def _strategy(self, policy: str, rng: np.random.Generator) -> Strategy:
        people, vectors = self.people, self.world.vectors()
        make: Mapping[str, Callable[[], Strategy]] = {
            "coverage": lambda: self._rule(rng),
            "breadth-first": lambda: BreadthFirst(people),
            "uniform": lambda: RandomChoice(people, rng),
            "least-count": lambda: LeastCount(people, rng),
            "farthest-first": lambda: FarthestFirst(
                people, rng, lambda positions: vectors[[self.roles[p] for p in positions]]
            ),
            "Good-UCB": lambda: GoodUcb(people, rng),
            "coverage with texts": lambda: self._rule(rng, self.shelves.arms(PER_CALL)),
            "texts first": lambda: TextsFirst(rng, self.shelves.arms(PER_CALL), self._rule(rng)),
            "oracle": lambda: Oracle(people, rng, self.world, self.roles, self.known),
        }
        return make[policy]()

    def _rule(self, rng: np.random.Generator, texts: TextArms | None = None) -> CoverageFirst:
        vectors = self.world.vectors()
        return CoverageFirst(self.people, rng, lambda positions: vectors[[self.roles[p] for p in positions]], texts)

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
                self.people.under_way.begin(*self._awaited(choice, NO_HINT))
                batch.append((choice, NO_HINT))
                continue
            self.people.mark_asked(choice.source, choice.relation)
            arm = self.people.arm(choice.source, choice.relation)
            hint = self.voids.draw(arm) or Hint(self.exclusions.likeliest(arm, self.lengths.draw()))
            self.people.under_way.begin(*self._awaited(choice, hint))
            batch.append((choice, hint))
        return batch

    def _awaited(self, choice: Choice | TextChoice, hint: Hint) -> tuple[int, int, int | None]:
        if isinstance(choice, TextChoice):
            return text_arm(choice.bucket), 1, None
        region = self.people.region_index[hint.void] if hint.void else None
        return self.people.arm(choice.source, choice.relation), PER_CALL, region

    def _ask(self, choice: Choice, hint: Hint) -> None:
        people = self.people
        source = self.roles[choice.source]
        arm = NO_ARM if hint.void else people.arm(choice.source, choice.relation)
        depth = people.depths[choice.source] + 1
        people.under_way.end(*self._awaited(choice, hint))
        pair = source, self.kinds[choice.relation]
        answers = self.world.draw(*pair, PER_CALL, self.draws)
        if hint.void:
            answers = self.world.moved(pair, answers, int(hint.void), self.setting.obeyed, self.draws)
        listed = {int(name.partition(".")[0]) for name in hint.excluded}
        named = self.world.heed(pair, answers, listed, self.setting.honoured, self.draws)
        self._take(named, arm, depth, None if hint.void else choice.expected)

    def _ask_about(self, choice: TextChoice) -> None:
        self.about_texts += 1
        self.people.under_way.end(*self._awaited(choice, NO_HINT))
        self._take([self.shelves.draw(choice, self.draws)], text_arm(choice.bucket), 0, choice.expected)

    def _take(self, answers: Sequence[int], arm: int, depth: int, expected: float | None) -> None:
        before, counted = self.found, len(self.people.tally.seen)
        self.calls += 1
        for role in answers:
            self.see(role, arm, depth)
        if expected is not None:
            new = len(self.people.tally.seen) - counted, self.found - before
            self.calibration.append((expected, new[0] / len(answers), new[1] / len(answers)))

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
    run = Trial(setting, seed, policy)
    marks = np.unique(np.geomspace(50, calls, 40).astype(int)).tolist()
    curve = []
    for done in run.go(calls, at_once):
        while marks and done >= marks[0]:
            curve.append((done, run.found))
            marks.pop(0)
    pairs = np.array(sorted(run.calibration)).reshape(-1, 3)
    deciles = [*np.array_split(pairs, 10), pairs] if len(pairs) else []
    means = [tuple(part.mean(axis=0).round(4).tolist()) for part in deciles]
    return Outcome(
        setting.name, policy, seed, tuple(curve), 1000 * run.seconds / curve[-1][0], run.about_texts, tuple(means)
    )


def run(jobs: list[tuple[Setting, str, int, int, int]], workers: int) -> list[Outcome]:
    with ProcessPoolExecutor(workers) as pool:
        waiting = [pool.submit(trial, *job) for job in jobs]
        return [outcome.result() for outcome in waiting]
