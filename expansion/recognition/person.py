"""A persona as a reply names it, made plain, or why it cannot be used."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from foundation import Unusable
from graphstore import language_of, normal_name, persona_id, role_of

SHORTEST = 5  # words of a persona, where words have blanks between them


@dataclass(frozen=True, slots=True)
class NamedPersona:
    """One persona as the reply names it; `times` counts repetitions inside the reply."""

    id: str
    text: str
    role: str
    domain: str
    language: str
    times: int
    probability: float | None = None  # of naming it, as the model says


def named_persona(item: Mapping[str, Any], times: int = 1) -> NamedPersona:
    """A persona of a reply, made plain."""
    text = one_line(item["persona"])
    role = normal_name(item["role"])
    known = role or role_of(text) or "", one_line(item["domain"]), language_of(text)
    return NamedPersona(persona_id(text), text, *known, times, probability(item.get("probability")))


def probability(value: object) -> float | None:
    """What a reply says, where it is one: a number from 0 to 1."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if number and 0 <= value <= 1 else None  # type: ignore[operator, arg-type]


def one_line(text: object) -> str:
    return " ".join(str(text).split())


def text_problem(text: str) -> Unusable | None:
    """What keeps a text from being a persona: it is no sentence, or it repeats its own words."""
    words = text.casefold().split()
    if text.isascii() and len(words) < SHORTEST:
        return Unusable.TOO_SHORT
    repeats = len(words) >= 2 * SHORTEST and len(set(words)) < len(words) / 2
    return Unusable.REPETITIVE if repeats else None
