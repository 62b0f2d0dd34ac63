from collections import Counter

import numpy as np

from benchmarks.world import World
from expansion.selection.strategies import BreadthFirst, Choice, CoverageFirst, RandomChoice
from population.population import Population
from population.prediction import Predictions

RELATIONS = 8


def people(regions: int, each: int, depth: int = 2) -> Population:
    population = Population(RELATIONS, depth)
    for region in range(regions):
        for number in range(each):
            population.see(
                population.add(
                    f"p{region}-{number}", "text", f"role {region} {number}", 0, population.region(f"g{region}")
                )
            )
    return population


def drain(population: Population, strategy: CoverageFirst | RandomChoice | BreadthFirst) -> list[Choice]:
    chosen = []
    while (choice := strategy.choose()) is not None:
        assert isinstance(choice, Choice)
        population.mark_asked(choice.source, choice.relation)
        chosen.append(choice)
    return chosen


def test_each_strategy_asks_every_pair_once_then_ends() -> None:
    for make in (
        lambda p: CoverageFirst(p, np.random.default_rng(0), lambda _: None),
        BreadthFirst,
        lambda p: RandomChoice(p, np.random.default_rng(0)),
    ):
        population = people(3, 4)
        chosen = drain(population, make(population))
        assert len({(c.source, c.relation) for c in chosen}) == len(chosen) == 3 * 4 * RELATIONS


def test_nobody_at_the_depth_limit_is_asked() -> None:
    population = people(1, 1, depth=1)
    population.add("deep", "text", None, 1, 0)
    assert {
        c.source for c in drain(population, CoverageFirst(population, np.random.default_rng(0), lambda _: None))
    } == {0}


def test_breadth_first_waits_for_its_level_and_goes_by_id() -> None:
    population = Population(1, 2)
    region = population.region("g")
    for name in ("b", "a"):
        population.add(name, "text", None, 0, region)
    strategy = BreadthFirst(population)
    first = [strategy.choose(), strategy.choose()]
    assert [population.ids[c.source] for c in first if isinstance(c, Choice)] == ["a", "b"]
    population.under_way.begin(0, 3)
    for choice in first:
        assert isinstance(choice, Choice)
        population.mark_asked(choice.source, choice.relation)
    assert strategy.choose() == "wait"
    population.under_way.end(0, 3)
    deeper = population.add("c", "text", None, 1, region)
    assert strategy.choose() == Choice(deeper, 0, "breadth-first")


