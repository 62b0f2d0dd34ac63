"""Scores by a rubric: choose an item -> show it to the judge -> check -> write; marks, never deletes."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

from distill.judges.agreement import agreements
from distill.judges.rubric import Judged, Rubric
from distill.spending import LETTERS, DistillCall, DistillOutcome, answer_problem, spend
from foundation import StopReason
from foundation.clock import now
from foundation.concurrency import in_thread
from foundation.model import Chat, ChatReply, ChatRequest
from graphstore import GraphStore, call_id, digest, seed_of
from population.runs import Batch, Run

TRIES = 2  # failed judgements of an item before it is left out
_STATEMENTS: dict[Judged, str] = {"personas": "persona", "questions": "question", "knowledge": "knowledge"}


@dataclass(frozen=True, slots=True)
class JudgePlan:
    """The options of one `pgraph judge`: a `rubric`, at most `calls` calls, the name of the `judge`.

    Items with a score `below` this are marked, and with `reask` sent back. `seed` decides the order, `model` and `sampling`
    the judgements.
    """

    rubric: Rubric
    calls: int | None
    judge: str = ""  # "" for the name of its model
    below: float | None = None
    reask: bool = False
    seed: int = 0
    model: str = ""
    sampling: Mapping[str, float] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name of the judge."""
        return self.judge or self.model

    def recipe(self) -> dict[str, Any]:
        """All that decides the judgements, as plain values: kept with the run."""
        return {
            "calls": self.calls, "rubric": self.rubric.name, "prompt": self.rubric.digest, "judge": self.name,
            "seed": self.seed, "model": self.model, **self.sampling,
        }  # fmt: skip

    def call(self, run: str, item: str, text: str, tries: int) -> DistillCall:
        """The call of `run` for one `item` with its `text`; `tries`: how often it has failed."""
        decides = {"item": item, "rubric": self.rubric.digest, "judge": self.name, "try": tries}
        identity = call_id({**decides, "model": self.model, "seed": self.seed, **self.sampling})
        seed = seed_of(identity, self.seed)
        tag = {"run": run, "call": identity, "item": item}
        request = ChatRequest(self.rubric.messages(text), self.rubric.schema(), seed=seed, tag=tag)
        return DistillCall(identity, 0, [], request, item)


@dataclass(frozen=True, slots=True)
class Judgement:
    """The scores of one judge for one item, and the reason for them."""

    criteria: tuple[str, ...]
    scores: tuple[int, ...]
    reason: str
    made_at: str  # when it was made

    @property
    def score(self) -> float:
        """The mean over the criteria."""
        return fmean(self.scores)


