"""`pgraph judge`: let the model score personas, questions or knowledge by a rubric."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from distill.judges import OWN_RUBRIC, Judged, JudgePlan, Judging, find_rubric
from foundation.errors import InputError, UsageError
from foundation.model import CachedEmbedder
from graphstore import GraphStore
from pgraph.app import running
from pgraph.app.running import Notice, Work, run_to_end
from pgraph.app.settings import Workspace
from pgraph.app.summary import JudgeSummary, SpendReport
from pgraph.app.workspace import open_store
from population.runs import Run, RunProgress

_NONE_YET = {
    "personas": ("the graph holds no personas yet", "Import some first: pgraph import FILE (one persona per line will do)."),
    "questions": ("the graph holds no questions yet", "Ask some first: pgraph ask --calls 20"),
    "knowledge": ("the graph holds no answers yet", "Answer some questions first: pgraph distill --calls 20"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class JudgeRequest:
    """What the command line asks for. `calls`: at most so many items; `below`: mark scores below this (1 to 5)."""

    of: Judged
    rubric: str = ""  # the name of a shipped rubric, or a path; "" is the standard one for `of`
    calls: int | None = None
    judge: str = ""
    below: float | None = None
    reask: bool = False
    seed: int = 0
    new_run: bool = False


def judge(
    workspace: Workspace, request: JudgeRequest, *, notice: Notice, report: Callable[[SpendReport], None]
) -> JudgeSummary:
    """Run `pgraph judge` to its end, and return how it ended; a failed model server or store is in the summary.

    `notice` gets messages for the user, `report` the progress after each call. Ctrl-C raises KeyboardInterrupt when the
    completed calls are written. Raises `InputError` if there is nothing to judge, `UsageError` for a wrong request.
    """
    return run_to_end(_judge(workspace, request, notice, report))


async def _judge(
    workspace: Workspace, request: JudgeRequest, notice: Notice, report: Callable[[SpendReport], None]
) -> JudgeSummary:
    def plan(store: GraphStore, _: CachedEmbedder) -> tuple[JudgePlan, Callable[[JudgePlan, Run], Judging]]:
        judge_plan = _plan(workspace, request)
        _require_items(store, request.of)
        return judge_plan, lambda plan, run: Judging(store, plan, run)

    work = Work("judge", plan, written="reads/judge_calls", fresh=request.new_run)
    summary, job = await running.spend(workspace, work, notice, report)
    return JudgeSummary.of(summary, outcome=job.outcome())


def forecast(workspace: Workspace, request: JudgeRequest) -> dict[str, Any]:
    """`--dry-run`: how many items would be judged, and the prompt for the first; calls no model."""
    with open_store(workspace) as store:
        plan = _plan(workspace, request)
        _require_items(store, request.of)
        job = Judging(store, plan, Run("", "", RunProgress(), resumed=False))
        calls = len(job.waiting) if plan.calls is None else min(plan.calls, len(job.waiting))
        prompts = [plan.rubric.messages(job.shown(job.waiting[-1]))[-1]["content"]] if job.waiting else []
    outcome = job.outcome()
    return {
        "rubric": plan.rubric.name,
        "judge": plan.name or "not named (--model), so items that others judged are counted too",
        "items": outcome["items"],
        "judged": outcome["judged"],
        "calls": calls,
        "prompts": prompts,
    }


def _require_items(store: GraphStore, of: Judged) -> None:
    if not any(True for _ in store.read(f"reads/ids_of_{of}")):
        raise InputError(*_NONE_YET[of])


def _plan(workspace: Workspace, request: JudgeRequest) -> JudgePlan:
    if request.reask and request.below is None:
        raise UsageError("--reask needs --below", "Say which scores are too low: --below 2.5 --reask")
    if request.reask and request.of == "personas":
        raise UsageError(
            "--reask is for questions and knowledge",
            "Marked personas are left out of questions and datasets; pgraph expand finds others.",
        )
    values = workspace.settings()
    return JudgePlan(
        rubric=find_rubric(request.rubric or OWN_RUBRIC[request.of], request.of),
        calls=request.calls,
        judge=request.judge,
        below=request.below,
        reask=request.reask,
        seed=request.seed,
        model=values.model,
        sampling=values.sampling,
    )
