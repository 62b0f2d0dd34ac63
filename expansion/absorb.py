"""From replies to the graph: parse -> match -> write. One writer; a batch of replies is one transaction."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from expansion.loading import Loaded
from expansion.matching import KNOWN_LANGUAGES, Match, MeaningMatcher, RoleBook, Vectors, WordMatcher
from expansion.plan import Plan, now
from expansion.population import Population
from expansion.regions import Placed, Regions
from expansion.runs import Run
from graphstore.ids import domain_id, normal_name, persona_id
from graphstore.personas import language_of
from graphstore.roles import role_of
from graphstore.store import GraphStore, Write
from pgraph.chat import ChatReply, ChatRequest
from pgraph.embedding import Embedder

SHORTEST = 5  # words of a persona, where words have blanks between them


@dataclass(frozen=True, slots=True)
class Call:
    """One question under way."""

    id: str
    source: int  # position in the population
    relation: int
    request: ChatRequest


@dataclass(frozen=True, slots=True)
class Person:
    """One persona as the reply names it; `times` counts repetitions inside the reply."""

    id: str
    text: str
    role: str
    domain: str
    language: str
    times: int


@dataclass(frozen=True, slots=True)
class Learned:
    """What the population must be told once it is in the graph. `text` is "" for a survivor that was known."""

    call: Call
    survivor: str
    times: int
    text: str = ""
    role: str | None = None
    depth: int = 0
    region: str = ""


@dataclass(slots=True)
class _Rows:
    """What one transaction writes, in this order."""

    persona: list[dict[str, Any]] = field(default_factory=list)
    domain: list[dict[str, Any]] = field(default_factory=list)
    group: list[dict[str, Any]] = field(default_factory=list)
    in_group: list[dict[str, Any]] = field(default_factory=list)
    in_domain: list[dict[str, Any]] = field(default_factory=list)
    derived_from: list[dict[str, Any]] = field(default_factory=list)
    related_to: list[dict[str, Any]] = field(default_factory=list)
    duplicate_of: list[dict[str, Any]] = field(default_factory=list)
    failed_on: list[dict[str, Any]] = field(default_factory=list)
    run: list[dict[str, Any]] = field(default_factory=list)

    def writes(self) -> list[Write]:
        return [Write(name, rows) for name in self.__dataclass_fields__ if (rows := getattr(self, name))]


def people_in(reply: ChatReply, relation: str, per_call: int) -> tuple[list[Person], Counter[str]]:
    """The usable personas of a checked reply, each text once, and why the other answers cannot be used."""
    times: Counter[str] = Counter()
    people: dict[str, Person] = {}
    lost: Counter[str] = Counter()
    for item in reply.data["personas"][:per_call]:
        text = " ".join(str(item["persona"]).split())
        problem = "off relation" if item["relation"] != relation else _problem(text)
        if problem:
            lost[problem] += 1
            continue
        key = persona_id(text)
        times[key] += 1
        role, domain = normal_name(item["role"]), " ".join(str(item["domain"]).split())
        people[key] = Person(key, text, role or role_of(text) or "", domain, language_of(text), times[key])
    if missing := per_call - times.total() - lost.total():
        lost["missing"] = missing
    return list(people.values()), lost


def _problem(text: str) -> str:
    """What keeps a text from being a persona: it is no sentence, or it goes round in circles."""
    words = text.casefold().split()
    if text.isascii() and len(words) < SHORTEST:
        return "too short"
    return "repetitive" if len(words) >= 2 * SHORTEST and len(set(words)) < len(words) / 2 else ""


class Absorber:
    """Turns replies into rows and writes them; keeps what matching needs. Blocking: call it in a thread, one at a time.

    Nothing is loaded before the first batch, so that calls are on their way while the embedding model loads.
    """

    def __init__(self, store: GraphStore, embedder: Embedder, loaded: Loaded, plan: Plan, run: Run) -> None:
        self._store = store
        self._embedder = embedder
        self._population = loaded.population
        self._duplicates = loaded.duplicates
        self._plan = plan
        self._run = run.id
        self.progress = run.progress
        self._vectors: dict[str, Vectors] = {}  # of the batch at hand
        self._regions = Regions(loaded.domains, self._embed)
        self._roles: RoleBook | None = None
        self._words: WordMatcher | None = None
        self._meaning = MeaningMatcher()
        self._loaded: set[str] = set()
        self._fresh: dict[str, Learned] = {}  # new survivors that the population does not hold yet

    @property
    def domains(self) -> tuple[int, int]:
        """How many domains there were when this began, and how many came since."""
        return self._regions.grouped, self._regions.late

    def absorb(self, batch: Sequence[tuple[Call, ChatReply]]) -> list[Learned]:
        """Write a batch of replies; returns what was learned, for `apply` on the thread that owns the population."""
        rows = _Rows()
        learned: list[Learned] = []
        parsed = [(call, reply, *self._parse(call, reply)) for call, reply in batch]
        self._prefetch([person for _, _, people, _ in parsed for person in people])
        for call, reply, people, lost in parsed:
            learned += [self._take(call, person, rows) for person in people]
            self._count(call, reply, people, lost, rows)
        rows.run.append({"id": self._run, "props": self.progress.props()})
        self._store.write(*rows.writes())
        self._fresh.clear()
        return learned

    def _parse(self, call: Call, reply: ChatReply) -> tuple[list[Person], Counter[str]]:
        if reply.failure:
            return [], Counter({reply.failure: self._plan.per_call if reply.paid else 0})
        return people_in(reply, self._plan.relations[call.relation].id, self._plan.per_call)

    def _take(self, call: Call, person: Person, rows: _Rows) -> Learned:
        """Match one persona, write its rows, say what was learned."""
        people = self._population
        source, relation = people.ids[call.source], self._plan.relations[call.relation].id
        depth = people.depths[call.source] + 1
        survivor = self._survivor(person.id)
        if survivor is None:
            learned = self._add(call, person, depth, rows)
            props = {
                "text": person.text,
                "role": learned.role,
                "language": person.language,
                "created": now(),
                "run": self._run,
            }
        else:
            learned = Learned(call, survivor, person.times, depth=depth)
            props = {}
        self.progress.new += bool(learned.text)
        self.progress.duplicate += person.times - bool(learned.text)
        edge = {"relation": relation, "run": self._run, "times": person.times, "at": now()}
        rows.persona.append({"id": person.id, "depth": depth, "props": props})
        rows.derived_from.append({"persona": person.id, "source": source, "call": call.id, "props": edge})
        if person.id != source:
            rows.related_to.append({"source": source, "persona": person.id, "kind": relation})
        return learned

    def _survivor(self, persona: str) -> str | None:
        """The survivor of a persona that is known by its very text."""
        if persona in self._duplicates:
            return self._duplicates[persona]
        return persona if persona in self._population.index or persona in self._fresh else None

    def _add(self, call: Call, person: Person, depth: int, rows: _Rows) -> Learned:
        """A text not seen before: a new survivor, or a duplicate by its words or meaning."""
        placed = self._regions.place(person.domain)
        _domain_rows(person, placed, self._run, rows)
        role = self._role_book().canonical(person.role, person.language) if person.role else None
        match = self._find(person, placed.region)
        if match is not None:
            self._duplicates[person.id] = match.survivor
            rows.duplicate_of.append(
                {"persona": person.id, "survivor": match.survivor, "method": match.method, "score": match.score}
            )
            return Learned(call, match.survivor, person.times, role=role, depth=depth)
        self._word_matcher().add(person.id, person.text)
        if person.language in KNOWN_LANGUAGES:
            self._meaning.add(placed.region, [person.id], self._embed([person.text]))
        learned = Learned(call, person.id, person.times, person.text, role, depth, placed.region)
        self._fresh[person.id] = learned
        return learned

    def _find(self, person: Person, region: str) -> Match | None:
        match = self._word_matcher().find(person.text)
        if match is None and person.language in KNOWN_LANGUAGES:
            around = self._regions.around(region)
            for place in around:
                self._load_region(place)
            match = self._meaning.find(around, self._embed([person.text])[0])
        return match

    def _count(self, call: Call, reply: ChatReply, people: Sequence[Person], lost: Counter[str], rows: _Rows) -> None:
        self.progress.count(reply, lost, whole=not people)
        if lost:
            props = {
                "relation": self._plan.relations[call.relation].id,
                "reason": ", ".join(sorted(lost)),
                "times": lost.total(),
                "at": now(),
                "paid": reply.paid,
                "whole": not people,
            }
            source = self._population.ids[call.source]
            rows.failed_on.append({"run": self._run, "persona": source, "call": call.id, "props": props})

    # --- what matching needs, loaded when the first reply is there

    def _prefetch(self, people: Sequence[Person]) -> None:
        """Embed all that this batch may compare in one go."""
        unknown = [person for person in people if self._survivor(person.id) is None]
        texts = [person.text for person in unknown if person.language in KNOWN_LANGUAGES]
        texts += [person.role for person in unknown if person.role and person.language in KNOWN_LANGUAGES]
        texts += [person.domain for person in unknown]
        wanted = list(dict.fromkeys(texts))
        self._vectors = dict(zip(wanted, self._embedder.embed(wanted), strict=True)) if wanted else {}

    def _embed(self, texts: Sequence[str]) -> Vectors:
        if len(texts) == 1 and texts[0] in self._vectors:
            return self._vectors[texts[0]][None, :]
        return self._embedder.embed(texts)

    def _role_book(self) -> RoleBook:
        if self._roles is None:
            self._roles = RoleBook({role for role in self._population.roles if role}, self._embed)
        return self._roles

    def _word_matcher(self) -> WordMatcher:
        if self._words is None:
            self._words = WordMatcher()
            for persona, text in zip(self._population.ids, self._population.texts, strict=True):
                self._words.add(persona, text)
        return self._words

    def _load_region(self, region: str) -> None:
        if region in self._loaded:
            return
        self._loaded.add(region)
        people = self._population
        number = people.region_index.get(region)
        members = (
            [p for p in people.members(number) if language_of(people.texts[p]) in KNOWN_LANGUAGES]
            if number is not None
            else []
        )
        if members:
            self._meaning.add(
                region, [people.ids[p] for p in members], self._embedder.embed([people.texts[p] for p in members])
            )


def apply(learned: Learned, population: Population) -> bool:
    """Tell the population; True when the species is new. Call it on the thread that chooses."""
    arm = population.arm(learned.call.source, learned.call.relation)
    if learned.text:
        region = population.region(learned.region)
        position = population.add(learned.survivor, learned.text, learned.role, learned.depth, region)
        population.allow(position)
    else:
        position = population.index[learned.survivor]
        population.come_nearer(position, learned.depth)
    return population.see(position, arm, learned.times)


def _domain_rows(person: Person, placed: Placed, run: str, rows: _Rows) -> None:
    label = person.domain
    if placed.new:
        rows.domain.append({"id": placed.domain, "name": normal_name(label), "label": label})
        rows.in_group.append(
            {"domain": placed.domain, "group": placed.region, "by": "vote" if placed.new == "domain" else "own"}
        )
    if placed.new == "group":
        rows.group.append({"id": placed.region, "props": {"label": label, "size": 1, "resolution": 0.0, "run": run}})
    rows.in_domain.append({"persona": person.id, "domain": domain_id(label), "by": "model"})
