"""The sightings in the order of the calls: how coverage grew, what each run brought, how two runs differ."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from foundation.errors import UsageError
from graphstore import GraphStore
from population.coverage import Coverage, Tally, rounded
from population.loading import Loaded
from population.reports.forecasting import coverage_after, distinct_after, unseen

POINTS = 200  # of a curve
ENOUGH = 50  # sightings from which a curve can be drawn on
LATE = 0.2  # the share of a run's calls that is its end

Rows = list[dict[str, Any]]


class Event(NamedTuple):
    """A sighting, an imported row (`call` ""), or answers that a call lost (`persona` None). Events sort by time."""

    at: str
    run: str
    call: str
    persona: int | None  # its survivor's position in the population
    times: int


@dataclass(slots=True)
class RunStory:
    """What one run brought, call by call."""

    props: Mapping[str, Any]  # of the Run node
    rows: int = 0  # imported
    sightings: int = 0
    new: int = 0  # personas first seen here
    unusable: int = 0
    coverage: float | None = None  # of roles in the whole graph after its last event
    found: dict[str, int] = field(default_factory=dict)  # call -> roles that the graph did not have, in order
    growth: list[int] = field(default_factory=list)  # after each call: the distinct roles that the run named so far
    roles: dict[str, int] = field(default_factory=dict)  # role -> region that it first landed in

    def row(self) -> dict[str, Any]:
        late = list(self.found.values())[int(len(self.found) * (1 - LATE)) :]
        props = self.props
        tokens = (props.get("tokens_in") or 0) + (props.get("tokens_out") or 0)
        return {
            "run": props["id"],
            "command": props.get("command"),
            "started": props.get("started"),
            "calls": props.get("calls", len(self.found) or None),
            "tokens": tokens or None,
            "sightings": None if self.rows else self.sightings,
            "new": self.new,
            "duplicate": self.rows + self.sightings - self.new,
            "unusable": self.unusable,
            "new_roles": sum(self.found.values()) if self.found else None,
            "coverage": rounded(self.coverage),
            "late_new": round(100 * sum(late) / len(late), 2) if late else None,
        }


@dataclass(slots=True)
class History:
    """One pass over the events: cost O(1) each."""

    points: Rows
    runs: dict[str, RunStory]  # by id, those that brought something, in the order in which they started

    def rows(self) -> Rows:
        """One row for each run, the latest first."""
        return [story.row() for story in reversed(self.runs.values())]


def read_events(store: GraphStore, loaded: Loaded) -> list[Event]:
    """All sightings, imported rows and lost answers, oldest first. About 0.3 kB each."""
    found = [
        Event(row["at"] or "", row["run"] or "", row["call"] or "", position, row["times"])
        for row in store.read("reads/sighting_times")
        if (position := loaded.position(row["persona"])) is not None
    ]
    found += [
        Event(row["at"] or "", row["run"], row["call"], None, row["times"]) for row in store.read("reads/failure_times")
    ]
    return sorted(found, key=lambda event: (event.at, event.call, -1 if event.persona is None else event.persona))


def fold_history(found: Sequence[Event], loaded: Loaded, runs: Iterable[Mapping[str, Any]]) -> History:
    """Fold the events; `runs`: the properties of the Run nodes."""
    stories = {
        props["id"]: RunStory(props)
        for props in sorted(runs, key=lambda props: (str(props.get("started") or ""), props["id"]))
    }
    fold = _Fold(loaded)
    every = max(1, sum(event.times for event in found if event.persona is not None and event.call) // POINTS)
    points: Rows = []
    for event in found:
        if not points and event.call:
            points.append(fold.point())  # what files had brought
        new = fold.see(event)
        if (story := stories.get(event.run)) is not None:
            _tell(story, event, loaded, *new)
            story.coverage = fold.coverage
        if points and fold.n >= points[-1]["sightings"] + every:
            points.append(fold.point())
    if not points or fold.n != points[-1]["sightings"]:
        points.append(fold.point())
    return History(
        points, {run: story for run, story in stories.items() if story.rows or story.sightings or story.found}
    )


class _Fold:
    """What is known so far."""

    def __init__(self, loaded: Loaded) -> None:
        self._species = loaded.population.species
        self._tally = Tally(0)
        self._tally.grow(1)
        self._people: set[int] = set()

    @property
    def n(self) -> int:
        return int(self._tally.n[0])

    @property
    def coverage(self) -> float | None:
        return 1 - self._tally.singles / self.n if self.n else None

    def see(self, event: Event) -> tuple[bool, bool]:
        """Whether the persona is new, whether the role is."""
        if event.persona is None:
            return False, False
        role = self._species(event.persona)
        known = len(self._tally.seen)
        if event.call:
            self._tally.see(role, 0, times=event.times, call=event.call)
        else:
            self._tally.know(role)
        new = event.persona not in self._people
        self._people.add(event.persona)
        return new, len(self._tally.seen) > known

    def point(self) -> dict[str, Any]:
        return {"sightings": self.n, "roles": len(self._tally.seen), "coverage": rounded(self.coverage)}


def _tell(story: RunStory, event: Event, loaded: Loaded, new: bool, new_role: bool) -> None:  # noqa: FBT001  `see`'s two answers
    if event.persona is None:
        story.unusable += event.times
    else:
        story.sightings += event.times if event.call else 0
        story.rows += 0 if event.call else event.times
        story.new += new
        people = loaded.population
        story.roles.setdefault(people.species(event.persona), people.regions[event.persona])
    if event.call:
        if event.call not in story.found:
            story.found[event.call] = 0
            story.growth.append(0)
        story.found[event.call] += new_role
        story.growth[-1] = len(story.roles)


def curve_ahead(roles: Coverage, points: int = 20) -> Rows:
    """The curve drawn on to twice the sightings, by Chao and Jost (expansion/forecasting.py); [] where too few are there."""
    n, f1, f2 = roles.sightings, roles.singles, roles.doubles
    if n < ENOUGH or not f2:
        return []
    steps = sorted({round(n * step / points) for step in range(1, points + 1)})
    return [
        {
            "sightings": n + more,
            "roles": round(distinct_after(roles.distinct, n, f1, f2, more), 1),
            "coverage": round(coverage_after(n, f1, f2, more), 6),
        }
        for more in steps
    ]


def roles_missing(roles: Coverage) -> int:
    """Roles not seen yet, at least (Chao1)."""
    return round(unseen(roles.sightings, roles.singles, roles.doubles))


def pick_runs(told: History, names: Sequence[str]) -> list[RunStory]:
    """The runs of these names: an id, the beginning of one, "last", or "last~2" for the second before the last."""
    return [_named(list(told.runs.values()), name) for name in names]


def _named(stories: Sequence[RunStory], name: str) -> RunStory:
    known = ", ".join(str(story.props["id"]) for story in stories[:-6:-1]) or "none"
    word, mark, back = name.partition("~")
    if word == "last" and (not mark or back.isdigit()):
        steps = int(back or 0)
        if steps >= len(stories):
            raise UsageError(
                f"--compare {name}: there are only {len(stories)} runs that brought personas", f"They are: {known}."
            )
        return stories[-1 - steps]
    fitting = [story for story in stories if str(story.props["id"]).startswith(name)]
    exact = [story for story in fitting if story.props["id"] == name] or fitting
    if len(exact) != 1:
        what = "several runs begin" if exact else "no run that brought personas begins"
        raise UsageError(f"--compare {name}: {what} like that", f"The latest are: {known}. last and last~1 go too.")
    return exact[0]


def compare_runs(one: RunStory, other: RunStory, labels: Mapping[int, str], limit: int = 20) -> dict[str, Any]:
    """Two runs side by side; `labels`: of the regions by number. `groups`: where they differ most in distinct roles."""
    if one.props["id"] == other.props["id"]:
        raise UsageError(f"--compare: {one.props['id']} is named twice", "Name two runs: --compare last~1 last")
    first, second = set(one.roles), set(other.roles)
    here, there = Counter(one.roles.values()), Counter(other.roles.values())
    differ = sorted(here | there, key=lambda region: (-abs(here[region] - there[region]), labels[region]))
    return {
        "runs": [one.row(), other.row()],
        "roles": {
            "first": len(first),
            "second": len(second),
            "both": len(first & second),
            "only_first": len(first - second),
            "only_second": len(second - first),
            "overlap": round(len(first & second) / len(first | second), 4) if first | second else None,
        },
        "groups": [
            {"group": labels[region], "first": here[region], "second": there[region]}
            for region in differ[:limit]
            if here[region] != there[region]
        ],
        "curves": [_thinned(one.growth), _thinned(other.growth)],
    }


def _thinned(growth: Sequence[int]) -> list[tuple[int, int]]:
    """Calls and distinct roles, no more than POINTS of them, the last one kept."""
    every = -(-len(growth) // POINTS) or 1
    places = sorted({0, *range(every, len(growth) + 1, every), len(growth)})
    return [(place, growth[place - 1] if place else 0) for place in places]
