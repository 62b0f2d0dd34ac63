"""Batch inference: a file of rows in, a file of answers out."""

from distill.batch.inference import Inference, InferenceProgress, Job, identified
from distill.batch.instructions import INSTRUCTIONS, AsGiven, Template, bind_task, choose_task, load_tasks
from distill.batch.output import Answers, same_file
from distill.batch.tables import Kinds, kinds_of

__all__ = [
    "INSTRUCTIONS",
    "Answers",
    "AsGiven",
    "Inference",
    "InferenceProgress",
    "Job",
    "Kinds",
    "Template",
    "bind_task",
    "choose_task",
    "identified",
    "kinds_of",
    "load_tasks",
    "same_file",
]
