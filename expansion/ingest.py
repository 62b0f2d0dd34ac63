"""Text to persona: take the next text -> ask for each stance -> check the quote -> match -> write."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from expansion.coverage import IMPORT, Coverage
from expansion.loading import Loaded
from expansion.plan import Progress, now
from expansion.recognition import Learned, Person, Recogniser, Rows, apply
from expansion.runs import Run
from expansion.texts import TextPlan, person_in
from graphstore.documents import Piece
from graphstore.store import GraphStore
from pgraph.chat import Chat, ChatReply, ChatRequest
from pgraph.concurrency import for_each
from pgraph.embedding import Embedder

_Answer = tuple["TextCall", ChatReply, Person | None, str, Counter[str]]


@dataclass(frozen=True, slots=True)
class TextCall:
    """One question about a text under way."""

    id: str
    piece: Piece
    stance: str
    request: ChatRequest


class Ingestion:
    """One run over texts. `done`: the calls that the graph holds already; `stopped_by` tells afterwards what ended it."""

    def __init__(
        self, plan: TextPlan, run: Run, store: GraphStore, *, embedder: Embedder, loaded: Loaded, done: set[str]
    ) -> None:
        self.plan = plan
        self.run = run.id
        self.population = loaded.population
        self.progress: Progress = run.progress
        self.stopped_by = ""
        self._store = store
        self._recogniser = Recogniser(embedder, loaded, run.id)
        self._done = done
        self._begun = run.progress.calls

    @property
    def coverage(self) -> Coverage:
        return self.population.tally.overall()

    async def go(self, chat: Chat, at_once: int, pieces: Iterator[Piece], report: Callable[[], None]) -> None:
        async def ask(call: TextCall) -> ChatReply:
            return await chat.ask(call.request)

        async def absorb(batch: Sequence[tuple[TextCall, ChatReply]]) -> None:
            for one in await asyncio.to_thread(self._absorb, batch):
                apply(one, self.population, IMPORT)
            report()

        await for_each(self._calls(pieces), ask, absorb, at_once)

    def _calls(self, pieces: Iterator[Piece]) -> Iterator[TextCall]:
        """The calls not asked before, text by text, so that a server can reuse what it knows of a text."""
        for piece in pieces:
            for stance in self.plan.stances:
                call = self.plan.call(piece.id, stance)
                if call in self._done:
                    continue
                if self.plan.calls is not None and self._begun >= self.plan.calls:
                    self.stopped_by = "calls"
                    return
                self._done.add(call)
                self._begun += 1
                yield TextCall(call, piece, stance, self.plan.request(self.run, call, piece, stance))
        self.stopped_by = "nothing left to ask"

    def _absorb(self, batch: Sequence[tuple[TextCall, ChatReply]]) -> list[Learned]:
        """Write a batch of replies in one transaction."""
        answers = [(call, reply, *person_in(reply, call.piece.text)) for call, reply in batch]
        self._recogniser.begin([person for _, _, person, _, _ in answers if person is not None])
        rows = Rows()
        pieces = {call.piece.id: call.piece for call, _ in batch}
        rows.text.extend({"id": key, "props": self._props(piece)} for key, piece in sorted(pieces.items()))
        learned = [one for answer in answers if (one := self._take(answer, rows)) is not None]
        rows.run.append({"id": self.run, "props": self.progress.props()})
        self._store.write(*rows.writes())
        return learned

    def _take(self, answer: _Answer, rows: Rows) -> Learned | None:
        call, reply, person, evidence, lost = answer
        self.progress.called(reply, lost, failed=person is None)
        edge = {"stance": call.stance, "run": self.run, "at": now()}
        if person is None:
            failure = {**edge, "reason": ", ".join(lost), "times": lost.total(), "paid": reply.paid, "whole": True}
            rows.failed_on_text.append({"run": self.run, "text": call.piece.id, "call": call.id, "props": failure})
            return None
        learned = self._recogniser.take(person, 0, rows)
        self.progress.found(1, new=bool(learned.text))
        props = {**edge, "evidence": evidence, "times": 1}
        rows.derived_from_text.append({"persona": person.id, "text": call.piece.id, "call": call.id, "props": props})
        return learned

    def _props(self, piece: Piece) -> dict[str, Any]:
        known = {"text": piece.text, "source": piece.source, "offset": piece.offset, "sha256": piece.sha256}
        return {**known, **({"title": piece.title} if piece.title else {}), "created": now(), "run": self.run}
