"""What the contract tests write, and ways to look at all that a store holds."""

from typing import Any

from graphstore.server.bolt import BoltStore
from graphstore.store import Write


def nodes(store: BoltStore) -> dict[str, dict[str, Any]]:
    rows = store.stream(
        "MATCH (n) WHERE NOT n:Migration RETURN n.id AS id, labels(n)[0] AS label, properties(n) AS props", {}
    )
    return {row["id"]: {"label": row["label"], **row["props"]} for row in rows}


def links(store: BoltStore) -> set[tuple[str, str, str, str]]:
    """Every relationship as (start, type, key, end)."""
    rows = store.stream("MATCH (a)-[r]->(b) RETURN a.id AS a, type(r) AS type, properties(r) AS props, b.id AS b", {})
    found = [(row["a"], row["type"], _key(row["props"]), row["b"]) for row in rows]
    assert len(found) == len(set(found)), "a relationship was doubled"
    return set(found)


def _key(props: dict[str, Any]) -> str:
    return str(props.get("call") or props.get("kind") or props.get("row") or "")


def persona(identity: str, depth: int = 0, **props: Any) -> dict[str, Any]:
    return {"id": identity, "depth": depth, "props": {"text": f"text of {identity}", **props}}


def sighting(who: str, source: str, call: str, relation: str = "patient", **props: Any) -> dict[str, Any]:
    return {"persona": who, "source": source, "call": call, "props": {"relation": relation, "run": "r2", **props}}


def about(who: str, text: str, call: str, stance: str, **props: Any) -> dict[str, Any]:
    return {"persona": who, "text": text, "call": call, "props": {"stance": stance, "run": "r3", **props}}


SMALL = [
    Write("run", [
        {"id": "r1", "props": {"command": "import", "file": "f.jsonl", "started": "2026-01-01", "ended": "2026-01-02"}},
        {"id": "r2", "props": {"command": "expand", "model": "m", "started": "2026-01-03"}},
        {"id": "r3", "props": {"command": "ingest", "model": "m", "started": "2026-01-04"}},
    ]),
    Write("persona", [
        persona("nurse", role="district nurse", run="r1"),
        persona("farmer", role="farmer", run="r1"),
        persona("loner", run="r1"),
        persona("patient", 1, role="patient", run="r2"),
        persona("supplier", 1, role="supplier", run="r2"),
        persona("patient2", 1, role="patient", run="r2"),
        persona("driver", 2, role="driver", run="r2"),
    ]),
    Write("text", [
        {"id": "notice", "props": {"text": "The pier is closed.", "source": "notice.md", "offset": 0, "run": "r3"}}
    ]),
    Write("domain", [
        {"id": "care", "name": "care", "label": "Care"},
        {"id": "farming", "name": "farming", "label": "Farming"},
        {"id": "trade", "name": "trade", "label": "Trade"},
    ]),
    Write("in_domain", [
        {"persona": "nurse", "domain": "care", "by": "import"},
        {"persona": "farmer", "domain": "farming", "by": "import"},
        {"persona": "patient", "domain": "care", "by": "reply"},
        {"persona": "patient2", "domain": "care", "by": "reply"},
        {"persona": "supplier", "domain": "trade", "by": "reply"},
        {"persona": "driver", "domain": "trade", "by": "reply"},
    ]),
    Write("group", [{"id": "health", "props": {"label": "Health"}}, {"id": "land", "props": {"label": "Land"}}]),
    Write("in_group", [
        {"domain": "care", "group": "health", "by": "own"},
        {"domain": "farming", "group": "land", "by": "own"},
    ]),
    Write("imported_by", [
        {"persona": name, "run": "r1", "row": str(line), "props": {}}
        for line, name in enumerate(["nurse", "farmer", "loner", "nurse"], start=1)
    ]),
    Write("derived_from", [
        sighting("patient", "nurse", "c1"),
        sighting("patient2", "farmer", "c2", "buyer"),
        sighting("supplier", "nurse", "c3", "supplier", times=2),
        sighting("driver", "supplier", "c4", "driver"),
        sighting("driver", "driver", "c5", "driver"),  # a model that echoes its source
        sighting("supplier", "driver", "c6", "supplier"),  # and one that turns back
    ]),
    Write("derived_from_text", [
        about("farmer", "notice", "c10", "read"),
        about("patient2", "notice", "c11", "write", times=2),
    ]),
    Write("related_to", [
        {"source": "nurse", "persona": "patient", "kind": "patient"},
        {"source": "nurse", "persona": "supplier", "kind": "supplier"},
        {"source": "supplier", "persona": "driver", "kind": "driver"},
        {"source": "farmer", "persona": "patient2", "kind": "buyer"},
    ]),
    Write("duplicate_of", [{"persona": "patient2", "survivor": "patient", "method": "embedding", "score": 0.93}]),
    Write("failed_on", [
        {"run": "r2", "persona": "loner", "call": "c7", "props": {"relation": "kin", "reason": "empty", "times": 2}},
        {"run": "r2", "persona": "nurse", "call": "c8", "props": {"relation": "kin", "reason": "length"}},
    ]),
    Write("asked", [
        {"run": "r2", "persona": "nurse", "call": "c1", "props": {
            "relation": "patient", "how": "coverage", "control": 0.2,
            "expected": 0.75, "toward": "health", "share": 0.5, "uncovered": 0.25,
            "listed": 3, "could_list": 10,
            "tokens_in": 400, "tokens_out": 100, "answers": 2, "usable": 1, "new": 1, "at": "2026-01-03T01"}},
        {"run": "r2", "persona": "loner", "call": "c7", "props": {
            "relation": "kin", "distance": "far", "how": "control", "control": 0.2,
            "expected": 1.0, "toward": "", "share": 1.0, "uncovered": 1.0,
            "listed": 0, "could_list": 0,
            "tokens_in": 500, "tokens_out": 90, "verbalised": 0.1, "answers": 2, "new": 0, "at": "2026-01-03T02"}},
    ]),
    Write("asked_text", [
        {"run": "r3", "text": "notice", "call": "c10", "props": {
            "stance": "read", "how": "text", "expected": 0.71, "answers": 1, "new": 1, "at": "2026-01-04"}},
    ]),
    Write("failed_on_text", [
        {"run": "r3", "text": "notice", "call": "c12", "props": {"stance": "like", "reason": "empty", "times": 1, "paid": True}},
    ]),
]  # fmt: skip

