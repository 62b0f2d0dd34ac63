"""What the explorer reads, the same on both engines."""

from typing import Any

import pytest

from explorer import views
from explorer.answers import AskingPlace
from explorer.filters import Filters
from explorer.survey import draft, survey
from graphstore.exports.exporting import persona_rows
from graphstore.ids import persona_id
from graphstore.server.bolt import BoltStore
from graphstore.store import Write
from tests.contract.graphs import ASKED, SMALL, about, persona


@pytest.fixture
def small(store: BoltStore) -> BoltStore:
    store.write(*SMALL, *ASKED)
    return store


def known(store: BoltStore, name: str) -> dict[str, Any]:
    """Everything that the page shows of a persona."""
    page = views.persona(store, name)
    assert page is not None
    return page.as_json()


def ids(rows: list[dict[str, Any]]) -> list[str]:
    return [row["id"] for row in rows]


def test_a_region(small: BoltStore) -> None:
    health = views.region(small, "health").as_json()
    assert ids(health["people"]) == ["nurse", "patient"]  # a duplicate is left out
    assert health["domains"] == ["Care"]
    assert [(row["id"], row["answers"], row["known"]) for row in health["questions"]] == [
        ("q1", ["Because."], 1),
        ("q2", [], 0),
    ]
    assert not health["more"]
    trade = views.region(small, "trade").as_json()  # a domain without a group
    assert ids(trade["people"]) == ["supplier", "driver"]
    assert trade["questions"] == []
    assert views.region(small, "nowhere").as_json() == {
        "id": "nowhere", "domains": [], "people": [], "more": False, "questions": []
    }  # fmt: skip


@pytest.mark.parametrize(
    ("filters", "skip", "expected"),
    [
        (Filters(depth=1), 0, ["supplier"]),
        (Filters(relation="driver"), 0, ["driver"]),
        (Filters(depth=1, relation="driver"), 0, []),
        (Filters(), 1, ["driver"]),
        (Filters(), 2, []),
    ],
)
def test_the_filters_of_a_region(small: BoltStore, filters: Filters, skip: int, expected: list[str]) -> None:
    assert ids(views.region(small, "trade", filters, skip=skip).people) == expected


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(), {"nurse", "patient", "farmer", "supplier", "driver", "loner"}),
        (Filters(run="r1"), {"nurse", "farmer", "loner"}),
        (Filters(depth=1), {"patient", "supplier"}),
        (Filters(relation="driver"), {"driver"}),
        (Filters(language="hi"), {"speaker"}),
        (Filters(below=3), {"nurse"}),
        (Filters(least=3), {"speaker"}),
        (Filters(least=2.5, below=4, language="hi"), {"speaker"}),
        (Filters(least=2.6, below=3), set()),
    ],
)
def test_the_filters_hold_for_the_map_a_group_a_search_and_an_export(
    small: BoltStore, filters: Filters, expected: set[str]
) -> None:
    small.write(
        Write("persona", [persona("speaker", role="speaker", language="hi", score=3.5)]),
        Write("in_domain", [{"persona": "speaker", "domain": "trade", "by": "reply"}]),
    )
    expected = expected | ({"speaker"} if filters == Filters() else set())
    homes = {
        "health": {"nurse", "patient"},
        "land": {"farmer"},
        "trade": {"supplier", "driver", "speaker"},
        "": {"loner"},
    }
    assert views.matching(small, filters).personas == {
        home: len(held & expected) for home, held in homes.items() if held & expected
    }
    assert {one for home in homes for one in ids(views.region(small, home, filters).people)} == expected
    assert set(ids(views.search(small, "text of", filters).people)) - {"patient2"} == expected  # the duplicate too
    everybody = set().union(*homes.values())
    assert {row["id"] for row in small.read("reads/explore_texts")} == everybody
    assert set(ids(views.some(small, sorted(everybody), filters, None))) == expected
    for regions in (["land", "trade"], []):
        some = {one for home in regions for one in homes[home]} & expected
        assert {one for home in homes for one in ids(views.region(small, home, filters, regions).people)} == some
        assert set(ids(views.search(small, "text of", filters, regions).people)) == some
        assert set(ids(views.some(small, [*everybody, "nobody"], filters, regions))) == some
        selected = small.read("reads/explore_selected", **filters.of_people(), regions=regions)
        assert {row["id"] for row in selected} == some
    assert {row["id"] for row in small.read("reads/explore_selected", **filters.of_people(), regions=None)} == expected


