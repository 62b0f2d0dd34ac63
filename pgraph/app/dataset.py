"""`pgraph export` to a directory, and `pgraph verify`: make a dataset, and check one."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from distill.dataset import (
    TABLES,
    DatasetCheck,
    Making,
    Options,
    replacing_directory,
    require_recipe,
    verify_dataset,
    write_dataset_files,
)
from graphstore.exports import on_disk, samples
from pgraph.app.settings import Workspace
from pgraph.app.workspace import open_store

Report = Callable[[str, int], None]  # (what is being done, how many so far)


def make(workspace: Workspace, output: str, options: Options, report: Report) -> dict[str, Any]:
    """Write a dataset to a directory, which appears complete at the end; returns its recipe.

    Raises `InputError` if the directory holds other files, or if the graph has too few rows for `options`.
    """
    with replacing_directory(output) as directory, open_store(workspace) as store, on_disk(TABLES) as disk:
        making = Making(disk, options)
        making.make(samples(store, options.kind), report)
        return write_dataset_files(store, making, directory, report)


def verify(workspace: Workspace, directory: Path, report: Report) -> DatasetCheck:
    """Compare each row of a dataset with its recipe and with the graph. Raises `InputError` if it is not a dataset."""
    recipe = require_recipe(directory)
    with open_store(workspace) as store:
        return verify_dataset(store, directory, recipe, report)
