"""`pgraph export` to a directory, and `pgraph verify`, put together."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pgraph.app import Session, open_store

if TYPE_CHECKING:
    from distill.dataset.making import Options
    from distill.dataset.verifying import Checked

Tell = Callable[[str, int], None]


def make(session: Session, output: str, options: "Options", tell: Tell) -> dict[str, Any]:
    """Write a dataset to a directory; returns its recipe. `tell`: what is done now, and how far."""
    from distill.dataset import folder, writing
    from distill.dataset.making import TABLES, Making
    from graphstore.exporting import on_disk
    from graphstore.training import samples

    with folder.replacing(output) as directory, open_store(session) as store, on_disk(TABLES) as disk:
        making = Making(disk, options)
        making.make(samples(store, options.kind), tell)
        return writing.write(store, making, directory, tell)


def verify(session: Session, directory: Path, tell: Tell) -> "Checked":
    """Compare a dataset with its recipe and with the graph."""
    from distill.dataset import verifying

    recipe = verifying.require(directory)
    with open_store(session) as store:
        return verifying.verify(store, directory, recipe, tell)
