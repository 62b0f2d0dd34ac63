"""A persona as a reply names it, or why it cannot be used."""

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
    """The persona of an `item` of a reply that names it `times` times.

    The role is read from the text if the reply gives none.
    """
    text = one_line(item["persona"])
    role = normal_name(item["role"])
    return NamedPersona(
        id=persona_id(text),
        text=text,
        role=role or role_of(text) or "",
        domain=one_line(item["domain"]),
        language=language_of(text),
        times=times,
        probability=probability(item.get("probability")),
    )


def probability(value: object) -> float | None:
    """The number that a reply gives, None unless it is one from 0 to 1.

    >>> probability(0.25), probability("high"), probability(2)
    (0.25, None, None)
    """
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if number and 0 <= value <= 1 else None  # type: ignore[operator, arg-type]  # it is a number


def one_line(text: object) -> str:
    """`text` with each run of blanks and line ends as one blank.

    >>> one_line(" a potter who  teaches ")
    'a potter who teaches'
    """
    return " ".join(str(text).split())


def text_problem(text: str) -> Unusable | None:
    """Why `text` cannot be a persona: it is not a sentence, or it repeats its own words. None if it can.

    >>> text_problem("a potter")
    <Unusable.TOO_SHORT: 'too short'>
    >>> text_problem("a potter who teaches evening classes in a harbour town")
    """
    words = text.casefold().split()
    if text.isascii() and len(words) < SHORTEST:
        return Unusable.TOO_SHORT
    repeats = len(words) >= 2 * SHORTEST and len(set(words)) < len(words) / 2
    return Unusable.REPETITIVE if repeats else None
