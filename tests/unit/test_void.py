import numpy as np

from expansion.selection.hint import Hint
from expansion.selection.void import Voids
from population.population import Population
from population.prediction import Predictions


def people() -> Population:
    """Arm 0 leads to region 1, now and then to region 2, where all is new, and hardly ever to region 3."""
    population = Population(1, 3)
    for region, roles in enumerate(
        (["nurse"], ["baker", "miller"], ["diver", "eel catcher", "pilot"], ["monk", "nun"])
    ):
        place = population.region(f"g{region}")
        for role in roles:
            population.see(population.add(role, "text", role, 0, place))
    population.see(population.index["nurse"], times=40)
    for role, times in (("baker", 600), ("miller", 200), ("diver", 150)):
        population.see(population.index[role], 0, times)
    return population


def voids(population: Population, share: float) -> Voids:
    return Voids(population, Predictions(population).arms, share, np.random.default_rng(0))


def test_the_region_named_is_the_least_covered_within_reach_by_its_most_sighted_roles() -> None:
    population = people()
    assert Predictions(population).arms().uncovered.argmax() == 3, "but hardly any answer lands there"
    assert voids(population, 1).thinnest(0) == Hint(void="g2", neighbours=("diver", "eel catcher", "pilot"))
    population.see(population.index["eel catcher"], 0, 9)
    population.see(population.index["pilot"], 0, 9)
    named = voids(population, 1).thinnest(0)
    assert named is not None
    assert named.void != "g3", "however well the others are covered"


def test_so_many_calls_name_a_region_and_without_a_share_none_does() -> None:
    population = people()
    some, none = voids(population, 0.3), voids(population, 0)
    assert abs(sum(some.draw(0) is not None for _ in range(2000)) / 2000 - 0.3) < 0.04
    assert none.draw(0) is None


def test_where_nobody_has_a_role_no_region_is_named() -> None:
    population = Population(1, 1)
    population.see(population.add("p", "text", None, 0, population.region("g")))
    assert voids(population, 1).draw(0) is None


def test_a_hint_is_kept_with_the_reply() -> None:
    for hint in (Hint(), Hint(("baker", "miller")), Hint(void="g2", neighbours=("diver",))):
        assert Hint.of({"run": "r", **hint.tag()}) == hint
