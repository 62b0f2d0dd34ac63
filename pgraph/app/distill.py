"""`pgraph ask` and `pgraph distill`: questions that need several personas, and answers to them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from distill import PROMPTS
from distill.knowledge import (
    ANSWER_FIELDS,
    QUESTION_FIELDS,
    Asking,
    AskPlan,
    Distilling,
    DistillPlan,
    Regions,
    load_regions,
)
from foundation.errors import InputError, UsageError
from foundation.model import CachedEmbedder
from foundation.prompts import Prompt, load_prompt_for
from graphstore import GraphStore, normal_name
from pgraph.app import running
from pgraph.app.running import Notice, Work, ensure_groups, run_to_end
from pgraph.app.settings import Workspace
from pgraph.app.starting import allowed_sources, require_personas
from pgraph.app.summary import SpendReport, SpendSummary
from pgraph.app.workspace import open_embedder, open_store
from population.runs import Run, RunProgress


@dataclass(frozen=True, slots=True)
class SpendRequest:
    """What the command lines of `ask` and `distill` say.

    Only `ask` uses `kind`, `people`, `per_call` and `level`; only `distill` uses `mode`.
    """

    command: Literal["ask", "distill"]
    calls: int | None = None
    by: Literal["group", "domain"] = "group"
    only: tuple[str, ...] = ()  # labels or ids of groups or domains
    from_cypher: str = ""
    language: str = "en"
    prompt: Path | None = None
    seed: int = 0
    new_run: bool = False
    kind: Literal["open", "qa", "mcq", "debate"] = "open"
    people: int = 4
    per_call: int = 3
    level: str = ""
    mode: Literal["joint", "solo"] = "joint"


def spend(
    workspace: Workspace, request: SpendRequest, *, notice: Notice, report: Callable[[SpendReport], None]
) -> SpendSummary:
    """Run `pgraph ask` or `pgraph distill` to its end, and return how it ended; a failed server is in the summary.

    `notice` gets messages for the user, `report` the progress after each call. Ctrl-C raises KeyboardInterrupt when the
    completed calls are written. Raises `InputError` if the graph has no personas or questions, and `UsageError` for
    unknown groups or an unusable prompt.
    """
    return run_to_end(_spend(workspace, request, notice, report))


def outlook(workspace: Workspace, request: SpendRequest, notice: Notice) -> list[dict[str, Any]]:
    """`--dry-run`: a row for each region, with what is known there and what its next call is expected to bring; calls no model."""
    with open_store(workspace) as store, open_embedder(workspace) as embedder:
        prompt = _prompt(request)
        regions = _regions(store, embedder, request, notice)
        plan = _plan(workspace, request, regions, prompt)
        rows = _job(store, embedder, plan, Run("", "", RunProgress(), resumed=False), regions).outlook()
    return sorted(rows, key=lambda row: -row["new_next"] * row["personas"])


async def _spend(
    workspace: Workspace, request: SpendRequest, notice: Notice, report: Callable[[SpendReport], None]
) -> SpendSummary:
    def plan(
        store: GraphStore, embedder: CachedEmbedder
    ) -> tuple[AskPlan | DistillPlan, Callable[[AskPlan | DistillPlan, Run], Asking | Distilling]]:
        prompt = _prompt(request)  # report a wrong prompt before the work
        regions = _regions(store, embedder, request, notice)
        return _plan(workspace, request, regions, prompt), lambda plan, run: _job(store, embedder, plan, run, regions)

    work = Work(request.command, plan, written="reads/distill_calls", fresh=request.new_run)
    return (await running.spend(workspace, work, notice, report))[0]


def _regions(store: GraphStore, embedder: CachedEmbedder, request: SpendRequest, notice: Notice) -> Regions:
    """The groups with their personas; makes the groups if there are none, or too many domains are new."""
    require_personas(store)
    if request.command == "distill" and not any(True for _ in store.read("reads/any_question")):
        raise InputError("the graph holds no questions yet", "Ask some first: pgraph ask --calls 20")
    allowed = allowed_sources(store, request.from_cypher)
    if request.by == "group":
        ensure_groups(store, embedder, "", notice)
    return load_regions(store, request.by, allowed)


def _only(request: SpendRequest, regions: Regions) -> tuple[str, ...]:
    """The ids of the regions that the user named, by label or by id."""
    by_name = {normal_name(region.label): region.id for region in regions.rows}
    by_name |= {region.id: region.id for region in regions.rows}
    ids = []
    for name in request.only:
        region_id = by_name.get(name) or by_name.get(normal_name(name))
        if region_id is None:
            raise UsageError(
                f"--only: there is no {request.by} {name!r} with personas",
                f"`pgraph coverage --by {request.by}` lists them.",
            )
        ids.append(region_id)
    return tuple(sorted(ids))


def _plan(workspace: Workspace, request: SpendRequest, regions: Regions, prompt: Prompt) -> AskPlan | DistillPlan:
    values = workspace.settings()
    shared: dict[str, Any] = {
        "calls": request.calls, "unit": request.by, "only": _only(request, regions), "language": request.language,
        "context": values.context, "from_cypher": request.from_cypher, "seed": request.seed, "model": values.model,
        "sampling": values.sampling,
    }  # fmt: skip
    if request.command == "distill":
        return DistillPlan(prompt, mode=request.mode, **shared)
    return AskPlan(
        prompt, kind=request.kind, people=request.people, per_call=request.per_call,
        level=request.level, **shared,
    )  # fmt: skip


def _prompt(request: SpendRequest) -> Prompt:
    """The user's prompt; else the shipped one in this language; else the English one, which then names the language."""
    task = "questions" if request.command == "ask" else request.mode
    in_language = PROMPTS / f"{task}.{request.language}.yml"
    path = request.prompt or (in_language if in_language.exists() else PROMPTS / f"{task}.en.yml")
    prompt = load_prompt_for(request.command, path, QUESTION_FIELDS if request.command == "ask" else ANSWER_FIELDS)
    if request.command == "ask":
        prompt.phrase(request.kind)  # raises now, not after a model is started
    return prompt


def _job(
    store: GraphStore, embedder: CachedEmbedder, plan: AskPlan | DistillPlan, run: Run, regions: Regions
) -> Asking | Distilling:
    if isinstance(plan, DistillPlan):
        return Distilling(store, plan, run, regions)
    return Asking(store, embedder, plan, run, regions)
