"""What to ask next, why, and what to say besides the question."""

from expansion.selection.control import ControlGroup
from expansion.selection.exclusion import Exclusions
from expansion.selection.hint import NO_HINT, Hint
from expansion.selection.lengths import (
    PROMPT_TOKEN,
    RECENT,
    FixedLength,
    LearnedLength,
    Lengths,
    LengthYield,
    ListedCall,
)
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
    "PROMPT_TOKEN",
    "RECENT",
    "BreadthFirst",
    "Choice",
    "ControlGroup",
    "CoverageFirst",
    "Exclusions",
    "FixedLength",
    "Hint",
    "How",
    "LearnedLength",
    "LengthYield",
    "Lengths",
    "ListedCall",
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
