"""Persona to persona: choose -> ask -> match -> write, until a limit is reached or nothing is worth asking."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from expansion.personas.absorb import Absorber, CallOutcome, PersonaCall
from expansion.personas.plan import Plan
from expansion.recognition import apply_recognised
from expansion.selection import (
    Choice,
    ControlGroup,
    Exclusions,
    Hint,
    How,
    Lengths,
    LengthYield,
    ListedCall,
    Strategy,
    TextChoice,
    Voids,
    predicted_reason,
    predictions_for,
    reason_in_words,
)
from expansion.texts import TextArms, TextCall
from foundation import StopReason
from foundation.concurrency import WAIT, Wait, for_each
from foundation.model import Chat, ChatReply
from population import NO_ARM, Coverage, Lift, Loaded, uncovered_by_group
from population.runs import RunProgress

REGROUP_LEAST = 50  # new domains
AHEAD = 2  # at most this many times as many calls as are made at once are chosen and not yet absorbed
RECENT = 50  # calls whose yield is compared with the predicted one before a run stops by itself


class Expansion:
    """One run over a population in memory.

    `stopped_by` tells afterwards what ended it. It is None after an error, and when as many domains came as had been
    grouped, or after `end_when`: then the groups must be made again before it continues.

    `hints`: by call id, the hint that the call carried before the run was interrupted. `control`: the one that the
    `strategy` has. `lengths`: of the lists of known roles.
    """

    def __init__(  # noqa: PLR0917  the parts of a run
        self,
        plan: Plan,
        run: str,
        loaded: Loaded,
        strategy: Strategy,
        absorber: Absorber,
        rng: np.random.Generator,
        control: ControlGroup,
        lengths: Lengths,
        texts: TextArms | None = None,
        hints: Mapping[str, Hint] | None = None,
    ) -> None:
        self.plan = plan
        self.run = run
        self.population = loaded.population
        self.stopped_by: StopReason | None = None
        self._loaded = loaded
        self._arms = predictions_for(strategy, loaded.population)
        self._lengths = lengths
        self._exclusions = Exclusions(loaded.population, self._arms, self._lengths.longest)
        self._voids = Voids(loaded.population, self._arms, plan.void, rng)
        self._hints = hints or {}
        self._strategy = strategy
        self._texts = texts
        self._control = control
        self._absorber = absorber
        self._begun = absorber.progress.calls
        self._is_outdated: Callable[[], bool] = lambda: False
        self._recent: deque[tuple[int, float]] = deque(maxlen=RECENT)  # new roles and new answers by call

    def end_when(self, is_outdated: Callable[[], bool]) -> None:
        """Also end when more is known of the personas than was loaded; then the run must be prepared again."""
        self._is_outdated = is_outdated

    @property
    def progress(self) -> RunProgress:
        """The counts of the run, those before an interruption included."""
        return self._absorber.progress

    @property
    def coverage(self) -> Coverage:
        """Coverage of roles in the whole graph, as the run knows it."""
        return self.population.tally.overall()

    @property
    def lift(self) -> Lift | None:
        """What the choice of this run is worth so far, compared with chance; None if it cannot be told."""
        return self._control.lift

    @property
    def yields(self) -> list[LengthYield]:
        """What lists of known roles of each length brought lately; empty if the user has fixed the length."""
        return self._lengths.yields()

    @property
    def is_by_chance(self) -> bool:
        """Whether chance has taken over, since it was better than the choice."""
        return self._control.has_taken_over

    async def go(
        self,
        chat: Chat,
        at_once: int,
        paid: Sequence[Mapping[str, Any]],
        report: Callable[[], None],
        explain: Callable[[dict[str, Any]], None] | None = None,
    ) -> None:
        """Run to the end, `at_once` calls of `chat` at a time. Raises `StoreError` and `ModelError`.

        `paid`: the tags of the calls whose replies an interrupted run left in the cache. `report` is
        called after each batch. `explain` gets one row for each call: why it was made and what it brought.
        """

        async def ask(call: PersonaCall | TextCall) -> ChatReply:
            return await chat.ask(call.request)

        async def absorb(batch: Sequence[tuple[PersonaCall | TextCall, ChatReply]]) -> None:
            outcomes = await asyncio.to_thread(self._absorber.absorb, batch)
            for outcome in outcomes:
                self._learn(outcome)
                if explain is not None:
                    explain(self._explained(outcome))
            report()

        ahead = 1 if at_once == 1 else AHEAD * at_once  # one at a time: each choice knows all answers before it
        calls: Iterator[Any] = self._calls(paid)  # mypy cannot tell a union of calls from the WAIT among them
        await for_each(calls, ask, absorb, at_once, ordered=self._strategy.ordered, ahead=ahead)

    def _calls(self, paid: Sequence[Mapping[str, Any]]) -> Iterator[PersonaCall | TextCall | Wait]:
        """The calls, each chosen when a slot is free."""
        numbers = {kind.id: number for number, kind in enumerate(self.plan.relations)}
        for tag in paid:
            if "text" in tag:
                again = None if self._texts is None else self._texts.take(tag["text"], tag["stance"])
                if again is not None:
                    yield self._begin(again, "again")
            elif tag["source"] in self.population.index:
                yield self._begin(Choice(self.population.index[tag["source"]], numbers[tag["relation"]]), "again")
        reason = self._limit() or self._goal()
        while reason is None and not self._outgrew_groups() and not self._is_outdated():
            choice = self._strategy.choose()
            if choice is None:
                reason = StopReason.NOTHING_TO_ASK
            else:
                yield WAIT if choice == "wait" else self._begin(choice)
                reason = self._limit() or self._goal()
        self.stopped_by = reason

    def _begin(self, choice: Choice | TextChoice, how: How | None = None) -> PersonaCall | TextCall:
        self._begun += 1
        call = self._text_call(choice, how) if isinstance(choice, TextChoice) else self._persona_call(choice, how)
        self.population.under_way.begin(*self._awaited(call))
        return call

    def _text_call(self, choice: TextChoice, how: How | None) -> TextCall:
        assert self._texts is not None  # noqa: S101  it made the choice
        return self._texts.call(choice, self.run, how)

    def _persona_call(self, choice: Choice, how: How | None) -> PersonaCall:
        people = self.population
        people.mark_asked(choice.source, choice.relation)
        source, arm = people.ids[choice.source], people.arm(choice.source, choice.relation)
        call = self.plan.call_id(source, choice.relation)
        hint, could_list = self._hints.get(call), None
        if hint is None and choice.how != "control":
            hint = self._voids.draw(arm)
        if hint is None:
            could_list = self._lengths.draw()
            hint = Hint(self._exclusions.likeliest(arm, could_list))
        reason = predicted_reason(self._loaded, self._arms(), arm, how or choice.how, hint)
        reason = replace(reason, verbalised=self.plan.verbalise, control=choice.control, could_list=could_list)
        text = people.texts[choice.source]
        request = self.plan.request(self.run, source, text, choice.relation, hint)
        return PersonaCall(call, choice.source, choice.relation, request, reason)

    def _learn(self, outcome: CallOutcome) -> None:
        people, arm = self.population, self._arm(outcome.call)
        new_roles = sum(apply_recognised(persona, people, arm, outcome.call.id) for persona in outcome.recognised)
        people.under_way.end(*self._awaited(outcome.call))
        people.miss(arm, outcome.answers - outcome.usable)
        self._recent.append((new_roles, outcome.new))
        chance, could_list = outcome.call.reason.control, outcome.call.reason.could_list
        if could_list is not None and outcome.answers:
            self._lengths.learn(ListedCall(could_list, outcome.new, outcome.tokens_in, outcome.tokens_out))
        if chance is not None and outcome.answers:
            self._control.learn(outcome.new, chance, is_control=outcome.call.reason.how == "control")

    def _explained(self, outcome: CallOutcome) -> dict[str, Any]:
        """A call as data, with its reason in words."""
        call, people, labels = outcome.call, self.population, self._loaded.labels
        distance = {}
        if isinstance(call, TextCall):
            about, who, relation = call.piece.id, f"about a text in {call.piece.source}", call.stance
        else:
            kind = self.plan.relations[call.relation]
            about, relation, distance = people.ids[call.source], kind.id, {"distance": kind.distance}
            who = people.roles[call.source] or f"“{people.texts[call.source][:60]}”"
        why = reason_in_words(call.reason, who, relation, labels)
        known = {"run": self.run, "call": call.id, "about": about, "relation": relation}
        new = [
            {"id": persona.survivor, "role": persona.role, "text": persona.text}
            for persona in outcome.recognised
            if persona.text
        ]
        brought = {**outcome.brought(), "new_roles": outcome.new_roles, "people": new, "so_far": self._so_far()}
        return {**known, **distance, **call.reason.props(), **brought, "reason": why}

    def _so_far(self) -> dict[str, Any]:
        """How the run stands; `coverage` of roles in the whole graph."""
        progress = self.progress
        return {
            "calls": progress.calls,
            "failed_calls": progress.failed_calls,
            "new": progress.new,
            "tokens": progress.tokens,
            "coverage": self.coverage.share,
            "lift": None if self.lift is None else self.lift.as_json(),
            "personas": len(self.population.ids),
        }

    def _arm(self, call: PersonaCall | TextCall) -> int:
        """The arm that a call's answers count for: none if the call named a region, since they are not draws of its arm then."""
        if isinstance(call, TextCall):
            return call.arm
        return NO_ARM if call.reason.named else self.population.arm(call.source, call.relation)

    def _awaited(self, call: PersonaCall | TextCall) -> tuple[int, int, int | None]:
        """What a call under way is for, as `UnderWay.begin` gets it."""
        if isinstance(call, TextCall):
            return call.arm, 1, None
        region = self.population.region_index.get(call.reason.toward) if call.reason.named else None
        return self._arm(call), self.plan.per_call, region

    def _limit(self) -> StopReason | None:
        """The user's limit that is reached."""
        limits = self.plan.limits
        if limits.calls is not None and self._begun >= limits.calls:
            return StopReason.CALLS
        if limits.tokens is not None and self.progress.tokens >= limits.tokens:
            return StopReason.TOKENS
        if limits.target is not None and len(self.population.ids) >= limits.target:
            return StopReason.TARGET
        return None

    def _outgrew_groups(self) -> bool:
        """Whether as many domains came as had been grouped: then choices rest on votes more than on groups."""
        grouped, late = self._absorber.domains
        return not self._strategy.ordered and late > max(REGROUP_LEAST, grouped)

    def _goal(self) -> StopReason | None:
        """COVERAGE when every group is covered, PRICE when no arm is worth a call; the last calls must agree.

        A run that the user has limited continues while it finds what the choice counts, any other one while it finds roles.
        """
        limits, per_call = self.plan.limits, self.plan.per_call
        if len(self._recent) < RECENT:
            return None
        roles, answers = (sum(counts) / RECENT for counts in zip(*self._recent, strict=True))
        goal = limits.until_coverage
        if goal is not None and max(uncovered_by_group(self.population).max(), roles / per_call) <= 1 - goal:
            return StopReason.COVERAGE
        rate, tally = (answers, self.population.worth) if limits.given else (roles, self.population.tally)
        if rate >= limits.price:
            return None
        best = self._strategy.best(tally)
        return StopReason.PRICE if best is not None and best * per_call < limits.price else None
