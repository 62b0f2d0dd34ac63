from typing import Any

import pytest

import cypher
from foundation.errors import QueryError
from graphstore.server.bolt import BoltStore
from graphstore.store import Write
from tests.contract.graphs import ASKED, SMALL, links, nodes, persona


def test_writing_all_again_changes_nothing(store: BoltStore) -> None:
    store.write(*SMALL)
    before = nodes(store), links(store)
    store.write(*SMALL)
    for write in reversed(SMALL):
        store.write(write)
    assert (nodes(store), links(store)) == before
    assert len(before[0]) == 3 + 7 + 1 + 3 + 2
    assert len(before[1]) == 6 + 2 + 4 + 6 + 2 + 4 + 1 + 2 + 1 + 3


def test_what_is_asked_and_answered_can_be_written_again(store: BoltStore) -> None:
    store.write(*SMALL, *ASKED)
    before = nodes(store), links(store)
    store.write(*ASKED)
    for write in ASKED:
        store.write(write)
    assert (nodes(store), links(store)) == before
    assert ("k1", "ABOUT", "", "care") in before[1]
    assert ("k1", "ABOUT", "", "farming") in before[1]


def test_a_group_that_questions_are_about_is_not_dropped(store: BoltStore) -> None:
    store.write(*SMALL, *ASKED)
    store.write(Write("in_group", [{"domain": "care", "group": "land", "by": "louvain"}]))
    store.write(Write("group", [{"id": "empty", "props": {}}]), Write("drop_empty_groups", [{}]))
    assert {"health", "land"} <= set(nodes(store))
    assert "empty" not in nodes(store)


@pytest.mark.parametrize(("kind", "item"), [("persona", "nurse"), ("question", "q1"), ("knowledge", "k1")])
def test_a_mark_stays_while_any_rubric_says_so(store: BoltStore, kind: str, item: str) -> None:
    store.write(*SMALL, *ASKED)
    steps: list[tuple[dict[str, Any], bool]] = [
        ({"below_validity": 4.0}, True),
        ({"below": None}, True),
        ({"below_validity": None}, False),
        ({"reask": None}, False),
    ]
    for props, marked in steps:
        store.write(Write(f"marked_{kind}", [{"id": item, "props": props}]))
        assert nodes(store)[item]["marked"] is marked
    assert nodes(store)[item]["score"] == 2.5
    assert not {"below", "below_validity", "reask"} & set(nodes(store)[item])


def test_every_statement_is_tried_here() -> None:
    assert set(cypher.names("writes")) == {write.statement for write in [*SMALL, *ASKED]} | {
        "role",
        "not_duplicate",
        "drop_empty_groups",
        "group_in_group",
        "niche",
    }


def test_a_known_persona_keeps_what_it_has_and_its_smallest_depth(store: BoltStore) -> None:
    store.write(Write("persona", [persona("p", 2, language="en"), persona("p", 3, language="fr")]))
    store.write(Write("persona", [{"id": "p", "depth": 1, "props": {"text": "other", "language": "fr"}}]))
    store.write(Write("persona", [persona("p", 4)]))
    assert nodes(store)["p"] == {"label": "Persona", "id": "p", "depth": 1, "text": "text of p", "language": "en"}


def test_a_run_takes_new_facts(store: BoltStore) -> None:
    store.write(Write("run", [{"id": "r", "props": {"command": "expand", "started": "a"}}]))
    store.write(Write("run", [{"id": "r", "props": {"ended": "b"}}]))
    assert nodes(store)["r"] == {"label": "Run", "id": "r", "command": "expand", "started": "a", "ended": "b"}


def test_a_domain_keeps_the_label_first_seen(store: BoltStore) -> None:
    store.write(Write("domain", [{"id": "d", "name": "n", "label": "N"}]))
    store.write(Write("domain", [{"id": "d", "name": "n", "label": "n"}]))
    assert nodes(store)["d"]["label"] != "n"
    assert [row["label"] for row in store.stream("MATCH (d:Domain) RETURN d.label AS label", {})] == ["N"]


@pytest.mark.parametrize("together", [True, False])
def test_one_domain_a_persona_the_first_stays(store: BoltStore, *, together: bool) -> None:
    store.write(Write("persona", [persona("p")]), Write("domain", [_domain("a"), _domain("b")]))
    rows = [{"persona": "p", "domain": name, "by": "reply"} for name in ("b", "a")]
    _write(store, "in_domain", rows, together=together)
    assert links(store) == {("p", "IN_DOMAIN", "", "b")}


@pytest.mark.parametrize("together", [True, False])
def test_one_group_a_domain_the_last_stays(store: BoltStore, *, together: bool) -> None:
    store.write(Write("domain", [_domain("d")]), Write("group", [{"id": name, "props": {}} for name in ("g", "h")]))
    rows = [{"domain": "d", "group": name, "by": "own"} for name in ("h", "g", "h")]
    _write(store, "in_group", rows, together=together)
    assert links(store) == {("d", "IN_GROUP", "", "h")}
    store.write(Write("drop_empty_groups", [{}]))
    assert set(nodes(store)) == {"d", "h"}


