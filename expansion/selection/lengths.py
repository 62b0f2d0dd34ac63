"""How many known roles a call lists: found out for the model at hand, by what each length brings for its cost.

Some models name others than those listed, as asked; some name the very roles that they read. So the length is an arm too.
"""

from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

LENGTHS = (0, 10, 50)
RECENT = 300  # calls that count: what is new gets rarer
UNIFORM = 0.1  # share of the calls whose length is drawn uniformly, so that each stays measured
ALIKE = 10.0  # calls that "all lengths bring the same" is worth, for each length
PROMPT_TOKEN = 0.25  # of a reply token: what servers ask for it, and less than the time it takes them
PROBES = 0.05  # share of the calls without a list if the user has fixed the length


class ListedCall(NamedTuple):
    """A call that could list `length` roles, how much of its reply was `new`, and what it took."""

    length: int
    new: float
    tokens_in: int
    tokens_out: int


class _Paid(NamedTuple):
    length: int
    new: float
    cost: float


@dataclass(slots=True)
class _Sums:
    calls: int = 0
    new: float = 0.0
    cost: float = 0.0


@dataclass(frozen=True, slots=True)
class LengthYield:
    """What `calls` with lists of one `length` brought lately: new answers for 1,000 tokens of a reply, or as much."""

    length: int
    calls: int
    new_per_1000: float


class Lengths(Protocol):
    """Says how many roles the next call may list."""

    longest: int

    @property
    def mean(self) -> float:
        """Of the calls to come, as far as it is known."""

    def draw(self) -> int: ...

    def learn(self, call: ListedCall) -> None: ...

    def yields(self) -> list[LengthYield]:
        """What each length brought lately, of those that were tried; empty if the user has fixed the length."""


class FixedLength:
    """Always `longest`, but for a share of PROBES, which shows the effect."""

    def __init__(self, longest: int, rng: np.random.Generator) -> None:
        self.longest = longest
        self._rng = rng

    @property
    def mean(self) -> float:
        return (1 - PROBES) * self.longest

    def draw(self) -> int:
        return 0 if not self.longest or self._rng.random() < PROBES else self.longest

    def learn(self, call: ListedCall) -> None: ...

    def yields(self) -> list[LengthYield]:
        return []


class LearnedLength:
    """The length whose calls bring most that is new for what they cost: Thompson sampling over Gamma-Poisson rates.

    `past`: calls of the same model and prompt before, the oldest first; the last RECENT count. `prompt_token`: what a token
    of a prompt costs, in tokens of a reply.
    """

    longest = max(LENGTHS)

    def __init__(
        self, rng: np.random.Generator, past: Iterable[ListedCall] = (), prompt_token: float = PROMPT_TOKEN
    ) -> None:
        self._rng = rng
        self._prompt_token = prompt_token
        self._calls: deque[_Paid] = deque(maxlen=RECENT)
        for call in past:
            self.learn(call)

    @property
    def mean(self) -> float:
        recent = [call.length for call in self._calls] or LENGTHS
        return sum(recent) / len(recent)

    def draw(self) -> int:
        if not self._calls or self._rng.random() < UNIFORM:
            return int(self._rng.choice(LENGTHS))
        by_length, calls = self._by_length(), len(self._calls)
        new = sum(own.new for own in by_length.values()) / calls
        cost = sum(own.cost for own in by_length.values()) / calls
        rates = {}
        for length in LENGTHS:
            own = by_length[length]
            shape = own.new + ALIKE * max(new, 1 / calls)
            rates[length] = self._rng.gamma(shape) / (own.cost + ALIKE * cost)
        return max(rates, key=rates.__getitem__)

    def learn(self, call: ListedCall) -> None:
        cost = self._prompt_token * call.tokens_in + call.tokens_out
        self._calls.append(_Paid(call.length, call.new, cost or 1.0))  # a server that counts no tokens: by call

    def yields(self) -> list[LengthYield]:
        by_length = self._by_length()
        return [
            LengthYield(length, own.calls, round(1000 * own.new / own.cost, 3))
            for length in LENGTHS
            if (own := by_length[length]).calls
        ]

    def _by_length(self) -> defaultdict[int, _Sums]:
        by_length: defaultdict[int, _Sums] = defaultdict(_Sums)
        for call in self._calls:
            own = by_length[call.length]
            own.calls += 1
            own.new += call.new
            own.cost += call.cost
        return by_length
