"""The sightings in the order of the calls: how coverage grew, what each run brought, how two runs differ."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from foundation.errors import UsageError
from graphstore import GraphStore
from population.coverage import Coverage, Tally, rounded
from population.lift import Lift, LiftSums
from population.loading import Loaded
from population.reports.forecasting import coverage_after, distinct_after, unseen
from population.reports.rows import ReportRow

POINTS = 200  # of a curve
ENOUGH = 50  # sightings from which a curve can be extended
LATE = 0.2  # the share of a run's calls that is its end

Curve = list[tuple[int, int]]  # calls, distinct roles


class Event(NamedTuple):
    """A sighting, an imported row (`call` ""), or answers that a call lost (`persona` None). Events sort by time."""

    at: str
    run: str
    call: str
    persona: int | None  # its survivor's position in the population
    times: int


@dataclass(frozen=True, slots=True)
class GrowthPoint(ReportRow):
    """What was known after so many sightings; `coverage` of roles, None before the first. Expected points have fractions."""

    sightings: int
    roles: float
    coverage: float | None


@dataclass(frozen=True, slots=True)
class RunRow(ReportRow):
    """What a run brought; None where it does not apply (`sightings` of an import, `calls` of a run without any)."""

    run: str
    command: str | None
    started: str | None
    calls: int | None
    tokens: int | None
    sightings: int | None
    new: int
    duplicate: int
    unusable: int
    new_roles: int | None
    coverage: float | None  # of roles in the whole graph, at its end
    late_new: float | None  # new roles per 100 calls in its last fifth
    lift: float | None  # new roles of a chosen call to those of a call by chance, if the run had a control group
    lift_low: float | None  # its 90% interval
    lift_high: float | None


@dataclass(frozen=True, slots=True)
class RoleOverlap(ReportRow):
    """How many distinct roles two runs named."""

    first: int
    second: int
    both: int
    only_first: int
    only_second: int
    overlap: float | None  # share of all that either named


@dataclass(frozen=True, slots=True)
class GroupDifference(ReportRow):
    """Distinct roles of a group that each of two runs named."""

    group: str
    first: int
    second: int


@dataclass(frozen=True, slots=True)
class Comparison(ReportRow):
    """Two runs side by side; `groups`: where they differ most, `curves`: distinct roles by call."""

    runs: tuple[RunRow, RunRow]
    roles: RoleOverlap
    groups: list[GroupDifference]
    curves: tuple[Curve, Curve]


@dataclass(slots=True)
class RunStory:
    """What one run brought, call by call."""

    props: Mapping[str, Any]  # of the Run node
    rows: int = 0  # imported
    sightings: int = 0
    new: int = 0  # personas first seen here
    unusable: int = 0
    lift: Lift | None = None
    coverage: float | None = None  # of roles in the whole graph after its last event
    new_roles: dict[str, int] = field(default_factory=dict)  # call -> roles that the graph did not have, in order
    growth: list[int] = field(default_factory=list)  # after each call: the distinct roles that the run named so far
    roles: dict[str, int] = field(default_factory=dict)  # role -> region that it first landed in

    def row(self) -> RunRow:
        late = list(self.new_roles.values())[int(len(self.new_roles) * (1 - LATE)) :]
        props = self.props
        tokens = (props.get("tokens_in") or 0) + (props.get("tokens_out") or 0)
        return RunRow(
            run=props["id"],
            command=props.get("command"),
            started=props.get("started"),
            calls=props.get("calls", len(self.new_roles) or None),
            tokens=tokens or None,
            sightings=None if self.rows else self.sightings,
            new=self.new,
            duplicate=self.rows + self.sightings - self.new,
            unusable=self.unusable,
            new_roles=sum(self.new_roles.values()) if self.new_roles else None,
            coverage=rounded(self.coverage),
            late_new=round(100 * sum(late) / len(late), 2) if late else None,
            lift=None if self.lift is None else round(self.lift.ratio, 4),
            lift_low=None if self.lift is None else round(self.lift.low, 4),
            lift_high=None if self.lift is None else round(self.lift.high, 4),
        )


@dataclass(slots=True)
class History:
    """One pass over the events: cost O(1) each."""

    points: list[GrowthPoint]
    runs: dict[str, RunStory]  # by id, those that brought something, in the order in which they started

    def rows(self) -> list[RunRow]:
        """One row for each run, the latest first."""
        return [story.row() for story in reversed(self.runs.values())]


def read_events(store: GraphStore, loaded: Loaded) -> list[Event]:
    """All sightings, imported rows and lost answers, oldest first. About 0.3 kB each."""
    events = [
        Event(row["at"] or "", row["run"] or "", row["call"] or "", position, row["times"])
        for row in store.read("reads/sighting_times")
        if (position := loaded.position(row["persona"])) is not None
    ]
    events += [
        Event(row["at"] or "", row["run"], row["call"], None, row["times"]) for row in store.read("reads/failure_times")
    ]
    return sorted(events, key=lambda event: (event.at, event.call, -1 if event.persona is None else event.persona))


def fold_history(
    events: Sequence[Event],
    loaded: Loaded,
    runs: Iterable[Mapping[str, Any]],
    lifts: Mapping[str, LiftSums] | None = None,
) -> History:
    """Fold the events; `runs`: the properties of the Run nodes, `lifts`: what `read_lifts` gives."""
    stories = {
        props["id"]: RunStory(props, lift=sums.lift() if (sums := (lifts or {}).get(props["id"])) else None)
        for props in sorted(runs, key=lambda props: (str(props.get("started") or ""), props["id"]))
    }
    fold = _Fold(loaded)
    every = max(1, sum(event.times for event in events if event.persona is not None and event.call) // POINTS)
    points: list[GrowthPoint] = []
    for event in events:
        if not points and event.call:
            points.append(fold.point())  # what files had brought
        new = fold.see(event)
        if (story := stories.get(event.run)) is not None:
            _tell(story, event, loaded, *new)
            story.coverage = fold.coverage
        if points and fold.n >= points[-1].sightings + every:
            points.append(fold.point())
    if not points or fold.n != points[-1].sightings:
        points.append(fold.point())
    return History(
        points, {run: story for run, story in stories.items() if story.rows or story.sightings or story.new_roles}
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

    def point(self) -> GrowthPoint:
        return GrowthPoint(self.n, len(self._tally.seen), rounded(self.coverage))


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
        if event.call not in story.new_roles:
            story.new_roles[event.call] = 0
            story.growth.append(0)
        story.new_roles[event.call] += new_role
        story.growth[-1] = len(story.roles)


def curve_ahead(roles: Coverage, points: int = 20) -> list[GrowthPoint]:
    """The curve extended to twice the sightings, by Chao and Jost (see `forecasting`); empty where there are too few."""
    n, f1, f2 = roles.sightings, roles.singles, roles.doubles
    if n < ENOUGH or not f2:
        return []
    steps = sorted({round(n * step / points) for step in range(1, points + 1)})
    return [
        GrowthPoint(
            n + more,
            round(distinct_after(roles.distinct, n, f1, f2, more), 1),
            round(coverage_after(n, f1, f2, more), 6),
        )
        for more in steps
    ]


def roles_missing(roles: Coverage) -> int:
    """Roles not seen yet, at least (Chao1)."""
    return round(unseen(roles.sightings, roles.singles, roles.doubles))


def pick_runs(history: History, names: Sequence[str]) -> list[RunStory]:
    """The runs of these names: an id, the beginning of one, "last", or "last~2" for the second before the last."""
    return [_named(list(history.runs.values()), name) for name in names]


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


def compare_runs(first: RunStory, second: RunStory, labels: Mapping[int, str], limit: int = 20) -> Comparison:
    """Two runs side by side; `labels`: of the regions by number, `limit`: of the groups that are listed."""
    if first.props["id"] == second.props["id"]:
        raise UsageError(f"--compare: {first.props['id']} is named twice", "Name two runs: --compare last~1 last")
    ours, theirs = set(first.roles), set(second.roles)
    our_groups, their_groups = Counter(first.roles.values()), Counter(second.roles.values())
    by_difference = sorted(
        our_groups | their_groups,
        key=lambda region: (-abs(our_groups[region] - their_groups[region]), labels[region]),
    )
    either = len(ours | theirs)
    overlap = RoleOverlap(
        first=len(ours),
        second=len(theirs),
        both=len(ours & theirs),
        only_first=len(ours - theirs),
        only_second=len(theirs - ours),
        overlap=round(len(ours & theirs) / either, 4) if either else None,
    )
    groups = [
        GroupDifference(labels[region], our_groups[region], their_groups[region])
        for region in by_difference[:limit]
        if our_groups[region] != their_groups[region]
    ]
    return Comparison((first.row(), second.row()), overlap, groups, (_thinned(first.growth), _thinned(second.growth)))


def _thinned(growth: Sequence[int]) -> Curve:
    """Calls and distinct roles, no more than POINTS of them, the last one kept."""
    every = -(-len(growth) // POINTS) or 1
    places = sorted({0, *range(every, len(growth) + 1, every), len(growth)})
    return [(place, growth[place - 1] if place else 0) for place in places]
