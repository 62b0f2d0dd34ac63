"""Which rows go into which split: related rows stay together, and the shares are those that were asked for."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

from foundation.errors import UsageError
from graphstore import digest

Weights = Mapping[str, Fraction]  # split -> its share of the rows, in the order that the user named them
WHOLE: Weights = {"train": Fraction(1)}
_PART = re.compile(r"\s*([a-z][a-z0-9_]{0,30})\s*=\s*(\d{1,6}(?:\.\d{1,6})?)\s*")


def weights(text: str) -> Weights:
    """The shares that `text`, the value of `--split`, gives, as fractions of 1. Raises `UsageError` for anything else.

    >>> {name: str(share) for name, share in weights("train=80,test=20").items()}
    {'train': '4/5', 'test': '1/5'}
    """
    by_name: dict[str, Fraction] = {}
    for part in text.split(","):
        match = _PART.fullmatch(part)
        if match is None or match[1] in by_name or match[1] == "all" or not Fraction(match[2]):
            raise UsageError(
                f"--split {text}: {part.strip()!r} is not a split",
                "Name each once, in small letters, with a share above 0: --split train=80,validation=10,test=10",
            )
        by_name[match[1]] = Fraction(match[2])
    total = sum(by_name.values())
    return {name: share / total for name, share in by_name.items()}


def shares(total: int, weights: Weights) -> dict[str, int]:
    """The `total` divided by `weights`, exactly: what rounding leaves over goes to the largest remainders.

    >>> shares(10, weights("train=2,test=1"))
    {'train': 7, 'test': 3}
    """
    exact = {name: total * weight for name, weight in weights.items()}
    rows = {name: int(share) for name, share in exact.items()}
    by_remainder = sorted(weights, key=lambda name: rows[name] - exact[name])
    for name in by_remainder[: total - sum(rows.values())]:
        rows[name] += 1
    return rows


def most(available: Mapping[str, int], weights: Weights) -> int:
    """The largest total whose shares are all available."""
    total = min(int((available[name] + 1) / weight) for name, weight in weights.items())
    total = min(total, sum(available.values()))
    while any(share > available[name] for name, share in shares(total, weights).items()):
        total -= 1
    return total


class Parts:
    """Which things belong together: all that are tied to the same thing are one part (union-find)."""

    def __init__(self) -> None:
        self._parents: dict[str, str] = {}

    def tie(self, things: Sequence[str]) -> None:
        """Put all these `things` into one part."""
        first_part = self.part_of(things[0])
        for thing in things[1:]:
            part = self.part_of(thing)
            if part != first_part:
                first_part, part = sorted((first_part, part))  # the smallest names the part, in any order of ties
                self._parents[part] = first_part

    def part_of(self, thing: str) -> str:
        """The name of the part that a thing is in."""
        parents = self._parents
        parents.setdefault(thing, thing)
        while parents[thing] != thing:
            parents[thing] = parents[parents[thing]]
            thing = parents[thing]
        return thing


def assign(sizes: Mapping[str, int], weights: Weights, seed: int) -> dict[str, str]:
    """A split for each part: the largest first, each to the split that lacks most; the seed decides between equals.

    Needs at least as many parts as splits; then no split stays empty.
    """
    total = sum(sizes.values())
    lacks = {name: total * weight for name, weight in weights.items()}
    empty = list(weights)
    assigned = {}
    order = sorted(sizes, key=lambda part: (-sizes[part], digest(seed, part)))
    for parts_left, part in zip(range(len(order), 0, -1), order, strict=True):
        candidates = empty if parts_left <= len(empty) else lacks
        split = max(candidates, key=lambda name: lacks[name])
        assigned[part] = split
        lacks[split] -= sizes[part]
        if split in empty:
            empty.remove(split)
    return assigned


def counted(places: Iterable[tuple[str, str, int]]) -> dict[str, dict[str, int]]:
    """Group -> split -> rows, from triples (group, split, rows)."""
    by_group: dict[str, Counter[str]] = {}
    for group, split, rows in places:
        by_group.setdefault(group, Counter())[split] += rows
    return {group: dict(by_group[group]) for group in sorted(by_group)}
