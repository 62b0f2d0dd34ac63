"""What the population knows: groups, questions, joint answers, scores, datasets."""

from pathlib import Path

PROMPTS = Path(__file__).parent / "prompts"

__all__ = ["PROMPTS"]
