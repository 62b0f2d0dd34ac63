"""Content hashes: the id of a node says what it holds, so that every write is an idempotent MERGE on any machine."""

import hashlib
import json
import unicodedata
from collections.abc import Mapping
from functools import lru_cache

_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)


def digest(*parts: object) -> str:
    """16 hex digits of SHA-256 over the `parts` as canonical JSON; what JSON has no form for counts as its `str`.

    >>> digest("a", {"x": None, "b": [2]}) == digest("a", {"b": [2], "x": None})
    True
    >>> digest("a", 1)
    '135f17a475a61afd'
    """
    text = ",".join(map(_ENCODER.encode, parts))  # one at a time: the encoder is quick for a text alone
    return hashlib.sha256(f"[{text}]".encode("utf-8", "surrogatepass")).hexdigest()[:16]


def normal_text(text: str) -> str:
    r"""The `text` whose hash is a persona's id: NFKC, case folded, one blank between words, no closing full stop.

    >>> normal_text("  A Nurse\n who sings. ")
    'a nurse who sings'
    """
    folded = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    return folded.rstrip(".").rstrip()


def normal_name(name: str) -> str:
    """A domain's or a role's `name`: as `normal_text`, with `_` and `-` read as blanks.

    >>> normal_name("Public_Health")
    'public health'
    """
    return normal_text(name.replace("_", " ").replace("-", " "))


def persona_id(text: str) -> str:
    """The id of the persona with this `text`; case, blanks and the closing full stop do not count.

    >>> persona_id("A nurse who sings.") == persona_id("a nurse  who sings")
    True
    """
    return "p" + digest(normal_text(text))


def text_id(text: str) -> str:
    """The id of the piece of text `text`; the number of its blanks does not count."""
    return "t" + digest(" ".join(text.split()))


@lru_cache(maxsize=10_000)  # a million rows have the same few hundred labels
def domain_id(label: str) -> str:
    """The id of the domain with this `label`, by its `normal_name`: the same for Public Health and public_health."""
    return "d" + digest(normal_name(label))


def seed_of(*parts: object) -> int:
    """A seed for a model, 31 bits of the digest of `parts`: the same parts, the same seed on any machine.

    >>> seed_of("a", 1) == seed_of("a", 1) < 2**31
    True
    """
    return int(digest(*parts), 16) % 2**31


def call_id(settings: Mapping[str, object]) -> str:
    """The id of a model call, made of all `settings` that decide its answer: the same call is the same node of the log."""
    return "c" + digest(settings)
