"""`pgraph expand --dry-run`: what would be asked, and what it would cost; calls no model."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean
from typing import Any

from expansion.personas import Plan
from expansion.selection import Choice, Exclusions, Hint, Lengths, Strategy, TextChoice, Voids, predictions_for
from expansion.texts import TextArms
from foundation.model import CachedEmbedder, ChatRequest
from graphstore import GraphStore
from pgraph.app.expand import (
    ExpandRequest,
    list_lengths,
    make_plan,
    make_strategy,
    require_people,
    text_arms,
    text_plan,
)
from pgraph.app.settings import Workspace
from pgraph.app.starting import allowed_sources
from pgraph.app.workspace import open_embedder, open_store
from population import Coverage, Population, load_population
from population.reports import grown, grown_needed, sightings_needed
from population.runs import Run, RunProgress

SHOWN = 3
_CHARACTERS_A_TOKEN = 4
_TOKENS_A_PERSONA = 70  # of a reply: 61 measured with the bundled model, longer texts with larger ones
_TOKENS_A_PROBABILITY = 8


def forecast(workspace: Workspace, request: ExpandRequest) -> dict[str, Any]:
    """The first prompts, and an estimate of calls, tokens, seconds and money; what cannot be estimated is None.

    The estimate comes from earlier runs with this model, or else from the length of the prompts. Loads the population as
    `expand` does, and raises as it does.
    """
    values = workspace.settings()
    with open_store(workspace) as store, open_embedder(workspace) as embedder:
        require_people(store, request)
        plan = make_plan(workspace, request, values.model)
        sample = _sample(workspace, plan, store, embedder, request)
        mean_call = _measured(store, plan) or _estimated(plan, sample)
    roles, answers = sample.roles, plan.per_call * mean_call.usable
    needed = calls_needed(plan, roles, sample.personas, answers)
    calls = _calls(plan, sample.waiting, needed, mean_call)
    new = round(grown(roles.by_calls, roles.sightings, roles.singles, calls * answers) - roles.by_calls)
    tokens_in = calls * (mean_call.tokens_in + _growth_of_lists(plan, sample, mean_call, new))
    tokens_out = calls * mean_call.tokens_out
    money = (tokens_in * values.price_in + tokens_out * values.price_out) / 1e6
    source = (
        f"{mean_call.calls} earlier calls" if mean_call.calls else "the length of the prompt; no call has been made"
    )
    return {
        "personas": sample.personas,
        "groups": sample.groups,
        "coverage": roles.share,
        "pairs_and_texts_left_to_ask" if request.with_texts else "pairs_left_to_ask": sample.waiting,
        "calls": calls,
        "calls_to_the_goal": needed,
        "new_roles": new,
        "tokens_in": round(tokens_in),
        "tokens_out": round(tokens_out),
        "tokens_a_new_role": round((tokens_in + tokens_out) / new) if new else None,
        "seconds": None if mean_call.seconds is None else round(calls * mean_call.seconds, 1),
        "money": round(money, 4) if money else None,
        "money_a_new_role": round(money / new, 6) if money and new else None,
        "estimated_from": source,
        "prompts": sample.prompts,
    }


@dataclass(frozen=True, slots=True)
class _MeanCall:
    """Means of a call; `calls`: over so many earlier ones, 0 if they are estimated from the prompts."""

    tokens_in: float
    tokens_out: float
    usable: float  # share of the answers
    listed: float  # roles in its list of roles not to name
    seconds: float | None
    calls: int


@dataclass(frozen=True, slots=True)
class _Sample:
    """The state of the graph, and its first calls; lengths are means."""

    roles: Coverage
    personas: int
    groups: int
    waiting: int
    prompts: list[str]
    characters: float  # of the messages of a call
    listed: float  # of these, in its list of roles not to name
    role_characters: float  # of a role in such a list
    longest: int  # list of known roles
    mean_length: float


def _sample(
    workspace: Workspace, plan: Plan, store: GraphStore, embedder: CachedEmbedder, request: ExpandRequest
) -> _Sample:
    texts = text_arms(store, text_plan(workspace, plan), plan.per_call) if request.with_texts else None
    allowed = allowed_sources(store, plan.from_cypher)
    relations = [kind.id for kind in plan.relations]
    loaded = load_population(
        store, relations, plan.depth, allowed=allowed, texts=texts, by_niche=True, count=plan.count
    )
    people = loaded.population
    strategy = make_strategy(plan, loaded, embedder, Run("", "", RunProgress(), resumed=False), texts)
    values = workspace.settings()
    lengths = list_lengths(store, plan, (values.price_in, values.price_out), plan.seed)
    requests, lists = _first_requests(plan, people, strategy, texts, lengths)
    role_lengths: list[int] = []
    for names in lists:
        role_lengths += [len(role) + 2 for role in names]  # with the separator
    characters = [_characters(request) for request in requests]
    return _Sample(
        roles=people.tally.overall(),
        personas=len(people.ids),
        groups=len({people.groups[region] for region in people.regions}),
        waiting=people.pairs_left + (0 if texts is None else texts.left) + len(requests),
        prompts=[request.messages[-1]["content"] for request in requests],
        characters=mean(characters) if characters else 0.0,
        listed=sum(role_lengths) / max(1, len(requests)),
        role_characters=mean(role_lengths) if role_lengths else 0.0,
        longest=lengths.longest,
        mean_length=lengths.mean,
    )


def _characters(request: ChatRequest) -> int:
    return sum(len(message["content"]) for message in request.messages)


def _first_requests(
    plan: Plan, people: Population, strategy: Strategy, texts: TextArms | None, lengths: Lengths
) -> tuple[list[ChatRequest], list[Sequence[str]]]:
    """The first calls that the strategy chooses, and the lists of roles in those about personas."""
    import numpy as np

    arms, rng = predictions_for(strategy, people), np.random.default_rng(plan.seed)
    exclusions, voids = Exclusions(people, arms, lengths.longest), Voids(people, arms, plan.void, rng)
    requests: list[ChatRequest] = []
    lists: list[Sequence[str]] = []
    while len(requests) < SHOWN and isinstance(choice := strategy.choose(), Choice | TextChoice):
        if isinstance(choice, TextChoice):
            requests += [texts.call(choice, "").request] if texts is not None else []
            continue
        people.mark_asked(choice.source, choice.relation)
        arm = people.arm(choice.source, choice.relation)
        hint = voids.draw(arm) or Hint(exclusions.likeliest(arm, lengths.draw()))
        lists.append(hint.excluded)
        source = people.ids[choice.source], people.texts[choice.source]
        requests.append(plan.request("", *source, choice.relation, hint))
    return requests, lists


def _measured(store: GraphStore, plan: Plan) -> _MeanCall | None:
    """Means over the finished runs with this model; None without any."""
    runs = [row["run"] for row in store.read("reads/finished_runs", model=plan.model)]
    calls = sum(run.get("calls") or 0 for run in runs)
    if not calls:
        return None

    def total(name: str) -> float:
        return sum(float(run.get(name) or 0) for run in runs)

    usable = total("new") + total("duplicate")
    return _MeanCall(
        tokens_in=total("tokens_in") / calls,
        tokens_out=total("tokens_out") / calls,
        usable=usable / max(1.0, usable + total("unusable")) or 1.0,
        listed=next(iter(store.read("reads/listed", model=plan.model)))["listed"] or 0.0,
        seconds=total("seconds") / calls,
        calls=calls,
    )


def _estimated(plan: Plan, sample: _Sample) -> _MeanCall:
    persona = _TOKENS_A_PERSONA + _TOKENS_A_PROBABILITY * bool(plan.verbalise)
    return _MeanCall(
        tokens_in=(sample.characters - sample.listed) / _CHARACTERS_A_TOKEN,
        tokens_out=float(persona * plan.per_call),
        usable=1.0,
        listed=0.0,
        seconds=None,
        calls=0,
    )


def _growth_of_lists(plan: Plan, sample: _Sample, mean_call: _MeanCall, new: int) -> float:
    """Tokens that lists of roles add to a call, as there will be more known roles to list."""
    if not sample.longest:
        return 0.0
    share_of_longest = sample.mean_length / sample.longest * (1 - plan.void)
    more_roles = min(sample.longest, sample.roles.distinct + new) * share_of_longest - mean_call.listed
    return more_roles * sample.role_characters / _CHARACTERS_A_TOKEN


def calls_needed(plan: Plan, roles: Coverage, personas: int, answers: float) -> int | None:
    """The number of calls until the goal that the user set; None without a goal, or if the sightings do not show it.

    `answers`: usable answers per call. For a target, every new role counts as one persona. Coverage is that of all regions
    together, and it is predicted for at most twice the present sightings.
    """
    goals = plan.limits
    if goals.target is not None:
        missing = max(0, goals.target - personas)
        more: float | None = grown_needed(roles.by_calls, roles.sightings, roles.singles, missing)
    elif goals.until_coverage is not None:
        more = sightings_needed(roles.sightings, roles.singles, roles.doubles, goals.until_coverage)
    else:
        return None
    return None if more is None or math.isinf(more) else math.ceil(more / answers)


def _calls(plan: Plan, waiting: int, needed: int | None, mean_call: _MeanCall) -> int:
    """The calls that a run will make: until its goal, its limits, or the end of what can be asked."""
    limits = plan.limits
    calls = min(bound for bound in (waiting, limits.calls, needed) if bound is not None)
    if limits.tokens is not None:
        calls = min(calls, max(1, round(limits.tokens / (mean_call.tokens_in + mean_call.tokens_out))))
    return calls