class Judging:
    """One run of `pgraph judge` by a `plan` over the items of `store`.

    `stopped_by` says afterwards what ended it, `marked` how many items are below the limit.
    """

    def __init__(self, store: GraphStore, plan: JudgePlan, run: Run) -> None:
        self.plan, self.run, self.progress = plan, run.id, run.progress
        self.stopped_by: StopReason | None = None
        self.marked = 0
        self._store = store
        self._kind = _STATEMENTS[plan.rubric.of]
        self._begun = run.progress.calls
        self._judgements: dict[str, dict[str, Judgement]] = {}  # item -> judge -> its newest
        self._failures: Counter[str] = Counter()
        self._load()
        ids = [row["id"] for row in store.read(f"reads/ids_of_{plan.rubric.of}")]
        self.items = len(ids)
        self.waiting = [item for item in ids if not self._is_done(item)]
        self.waiting.sort(key=lambda item: digest(plan.seed, item), reverse=True)  # the next one last

    def _load(self) -> None:
        for row in self._store.read("reads/judgements", rubric=self.plan.rubric.name):
            if row["failure"]:
                self._failures[row["item"]] += row["judge"] == self.plan.name
                continue
            judgement = Judgement(tuple(row["criteria"]), tuple(row["scores"]), row["reason"], row["at"])
            newest = self._judgements.setdefault(row["item"], {})
            if row["judge"] not in newest or newest[row["judge"]].made_at < judgement.made_at:
                newest[row["judge"]] = judgement

    def _is_done(self, item: str) -> bool:
        return self.plan.name in self._judgements.get(item, {}) or self._failures[item] >= TRIES

    def _pending(self, paid: Sequence[Mapping[str, Any]]) -> Iterator[str]:
        """The items, those in the tags `paid` first: an interrupted run left their replies in the cache."""
        waiting_items = set(self.waiting)
        for item in dict.fromkeys(tag["item"] for tag in paid if tag["item"] in waiting_items):
            waiting_items.remove(item)
            self._begun += 1
            yield item
        while self.waiting:
            if self.plan.calls is not None and self._begun >= self.plan.calls:
                self.stopped_by = StopReason.CALLS
                return
            item = self.waiting.pop()
            if item in waiting_items:
                self._begun += 1
                yield item
        self.stopped_by = StopReason.NOTHING_TO_JUDGE

    async def go(self, chat: Chat, at_once: int, paid: Sequence[Mapping[str, Any]], report: Callable[[], None]) -> None:
        """Let `chat` judge to the end, at most `at_once` calls at a time, then mark what is below the limit.

        `report` is called after each reply. `paid`: the tags of the calls whose replies an interrupted run left in the
        cache: they come first. Raises `ModelError` if the server fails for good.
        """

        def learn(_: DistillOutcome) -> None:
            report()

        await spend(self._pending(paid), self._prepare, self._absorb, learn, chat=chat, at_once=at_once)
        if self.plan.below is not None:
            await asyncio.to_thread(self._mark, self.plan.below)

    async def _prepare(self, item: str) -> DistillCall:
        text = await in_thread(lambda: self.shown(item))
        return self.plan.call(self.run, item, text, self._failures[item])

    def shown(self, item: str) -> str:
        """The text of `item` for the judge. Blocking."""
        kind = self.plan.rubric.of
        return _SHOWN[kind](next(iter(self._store.read(f"reads/judge_{kind}", id=item))))

    def _absorb(self, batch: Sequence[tuple[DistillCall, ChatReply]]) -> list[DistillOutcome]:
        """Write a batch of replies. Blocking."""
        rows = Batch()
        plan = self.plan
        criteria = tuple(plan.rubric.criteria)
        for call, reply in batch:
            problem = reply.failure or answer_problem(reply.data["reason"], "", shortest=3)
            self.progress.add_call(
                reply, Counter({problem: int(reply.paid)}) if problem else Counter(), failed=bool(problem)
            )
            props: dict[str, Any] = {"rubric": plan.rubric.name, "judge": plan.name, "at": now()}
            if problem:
                props["failure"] = problem
            else:
                scores = tuple(int(reply.data[name]) for name in criteria)
                judgement = Judgement(criteria, scores, " ".join(reply.data["reason"].split()), props["at"])
                self._judgements.setdefault(call.about, {})[plan.name] = judgement
                self.progress.new += 1
                props |= {"criteria": list(criteria), "scores": list(scores), "reason": judgement.reason}
                rows.add(f"marked_{self._kind}", id=call.about, props=self._score_props(call.about))
            rows.add(f"judged_{self._kind}", run=self.run, item=call.about, call=call.id, props=props)
        rows.add("run", id=self.run, props=self.progress.props())
        self._store.write(*rows.writes())
        return [DistillOutcome(call, [], 0) for call, _ in batch]

    def score(self, item: str) -> float:
        """The mean over all judges of `item`, each with the newest judgement."""
        return fmean(judgement.score for judgement in self._judgements[item].values())

    def _score_props(self, item: str) -> dict[str, Any]:
        """The score with the reason of the judge who likes it least."""
        name = self.plan.rubric.property
        worst = min(self._judgements[item].values(), key=lambda judgement: (judgement.score, judgement.made_at))
        return {name: round(self.score(item), 3), f"{name}_reason": worst.reason}

    def _mark(self, below: float) -> None:
        """Mark what is below the limit, and unmark what no longer is. Blocking."""
        name = self.plan.rubric.property.replace("score", "below", 1)
        worse = {item for item in self._judgements if self.score(item) < below}
        rows = ({"id": item, "props": self._mark_props(name, below, worse=item in worse)} for item in self._judgements)
        self._store.write_batches(f"marked_{self._kind}", rows)
        self.marked = len(worse)

    def _mark_props(self, name: str, below: float, *, worse: bool) -> dict[str, Any]:
        again = {"reask": worse or None} if self.plan.reask else {}
        return {name: below if worse else None, **again}

    def outcome(self) -> dict[str, Any]:
        """The summary of all judgements by this rubric, those of earlier runs and other judges included."""
        by_criterion: dict[str, list[int]] = {}
        by_item: dict[str, dict[str, tuple[int, ...]]] = {}
        for item, by_judge in self._judgements.items():
            by_item[item] = {judge: judgement.scores for judge, judgement in by_judge.items()}
            for judgement in by_judge.values():
                for criterion, score in zip(judgement.criteria, judgement.scores, strict=True):
                    by_criterion.setdefault(criterion, []).append(score)
        return {
            "rubric": self.plan.rubric.name,
            "judge": self.plan.name,
            "items": self.items,
            "judged": len(self._judgements),
            "scores": {criterion: round(fmean(scores), 2) for criterion, scores in by_criterion.items()},
            "marked": self.marked if self.plan.below is not None else None,
            "agreement": [agreement.row() for agreement in agreements(by_item)],
        }


def _persona(row: Mapping[str, Any]) -> str:
    details = [("Role", row["role"]), ("Knows", ", ".join(sorted(row["domains"])))]
    return _lines(("Description", row["text"]), *details)


def _question(row: Mapping[str, Any]) -> str:
    choices = _lettered(row["choices"] or [])
    return _lines(
        ("Question", row["text"]), ("Level", row["level_asked"] or row["level"]), ("Choices", choices),
        ("Key", row["key"]), ("Answer given with it", row["answer"]), ("Positions", "\n".join(row["positions"] or [])),
        ("They live here", row["context"]), ("People", _lettered(sorted(row["people"]))),
    )  # fmt: skip


def _knowledge(row: Mapping[str, Any]) -> str:
    people = [_with_contribution(person) for person in sorted(row["people"], key=lambda person: str(person["text"]))]
    return _lines(
        ("Question", row["question"]), ("Choices", _lettered(row["choices"] or [])), ("Key", row["key"]),
        ("They live here", row["context"]), ("People", _lettered(people)), ("Answer", row["text"]),
        ("Disagreement", row["disagreement"]),
    )  # fmt: skip


def _with_contribution(person: Mapping[str, Any]) -> str:
    text = str(person["text"])
    return f"{text} — contributes: {person['contribution']}" if person["contribution"] else text


_SHOWN: dict[Judged, Callable[[Mapping[str, Any]], str]] = {
    "personas": _persona, "questions": _question, "knowledge": _knowledge,
}  # fmt: skip


def _lettered(texts: Sequence[str]) -> str:
    return "".join(f"\n{letter}. {text}" for letter, text in zip(LETTERS, texts, strict=False))


def _lines(*parts: tuple[str, str | None]) -> str:
    return "\n".join(f"{name}: {text}" for name, text in parts if text)
