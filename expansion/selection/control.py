"""The control group: calls drawn by chance, which show in each run what the choice is worth on the model at hand."""

from population import Lift, LiftSums

EARLY = 100  # calls of a run of which more are drawn, so that it soon knows
EARLY_SHARE = 0.2
ENOUGH = 20  # calls of the control group before chance may take over
STILL_CHOSEN = 0.1  # share of the calls that are chosen when chance has taken over, so that the choice can win again


class ControlGroup:
    """Says how likely the next call belongs to the control group; a fold over the calls of its run.

    `share` of the calls belong to it, more at the beginning; 0: none. `sums`: the calls of the run so far.
    """

    def __init__(self, share: float, sums: LiftSums | None = None) -> None:
        self._share = share
        self._sums = sums or LiftSums()
        self._begun = self._sums.calls

    @property
    def lift(self) -> Lift | None:
        """What the choice is worth so far."""
        return self._sums.lift()

    @property
    def has_taken_over(self) -> bool:
        """Whether chance has been better than the choice: the whole interval of the lift lies below 1."""
        lift = self.lift
        return lift is not None and lift.control >= ENOUGH and lift.high < 1

    def chance(self) -> float:
        """The chance that the next call belongs to the control group."""
        if not self._share:
            return 0.0
        early = EARLY_SHARE if self._begun < EARLY else 0.0
        return max(self._share, early, 1 - STILL_CHOSEN if self.has_taken_over else 0.0)

    def begin(self) -> None:
        """A call about a persona was made."""
        self._begun += 1

    def learn(self, new: float, chance: float, *, is_control: bool) -> None:
        """A call, made when `chance` was as given, brought so many `new` answers."""
        self._sums.add(new, chance, is_control=is_control)
