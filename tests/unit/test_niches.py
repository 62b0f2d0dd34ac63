from collections.abc import Sequence

import numpy as np
import pytest

from graphstore import domain_id
from population.matching import DomainPlacer, Niches, Vectors, room_for_niches
from population.population import Population
from population.prediction import FIRST, FIRST_WORTH, PRIOR, uncovered_by_group
from tests.fakes.embedder import HashEmbedder


def unit(*numbers: float) -> Vectors:
    vector = np.array(numbers, np.float32)
    return vector / np.float32(np.linalg.norm(vector))


def test_while_there_is_room_only_domains_that_are_alike_share_a_niche() -> None:
    niches = Niches(room=3)
    assert niches.place("g", "nursing", unit(1, 0, 0)) == "nursing"
    assert niches.place("g", "midwifery", unit(1, 1, 0)) == "midwifery"
    assert niches.place("g", "nursing care", unit(1, 0.1, 0)) == "nursing"
    assert niches.place("g", "dentistry", unit(0, 0, 1)) == "dentistry"


def test_without_room_a_domain_joins_the_nearest_of_its_group() -> None:
    niches = Niches(room=2)
    niches.place("g", "a", unit(1, 0, 0))
    niches.place("g", "b", unit(0, 1, 0))
    assert niches.place("g", "c", unit(0, 1, 2)) == "b"
    assert niches.place("h", "d", unit(0, 1, 0)) == "d"  # no group is without a niche


@pytest.mark.parametrize(("personas", "room"), [(0, 150), (3_000, 150), (6_000, 300), (1_000_000, 500)])
def test_a_larger_population_has_room_for_more(personas: int, room: int) -> None:
    assert room_for_niches(personas) == room


def test_a_domain_that_comes_in_a_run_gets_a_niche_as_well() -> None:
    embed = HashEmbedder().embed
    placer = DomainPlacer({"d1": ("care", "g1"), "d2": ("law", "g2")}, embed, {"d1": "d1", "d2": "d2"}, room=3)
    first, again = placer.place("bees"), placer.place("bees")
    assert (first.niche, first.new) == (first.domain, "group")
    assert (again.niche, again.new) == (first.niche, "")
    full = DomainPlacer(
        {"d1": ("care", "g1")}, lambda texts: np.ones((len(texts), 1), np.float32), {"d1": "d1"}, room=1
    )
    assert full.place("bees").niche == "d1"


def test_a_new_domain_joins_no_domain_that_is_not_grouped_yet() -> None:
    def alike(texts: Sequence[str]) -> Vectors:
        return np.ones((len(texts), 1), np.float32)

    waits, grouped = domain_id("night care"), domain_id("care")
    early = DomainPlacer({waits: ("night care", waits)}, alike, ungrouped={waits})
    assert early.place("bees").new == "group"
    assert early.place("night care").group == waits
    both = {waits: ("night care", waits), grouped: ("care", "g")}
    assert DomainPlacer(both, alike, ungrouped={waits}).place("bees").group == "g"


def test_where_no_niches_are_known_the_group_is_the_region() -> None:
    placed = DomainPlacer({domain_id("care"): ("care", "g")}, HashEmbedder().embed).place("care")
    assert (placed.group, placed.niche) == ("g", "g")


def test_groups_are_covered_as_all_their_niches_together() -> None:
    people = Population(1, None)
    for number, (niche, group) in enumerate([("a", "g"), ("b", "g"), ("c", "h")]):
        position = people.add(f"p{number}", "text", f"role {number}", 0, people.region(niche, group))
        people.see(position, call=f"c{number}")
    people.see(0, call="another")
    overall = (2 + FIRST_WORTH * FIRST) / (4 + FIRST_WORTH)
    assert uncovered_by_group(people).tolist() == pytest.approx(
        [(1 + PRIOR * overall) / (3 + PRIOR), (1 + PRIOR * overall) / (1 + PRIOR)]
    )
    assert people.in_group("g") == [0, 1]
    assert people.in_group("nowhere") == []
