"""What the commands that ask a model share: from the first call to the record of the run."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import Any, Generic, Protocol, TypeVar

from distill.groups import NamePlan, group_domains, groups_are_stale
from distill.judges import JudgePlan
from distill.knowledge import AskPlan, DistillPlan
from foundation import StopReason
from foundation.errors import ModelError, PgraphError, StoreError
from foundation.model import CachedEmbedder, Chat
from graphstore import GraphStore
from pgraph.app.settings import Workspace
from pgraph.app.summary import ExpandSummary, SpendReport, SpendSummary
from pgraph.app.workspace import Model, open_embedder, open_model, open_store
from population.duplicates import mark_between_runs as marked_by
from population.runs import Run, RunProgress, finish_run, hold_run

Result = TypeVar("Result")
Notice = Callable[[str], None]


def run_to_end(work: Coroutine[Any, Any, Result]) -> Result:
    """Run a command's work. Ctrl-C raises KeyboardInterrupt once what was completed is written.

    After it the loop is left as it is: closing it would wait for a thread that may still load a model.
    """
    runner = asyncio.Runner()
    try:
        result = runner.run(work)
    except Exception:
        runner.close()
        raise
    runner.close()
    return result


class Spending(Protocol):
    """A run that spends calls one by one: asking, distilling, judging, naming."""

    progress: RunProgress
    stopped_by: StopReason | None

    async def go(
        self, chat: Chat, at_once: int, paid: Sequence[Mapping[str, Any]], report: Callable[[], None], /
    ) -> None: ...


PlanT = TypeVar("PlanT", bound="AskPlan | DistillPlan | JudgePlan | NamePlan")
JobT = TypeVar("JobT", bound=Spending)


@dataclass(frozen=True, slots=True)
class Work(Generic[PlanT, JobT]):
    """A command's own part of a run. `plan` is made before a model is started, and gets its name then."""

    command: str
    plan: Callable[[GraphStore, CachedEmbedder], tuple[PlanT, Callable[[PlanT, Run], JobT]]]
    written: str  # the query for the calls of a run that are in the graph
    fresh: bool  # whether a run that was interrupted is left alone


async def spend(
    workspace: Workspace, work: Work[PlanT, JobT], notice: Notice, report: Callable[[SpendReport], None]
) -> tuple[SpendSummary, JobT]:
    """Plan, start the model, take up the run or begin one, spend, record how it ended."""
    began = time.monotonic()
    async with AsyncExitStack() as stack:
        store = stack.enter_context(await asyncio.to_thread(open_store, workspace))
        embedder = stack.enter_context(open_embedder(workspace))
        plan, make = await asyncio.to_thread(work.plan, store, embedder)
        model = await stack.enter_async_context(open_model(workspace, notice))
        plan = replace(plan, model=model.chat.model)
        directory = workspace.data / "runs"
        run = stack.enter_context(hold_run(store, directory, work.command, plan.recipe(), fresh=work.fresh))
        if run.resumed:
            notice(f"Going on with run {run.id}, {run.progress.calls} calls so far (--new-run starts afresh).")
        job = await asyncio.to_thread(make, plan, run)
        paid = await asyncio.to_thread(_paid, store, model, run, work.written) if run.resumed else []

        def tell() -> None:
            report(SpendReport(work.command, job.progress, plan.calls, time.monotonic() - began))

        error: PgraphError | None = None
        try:
            await job.go(model.chat, model.at_once, paid, tell)
        except (ModelError, StoreError) as problem:
            error = problem
        seconds = time.monotonic() - began
        summary = SpendSummary(work.command, run.id, job.progress, seconds, job.stopped_by, error)
        await asyncio.to_thread(record, store, summary)
    return summary, job


def _paid(store: GraphStore, model: Model, run: Run, written: str) -> list[Mapping[str, Any]]:
    """What the calls were for whose replies are in the cache but, as the run was interrupted, not in the graph."""
    known = {row["call"] for row in store.read(written, run=run.id)}
    return [tag for tag, _ in model.replies.of_run(run.id) if tag["call"] not in known]


def ensure_groups(store: GraphStore, embedder: CachedEmbedder, run: str, notice: Notice) -> None:
    """Make the groups where there are none, or too many domains came since."""
    if groups_are_stale(store):
        notice("Grouping the domains …")
        made = group_domains(store, embedder, run, tell=embedding_notice(notice))
        placed = f"; {made.placed} personas placed by their neighbours" if made.placed else ""
        notice(f"{made.domains} domains in {made.groups} groups{placed}")


def embedding_notice(notice: Notice, every: float = 10.0) -> Callable[[int, int], None]:
    """Says now and then how far the embedding of many personas is."""
    last = time.monotonic()

    def tell(done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last >= every:
            last = time.monotonic()
            notice(f"{done:,} of {total:,} personas embedded")

    return tell


def reconcile(store: GraphStore, embedder: CachedEmbedder, run: Run, notice: Notice) -> None:

    marked = marked_by(store, embedder, run.id, run.started)
    if marked:
        notice(f"Another run wrote at the same time: {marked} personas of both are marked as duplicates.")


def record(store: GraphStore, summary: ExpandSummary | SpendSummary) -> None:

    if not isinstance(summary.error, StoreError):
        state = "finished" if summary.error is None else "stopped"
        finish_run(store, summary.run, state, summary.props())
