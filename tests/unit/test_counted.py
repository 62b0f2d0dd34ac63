"""What counts as new in the choice, whatever coverage counts."""

from collections.abc import Sequence

import pytest

from foundation.errors import UsageError
from population import Counted, Population, counted_of, in_words, predict

BOTH = (Counted.ROLE, Counted.PERSONA)


def population(count: Sequence[Counted]) -> Population:
    """A nurse from a file; then two cooks of one domain, each named by one call, and the nurse by both."""
    people = Population(1, None, count=count)
    nurse = people.add("n", "text", "nurse", 0, people.region("care"), "d1")
    people.know(nurse)
    for call in ("c1", "c2"):
        people.see(people.add(call, "text", "cook", 1, 0, "d2"), 0, call=call)
        people.see(nurse, 0, call=call)
    return people


@pytest.mark.parametrize(
    ("count", "sightings", "singles"),
    [
        ([Counted.ROLE], 4, 0),  # cook: two calls
        ([Counted.PERSONA], 4, 2),
        ([Counted.DOMAIN], 4, 0),
        (BOTH, 8, 2),
        ([*BOTH, Counted.DOMAIN], 12, 2),
    ],
)
def test_each_answer_is_a_sighting_of_each_thing_counted(
    count: Sequence[Counted], sightings: int, singles: int
) -> None:
    people = population(count)
    assert people.worth.n.tolist() == people.worth.asked.tolist() == [sightings]
    assert people.worth.singles == singles
    assert (people.tally.overall().sightings, people.tally.singles, people.tally.overall().distinct) == (4, 0, 2)


def test_nobody_from_a_file_is_new() -> None:
    people = population([Counted.PERSONA])
    other = people.add("o", "text", None, 0, 0)
    people.know(other)
    people.see(other, 0, call="c3")
    assert people.worth.singles == 2


def test_calls_under_way_and_unusable_answers_count_for_each_thing() -> None:
    one, both = population([Counted.PERSONA]), population(BOTH)
    for people in (one, both):
        people.under_way.begin(0, 5)
        people.miss(0, 3)
    assert (one.worth.asked[0], both.worth.asked[0]) == (4 + 3, 2 * (4 + 3))
    assert predict(both.worth, both.under_way).asked[0] == 2 * predict(one.worth, one.under_way).asked[0]


def test_a_list_of_things_is_read_and_an_unknown_one_refused() -> None:
    assert counted_of(" domain,role,role") == (Counted.ROLE, Counted.DOMAIN)
    assert in_words(list(Counted)) == "roles, personas and domains"
    for text in ("text", "", "role,,domain"):
        with pytest.raises(UsageError, match="count = "):
            counted_of(text)