def test_what_is_selected_is_exported_as_all_is(small: BoltStore) -> None:
    whole = list(persona_rows(small))
    assert list(views.selected(small, Filters(), None, None)) == whole
    assert list(views.selected(small, Filters(), None, "trade")) == [row for row in whole if row["domain"] == "Trade"]
    assert ids(list(views.selected(small, Filters(depth=1), None, "health"))) == ["patient"]
    assert ids(list(views.selected(small, Filters(), None, ""))) == ["loner"]
    assert list(views.selected(small, Filters(), ["land"], "trade")) == []
    assert ids(list(views.selected(small, Filters(), ["land"], None))) == ["farmer"]


def test_a_search_by_domain_is_filtered(small: BoltStore) -> None:
    assert set(ids(views.search(small, "trad", Filters(depth=2)).people)) == {"driver"}
    assert ids(views.search(small, "trad", Filters(), ["land"]).people) == []


def test_the_limit_of_coverage() -> None:
    rows: list[dict[str, Any]] = [
        {"id": "a", "coverage": 0.2},
        {"id": "b", "coverage": 0.5},
        {"id": "c", "coverage": None},
    ]
    assert Filters().regions(rows) is None
    assert Filters(coverage=50).regions(rows) == ["a"]
    assert Filters(coverage=101).regions(rows) == ["a", "b"]


def test_a_crowd(small: BoltStore) -> None:
    """Where each came from, as a place in the list; who came from elsewhere has a relationship, but no place."""
    trade = views.crowd(small, "trade").as_json()
    by_id = {person[0]: person for person in trade["people"]}
    assert trade["relations"] == ["driver", "supplier"]
    assert by_id["supplier"][1:4] == ["supplier", 1, 1]
    assert trade["people"][by_id["supplier"][4]][0] == "driver"  # a model that turned back, and "driver" < "nurse"
    assert by_id["driver"][1:4] == ["driver", 2, 0]
    health = views.crowd(small, "health").as_json()
    assert sorted(health["people"]) == [["nurse", "district nurse", 0, -1, -1], ["patient", "patient", 1, 0, 0]]
    assert not health["more"]
    empty = {"relations": [], "people": [], "more": False}
    assert views.crowd(small, "nowhere").as_json() == views.crowd(small, "").as_json() == empty


