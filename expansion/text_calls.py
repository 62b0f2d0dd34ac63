"""Calls about texts: from replies to rows, for whoever asks them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from expansion.coverage import NO_ARM
from expansion.plan import Progress, now
from expansion.reasons import Reason
from expansion.recognition import Learned, Person, Recogniser, Rows
from expansion.texts import person_in
from graphstore.documents import Piece
from pgraph.chat import ChatReply, ChatRequest


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
    person: Person | None
    evidence: str
    lost: Counter[str]


def answers(batch: Sequence[tuple[TextCall, ChatReply]]) -> list[TextAnswer]:
    return [TextAnswer(call, reply, *person_in(reply, call.piece.text)) for call, reply in batch]


def take(
    found: Sequence[TextAnswer], recogniser: Recogniser, progress: Progress, run: str, rows: Rows
) -> list[tuple[TextAnswer, Learned | None]]:
    """Match the personas of some answers, add their rows, count them; `recogniser` has begun with them."""
    pieces = {answer.call.piece.id: answer.call.piece for answer in found}
    rows.text.extend({"id": key, "props": text_props(piece, run)} for key, piece in sorted(pieces.items()))
    return [(answer, _take(answer, recogniser, progress, run, rows)) for answer in found]


def _take(answer: TextAnswer, recogniser: Recogniser, progress: Progress, run: str, rows: Rows) -> Learned | None:
    call, person = answer.call, answer.person
    progress.called(answer.reply, answer.lost, failed=person is None)
    edge = {"stance": call.stance, "run": run, "at": now()}
    if person is None:
        lost = answer.lost
        failure = {**edge, "reason": ", ".join(lost), "times": lost.total(), "paid": answer.reply.paid, "whole": True}
        rows.failed_on_text.append({"run": run, "text": call.piece.id, "call": call.id, "props": failure})
        return None
    learned = recogniser.take(person, 0, rows)
    progress.found(1, new=bool(learned.text))
    props = {**edge, "evidence": answer.evidence, "times": 1}
    rows.derived_from_text.append({"persona": person.id, "text": call.piece.id, "call": call.id, "props": props})
    return learned


def text_props(piece: Piece, run: str) -> dict[str, Any]:
    known = {"text": piece.text, "source": piece.source, "offset": piece.offset, "sha256": piece.sha256}
    return {**known, **({"title": piece.title} if piece.title else {}), "created": now(), "run": run}
