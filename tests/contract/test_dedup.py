"""What `pgraph dedup` reads and writes, on both engines."""

from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest

from graphstore.ids import domain_id, persona_id
from graphstore.server.bolt import BoltStore
from graphstore.store import Write
from population.duplicates import dedup
from population.loading import load_population
from population.matching.survivors import VectorFile, find_survivors
from population.matching.thresholds import Thresholds, keep_thresholds, thresholds_of
from population.reports import tables as report
from tests.contract.graphs import SMALL, links, nodes
from tests.fakes.embedder import HashEmbedder

OLD = "a night nurse who has worked on the same ward for twenty years and knows its floor"
TURNED = "a nurse night who has worked on the same ward for twenty years and knows its floor"
CLOSE = "a night nurse who has worked on the same ward for thirty years and knows its floor"
FAR = "a night nurse who has worked on one ward for thirty years and hates its smell"
OTHER = "a harbour pilot whose dog rides along on every ship"
TEXTS = [OLD, TURNED, CLOSE, FAR, OTHER]
LOOSE, TIGHT = Thresholds(0.9, 0.7, 0.8), Thresholds(0.9, 0.97, 0.99)


def write(store: BoltStore, text: str, created: str, role: str | None = None) -> str:
    persona = persona_id(text)
    props = {"text": text, "created": created, "role": role, "language": "en"}
    store.write(
        Write("persona", [{"id": persona, "depth": 0, "props": props}]),
        Write("run", [{"id": "r1", "props": {"command": "import"}}]),
        Write("imported_by", [{"persona": persona, "run": "r1", "row": text[-9:], "props": {}}]),
        Write("domain", [{"id": domain_id("nursing"), "name": "nursing", "label": "nursing"}]),
        Write("in_domain", [{"persona": persona, "domain": domain_id("nursing"), "by": "import"}]),
    )
    return persona


def filled(store: BoltStore) -> None:
    roles = ["night ward nurse", "ward nurse night", "night ward nurse", None, "harbour pilot"]
    for number, (text, role) in enumerate(zip(TEXTS, roles, strict=True)):
        write(store, text, f"2026-01-0{number + 1}", role)


def planned(store: BoltStore, thresholds: Thresholds) -> dedup.Changes:
    people = dedup.read_people(store)
    embedder = HashEmbedder()
    group = dedup.crowd_of(store, people, embedder)
    with closing(VectorFile(group, embedder.embed, None)) as vectors:
        found = find_survivors(group, thresholds, vectors)
    roles = dedup.roles_of(people)
    with closing(VectorFile(roles.crowd, embedder.embed, None)) as vectors:
        joined = dedup.find_roles(roles, [thresholds.roles], vectors)[0]
    return dedup.changes_to_write(people, found, roles.canonical(joined))


def run(store: BoltStore, thresholds: Thresholds) -> int:
    made = planned(store, thresholds)
    keep_thresholds(store, thresholds)
    dedup.write_changes(store, made)
    return made.count


def marks(store: BoltStore) -> dict[str, tuple[str, str]]:
    query = "MATCH (p:Persona)-[m:DUPLICATE_OF]->(s:Persona) RETURN p.text AS p, s.text AS s, m.method AS how, m.score AS score"
    rows = list(store.stream(query, {}))
    assert all(row["score"] is not None for row in rows)
    return {row["p"]: (row["s"], row["how"]) for row in rows}


def everything(store: BoltStore) -> tuple[Any, Any, Any]:
    scores = "MATCH (p:Persona)-[m:DUPLICATE_OF]->(:Persona) RETURN p.id AS id, m.method AS how, m.score AS score"
    rows = {(row["id"], row["how"], row["score"]) for row in store.stream(scores, {})}
    return nodes(store), links(store), rows


def test_the_oldest_survives_and_nothing_else_changes(store: BoltStore) -> None:
    filled(store)
    before = nodes(store), links(store)
    assert run(store, LOOSE) > 0
    assert marks(store) == {TURNED: (OLD, "minhash"), CLOSE: (OLD, "embedding")}
    after = nodes(store), links(store)
    assert {link for link in after[1] if link[1] != "DUPLICATE_OF"} == before[1]
    for identity, node in before[0].items():
        changed = {name for name in node | after[0][identity] if node.get(name) != after[0][identity].get(name)}
        assert changed <= {"role", "role_as_said"}


