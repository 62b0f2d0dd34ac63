"""Scores by a rubric, and how far judges agree."""

from distill.judges.judging import JudgePlan, Judging
from distill.judges.rubric import OWN_RUBRIC, RUBRICS, Judged, find_rubric, read_rubric

__all__ = ["OWN_RUBRIC", "RUBRICS", "JudgePlan", "Judged", "Judging", "find_rubric", "read_rubric"]
