"""What the server answers to the page, where the answer has a fixed form; what a query returns stays a dictionary."""

from dataclasses import dataclass, fields
from typing import Any

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class PageAnswer:
    """An answer to the page, or a part of one: its fields are the keys of the JSON, in this order."""

    def as_json(self) -> Row:
        return {field.name: _plain(getattr(self, field.name)) for field in fields(self)}


def _plain(value: object) -> object:
    if isinstance(value, PageAnswer):
        return value.as_json()
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


@dataclass(frozen=True, slots=True)
class RegionPage(PageAnswer):
    """A page of the personas of a region; `more`: there are further pages."""

    id: str
    domains: list[str]
    people: list[Row]
    more: bool
    questions: list[Row]  # on the first page only


@dataclass(frozen=True, slots=True)
class CrowdPicture(PageAnswer):
    """The personas of a region as dots; `more`: they are a sample.

    `people`: [id, role, depth, relation, source]; `relation` is a position in `relations` and `source` one in `people`, -1
    for none.
    """

    relations: list[str]
    people: list[list[Any]]
    more: bool


@dataclass(frozen=True, slots=True)
class MatchCounts(PageAnswer):
    """How many personas of each region the filters leave."""

    personas: dict[str, int]


@dataclass(frozen=True, slots=True)
class FoundPeople(PageAnswer):
    """The first personas that a search found; `more`: there are others."""

    words: str
    people: list[Row]
    more: bool


@dataclass(frozen=True, slots=True)
class NearestPeople(FoundPeople):
    """The personas nearest in meaning to the words, each with its `similarity`.

    `known`: how many personas have a vector, of all in the graph (`of`); `model`: the embedding model.
    """

    known: int
    of: int
    model: str


@dataclass(frozen=True, slots=True)
class ShownCall(PageAnswer):
    """A call that named a persona.

    `answers`, `usable` and `new` count its answers; None if the graph keeps no counts. `why`: the reason in words, or "".
    `others`: personas that it named too. `words`: the messages that were sent, or None, and then `why_not` says why.
    """

    call: str
    at: str | None
    kind: str  # of its source: "persona" or "text"
    source: str
    name: str | None
    relation: str
    run: str | None
    command: str | None
    model: str | None
    answers: int | None
    usable: int | None
    new: int | None
    why: str
    others: list[Row]
    words: list[Row] | None
    why_not: str
    template: str
    digest: str | None  # of the prompt


@dataclass(frozen=True, slots=True)
class PersonaPage(PageAnswer):
    """Everything that is known of a persona; `row`: its own fields, as the query returns them.

    `ways`: the ways back to a seed, each a list of steps; `texts`: the texts that name it or its seed, with `quotes`.
    """

    row: Row
    ways: list[list[Row]]
    sightings: list[Row]
    calls: list[ShownCall]
    texts: list[Row]
    relatives: list[Row]
    duplicates: list[Row]
    knowledge: list[Row]

    def as_json(self) -> Row:
        parts = PageAnswer.as_json(self)
        return {**parts.pop("row"), **parts}


@dataclass(frozen=True, slots=True)
class CountingState(PageAnswer):
    """The newest overview (`survey`), and whether a newer one is being counted, or due (`stale`)."""

    counting: bool
    seconds: float  # since the counting began; 0 if there is none
    stale: bool
    personas: int
    survey: Row | None


@dataclass(frozen=True, slots=True)
class ExpansionRun(PageAnswer):
    """An expansion that the page started; `code`: its exit code once it has ended."""

    number: int  # of the expansions that this explorer started, from 1
    label: str  # of the place where it asks
    of: int  # calls that it may make
    command: str
    code: int | None
    stopping: bool
    seconds: float
    so_far: Row | None
    calls: list[Row]  # the last ones
    said: list[str]  # its notices and errors


@dataclass(frozen=True, slots=True)
class ExpansionState(PageAnswer):
    """What an expansion would ask now (`model`), and the last one that was started."""

    model: str
    run: ExpansionRun | None


@dataclass(frozen=True, slots=True)
class AskingPlace:
    """Where an expansion asks: a Cypher query for its personas, and the depth that it may reach."""

    label: str
    query: str
    depth: int