def test_a_crowd_too_large_is_a_sample(store: BoltStore, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [persona_id(f"somebody {number}") for number in range(400)]
    store.write(
        Write("persona", [persona(name) for name in names]),
        Write("domain", [{"id": "d", "name": "d", "label": "D"}]),
        Write("in_domain", [{"persona": name, "domain": "d", "by": "reply"} for name in names]),
    )
    monkeypatch.setattr(views, "CROWD", 100)
    shown = views.crowd(store, "d", 400).as_json()
    assert shown["more"]
    assert 60 < len(shown["people"]) <= 100
    assert {person[0] for person in shown["people"]} <= {name for name in names if name < "p4000"}


def test_people_without_a_domain(small: BoltStore) -> None:
    assert ids(views.region(small, "").people) == ["loner"]
    assert views.region(small, "", Filters(depth=1)).people == []
    assert views.region(small, "", Filters(relation="kin")).people == []


def test_a_persona(small: BoltStore) -> None:
    found = known(small, "driver")
    assert (found["role"], found["depth"], found["region"], found["region_label"]) == ("driver", 2, "trade", "Trade")
    assert [ids(way) for way in found["ways"]] == [["driver", "supplier", "nurse"]]
    assert [
        (row["source"], row["relation"], row["call"], row["command"], row["model"]) for row in found["sightings"]
    ] == [
        ("supplier", "driver", "c4", "expand", "m"),
        ("driver", "driver", "c5", "expand", "m"),
    ]
    assert [(row["way"], row["kind"], row["id"]) for row in found["relatives"]] == [("in", "driver", "supplier")]
    assert views.persona(small, "nobody") is None


def test_the_calls_that_named_a_persona(small: BoltStore) -> None:
    small.write(
        Write(
            "derived_from",
            [{"persona": "driver", "source": "nurse", "call": "c1", "props": {"relation": "patient", "run": "r2"}}],
        )
    )
    found = known(small, "patient")
    (call,) = found["calls"]
    assert {name: call[name] for name in ("call", "kind", "source", "name", "relation", "run", "command", "model")} == {
        "call": "c1", "kind": "persona", "source": "nurse", "name": "district nurse", "relation": "patient",
        "run": "r2", "command": "expand", "model": "m",
    }  # fmt: skip
    assert (call["answers"], call["usable"], call["new"]) == (2, 1, 1)
    assert call["why"].startswith(
        "Ask the district nurse of Health for the patient. 75% of the answers are expected to be new;"
    )
    assert "50% land in Health, which is 25% uncovered" in call["why"]
    assert ids(call["others"]) == ["driver"]
    assert (call["words"], call["template"]) == (None, "persona_to_persona")  # it listed three roles: kept elsewhere
    assert "known roles" in call["why_not"]
    farmer = known(small, "farmer")
    (call,) = farmer["calls"]
    assert (call["kind"], call["name"], call["relation"], call["new"]) == ("text", "notice.md", "read", 1)
    assert call["why"].startswith("Ask about the text notice.md for the read.")
    loner = known(small, "loner")
    assert loner["calls"] == []


def test_what_a_persona_came_from_and_stands_for(small: BoltStore) -> None:
    nurse, patient, kept = (known(small, name) for name in ("nurse", "patient2", "patient"))
    assert [(row["kind"], row["name"]) for row in nurse["sightings"]] == [("file", "f.jsonl:1"), ("file", "f.jsonl:4")]
    assert [(row["id"], row["contribution"]) for row in nurse["knowledge"]] == [("k1", "a")]
    assert (nurse["score"], nurse["reason"], nurse["marked"]) == (2.5, "thin", True)
    assert [(row["way"], row["id"], row["score"]) for row in patient["duplicates"]] == [("survivor", "patient", 0.93)]
    assert [(row["way"], row["id"]) for row in kept["duplicates"]] == [("duplicate", "patient2")]
    pages = [views.persona(small, name) for name in ("patient", "patient2")]
    assert [page and views.around(page) for page in pages] == [
        AskingPlace("patient", 'MATCH (p:Persona {id: "patient"}) RETURN p.id', 2),
        None,
    ]
    assert [(row["kind"], row["source"], row["relation"]) for row in patient["sightings"]] == [
        ("persona", "farmer", "buyer"),
        ("text", "notice", "write"),
    ]


def test_the_words_of_the_text_behind_a_seed(store: BoltStore) -> None:
    """They are shown for the seed, and for whoever came of it."""
    store.write(
        *SMALL,
        Write("persona", [persona("pilot", role="pilot"), persona("guest", 1, role="guest")]),
        Write("derived_from_text", [about("pilot", "notice", "t1", "read", evidence="the PIER is closed")]),
        Write("derived_from", [{"persona": "guest", "source": "pilot", "call": "t2", "props": {"relation": "guest"}}]),
    )
    for name in ("pilot", "guest"):
        found = known(store, name)
        assert [(text["source"], text["quotes"]) for text in found["texts"]] == [("notice.md", ["the PIER is closed"])]
        assert ids(found["ways"][0])[-2:] == ["pilot", "notice"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("NURSE", {"nurse"}),  # role and text
        ("  district \n nurse ", {"nurse"}),
        ("of lon", {"loner"}),
        ("car", {"nurse", "patient", "patient2"}),  # domain
        ("x' OR 1=1 //", set()),
        ("", set()),
    ],
)
def test_search(small: BoltStore, words: str, expected: set[str]) -> None:
    assert set(ids(views.search(small, words).people)) == expected


