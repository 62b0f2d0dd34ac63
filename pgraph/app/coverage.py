"""`pgraph coverage`: measure the graph, and propose the next calls."""

import json
import shlex
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from foundation.clock import now_in_words
from foundation.errors import ModelError
from graphstore import GraphStore
from pgraph.app.settings import Workspace
from pgraph.app.workspace import open_embedder, open_store
from population import Loaded, load_population, read_lifts
from population.matching import Embed
from population.reports import (
    TABLE_COLUMNS,
    Comparison,
    Gap,
    GroupCoverage,
    GrowthPoint,
    HeatMap,
    History,
    Reached,
    RelationCoverage,
    ReportRow,
    ResolutionCoverage,
    RunRow,
    UnreachedEntry,
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

Notice = Callable[[str], None]

CALLS = 5  # in the commands that a report proposes
_MANY = 1000  # texts; with this many or more, a notice says that they are being embedded
_RECIPE = ("command", "model", "file", "licence", "stopped_by", "state", "seconds", "started", "ended")


@dataclass(frozen=True, slots=True)
class CoverageRequest:
    """What the command line asks for.

    `by`: what a row of the table stands for, such as "group"; `reference`: the path of an outside list, and `column` the
    name of its column with labels; `compare`: two runs; `page`: also measure everything that the HTML report shows.
    """

    by: str = "group"
    reference: str = ""
    column: str = ""
    compare: tuple[str, str] | None = None
    diversity: bool = False
    page: bool = False


@dataclass(frozen=True, slots=True)
class ExplainedGap:
    """A gap with its reason in words and the command that fills it."""

    gap: Gap
    why: str
    command: str


@dataclass(frozen=True, slots=True)
class Page:
    """The parts of the report that only the HTML page shows."""

    time: str  # of the report
    groups: list[GroupCoverage]
    relations: list[RelationCoverage]
    runs: list[RunRow]
    recipes: list[dict[str, Any]]  # of the runs, in the same order
    points: list[GrowthPoint]
    ahead: list[GrowthPoint]
    missing: int
    heat: HeatMap
    gaps: list[ExplainedGap]
    shares: dict[str, dict[str, int]]
    problem: str  # why the diversity was not measured, or ""


@dataclass(frozen=True, slots=True)
class CoverageReport:
    """The numbers of `pgraph coverage`; a part that was not asked for is None."""

    overall: list[ResolutionCoverage]
    by: str
    rows: Sequence[ReportRow]
    reference: Reached | None = None
    compare: Comparison | None = None
    diversity: dict[str, Any] | None = None
    page: Page | None = None
    bad: Sequence[str] = ()  # rows of the reference list that hold no entry

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the table."""
        return TABLE_COLUMNS[self.by]

    @property
    def overall_columns(self) -> tuple[str, ...]:
        """The columns of the table above it."""
        return TABLE_COLUMNS["overall"]

    def as_json(self) -> dict[str, Any]:
        parts: dict[str, Any] = {"overall": _as_json(self.overall), "by": self.by, "rows": _as_json(self.rows)}
        if self.reference is not None:
            entries = {"rows": _as_json(self.reference.rows), "unreached": _as_json(self.reference.unreached)}
            parts["reference"] = {**self.reference.summary.as_json(), **entries}
        if self.compare is not None:
            parts["compare"] = self.compare.as_json()
        if self.diversity is not None:
            parts["diversity"] = self.diversity
        return parts


def _as_json(rows: Iterable[ReportRow]) -> list[dict[str, Any]]:
    return [row.as_json() for row in rows]


def coverage(workspace: Workspace, request: CoverageRequest, notice: Notice = lambda _: None) -> CoverageReport:
    """Measure the graph as it is now; `notice` gets messages for the user.

    Streams every persona and sighting once: about 15 µs each. A reference list and the diversity need embeddings: each
    text is embedded once, and later comes from the cache. Raises `InputError` for an unusable reference list,
    `UsageError` for an unknown run, and `ModelError` if a text cannot be embedded.
    """
    reference = read_reference(request.reference, request.column) if request.reference else None
    with open_store(workspace) as store, open_embedder(workspace) as embedder:
        kinds = sorted(row["relation"] for row in store.read("reads/relation_kinds") if row["relation"] is not None)
        loaded = load_population(store, kinds, depth=None)  # personas not asked yet count at any depth
        needs_history = request.by == "run" or request.compare or request.page
        history = _history(store, loaded) if needs_history else None
        embed = _announced(embedder.embed, notice)
        diversity, problem = _diversity(loaded, request, embed, notice)
        reached = None if reference is None else compare_reference(loaded, reference, embed)
        return CoverageReport(
            coverage_overall(loaded),
            request.by,
            _table(request.by, loaded, kinds, history),
            None if reached is None else _with_commands(workspace, reached),
            _compared(history, loaded, request.compare),
            diversity,
            _page(workspace, loaded, kinds, history, problem) if request.page and history else None,
            [] if reference is None else [f"{reference.file}:{row.line}: {row.reason}" for row in reference.bad],
        )


def _table(by: str, loaded: Loaded, kinds: list[str], history: History | None) -> Sequence[ReportRow]:
    tables: dict[str, Callable[[], Sequence[ReportRow]]] = {
        "overall": list,
        "group": lambda: coverage_by_group(loaded),
        "domain": lambda: coverage_by_domain(loaded),
        "role": lambda: coverage_by_role(loaded),
        "relation": lambda: coverage_by_relation(loaded, kinds),
        "run": lambda: history.rows() if history else [],
    }
    return tables[by]()


def _diversity(
    loaded: Loaded, request: CoverageRequest, embed: Embed, notice: Notice
) -> tuple[dict[str, Any] | None, str]:
    """How different the personas are, or why the page cannot show it; a failing model is an error only for `--diversity`."""
    if not request.diversity and not request.page:
        return None, ""
    try:
        return measure_diversity(loaded, embed), ""
    except ModelError as error:
        if request.diversity:
            raise
        problem = f"{error.message}. {error.hint}"
        notice(f"Diversity is left out: {problem}")
        return None, problem


def _history(store: GraphStore, loaded: Loaded) -> History:
    runs = (row["run"] for row in store.read("reads/runs"))
    return fold_history(read_events(store, loaded), loaded, runs, read_lifts(store))


def _announced(embed: Embed, notice: Notice) -> Embed:
    """The same function, with a notice before it embeds many texts."""

    def embed_with_notice(texts: Sequence[str]) -> Any:  # noqa: ANN401  what embed returns
        if len(texts) >= _MANY:
            notice(f"Embedding {len(texts):,} texts, except those in the cache …")
        return embed(texts)

    return embed_with_notice


def _compared(history: History | None, loaded: Loaded, names: tuple[str, str] | None) -> Comparison | None:
    if history is None or names is None:
        return None
    labels = {region: region_name(loaded, region) for region in range(len(loaded.population.region_ids))}
    first, second = pick_runs(history, names)
    return compare_runs(first, second, labels)


def _page(workspace: Workspace, loaded: Loaded, kinds: list[str], history: History, problem: str) -> Page:
    roles = loaded.population.tally.overall()
    stories = list(reversed(history.runs.values()))
    return Page(
        time=now_in_words(),
        groups=coverage_by_group(loaded),
        relations=coverage_by_relation(loaded, kinds),
        runs=[story.row() for story in stories],
        recipes=[_recipe(dict(story.props)) for story in stories],
        points=history.points,
        ahead=curve_ahead(roles),
        missing=roles_missing(roles),
        heat=heat_map(loaded, kinds),
        gaps=[
            ExplainedGap(
                gap,
                explain_gap(gap),
                expand_command(workspace, people_query(loaded, gap.source_key), gap.depth),
            )
            for gap in find_gaps(loaded, kinds)
        ],
        shares=count_shares(loaded),
        problem=problem,
    )


def _recipe(props: dict[str, Any]) -> dict[str, Any]:
    """The settings of a run, and how it ended, from the properties of its node."""
    settings = {name.removeprefix("plan_"): value for name, value in props.items() if name.startswith("plan_")}
    facts = {name: props[name] for name in _RECIPE if props.get(name) not in (None, "")}
    return facts | dict(sorted(settings.items()))


def _with_commands(workspace: Workspace, reached: Reached) -> Reached:
    """The same, with the command that asks the personas nearest to each unreached entry."""

    def command(entry: UnreachedEntry) -> str | None:
        if not entry.nearest or entry.depth is None:
            return None
        ids = json.dumps([persona.id for persona in entry.nearest])
        return expand_command(workspace, f"MATCH (p:Persona) WHERE p.id IN {ids} RETURN p.id", entry.depth)

    return replace(reached, unreached=[replace(entry, command=command(entry)) for entry in reached.unreached])


def expand_command(workspace: Workspace, cypher: str, depth: int, calls: int = CALLS) -> str:
    """The `pgraph expand` that asks the personas of a Cypher query, ready to paste into a shell in the current directory."""
    return shlex.join(expand_words(workspace, ["pgraph"], cypher, depth, calls))


def expand_words(workspace: Workspace, pgraph: Sequence[str], cypher: str, depth: int, calls: int) -> list[str]:
    """The same as the arguments of a process; `pgraph` holds the words that start the command line."""
    directory = [] if workspace.directory == Path() else ["-C", str(workspace.directory)]
    store = ["--store", str(workspace.flags["store"])] if "store" in workspace.flags else []
    return [*pgraph, *directory, *store, "expand", "--from", cypher, "--depth", str(depth), "--calls", str(calls)]
