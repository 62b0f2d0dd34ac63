from expansion.selection.exclusion import Exclusions
from population.population import Population
from population.prediction import Predictions


def people() -> Population:
    """Two regions; arm 0 (of region 0 along relationship 0) leads to region 1, where bakers are named most."""
    population = Population(2, 3)
    everybody: dict[int, list[str | None]] = {0: ["nurse", "porter", None], 1: ["baker", "miller", "nurse"]}
    for region, roles in everybody.items():
        for role in roles:
            place = population.region(f"g{region}")
            population.know(population.add(f"{region}-{role}", "text", role, 0, place))
    for name, times in (("1-baker", 40), ("1-miller", 10), ("1-nurse", 2)):
        population.see(population.index[name], 0, times)
    population.see(population.index["0-porter"], 1, 30)
    return population


def lists(population: Population, longest: int = 10) -> Exclusions:
    return Exclusions(population, Predictions(population).arms, longest)


def test_the_likeliest_answers_of_an_arm_come_first_and_each_once() -> None:
    population = people()
    assert lists(population).likeliest(0, 10) == ("baker", "miller", "nurse", "porter")
    assert lists(population).likeliest(0, 1) == ("baker",)
    assert lists(population).likeliest(1, 1) == ("porter",)


def test_a_role_that_is_named_often_from_now_on_rises() -> None:
    population = people()
    exclusions = lists(population, 2)
    assert exclusions.likeliest(0, 2) == ("baker", "miller")
    population.see(population.index["1-nurse"], 0, 100)
    assert exclusions.likeliest(0, 2) == ("nurse", "baker")


def test_without_a_count_nothing_is_listed() -> None:
    assert lists(people()).likeliest(0, 0) == ()


def test_a_role_longer_than_any_reply_is_left_out() -> None:
    population = people()
    population.see(population.add("long", "text", "r" * 49, 0, population.region("g1")), 0, 500)
    assert all(len(role) < 49 for role in lists(population).likeliest(0, 10))


def test_where_nobody_has_a_role_nothing_is_listed() -> None:
    population = Population(1, 1)
    population.know(population.add("p", "text", None, 0, population.region("g")))
    assert lists(population).likeliest(0, 5) == ()
