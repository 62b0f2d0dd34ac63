"""Why a call is made, as data (kept with its run) and in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from expansion.selection.hint import NO_HINT, Hint
from expansion.selection.strategies import How
from population import Arms, Loaded

_RULES = {
    "control": "Drawn by chance, for the control group that shows what the choice is worth",
    "chance": "A text drawn by chance, to find what predictions cannot see",
    "breadth-first": "Next in the order of breadth-first",
    "random": "Drawn at random",
    "again": "Repeated from before the interruption",
}


@dataclass(frozen=True, slots=True)
class Reason:
    """What was known when a call was chosen.

    `expected`: predicted share of new answers. `toward`: the region from which most of the new ones are expected; `share`
    of the answers land there, and `uncovered` is its uncovered share.
    """

    how: How
    region: str = ""  # of the source
    expected: float | None = None
    toward: str = ""
    share: float = 0.0
    uncovered: float = 0.0
    listed: int = 0  # known roles that the model was asked not to name
    named: int = 0  # known roles of `toward` that the prompt named; then nothing is predicted
    could_list: int | None = None  # how many known roles it could list
    control: float | None = None  # the chance that this call belonged to the control group
    verbalised: float = 0.0  # the model was asked for each persona's probability, and for one below this

    def props(self) -> dict[str, Any]:
        """The properties that the graph keeps."""
        known = {"how": self.how, "expected": self.expected, "toward": self.toward or None, "listed": self.listed}
        shares = {"share": self.share, "uncovered": self.uncovered} if self.toward else {}
        switches = {
            "control": self.control,
            "could_list": self.could_list,
            "named": self.named or None,
            "verbalised": self.verbalised or None,
        }
        return {name: value for name, value in {**known, **shares, **switches}.items() if value is not None}


def predicted_reason(loaded: Loaded, arms: Arms, arm: int, how: How, hint: Hint = NO_HINT) -> Reason:
    """The reason of a call along `arm`, from the predictions `arms` as they stand now. Cost: O(cells in use).

    For a call that names a region, the only prediction is how many answers of its arm land there without the name.
    """
    population = loaded.population
    region = population.region_ids[arm // population.tally.relations]
    row = arms.flows.row(arm)
    toward = population.region_index.get(hint.void) if hint.void else int(np.argmax(row * arms.uncovered))
    if toward is None:  # the groups were made again since
        return Reason(how, region, toward=hint.void, named=len(hint.neighbours))
    expected, share, uncovered = (
        round(float(value), 4) for value in (arms.new[arm], row[toward], arms.uncovered[toward])
    )
    predicted_new, named = (None, len(hint.neighbours)) if hint.void else (expected, 0)
    return Reason(
        how, region, predicted_new, population.region_ids[toward], share, uncovered, len(hint.excluded), named
    )


def reason_in_words(reason: Reason, who: str, relation: str, labels: Mapping[str, str]) -> str:
    """The reason as a few sentences; `who`: the source in a few words, `labels`: of the regions by id.

    >>> reason = Reason("coverage", "g1", 0.62, toward="g2", share=0.41, uncovered=0.5)
    >>> reason_in_words(reason, "a nurse", "patient", {"g1": "care", "g2": "transport"})  # doctest: +NORMALIZE_WHITESPACE
    'Ask a nurse of care for the patient. 62% of the answers are expected to be new; 41% land in transport, which is
    50% uncovered.'
    """
    sentences = [_question(reason, who, relation, labels)]
    target = f"{labels.get(reason.toward) or reason.toward}, which is {reason.uncovered:.0%} uncovered"
    if reason.expected is not None:
        landing = f"; {reason.share:.0%} land in {target}" if reason.toward else ""
        sentences.append(f"{reason.expected:.0%} of the answers are expected to be new{landing}.")
    if reason.named:
        sentences += [
            f"The call names {reason.named} known roles of {target}, and asks for others like them.",
            f"Without that, {reason.share:.0%} of such answers land there.",
        ]
    if reason.listed:
        sentences.append(f"{reason.listed} known roles are excluded.")
    if reason.verbalised:
        limit = f", which should be below {reason.verbalised:g}" if reason.verbalised < 1 else ""
        sentences.append(f"Each answer comes with its probability{limit}.")
    return " ".join(sentences)


def _question(reason: Reason, who: str, relation: str, labels: Mapping[str, str]) -> str:
    place = labels.get(reason.region, "")
    question = f"ask {who}" + (f" of {place}" if place else "") + f" for the {relation}"
    rule = _RULES.get(reason.how)
    return f"{rule}: {question}." if rule else f"{question[0].upper()}{question[1:]}."
