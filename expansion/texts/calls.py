"""Calls about texts, and how their replies become rows; `pgraph ingest` and `pgraph expand` both make such calls."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from expansion.recognition import NamedPersona, Recognised, Recogniser
from expansion.selection import Reason
from expansion.texts.plan import person_in
from foundation.clock import now
from foundation.model import ChatReply, ChatRequest
from graphstore.files import Piece
from population import NO_ARM
from population.runs import Batch, RunProgress


@dataclass(frozen=True, slots=True)
class TextCall:
    """A question about a text that is under way. `arm`: the arm that its answers count for."""

    id: str
    piece: Piece
    stance: str
    request: ChatRequest
    arm: int = NO_ARM
    reason: Reason = field(default_factory=lambda: Reason("text"))


@dataclass(frozen=True, slots=True)
class TextAnswer:
    """A reply about a text: its persona with the quote that supports it, or why there is none (`lost`)."""

    call: TextCall
    reply: ChatReply
    person: NamedPersona | None
    evidence: str
    lost: Counter[str]


def read_answers(batch: Sequence[tuple[TextCall, ChatReply]]) -> list[TextAnswer]:
    """For each call of a `batch`: the persona of its reply, or why it cannot be used."""
    return [TextAnswer(call, reply, *person_in(reply, call.piece.text)) for call, reply in batch]


def take_answers(
    answers: Sequence[TextAnswer], recogniser: Recogniser, progress: RunProgress, run: str, rows: Batch
) -> list[tuple[TextAnswer, Recognised | None]]:
    """Match the personas of `answers`, add their `rows` and count them in `progress`.

    Call `recogniser.begin` with these personas before. Returns each answer with its persona, None if it has none.
    """
    pieces = {answer.call.piece.id: answer.call.piece for answer in answers}
    for key, piece in sorted(pieces.items()):
        rows.add("text", id=key, props=text_props(piece, run))
    return [(answer, _take(answer, recogniser, progress, run, rows)) for answer in answers]


def _take(
    answer: TextAnswer, recogniser: Recogniser, progress: RunProgress, run: str, rows: Batch
) -> Recognised | None:
    call, person = answer.call, answer.person
    progress.add_call(answer.reply, answer.lost, failed=person is None)
    edge = {"stance": call.stance, "run": run, "at": now()}
    if person is None:
        lost = answer.lost
        failure = {**edge, "reason": ", ".join(lost), "times": lost.total(), "paid": answer.reply.paid, "whole": True}
        rows.add("failed_on_text", run=run, text=call.piece.id, call=call.id, props=failure)
        return None
    recognised = recogniser.take(person, 0, rows)
    progress.add_personas(1, new=bool(recognised.text))
    props = {**edge, "evidence": answer.evidence, "times": 1}
    rows.add("derived_from_text", persona=person.id, text=call.piece.id, call=call.id, props=props)
    return recognised


def text_props(piece: Piece, run: str) -> dict[str, Any]:
    """The properties of the node of `piece`, which `run` brought."""
    props = {
        "text": piece.text,
        "source": piece.source,
        "offset": piece.offset,
        "sha256": piece.sha256,
        "created": now(),
        "run": run,
    }
    return props | {"title": piece.title} if piece.title else props