def test_a_search_that_finds_too_many(store: BoltStore) -> None:
    store.write(Write("persona", [persona(f"p{number:03}") for number in range(60)]))
    found = views.search(store, "text").as_json()
    assert (len(found["people"]), found["more"]) == (50, True)


def test_the_survey(small: BoltStore) -> None:
    found = survey(small)
    rows = {row["id"]: row for row in found["regions"]}
    assert list(rows) == ["health", "trade", "", "land"]  # the largest first
    assert (rows["health"]["personas"], rows["health"]["coverage"], rows["health"]["depths"]) == (
        2,
        1.0,
        [(0, 1), (1, 1)],
    )
    assert rows["trade"]["relations"] == [("supplier", 3), ("driver", 2)]
    assert found["flows"] == [
        {"from": "trade", "to": "trade", "answers": 3},
        {"from": "health", "to": "trade", "answers": 2},
        {"from": "health", "to": "health", "answers": 1},
        {"from": "land", "to": "health", "answers": 1},
    ]
    assert rows[""]["missing"]["rank"] is None
    assert "came from files" in rows[""]["missing"]["why"]
    assert "NOT EXISTS" in rows[""]["missing"]["query"]
    assert len({row["missing"]["gap"] for row in found["regions"]}) == 4
    assert all(len(row["circle"]) == 3 for row in found["regions"])
    assert found["left_out"] == {"regions": 0, "personas": 0}
    assert [(row["id"], row["command"], row["model"]) for row in found["runs"]] == [
        ("r3", "ingest", "m"),
        ("r2", "expand", "m"),
        ("r1", "import", None),
    ]
    assert found["languages"] == []
    small.write(
        Write("persona", [persona("a", language="en"), persona("b", language="hi"), persona("c", language="en")])
    )
    assert survey(small)["languages"] == [("en", 2), ("hi", 1)]


def test_a_draft_has_the_sizes(small: BoltStore) -> None:
    """As many keys as the survey, so that a page that shows the one can show the other; duplicates count."""
    found, counted = draft(small, 8), survey(small)
    assert {row["id"]: row["personas"] for row in found["regions"]} == {"health": 3, "trade": 2, "land": 1}
    assert found.keys() - {"draft"} == counted.keys()
    assert found["regions"][0].keys() == counted["regions"][0].keys()
    assert found["regions"][0]["missing"] is None


def test_a_change_is_seen(small: BoltStore) -> None:
    def state() -> dict[str, Any]:
        return next(small.read("reads/explore_state"))

    before = state()
    assert {name: before[name] for name in ("personas", "domains", "groups", "duplicates", "runs", "answers")} == {
        "personas": 7, "domains": 3, "groups": 2, "duplicates": 1, "runs": 3, "answers": 0
    }  # fmt: skip
    assert (before["started"], before["ended"], before["updated"]) == ("2026-01-04", "2026-01-02", None)
    assert (before["first_group"], before["last_group"], before["thresholds"]) == ("health", "land", 0)
    small.write(Write("run", [{"id": "r2", "props": {"new": 2, "duplicate": 1, "updated": "2026-01-05"}}]))
    assert state() == {**before, "answers": 3, "updated": "2026-01-05"}
    small.write(Write("duplicate_of", [{"persona": "loner", "survivor": "nurse", "method": "words", "score": 1.0}]))
    small.write(Write("run", [{"id": "r1", "props": {"same_words": 0.5}}]))
    assert state() == {**before, "answers": 3, "updated": "2026-01-05", "duplicates": 2, "thresholds": 0.5}