ASKED = [  # what is asked and answered on top of it
    Write("question", [
        {"id": "q1", "props": {"text": "Why?", "topic": "reasons", "language": "en", "context": "", "run": "r2"}},
        {"id": "q2", "props": {"text": "How?", "topic": "ways", "language": "en", "context": "", "run": "r2"}},
    ]),
    Write("asks_about_group", [
        {"question": "q1", "about": "health", "call": "c7", "props": {"run": "r2"}},
        {"question": "q1", "about": "health", "call": "c8", "props": {"run": "r2"}},
    ]),
    Write("asks_about_domain", [{"question": "q2", "about": "care", "call": "c9", "props": {"run": "r2"}}]),
    Write("posed_by", [
        {"question": "q1", "persona": "nurse", "call": "c7"},
        {"question": "q1", "persona": "farmer", "call": "c7"},
        {"question": "q2", "persona": "nurse", "call": "c9"},
    ]),
    Write("knowledge", [
        {"id": "k1", "question": "q1", "props": {"text": "Because.", "mode": "joint", "call": "c10"}}
    ]),
    Write("distilled_from", [
        {"knowledge": "k1", "persona": "nurse", "props": {"contribution": "a", "call": "c10"}},
        {"knowledge": "k1", "persona": "farmer", "props": {"contribution": "b", "call": "c10"}},
    ]),
    Write("failed_on_group", [{"run": "r2", "about": "health", "call": "c11", "props": {"paid": True, "times": 0}}]),
    Write("failed_on_domain", [{"run": "r2", "about": "care", "call": "c11", "props": {"paid": True, "times": 0}}]),
    Write("failed_on_question", [{"run": "r2", "about": "q2", "call": "c11", "props": {"paid": True, "times": 0}}]),
    *(
        write
        for kind, item in (("persona", "nurse"), ("question", "q1"), ("knowledge", "k1"))
        for write in (
            Write(f"judged_{kind}", [{"run": "r2", "item": item, "call": f"c-{item}", "props": {"judge": "j"}}]),
            Write(f"marked_{kind}", [{"id": item, "props": {"score": 2.5, "score_reason": "thin", "below": 3.0}}]),
        )
    ),
]  # fmt: skip
