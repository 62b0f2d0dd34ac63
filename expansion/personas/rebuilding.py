"""The messages of a call, built again from what the graph keeps of its run.

A call's id is a digest of all that decides its messages except the hint. So messages that give the same id are those that
were sent; nothing else is ever shown in their place. The folders `earlier` keep the prompts and relationships of earlier
versions, so that older runs can still be shown.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

from expansion.personas.plan import PERSONA_PROMPT, Limits, Plan
from expansion.selection import NO_HINT, Hint
from expansion.texts import STANCES, TEXT_PROMPT, TextPlan, load_stances
from foundation.prompts import Prompt, load_prompt
from graphstore.files import Piece
from population import RELATIONS, Relation, load_relations

Messages = tuple[Mapping[str, str], ...]


def about_persona(
    run: Mapping[str, Any], call: str, source: str, text: str, relation: str, *, hint: Hint = NO_HINT
) -> Messages | None:
    """The messages of a `call` about the persona `source` with this `text`, as they were sent.

    `run`: the properties of its Run node. `hint`: what the call carried. None if the run had a prompt, relationships or
    settings that are not known here.
    """
    if "plan_per_call" not in run:
        return None
    for prompt, relations in product(_persona_prompts(), _relations()):
        if relation not in relations:
            continue
        plan = Plan(
            depth=0,
            limits=Limits(),
            per_call=run["plan_per_call"],
            strategy="coverage",
            relations=(relations[relation],),
            prompt=prompt,
            seed=run.get("plan_seed", 0),
            verbalise=run.get("plan_verbalise", 0.0),
            **_settings_of(run),
        )
        if plan.call_id(source, 0) == call:
            return plan.request(run["id"], source, text, 0, hint).messages
    return None


def about_text(run: Mapping[str, Any], call: str, source: str, text: str, stance: str) -> Messages | None:
    """As `about_persona`, for a `call` that asked who takes a `stance` to the text `source`, whose words are `text`."""
    for (prompt, stances), offered in product(_text_prompts(), (False, True)):
        if stance in stances:
            plan = TextPlan((), 0, stances, prompt, offered=offered, **_settings_of(run))
            if plan.call_id(source, stance) == call:
                return plan.request(run["id"], call, Piece(source, text, "", 0, "", ""), stance).messages
    return None


def _settings_of(run: Mapping[str, Any]) -> dict[str, Any]:
    names = ("temperature", "max_tokens")
    sampling = {name: run[f"plan_{name}"] for name in names if f"plan_{name}" in run}
    return {"context": run.get("plan_context", ""), "model": run.get("plan_model", ""), "sampling": sampling}


def _versions(path: Path) -> list[Path]:
    """A shipped file and its earlier versions, the newest first."""
    earlier = (path.parent / "earlier").glob(f"{path.stem}.*.yml")
    return [path, *sorted(earlier, key=lambda version: int(version.suffixes[0][1:]), reverse=True)]


@cache
def _persona_prompts() -> list[Prompt]:
    return [load_prompt(path) for path in _versions(PERSONA_PROMPT)]


@cache
def _text_prompts() -> list[tuple[Prompt, dict[str, str]]]:
    return [load_stances(STANCES, path) for path in _versions(TEXT_PROMPT)]


@cache
def _relations() -> list[dict[str, Relation]]:
    return [_by_id(load_relations(path)) for path in _versions(RELATIONS)]


def _by_id(kinds: Iterable[Relation]) -> dict[str, Relation]:
    return {kind.id: kind for kind in kinds}
