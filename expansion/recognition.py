"""Is this persona known? One recogniser for all that brings personas in: exact, then words, then meaning."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from expansion.loading import Loaded
from expansion.matching import KNOWN_LANGUAGES, Match, MeaningMatcher, RoleBook, Vectors, WordMatcher
from expansion.plan import now
from expansion.population import Population
from expansion.regions import Placed, Regions
from graphstore.ids import domain_id, normal_name, persona_id
from graphstore.personas import language_of
from graphstore.roles import role_of
from graphstore.store import Write
from pgraph.embedding import Embedder

HELD = 200_000  # vectors of personas that are kept in memory: 300 MB; the cache on disk has them all
SHORTEST = 5  # words of a persona, where words have blanks between them


@dataclass(frozen=True, slots=True)
class Person:
    """One persona as the reply names it; `times` counts repetitions inside the reply."""

    id: str
    text: str
    role: str
    domain: str
    language: str
    times: int
    probability: float | None = None  # of naming it, as the model says


@dataclass(frozen=True, slots=True)
class Learned:
    """What the population must be told once it is in the graph. `text` is "" for a survivor that was known."""

    survivor: str
    times: int
    text: str = ""
    role: str | None = None
    said: str | None = None  # the role that the model gave, where it was joined to another
    depth: int = 0
    region: str = ""


@dataclass(slots=True)
class Rows:
    """What one transaction writes, in this order."""

    text: list[dict[str, Any]] = field(default_factory=list)
    persona: list[dict[str, Any]] = field(default_factory=list)
    domain: list[dict[str, Any]] = field(default_factory=list)
    group: list[dict[str, Any]] = field(default_factory=list)
    in_group: list[dict[str, Any]] = field(default_factory=list)
    in_domain: list[dict[str, Any]] = field(default_factory=list)
    derived_from: list[dict[str, Any]] = field(default_factory=list)
    derived_from_text: list[dict[str, Any]] = field(default_factory=list)
    related_to: list[dict[str, Any]] = field(default_factory=list)
    duplicate_of: list[dict[str, Any]] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    asked_text: list[dict[str, Any]] = field(default_factory=list)
    failed_on: list[dict[str, Any]] = field(default_factory=list)
    failed_on_text: list[dict[str, Any]] = field(default_factory=list)
    run: list[dict[str, Any]] = field(default_factory=list)

    def writes(self) -> list[Write]:
        return [Write(name, rows) for name in self.__dataclass_fields__ if (rows := getattr(self, name))]


def person(item: Mapping[str, Any], times: int = 1) -> Person:
    """A persona of a reply, made plain."""
    text = plain(item["persona"])
    role = normal_name(item["role"])
    known = role or role_of(text) or "", plain(item["domain"]), language_of(text)
    return Person(persona_id(text), text, *known, times, probability(item.get("probability")))


def probability(value: object) -> float | None:
    """What a reply says, where it is one: a number from 0 to 1."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if number and 0 <= value <= 1 else None  # type: ignore[operator, arg-type]


def plain(text: object) -> str:
    return " ".join(str(text).split())


def problem(text: str) -> str:
    """What keeps a text from being a persona: it is no sentence, or it goes round in circles."""
    words = text.casefold().split()
    if text.isascii() and len(words) < SHORTEST:
        return "too short"
    return "repetitive" if len(words) >= 2 * SHORTEST and len(set(words)) < len(words) / 2 else ""


