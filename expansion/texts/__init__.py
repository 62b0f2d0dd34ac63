"""Text to persona: ask who would read, write, like or dislike a text."""

from expansion.texts.arms import TextArms
from expansion.texts.calls import TextCall, read_answers, take_answers, text_props
from expansion.texts.ingest import Ingestion
from expansion.texts.plan import STANCES, TEXT_PROMPT, TextPlan, load_stances

__all__ = [
    "STANCES",
    "TEXT_PROMPT",
    "Ingestion",
    "TextArms",
    "TextCall",
    "TextPlan",
    "load_stances",
    "read_answers",
    "take_answers",
    "text_props",
]