def test_the_same_threshold_again_writes_nothing(store: BoltStore, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(store)
    run(store, LOOSE)
    before = everything(store)

    def refused(*writes: Write) -> None:
        raise AssertionError(writes)

    monkeypatch.setattr(store, "write", refused)
    assert run(store, LOOSE) == 0
    assert everything(store) == before


def test_another_threshold_leaves_the_graph_that_it_leaves_from_the_start(store: BoltStore) -> None:
    filled(store)
    run(store, TIGHT)
    assert marks(store) == {TURNED: (OLD, "minhash")}
    tight = everything(store)
    run(store, LOOSE)
    assert everything(store) != tight
    run(store, TIGHT)
    assert everything(store) == tight


def test_a_role_that_is_joined_keeps_what_was_said(store: BoltStore) -> None:
    filled(store)
    query = "MATCH (p:Persona) RETURN p.text AS text, p.role AS role, p.role_as_said AS said"
    run(store, LOOSE)
    told = {row["text"]: (row["role"], row["said"]) for row in store.stream(query, {})}
    assert told[TURNED] == ("night ward nurse", "ward nurse night")
    assert told[OLD] == ("night ward nurse", None)
    assert told[FAR] == (None, None)
    run(store, replace(LOOSE, roles=1.0))
    assert {row["text"]: (row["role"], row["said"]) for row in store.stream(query, {})}[TURNED] == (
        "ward nurse night",
        None,
    )


def test_the_order_of_writing_does_not_matter(store: BoltStore) -> None:
    for text in reversed(TEXTS):
        write(store, text, "2026-01-01")
    run(store, LOOSE)
    first, *others = sorted((OLD, TURNED, CLOSE), key=persona_id)  # equally old: the smallest id
    told = {text: survivor for text, (survivor, _) in marks(store).items()}
    assert {text: told.get(text) for text in others} == dict.fromkeys(others, first)


def test_a_run_that_was_cut_off_is_mended_by_the_next(store: BoltStore) -> None:
    filled(store)
    run(store, TIGHT)
    run(store, LOOSE)
    whole = everything(store)
    run(store, TIGHT)
    made = planned(store, LOOSE)
    batches = [("not_duplicate", made.unmarked), ("duplicate_of", made.moved), ("duplicate_of", made.marked)]
    for statement, rows in [(statement, rows) for statement, rows in batches if rows]:
        store.write(Write(statement, rows[:1]))  # killed here
        assert not set(dict(marks(store).values())) & set(marks(store)), "a survivor is a duplicate"
        load_population(store, [], 2)
    run(store, LOOSE)
    assert everything(store) == whole


def test_a_persona_marked_twice_is_marked_once(store: BoltStore) -> None:
    filled(store)
    run(store, LOOSE)
    whole = everything(store)
    store.execute_schema(
        f"MATCH (p:Persona {{id: '{persona_id(CLOSE)}'}}), (s:Persona {{id: '{persona_id(OTHER)}'}}) "
        "MERGE (p)-[:DUPLICATE_OF]->(s)"
    )
    assert run(store, LOOSE) > 0
    assert everything(store) == whole


def test_coverage_is_what_the_queries_say(store: BoltStore) -> None:
    store.write(*SMALL)
    people = dedup.read_people(store)
    told = dedup.coverage_if(people, dedup.survivors_now(people), people.roles)
    for row in store.read("queries/coverage_overall"):
        if row["resolution"] in told:
            kind = told[row["resolution"]]
            assert (kind.distinct, kind.sightings, kind.singles) == (row["distinct"], row["sightings"], row["singles"])
    overall = {row.resolution: row for row in report.coverage_overall(load_population(store, [], 2))}
    assert told["role"].coverage == pytest.approx(overall["role"].coverage)


def test_the_thresholds_stay_with_the_graph(store: BoltStore) -> None:
    assert thresholds_of(store) == Thresholds() == load_population(store, [], 2).thresholds
    keep_thresholds(store, LOOSE)
    assert thresholds_of(store) == LOOSE == load_population(store, [], 2).thresholds
