"""Each shipped query on a small graph with a known answer, the same on both engines."""

import random
from collections import Counter, defaultdict
from typing import Any

import pytest

import cypher
from graphstore.server.bolt import BoltStore
from graphstore.store import Write
from population.loading import load_population
from population.reports import tables as report
from tests.contract.graphs import ASKED, SMALL, persona

PARAMETERS: dict[str, dict[str, Any]] = {
    "lineage": {"id": "driver"},
    "neighbours": {"id": "supplier"},
    "knowledge_lineage": {"id": "k1"},
    "picture_neighbours": {"id": "nurse"},
    "picture_way_to_seed": {"id": "driver"},
    "picture_descendants": {"id": "nurse"},
    "picture_text": {"id": "notice"},
    "picture_question": {"id": "q1"},
}
ANSWERS: dict[str, list[tuple[Any, ...]]] = {
    "coverage_by_group": [
        ("health", "Health", 2, 2, 4, 0, 1.0),
        ("land", "Land", 1, 1, 1, 0, 1.0),
        ("trade", "Trade", 2, 2, 5, 0, 1.0),
        ("", "(no domain)", 1, 1, 0, 0, None),  # nobody but files brought people there
    ],
    "under_covered_groups": [
        ("health", "Health", 2, 2, 4, 0, 1.0),
        ("land", "Land", 1, 1, 1, 0, 1.0),
        ("trade", "Trade", 2, 2, 5, 0, 1.0),
    ],
    "coverage_overall": [
        ("persona", 6, 10, 0, 1.0),
        ("role", 6, 10, 0, 1.0),
        ("domain", 3, 10, 0, 1.0),
    ],
    "coverage_by_relation": [
        ("kin", 3, 3, 0, 0.0),
        ("supplier", 3, 0, 0, 0.0),
        ("driver", 2, 0, 0, 0.0),
        ("buyer", 1, 0, 0, 0.0),
        ("patient", 1, 0, 0, 0.0),
    ],
    "coverage_by_role": [
        ("patient", 1, 4, 1),
        ("supplier", 1, 3, 1),
        ("driver", 1, 2, 1),
        ("farmer", 1, 1, 1),
        ("district nurse", 1, 0, 1),
    ],
    "depth_histogram": [(0, 3, 0), (1, 3, 1), (2, 1, 0)],
    "relation_by_domain": [
        ("supplier", "Trade", 3, 1),
        ("driver", "Trade", 2, 1),
        ("buyer", "Care", 1, 1),
        ("patient", "Care", 1, 1),
    ],
    "personas_without_relationships": [("loner", "text of loner", None, 0)],
    "near_duplicates": [("patient2", "text of patient2", "patient", "text of patient", "embedding", 0.93)],
    "runs": [
        ("r3", "ingest", "m", "2026-01-04", None, 0, 3, 0, 1),
        ("r2", "expand", "m", "2026-01-03", None, 0, 7, 4, 3),
        ("r1", "import", None, "2026-01-01", "2026-01-02", 4, 0, 3, 0),
    ],
    "lineage": [
        (1, 0, "driver", 2, "driver", "text of driver", "driver", "c4", "r2"),
        (1, 1, "supplier", 1, "supplier", "text of supplier", "supplier", "c3", "r2"),
        (1, 2, "nurse", 0, "district nurse", "text of nurse", None, None, None),
    ],
    "knowledge_by_group": [
        ("health", "Health", 3, 2, 1, 2, 1, 1.0),
        ("land", "Land", 1, 0, 0, 0, 0, 1.0),
    ],
    "knowledge_lineage": [
        ("q1", "Why?", "Because.", "farmer", "text of farmer", 0, "b", ["notice.md"], "c10", None),
        ("q1", "Why?", "Because.", "nurse", "text of nurse", 0, "a", [], "c10", None),
    ],
    "worst_scores": [
        (2.5, "Knowledge", "k1", "Because.", "thin", True),
        (2.5, "Persona", "nurse", "text of nurse", "thin", True),
        (2.5, "Question", "q1", "Why?", "thin", True),
    ],
    "reasons": [
        (
            "2026-01-03T01",
            "c1",
            "district nurse",
            "patient",
            "coverage",
            0.75,
            "Health",
            0.5,
            0.25,
            3,
            None,
            None,
            2,
            1,
        ),
        ("2026-01-03T02", "c7", "loner", "kin", "control", 1.0, "", 1.0, 1.0, 0, None, None, 2, 0),
        ("2026-01-04", "c10", "notice", "read", "text", 0.71, None, None, None, None, None, None, 1, 1),
    ],
    "calibration": [
        (0.7, 0.8, 2, 2, pytest.approx((0.75 + 0.71) / 2), 1.0),
        (0.9, 1.0, 1, 2, 1.0, 0.0),
    ],
    "lift": [("r2", "2026-01-03", "role", 1, 1, 1, 0, None, None, None)],
    "exclusion_lists": [(0, 1, 0.0, 2, 0.0, 500, 90, 0.0), (10, 1, 3.0, 2, 0.5, 400, 100, 5.0)],
    "prompt_switches": [
        ("distance", "far", 1, 2, 0.0, None, None),
        ("distance", "no", 1, 2, 0.5, None, None),
        ("verbalised", "0.1", 1, 2, 0.0, None, None),
        ("verbalised", "no", 1, 2, 0.5, None, None),
        ("void", "no", 2, 4, 0.25, None, None),
    ],
    "group_hierarchy": [
        (1, "health", "Health", None, None, 1, 2),
        (1, "land", "Land", None, None, 1, 1),
    ],
    "neighbours": [
        ("DERIVED_FROM", "in", "driver", "Persona", "driver", "text of driver"),
        ("DERIVED_FROM", "out", "supplier", "Persona", "driver", "text of driver"),
        ("DERIVED_FROM", "out", "supplier", "Persona", "nurse", "text of nurse"),
        ("IN_DOMAIN", "out", None, "Domain", "trade", "Trade"),
        ("RELATED_TO", "in", "supplier", "Persona", "nurse", "text of nurse"),
        ("RELATED_TO", "out", "driver", "Persona", "driver", "text of driver"),
    ],
}

