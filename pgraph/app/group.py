"""`pgraph group`: group the domains by meaning, and let the model name the groups."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from distill import PROMPTS
from distill.groups import NAME_FIELDS, Group, GroupingResult, NamePlan, Naming, group_domains, load_groups, needs_name
from foundation import StopReason
from foundation.model import CachedEmbedder
from foundation.prompts import Prompt, load_prompt_for
from graphstore import GraphStore
from pgraph.app import running
from pgraph.app.running import Notice, Work, embedding_notice, run_to_end
from pgraph.app.settings import Workspace
from pgraph.app.starting import require_personas
from pgraph.app.summary import GroupSummary, SpendReport, SpendSummary
from pgraph.app.workspace import open_embedder, open_store
from population.runs import Run, RunProgress


@dataclass(frozen=True, slots=True)
class GroupRequest:
    """What the command line asks for; None stands for the default, or for what the graph has."""

    resolution: float | None = None
    levels: int | None = None
    names: bool = False
    prompt: Path | None = None


def group(
    workspace: Workspace, request: GroupRequest, *, notice: Notice, report: Callable[[SpendReport], None]
) -> GroupSummary:
    """Group all domains again, and with `names` let the model name the groups; returns how both went.

    `notice` gets messages for the user, `report` the progress of naming. Raises `InputError` if there are no personas,
    and `UsageError` for an unusable prompt. Ctrl-C raises KeyboardInterrupt when the completed calls are written.
    """
    prompt = _prompt(request) if request.names else None  # raises before the work
    began = time.monotonic()
    with open_store(workspace) as store, open_embedder(workspace) as embedder:
        require_personas(store)
        grouping = _group(store, embedder, request, notice)
        groups = [] if prompt is None else _unnamed(store, embedder)
    if prompt is None or not groups:
        ended = StopReason.ALL_NAMED if prompt else None
        return GroupSummary("group", "", RunProgress(), time.monotonic() - began, ended, grouping=grouping)
    summary = run_to_end(_named(workspace, prompt, groups, notice, report))
    return GroupSummary.of(summary, grouping=grouping)


def _group(store: GraphStore, embedder: CachedEmbedder, request: GroupRequest, notice: Notice) -> GroupingResult:
    report = embedding_notice(notice)
    return group_domains(store, embedder, "", resolution=request.resolution, levels=request.levels, tell=report)


def _unnamed(store: GraphStore, embedder: CachedEmbedder) -> list[Group]:
    """All groups, or none if every group has its name."""
    groups = load_groups(store, embedder)
    return groups if any(map(needs_name, groups)) else []


async def _named(
    workspace: Workspace, prompt: Prompt, groups: list[Group], notice: Notice, report: Callable[[SpendReport], None]
) -> SpendSummary:
    def plan(store: GraphStore, _: CachedEmbedder) -> tuple[NamePlan, Callable[[NamePlan, Run], Naming]]:
        values = workspace.settings()
        name_plan = NamePlan(prompt, sum(map(needs_name, groups)), values.model, values.sampling)
        return name_plan, lambda plan, run: Naming(store, plan, run, groups)

    work = Work("group", plan, written="reads/distill_calls", fresh=False)
    return (await running.spend(workspace, work, notice, report))[0]


def _prompt(request: GroupRequest) -> Prompt:
    path = request.prompt or PROMPTS / "names.en.yml"
    prompt = load_prompt_for("group", path, NAME_FIELDS)
    for phrase in NAME_FIELDS & set(prompt.fields) - {"labels"}:
        prompt.phrase(phrase)
    return prompt
