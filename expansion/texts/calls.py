"""Calls about texts: from replies to rows, for whoever asks them."""

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
    """One question about a text under way; `arm`: what its answers count for."""

    id: str
    piece: Piece
    stance: str
    request: ChatRequest
    arm: int = NO_ARM
    reason: Reason = field(default_factory=lambda: Reason("text"))


@dataclass(frozen=True, slots=True)
class TextAnswer:
    call: TextCall
    reply: ChatReply
    person: NamedPersona | None
    evidence: str
    lost: Counter[str]


def read_answers(batch: Sequence[tuple[TextCall, ChatReply]]) -> list[TextAnswer]:
    return [TextAnswer(call, reply, *person_in(reply, call.piece.text)) for call, reply in batch]


def take_answers(
    found: Sequence[TextAnswer], recogniser: Recogniser, progress: RunProgress, run: str, rows: Batch
) -> list[tuple[TextAnswer, Recognised | None]]:
    """Match the personas of some answers, add their rows, count them; `recogniser` has begun with them."""
    pieces = {answer.call.piece.id: answer.call.piece for answer in found}
    for key, piece in sorted(pieces.items()):
        rows.add("text", id=key, props=text_props(piece, run))
    return [(answer, _take(answer, recogniser, progress, run, rows)) for answer in found]


def _take(
    answer: TextAnswer, recogniser: Recogniser, progress: RunProgress, run: str, rows: Batch
) -> Recognised | None:
    call, person = answer.call, answer.person
    progress.called(answer.reply, answer.lost, failed=person is None)
    edge = {"stance": call.stance, "run": run, "at": now()}
    if person is None:
        lost = answer.lost
        failure = {**edge, "reason": ", ".join(lost), "times": lost.total(), "paid": answer.reply.paid, "whole": True}
        rows.add("failed_on_text", run=run, text=call.piece.id, call=call.id, props=failure)
        return None
    learned = recogniser.take(person, 0, rows)
    progress.found(1, new=bool(learned.text))
    props = {**edge, "evidence": answer.evidence, "times": 1}
    rows.add("derived_from_text", persona=person.id, text=call.piece.id, call=call.id, props=props)
    return learned


def text_props(piece: Piece, run: str) -> dict[str, Any]:
    known = {"text": piece.text, "source": piece.source, "offset": piece.offset, "sha256": piece.sha256}
    return {**known, **({"title": piece.title} if piece.title else {}), "created": now(), "run": run}
