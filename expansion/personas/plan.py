"""Persona to persona: the settings of one `pgraph expand`, and what a call sends."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

from expansion.selection import NO_HINT, Hint
from foundation.model import ChatRequest, list_schema, object_schema, text_schema
from foundation.prompts import Prompt
from graphstore import call_id, seed_of
from population import Counted, Relation, relations_digest

PERSONA_PROMPT = Path(__file__).parents[1] / "prompts" / "persona_to_persona.yml"
StrategyName = Literal["coverage", "breadth-first", "random"]


@dataclass(frozen=True, slots=True)
class Limits:
    """Where a run ends, whichever comes first.

    `calls` and `tokens` are budgets. `target` (personas in the graph, duplicates not counted) and `until_coverage` (of
    every group) are goals. A run also ends when a call brings less than its `price`: new answers as the choice counts them,
    or new roles where the user gave no limit.
    """

    calls: int | None = None
    tokens: int | None = None
    target: int | None = None
    until_coverage: float | None = None
    price: float = 0.25

    @property
    def given(self) -> bool:
        """Whether the user gave any limit."""
        return any(limit is not None for limit in (self.calls, self.tokens, self.target, self.until_coverage))


@dataclass(frozen=True, slots=True)
class Plan:
    """The settings of one `pgraph expand`."""

    depth: int
    limits: Limits
    per_call: int
    strategy: StrategyName
    relations: tuple[Relation, ...]
    prompt: Prompt
    seed: int = 0
    context: str = ""
    from_cypher: str = ""
    model: str = ""
    sampling: Mapping[str, float] = field(default_factory=dict)  # temperature, max_tokens
    stances: str = ""  # to texts, and the prompt for them, if texts are arms too
    exclude: int | None = 0  # at most so many known roles that the model is asked not to name; None: it is found out
    void: float = 0.0  # share of the calls that name a region for the answers to land in
    control: float = 0.0  # share of the calls that are drawn by chance, to compare with; more at the beginning
    count: tuple[Counted, ...] = (Counted.ROLE, Counted.PERSONA)  # what the choice counts as new
    verbalise: float = 0.0  # ask for each persona's probability, and for one below this; 0: do not ask

    def recipe(self) -> dict[str, Any]:
        """All settings that decide the answers, as plain values, kept with the run."""
        return {
            **({"stances": self.stances} if self.stances else {}),
            "strategy": self.strategy,
            "count": ",".join(self.count),
            "depth": self.depth,
            "per_call": self.per_call,
            "exclude": self.exclude,
            **{name: value for name in ("void", "verbalise", "control") if (value := getattr(self, name))},
            "seed": self.seed,
            "context": self.context,
            "from": self.from_cypher,
            "model": self.model,
            "prompt": self.prompt.digest,
            "relations": relations_digest(self.relations),
            **self.sampling,
            **asdict(self.limits),
        }

    def call_id(self, source_id: str, relation: int) -> str:
        """The id of the call about a persona along the relationship with the number `relation`.

        It does not depend on the run or the hint: the same question is the same call.
        """
        kind = self.relations[relation]
        decides = {
            "source": source_id,
            "relation": kind.id,
            "phrase": kind.phrase,
            "count": self.per_call,
            "context": self.context,
            **({"verbalise": self.verbalise} if self.verbalise else {}),
        }
        return call_id(
            {**decides, "prompt": self.prompt.digest, "model": self.model, "seed": self.seed, **self.sampling}
        )

    def request(self, run: str, source_id: str, source_text: str, relation: int, hint: Hint = NO_HINT) -> ChatRequest:
        """What is sent to ask about `source_text` along the relationship with the number `relation`.

        The tag names `run`, call and source, so that a reply in the cache can be told from others.
        """
        kind = self.relations[relation]
        values = {
            "persona": source_text,
            "relation": kind.id,
            "phrase": kind.phrase,
            "count": self.per_call,
            "context": f"All of them live here: {self.context}\n" if self.context else "",
            "known": self._known(hint),
            "probability": self._probability(),
        }
        call = self.call_id(source_id, relation)
        tag = {"run": run, "call": call, "source": source_id, "relation": kind.id, **hint.tag()}
        seed = seed_of(call, self.seed)
        schema, accepts = reply_schema(kind.id, self.per_call), None
        if self.verbalise:
            schema, accepts = (reply_schema(kind.id, self.per_call, probability) for probability in ("asked", "any"))
        return ChatRequest(self.prompt.fill(values), schema, seed=seed, tag=tag, accepts=accepts)

    def _known(self, hint: Hint) -> str:
        if hint.void:
            return " " + self.prompt.phrase("void", "; ".join(hint.neighbours))
        return " " + self.prompt.phrase("excluded", "; ".join(hint.excluded)) if hint.excluded else ""

    def _probability(self) -> str:
        """The sentence of the prompt that asks for each persona's probability."""
        if not self.verbalise:
            return ""
        tail = self.prompt.phrase("tail", f"{self.verbalise:g}") if self.verbalise < 1 else ""
        return " " + self.prompt.phrase("probability") + (f" {tail}" if tail else "")


@cache
def reply_schema(relation: str, count: int, probability: Literal["", "asked", "any"] = "") -> dict[str, Any]:
    """JSON schema of a reply with `count` personas in this `relation`.

    `probability`: "asked" requires a number with each persona. "any" allows one of any type, since a reply is usable
    without it.
    """
    person = {
        "relation": {"type": "string", "enum": [relation, "none"]},
        "persona": text_schema(12, 300),
        "role": text_schema(2, 48),
        "domain": text_schema(2, 48),
    }
    required = [*person, "probability"] if probability == "asked" else list(person)
    if probability:
        person["probability"] = {"type": "number"} if probability == "asked" else {}
    return object_schema({"personas": list_schema(object_schema(person, required), count, count)})
