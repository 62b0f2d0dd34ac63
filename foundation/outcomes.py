"""Why an answer cannot be used, and why a run stopped: every reason once, with what it means.

Graphs, summaries and exports contain the values, so they never change; docs/outcomes.md is made from this file.
"""

from enum import StrEnum
from typing import Self


class _Explained(StrEnum):
    """A text with a meaning: `NAME = "value", "what it means"`."""

    meaning: str

    def __new__(cls, value: str, meaning: str) -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member


class Unusable(_Explained):
    """Why an answer, or a whole reply, cannot be used. "Wrong schema" is followed by what is wrong, after a colon."""

    TRUNCATED = "truncated", "The reply ended at the token limit. Raise --max-tokens."
    REFUSED = "refused", "The model or its server declined to answer."
    EMPTY = "empty", "The reply holds no text."
    INVALID_JSON = "invalid JSON", "The reply holds no JSON value."
    WRONG_SCHEMA = "wrong schema", "The JSON is not of the form that was asked for."
    MISSING = "missing", "The reply holds fewer answers than were asked for."
    OFF_RELATION = "off relation", "The model itself says that the persona is not of the relationship asked for."
    TOO_SHORT = "too short", "The text has too few words to be a sentence."
    REPETITIVE = "repetitive", "The text repeats its own words."
    NOT_QUOTED = "the quote is not in the text", "The words that the answer quotes do not stand in the text."
    WRONG_LANGUAGE = "wrong language", "The letters are not those of the language asked for."
    NO_QUESTION = "no question", "An open question has no question mark."
    ONE_STANDPOINT = "one standpoint", "The question needs, or the answer has, only one of its people."
    ONE_POSITION = "one position", "A debate has only one side."
    CHOICES_ALIKE = "choices alike", "Two choices of a multiple-choice question are the same."
    STANDPOINTS_ALIKE = "standpoints alike", "Two people contribute the same words."
    NOTHING_OF_ITS_PERSONAS = "nothing of its personas", "The answer takes up no word of its people or their domains."
    TOO_LONG = "too long", "The name of a group is longer than 60 characters."
    A_LIST = "a list", "The name of a group lists its domains instead of naming what they share."
    TAKEN = "taken", "Another group has that name; the model is asked once more."


class StopReason(_Explained):
    """Why a run stopped."""

    CALLS = "calls", "The limit --calls is reached."
    TOKENS = "tokens", "The limit --tokens is reached."
    TARGET = "target", "The graph holds as many personas as --target asks for."
    COVERAGE = "coverage", "Every region is covered as far as --until-coverage asks."
    PRICE = "price", "No call is expected to bring enough that is new to be worth it."
    NOTHING_TO_ASK = "nothing left to ask", "Every permitted call has been made."
    NOTHING_TO_ANSWER = "nothing left to answer", "Every question has its answer, or failed twice."
    NOTHING_TO_JUDGE = "nothing left to judge", "Every item has its scores, or failed twice."
    EACH_GROUP = "each group asked once", "Without --calls, each group is asked about once."
    EACH_DOMAIN = "each domain asked once", "Without --calls, each domain is asked about once."
    ALL_NAMED = "all groups named", "Every group was asked about."
    MODEL = "model", "The model server failed. The same command continues the run."
    STORE = "store", "The graph store failed. The same command continues the run."
