"""The words of a call once more, from what the graph keeps of its run.

A call's id is a digest of all that decides its words but the roles it listed. So words that give the same id are those
that were sent, and others are never shown for them.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

from expansion.personas.plan import PERSONA_PROMPT, Limits, Plan
from expansion.selection import NO_HINT, Hint
from expansion.texts import STANCES, TextPlan, load_stances
from foundation.prompts import Prompt, load_prompt
from graphstore.files import Piece
from population import Relation, load_relations

Messages = tuple[Mapping[str, str], ...]


def about_persona(
    run: Mapping[str, Any], call: str, source: str, text: str, relation: str, *, hint: Hint = NO_HINT
) -> Messages | None:
    """What was sent; None where the run had another prompt, other relationships or other settings than are known here."""
    prompt, relations = _shipped()
    if relation not in relations or "plan_per_call" not in run:
        return None
    plan = Plan(
        depth=0,
        limits=Limits(),
        per_call=run["plan_per_call"],
        strategy="coverage",
        relations=(relations[relation],),
        prompt=prompt,
        seed=run.get("plan_seed", 0),
        verbalise=run.get("plan_verbalise", 0.0),
        **_known(run),
    )
    made, request = plan.call(run["id"], source, text, 0, hint)
    return request.messages if made == call else None


def about_text(run: Mapping[str, Any], call: str, source: str, text: str, stance: str) -> Messages | None:
    prompt, stances = load_stances(STANCES)
    if stance not in stances:
        return None
    for offered in (False, True):
        plan = TextPlan((), 0, stances, prompt, offered=offered, **_known(run))
        if plan.call(source, stance) == call:
            return plan.request(run["id"], call, Piece(source, text, "", 0, "", ""), stance).messages
    return None


def _known(run: Mapping[str, Any]) -> dict[str, Any]:
    names = ("temperature", "max_tokens")
    sampling = {name: run[f"plan_{name}"] for name in names if f"plan_{name}" in run}
    return {"context": run.get("plan_context", ""), "model": run.get("plan_model", ""), "sampling": sampling}


@cache
def _shipped() -> tuple[Prompt, dict[str, Relation]]:
    return load_prompt(PERSONA_PROMPT), {kind.id: kind for kind in load_relations()}
