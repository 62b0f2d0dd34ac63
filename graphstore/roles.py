"""A persona's role, cut from its text by rule: "A sports journalist who has interviewed…" is a sports journalist.

A role is what personas are counted by (docs/glossary.md), so it leaves out what one person has over the other: praise,
age, place, aim. Where the rule is not sure it gives no role.
"""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from foundation.prompts import read_yaml

LONGEST = 5  # words
_OPENING = re.compile(
    r"^(?:(?:i|you|we|he|she|they|this|it|(?:the|this) (?:persona|person|user|character))"
    r"(?:'(?:m|re|s)| am| are| is| was)\s+)?"
    r"(?:an?|the|one of the|some|another|this|that|your|my|our)\s+",
    re.IGNORECASE,
)
_NAMED = re.compile(r"^[^.;!?]{1,60}?(?:,| is| was)\s+(?:an?|the)\s+(?=\w)", re.IGNORECASE)
_AGE = re.compile(r"^(?:\d+|[a-z]+(?:-[a-z]+)?)[- ]years?[- ]old,?\s+|^(?:mid|late|early)-\w+\s+", re.IGNORECASE)
_LIST = re.compile(r"^((?:[\w'-]+, ){1,3})(?=[\w'-]+ [\w'-]+)")
_WORD = re.compile(r"[^\W_][\w'\u2019&/.+#-]*")
_PUNCTUATION = re.compile(r"[,;:()\[\]\"\u201c\u201d\u2014\u2013!?…]|\.(?=\s|$)|\s-+\s")


@dataclass(frozen=True, slots=True)
class _Lists:
    """The words of roles.yml, which says what each list is for."""

    stops: frozenset[str]
    praise: frozenset[str]
    of: frozenset[str]
    turned: frozenset[str]
    determiners: frozenset[str]
    pronouns: frozenset[str]
    after: frozenset[str]
    nouns: frozenset[str]
    people: frozenset[str]
    no_agents: frozenset[str]
    empty: frozenset[str]


@cache
def _lists() -> _Lists:
    """Read when the first role is cut: most commands need none."""
    content = read_yaml(Path(__file__).with_name("roles.yml"))
    return _Lists(**{name: frozenset(text.split()) for name, text in content.items()})


def role_of(text: str) -> str | None:
    """The short role that an English persona text begins with, in lower case; None where the rule finds none.

    >>> role_of("A retired grocery store owner from Colorado who grew up on a farm")
    'retired grocery store owner'
    >>> role_of("A professor of economics, known for her blog")
    'professor of economics'
    >>> role_of("Someone with little time") is None
    True
    """
    head = _head(text[:300])
    if head is None:
        return None
    words = _before_stop(_WORD.findall(head))
    while words and words[0].casefold() in _lists().praise:
        words = words[1:]
    role = " ".join(words).casefold().removesuffix("'s").strip(".-/ ")
    if not role.isascii() and not _is_latin(role):
        return None
    return role if _is_role(role) else None


def _head(text: str) -> str | None:
    """What stands between the opening article and the first punctuation mark."""
    text = " ".join(text.replace("\u2019", "'").split()).lstrip("\"'\u201c\u2018*-• ")
    opening = _OPENING.match(text) or _NAMED.match(text)
    if opening:
        text = text[opening.end() :]
    elif not _plain_beginning(text):
        return None
    text = _AGE.sub("", text)
    text = _LIST.sub(_without_praise, text)
    return _PUNCTUATION.split(text, maxsplit=1)[0]


def _without_praise(adjectives: re.Match[str]) -> str:
    """Take "passionate, dedicated, " away from the front; a list of anything else stays and ends the role."""
    words = adjectives[1].removesuffix(", ").split(", ")
    return "" if all(word.casefold() in _lists().praise for word in words) else adjectives[1]


def _plain_beginning(text: str) -> bool:
    """Whether a text without an article can begin with its role ("Retired teacher from Ohio")."""
    first = text.split(" ", 1)[0].casefold()
    return first.isascii() and first.isalpha() and first not in _lists().pronouns


def _before_stop(words: list[str]) -> list[str]:
    lists, kept = _lists(), list[str]()
    folded = [word.casefold() for word in words]
    for position, word in enumerate(words):
        plain, rest = folded[position], folded[position + 1 : position + 3]
        if plain == "of" and kept:
            return _with_complement(kept, words[position + 1 :])
        joins = plain in ("and", "&") and kept and rest and not _is_agent(kept[-1]) and rest[0] not in lists.determiners
        if joins or (plain in lists.praise and not kept):
            kept.append(word)
        elif plain.split("'")[0] in lists.stops or _ends(kept, plain, rest):
            return kept
        else:
            kept.append(word)
    return kept


def _ends(kept: list[str], word: str, rest: list[str]) -> bool:
    """Whether a clause begins here: "journalist covering wars", "farmer concerned about", "nurse quietly doing"."""
    if not kept or not rest or word in _lists().nouns:
        return False
    if word.endswith("ly"):
        return rest[0].endswith(("ing", "ed"))
    if not word.endswith(("ing", "ed")):
        return False
    return rest[0] in _lists().after or (word.endswith("ing") and _is_agent(kept[-1]))


def _is_agent(word: str) -> bool:
    plain = word.casefold()
    return plain in _lists().people or (
        plain.endswith(("er", "or", "ist", "ian", "eur", "ster")) and plain not in _lists().no_agents
    )


def _with_complement(kept: list[str], words: list[str]) -> list[str]:
    """Take in what follows "of": "professor" of "economics"; "owner" of "a food stall" is a "food stall owner"."""
    head = kept[-1].casefold()
    if head in _lists().turned and words and words[0].casefold() in ("a", "an"):
        thing = _before_stop(words[1:])
        return [*kept[:-1], *thing, kept[-1]] if thing and thing[0].islower() else kept
    if head not in _lists().of:
        return kept
    nouns: list[str] = []
    for word in words[:2]:
        if word.casefold() in _lists().determiners or word.casefold() in _lists().stops or not word[0].islower():
            break
        nouns.append(word)
    return [*kept, "of", *nouns] if nouns else kept


def _is_latin(role: str) -> bool:
    return all(c < "\u0250" or not c.isalpha() for c in role)


def _is_role(role: str) -> bool:
    words = role.split()
    return (
        0 < len(words) <= LONGEST
        and len(role) >= 3
        and any(c.isalpha() for c in role)
        and words[-1] not in _lists().praise
        and role not in _lists().empty
    )
