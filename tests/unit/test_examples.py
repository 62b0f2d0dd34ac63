"""Every example in a docstring runs and shows what it says."""

import doctest
import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("foundation", "cypher", "graphstore", "population", "expansion", "distill", "explorer", "pgraph")
PROMPT = re.compile(r"^\s*>>> ", re.MULTILINE)


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


PATHS = [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]
EXAMPLES = {module_name(path): count for path in PATHS if (count := len(PROMPT.findall(path.read_text("utf-8"))))}


@pytest.mark.parametrize("module", EXAMPLES)
def test_examples_show_what_the_code_does(module: str) -> None:
    result = doctest.testmod(importlib.import_module(module))
    assert result.failed == 0
    assert result.attempted == EXAMPLES[module], (
        "doctest overlooks an example: its function is wrapped, or it is no docstring"
    )


def test_there_are_examples() -> None:
    assert len(EXAMPLES) > 10
