"""Fields of a row, named by a path: `persona`, `messages.0.content`, `messages.[?role==user].content`."""

import json
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

_STEP = re.compile(r"\[\s*\?\s*([^=\]]+?)\s*==\s*([^\]]+?)\s*\]|\[\s*(\d+)\s*\]|([^.\[\]]+)")

Step = Callable[[Any], Any]


def reader(path: str, columns: Collection[str]) -> Step | None:
    """A function that reads the field at `path` from a row (None if the row has no value there).

    None if the path does not begin with one of the `columns`.

    >>> read = reader("messages.[?role==user].content", ["id", "messages"])
    >>> read({"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "u"}]})
    'u'
    """
    if path in columns:
        return _key(path)
    steps: list[Step] = []
    position = 0
    while position < len(path):
        match = _STEP.match(path, position)
        if match is None or (not steps and match[4] not in columns):
            return None
        steps.append(_step(*match.groups()))
        position = match.end() + path.startswith(".", match.end())
    return _chain(steps) if steps else None


def as_text(value: Any) -> str:  # noqa: ANN401  any value of a row
    """A value as text: a text as it is, everything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _step(name: str | None, expected: str | None, index: str | None, key: str | None) -> Step:
    if name is not None and expected is not None:
        return _first_entry(name.strip("'\"`"), expected.strip("'\"`"))
    return _key(index or key or "")


def _key(key: str) -> Step:
    def step(value: Any) -> Any:  # noqa: ANN401  a value of a row
        if isinstance(value, list) and key.isdecimal():
            return value[int(key)] if int(key) < len(value) else None
        return value.get(key) if isinstance(value, Mapping) else None

    return step


def _first_entry(name: str, expected: str) -> Step:
    """The first entry of a list with this value under this name."""

    def step(value: Any) -> Any:  # noqa: ANN401  a value of a row
        entries = value if isinstance(value, list) else []
        matching = (
            entry
            for entry in entries
            if isinstance(entry, Mapping) and name in entry and as_text(entry[name]) == expected
        )
        return next(matching, None)

    return step


def _chain(steps: list[Step]) -> Step:
    def read(value: Any) -> Any:  # noqa: ANN401  a value of a row
        for step in steps:
            value = step(value)
        return value

    return read
