"""Text to persona: take the next text -> ask for each stance -> check the quote -> match -> write."""

import asyncio
from collections.abc import Callable, Iterator, Sequence

from expansion.recognition import Recognised, Recogniser, apply_recognised
from expansion.texts.calls import TextCall, read_answers, take_answers
from expansion.texts.plan import TextPlan
from foundation import StopReason
from foundation.concurrency import for_each
from foundation.model import Chat, ChatReply, Embedder
from graphstore import GraphStore
from graphstore.files import Piece
from population import NO_ARM, Coverage, Loaded
from population.runs import Batch, Run


class Ingestion:
    """One run over texts. `done`: the calls that the graph already holds. `stopped_by` tells afterwards what ended it."""

    def __init__(
        self, plan: TextPlan, run: Run, store: GraphStore, *, embedder: Embedder, loaded: Loaded, done: set[str]
    ) -> None:
        self.plan = plan
        self.run = run.id
        self.population = loaded.population
        self.progress = run.progress
        self.stopped_by: StopReason | None = None
        self._store = store
        self._recogniser = Recogniser(embedder, loaded, run.id)
        self._done = done
        self._begun = run.progress.calls

    @property
    def coverage(self) -> Coverage:
        """Coverage of roles in the whole graph, as the run knows it."""
        return self.population.tally.overall()

    async def go(self, chat: Chat, at_once: int, pieces: Iterator[Piece], report: Callable[[], None]) -> None:
        """Run to the end, `at_once` calls at a time; `report` is called after each batch. Raises `StoreError`."""

        async def ask(call: TextCall) -> ChatReply:
            return await chat.ask(call.request)

        async def absorb(batch: Sequence[tuple[TextCall, ChatReply]]) -> None:
            for persona in await asyncio.to_thread(self._absorb, batch):
                apply_recognised(persona, self.population, NO_ARM)
            report()

        await for_each(self._calls(pieces), ask, absorb, at_once)

    def _calls(self, pieces: Iterator[Piece]) -> Iterator[TextCall]:
        """The calls not made before, text by text, so that a server can use its prefix cache."""
        for piece in pieces:
            for stance in self.plan.stances:
                call = self.plan.call_id(piece.id, stance)
                if call in self._done:
                    continue
                if self.plan.calls is not None and self._begun >= self.plan.calls:
                    self.stopped_by = StopReason.CALLS
                    return
                self._done.add(call)
                self._begun += 1
                yield TextCall(call, piece, stance, self.plan.request(self.run, call, piece, stance))
        self.stopped_by = StopReason.NOTHING_TO_ASK

    def _absorb(self, batch: Sequence[tuple[TextCall, ChatReply]]) -> list[Recognised]:
        """Write a batch of replies in one transaction."""
        answers, rows = read_answers(batch), Batch()
        self._recogniser.begin([answer.person for answer in answers if answer.person is not None])
        taken = take_answers(answers, self._recogniser, self.progress, self.run, rows)
        rows.add("run", id=self.run, props=self.progress.props())
        self._store.write(*rows.writes())
        return [recognised for _, recognised in taken if recognised is not None]
