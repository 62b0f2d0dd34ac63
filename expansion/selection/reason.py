"""Why a call is made: as data, which is kept with its run, and as a sentence."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from expansion.selection.hint import NO_HINT, Hint
from expansion.selection.strategies import How
from population import Arms, Loaded

_RULES = {
    "chance": "Drawn by chance, as 2 of 100 calls are, for what predictions cannot see",
    "breadth-first": "Next in the order of breadth-first",
    "random": "Drawn at random",
    "again": "Asked before the run was interrupted",
}


@dataclass(frozen=True, slots=True)
class Reason:
    """What was known when a call was chosen.

    `expected`: predicted share of new roles among the answers; `share` of the answers land in region `toward`, whose
    uncovered share is `uncovered`: of all regions the one from which most new roles are expected.
    """

    how: How
    region: str = ""  # of the source
    expected: float | None = None
    toward: str = ""
    share: float = 0.0
    uncovered: float = 0.0
    listed: int = 0  # known roles that the model was told not to name
    named: int = 0  # known roles of `toward` that the model was told to look among; then nothing is predicted
    verbalised: float = 0.0  # each persona was asked for with its probability, which was to be below this

    def props(self) -> dict[str, Any]:
        """What the graph keeps of it."""
        known = {"how": self.how, "expected": self.expected, "toward": self.toward or None, "listed": self.listed}
        shares = {"share": self.share, "uncovered": self.uncovered} if self.toward else {}
        switches = {"named": self.named or None, "verbalised": self.verbalised or None}
        return {name: value for name, value in {**known, **shares, **switches}.items() if value is not None}


def predicted_reason(loaded: Loaded, arms: Arms, arm: int, how: How, hint: Hint = NO_HINT) -> Reason:
    """The reason of a call along an arm, by what is predicted now. Cost: O(cells in use).

    Of a call that names a region nothing is predicted but how many answers of its arm land there by themselves.
    """
    population = loaded.population
    region = population.region_ids[arm // population.tally.relations]
    row = arms.flows.row(arm)
    toward = population.region_index.get(hint.void) if hint.void else int(np.argmax(row * arms.uncovered))
    if toward is None:  # the groups were made anew since
        return Reason(how, region, toward=hint.void, named=len(hint.neighbours))
    expected, share, uncovered = (
        round(float(value), 4) for value in (arms.new[arm], row[toward], arms.uncovered[toward])
    )
    foretold, named = (None, len(hint.neighbours)) if hint.void else (expected, 0)
    return Reason(how, region, foretold, population.region_ids[toward], share, uncovered, len(hint.excluded), named)


def reason_in_words(reason: Reason, who: str, relation: str, labels: Mapping[str, str]) -> str:
    """`who`: the source in a few words."""
    place = labels.get(reason.region, "")
    asked = f"ask {who}" + (f" of {place}" if place else "") + f" for the {relation}"
    said = f"{_RULES[reason.how]}: {asked}." if reason.how in _RULES else f"{asked[0].upper()}{asked[1:]}."
    if reason.expected is not None:
        said += f" {reason.expected:.0%} of the answers are expected to be new"
        said += (
            f"; {reason.share:.0%} land in {labels.get(reason.toward) or reason.toward}, "
            f"which is {reason.uncovered:.0%} uncovered."
            if reason.toward
            else "."
        )
    if reason.named:
        said += (
            f" {reason.named} known roles of {labels.get(reason.toward) or reason.toward}, which is {reason.uncovered:.0%} "
            f"uncovered, are named, and others like them asked for; {reason.share:.0%} of such answers land there anyway."
        )
    said += f" {reason.listed} known roles are not to be named." if reason.listed else ""
    return said + _probability(reason.verbalised)


def _probability(below: float) -> str:
    if not below:
        return ""
    return " Each answer comes with its probability" + (f", which is to be below {below:g}." if below < 1 else ".")
