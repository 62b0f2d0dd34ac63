"""`pgraph expand --dry-run`: what would be asked, and what it would take; no model is called."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pgraph.app import Session, open_embedder, open_store, settings
from pgraph.app.expand import (
    ExpandRequest,
    allowed_sources,
    make_plan,
    make_strategy,
    require_people,
    text_arms,
    text_plan,
)

if TYPE_CHECKING:
    from expansion.plan import Plan
    from graphstore.store import GraphStore

SHOWN = 3
_CHARACTERS_A_TOKEN = 4
_TOKENS_A_PERSONA = 70  # of a reply: 61 measured with the bundled model, longer texts with larger ones


def forecast(session: Session, request: ExpandRequest) -> dict[str, Any]:
    """The first calls and an estimate, from earlier runs with this model where there are any, else from the prompt's length."""
    from expansion.loading import load
    from expansion.plan import Progress
    from expansion.runs import Run
    from expansion.selection import Choice
    from expansion.text_arms import TextChoice

    values = settings(session)
    with open_store(session) as store, open_embedder(session) as embedder:
        require_people(store, request)
        plan = make_plan(session, request, values.model)
        texts = text_arms(store, text_plan(session, plan), plan.per_call) if request.with_texts else None
        allowed = allowed_sources(store, plan.from_cypher)
        loaded = load(store, [kind.id for kind in plan.relations], plan.depth, allowed=allowed, texts=texts)
        past = _past(store, plan)
        people = loaded.population
        strategy = make_strategy(plan, loaded, embedder, Run("", "", Progress(), resumed=False), texts)
        prompts: list[str] = []
        characters: list[int] = []
        while len(prompts) < SHOWN and isinstance(choice := strategy.choose(), Choice | TextChoice):
            if isinstance(choice, TextChoice):
                asked = choice.call("").request
            else:
                people.mark_asked(choice.source, choice.relation)
                _, asked = plan.call("", people.ids[choice.source], people.texts[choice.source], choice.relation)
            prompts.append(asked.messages[-1]["content"])
            characters.append(sum(len(message["content"]) for message in asked.messages))
    per_call = past or {
        "tokens_in": sum(characters) / max(1, len(characters)) / _CHARACTERS_A_TOKEN,
        "tokens_out": float(_TOKENS_A_PERSONA * plan.per_call),
        "seconds": None,
    }
    waiting = people.pairs_left + (texts.left if texts is not None else 0) + len(prompts)
    calls = _calls(plan, waiting, per_call)
    return {
        "personas": len(people.ids),
        "groups": len(set(people.regions)),
        "pairs_left_to_ask" if texts is None else "pairs_and_texts_left_to_ask": waiting,
        "calls": calls,
        "new_personas_at_most": calls * plan.per_call,
        "tokens_in": round(calls * per_call["tokens_in"]),
        "tokens_out": round(calls * per_call["tokens_out"]),
        "seconds": None if per_call["seconds"] is None else round(calls * per_call["seconds"], 1),
        "estimated_from": f"{past['calls']} earlier calls" if past else "the length of the prompt",
        "prompts": prompts,
    }


def _past(store: "GraphStore", plan: "Plan") -> dict[str, Any] | None:
    """Means per call over the finished runs with this model."""
    rows = [row["run"] for row in store.read("reads/finished_runs", model=plan.model)]
    calls = sum(row.get("calls") or 0 for row in rows)
    if not calls:
        return None
    means = {
        name: sum(float(row.get(name) or 0) for row in rows) / calls for name in ("tokens_in", "tokens_out", "seconds")
    }
    return {**means, "calls": calls}


def _calls(plan: "Plan", pairs: int, per_call: Mapping[str, Any]) -> int:
    limits = plan.limits
    calls = pairs if limits.calls is None else min(pairs, limits.calls)
    if limits.tokens is not None:
        calls = min(calls, max(1, round(limits.tokens / (per_call["tokens_in"] + per_call["tokens_out"]))))
    return calls
