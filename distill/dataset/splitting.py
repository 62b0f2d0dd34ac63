"""Which rows go into which split: what hangs together stays together, and the shares come out as asked."""

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
    """What `--split` says, such as "train=80,test=20"."""
    found: dict[str, Fraction] = {}
    for part in text.split(","):
        match = _PART.fullmatch(part)
        if match is None or match[1] in found or match[1] == "all" or not Fraction(match[2]):
            raise UsageError(
                f"--split {text}: {part.strip()!r} is not a split",
                "Name each once, in small letters, with a share above 0: --split train=80,validation=10,test=10",
            )
        found[match[1]] = Fraction(match[2])
    whole = sum(found.values())
    return {name: share / whole for name, share in found.items()}


def shares(total: int, weights: Weights) -> dict[str, int]:
    """The total cut up by weight, exactly: what rounding leaves over goes to the largest remainders."""
    exact = {name: total * weight for name, weight in weights.items()}
    cut = {name: int(share) for name, share in exact.items()}
    over = sorted(weights, key=lambda name: cut[name] - exact[name])
    for name in over[: total - sum(cut.values())]:
        cut[name] += 1
    return cut


def most(available: Mapping[str, int], weights: Weights) -> int:
    """The largest total whose shares are all available."""
    total = min(int((available[name] + 1) / weight) for name, weight in weights.items())
    total = min(total, sum(available.values()))
    while any(share > available[name] for name, share in shares(total, weights).items()):
        total -= 1
    return total


class Parts:
    """What hangs together: things are tied, and all that is tied to the same is one part (union-find)."""

    def __init__(self) -> None:
        self._over: dict[str, str] = {}

    def tie(self, things: Sequence[str]) -> None:
        first = self.of(things[0])
        for thing in things[1:]:
            other = self.of(thing)
            if other != first:
                first, other = sorted((first, other))  # the smallest names the part, in whatever order they come
                self._over[other] = first

    def of(self, thing: str) -> str:
        """The name of the part that a thing is in."""
        over = self._over
        over.setdefault(thing, thing)
        while over[thing] != thing:
            over[thing] = over[over[thing]]
            thing = over[thing]
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
    for left, part in zip(range(len(order), 0, -1), order, strict=True):
        open_ = empty if left <= len(empty) else lacks
        split = max(open_, key=lambda name: lacks[name])
        assigned[part] = split
        lacks[split] -= sizes[part]
        if split in empty:
            empty.remove(split)
    return assigned


def counted(places: Iterable[tuple[str, str, int]]) -> dict[str, dict[str, int]]:
    """(group, split, rows) as a table by group."""
    found: dict[str, Counter[str]] = {}
    for group, split, rows in places:
        found.setdefault(group, Counter())[split] += rows
    return {group: dict(found[group]) for group in sorted(found)}
