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
from population import Counted, Loaded
from population.runs import Batch, Run


@dataclass(frozen=True, slots=True)
class PersonaCall:
    """A question about a persona that is under way; `source` is its position in the population, `relation` a number."""

    id: str
    source: int
    relation: int
    request: ChatRequest
    reason: Reason


@dataclass(frozen=True, slots=True)
class CallOutcome:
    """The outcome of a call: `answers` asked for and paid for, the personas among them, and how much of those is new.

    `new`: answers with a new role, a new persona or whatever the plan counts; where it counts several things, an answer with
    one of two new counts a half. `new_roles`: whatever the plan counts. `hits`: answers that landed in the region that the
    call named, None where it named none.
    """

    call: PersonaCall | TextCall
    answers: int
    recognised: Sequence[Recognised]
    new: float
    new_roles: int
    hits: int | None = None
    tokens_in: int = 0
    tokens_out: int = 0

    @property
    def usable(self) -> int:
        return sum(persona.times for persona in self.recognised)

    def brought(self) -> dict[str, float]:
        """For the graph and for `--explain`: answers asked for, usable ones, new ones, tokens, hits where a region was named."""
        return {
            "answers": self.answers,
            "usable": self.usable,
            "new": self.new,
            "tokens_in": self.tokens_in,
            "tokens_out": self.tokens_out,
            **({} if self.hits is None else {"hits": self.hits}),
        }


def _tokens(reply: ChatReply) -> tuple[int, int]:
    return reply.tokens_in, reply.tokens_out


def people_in(reply: ChatReply, relation: str, per_call: int) -> tuple[list[NamedPersona], Counter[str]]:
    """The usable personas of a checked reply, each text once, and why the other answers cannot be used."""
    people: dict[str, NamedPersona] = {}
    lost: Counter[str] = Counter()
    for item in reply.data["personas"][:per_call]:
        reason = Unusable.OFF_RELATION if item["relation"] != relation else text_problem(one_line(item["persona"]))
        if reason:
            lost[reason] += 1
            continue
        persona = named_persona(item)
        before = people[persona.id].times if persona.id in people else 0
        people[persona.id] = replace(persona, times=before + 1)
    if missing := per_call - sum(persona.times for persona in people.values()) - lost.total():
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
        """As `Recogniser.domains`."""
        return self._recogniser.domains

    def absorb(self, batch: Sequence[tuple[PersonaCall | TextCall, ChatReply]]) -> list[CallOutcome]:
        """Write a `batch` of calls with their replies in one transaction.

        Returns the outcome of each, for `apply_recognised` on the thread that owns the population. Raises `StoreError`.
        """
        rows = Batch()
        parsed = [(call, reply, *self._parse(call, reply)) for call, reply in batch if isinstance(call, PersonaCall)]
        texts = read_answers([(call, reply) for call, reply in batch if isinstance(call, TextCall)])
        drawn = [answer.person for answer in texts if answer.person is not None]
        self._recogniser.begin([*(person for _, _, people, _ in parsed for person in people), *drawn])
        named: set[tuple[Counted, str]] = set()
        places: dict[str, str] = {}  # new survivors of the batch so far -> niche
        outcomes = []
        for call, reply, people, lost in parsed:
            at = now()  # one time for all answers of a call
            recognised = [self._take(call, persona, at, rows) for persona in people]
            places.update((persona.survivor, persona.niche) for persona in recognised if persona.text)
            self.progress.add_call(reply, lost, failed=not people)
            if lost:
                self._lose(call, reply, lost, at, rows, whole=not people)
            answers = self._plan.per_call if reply.paid else 0
            hits = self._hits(call, recognised, places)
            new = self._new(recognised, named)
            outcomes.append(CallOutcome(call, answers, recognised, *new, hits, *_tokens(reply)))
        for answer, persona in take_answers(texts, self._recogniser, self.progress, self._run, rows):
            recognised = [] if persona is None else [persona]
            paid = int(answer.reply.paid)
            outcomes.append(
                CallOutcome(answer.call, paid, recognised, *self._new(recognised, named), None, *_tokens(answer.reply))
            )
        for outcome in outcomes:
            self._write_asked(outcome, rows)
        rows.add("run", id=self._run, props=self.progress.props())
        self._store.write(*rows.writes())
        return outcomes

    def _new(self, recognised: Sequence[Recognised], named: set[tuple[Counted, str]]) -> tuple[float, int]:
        """How many answers are new, as `CallOutcome.new`, and how many name a new role.

        `named`: what came up in the batch so far, which grows.
        """
        people, first = self._population, set[tuple[Counted, str]]()
        for persona in recognised:
            if persona.text:
                first.add((Counted.PERSONA, persona.survivor))
                if (role := persona.role or persona.survivor) not in people.tally.seen:
                    first.add((Counted.ROLE, role))
                if persona.domain not in people.worth.seen:
                    first.add((Counted.DOMAIN, persona.domain))
        new = Counter(counted for counted, _ in first - named)
        named |= first
        return sum(new[counted] for counted in people.count) / len(people.count), new[Counted.ROLE]

    def _hits(self, call: PersonaCall, recognised: Sequence[Recognised], places: Mapping[str, str]) -> int | None:
        if not call.reason.named:
            return None
        people = self._population

        def region(survivor: str) -> str:
            return places.get(survivor) or people.region_ids[people.regions[people.index[survivor]]]

        return sum(persona.times for persona in recognised if region(persona.survivor) == call.reason.toward)

    def _write_asked(self, outcome: CallOutcome, rows: Batch) -> None:
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
        """Match one persona and add its rows."""
        people = self._population
        source, relation = people.ids[call.source], self._plan.relations[call.relation].id
        recognised = self._recogniser.take(person, people.depths[call.source] + 1, rows)
        self.progress.add_personas(person.times, new=bool(recognised.text))
        edge = {"relation": relation, "run": self._run, "times": person.times, "at": at}
        if person.probability is not None:
            edge["probability"] = person.probability
        if call.reason.named:
            edge["void"] = True
        rows.add("derived_from", persona=person.id, source=source, call=call.id, props=edge)
        if person.id != source:
            rows.add("related_to", source=source, persona=person.id, kind=relation)
        return recognised

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
