"""`pgraph group` put together."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from expansion.plan import Progress
from pgraph.app import Session, open_embedder, open_store, running, settings
from pgraph.app.expand import require_personas
from pgraph.app.running import Notice, Work, embedding_notice, run_to_end
from pgraph.app.summary import GroupSummary, SpendReport, SpendSummary

if TYPE_CHECKING:
    from distill.grouping import Grouped
    from distill.naming import Group, NamePlan, Naming
    from expansion.runs import Run
    from graphstore.store import GraphStore
    from pgraph.embedding import CachedEmbedder
    from pgraph.prompts import Prompt


@dataclass(frozen=True, slots=True)
class GroupRequest:
    resolution: float | None = None
    levels: int | None = None
    names: bool = False
    prompt: Path | None = None


def group(
    session: Session, request: GroupRequest, *, notice: Notice, report: Callable[[SpendReport], None]
) -> GroupSummary:
    """Group all domains anew, then let the model name the groups, if that is asked for."""
    prompt = _prompt(request) if request.names else None  # what is wrong with it is said before the work
    began = time.monotonic()
    with open_store(session) as store, open_embedder(session) as embedder:
        require_personas(store)
        made = _group(store, embedder, request, notice)
        groups = [] if prompt is None else _unnamed(store, embedder)
    if prompt is None or not groups:
        ended = "all groups named" if prompt else ""
        return GroupSummary("group", "", Progress(), time.monotonic() - began, ended, made=made)
    summary = run_to_end(_named(session, prompt, groups, notice, report))
    return GroupSummary.of(summary, made=made)


def _group(store: "GraphStore", embedder: "CachedEmbedder", request: GroupRequest, notice: Notice) -> "Grouped":
    from distill import grouping

    tell = embedding_notice(notice)
    return grouping.group(store, embedder, "", resolution=request.resolution, levels=request.levels, tell=tell)


def _unnamed(store: "GraphStore", embedder: "CachedEmbedder") -> "list[Group]":
    """The groups, where any of them is to be named."""
    from distill import naming

    groups = naming.load(store, embedder)
    return groups if any(map(naming.wanted, groups)) else []


async def _named(
    session: Session, prompt: "Prompt", groups: "list[Group]", notice: Notice, report: Callable[[SpendReport], None]
) -> SpendSummary:
    def plan(store: "GraphStore", _: "CachedEmbedder") -> "tuple[NamePlan, Callable[[NamePlan, Run], Naming]]":
        from distill import naming

        values = settings(session)
        sampling = {"temperature": values.temperature, "max_tokens": values.max_tokens}
        made = naming.NamePlan(prompt, sum(map(naming.wanted, groups)), values.model, sampling)
        return made, lambda plan, run: naming.Naming(store, plan, run, groups)

    work = Work("group", plan, written="reads/distill_calls", fresh=False)
    return (await running.spend(session, work, notice, report))[0]


def _prompt(request: GroupRequest) -> "Prompt":
    import distill as package
    from distill import naming
    from pgraph.prompts import load_for

    path = request.prompt or Path(package.__path__[0]) / "prompts" / "names.en.yml"
    prompt = load_for("group", path, naming.FIELDS)
    for phrase in naming.FIELDS & set(prompt.fields) - {"labels"}:
        prompt.phrase(phrase)
    return prompt
