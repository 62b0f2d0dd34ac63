"""The shipped Cypher: one statement a file, with a `//` header that says purpose, parameters and columns."""

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Header:
    """What the `//` lines at the head of a query say; a parameter without a default is required."""

    purpose: str
    parameters: dict[str, Any]
    required: list[str]
    columns: list[str]


@cache
def load(name: str) -> str:
    """The text of one file, named from this folder without its ending: `queries/depth_histogram`.

    Raises `FileNotFoundError` for a `name` that is not shipped; each file is read once.
    """
    return (ROOT / f"{name}.cypher").read_text(encoding="utf-8")


def names(folder: str) -> list[str]:
    """The statements of a `folder`, sorted.

    >>> names("queries")[:2]
    ['calibration', 'coverage_by_group']
    """
    return sorted(path.stem for path in (ROOT / folder).glob("*.cypher"))


def header(query: str) -> Header:
    """The header of `queries/<query>.cypher`.

    >>> header("runs").parameters, header("runs").columns[:2]
    ({'limit': 50}, ['run', 'command'])
    """
    fields: dict[str, str] = {}
    for line in load(f"queries/{query}").splitlines():
        if line.startswith("//"):
            key, colon, value = line[2:].strip().partition(": ")
            if colon:
                fields[key] = value
    parameters: dict[str, Any] = {}
    required: list[str] = []
    for match in re.finditer(r"(\w+)(?: = (\S+?))?(?: \([^)]*\))?(?:, |$)", fields.get("Parameters", "")):
        if match[2] is None:
            required.append(match[1])
        else:
            parameters[match[1]] = json.loads(match[2])
    columns = re.sub(r" \([^)]*\)", "", fields.get("Columns", "")).split(", ")
    return Header(fields.get("Purpose", ""), parameters, required, columns)
