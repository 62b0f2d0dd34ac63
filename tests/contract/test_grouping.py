"""Groups in the graph, on both engines."""

from typing import Any

import pytest

import cypher
from distill.groups import grouping
from graphstore.ids import domain_id, persona_id
from graphstore.server.bolt import BoltStore
from graphstore.store import Write
from population import load_population
from tests.contract.graphs import persona
from tests.fakes.embedder import HashEmbedder

TRADES = {
    "ship engine repair": ["ship engine mechanics", "ship engine care"],
    "village school teaching": ["village school lessons", "village school board"],
    "bread oven baking": ["bread oven building", "bread oven trade"],
}


def fill(store: BoltStore, labels: list[str]) -> None:
    texts = {label: f"somebody who knows all about {label}" for label in labels}
    store.write(
        Write(
            "persona",
            [{"id": persona_id(t), "depth": 0, "props": {"text": t, "role": label}} for label, t in texts.items()],
        ),
        Write("domain", [{"id": domain_id(label), "name": label, "label": label} for label in labels]),
        Write(
            "in_domain",
            [{"persona": persona_id(t), "domain": domain_id(label), "by": "import"} for label, t in texts.items()],
        ),
    )


def groups(store: BoltStore) -> dict[str, str]:
    return {row["label"]: row["region"] for row in store.read("reads/domains")}


def all_labels() -> list[str]:
    return [label for main, others in TRADES.items() for label in (main, *others)]


def test_domains_that_mean_the_same_share_a_group(store: BoltStore) -> None:
    fill(store, all_labels())
    assert grouping.groups_are_stale(store)
    made = grouping.group_domains(store, HashEmbedder(), "r1")
    assert made.domains == 9
    assert not grouping.groups_are_stale(store)
    found = groups(store)
    for main, others in TRADES.items():
        assert {found[other] for other in others} == {found[main]}
    assert len(set(found.values())) == 3


def test_every_domain_has_a_niche_in_its_group(store: BoltStore) -> None:
    fill(store, all_labels())
    grouping.group_domains(store, HashEmbedder(), "r1")
    rows = {row["id"]: row for row in store.read("reads/domains")}
    assert all(rows[row["niche"]]["region"] == row["region"] for row in rows.values())
    by_niche, by_group = (load_population(store, [], 1, by_niche=fine) for fine in (True, False))
    assert set(by_niche.population.region_ids) == {row["niche"] for row in rows.values()}
    assert set(by_niche.population.groups) == set(by_group.population.region_ids) == set(groups(store).values())
    assert all(by_niche.labels[niche] == rows[niche]["label"] for niche in by_niche.population.region_ids)


