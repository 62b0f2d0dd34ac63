"""Runs: found again after an interruption, how far they have come, what they write."""

from population.runs.batch import Batch
from population.runs.progress import RunProgress
from population.runs.run import Run, finish_run, hold_run

__all__ = ["Batch", "Run", "RunProgress", "finish_run", "hold_run"]
