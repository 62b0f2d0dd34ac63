"""Questions that need several people, and the answers they give together."""

from distill.knowledge.answers import ANSWER_FIELDS, Distilling, DistillPlan
from distill.knowledge.questions import QUESTION_FIELDS, Asking, AskPlan
from distill.knowledge.regions import Regions, load_regions

__all__ = [
    "ANSWER_FIELDS",
    "QUESTION_FIELDS",
    "AskPlan",
    "Asking",
    "DistillPlan",
    "Distilling",
    "Regions",
    "load_regions",
]
