"""Any order of writes, with repetitions and dangling ends, against a dictionary and a set."""

from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from graphstore.server.bolt import BoltStore
from graphstore.store import Write
from tests.contract.graphs import links

PEOPLE = st.sampled_from([f"p{number}" for number in range(6)])
DOMAINS = st.sampled_from(["d1", "d2", "d3"])
GROUPS = st.sampled_from(["g1", "g2", "g3"])
CALLS = st.sampled_from(["c1", "c2", "c3"])


class Machine(RuleBasedStateMachine):
    store: BoltStore

    def __init__(self) -> None:
        super().__init__()
        self.store.execute_schema("MATCH (n) WHERE NOT n:Migration DETACH DELETE n")
        self.nodes: dict[str, dict[str, Any]] = {}
        self.links: set[tuple[str, str, str, str]] = set()

    @rule(rows=st.lists(st.tuples(PEOPLE, st.integers(0, 3), st.text(max_size=3)), min_size=1, max_size=5))
    def personas(self, rows: list[tuple[str, int, str]]) -> None:
        self.store.write(
            Write("persona", [{"id": i, "depth": depth, "props": {"text": text}} for i, depth, text in rows])
        )
        for identity, depth, text in rows:
            known = self.nodes.setdefault(identity, {"id": identity, "text": text, "depth": depth})
            known["depth"] = min(known["depth"], depth)

    @rule(domain=DOMAINS, label=st.text(min_size=1, max_size=3))
    def domain(self, domain: str, label: str) -> None:
        self.store.write(Write("domain", [{"id": domain, "name": domain, "label": label}]))
        self.nodes.setdefault(domain, {"id": domain, "name": domain, "label": label})

    @rule(group=GROUPS, size=st.integers(0, 9))
    def group(self, group: str, size: int) -> None:
        self.store.write(Write("group", [{"id": group, "props": {"size": size}}]))
        self.nodes.setdefault(group, {"id": group})["size"] = size

    @rule(rows=st.lists(st.tuples(PEOPLE, DOMAINS), min_size=1, max_size=4, unique_by=lambda row: row[0]))
    def in_domain(self, rows: list[tuple[str, str]]) -> None:
        self.store.write(Write("in_domain", [{"persona": p, "domain": d, "by": "x"} for p, d in rows]))
        for person, domain in rows:
            if not any(link[:2] == (person, "IN_DOMAIN") for link in self.links):
                self._link(person, "IN_DOMAIN", "", domain)

    @rule(rows=st.lists(st.tuples(DOMAINS, GROUPS), min_size=1, max_size=4, unique_by=lambda row: row[0]))
    def in_group(self, rows: list[tuple[str, str]]) -> None:
        self.store.write(Write("in_group", [{"domain": d, "group": g, "by": "x"} for d, g in rows]))
        for domain, group in rows:
            self._only_link(domain, "IN_GROUP", group)

    @rule()
    def drop_empty_groups(self) -> None:
        self.store.write(Write("drop_empty_groups", [{}]))
        full = {end for _, kind, _, end in self.links if kind == "IN_GROUP"}
        self.nodes = {identity: node for identity, node in self.nodes.items() if identity[0] != "g" or identity in full}

    @rule(rows=st.lists(st.tuples(PEOPLE, CALLS, PEOPLE), min_size=1, max_size=5))
    def derived_from(self, rows: list[tuple[str, str, str]]) -> None:
        self.store.write(
            Write("derived_from", [{"persona": p, "source": s, "call": c, "props": {}} for p, c, s in rows])
        )
        for person, call, source in rows:
            self._link(person, "DERIVED_FROM", call, source)

    @rule(source=PEOPLE, kind=st.sampled_from(["kin", "patient"]), person=PEOPLE)
    def related_to(self, source: str, kind: str, person: str) -> None:
        self.store.write(Write("related_to", [{"source": source, "persona": person, "kind": kind}]))
        self._link(source, "RELATED_TO", kind, person)

    @rule(person=PEOPLE, survivor=PEOPLE)
    def duplicate_of(self, person: str, survivor: str) -> None:
        self.store.write(
            Write("duplicate_of", [{"persona": person, "survivor": survivor, "method": "x", "score": 1.0}])
        )
        self._only_link(person, "DUPLICATE_OF", survivor)

    @rule(person=PEOPLE, role=st.text(min_size=1, max_size=3))
    def role(self, person: str, role: str) -> None:
        self.store.write(Write("role", [{"id": person, "role": role}]))
        if person in self.nodes:
            self.nodes[person]["role"] = role

    @invariant()
    def same_graph(self) -> None:
        rows = self.store.stream("MATCH (n) WHERE NOT n:Migration RETURN properties(n) AS props", {})
        assert {row["props"]["id"]: row["props"] for row in rows} == self.nodes
        assert links(self.store) == self.links

    def _link(self, start: str, kind: str, key: str, end: str) -> None:
        if start in self.nodes and end in self.nodes:
            self.links.add((start, kind, key, end))

    def _only_link(self, start: str, kind: str, end: str) -> None:
        if start in self.nodes and end in self.nodes:
            self.links = {link for link in self.links if link[:2] != (start, kind)} | {(start, kind, "", end)}


def test_any_order_of_writes(store: BoltStore) -> None:
    machine = type("MachineOnStore", (Machine,), {"store": store})
    bounds = settings(
        max_examples=8,
        stateful_step_count=20,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(machine, settings=bounds)