class Recogniser:
    """Tells new personas from known ones, and places them; keeps what matching needs.

    Nothing is loaded before the first batch, so that calls are on their way while the embedding model loads. Blocking.
    """

    def __init__(self, embedder: Embedder, loaded: Loaded, run: str) -> None:
        self._embedder = embedder
        self._population = loaded.population
        self._duplicates = loaded.duplicates
        self._labels = loaded.labels
        self._thresholds = loaded.thresholds
        self._run = run
        self._vectors: dict[str, Vectors] = {}  # of the batch at hand
        self._regions = Regions(loaded.domains, self._embed)
        self._roles: RoleBook | None = None
        self._words: WordMatcher | None = None
        self._meaning = MeaningMatcher(loaded.thresholds.meaning)
        self._loaded: dict[str, None] = {}  # regions whose vectors are in memory, the one used last at the end
        self._fresh: set[str] = set()  # new survivors that the population does not hold yet

    @property
    def domains(self) -> tuple[int, int]:
        """How many domains there were when this began, and how many came since."""
        return self._regions.grouped, self._regions.late

    def begin(self, people: Sequence[Person]) -> None:
        """Embed all that a batch may compare in one go; the population knows by now what came before."""
        self._fresh.clear()
        while len(self._meaning) > HELD and len(self._loaded) > 1:
            region = next(iter(self._loaded))
            del self._loaded[region]
            self._meaning.drop(region)
        unknown = [person for person in people if self._survivor(person.id) is None]
        texts = [person.text for person in unknown if self._by_meaning(person)]
        texts += [person.role for person in unknown if person.role and person.language in KNOWN_LANGUAGES]
        texts += [person.domain for person in unknown]
        wanted = list(dict.fromkeys(texts))
        self._vectors = dict(zip(wanted, self._embedder.embed(wanted), strict=True)) if wanted else {}

    def take(self, person: Person, depth: int, rows: Rows) -> Learned:
        """Match one persona, add its own rows (the sighting is the caller's), say what was learned."""
        survivor = self._survivor(person.id)
        if survivor is None:
            learned = self._add(person, depth, rows)
            props = {
                "text": person.text,
                "role": learned.role,
                "role_as_said": learned.said,
                "language": person.language,
                "created": now(),
                "run": self._run,
            }
        else:
            learned = Learned(survivor, person.times, depth=depth)
            props = {}
        rows.persona.append({"id": person.id, "depth": depth, "props": props})
        return learned

    def _survivor(self, persona: str) -> str | None:
        """The survivor of a persona that is known by its very text."""
        if persona in self._duplicates:
            return self._duplicates[persona]
        return persona if persona in self._population.index or persona in self._fresh else None

    def _add(self, person: Person, depth: int, rows: Rows) -> Learned:
        """A text not seen before: a new survivor, or a duplicate by its words or meaning."""
        placed = self._regions.place(person.domain)
        _domain_rows(person, placed, self._run, rows)
        if placed.new == "group":
            self._labels[placed.region] = person.domain
        role = self._role_book().canonical(person.role, person.language) if person.role else None
        said = person.role if person.role and role != person.role else None
        match = self._find(person, placed.region)
        if match is not None:
            self._duplicates[person.id] = match.survivor
            rows.duplicate_of.append(
                {"persona": person.id, "survivor": match.survivor, "method": match.method, "score": match.score}
            )
            return Learned(match.survivor, person.times, role=role, said=said, depth=depth)
        self._word_matcher().add(person.id, person.text)
        if self._by_meaning(person):
            self._meaning.add(placed.region, [person.id], self._embed([person.text]))
        self._fresh.add(person.id)
        return Learned(person.id, person.times, person.text, role, said, depth, placed.region)

    def _find(self, person: Person, region: str) -> Match | None:
        match = self._word_matcher().find(person.text)
        if match is None and self._by_meaning(person):
            around = self._regions.around(region)
            for place in around:
                self._load_region(place)
            match = self._meaning.find(around, self._embed([person.text])[0])
        return match

    def _by_meaning(self, person: Person) -> bool:
        return person.language in KNOWN_LANGUAGES and self._thresholds.meaning < 1

    def _embed(self, texts: Sequence[str]) -> Vectors:
        if len(texts) == 1 and texts[0] in self._vectors:
            return self._vectors[texts[0]][None, :]
        return self._embedder.embed(texts)

    def _role_book(self) -> RoleBook:
        if self._roles is None:
            roles = {role for role in self._population.roles if role}
            self._roles = RoleBook(roles, self._embed, self._thresholds.roles)
        return self._roles

    def _word_matcher(self) -> WordMatcher:
        if self._words is None:
            self._words = WordMatcher(self._thresholds.words)
            self._words.add_all(self._population.ids, self._population.texts)
        return self._words

    def _load_region(self, region: str) -> None:
        known = region in self._loaded
        self._loaded.pop(region, None)
        self._loaded[region] = None
        if known:
            return
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


def apply(learned: Learned, population: Population, arm: int, call: str | None = None) -> bool:
    """Tell the population; True when the species is new. Call it on the thread that chooses."""
    if learned.text:
        region = population.region(learned.region)
        position = population.add(learned.survivor, learned.text, learned.role, learned.depth, region)
        population.allow(position)
    else:
        position = population.index[learned.survivor]
        population.come_nearer(position, learned.depth)
    return population.see(position, arm, learned.times, call)


def _domain_rows(person: Person, placed: Placed, run: str, rows: Rows) -> None:
    label = person.domain
    if placed.new:
        rows.domain.append({"id": placed.domain, "name": normal_name(label), "label": label})
        rows.in_group.append(
            {"domain": placed.domain, "group": placed.region, "by": "vote" if placed.new == "domain" else "own"}
        )
    if placed.new == "group":
        rows.group.append({"id": placed.region, "props": {"label": label, "size": 1, "resolution": 0.0, "run": run}})
    rows.in_domain.append({"persona": person.id, "domain": domain_id(label), "by": "model"})
