"""The shipped Cypher: one statement a file, with a `//` header that says purpose, parameters and columns."""

from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent


@cache
def load(name: str) -> str:
    """The text of one file, named from this folder without its ending: `queries/depth_histogram`."""
    return (ROOT / f"{name}.cypher").read_text(encoding="utf-8")


def names(folder: str) -> list[str]:
    """The statements of a folder, in order: `names("queries")`."""
    return sorted(path.stem for path in (ROOT / folder).glob("*.cypher"))