def test_a_domain_is_in_the_niche_named_last(store: BoltStore) -> None:
    store.write(Write("domain", [_domain("d"), _domain("e")]))
    store.write(Write("niche", [{"domain": "d", "niche": "e"}]))
    store.write(Write("niche", [{"domain": "d", "niche": "d"}, {"domain": "nobody", "niche": "d"}]))
    assert nodes(store)["d"]["niche"] == "d"
    assert "niche" not in nodes(store)["e"]


@pytest.mark.parametrize("together", [True, False])
def test_one_coarser_group_a_group_the_last_stays(store: BoltStore, *, together: bool) -> None:
    store.write(Write("domain", [_domain("d")]), Write("group", [{"id": name, "props": {}} for name in "gab"]))
    store.write(Write("in_group", [{"domain": "d", "group": "g", "by": "own"}]))
    rows = [{"group": "g", "parent": name} for name in ("a", "b")]
    _write(store, "group_in_group", rows, together=together)
    assert links(store) == {("d", "IN_GROUP", "", "g"), ("g", "IN_GROUP", "", "b")}
    store.write(Write("drop_empty_groups", [{}]))
    assert set(nodes(store)) == {"d", "g", "b"}
    store.write(Write("group_in_group", [{"group": "g", "parent": ""}]), Write("drop_empty_groups", [{}]))
    assert set(nodes(store)) == {"d", "g"}


@pytest.mark.parametrize("together", [True, False])
def test_one_survivor_a_duplicate_the_last_stays(store: BoltStore, *, together: bool) -> None:
    store.write(Write("persona", [persona(name) for name in "abc"]))
    rows: list[dict[str, Any]] = [
        {"persona": "a", "survivor": name, "method": "minhash", "score": score}
        for name, score in (("b", 0.9), ("c", 0.8))
    ]
    _write(store, "duplicate_of", rows, together=together)
    assert links(store) == {("a", "DUPLICATE_OF", "", "c")}
    found = list(
        store.stream("MATCH (:Persona)-[d:DUPLICATE_OF]->(:Persona) RETURN d.method AS method, d.score AS score", {})
    )
    assert found == [{"method": "minhash", "score": 0.8}]


def test_one_sighting_a_call_and_one_an_imported_row(store: BoltStore) -> None:
    store.write(Write("persona", [persona("p"), persona("s")]), Write("run", [{"id": "r", "props": {}}]))
    calls = [{"persona": "p", "source": "s", "call": call, "props": {"times": 1}} for call in ("c1", "c2", "c1")]
    rows: list[dict[str, Any]] = [
        {"persona": "p", "run": "r", "row": row, "props": {}} for row in ("f:1", "f:2", "f:1")
    ]
    store.write(Write("derived_from", calls), Write("imported_by", rows))
    assert links(store) == {
        ("p", "DERIVED_FROM", "c1", "s"),
        ("p", "DERIVED_FROM", "c2", "s"),
        ("p", "IMPORTED_BY", "f:1", "r"),
        ("p", "IMPORTED_BY", "f:2", "r"),
    }


def test_a_role_is_set(store: BoltStore) -> None:
    store.write(Write("persona", [persona("p", role="nurse")]))
    store.write(Write("role", [{"id": "p", "role": "district nurse"}]))
    assert nodes(store)["p"]["role"] == "district nurse"


def test_a_failing_write_keeps_nothing_of_its_transaction(store: BoltStore) -> None:
    bad = Write("persona", [{"id": "q", "depth": 0, "props": {"text": {"not": "a value"}}}])
    with pytest.raises(QueryError):
        store.write(Write("persona", [persona("p")]), bad)
    assert nodes(store) == {}


def test_batches_count_their_rows_and_keep_them_all(store: BoltStore) -> None:
    rows = (persona(f"p{number:04}") for number in range(1050))
    assert store.write_batches("persona", rows, size=100) == 1050
    assert len(nodes(store)) == 1050
    assert store.write_batches("persona", iter(()), size=100) == 0


def test_text_comes_back_as_it_went_in(store: BoltStore) -> None:
    text = "naïve 護士 \U0001f33e \u202e rtl\n\ttab 'quote' \"double\" \\ back $param `tick` " + "x" * 100_000
    store.write(Write("persona", [persona("p", number=2**53, real=0.1, yes=True, words=["a", "b"]) | {"id": "é"}]))
    store.write(Write("persona", [{"id": "p", "depth": 0, "props": {"text": text}}]))
    held = nodes(store)
    assert held["p"]["text"] == text
    assert held["é"]["number"] == 2**53
    assert (held["é"]["real"], held["é"]["yes"], held["é"]["words"]) == (0.1, True, ["a", "b"])


def _domain(name: str) -> dict[str, Any]:
    return {"id": name, "name": name, "label": name.upper()}


def _write(store: BoltStore, statement: str, rows: list[dict[str, Any]], *, together: bool) -> None:
    for batch in [rows] if together else [[row] for row in rows]:
        store.write(Write(statement, batch))
