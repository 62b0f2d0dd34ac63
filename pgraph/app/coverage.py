"""`pgraph coverage` put together."""

import json
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from foundation.clock import now_in_words
from foundation.errors import ModelError
from graphstore import GraphStore
from pgraph.app.settings import Workspace
from pgraph.app.workspace import open_embedder, open_store
from population import Loaded, load_population
from population.matching import Embed
from population.reports import (
    TABLE_COLUMNS,
    HeatMap,
    History,
    Reached,
    ReferenceList,
    compare_reference,
    compare_runs,
    count_shares,
    coverage_by_domain,
    coverage_by_group,
    coverage_by_relation,
    coverage_by_role,
    coverage_overall,
    curve_ahead,
    explain_gap,
    find_gaps,
    fold_history,
    heat_map,
    measure_diversity,
    people_query,
    pick_runs,
    read_events,
    read_reference,
    region_name,
    roles_missing,
)

Rows = list[dict[str, Any]]
Notice = Callable[[str], None]

CALLS = 5  # in the commands that a report proposes
_MANY = 1000  # texts from which on it is said that they are embedded


@dataclass(frozen=True, slots=True)
class CoverageRequest:
    """What the command line asks for; `page`: all that the HTML report shows."""

    by: str = "group"
    reference: str = ""
    column: str = ""
    compare: tuple[str, str] | None = None
    diversity: bool = False
    page: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """What only the HTML report shows."""

    made: str
    groups: Rows
    relations: Rows
    runs: Rows
    recipes: Rows  # of the runs, in the same order
    points: Rows
    ahead: Rows
    missing: int
    heat: HeatMap
    gaps: Rows
    shares: dict[str, dict[str, int]]
    problem: str  # why the diversity was not measured


@dataclass(frozen=True, slots=True)
class CoverageReport:
    overall: Rows
    by: str
    rows: Rows
    reference: Reached | None = None
    compare: dict[str, Any] | None = None
    diversity: dict[str, Any] | None = None
    page: Page | None = None
    bad: Sequence[str] = ()  # rows of the reference list that hold no entry

    @property
    def columns(self) -> tuple[str, ...]:

        return TABLE_COLUMNS[self.by]

    def as_json(self) -> dict[str, Any]:
        parts: dict[str, Any] = {"overall": self.overall, "by": self.by, "rows": self.rows}
        if self.reference is not None:
            found = self.reference
            parts["reference"] = {**found.summary, "rows": found.rows, "unreached": found.unreached}
        if self.compare is not None:
            parts["compare"] = self.compare
        if self.diversity is not None:
            parts["diversity"] = self.diversity
        return parts


def coverage(workspace: Workspace, request: CoverageRequest, notice: Notice = lambda _: None) -> CoverageReport:
    """Measure the graph as it stands. Streams every persona and sighting once: about 15 µs each.

    What goes by embedding (a reference list, diversity) embeds each text once, later the cache has it.
    """
    held = read_reference(request.reference, request.column) if request.reference else None
    with open_store(workspace) as store, open_embedder(workspace) as embedder:
        kinds = sorted(row["relation"] for row in store.read("reads/relation_kinds") if row["relation"] is not None)
        loaded = load_population(
            store, kinds, depth=1 << 30
        )  # all may be asked: what is left shows who was not asked yet
        told = _history(store, loaded) if request.by == "run" or request.compare or request.page else None
        tables: dict[str, Callable[[], Rows]] = {
            "overall": list,
            "group": lambda: coverage_by_group(loaded),
            "domain": lambda: coverage_by_domain(loaded),
            "role": lambda: coverage_by_role(loaded),
            "relation": lambda: coverage_by_relation(loaded, kinds),
            "run": lambda: told.rows() if told else [],
        }
        embed = _telling(embedder.embed, notice)
        spread, problem = None, ""
        try:
            if request.diversity or request.page:
                spread = measure_diversity(loaded, embed)
        except ModelError as error:
            if request.diversity:
                raise
            problem = f"{error.message}. {error.hint}"
            notice(f"Diversity is left out: {problem}")
        reached = None if held is None else compare_reference(loaded, held, embed)
        return CoverageReport(
            coverage_overall(loaded),
            request.by,
            tables[request.by](),
            None if reached is None else _with_commands(workspace, reached),
            _compared(told, loaded, request.compare),
            spread,
            _page(workspace, loaded, kinds, told, problem) if request.page and told else None,
            _bad_rows(held),
        )


