"""How many known roles a call lists: found out for the model at hand, by what each length brings for its cost.

Some models name others than those listed, as asked; some name the very roles that they read. So the length is an arm too.
"""

from collections import deque
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
    """A call that could list `length` roles, the `new` species of its reply, and what it took."""

    length: int
    new: int
    tokens_in: int
    tokens_out: int


class _Paid(NamedTuple):
    length: int
    new: int
    cost: float


@dataclass(frozen=True, slots=True)
class LengthYield:
    """What `calls` with lists of one `length` brought lately: new species for 1,000 tokens of a reply, or as much."""

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


class LearnedLength:
    """The length whose calls bring most new species for what they cost: Thompson sampling over Gamma-Poisson rates.

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
        calls = len(self._calls)
        new, cost = (sum(column) / calls for column in list(zip(*self._calls, strict=True))[1:])
        rates = {}
        for length in LENGTHS:
            own = [call for call in self._calls if call.length == length]
            shape = sum(call.new for call in own) + ALIKE * max(new, 1 / calls)
            rates[length] = self._rng.gamma(shape) / (sum(call.cost for call in own) + ALIKE * cost)
        return max(rates, key=rates.__getitem__)

    def learn(self, call: ListedCall) -> None:
        cost = self._prompt_token * call.tokens_in + call.tokens_out
        self._calls.append(_Paid(call.length, call.new, cost or 1.0))  # a server that counts no tokens: by call

    def yields(self) -> list[LengthYield]:
        """What each length brought, of those that were tried."""
        rows = []
        for length in LENGTHS:
            own = [call for call in self._calls if call.length == length]
            if own:
                rate = 1000 * sum(call.new for call in own) / sum(call.cost for call in own)
                rows.append(LengthYield(length, len(own), round(rate, 3)))
        return rows
