"""`pgraph export` to a directory, and `pgraph verify`, put together."""

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

Tell = Callable[[str, int], None]


def make(workspace: Workspace, output: str, options: Options, tell: Tell) -> dict[str, Any]:
    """Write a dataset to a directory; returns its recipe. `tell`: what is done now, and how far."""
    with replacing_directory(output) as directory, open_store(workspace) as store, on_disk(TABLES) as disk:
        making = Making(disk, options)
        making.make(samples(store, options.kind), tell)
        return write_dataset_files(store, making, directory, tell)


def verify(workspace: Workspace, directory: Path, tell: Tell) -> DatasetCheck:
    """Compare a dataset with its recipe and with the graph."""
    recipe = require_recipe(directory)
    with open_store(workspace) as store:
        return verify_dataset(store, directory, recipe, tell)