def _history(store: GraphStore, loaded: Loaded) -> History:

    return fold_history(read_events(store, loaded), loaded, (row["run"] for row in store.read("reads/runs")))


def _telling(embed: Embed, notice: Notice) -> Embed:
    def told(texts: Sequence[str]) -> Any:  # noqa: ANN401  what embed returns
        if len(texts) >= _MANY:
            notice(f"Embedding {len(texts):,} texts, but for those that the cache has …")
        return embed(texts)

    return told


def _compared(told: History | None, loaded: Loaded, names: tuple[str, str] | None) -> dict[str, Any] | None:

    if told is None or names is None:
        return None
    labels = {region: region_name(loaded, region) for region in range(len(loaded.population.region_ids))}
    one, other = pick_runs(told, names)
    return compare_runs(one, other, labels)


def _bad_rows(held: ReferenceList | None) -> list[str]:
    return [] if held is None else [f"{held.file}:{row.line}: {row.reason}" for row in held.bad]


def _page(workspace: Workspace, loaded: Loaded, kinds: list[str], told: History, problem: str) -> Page:

    roles = loaded.population.tally.overall()
    stories = list(reversed(told.runs.values()))
    return Page(
        made=now_in_words(),
        groups=coverage_by_group(loaded),
        relations=coverage_by_relation(loaded, kinds),
        runs=[story.row() for story in stories],
        recipes=[_recipe(dict(story.props)) for story in stories],
        points=told.points,
        ahead=curve_ahead(roles),
        missing=roles_missing(roles),
        heat=heat_map(loaded, kinds),
        gaps=[
            {
                **row,
                "why": explain_gap(row),
                "command": expand_command(workspace, people_query(loaded, row["from_key"]), row["depth"]),
            }
            for row in find_gaps(loaded, kinds)
        ],
        shares=count_shares(loaded),
        problem=problem,
    )


def _recipe(props: dict[str, Any]) -> dict[str, Any]:
    """What the Run node keeps of the settings of a run."""
    settings = {name.removeprefix("plan_"): value for name, value in props.items() if name.startswith("plan_")}
    known = ("command", "model", "file", "licence", "stopped_by", "state", "seconds", "started", "ended")
    return {name: props[name] for name in known if props.get(name) not in (None, "")} | dict(sorted(settings.items()))


def _with_commands(workspace: Workspace, reached: Reached) -> Reached:
    """The command that asks the personas nearest to each unreached entry."""

    def command(row: dict[str, Any]) -> str | None:
        if not row["nearest"]:
            return None
        ids = json.dumps([persona["id"] for persona in row["nearest"]])
        return expand_command(workspace, f"MATCH (p:Persona) WHERE p.id IN {ids} RETURN p.id", row["depth"])

    return replace(reached, unreached=[{**row, "command": command(row)} for row in reached.unreached])


def expand_command(workspace: Workspace, cypher: str, depth: int, calls: int = CALLS) -> str:
    """A `pgraph expand` from these personas, to be pasted into a shell in the directory of this process."""
    return shlex.join(expand_words(workspace, ["pgraph"], cypher, depth, calls))


def expand_words(workspace: Workspace, pgraph: Sequence[str], cypher: str, depth: int, calls: int) -> list[str]:
    """The same for a process, `pgraph` being what starts the command line."""
    place = [] if workspace.directory == Path() else ["-C", str(workspace.directory)]
    store = ["--store", str(workspace.flags["store"])] if "store" in workspace.flags else []
    return [*pgraph, *place, *store, "expand", "--from", cypher, "--depth", str(depth), "--calls", str(calls)]