def test_without_room_the_largest_domains_are_the_niches(store: BoltStore, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(store, all_labels())
    more = [{"persona": persona_id("another"), "domain": domain_id("bread oven trade"), "by": "import"}]
    store.write(Write("persona", [persona(persona_id("another"))]), Write("in_domain", more))
    monkeypatch.setattr(grouping, "room_for_niches", lambda _: 1)
    grouping.group_domains(store, HashEmbedder(), "r1")
    rows = {row["label"]: row for row in store.read("reads/domains")}
    bread = {row["niche"] for label, row in rows.items() if rows["bread oven trade"]["region"] == row["region"]}
    assert bread == {rows["bread oven trade"]["id"]}


def test_a_graph_grouped_before_there_were_niches_is_grouped_again(store: BoltStore) -> None:
    fill(store, all_labels())
    grouping.group_domains(store, HashEmbedder(), "r1")
    assert not grouping.groups_are_stale(store)
    store.write(Write("niche", [{"domain": domain_id(label), "niche": None} for label in all_labels()]))
    before = groups(store)
    assert grouping.groups_are_stale(store)
    loaded = load_population(store, [], 1, by_niche=True)
    assert set(loaded.population.region_ids) == set(before.values())
    grouping.group_domains(store, HashEmbedder(), "r2")
    assert groups(store) == before
    assert not grouping.groups_are_stale(store)


def test_group_ids_carry_over_when_domains_come(store: BoltStore) -> None:
    fill(store, all_labels())
    grouping.group_domains(store, HashEmbedder(), "r1")
    before = groups(store)
    fill(store, ["bread oven cleaning", "ship engine oil", "chess"])
    assert grouping.groups_are_stale(store)
    grouping.group_domains(store, HashEmbedder(), "r2")
    after = groups(store)
    assert {label: after[label] for label in before} == before
    assert after["bread oven cleaning"] == before["bread oven baking"]
    assert after["chess"] not in before.values()
    count = next(iter(store.stream("MATCH (g:DomainGroup) RETURN count(g) AS n", {})))["n"]
    assert count == len(set(after.values()))


def test_a_persona_without_domain_goes_where_its_neighbours_are(store: BoltStore) -> None:
    fill(store, all_labels())
    text = "a stranger who knows all about bread oven baking"
    store.write(Write("persona", [{"id": persona_id(text), "depth": 0, "props": {"text": text}}]))
    assert grouping.group_domains(store, HashEmbedder(), "r1").placed == 1
    rows: dict[str, Any] = {row["id"]: row for row in store.read("reads/personas")}
    assert rows[persona_id(text)]["region"] == groups(store)["bread oven baking"]


def test_where_nobody_has_a_domain_regions_come_from_the_personas_themselves(store: BoltStore) -> None:
    texts = [f"number {n} of those who know {label}" for label in TRADES for n in range(12)]
    store.write(
        Write("persona", [{"id": persona_id(t), "depth": 0, "props": {"text": t, "role": t[-20:]}} for t in texts])
    )
    made = grouping.group_domains(store, HashEmbedder(), "r1")
    assert made.placed == 36
    regions: dict[str, set[str]] = {label: set() for label in TRADES}
    for row in store.read("reads/personas"):
        regions[next(label for label in TRADES if label in row["text"])].add(row["region"])
    assert all(None not in found for found in regions.values())
    assert not regions["ship engine repair"] & regions["bread oven baking"]


def test_who_waits_hears_how_far_it_is(store: BoltStore) -> None:
    store.write(Write("persona", [persona(f"p{number}") for number in range(1500)]))
    heard: list[tuple[int, int]] = []
    grouping.group_domains(store, HashEmbedder(), "r1", tell=lambda done, total: heard.append((done, total)))
    assert heard == [(1024, 1500), (1500, 1500)]


def hierarchy(store: BoltStore) -> dict[int, set[str]]:
    levels: dict[int, set[str]] = {}
    for row in store.read("reads/groups"):
        levels.setdefault(row["level"], set()).add(row["id"])
    return levels


def parents(store: BoltStore) -> dict[str, str | None]:
    return {row["id"]: row["parent"] for row in store.read("reads/groups")}


KINDS = [
    f"{trade} {what}" for trade in TRADES for what in ("care", "tools", "law", "pay", "school", "art", "food", "sale")
]


def test_groups_of_groups(store: BoltStore) -> None:
    fill(store, KINDS)
    made = grouping.group_domains(store, HashEmbedder(), "r1", resolution=8.0, levels=3)
    assert len(made.levels) >= 2
    assert list(made.levels) == sorted(made.levels, reverse=True)
    levels = hierarchy(store)
    assert [len(levels[level + 1]) for level in range(len(made.levels))] == list(made.levels)
    above = parents(store)
    top = max(levels)
    for level, found in levels.items():
        assert {above[one] in levels.get(level + 1, set()) for one in found} == {level < top}
    assert set(groups(store).values()) == levels[1]


def test_ids_stay_at_every_level_and_so_does_the_number_of_levels(store: BoltStore) -> None:
    fill(store, KINDS)
    made = grouping.group_domains(store, HashEmbedder(), "r1", resolution=8.0, levels=2)
    before = groups(store), parents(store)
    assert grouping.group_domains(store, HashEmbedder(), "r2", resolution=8.0).levels == made.levels
    assert (groups(store), parents(store)) == before
    fill(store, ["ship engine repair in the harbour"])
    grouping.group_domains(store, HashEmbedder(), "r3", resolution=8.0)
    kept = set(parents(store)) & set(before[1])
    assert len(kept) >= 0.8 * len(before[1])
    assert grouping.group_domains(store, HashEmbedder(), "r4", resolution=8.0, levels=1).levels == made.levels[:1]
    assert set(hierarchy(store)) == {1}


def test_coarser_groups_disturb_no_query(store: BoltStore) -> None:
    """All shipped queries but those that show the hierarchy say the same with and without coarser groups."""
    fill(store, KINDS)
    grouping.group_domains(store, HashEmbedder(), "r1", resolution=8.0, levels=1)
    some = next(iter(hierarchy(store)[1]))
    store.write(
        Write("question", [{"id": "q", "props": {"text": "Why?", "topic": "t"}}]),
        Write("asks_about_group", [{"question": "q", "about": some, "call": "c", "props": {}}]),
    )
    names = sorted({*cypher.names("queries")} - {"group_hierarchy", "picture_groups"})

    def all_answers() -> dict[str, list[dict[str, Any]]]:
        given = {"id": persona_id("somebody"), "at_least": 1, "limit": 50, "run": ""}
        counted = {"counts": list(store.read("schema/counts"))}
        return counted | {name: list(store.read(f"queries/{name}", **given)) for name in names}

    before = all_answers()
    assert len(grouping.group_domains(store, HashEmbedder(), "r1", resolution=8.0, levels=2).levels) == 2
    assert all_answers() == before
    assert not grouping.groups_are_stale(store)