PICTURES = {  # of each path the nodes
    "picture_groups": ["care health", "farming land"],
    "picture_flow": ["land farming farmer patient2 care health"],
    "picture_neighbours": [
        "nurse patient", "nurse supplier", "nurse k1", "nurse care", "nurse q1", "nurse q2", "nurse patient", "nurse supplier"
    ],
    "picture_way_to_seed": ["driver supplier nurse"],
    "picture_descendants": ["nurse patient", "nurse supplier", "nurse supplier driver"],
    "picture_text": [
        "notice farmer", "notice patient2", "notice farmer farming", "notice farmer patient2", "notice patient2 care"
    ],
    "picture_question": ["q1 farmer", "q1 health", "q1 health", "q1 nurse", "q1 k1 farmer", "q1 k1 nurse"],
}  # fmt: skip


def ask(store: BoltStore, name: str, **parameters: Any) -> list[tuple[Any, ...]]:
    header = cypher.header(name)
    rows = list(store.read(f"queries/{name}", **{**header.parameters, **parameters}))
    assert all(list(row) == header.columns for row in rows), "the header names other columns"
    return [tuple(row.values()) for row in rows]


def test_every_query_is_tried_here() -> None:
    assert set(ANSWERS) | set(PICTURES) == set(cypher.names("queries"))


@pytest.mark.parametrize("name", cypher.names("queries"))
def test_header_says_what_a_user_must_know(name: str) -> None:
    header = cypher.header(name)
    assert header.purpose
    assert header.columns[0]
    assert header.required == [key for key in ("id",) if name in PARAMETERS]


def test_answers_on_a_small_graph(store: BoltStore, subtests: pytest.Subtests) -> None:
    store.write(*SMALL, *ASKED)
    for name, expected in ANSWERS.items():
        with subtests.test(name):
            assert ask(store, name, **PARAMETERS.get(name, {})) == expected


def test_answers_on_an_empty_graph(store: BoltStore, subtests: pytest.Subtests) -> None:
    for name in [*ANSWERS, *PICTURES]:
        with subtests.test(name):
            assert ask(store, name, **PARAMETERS.get(name, {})) == []


def drawn(store: BoltStore, name: str, **parameters: Any) -> list[str]:
    """The nodes of each path; a query of a picture has a limit, and keeps it."""
    given = {**PARAMETERS.get(name, {}), **parameters}
    paths = [row[0] for row in ask(store, name, **given)]
    assert len(ask(store, name, **{**given, "limit": 1})) <= name.count("question") + 1
    return [" ".join(node["id"] for node in path.nodes) for path in paths]


def test_pictures_of_a_small_graph(store: BoltStore, subtests: pytest.Subtests) -> None:
    store.write(*SMALL, *ASKED)
    for name, expected in PICTURES.items():
        with subtests.test(name):
            assert drawn(store, name) == expected
    assert [path.nodes[-1]["id"] for _, path in ask(store, "picture_way_to_seed", id="farmer")] == ["notice"]


def test_a_picture_of_coarser_groups(store: BoltStore) -> None:
    store.write(*SMALL)
    store.write(
        Write("group", [{"id": "all", "props": {"label": "All", "level": 2}}]),
        Write("group_in_group", [{"group": "health", "parent": "all"}]),
    )
    assert drawn(store, "picture_groups") == ["care health all", "farming land"]


