"""Fields of a row, named by a path: `persona`, `messages.0.content`, `messages.[?role==user].content`."""

import json
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

_STEP = re.compile(r"\[\s*\?\s*([^=\]]+?)\s*==\s*([^\]]+?)\s*\]|\[\s*(\d+)\s*\]|([^.\[\]]+)")

Step = Callable[[Any], Any]


def reader(path: str, columns: Collection[str]) -> Step | None:
    """What takes this field out of a row (None where it has no value); None where the path begins with no column."""
    if path in columns:
        return _key(path)
    steps: list[Step] = []
    at = 0
    while at < len(path):
        found = _STEP.match(path, at)
        if found is None or (not steps and found[4] not in columns):
            return None
        steps.append(_step(*found.groups()))
        at = found.end() + path.startswith(".", found.end())
    return _chain(steps) if steps else None


def as_text(value: Any) -> str:  # noqa: ANN401  any value of a row
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _step(name: str | None, wanted: str | None, index: str | None, key: str | None) -> Step:
    if name is not None and wanted is not None:
        return _where(name.strip("'\"`"), wanted.strip("'\"`"))
    return _key(index or key or "")


def _key(key: str) -> Step:
    def step(value: Any) -> Any:  # noqa: ANN401
        if isinstance(value, list) and key.isdecimal():
            return value[int(key)] if int(key) < len(value) else None
        return value.get(key) if isinstance(value, Mapping) else None

    return step


def _where(name: str, wanted: str) -> Step:
    """The first entry of a list with this value under this name."""

    def step(value: Any) -> Any:  # noqa: ANN401
        entries = value if isinstance(value, list) else []
        fitting = (one for one in entries if isinstance(one, Mapping) and name in one and as_text(one[name]) == wanted)
        return next(fitting, None)

    return step


def _chain(steps: list[Step]) -> Step:
    def read(value: Any) -> Any:  # noqa: ANN401
        for step in steps:
            value = step(value)
        return value

    return read
