"""Joint distillation: choose a question -> bring its people together -> ask -> check -> write."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from distill.knowledge.allocation import Allocation
from distill.knowledge.regions import Regions
from distill.spending import (
    LETTERS,
    DistillCall,
    DistillOutcome,
    Participant,
    SpendPlan,
    answer_problem,
    failure_row,
    listed,
    optional,
    spend,
    wording,
)
from foundation import StopReason, Unusable
from foundation.clock import now
from foundation.model import Chat, ChatReply, ChatRequest, list_schema, object_schema, text_schema
from graphstore import GraphStore, call_id, digest, normal_text, seed_of
from population.runs import Batch, Run

Mode = Literal["joint", "solo"]
ANSWER_FIELDS = {"question", "people", "context", "language"}  # that a prompt may have
SHORTEST = 25  # words of an answer
SHORTEST_CONTRIBUTION = 6
TRIES = 2  # failed answers to a question before it is left out


@dataclass(frozen=True, slots=True)
class DistillPlan(SpendPlan):
    """The options of one `pgraph distill`: those of `SpendPlan`, and the `mode`: joint, or solo for comparison."""

    mode: Mode = "joint"

    def call(self, run: str, region: int, question: "PosedQuestion", people: list[Participant]) -> DistillCall:
        """The call of `run` for a `question` of `region`, asked of `people`: all of its people, or one of them."""
        prompt = self.prompt
        values = {
            "question": question.text,
            "people": listed(people) if self.mode == "joint" else people[0].text,
            "context": optional(prompt, "context", self.context),
            "language": wording(prompt, self.language),
        }
        ids = [person.id for person in people]
        decides = {
            "question": question.id,
            "people": ids,
            "try": question.failures + question.sent_back,
            "mode": self.mode,
        }
        identity = call_id(
            {**decides, "language": self.language, "context": self.context, "prompt": prompt.digest,
             "model": self.model, "seed": self.seed, **self.sampling}
        )  # fmt: skip
        tag = {"run": run, "call": identity, "question": question.id}
        schema = joint_schema(len(people)) if self.mode == "joint" else SOLO
        seed = seed_of(identity, self.seed)
        return DistillCall(
            identity, region, people, ChatRequest(prompt.fill(values), schema, seed=seed, tag=tag), question.id
        )


def joint_schema(people: int) -> dict[str, Any]:
    """JSON schema of a joint answer by so many people."""
    standpoint = {
        "person": {"type": "string", "enum": list(LETTERS[:people])},
        "contribution": text_schema(20, 600),
    }
    properties = {
        "standpoints": list_schema(object_schema(standpoint), min(2, people), people),
        "disagreement": {"type": "string", "maxLength": 600},
        "synthesis": text_schema(120, 2500),
    }
    return object_schema(properties)


SOLO = object_schema({"answer": text_schema(120, 3000)})


@dataclass(slots=True)
class PosedQuestion:
    """A question as the graph has it."""

    id: str
    text: str
    topic: str
    people: list[Participant]
    failures: int = 0
    sent_back: int = 0  # answers that a judge marked as too bad


class Distilling:
    """One run of `pgraph distill` by a `plan` over the questions of `store` and the people of `regions`.

    `stopped_by` says afterwards what ended it.
    """

    def __init__(self, store: GraphStore, plan: DistillPlan, run: Run, regions: Regions) -> None:
        self.plan, self.run, self.progress = plan, run.id, run.progress
        self.stopped_by: StopReason | None = None
        self._store, self._regions = store, regions
        self._allocation = Allocation([max(1, len(region.people)) for region in regions.rows], 1)
        self._questions: dict[str, tuple[int, PosedQuestion]] = {}
        self._queues: list[list[PosedQuestion]] = [[] for _ in regions.rows]  # unanswered, the next one last
        self._answered: list[set[str]] = [set() for _ in regions.rows]  # topics
        self._begun = run.progress.calls
        self._load()

    def _load(self) -> None:
        self._read_questions()
        for row in self._store.read("reads/place_failures"):
            if row["mode"] == self.plan.mode and row["about"] in self._questions:
                region, question = self._questions[row["about"]]
                question.failures += row["times"]
                self._allocation.miss(region, row["times"])
        answered = self._read_answers()
        for region, question in self._questions.values():
            is_chosen = not self.plan.only or self._regions.rows[region].id in self.plan.only
            if is_chosen and question.id not in answered and question.failures < TRIES:
                self._queues[region].append(question)
        for queue, topics in zip(self._queues, self._answered, strict=True):
            queue.sort(
                key=lambda question: (question.topic in topics, digest(self.plan.seed, question.id)), reverse=True
            )

    def _read_questions(self) -> None:
        """The questions of this language and context, with their people; a question belongs to the region of its first call."""
        plan = self.plan
        numbers = {region.id: number for number, region in enumerate(self._regions.rows)}
        people: dict[str, list[Participant]] = {}
        for row in sorted(self._store.read("reads/posers"), key=lambda row: (row["question"], row["persona"])):
            if row["persona"] in self._regions.people:
                people.setdefault(row["question"], []).append(self._regions.people[row["persona"]])
        for row in sorted(self._store.read("reads/questions"), key=lambda row: (row["id"], row["about"])):
            is_suitable = (
                row["language"] == plan.language and (row["context"] or "") == plan.context and not row["marked"]
            )
            if is_suitable and row["id"] in people:
                region = numbers.get(row["about"], self._regions.home[people[row["id"]][0].id])
                question = PosedQuestion(row["id"], row["text"], row["topic"], people[row["id"]])
                self._questions.setdefault(row["id"], (region, question))

    def _read_answers(self) -> set[str]:
        """The questions answered in this mode; the topics of all answers are counted."""
        answered = set()
        for row in self._store.read("reads/answered"):
            posed = self._questions.get(row["question"])
            if posed is not None and not row["reask"]:
                self._learn(posed[0], posed[1].topic)
            if row["mode"] == self.plan.mode:
                if not row["reask"]:
                    answered.add(row["question"])
                elif posed is not None:
                    posed[1].sent_back += 1
        return answered

    def _learn(self, region: int, topic: str) -> None:
        self._allocation.see(region, topic)
        self._answered[region].add(topic)

    def _pending(self, paid: Sequence[Mapping[str, Any]]) -> Iterator[tuple[int, PosedQuestion]]:
        """The calls; `paid`: the tags of those whose replies an interrupted run left in the cache."""
        paid_questions = {tag["question"] for tag in paid}
        for region, queue in enumerate(self._queues):
            for question in [question for question in queue if question.id in paid_questions]:
                queue.remove(question)
                yield self._begin(region, question)
        while self.plan.calls is None or self._begun < self.plan.calls:
            region_chosen = self._allocation.next([number for number, queue in enumerate(self._queues) if queue])
            if region_chosen is None:
                self.stopped_by = StopReason.NOTHING_TO_ANSWER
                return
            yield self._begin(region_chosen, self._queues[region_chosen].pop())
        self.stopped_by = StopReason.CALLS

    def _begin(self, region: int, question: PosedQuestion) -> tuple[int, PosedQuestion]:
        self._begun += 1
        self._allocation.begin(region)
        return region, question

    async def go(self, chat: Chat, at_once: int, paid: Sequence[Mapping[str, Any]], report: Callable[[], None]) -> None:
        """Let `chat` answer to the end, at most `at_once` calls at a time.

        `report` is called after each reply. `paid`: the tags of the calls whose replies an interrupted run left in the
        cache: they come first. Raises `ModelError` if the server fails for good.
        """

        def learn(learned: DistillOutcome) -> None:
            self._allocation.end(learned.call.region, learned.lost)
            for topic in learned.topics:
                self._learn(learned.call.region, topic)
            report()

        await spend(self._pending(paid), self._prepare, self._absorb, learn, chat=chat, at_once=at_once)

    async def _prepare(self, pending: tuple[int, PosedQuestion]) -> DistillCall:
        region, question = pending
        people = question.people
        if self.plan.mode == "solo":
            people = [min(people, key=lambda person: digest(self.plan.seed, question.id, person.id))]
        return self.plan.call(self.run, region, question, people)

    def _absorb(self, batch: Sequence[tuple[DistillCall, ChatReply]]) -> list[DistillOutcome]:
        """Write a batch of replies. Blocking."""
        rows = Batch()
        learned = []
        for call, reply in batch:
            problem = reply.failure or unusable(reply.data, call.people, self.plan.language)
            self.progress.add_call(
                reply, Counter({problem: int(reply.paid)}) if problem else Counter(), failed=bool(problem)
            )
            topics = []
            if problem:
                row = failure_row(self.run, call, call.about, reply, [problem], mode=self.plan.mode)
                rows.add("failed_on_question", **row)
            else:
                self._take(call, reply.data, rows)
                topics = [self._questions[call.about][1].topic]
            learned.append(DistillOutcome(call, topics, int(bool(problem) and reply.paid)))
        rows.add("run", id=self.run, props=self.progress.props())
        self._store.write(*rows.writes())
        return learned

    def _take(self, call: DistillCall, data: Mapping[str, Any], rows: Batch) -> None:
        plan = self.plan
        text = answer_text(data)
        knowledge = "k" + digest(call.about, plan.mode, normal_text(text))
        contributions = {
            LETTERS.index(standpoint["person"]): standpoint["contribution"]
            for standpoint in data.get("standpoints", [])
        } or {0: ""}
        props: dict[str, Any] = {"text": text, "mode": plan.mode, "language": plan.language, "context": plan.context}
        props |= {"disagreement": data.get("disagreement") or None, "model": plan.model, "run": self.run}
        props |= {"call": call.id, "created": now()}
        rows.add("knowledge", id=knowledge, question=call.about, props=props)
        for place, contribution in sorted(contributions.items()):
            edge = {"contribution": contribution or None, "run": self.run, "call": call.id}
            rows.add("distilled_from", knowledge=knowledge, persona=call.people[place].id, props=edge)
        self.progress.new += 1

    def outlook(self) -> list[dict[str, Any]]:
        """For each region with waiting questions: people, questions, answers, chance that the next topic is new."""
        rows = self._allocation.rows()
        return [
            {"region": (region := self._regions.rows[number]).id, "label": region.label,
             "personas": len(region.people), "waiting": len(queue), **rows[number]}
            for number, queue in enumerate(self._queues) if queue
        ]  # fmt: skip


def answer_text(data: Mapping[str, Any]) -> str:
    """The answer of a reply, joint or solo."""
    return str(data.get("synthesis") or data.get("answer") or "").strip()


def unusable(data: Mapping[str, Any], people: Sequence[Participant], language: str) -> Unusable | None:
    """Why the answer `data` by `people`, in a `language`, cannot be used; None if it can."""
    if problem := answer_problem(answer_text(data), language, shortest=SHORTEST):
        return problem
    standpoints = data.get("standpoints", [])
    if standpoints:
        if len({standpoint["person"] for standpoint in standpoints}) < min(2, len(people)):
            return Unusable.ONE_STANDPOINT
        contributions = [standpoint["contribution"] for standpoint in standpoints]
        if len({normal_text(text) for text in contributions}) < len(contributions):
            return Unusable.STANDPOINTS_ALIKE
        for text in contributions:
            if problem := answer_problem(text, language, shortest=SHORTEST_CONTRIBUTION):
                return problem
    return None if _mentions_people(data, people) else Unusable.NOTHING_OF_ITS_PERSONAS


def _mentions_people(data: Mapping[str, Any], people: Sequence[Participant]) -> bool:
    """Whether an answer mentions anything of its people: a word of their texts or domains, by its stem.

    Only texts in the script of the answer can be compared; if there is none, the answer passes.
    """
    contributions = [standpoint["contribution"] for standpoint in data.get("standpoints", [])]
    answer_stems = _stems(" ".join([answer_text(data), *contributions]))
    answer_scripts = _scripts(answer_stems)
    has_comparable = False
    for person in people:
        stems = _stems(f"{person.text} {person.domain}")
        if _scripts(stems) & answer_scripts:
            has_comparable = True
            if answer_stems & stems:
                return True
    return not has_comparable


def _scripts(stems: set[str]) -> set[bool]:
    """In which scripts the words are: True for ASCII, False for another."""
    return {stem.isascii() for stem in stems}


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _stems(text: str) -> set[str]:
    """The words that carry meaning, cut to their first letters so that "farmer" and "farming" meet."""
    words = (word.strip(".,;:!?\"'()।").casefold() for word in text.split())
    return {word[:5] for word in words if len(word) >= 5 and word not in _COMMON}


_COMMON = _words(
    """
    about after again their there these those where which while would could should other others people person
    someone every under between through because being before without within during always never often
    """
)
