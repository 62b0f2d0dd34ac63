"""Persona to persona: choose -> ask -> match -> write, until a limit is reached or nothing is worth asking."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from expansion.absorb import Absorber, Call
from expansion.coverage import Coverage
from expansion.plan import Plan, Progress
from expansion.population import Population
from expansion.recognition import Learned, apply
from expansion.selection import Choice, Strategy, predict
from expansion.text_arms import TextArms, TextChoice
from expansion.text_calls import TextCall
from pgraph.chat import Chat, ChatReply
from pgraph.concurrency import WAIT, Wait, for_each

REGROUP = "regroup"
REGROUP_LEAST = 50  # new domains
RECENT = 50  # calls whose yield is compared with the predicted one before a run stops by itself


class Expansion:
    """One run over a population in memory. `stopped_by` tells afterwards what ended it."""

    def __init__(  # noqa: PLR0917
        self,
        plan: Plan,
        run: str,
        population: Population,
        strategy: Strategy,
        absorber: Absorber,
        texts: TextArms | None = None,
    ) -> None:
        self.plan = plan
        self.run = run
        self.population = population
        self.stopped_by = ""
        self._strategy = strategy
        self._texts = texts
        self._absorber = absorber
        self._begun = absorber.progress.calls
        self._recent: deque[int] = deque(maxlen=RECENT)  # new species by call

    @property
    def progress(self) -> Progress:
        return self._absorber.progress

    @property
    def coverage(self) -> Coverage:
        return self.population.tally.overall()

    async def go(self, chat: Chat, at_once: int, paid: Sequence[Mapping[str, str]], report: Callable[[], None]) -> str:
        """Run to the end; returns what stopped it.

        `paid`: the tags of the calls whose replies an interrupted run left in the cache.
        """

        async def ask(call: Call | TextCall) -> ChatReply:
            return await chat.ask(call.request)

        async def absorb(batch: Sequence[tuple[Call | TextCall, ChatReply]]) -> None:
            learned = await asyncio.to_thread(self._absorber.absorb, batch)
            self._learn(batch, learned)
            report()

        ahead = 1 if at_once == 1 else None  # one at a time: each choice knows all answers before it
        calls: Iterator[Any] = self._calls(paid)  # mypy cannot tell a union of calls from the WAIT among them
        await for_each(calls, ask, absorb, at_once, ordered=self._strategy.ordered, ahead=ahead)
        return self.stopped_by

    def _calls(self, paid: Sequence[Mapping[str, str]]) -> Iterator[Call | TextCall | Wait]:
        """The calls, each chosen when a slot is free."""
        numbers = {kind.id: number for number, kind in enumerate(self.plan.relations)}
        for tag in paid:
            if "text" in tag:
                again = None if self._texts is None else self._texts.take(tag["text"], tag["stance"])
                if again is not None:
                    yield self._begin(again)
            elif tag["source"] in self.population.index:
                yield self._begin(Choice(self.population.index[tag["source"]], numbers[tag["relation"]]))
        while not (reason := self._limit() or self._goal() or self._regroup()):
            choice = self._strategy.choose()
            if choice is None:
                reason = "nothing left to ask"
                break
            yield WAIT if choice == "wait" else self._begin(choice)
        self.stopped_by = reason

    def _begin(self, choice: Choice | TextChoice) -> Call | TextCall:
        people = self.population
        people.in_flight += 1
        self._begun += 1
        if isinstance(choice, TextChoice):
            return choice.call(self.run)
        people.mark_asked(choice.source, choice.relation)
        call, request = self.plan.call(
            self.run, people.ids[choice.source], people.texts[choice.source], choice.relation
        )
        return Call(call, choice.source, choice.relation, request)

    def _learn(
        self,
        batch: Sequence[tuple[Call | TextCall, ChatReply]],
        learned: Sequence[tuple[Call | TextCall, Learned]],
    ) -> None:
        people, per_call = self.population, self.plan.per_call
        answers = {call.id: 1 if isinstance(call, TextCall) else per_call for call, _ in batch}
        lost = {call.id: answers[call.id] if reply.paid else 0 for call, reply in batch}
        fresh = dict.fromkeys(lost, 0)
        for call, one in learned:
            fresh[call.id] += apply(one, people, self._arm(call))
            lost[call.id] -= one.times
        for call, _ in batch:
            people.in_flight -= 1
            people.miss(self._arm(call), lost[call.id])
        self._recent.extend(fresh.values())

    def _arm(self, call: Call | TextCall) -> int:
        return call.arm if isinstance(call, TextCall) else self.population.arm(call.source, call.relation)

    def _limit(self) -> str:
        """The limit of the user's that is reached, or ""."""
        limits = self.plan.limits
        if limits.calls is not None and self._begun >= limits.calls:
            return "calls"
        if limits.tokens is not None and self.progress.tokens >= limits.tokens:
            return "tokens"
        if limits.target is not None and len(self.population.ids) >= limits.target:
            return "target"
        return ""

    def _regroup(self) -> str:
        """REGROUP when as many domains came as had been grouped: then choices rest on votes more than on groups."""
        grouped, late = self._absorber.domains
        return REGROUP if not self._strategy.ordered and late > max(REGROUP_LEAST, grouped) else ""

    def _goal(self) -> str:
        """Either "coverage", when every region is covered, or "price", when no arm is worth a call; the last calls must agree."""
        limits, people, per_call = self.plan.limits, self.population, self.plan.per_call
        if len(self._recent) < RECENT:
            return ""
        rate = sum(self._recent) / RECENT
        if limits.until_coverage is not None:
            uncovered = predict(people.tally).uncovered[people.tally.n > 0]
            if max(uncovered.max(), rate / per_call) <= 1 - limits.until_coverage:
                return "coverage"
        best = self._strategy.best()
        return "price" if best is not None and min(rate, best * per_call) < limits.price else ""
