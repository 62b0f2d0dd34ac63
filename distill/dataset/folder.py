"""The directory of a dataset: written next to its place and renamed at the end; other files are never replaced."""

import hashlib
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from distill.dataset import recipe
from foundation.errors import InputError
from graphstore.files import unwritable

CARD, CROISSANT = "README.md", "croissant.json"
_ELSEWHERE = "Choose another directory, or empty this one."


@contextmanager
def replacing_directory(name: str) -> Iterator[Path]:
    """A directory to write to; when the block ends without an error, it takes the place of `name`, otherwise it is removed.

    Raises `InputError` if `name` is neither missing nor an empty directory nor a dataset of pgraph.
    """
    target = Path(os.path.realpath(name))
    try:
        _refuse_foreign(name, target)
        temporary = target.with_name(f".{target.name[:100]}.{secrets.token_hex(4)}.part")
        temporary.mkdir()
        try:
            yield temporary
            _settle(temporary, target)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    except OSError as error:
        raise unwritable(name, error) from error


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def files_of(directory: Path) -> set[str]:
    """All files below a directory, by their paths from there."""
    return {path.relative_to(directory).as_posix() for path in directory.rglob("*") if not path.is_dir()}


def _refuse_foreign(name: str, target: Path) -> None:
    if not target.exists():
        return
    if not target.is_dir():
        raise InputError(f"{name}: is a file, not a directory", "Choose another name.")
    names = sorted(path.name for path in target.iterdir())
    if not names:
        return
    earlier_recipe = recipe.read(target)
    if earlier_recipe is None:
        raise InputError(f"{name}: holds something other than a dataset of pgraph, such as {names[0]}", _ELSEWHERE)
    own = {CARD, CROISSANT, recipe.FILE, *(str(data_file["path"]) for data_file in earlier_recipe["splits"])}
    if foreign := files_of(target) - own:
        raise InputError(f"{name}: holds a file that is not of the dataset, {min(foreign)}", _ELSEWHERE)


def _settle(temporary: Path, target: Path) -> None:
    for name in files_of(temporary):
        with (temporary / name).open("rb") as file:
            os.fsync(file.fileno())
    if not target.exists():
        temporary.rename(target)
        return
    shutil.copymode(target, temporary)
    previous = target.with_name(f"{temporary.name}.old")
    target.rename(previous)
    try:
        temporary.rename(target)
    except OSError:
        previous.rename(target)
        raise
    shutil.rmtree(previous, ignore_errors=True)
