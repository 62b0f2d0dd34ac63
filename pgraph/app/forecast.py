"""`pgraph expand --dry-run`: what would be asked, and what it would cost; calls no model."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean
from typing import Any

from expansion.personas import Plan
from expansion.selection import PROBES, Choice, Exclusions, Hint, TextChoice, Voids, predictions_for
from foundation.model import CachedEmbedder, ChatRequest
from graphstore import GraphStore
from pgraph.app.expand import (
    ExpandRequest,
    allowed_sources,
    make_plan,
    make_strategy,
    require_people,
    text_arms,
    text_plan,
)
from pgraph.app.settings import Workspace
from pgraph.app.workspace import open_embedder, open_store
from population import Coverage, load_population
from population.reports import grown, grown_needed, sightings_needed
from population.runs import Run, RunProgress

SHOWN = 3
_CHARACTERS_A_TOKEN = 4
_TOKENS_A_PERSONA = 70  # of a reply: 61 measured with the bundled model, longer texts with larger ones
_TOKENS_A_PROBABILITY = 8


def forecast(workspace: Workspace, request: ExpandRequest) -> dict[str, Any]:
    """The first calls and an estimate, from earlier runs with this model where there are any, else from the prompt's length."""
    values = workspace.settings()
    with open_store(workspace) as store, open_embedder(workspace) as embedder:
        require_people(store, request)
        plan = make_plan(workspace, request, values.model)
        sample = _sample(workspace, plan, store, embedder, request)
        past = _past(store, plan)
    means = past or {
        "tokens_in": (sample.characters - sample.listed) / _CHARACTERS_A_TOKEN,
        "tokens_out": float((_TOKENS_A_PERSONA + _TOKENS_A_PROBABILITY * bool(plan.verbalise)) * plan.per_call),
        "usable": 1.0,
        "listed": 0.0,
        "seconds": None,
    }
    known, answers = sample.known, plan.per_call * means["usable"]
    needed = calls_needed(plan, known, sample.personas, answers)
    calls = _calls(plan, sample.waiting, needed, means)
    new = round(grown(known.found, known.sightings, known.singles, calls * answers) - known.found)
    # The lists grow with what is known.
    listing = (1 - PROBES) * (1 - plan.void)
    more_listed = min(plan.exclude, known.distinct + new) * listing - means["listed"] if plan.exclude else 0.0
    tokens_in = calls * (means["tokens_in"] + more_listed * sample.role_characters / _CHARACTERS_A_TOKEN)
    tokens_out = calls * means["tokens_out"]
    money = (tokens_in * values.price_in + tokens_out * values.price_out) / 1e6
    return {
        "personas": sample.personas,
        "groups": sample.groups,
        "coverage": known.share,
        "pairs_and_texts_left_to_ask" if request.with_texts else "pairs_left_to_ask": sample.waiting,
        "calls": calls,
        "calls_to_the_goal": needed,
        "new_roles": new,
        "tokens_in": round(tokens_in),
        "tokens_out": round(tokens_out),
        "tokens_a_new_role": round((tokens_in + tokens_out) / new) if new else None,
        "seconds": None if means["seconds"] is None else round(calls * means["seconds"], 1),
        "money": round(money, 4) if money else None,
        "money_a_new_role": round(money / new, 6) if money and new else None,
        "estimated_from": f"{past['calls']} earlier calls"
        if past
        else "the length of the prompt; no call has been made",
        "prompts": sample.prompts,
    }


@dataclass(frozen=True, slots=True)
class _Sample:
    """How the graph stands, and the first calls; lengths are means."""

    known: Coverage
    personas: int
    groups: int
    waiting: int
    prompts: list[str]
    characters: float  # of a call's messages
    listed: float  # of these, in the list of roles not to be named
    role_characters: float  # of a role in such a list


def _sample(
    workspace: Workspace, plan: Plan, store: GraphStore, embedder: CachedEmbedder, request: ExpandRequest
) -> _Sample:
    import numpy as np

    texts = text_arms(store, text_plan(workspace, plan), plan.per_call) if request.with_texts else None
    allowed = allowed_sources(store, plan.from_cypher)
    loaded = load_population(store, [kind.id for kind in plan.relations], plan.depth, allowed=allowed, texts=texts)
    people = loaded.population
    strategy = make_strategy(plan, loaded, embedder, Run("", "", RunProgress(), resumed=False), texts)
    arms, rng = predictions_for(strategy, people), np.random.default_rng(plan.seed)
    exclusions, voids = Exclusions(people, arms, plan.exclude, rng), Voids(people, arms, plan.void, rng)
    asked: list[ChatRequest] = []
    lists: list[Sequence[str]] = []
    while len(asked) < SHOWN and isinstance(choice := strategy.choose(), Choice | TextChoice):
        if isinstance(choice, TextChoice):
            asked += [texts.call(choice, "").request] if texts is not None else []
            continue
        people.mark_asked(choice.source, choice.relation)
        arm = people.arm(choice.source, choice.relation)
        hint = voids.draw(arm) or Hint(exclusions.likeliest(arm) if plan.exclude else ())
        lists.append(hint.excluded)
        source = people.ids[choice.source], people.texts[choice.source]
        asked.append(plan.request("", *source, choice.relation, hint))
    roles = [len(role) + 2 for names in lists for role in names]  # and what stands between two
    return _Sample(
        people.tally.overall(),
        len(people.ids),
        len(set(people.regions)),
        people.pairs_left + (0 if texts is None else texts.left) + len(asked),
        [request.messages[-1]["content"] for request in asked],
        mean(sum(len(message["content"]) for message in request.messages) for request in asked) if asked else 0.0,
        sum(roles) / max(1, len(asked)),
        mean(roles) if roles else 0.0,
    )


def calls_needed(plan: Plan, known: Coverage, personas: int, answers: float) -> int | None:
    """The number of calls until the goal that the user set; None without a goal, or if the sightings do not show it.

    `answers`: usable answers per call. For a target, every new role counts as one persona. Coverage is that of all regions
    together, and it is predicted for at most twice the present sightings.
    """
    goals = plan.limits
    if goals.target is not None:
        missing = max(0, goals.target - personas)
        more: float | None = grown_needed(known.found, known.sightings, known.singles, missing)
    elif goals.until_coverage is not None:
        more = sightings_needed(known.sightings, known.singles, known.doubles, goals.until_coverage)
    else:
        return None
    return None if more is None or math.isinf(more) else math.ceil(more / answers)


def _past(store: GraphStore, plan: Plan) -> dict[str, Any] | None:
    """Means per call over the finished runs with this model."""
    rows = [row["run"] for row in store.read("reads/finished_runs", model=plan.model)]
    calls = sum(row.get("calls") or 0 for row in rows)
    if not calls:
        return None

    def total(name: str) -> float:
        return sum(float(row.get(name) or 0) for row in rows)

    listed = next(iter(store.read("reads/listed", model=plan.model)))["listed"] or 0.0
    found = total("new") + total("duplicate")
    means = {name: total(name) / calls for name in ("tokens_in", "tokens_out", "seconds")}
    return {**means, "usable": found / max(1.0, found + total("unusable")) or 1.0, "listed": listed, "calls": calls}


def _calls(plan: Plan, pairs: int, needed: int | None, per_call: Mapping[str, Any]) -> int:
    limits = plan.limits
    calls = min(bound for bound in (pairs, limits.calls, needed) if bound is not None)
    if limits.tokens is not None:
        calls = min(calls, max(1, round(limits.tokens / (per_call["tokens_in"] + per_call["tokens_out"]))))
    return calls
