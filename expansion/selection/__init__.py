"""What to ask next, why, and what to say besides the question."""

from expansion.selection.control import ControlGroup
from expansion.selection.exclusion import PROBES, Exclusions
from expansion.selection.hint import NO_HINT, Hint
from expansion.selection.reason import Reason, predicted_reason, reason_in_words
from expansion.selection.strategies import (
    BreadthFirst,
    Choice,
    CoverageFirst,
    How,
    RandomChoice,
    Strategy,
    TextChoice,
    Vectors,
    predictions_for,
    sampled,
)
from expansion.selection.void import Voids

__all__ = [
    "NO_HINT",
    "PROBES",
    "BreadthFirst",
    "Choice",
    "ControlGroup",
    "CoverageFirst",
    "Exclusions",
    "Hint",
    "How",
    "RandomChoice",
    "Reason",
    "Strategy",
    "TextChoice",
    "Vectors",
    "Voids",
    "predicted_reason",
    "predictions_for",
    "reason_in_words",
    "sampled",
]