def test_calls_that_are_chosen_together_spread() -> None:
    """Sixty-four calls before the first answer: no group and relationship gets more than a few of them."""
    population = people(8, 20)
    strategy = CoverageFirst(population, np.random.default_rng(0), lambda _: None)
    by_arm: Counter[int] = Counter()
    for _ in range(64):
        choice = strategy.choose()
        assert isinstance(choice, Choice)
        population.mark_asked(choice.source, choice.relation)
        arm = population.arm(choice.source, choice.relation)
        population.under_way.begin(arm, 5)
        by_arm[arm] += 1
    assert max(by_arm.values()) <= 4
    by_region = Counter(arm // RELATIONS for arm in by_arm.elements())
    assert max(by_region.values()) <= 16


def test_what_a_relationship_brings_is_learned_across_regions() -> None:
    """Along relationship 0 the same few people come up again, along 1 new ones: so it is where neither was asked."""
    population = people(6, 1)
    for call in range(200):
        for relation, name in ((0, f"same{call % 10}"), (1, f"new{call}")):
            position = population.index.get(name)
            region = call % 5
            known = population.add(name, "text", None, 1, region) if position is None else position
            population.see(known, region * RELATIONS + relation, call=f"{call} {relation}")
    new = Predictions(population).arms().new.reshape(6, RELATIONS)
    assert new[5, 0] < 0.7 * new[5, 1]
    assert new[5, 0] < 0.9 * new[5, 2] < new[5, 1]


def test_the_source_is_one_that_was_asked_least() -> None:
    population = people(1, 8)
    strategy = CoverageFirst(population, np.random.default_rng(0), lambda _: None)
    for relation in range(RELATIONS):
        for _ in range(8):
            population.mark_asked(strategy._source(0, relation), relation)
        assert {population.times_asked(source) for source in range(8)} == {relation + 1}


def test_an_exhausted_region_is_left_alone() -> None:
    """Region 0 says the same over and over, region 1 something new each time: the calls go to region 1."""
    population = people(2, 60)
    strategy = CoverageFirst(population, np.random.default_rng(3), lambda _: None)
    asked = [0, 0]
    for number in range(150):
        choice = strategy.choose()
        assert isinstance(choice, Choice)
        population.mark_asked(choice.source, choice.relation)
        region = population.regions[choice.source]
        asked[region] += 1
        arm = population.arm(choice.source, choice.relation)
        for answer in range(3):
            if region == 0:
                population.see(0, arm)
            else:
                population.see(population.add(f"n{number}-{answer}", "text", None, 2, 1), arm)
    assert asked[1] > 3 * asked[0]


def test_failed_answers_count_against_their_arm() -> None:
    population = people(1, 30)
    arm = population.arm(0, 0)
    strategy = CoverageFirst(population, np.random.default_rng(0), lambda _: None)
    before = strategy.arms().new[arm]
    for _ in range(200):
        population.miss(arm, 1)
    asked = [strategy.choose() for _ in range(100)]
    assert before > 0.5
    assert sum(isinstance(c, Choice) and c.relation == 0 for c in asked) < 5


def test_the_source_is_the_one_least_like_those_asked() -> None:
    population = people(1, 3)
    vectors = np.array([[1, 0], [0.99, 0.1], [0, 1]], np.float32)
    strategy = CoverageFirst(population, np.random.default_rng(0), lambda ids: vectors[ids])
    chosen = [strategy._source(0, 0)]
    for _ in range(1):
        population.mark_asked(chosen[-1], 0)
        chosen.append(strategy._source(0, 0))
    assert 2 in chosen
    assert len(set(chosen)) == 2


def distinct(policy: str, calls: int) -> int:
    world = World(roles=6_000, regions=30).build()
    rng, draws = np.random.default_rng(0), np.random.default_rng(1)
    population = Population(RELATIONS, 10**6)
    roles: list[int] = []
    known: dict[int, int] = {}

    def see(role: int, arm: int = -1) -> None:
        if role not in known:
            known[role] = population.add(str(role), "", None, 0, population.region(str(world.label(role, draws))))
            roles.append(role)
        population.see(known[role], arm)

    for role in world.seeds(60, draws):
        see(role)
    coverage = CoverageFirst(population, rng, lambda _: None)
    strategy = coverage if policy == "coverage" else RandomChoice(population, rng)
    for _ in range(calls):
        choice = strategy.choose()
        assert isinstance(choice, Choice)
        population.mark_asked(choice.source, choice.relation)
        for role in world.draw(roles[choice.source], choice.relation, 5, draws).tolist():
            see(role, population.arm(choice.source, choice.relation))
    return len(known)


def test_coverage_finds_more_people_than_chance_in_a_simulated_world() -> None:
    assert distinct("coverage", 1500) > 1.03 * distinct("random", 1500)


def test_where_no_call_was_made_yet_every_pair_is_asked_once() -> None:
    """More arms than values are drawn for, in 37 regions: rounding made the chance of a new one more than 1 there."""
    population = Population(23, 1)
    for number in range(37):
        population.know(population.add(f"p{number}", "text", None, 0, population.region(f"g{number}")))
    chosen = drain(population, CoverageFirst(population, np.random.default_rng(0), lambda _: None))
    assert len({(c.source, c.relation) for c in chosen}) == len(chosen) == 37 * 23
