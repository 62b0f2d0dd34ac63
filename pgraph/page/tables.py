"""Tables as plain values: the text of each cell, and on which side it stands."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pgraph.page.figures import number


@dataclass(frozen=True, slots=True)
class Cell:
    text: str
    right: bool = False
    code: str = ""  # shown before the text, as code


@dataclass(frozen=True, slots=True)
class Table:
    """The first cell of a row heads it."""

    caption: str
    head: Sequence[Cell]
    rows: Sequence[Sequence[Cell]]


def table(
    caption: str, columns: Mapping[str, str], rows: Sequence[Mapping[str, Any]], *, right: Collection[str] = ()
) -> Table:
    """`columns`: key -> heading; those in `right`, and those of numbers, stand to the right."""
    keys = list(columns)
    numbers = set(right) | {key for key in keys[1:] if any(isinstance(row.get(key), int | float) for row in rows)}
    return Table(
        caption,
        [Cell(columns[key], key in numbers) for key in keys],
        [[_cell(row.get(key), right=key in numbers) for key in keys] for row in rows],
    )


def _cell(value: Any, *, right: bool) -> Cell:  # noqa: ANN401  a value of a row
    if isinstance(value, Cell):
        return value
    return Cell(number(value) if value is None or isinstance(value, int | float) else str(value), right)
