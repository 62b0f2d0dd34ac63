"""Coverage counted three ways: `pgraph coverage`, the Cypher files, and by hand from the exported graph. All equal."""

import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import networkx as nx
import pytest

from graphstore.server import local
from graphstore.server.bolt import BoltStore
from graphstore.store import Write
from tests.cli.expanding import Field

pytestmark = pytest.mark.timeout(300)

KINDS = ("supplier", "kin", "carer", "rival", "never-answered")
ROLES = ("nurse", "farmer", "cook", "schäfer", 'a "quoted" role', "नर्स")


@pytest.fixture
def wild(request: pytest.FixtureRequest, field: Field) -> Iterator[tuple[Field, BoltStore]]:
    """The workspace of a test with its store opened."""
    if field.store:
        yield field, request.getfixturevalue("neo4j_store")
    else:
        with local.connect(field.work.directory / ".pgraph" / "store", heap="512m", idle=120) as store:
            assert isinstance(store, BoltStore)
            yield field, store


@pytest.mark.parametrize("seed", range(3))
def test_three_ways_to_count_agree(wild: tuple[Field, BoltStore], seed: int) -> None:
    field, store = wild
    store.write(*random_graph(random.Random(seed)))
    field.work.run("export", "graph", "-o", "all.graphml", env=field.store)
    counted = Count.of(nx.read_graphml(field.work.directory / "all.graphml", force_multigraph=True))
    assert counted.is_wild()

    shown = {by: field.work.run("--json", "coverage", "--by", by, env=field.store).json for by in
             ("group", "domain", "role", "relation")}  # fmt: skip
    cypher = {
        name: field.work.run("query", name, *more, "--format", "json", env=field.store).json
        for name, *more in (
            ("coverage_by_group",),
            ("coverage_by_relation",),
            ("coverage_by_role", "--param", "limit=1000"),
            ("coverage_overall",),
            ("under_covered_groups", "--param", "limit=1000"),
        )
    }
    groups = counted.by(counted.region)
    assert keyed(shown["group"]["rows"], "key", PLACE) == groups
    assert keyed(cypher["coverage_by_group"], "region", PLACE) == groups
    assert keyed(cypher["under_covered_groups"], "region", PLACE) == groups
    assert keyed(shown["domain"]["rows"], "key", PLACE) == counted.by(counted.domain)

    relations = counted.by_relation()
    assert keyed(shown["relation"]["rows"], "relation", ALONG) == relations
    assert keyed(cypher["coverage_by_relation"], "relation", ALONG) == relations

    roles = counted.by_role()
    assert keyed(shown["role"]["rows"], "role", ROLE) == roles
    assert keyed(cypher["coverage_by_role"], "role", ROLE) == roles

    overall = counted.overall()
    assert keyed(shown["role"]["overall"], "resolution", OVERALL) == overall
    assert keyed(cypher["coverage_overall"], "resolution", OVERALL) == overall
    assert sum(row[3] for row in groups.values()) >= overall["role"][2] > 0


PLACE = ("personas", "roles", "sightings", "singles", "coverage")
ALONG = ("answers", "unusable", "singles", "next_new")
ROLE = ("personas", "sightings", "groups")
OVERALL = ("distinct", "sightings", "singles", "coverage")
Table = dict[str, tuple[Any, ...]]


def keyed(rows: list[dict[str, Any]], key: str, columns: tuple[str, ...]) -> Table:
    found = {
        row[key]: tuple(round(row[name], 6) if isinstance(row[name], float) else row[name] for name in columns)
        for row in rows
    }
    assert len(found) == len(rows), "a row stands there twice"
    return found


