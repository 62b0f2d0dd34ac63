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
    numbers = set(right) | {key for key in keys[1:] if _has_numbers(rows, key)}
    return Table(
        caption,
        [Cell(columns[key], key in numbers) for key in keys],
        [_cells(row, keys, numbers) for row in rows],
    )


def _has_numbers(rows: Sequence[Mapping[str, Any]], key: str) -> bool:
    return any(isinstance(row.get(key), int | float) for row in rows)


def _cells(row: Mapping[str, Any], keys: Sequence[str], right: Collection[str]) -> list[Cell]:
    return [_cell(row.get(key), right=key in right) for key in keys]


def _cell(value: Any, *, right: bool) -> Cell:  # noqa: ANN401  a value of a row
    if isinstance(value, Cell):
        return value
    return Cell(number(value) if value is None or isinstance(value, int | float) else str(value), right)
