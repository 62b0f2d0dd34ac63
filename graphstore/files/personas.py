"""From a file's row to a persona: its text made plain, its role and language derived from the text by rules."""

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from graphstore.files.reading import BadRow, Record, plain_name, text_column
from graphstore.languages import language_of
from graphstore.roles import role_of

__all__ = ["BadRow", "PersonaRow", "language_of", "plain_text", "read_personas", "role_of"]

LONGEST_TEXT = 10_000
LONGEST_EXTRA = 100_000
_QUOTED = re.compile(r"'([^']+)'|\"([^\"]+)\"")  # a list written as text: ['Health', 'Law']
_MISSING = frozenset({"nan", "null", "none", "n/a", "na", "<na>"})


@dataclass(frozen=True, slots=True)
class PersonaRow:
    """A persona in `line` of a file: its `text`, and what else the row says; the rest is None.

    `language` is a BCP 47 code or "und"; `extra` holds the columns that pgraph gives no meaning, as a JSON object.
    """

    line: int
    text: str
    role: str | None
    domain: str | None
    external_id: str | None
    language: str
    extra: str | None  # the columns that pgraph gives no meaning, as a JSON object


class _Refused(ValueError):  # noqa: N818  not an error: it becomes a BadRow
    """Why a row is not a persona."""


def read_personas(records: Iterator[Record | BadRow]) -> Iterator[PersonaRow | BadRow]:
    """The personas of `records` in their order; a row that is not one becomes a `BadRow` that says why.

    >>> good, bad = read_personas(iter([Record(1, {"persona": "A nurse who sings"}), Record(2, {"persona": ""})]))
    >>> good.role, good.language, bad.reason
    ('nurse', 'en', 'persona is empty')
    """
    for record in records:
        if isinstance(record, BadRow):
            yield record
            continue
        try:
            yield _persona_row(record)
        except _Refused as reason:
            yield BadRow(record.line, str(reason))


@dataclass(frozen=True, slots=True)
class _Columns:
    """Which of a row's columns means what."""

    text: str | None
    id: str | None
    domain: str | None
    role: str | None
    without_meaning: tuple[str, ...]  # to pgraph


@lru_cache(maxsize=1000)  # the rows of a file have the same few sets of columns
def _columns(names: tuple[str, ...]) -> _Columns:
    text = text_column(names)
    by_plain_name = {plain_name(name): name for name in reversed(names)}
    meaningful = {text, *(by_plain_name.get(name) for name in ("id", "domain", "role", "depth"))}
    without_meaning = tuple(name for name in names if name not in meaningful)
    return _Columns(
        text, by_plain_name.get("id"), by_plain_name.get("domain"), by_plain_name.get("role"), without_meaning
    )


def _value(values: Mapping[str, Any], column: str | None) -> Any:  # noqa: ANN401  a JSON value
    return None if column is None else values.get(column)


def _persona_row(record: Record) -> PersonaRow:
    values = record.values
    columns = _columns(tuple(values))
    if columns.text is None:
        raise _Refused("no column persona")
    text = _text(columns.text, values[columns.text])
    extra = {name: value for name in columns.without_meaning if (value := values[name]) not in (None, "")}
    domain, domains = _domain(_value(values, columns.domain))
    if domains:
        extra["domain"] = domains
    language = language_of(text)
    role = _label("role", _value(values, columns.role))
    return PersonaRow(
        line=record.line,
        text=text,
        role=(role and role.casefold()) or (role_of(text) if language in ("en", "und") else None),
        domain=domain,
        external_id=_identifier(_value(values, columns.id)),
        language=language,
        extra=_extra(extra),
    )


def plain_text(text: str) -> str:
    """NFC, no control characters but line breaks and tabs, no white space around."""
    if text.isascii() and text.isprintable():
        return text.strip()
    printable = (c if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cn", "Co") else " " for c in text)
    return unicodedata.normalize("NFC", "".join(printable)).strip().strip("\ufeff\u200b\u200e\u200f").strip()


def _text(column: str, value: Any) -> str:  # noqa: ANN401  a JSON value
    if value is None or value != value:  # noqa: PLR0124  NaN is the value that differs from itself
        raise _Refused(f"{column} is empty (null or NaN)")
    if not isinstance(value, str):
        kind = {dict: "an object", list: "a list", bool: "true or false"}.get(type(value), "a number")
        raise _Refused(f"{column} is {kind}, not a text")
    if not value.isascii() and any("\ud800" <= c <= "\udfff" for c in value):
        raise _Refused(f"{column} holds half of a surrogate pair (U+D800 to U+DFFF), which is not a character")
    text = plain_text(value)
    if not text:
        raise _Refused(f"{column} is empty" + (" (white space or control characters only)" if value else ""))
    if text.casefold() in _MISSING:
        raise _Refused(f"{column} is {text!r}, a mark for a missing value")
    if len(text) > LONGEST_TEXT:
        raise _Refused(f"{column} has {len(text):,} characters, more than {LONGEST_TEXT:,}")
    return text


def _label(column: str, value: Any) -> str | None:  # noqa: ANN401  a JSON value
    """A short text of one line, or None if there is none."""
    if value is None or value != value or value == "":  # noqa: PLR0124  NaN
        return None
    if not isinstance(value, str):
        raise _Refused(f"{column} is not a text")
    text = " ".join(plain_text(value).split())
    if len(text) > 200:
        raise _Refused(f"{column} has {len(text)} characters, more than 200")
    return None if not text or text.casefold() in _MISSING else text.encode("utf-8", "replace").decode()


def _domain(value: Any) -> tuple[str | None, list[str]]:  # noqa: ANN401  a JSON value
    """The domain, and all of them where a row has several: the first one places the persona."""
    if isinstance(value, str) and value.startswith("[") and value.endswith("]"):
        value = [a or b for a, b in _QUOTED.findall(value)] or value[1:-1].split(",")
    if not isinstance(value, list):
        return _label("domain", value), []
    labels = [label for item in value if (label := _label("domain", item))]
    return (labels[0] if labels else None), (labels if len(labels) > 1 else [])


def _identifier(value: Any) -> str | None:  # noqa: ANN401  a JSON value
    if value is None or value != value or value == "":  # noqa: PLR0124  NaN
        return None
    if not isinstance(value, str | int | float):
        raise _Refused("id is neither a text nor a number")
    return _label("id", str(value))


def _extra(values: Mapping[str, Any]) -> str | None:
    if not values:
        return None
    text = json.dumps(values, ensure_ascii=True, sort_keys=True, default=str)
    if len(text) > LONGEST_EXTRA:
        raise _Refused(f"its other columns have {len(text):,} characters, more than {LONGEST_EXTRA:,}: leave some out")
    return text