@dataclass
class Count:
    """Coverage by its definition, from nodes and edges as they are in the exported file."""

    survivors: set[str] = field(default_factory=set)
    marks: dict[str, str] = field(default_factory=dict)
    last: dict[str, str] = field(default_factory=dict)  # persona -> its survivor, over chains of marks
    role: dict[str, str] = field(default_factory=dict)
    domain: dict[str, str] = field(default_factory=dict)
    region: dict[str, str] = field(default_factory=dict)
    times: Counter[str] = field(default_factory=Counter)  # sightings by survivor
    imported: set[str] = field(default_factory=set)  # survivors
    calls: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))  # that named each survivor
    along: dict[str, list[tuple[str, int]]] = field(
        default_factory=lambda: defaultdict(list)
    )  # relation -> (survivor, times)
    lost: Counter[str] = field(default_factory=Counter)
    about_texts: int = 0

    @classmethod
    def of(cls, graph: "nx.Graph[Any]") -> "Count":
        self = cls()
        label = {node: data["labels"] for node, data in graph.nodes(data=True)}
        links = [(a, b, data["label"]) for a, b, data in graph.edges(data=True)]
        people = {node for node in graph if label[node] == "Persona"}
        marks = self.marks = {a: b for a, b, what in links if what == "DUPLICATE_OF"}
        self.survivors = people - set(marks)
        for persona in people:
            self.last[persona] = persona
            while self.last[persona] in marks:
                self.last[persona] = marks[self.last[persona]]
        domains = {a: b for a, b, what in links if what == "IN_DOMAIN"}
        groups = {a: b for a, b, what in links if what == "IN_GROUP" and label[a] == "Domain"}
        for persona in self.survivors:
            self.domain[persona] = domains.get(persona, "")
            self.region[persona] = groups.get(self.domain[persona], self.domain[persona])
            self.role[persona] = graph.nodes[persona].get("role") or f"only {persona}"
        for source, target, data in graph.edges(data=True):
            self._edge(source, target, data, about_a_text=label[target] == "Text")
        return self

    def _edge(self, source: str, target: str, data: dict[str, Any], *, about_a_text: bool) -> None:
        times = int(data.get("times", 1))
        if data["label"] == "IMPORTED_BY":
            self.imported.add(self.last[source])
        elif data["label"] == "DERIVED_FROM":
            self.times[self.last[source]] += times
            self.calls[self.last[source]].add(data["call"])
            self.about_texts += about_a_text
            if not about_a_text:
                self.along[data["relation"]].append((self.last[source], times))
        elif data["label"] == "FAILED_ON" and target in self.last:
            self.lost[data["relation"]] += times

    def is_wild(self) -> bool:
        """Whether the graph has all that could be counted wrongly."""
        chains = any(survivor in self.marks for survivor in self.marks.values())
        bare = any(self.role[p].startswith("only ") for p in self.survivors)
        placed = {self.domain[p] == "" for p in self.survivors} == {True, False}
        ungrouped = any(self.region[p] == self.domain[p] != "" for p in self.survivors)
        unseen = any(not self.times[p] and p not in self.imported for p in self.survivors)
        return bare and placed and ungrouped and unseen and bool(self.lost) and bool(self.about_texts) and chains

    def _singles(self, kind: dict[str, str]) -> set[str]:
        """What only one call named, and no file; `kind`: what each survivor is."""
        calls: dict[str, set[str]] = defaultdict(set)
        for persona in self.survivors:
            calls[kind[persona]] |= self.calls[persona] | ({"a file", "another"} if persona in self.imported else set())
        return {one for one, by in calls.items() if len(by) == 1 and one}

    def by(self, place: dict[str, str]) -> Table:
        singles = self._singles(self.role)
        rows: Table = {}
        for where in set(place.values()):
            here = [persona for persona in self.survivors if place[persona] == where]
            n = sum(self.times[persona] for persona in here)
            f1 = len({self.role[persona] for persona in here if self.times[persona]} & singles)
            roles = len({self.role[persona] for persona in here})
            rows[where] = (len(here), roles, n, f1, round(1 - f1 / n, 6) if n else None)
        return rows

    def by_role(self) -> Table:
        rows: Table = {}
        for role in {role for persona, role in self.role.items() if role != f"only {persona}"}:
            here = [persona for persona in self.survivors if self.role[persona] == role]
            rows[role] = (
                len(here),
                sum(self.times[persona] for persona in here),
                len({self.region[persona] for persona in here}),
            )
        return rows

    def by_relation(self) -> Table:
        singles = self._singles(self.role)
        rows: Table = {}
        for relation in {*self.along, *self.lost}:
            answers = sum(times for _, times in self.along[relation]) + self.lost[relation]
            f1 = len({self.role[persona] for persona, _ in self.along[relation]} & singles)
            rows[relation] = (answers, self.lost[relation], f1, round(f1 / answers, 6) if answers else None)
        return rows

    def overall(self) -> Table:
        rows: Table = {}
        same = {persona: persona for persona in self.survivors}
        for name, what in (("persona", same), ("role", self.role), ("domain", self.domain)):
            counts: Counter[str] = Counter()
            for persona in self.survivors:
                counts[what[persona]] += self.times[persona]
            del counts[""]
            n, f1 = counts.total(), len(self._singles(what))
            rows[name] = (len(counts), n, f1, round(1 - f1 / n, 6) if n else None)
        return rows


