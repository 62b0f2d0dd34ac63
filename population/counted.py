"""What can be new about an answer, and so what the choice may look for."""

from collections.abc import Sequence
from enum import StrEnum

from foundation.errors import UsageError


class Counted(StrEnum):
    """A thing that an answer names."""

    ROLE = "role"
    PERSONA = "persona"
    DOMAIN = "domain"


def counted_of(text: str) -> tuple[Counted, ...]:
    """The things in a list with commas between, each once, in a fixed order. Raises `UsageError` for any other word.

    >>> [thing.value for thing in counted_of("persona, role")]
    ['role', 'persona']
    """
    words = [word.strip() for word in text.split(",")]
    if unknown := [word for word in words if word not in list(Counted)]:
        raise UsageError(
            f"count = {text!r}: {unknown[0]!r} cannot be counted",
            "Write some of role,persona,domain, with commas between.",
        )
    return tuple(thing for thing in Counted if thing in words)


def in_words(count: Sequence[Counted]) -> str:
    """What is counted, in the plural.

    >>> in_words([Counted.ROLE, Counted.PERSONA])
    'roles and personas'
    """
    *first, last = (f"{thing}s" for thing in count)
    return f"{', '.join(first)} and {last}" if first else last
