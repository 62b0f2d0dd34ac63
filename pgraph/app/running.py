"""What commands that ask a model share, from the first call to the record of the run."""

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
from pgraph.app.summary import ExpandSummary, SpendReport, SpendSummary, grouping_in_words
from pgraph.app.wording import counted
from pgraph.app.workspace import Model, open_embedder, open_model, open_store
from population.duplicates import mark_duplicates_of
from population.runs import Run, RunProgress, finish_run, hold_run

Result = TypeVar("Result")
Notice = Callable[[str], None]


def run_to_end(work: Coroutine[Any, Any, Result]) -> Result:
    """Run the work of a command. Ctrl-C raises KeyboardInterrupt when the completed calls are written.

    After Ctrl-C the event loop stays open: closing it would wait for a thread that may still be loading a model.
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
    """A run that makes calls one by one: asking, distilling, judging, naming."""

    progress: RunProgress
    stopped_by: StopReason | None

    async def go(
        self, chat: Chat, at_once: int, paid: Sequence[Mapping[str, Any]], report: Callable[[], None], /
    ) -> None: ...


PlanT = TypeVar("PlanT", bound="AskPlan | DistillPlan | JudgePlan | NamePlan")
JobT = TypeVar("JobT", bound=Spending)


@dataclass(frozen=True, slots=True)
class Work(Generic[PlanT, JobT]):
    """The part of a run that differs between commands.

    `plan` runs before a model is started; it returns the plan and a function that makes the job from the plan (now with
    the name of the model) and the run.
    """

    command: str
    plan: Callable[[GraphStore, CachedEmbedder], tuple[PlanT, Callable[[PlanT, Run], JobT]]]
    written: str  # the query for the calls of a run that are in the graph
    fresh: bool  # start a new run, even if one was interrupted


async def spend(
    workspace: Workspace, work: Work[PlanT, JobT], notice: Notice, report: Callable[[SpendReport], None]
) -> tuple[SpendSummary, JobT]:
    """Plan, start the model, start or continue the run, make the calls, record how it ended.

    Returns the summary, with the error of a failed model server or store, and the job.
    """
    began = time.monotonic()
    async with AsyncExitStack() as stack:
        store = stack.enter_context(await asyncio.to_thread(open_store, workspace))
        embedder = stack.enter_context(open_embedder(workspace))
        plan, make_job = await asyncio.to_thread(work.plan, store, embedder)
        model = await stack.enter_async_context(open_model(workspace, notice))
        plan = replace(plan, model=model.chat.model)
        directory = workspace.data / "runs"
        run = stack.enter_context(hold_run(store, directory, work.command, plan.recipe(), fresh=work.fresh))
        if run.resumed:
            notice(
                f"Continuing run {run.id} ({counted(run.progress.calls, 'call')} so far); --new-run starts a new one."
            )
        job = await asyncio.to_thread(make_job, plan, run)
        paid = await asyncio.to_thread(_paid, store, model, run, work.written) if run.resumed else []

        def report_progress() -> None:
            report(SpendReport(work.command, job.progress, plan.calls, time.monotonic() - began))

        error: PgraphError | None = None
        try:
            await job.go(model.chat, model.at_once, paid, report_progress)
        except (ModelError, StoreError) as problem:
            error = problem
        seconds = time.monotonic() - began
        summary = SpendSummary(work.command, run.id, job.progress, seconds, job.stopped_by, error)
        await asyncio.to_thread(record, store, summary)
    return summary, job


def _paid(store: GraphStore, model: Model, run: Run, written: str) -> list[Mapping[str, Any]]:
    """The tags of calls that were interrupted between the reply cache and the graph."""
    in_graph = {row["call"] for row in store.read(written, run=run.id)}
    return [tag for tag, _ in model.replies.of_run(run.id) if tag["call"] not in in_graph]


def ensure_groups(store: GraphStore, embedder: CachedEmbedder, run: str, notice: Notice, *, place: bool = True) -> None:
    """Group the domains if there are no groups, or if too many domains are new. `run`: the id to record, or "".

    `place`: also give personas without a domain one.
    """
    if groups_are_stale(store, place=place):
        notice("Grouping the domains …")
        grouping = group_domains(store, embedder, run, tell=embedding_notice(notice), place=place)
        notice(grouping_in_words(grouping))


def embedding_notice(notice: Notice, every: float = 10.0) -> Callable[[int, int], None]:
    """A callback that reports the embedding of many personas, at most once in `every` seconds."""
    last = time.monotonic()

    def report(done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last >= every:
            last = time.monotonic()
            notice(f"{done:,} of {total:,} personas embedded")

    return report


def reconcile(
    store: GraphStore, embedder: CachedEmbedder, run: Run, notice: Notice, *, began_early: bool = False
) -> None:
    """Mark personas that this run and another one found at the same time.

    `began_early`: also those that this run found while imported personas were not embedded yet.
    """
    marked = mark_duplicates_of(store, embedder, run.id, run.started, even_alone=began_early)
    if marked:
        why = (
            "The run began before all imported personas were embedded"
            if began_early
            else "Another run wrote at the same time"
        )
        notice(f"{why}: {counted(marked, 'persona')} found twice now marked as duplicates.")


def record(store: GraphStore, summary: ExpandSummary | SpendSummary) -> None:
    """Write to the Run node how the run ended; not after an error of the store."""
    if not isinstance(summary.error, StoreError):
        state = "finished" if summary.error is None else "stopped"
        finish_run(store, summary.run, state, summary.props())
