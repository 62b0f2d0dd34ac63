"""The files of a dataset."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from distill.dataset import card, croissant, licences, recipe
from distill.dataset.folder import CARD, CROISSANT, sha256
from distill.dataset.making import Making
from distill.dataset.recipe import DataFile
from graphstore import GraphStore
from graphstore.exports import write_jsonl, write_parquet


def write_dataset_files(
    store: GraphStore, making: Making, directory: Path, tell: Callable[[str, int], None]
) -> dict[str, Any]:
    """Write all files of the dataset `making` to `directory`, which is empty; returns the recipe.

    Runs and inputs are read from `store`. `tell` gets how many rows are written.
    """
    (directory / "data").mkdir()
    languages: set[str] = set()
    files = [_data(making, split, directory, languages, tell) for split in making.options.splits]
    facts = recipe.make(store, making, files, languages)
    licence = licences.in_words(recipe.licences(facts))
    metadata = croissant.make(facts, name=card.title(facts), description=card.description(facts), licence=licence)
    contents = {CARD: card.make(facts), CROISSANT: metadata, recipe.FILE: recipe.text(facts)}
    for name, content in contents.items():
        (directory / name).write_text(content, encoding="utf-8")
    return facts


def _data(
    making: Making, split: str, directory: Path, languages: set[str], tell: Callable[[str, int], None]
) -> DataFile:
    options = making.options
    path = directory / "data" / f"{split}.{options.form}"

    def rows() -> Iterator[Mapping[str, Any]]:
        for count, row in enumerate(making.rows(split), start=1):
            if row["language"]:
                languages.add(row["language"])
            tell("rows written", count)
            yield row

    if options.form == "parquet":
        count = write_parquet(rows(), path, options.kind)
    else:
        with path.open("w", encoding="utf-8", newline="") as file:
            count = write_jsonl(rows(), file)
    return DataFile(split, path.relative_to(directory).as_posix(), count, path.stat().st_size, sha256(path))
