"""Datasets: rows with their splits, card and recipe, and the check of them."""

from distill.dataset.folder import replacing_directory
from distill.dataset.making import TABLES, Making, Options
from distill.dataset.splitting import WHOLE, weights
from distill.dataset.verifying import DatasetCheck, require_recipe, verify_dataset
from distill.dataset.writing import write_dataset_files

__all__ = [
    "TABLES",
    "WHOLE",
    "DatasetCheck",
    "Making",
    "Options",
    "replacing_directory",
    "require_recipe",
    "verify_dataset",
    "weights",
    "write_dataset_files",
]
