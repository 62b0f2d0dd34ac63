"""From replies to the graph: parse -> match -> write. One writer; a batch of replies is one transaction."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from expansion.personas.plan import Plan
from expansion.recognition import NamedPersona, Recognised, Recogniser, named_persona, one_line, text_problem
from expansion.selection import Reason
from expansion.texts import TextCall, read_answers, take_answers
from foundation import Unusable
from foundation.clock import now
from foundation.model import ChatReply, ChatRequest, Embedder
from graphstore import GraphStore
from population import Loaded
from population.runs import Batch, Run


@dataclass(frozen=True, slots=True)
class PersonaCall:
    """One question under way."""

    id: str
    source: int  # position in the population
    relation: int
    request: ChatRequest
    reason: Reason


@dataclass(frozen=True, slots=True)
class CallOutcome:
    """What came of a call: `answers` asked for and paid, the survivors among them, and how many new species that makes.

    `hits`: answers that landed in the region that the call named, None where it named none.
    """

    call: PersonaCall | TextCall
    answers: int
    learned: Sequence[Recognised]
    new: int
    hits: int | None = None

    def brought(self) -> dict[str, int]:
        usable = sum(one.times for one in self.learned)
        return {
            "answers": self.answers,
            "usable": usable,
            "new": self.new,
            **({} if self.hits is None else {"hits": self.hits}),
        }


def people_in(reply: ChatReply, relation: str, per_call: int) -> tuple[list[NamedPersona], Counter[str]]:
    """The usable personas of a checked reply, each text once, and why the other answers cannot be used."""
    people: dict[str, NamedPersona] = {}
    lost: Counter[str] = Counter()
    for item in reply.data["personas"][:per_call]:
        reason = Unusable.OFF_RELATION if item["relation"] != relation else text_problem(one_line(item["persona"]))
        if reason:
            lost[reason] += 1
            continue
        found = named_persona(item)
        before = people[found.id].times if found.id in people else 0
        people[found.id] = replace(found, times=before + 1)
    if missing := per_call - sum(one.times for one in people.values()) - lost.total():
        lost[Unusable.MISSING] = missing
    return list(people.values()), lost


class Absorber:
    """Turns replies into rows and writes them. Blocking: call it in a thread, one at a time."""

    def __init__(self, store: GraphStore, embedder: Embedder, loaded: Loaded, plan: Plan, run: Run) -> None:
        self._store = store
        self._population = loaded.population
        self._plan = plan
        self._run = run.id
        self.progress = run.progress
        self._recogniser = Recogniser(embedder, loaded, run.id)

    @property
    def domains(self) -> tuple[int, int]:
        return self._recogniser.domains

    def absorb(self, batch: Sequence[tuple[PersonaCall | TextCall, ChatReply]]) -> list[CallOutcome]:
        """Write a batch of replies; returns what was learned, for `apply` on the thread that owns the population."""
        rows = Batch()
        parsed = [(call, reply, *self._parse(call, reply)) for call, reply in batch if isinstance(call, PersonaCall)]
        texts = read_answers([(call, reply) for call, reply in batch if isinstance(call, TextCall)])
        drawn = [answer.person for answer in texts if answer.person is not None]
        self._recogniser.begin([*(person for _, _, people, _ in parsed for person in people), *drawn])
        named: set[str] = set()
        places: dict[str, str] = {}  # new survivors of the batch so far -> region
        outcomes = []
        for call, reply, people, lost in parsed:
            at = now()  # one time for all answers of a call
            learned = [self._take(call, persona, at, rows) for persona in people]
            places.update((one.survivor, one.region) for one in learned if one.text)
            self.progress.called(reply, lost, failed=not people)
            if lost:
                self._lose(call, reply, lost, at, rows, whole=not people)
            answers = self._plan.per_call if reply.paid else 0
            outcomes.append(
                CallOutcome(call, answers, learned, self._new(learned, named), self._hits(call, learned, places))
            )
        for answer, one in take_answers(texts, self._recogniser, self.progress, self._run, rows):
            learned = [] if one is None else [one]
            outcomes.append(CallOutcome(answer.call, int(answer.reply.paid), learned, self._new(learned, named)))
        for outcome in outcomes:
            self._asked(outcome, rows)
        rows.add("run", id=self._run, props=self.progress.props())
        self._store.write(*rows.writes())
        return outcomes

    def _new(self, learned: Sequence[Recognised], named: set[str]) -> int:
        """How many species of these came up for the first time. `named`: those of the batch so far, which grows."""
        species = {one.role or one.survivor for one in learned if one.text}
        new = {one for one in species if one not in self._population.tally.seen} - named
        named |= new
        return len(new)

    def _hits(self, call: PersonaCall, learned: Sequence[Recognised], places: Mapping[str, str]) -> int | None:
        if not call.reason.named:
            return None
        people = self._population

        def region(survivor: str) -> str:
            return places.get(survivor) or people.region_ids[people.regions[people.index[survivor]]]

        return sum(one.times for one in learned if region(one.survivor) == call.reason.toward)

    def _asked(self, outcome: CallOutcome, rows: Batch) -> None:
        call = outcome.call
        props = {**call.reason.props(), **outcome.brought(), "at": now()}
        if isinstance(call, TextCall):
            props["stance"] = call.stance
            rows.add("asked_text", run=self._run, text=call.piece.id, call=call.id, props=props)
        else:
            kind = self._plan.relations[call.relation]
            props |= {"relation": kind.id, "distance": kind.distance}
            source = self._population.ids[call.source]
            rows.add("asked", run=self._run, persona=source, call=call.id, props=props)

    def _parse(self, call: PersonaCall, reply: ChatReply) -> tuple[list[NamedPersona], Counter[str]]:
        if reply.failure:
            return [], Counter({reply.failure: self._plan.per_call if reply.paid else 0})
        return people_in(reply, self._plan.relations[call.relation].id, self._plan.per_call)

    def _take(self, call: PersonaCall, person: NamedPersona, at: str, rows: Batch) -> Recognised:
        """Match one persona, write its rows, say what was learned."""
        people = self._population
        source, relation = people.ids[call.source], self._plan.relations[call.relation].id
        learned = self._recogniser.take(person, people.depths[call.source] + 1, rows)
        self.progress.found(person.times, new=bool(learned.text))
        edge = {"relation": relation, "run": self._run, "times": person.times, "at": at}
        if person.probability is not None:
            edge["probability"] = person.probability
        if call.reason.named:
            edge["void"] = True
        rows.add("derived_from", persona=person.id, source=source, call=call.id, props=edge)
        if person.id != source:
            rows.add("related_to", source=source, persona=person.id, kind=relation)
        return learned

    def _lose(
        self, call: PersonaCall, reply: ChatReply, lost: Counter[str], at: str, rows: Batch, *, whole: bool
    ) -> None:
        """Write which answers of a call cannot be used; `whole`: none can."""
        props = {
            "relation": self._plan.relations[call.relation].id,
            "reason": ", ".join(sorted(lost)),
            "times": lost.total(),
            "at": at,
            "paid": reply.paid,
            "whole": whole,
            **({"void": True} if call.reason.named else {}),
        }
        source = self._population.ids[call.source]
        rows.add("failed_on", run=self._run, persona=source, call=call.id, props=props)
