"""Content hashes: the id of a node says what it holds, so that every write is an idempotent MERGE on any machine."""

import hashlib
import json
import unicodedata
from collections.abc import Mapping
from functools import lru_cache

_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)


def digest(*parts: object) -> str:
    """16 hex digits of SHA-256 over the parts as canonical JSON."""
    text = ",".join(map(_ENCODER.encode, parts))  # one by one: the encoder is quick for a text alone
    return hashlib.sha256(f"[{text}]".encode("utf-8", "surrogatepass")).hexdigest()[:16]


def normal_text(text: str) -> str:
    """The text whose hash is a persona's id: NFKC, case folded, one blank between words, no closing full stop."""
    folded = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    return folded.rstrip(".").rstrip()


def normal_name(name: str) -> str:
    """A domain's or a role's name: as `normal_text`, with `_` and `-` read as blanks."""
    return normal_text(name.replace("_", " ").replace("-", " "))


def persona_id(text: str) -> str:
    return "p" + digest(normal_text(text))


def text_id(text: str) -> str:
    return "t" + digest(" ".join(text.split()))


@lru_cache(maxsize=10_000)  # the same few hundred labels stand in a million rows
def domain_id(label: str) -> str:
    return "d" + digest(normal_name(label))


def call_id(settings: Mapping[str, object]) -> str:
    """A model call is named by everything that decides its answer: the same call again is the same node of the log."""
    return "c" + digest(settings)
