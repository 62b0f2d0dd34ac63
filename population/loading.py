"""The population as the graph has it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, NamedTuple, Protocol

from graphstore import GraphStore
from population.counted import Counted
from population.coverage import NO_ARM, NO_CALL, joined
from population.matching import Thresholds, resolved, thresholds_of
from population.population import Population


class TextArmNumbers(Protocol):
    """Texts that are arms as well, by bucket (a file and a stance)."""

    @property
    def buckets(self) -> int: ...

    def arm(self, text: str, stance: str) -> int:
        """The arm that answers about a text count for; NO_ARM if the text is not one of them."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A population with what else was read of it; lists are by position."""

    population: Population
    duplicates: dict[str, str]  # persona -> its survivor
    domains: dict[str, tuple[str, str]]  # domain -> label, group
    labels: dict[str, str]  # region -> label
    sightings: list[int]  # of each survivor, its duplicates' included
    calls: list[str]  # that named it or its duplicates: the only one, NO_CALL or CALLS
    imports: list[int]  # rows of files that brought it or its duplicates
    thresholds: Thresholds = field(default_factory=Thresholds)
    niches: dict[str, str] = field(default_factory=dict)  # domain -> niche, if its regions are niches

    def position(self, persona: str) -> int | None:
        """The position of `persona`, or of its survivor; None if another process wrote it while this was read."""
        return self.population.index.get(self.duplicates.get(persona, persona))


def load_population(
    store: GraphStore,
    relations: list[str],
    depth: int | None,
    *,
    allowed: set[str] | None = None,
    run: str = "",
    texts: TextArmNumbers | None = None,
    by_niche: bool = False,
    count: Sequence[Counted] = (Counted.ROLE,),
) -> Loaded:
    """Stream the graph `store` into memory: about 0.6 kB a persona, 15 µs a persona and a sighting.

    `relations` are the ids of the kinds in use; sightings along others count for their region but for no arm. `depth` is
    the limit of `Population`. Only the personas in `allowed` may be asked, and those that `run`, a run that is continued,
    has found. Answers about the pieces of `texts` count for their arms. `by_niche`: the regions are niches, as the choice
    counts; otherwise groups, as people read them. `count`: what `Population.worth` counts.
    """
    population = Population(len(relations), depth, 0 if texts is None else texts.buckets, count)
    if allowed is not None:
        population.restrict(allowed)
    domains, labels, niches = _domains(store)
    if by_niche:
        labels |= {niche: domains[niche][0] for niche in niches.values() if niche in domains}
    else:
        niches = {}
    rows, marks = _personas(store, domains)
    loaded = Loaded(population, resolved(marks), domains, labels, [], [], [], thresholds_of(store), niches)
    survivors = (row for row in reversed(rows) if row.id not in marks)
    population.add_regions({niches.get(row.domain, row.group): row.group for row in survivors})
    duplicate_imports: list[tuple[str, int]] = []  # duplicates that were imported, how often
    while rows:
        row = rows.pop()
        if row.id in marks:
            duplicate_imports.append((row.id, row.imports))
        else:
            _add_survivor(loaded, row)
    lost = [persona for persona, survivor in loaded.duplicates.items() if survivor not in population.index]
    for persona in lost:
        del loaded.duplicates[persona]
    for persona, times in duplicate_imports:
        _imported(loaded, loaded.position(persona), times)
    relation_numbers = {name: number for number, name in enumerate(relations)}
    _fold_sightings(store, loaded, relation_numbers, run, texts)
    _fold_failures(store, loaded, relation_numbers, texts)
    return loaded


class _Row(NamedTuple):
    id: str
    text: str
    role: str | None
    depth: int
    group: str  # the domain where it has none
    domain: str
    imports: int


def _personas(store: GraphStore, domains: Mapping[str, tuple[str, str]]) -> tuple[list[_Row], dict[str, str]]:
    """Every persona, by id from the last to the first, and who is whose duplicate."""
    rows: dict[str, _Row] = {}
    marks: dict[str, str] = {}
    shared_texts: dict[str, str] = {}  # one object for equal strings: many personas have the same role, domain, region
    for row in store.read("reads/population"):
        if row["survivor"] is not None:
            marks[row["id"]] = row["survivor"]
        role = row["role"]
        domain = shared_texts.setdefault(row["domain"] or "", row["domain"] or "")
        group = domains[domain][1] if domain in domains else domain
        rows[row["id"]] = _Row(
            row["id"],
            row["text"] or "",
            None if role is None else shared_texts.setdefault(role, role),
            row["depth"] or 0,
            group,
            domain,
            row["imports"],
        )
    return sorted(rows.values(), key=attrgetter("id"), reverse=True), marks


def _add_survivor(loaded: Loaded, row: _Row) -> None:
    population = loaded.population
    region = population.region(loaded.niches.get(row.domain, row.group), row.group)
    position = population.add(row.id, row.text, row.role, row.depth, region, row.domain)
    loaded.sightings.append(0)
    loaded.calls.append(NO_CALL)
    loaded.imports.append(0)
    _imported(loaded, position, row.imports)


def _imported(loaded: Loaded, position: int | None, times: int) -> None:
    if times and position is not None:
        loaded.population.know(position)
        loaded.imports[position] += times


def _domains(store: GraphStore) -> tuple[dict[str, tuple[str, str]], dict[str, str], dict[str, str]]:
    """By domain its label and group, the labels of the groups, and by domain its niche."""
    domains: dict[str, tuple[str, str]] = {}
    niches: dict[str, str] = {}
    labels = {"": "(no domain)"}
    for row in store.read("reads/domain_places"):
        region = row["region"] or row["id"]
        labels[region] = row["region_label"] if row["region"] else row["label"]
        domains[row["id"]] = row["label"], region
        if row["niche"] is not None:
            niches[row["id"]] = row["niche"]
    return domains, labels, niches


def _fold_sightings(
    store: GraphStore, loaded: Loaded, relations: dict[str, int], run: str, texts: TextArmNumbers | None
) -> None:
    population = loaded.population
    for row in store.read("reads/sightings"):
        persona = loaded.position(row["persona"])
        source = None if row["source"] is None else loaded.position(row["source"])
        if persona is None or (source is None and row["source"] is not None):
            continue
        relation = relations.get(row["relation"])
        loaded.sightings[persona] += row["times"]
        loaded.calls[persona] = joined(loaded.calls[persona], row["call"])
        if run and row["run"] == run:
            population.allow(persona)
        if source is None or relation is None:
            population.see(persona, _text_arm(texts, row), row["times"], row["call"])
        else:
            population.mark_asked(source, relation)
            arm = NO_ARM if row["void"] else population.arm(source, relation)
            population.see(persona, arm, row["times"], row["call"])


def _fold_failures(store: GraphStore, loaded: Loaded, relations: dict[str, int], texts: TextArmNumbers | None) -> None:
    population = loaded.population
    for row in store.read("reads/failures"):
        source = loaded.position(row["source"])
        relation = relations.get(row["relation"])
        if source is not None and relation is not None:
            if row["paid"]:
                population.mark_asked(source, relation)
            population.miss(NO_ARM if row["void"] else population.arm(source, relation), row["times"])
    for row in [] if texts is None else store.read("reads/text_failures"):
        population.miss(_text_arm(texts, row), row["times"])


def _text_arm(texts: TextArmNumbers | None, row: Mapping[str, Any]) -> int:
    return NO_ARM if texts is None or row["text"] is None else texts.arm(row["text"], row["stance"])
