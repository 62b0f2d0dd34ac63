"""Questions that several people are needed for: choose a region -> bring people together -> ask -> match -> write."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from distill.knowledge.allocation import Allocation
from distill.knowledge.regions import Regions, choose_people
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
from foundation.concurrency import in_thread
from foundation.errors import UsageError
from foundation.model import Chat, ChatReply, ChatRequest, Embedder, list_schema, object_schema, text_schema
from graphstore import GraphStore, call_id, digest, language_of, normal_text, seed_of
from population.matching import KnownTexts, RoleBook, Thresholds, can_embed
from population.runs import Batch, Run

QuestionKind = Literal["open", "qa", "mcq", "debate"]
KINDS: tuple[QuestionKind, ...] = ("open", "qa", "mcq", "debate")
LEVELS = ("beginner", "practitioner", "expert")
# that a prompt may have
QUESTION_FIELDS = {"topic", "people", "context", "avoid", "kind", "level", "language", "count"}
AVOIDED = 20  # topics that a prompt lists as asked already
SHORTEST = 5  # words of a question


@dataclass(frozen=True, slots=True)
class AskPlan(SpendPlan):
    """The options of one `pgraph ask`: those of `SpendPlan`, and the `kind` and `level` of the questions.

    Each call brings `people` people together and asks for `per_call` questions.
    """

    kind: QuestionKind = "open"
    people: int = 4
    per_call: int = 3
    level: str = ""

    def call(
        self, region: int, label: str, people: list[Participant], *, run: str, avoid: str, number: int
    ) -> DistillCall:
        """The call of `run` for the `region` with this `label`, asked with `people`.

        `avoid` lists topics that were asked already. `number`: how many calls the region had before; the same people may be
        asked again.
        """
        prompt = self.prompt
        values = {
            "topic": label,
            "people": listed(people),
            "context": optional(prompt, "context", self.context),
            "avoid": optional(prompt, "avoid", avoid),
            "kind": prompt.phrase(self.kind),
            "level": optional(prompt, "level", self.level),
            "language": wording(prompt, self.language),
            "count": self.per_call,
        }
        ids = [person.id for person in people]
        identity = call_id({**self.recipe(), "calls": None, "label": label, "asked": ids, "avoid": avoid, "n": number})
        tag = {"run": run, "call": identity, "label": label, "people": ids, "avoid": avoid, "number": number}
        schema = reply_schema(self.kind, self.per_call, len(people))
        seed = seed_of(identity, self.seed)
        return DistillCall(identity, region, people, ChatRequest(prompt.fill(values), schema, seed=seed, tag=tag))


def reply_schema(kind: QuestionKind, count: int, people: int) -> dict[str, Any]:
    """JSON schema of a reply with `count` questions of a `kind`, posed by so many `people`."""
    letter = {"type": "string", "enum": list(LETTERS[:people])}
    position = {"person": letter, "position": text_schema(8, 300)}
    extra: dict[QuestionKind, dict[str, Any]] = {
        "open": {},
        "qa": {"answer": text_schema(1, 300)},
        "mcq": {
            "choices": list_schema(text_schema(1, 120), 4, 4),
            "key": {"type": "string", "enum": ["A", "B", "C", "D"]},
        },
        "debate": {"positions": list_schema(object_schema(position), 2, people)},
    }
    question = {
        "question": text_schema(12, 400),
        "topic": text_schema(3, 60),
        "level": {"type": "string", "enum": list(LEVELS)},
        "needs": list_schema(letter, min(2, people), people),
        **extra[kind],
    }
    return object_schema({"questions": list_schema(object_schema(question), count, count)})


@dataclass(frozen=True, slots=True)
class Pending:
    """A call that was chosen: for a region, the `number` of the call there and, if an interrupted run paid it, its tag."""

    region: int
    number: int
    again: Mapping[str, Any] | None = None


class Asking:
    """One run of `pgraph ask` by a `plan` for the `regions` of `store`. `stopped_by` says afterwards what ended it."""

    def __init__(self, store: GraphStore, embedder: Embedder, plan: AskPlan, run: Run, regions: Regions) -> None:
        self.plan, self.run, self.progress = plan, run.id, run.progress
        self.stopped_by: StopReason | None = None
        self._store, self._embedder, self._regions = store, embedder, regions
        self._allocation = Allocation([len(region.people) for region in regions.rows], plan.per_call)
        self._open_regions = [
            number
            for number, region in enumerate(regions.rows)
            if len(region.people) >= 2 and (not plan.only or region.id in plan.only)
        ]
        self._call_numbers: Counter[int] = Counter()
        self._topics = [Counter[str]() for _ in regions.rows]
        self._begun = run.progress.calls
        self._book = Book(embedder)
        self._load()
        if not self._open_regions:
            raise UsageError(
                f"no {plan.unit} that you chose has two personas to bring together",
                "Import or expand more personas, choose --by group, or make coarser groups: pgraph group --resolution 0.5",
            )

    def _load(self) -> None:
        numbers = {region.id: number for number, region in enumerate(self._regions.rows)}
        posed: dict[str, list[str]] = {}
        for row in sorted(self._store.read("reads/posers"), key=lambda row: (row["question"], row["persona"])):
            posed.setdefault(row["question"], []).append(row["persona"])
        for row in sorted(self._store.read("reads/questions"), key=lambda row: (row["id"], row["about"])):
            people = posed.get(row["id"], [])
            home = next((self._regions.home[person] for person in people if person in self._regions.home), None)
            region = numbers.get(row["about"], home)
            self._book.add(row["id"], row["text"], row["topic"], self._place(region))
            if region is not None:
                if row["reask"]:
                    self._call_numbers[region] += row["times"]
                else:
                    self._see(region, row["topic"], row["times"])
                self._regions.rows[region].used.update(people)
        for row in self._store.read("reads/place_failures"):
            if row["about"] in numbers:
                self._call_numbers[numbers[row["about"]]] += row["times"]
                self._allocation.miss(numbers[row["about"]], row["times"] * self.plan.per_call)

    def _see(self, region: int, topic: str, times: int = 1) -> None:
        self._allocation.see(region, topic, times)
        self._topics[region][topic] += times
        self._call_numbers[region] += times

    def _place(self, region: int | None) -> str:
        return "" if region is None else self._regions.rows[region].id

    def _pending(self, paid: Sequence[Mapping[str, Any]]) -> Iterator[Pending]:
        """The calls; `paid`: the tags of those whose replies an interrupted run left in the cache."""
        labels = {region.label: number for number, region in enumerate(self._regions.rows)}
        for tag in paid:
            if tag["label"] in labels and all(person in self._regions.people for person in tag["people"]):
                yield self._begin(Pending(labels[tag["label"]], tag["number"], tag))
        calls = len(self._open_regions) if self.plan.calls is None else self.plan.calls
        while self._begun < calls:
            region = self._allocation.next(self._open_regions)
            if region is None:
                self.stopped_by = StopReason.NOTHING_TO_ASK
                return
            yield self._begin(Pending(region, self._call_numbers[region]))
        all_asked = StopReason.EACH_GROUP if self.plan.unit == "group" else StopReason.EACH_DOMAIN
        self.stopped_by = StopReason.CALLS if self.plan.calls else all_asked

    def _begin(self, pending: Pending) -> Pending:
        self._begun += 1
        self._call_numbers[pending.region] += 1
        self._allocation.begin(pending.region)
        return pending

    async def go(self, chat: Chat, at_once: int, paid: Sequence[Mapping[str, Any]], report: Callable[[], None]) -> None:
        """Let `chat` ask to the end, at most `at_once` calls at a time.

        `report` is called after each reply. `paid`: the tags of the calls whose replies an interrupted run left in the
        cache: they come first. Raises `ModelError` if the server fails for good.
        """

        def learn(learned: DistillOutcome) -> None:
            region = learned.call.region
            self._allocation.end(region, learned.lost)
            for topic in learned.topics:
                self._allocation.see(region, topic)
                self._topics[region][topic] += 1
            report()

        await spend(self._pending(paid), self._prepare, self._absorb, learn, chat=chat, at_once=at_once)

    async def _prepare(self, pending: Pending) -> DistillCall:
        region = self._regions.rows[pending.region]
        plan = self.plan
        if pending.again is not None:
            people = [self._regions.people[person] for person in pending.again["people"]]
            avoid = pending.again["avoid"]
        else:
            avoid = ", ".join(topic for topic, _ in self._topics[pending.region].most_common(AVOIDED))
            people = await in_thread(lambda: choose_people(region, plan.people, plan.seed, self._embedder.embed))
        region.used.update(person.id for person in people)
        return plan.call(pending.region, region.label, people, run=self.run, avoid=avoid, number=pending.number)

    def _absorb(self, batch: Sequence[tuple[DistillCall, ChatReply]]) -> list[DistillOutcome]:
        """Write a batch of replies. Blocking."""
        rows = Batch()
        learned = []
        for call, reply in batch:
            lost = [reply.failure] * (self.plan.per_call if reply.paid else 0) if reply.failure else []
            topics = []
            for item in [] if reply.failure else reply.data["questions"]:
                problem = self._problem(item, len(call.people))
                if problem:
                    lost.append(problem)
                else:
                    topics.append(self._take(call, item, rows))
            self.progress.add_call(reply, Counter(lost), failed=not topics)
            if lost or reply.failure:
                statement = f"failed_on_{self._regions.unit}"
                about = self._place(call.region)
                rows.add(statement, **failure_row(self.run, call, about, reply, lost or [reply.failure]))
            learned.append(DistillOutcome(call, topics, len(lost)))
        rows.add("run", id=self.run, props=self.progress.props())
        self._store.write(*rows.writes())
        return learned

    def _problem(self, item: Mapping[str, Any], people: int) -> Unusable | None:
        text = " ".join(str(item["question"]).split())
        if len(set(item["needs"])) < min(2, people):
            return Unusable.ONE_STANDPOINT
        if self.plan.kind == "open" and not any(mark in text for mark in "?\uff1f\u061f"):
            return Unusable.NO_QUESTION
        if self.plan.kind == "mcq" and len({normal_text(choice) for choice in item["choices"]}) < 4:
            return Unusable.CHOICES_ALIKE
        if self.plan.kind == "debate" and len({entry["person"] for entry in item["positions"]}) < 2:
            return Unusable.ONE_POSITION
        return answer_problem(text, self.plan.language, shortest=SHORTEST)

    def _take(self, call: DistillCall, item: Mapping[str, Any], rows: Batch) -> str:
        """Match one question and write its rows; returns the topic it counts under."""
        plan = self.plan
        text = " ".join(str(item["question"]).split())
        topic = self._book.topic(" ".join(str(item["topic"]).split()), plan.language)
        place = self._place(call.region)
        earlier_question = self._book.find(text, place)
        question = earlier_question or "q" + digest(normal_text(text))
        if earlier_question is None:
            self._book.add(question, text, topic, place)
            extra = {name: item[name] for name in ("answer", "choices", "key") if name in item}
            if "positions" in item:
                extra["positions"] = [f"{entry['person']}: {entry['position']}" for entry in item["positions"]]
            props = {"text": text, "kind": plan.kind, "topic": topic, "level": item["level"], "level_asked": plan.level}
            props |= {"language": plan.language, "context": plan.context, "run": self.run, "call": call.id}
            rows.add("question", id=question, props={**props, **extra, "created": now()})
            for letter in sorted(set(item["needs"])):
                rows.add("posed_by", question=question, persona=call.people[LETTERS.index(letter)].id, call=call.id)
            self.progress.new += 1
        else:
            self.progress.duplicate += 1
        edge = {"run": self.run, "at": now()}
        rows.add(f"asks_about_{self._regions.unit}", question=question, about=place, call=call.id, props=edge)
        return topic

    def outlook(self) -> list[dict[str, Any]]:
        """For each region that may be asked: people, questions so far, topics, chance that the next topic is new."""
        rows = self._allocation.rows()
        return [
            {"region": (region := self._regions.rows[number]).id, "label": region.label,
             "personas": len(region.people), **rows[number]}
            for number in self._open_regions
        ]  # fmt: skip


class Book:
    """The questions asked so far: was this one among them, and what is its topic called? Matched as personas are."""

    def __init__(self, embedder: Embedder) -> None:
        self._embed = embedder.embed
        self._ids: set[str] = set()
        self._by_region: dict[str, dict[str, str]] = {}  # region -> id -> text, of those whose language can be embedded
        self._texts = KnownTexts(self._embed, self._members, lambda region: [region], Thresholds())
        self._topics: RoleBook | None = None
        self._topic_names: set[str] = set()

    def add(self, question: str, text: str, topic: str, region: str) -> None:
        if question in self._ids:
            return
        language = language_of(text)
        self._ids.add(question)
        self._topic_names.add(topic)
        self._texts.add(question, text, language, region)
        if can_embed(language):
            self._by_region.setdefault(region, {})[question] = text

    def find(self, text: str, region: str) -> str | None:
        """The question that says the same: by its exact text, its words, or its meaning within a `region`."""
        exact = "q" + digest(normal_text(text))
        if exact in self._ids:
            return exact
        match = self._texts.find(text, language_of(text), region)
        return match.survivor if match else None

    def topic(self, name: str, language: str) -> str:
        """The name to count a topic under: that of the nearest known topic, if one is near."""
        if self._topics is None:
            self._topics = RoleBook(self._topic_names, self._embed)
        return self._topics.canonical(name, language)

    def _members(self, region: str) -> tuple[list[str], list[str]]:
        questions = self._by_region.get(region, {})
        return list(questions), list(questions.values())
