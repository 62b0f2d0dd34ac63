"""How many times as much the chosen calls bring as calls drawn by chance: measured in each run, by its control group.

Each call about a persona belongs to the control group with a chance that is known beforehand. So the control group is a
fair sample of what chance would bring at that moment, and the other calls one of what the choice brings. The chance varies,
so calls are weighted as in Li, Morgan and Zaslavsky 2018 (JASA 113, "Balancing covariates via propensity score weighting"):
one of the control group by 1 - chance, another one by chance. Then both groups speak for the same moments, and moments when
they can be compared best count most. `cypher/queries/lift.cypher` computes the same.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphstore import GraphStore

LEVEL = 0.9  # of the interval
FEWEST = 10  # calls of either group before anything is said
_Z = 1.6449  # the normal quantile of LEVEL, both sides


@dataclass(slots=True)
class CallSums:
    """What calls brought, as sums; `w` is the weight of a call, `x` its new answers."""

    calls: int = 0
    new: float = 0.0
    w: float = 0.0
    wx: float = 0.0
    w2: float = 0.0
    w2x: float = 0.0
    w2x2: float = 0.0

    def add(self, new: float, weight: float) -> None:
        """Count a call that brought so many `new` answers."""
        self.calls += 1
        self.new += new
        self.w += weight
        self.wx += weight * new
        self.w2 += weight**2
        self.w2x += weight**2 * new
        self.w2x2 += (weight * new) ** 2

    @property
    def mean(self) -> float:
        """New answers of a call."""
        return self.wx / self.w if self.w else 0.0

    @property
    def effective_calls(self) -> float:
        """So many calls of one weight would tell as much (Kish 1965, "Survey Sampling", p. 259)."""
        return self.w**2 / self.w2 if self.w2 else 0.0

    @property
    def log_variance(self) -> float:
        """Of the logarithm of `mean`, to first order; needs two calls and a new answer.

        As if a further call had differed from the mean by one answer: a few calls that all bring the same prove little.
        """
        spread = self.w2x2 - 2 * self.mean * self.w2x + self.mean**2 * self.w2
        return (max(0.0, spread) + self.w2 / self.calls) / self.wx**2 * self.calls / (self.calls - 1)


@dataclass(frozen=True, slots=True)
class Lift:
    """New answers of a chosen call to those of a call by chance, and the 90 % interval `low` to `high`.

    `chosen` and `control`: how many calls it rests on.
    """

    ratio: float
    low: float
    high: float
    chosen: int
    control: int

    def as_json(self) -> dict[str, float | int]:
        return {
            "ratio": round(self.ratio, 4),
            "low": round(self.low, 4),
            "high": round(self.high, 4),
            "chosen": self.chosen,
            "control": self.control,
        }

    def in_words(self) -> str:
        """Ratio and interval.

        >>> Lift(1.31, 1.22, 1.4, 900, 100).in_words()
        '1.31 (1.22 to 1.40)'
        """
        return f"{self.ratio:.2f} ({self.low:.2f} to {self.high:.2f})"


@dataclass(slots=True)
class LiftSums:
    """The calls of one run, those chosen and those of its control group. A fold: any order, O(1) a call."""

    chosen: CallSums = field(default_factory=CallSums)
    control: CallSums = field(default_factory=CallSums)

    @property
    def calls(self) -> int:
        """How many calls there were."""
        return self.chosen.calls + self.control.calls

    def add(self, new: float, chance: float, *, is_control: bool) -> None:
        """Count a call that belonged to the control group with this `chance`, and brought so many `new` answers."""
        if is_control:
            self.control.add(new, 1 - chance)
        else:
            self.chosen.add(new, chance)

    def lift(self) -> Lift | None:
        """The lift so far; None with fewer than FEWEST calls in a group, or before both have found somebody new.

        The interval is that of a ratio of means, by the delta method on logarithms, with Student's quantile.
        """
        groups = self.chosen, self.control
        if not all(group.calls >= FEWEST and group.new for group in groups):
            return None
        ratio = self.chosen.mean / self.control.mean
        freedom = max(1.0, min(group.effective_calls for group in groups) - 1)
        quantile = _Z + (_Z**3 + _Z) / 4 / freedom
        width = math.exp(quantile * math.sqrt(sum(group.log_variance for group in groups)))
        return Lift(ratio, ratio / width, ratio * width, self.chosen.calls, self.control.calls)


def read_lifts(store: GraphStore, run: str = "") -> dict[str, LiftSums]:
    """The calls of each run in `store` that had a control group, by run id; of one `run`, if it is named."""
    runs: dict[str, LiftSums] = {}
    for row in store.read("reads/lift_sums", run=run):
        group = runs.setdefault(row["run"], LiftSums())
        sums = _sums(row)
        if row["is_control"]:
            group.control = sums
        else:
            group.chosen = sums
    return runs


def _sums(row: Mapping[str, Any]) -> CallSums:
    return CallSums(**{name: row[name] for name in CallSums.__dataclass_fields__})