def test_the_hierarchy_of_groups(store: BoltStore) -> None:
    store.write(*SMALL, *ASKED)
    store.write(
        Write("group", [{"id": "all", "props": {"label": "All", "level": 2}}]),
        Write("group_in_group", [{"group": "health", "parent": "all"}, {"group": "land", "parent": "all"}]),
    )
    top = (2, "all", "All", None, None, 2, 3)
    health, land = (1, "health", "Health", "all", "All", 1, 2), (1, "land", "Land", "all", "All", 1, 1)
    assert ask(store, "group_hierarchy") == [top, health, land]
    assert ask(store, "group_hierarchy", level=1) == [health, land]
    for name in ("coverage_by_group", "under_covered_groups", "knowledge_by_group"):
        assert ask(store, name) == ANSWERS[name]


def test_limits_are_kept(store: BoltStore) -> None:
    store.write(*SMALL)
    assert len(ask(store, "under_covered_groups", limit=2)) == 2
    assert [row[0] for row in ask(store, "under_covered_groups", at_least=4)] == ["health", "trade"]
    assert len(ask(store, "under_covered_groups", at_least=0)) == 4
    assert len(ask(store, "runs", limit=1)) == 1
    assert ask(store, "near_duplicates", limit=0) == []


def test_lineage_of_a_seed_and_of_a_duplicate(store: BoltStore) -> None:
    store.write(*SMALL)
    assert [row[:3] for row in ask(store, "lineage", id="nurse")] == [(1, 0, "nurse")]
    assert [row[:3] for row in ask(store, "lineage", id="patient2")] == [
        (1, 0, "patient2"),
        (1, 1, "farmer"),
        (1, 2, "notice"),
    ]
    assert ask(store, "lineage", id="nobody") == []


def test_lineage_ends_at_the_text_with_the_stance(store: BoltStore) -> None:
    store.write(*SMALL)
    assert ask(store, "lineage", id="farmer") == [
        (1, 0, "farmer", 0, "farmer", "text of farmer", "read", "c10", "r3"),
        (1, 1, "notice", None, None, "The pier is closed.", None, None, None),
    ]


def test_sightings_at_texts_are_loaded(store: BoltStore) -> None:
    store.write(*SMALL)
    loaded = load_population(store, ["patient"], 2)
    assert {loaded.population.ids[at]: times for at, times in enumerate(loaded.sightings)} == {
        "nurse": 0, "farmer": 1, "loner": 0, "patient": 4, "supplier": 3, "driver": 2,
    }  # fmt: skip
    overall = {row.resolution: (row.distinct, row.sightings, row.singles) for row in report.coverage_overall(loaded)}
    assert overall == {row[0]: row[1:4] for row in ask(store, "coverage_overall")}


def test_lineage_shows_each_way_the_shortest_first(store: BoltStore) -> None:
    store.write(*SMALL)
    store.write(Write("derived_from", [{"persona": "driver", "source": "farmer", "call": "c9", "props": {}}]))
    ways = [row[:3] for row in ask(store, "lineage", id="driver")]
    assert ways == [
        *[(1, 0, "driver"), (1, 1, "farmer"), (1, 2, "notice")],
        *[(2, 0, "driver"), (2, 1, "supplier"), (2, 2, "nurse")],
    ]
    assert len(ask(store, "lineage", id="driver", limit=1)) == 3


def test_an_echo_is_one_neighbour(store: BoltStore) -> None:
    store.write(Write("persona", [persona("p")]))
    store.write(Write("derived_from", [{"persona": "p", "source": "p", "call": "c", "props": {"relation": "kin"}}]))
    assert [row[0] for row in ask(store, "neighbours", id="p")] == ["DERIVED_FROM"]


@pytest.mark.parametrize("seed", range(3))
def test_coverage_is_what_counting_by_hand_gives(store: BoltStore, seed: int) -> None:
    """A role seen in two regions, roles of one sighting, duplicates, missing domains and groups: all at random."""
    world = _World(random.Random(seed))
    store.write(*world.writes)
    by_group = {row[0]: row[2:6] for row in ask(store, "coverage_by_group")}
    assert by_group == world.by_group()
    overall = {row[0]: row[1:4] for row in ask(store, "coverage_overall")}
    assert overall == world.overall()
    assert sum(singles for *_, singles in by_group.values()) >= overall["role"][2] > 0


