"""Is this persona known? One recogniser for all that brings personas in: exact, then words, then meaning."""

from collections.abc import Sequence
from dataclasses import dataclass

from expansion.recognition.person import NamedPersona
from foundation.clock import now
from foundation.model import Embedder
from graphstore import domain_id, language_of, normal_name
from population import Loaded, Population
from population.matching import (
    DomainPlacer,
    KnownTexts,
    Placement,
    RoleBook,
    Vectors,
    can_embed,
    room_for_niches,
)
from population.runs import Batch

HELD = 200_000  # vectors of personas that are kept in memory: 300 MB; the cache on disk has them all


@dataclass(frozen=True, slots=True)
class Recognised:
    """A persona of a reply after matching, ready for `apply_recognised`. `text` is "" if its survivor was known."""

    survivor: str
    times: int
    text: str = ""
    role: str | None = None
    role_as_said: str | None = None  # the role that the model gave, if it was joined to another
    depth: int = 0
    group: str = ""
    niche: str = ""
    domain: str = ""


class Recogniser:
    """Tells new personas from known ones, and places them; keeps what matching needs.

    Nothing is loaded before the first batch, so calls are already under way while the embedding model loads. Blocking.
    """

    def __init__(self, embedder: Embedder, loaded: Loaded, run: str) -> None:
        self._embedder = embedder
        self._population = loaded.population
        self._duplicates = loaded.duplicates
        self._labels = loaded.labels
        self._thresholds = loaded.thresholds
        self._run = run
        self._vectors: dict[str, Vectors] = {}  # of the batch at hand
        ungrouped = {domain for domain, (_, group) in loaded.domains.items() if group == domain}
        room = room_for_niches(len(loaded.population.ids))
        self._places = DomainPlacer(loaded.domains, self._embed, loaded.niches, room, ungrouped)
        self._roles: RoleBook | None = None
        self._texts = KnownTexts(self._embed, self._members, self._places.around, loaded.thresholds)
        self._has_texts = False
        self._fresh: set[str] = set()  # new survivors that the population does not hold yet

    @property
    def domains(self) -> tuple[int, int]:
        """How many domains there were when this began, and how many came since."""
        return self._places.grouped, self._places.late

    def begin(self, people: Sequence[NamedPersona]) -> None:
        """Prepare for a batch: embed in one go what its `people` will be compared by.

        Call it after `apply_recognised` was called for the batch before.
        """
        self._fresh.clear()
        self._texts.drop_vectors(HELD)
        unknown = [person for person in people if self._survivor(person.id) is None]
        texts = [person.text for person in unknown if self._texts.by_meaning(person.language)]
        texts += [person.role for person in unknown if person.role and can_embed(person.language)]
        texts += [person.domain for person in unknown]
        wanted = list(dict.fromkeys(texts))
        self._vectors = dict(zip(wanted, self._embedder.embed(wanted), strict=True)) if wanted else {}

    def take(self, person: NamedPersona, depth: int, rows: Batch) -> Recognised:
        """Match one `person` and add its own `rows`; the caller adds the sighting. `depth`: hops from an import or a text."""
        survivor = self._survivor(person.id)
        if survivor is None:
            recognised = self._add(person, depth, rows)
            props = {
                "text": person.text,
                "role": recognised.role,
                "role_as_said": recognised.role_as_said,
                "language": person.language,
                "created": now(),
                "run": self._run,
            }
        else:
            recognised = Recognised(survivor, person.times, depth=depth)
            props = {}
        rows.add("persona", id=person.id, depth=depth, props=props)
        return recognised

    def _survivor(self, persona: str) -> str | None:
        """The survivor of a persona that is known by its very text."""
        if persona in self._duplicates:
            return self._duplicates[persona]
        return persona if persona in self._population.index or persona in self._fresh else None

    def _add(self, person: NamedPersona, depth: int, rows: Batch) -> Recognised:
        """A text not seen before: a new survivor, or a duplicate by its words or meaning."""
        placed = self._places.place(person.domain)
        _domain_rows(person, placed, self._run, rows)
        if placed.new == "group":
            self._labels[placed.group] = person.domain
        if placed.new:
            self._labels.setdefault(placed.niche, person.domain)
        role = self._role_book().canonical(person.role, person.language) if person.role else None
        as_said = person.role if person.role and role != person.role else None
        texts = self._known_texts()
        match = texts.find(person.text, person.language, placed.group)
        if match is not None:
            self._duplicates[person.id] = match.survivor
            rows.add("duplicate_of", persona=person.id, survivor=match.survivor, method=match.method, score=match.score)
            return Recognised(match.survivor, person.times, role=role, role_as_said=as_said, depth=depth)
        texts.add(person.id, person.text, person.language, placed.group)
        self._fresh.add(person.id)
        return Recognised(
            person.id, person.times, person.text, role, as_said, depth, placed.group, placed.niche, placed.domain
        )

    def _embed(self, texts: Sequence[str]) -> Vectors:
        if len(texts) == 1 and texts[0] in self._vectors:
            return self._vectors[texts[0]][None, :]
        return self._embedder.embed(texts)

    def _role_book(self) -> RoleBook:
        if self._roles is None:
            roles = {role for role in self._population.roles if role}
            self._roles = RoleBook(roles, self._embed, self._thresholds.roles)
        return self._roles

    def _known_texts(self) -> KnownTexts:
        if not self._has_texts:
            self._has_texts = True
            self._texts.add_words(self._population.ids, self._population.texts)
        return self._texts

    def _members(self, group: str) -> tuple[list[str], list[str]]:
        """Ids and texts of the personas of a group whose language can be embedded."""
        people = self._population
        members = [p for p in people.in_group(group) if can_embed(language_of(people.texts[p]))]
        return [people.ids[p] for p in members], [people.texts[p] for p in members]


def apply_recognised(persona: Recognised, population: Population, arm: int, call: str | None = None) -> bool:
    """Add a `persona` that was written to the graph to the `population`, as an answer of `arm`. True if its role is new.

    `call`: its id, so that two answers of one call count once. Use it on the thread that chooses: it changes what the next
    choice sees.
    """
    if persona.text:
        region = population.region(persona.niche, persona.group)
        position = population.add(persona.survivor, persona.text, persona.role, persona.depth, region, persona.domain)
        population.allow(position)
    else:
        position = population.index[persona.survivor]
        population.come_nearer(position, persona.depth)
    return population.see(position, arm, persona.times, call)


def _domain_rows(person: NamedPersona, placed: Placement, run: str, rows: Batch) -> None:
    label = person.domain
    if placed.new:
        rows.add("domain", id=placed.domain, name=normal_name(label), label=label)
        rows.add("in_group", domain=placed.domain, group=placed.group, by="vote" if placed.new == "domain" else "own")
        rows.add("niche", domain=placed.domain, niche=placed.niche)
    if placed.new == "group":
        rows.add("group", id=placed.group, props={"label": label, "size": 1, "resolution": 0.0, "run": run})
    rows.add("in_domain", persona=person.id, domain=domain_id(label), by="model")
