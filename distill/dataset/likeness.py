"""Rows that say nearly the same, so that none of them is in another split: matched as personas are."""

from collections.abc import Mapping
from typing import Any

from graphstore import normal_text
from population.matching import WordMatcher

SHORTEST = 40  # characters of an answer: shorter ones ("on Mondays") are alike by chance


class Likeness:
    """Rows by their questions and by their answers."""

    def __init__(self) -> None:
        self._exact: tuple[dict[str, str], dict[str, str]] = {}, {}
        self._words = WordMatcher(), WordMatcher()

    def add(self, key: str, row: Mapping[str, Any]) -> None:
        for exact, words, text in zip(self._exact, self._words, texts(row), strict=True):
            if text:
                exact.setdefault(text, key)
                words.add(key, text)

    def find(self, row: Mapping[str, Any]) -> str | None:
        """The key of a row with nearly the same question, else of one with nearly the same answer."""
        for exact, words, text in zip(self._exact, self._words, texts(row), strict=True):
            if text and text in exact:
                return exact[text]
            match = words.find(text) if text else None
            if match is not None:
                return match.survivor
        return None


def texts(row: Mapping[str, Any]) -> tuple[str, str]:
    """The question and the answer of a row of any kind, as they are compared."""
    question = _normal(row.get("question") or _message(row, 0))
    answer = _normal(row.get("answer") or _message(row, -1))
    return question, answer if len(answer) >= SHORTEST else ""


def _message(row: Mapping[str, Any], place: int) -> object:
    """The content of one message of the chat; "" if a changed file has no such message."""
    try:
        return row["messages"][place]["content"]
    except (KeyError, IndexError, TypeError):
        return ""


def _normal(text: object) -> str:
    return normal_text(str(text).encode("utf-8", "replace").decode())