class _World:
    """A random population, and what coverage it has, counted without Cypher."""

    def __init__(self, chance: random.Random) -> None:
        names = [f"p{number:02}" for number in range(40)]
        self.role = {name: chance.choice([None, "nurse", "farmer", "cook", f"only {name}"]) for name in names}
        self.domain = {name: chance.choice([None, "d1", "d2", "d3", "d4"]) for name in names}
        self.group = {"d1": "g1", "d2": "g1", "d3": "g2"}
        self.survivor = {name: chance.choice(names[:20]) for name in names[30:]}
        imported = [(name, f"f:{line}") for line, name in enumerate(chance.choices(names, k=25))]
        derived = [
            (name, names[call % 5], f"c{call}", chance.choice([None, 1, 3]))
            for call in range(18)
            for name in dict.fromkeys(chance.choices(names, k=chance.choice([1, 2, 4])))
        ]
        self.imported = {self.survivor.get(name, name) for name, _ in imported}
        self.times = Counter[str]()
        self.calls: dict[str, set[str]] = defaultdict(set)  # by survivor
        for name, _, call, times in derived:
            self.times[name] += times or 1
            self.calls[self.survivor.get(name, name)].add(call)
        roles = [
            persona(name) | {"props": {"text": name} | ({"role": role} if role else {})}
            for name, role in self.role.items()
        ]
        self.writes = [
            Write("run", [{"id": "r", "props": {}}]),
            Write("persona", roles),
            Write("domain", [{"id": name, "name": name, "label": name} for name in ("d1", "d2", "d3", "d4")]),
            Write("in_domain", [{"persona": name, "domain": d, "by": "x"} for name, d in self.domain.items() if d]),
            Write("group", [{"id": name, "props": {"label": name}} for name in ("g1", "g2")]),
            Write("in_group", [{"domain": d, "group": g, "by": "own"} for d, g in self.group.items()]),
            Write("imported_by", [{"persona": name, "run": "r", "row": row, "props": {}} for name, row in imported]),
            Write("derived_from", [
                {"persona": name, "source": source, "call": call, "props": {"times": times} if times else {}}
                for name, source, call, times in derived
            ]),
            Write("duplicate_of", [
                {"persona": name, "survivor": kept, "method": "minhash", "score": 0.9}
                for name, kept in self.survivor.items()
            ]),
        ]  # fmt: skip

    def _counted(self) -> list[tuple[str, str, str, int]]:
        """(survivor, species, domain, sightings)"""
        total = Counter(self.times)
        for name, kept in self.survivor.items():
            total[kept] += self.times[name]
        kept_ones = [name for name in self.role if name not in self.survivor]
        return [(name, self.role[name] or name, self.domain[name] or "", total[name]) for name in kept_ones]

    def _singles(self, kind: dict[str, str]) -> set[str]:
        """What only one call named, and no file; `kind`: what each survivor is."""
        calls: dict[str, set[str]] = defaultdict(set)
        for name, one in kind.items():
            calls[one] |= self.calls[name] | ({"a file", "another"} if name in self.imported else set())
        return {one for one, by in calls.items() if len(by) == 1}

    def by_group(self) -> dict[str, tuple[int, int, int, int]]:
        counted = self._counted()
        singles = self._singles({name: species for name, species, _, _ in counted})
        places: dict[str, Counter[str]] = defaultdict(Counter)
        personas: Counter[str] = Counter()
        for _, species, domain, times in counted:
            region = self.group.get(domain, domain)
            places[region][species] += times
            personas[region] += 1
        return {
            region: (
                personas[region], len(species), species.total(),
                sum(times > 0 and one in singles for one, times in species.items()),
            )
            for region, species in places.items()
        }  # fmt: skip

    def overall(self) -> dict[str, tuple[int, int, int]]:
        counted = self._counted()
        found = {}
        for kind, which in (("persona", 0), ("role", 1), ("domain", 2)):
            of = {str(one[0]): str(one[which]) for one in counted if one[which]}
            total = sum(one[3] for one in counted if one[which])
            found[kind] = len(set(of.values())), total, len(self._singles(of))
        return found


def test_lineage_in_a_graph_full_of_circles(store: BoltStore) -> None:
    """Popular personas are found again by everyone; the ways back must not be tried one by one."""
    chance = random.Random(1)
    levels = [[f"{depth}-{number}" for number in range(60)] for depth in range(4)]
    everyone = [name for level in levels for name in level]
    store.write(Write("persona", [persona(name, depth) for depth, level in enumerate(levels) for name in level]))
    rows = [
        {"persona": name, "source": source, "call": f"{name}-{call}", "props": {}}
        for depth in (1, 2, 3)
        for name in levels[depth]
        for call, source in enumerate([chance.choice(levels[depth - 1]), *chance.choices(everyone, k=25)])
    ]
    store.write_batches("derived_from", iter(rows))
    answer = list(store.cypher(cypher.load("queries/lineage"), {"id": "3-7", "limit": 3}, timeout=10, limit=100))
    assert {row["way"] for row in answer} == {1, 2, 3}
    assert all(row["depth"] == 0 for row in answer if row["call"] is None)