def random_graph(chance: random.Random) -> list[Write]:
    """Personas with and without role, domain, group, sightings; chains of duplicates; texts; failed calls."""
    names = [f"p{number:03}" for number in range(90)]
    roles = {name: chance.choice([None, None, *ROLES, f"rare {name}", f"rare {name}"]) for name in names}
    domains = {name: chance.choice([None, "d1", "d2", "d3", "d4"]) for name in names}
    marks = {name: chance.choice(names[:40]) for name in names[60:80]}
    marks |= {
        name: chance.choice(names[60:80]) for name in names[80:]
    }  # marks on marked ones, as two writers can leave
    calls = [
        (*call, persona)
        for call in [(f"c{number}", chance.choice(names), chance.choice(KINDS[:4])) for number in range(45)]
        for persona in dict.fromkeys(chance.choices(names[5:], k=chance.choice([1, 2, 4])))
    ]  # the first ones may stay without a sighting

    def times() -> dict[str, int]:
        return chance.choice([{}, {}, {"times": 1}, {"times": 3}])

    def someone() -> str:
        return chance.choice(names[5:])

    return [
        Write("run", [{"id": "r1", "props": {"command": "import"}}, {"id": "r2", "props": {"command": "expand"}}]),
        Write("persona", [
            {"id": name, "depth": 0, "props": {"text": f"text of {name}", **({"role": roles[name]} if roles[name] else {})}}
            for name in names
        ]),
        Write("text", [{"id": f"t{number}", "props": {"text": "…", "run": "r2"}} for number in range(3)]),
        Write("domain", [{"id": name, "name": name, "label": name} for name in ("d1", "d2", "d3", "d4")]),
        Write("in_domain", [{"persona": p, "domain": d, "by": "x"} for p, d in sorted(domains.items()) if d]),
        Write("group", [{"id": name, "props": {"label": name, "level": 1}} for name in ("g1", "g2")]
              + [{"id": "top", "props": {"label": "top", "level": 2}}]),
        Write("in_group", [{"domain": d, "group": g, "by": "own"} for d, g in (("d1", "g1"), ("d2", "g1"), ("d3", "g2"))]),
        Write("group_in_group", [{"group": "g1", "parent": "top"}, {"group": "g2", "parent": "top"}]),
        Write("imported_by", [{"persona": someone(), "run": "r1", "row": f"f:{line}", "props": {}} for line in range(45)]),
        Write("derived_from", [
            {"persona": persona, "source": source, "call": call, "props": {"relation": relation, "run": "r2", **times()}}
            for call, source, relation, persona in calls
        ]),
        Write("derived_from_text", [
            {"persona": someone(), "text": f"t{chance.randrange(3)}", "call": f"x{number}",
             "props": {"stance": "read", "run": "r2", **times()}}
            for number in range(15)
        ]),
        Write("duplicate_of", [
            {"persona": name, "survivor": to, "method": "exact", "score": 1.0} for name, to in sorted(marks.items())
        ]),
        Write("failed_on", [
            {"run": "r2", "persona": chance.choice(names), "call": f"f{number}",
             "props": {"relation": chance.choice(KINDS), "reason": "empty", "paid": chance.random() < 0.8, **times()}}
            for number in range(12)
        ]),
        Write("failed_on_text", [
            {"run": "r2", "text": "t0", "call": "x99", "props": {"stance": "read", "paid": True, "times": 1}}
        ]),
    ]  # fmt: skip
