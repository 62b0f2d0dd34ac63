"""`pgraph judge` put together."""

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
    "personas": ("the graph holds no personas yet", "Import some first: pgraph import FILE (one persona a line will do)."),
    "questions": ("the graph holds no questions yet", "Ask some first: pgraph ask --calls 20"),
    "knowledge": ("the graph holds no answers yet", "Answer some questions first: pgraph distill --calls 20"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class JudgeRequest:
    """What the command line asks for."""

    of: Judged
    rubric: str = ""  # a shipped one's name or a path; "" is the kind's own
    calls: int | None = None
    judge: str = ""
    below: float | None = None
    reask: bool = False
    seed: int = 0
    new_run: bool = False


def judge(
    workspace: Workspace, request: JudgeRequest, *, notice: Notice, report: Callable[[SpendReport], None]
) -> JudgeSummary:
    """Run `pgraph judge` to its end. Ctrl-C raises KeyboardInterrupt once what was completed is written."""
    return run_to_end(_judge(workspace, request, notice, report))


async def _judge(
    workspace: Workspace, request: JudgeRequest, notice: Notice, report: Callable[[SpendReport], None]
) -> JudgeSummary:
    def plan(store: GraphStore, _: CachedEmbedder) -> tuple[JudgePlan, Callable[[JudgePlan, Run], Judging]]:

        made = _plan(workspace, request)
        _require_items(store, request.of)
        return made, lambda plan, run: Judging(store, plan, run)

    work = Work("judge", plan, written="reads/judge_calls", fresh=request.new_run)
    summary, job = await running.spend(workspace, work, notice, report)
    return JudgeSummary.of(summary, outcome=job.outcome())


def forecast(workspace: Workspace, request: JudgeRequest) -> dict[str, Any]:
    """`--dry-run`: what would be judged and the prompt for the first of it; no model is called."""
    with open_store(workspace) as store:
        plan = _plan(workspace, request)
        _require_items(store, request.of)
        job = Judging(store, plan, Run("", "", RunProgress(), resumed=False))
        calls = len(job.waiting) if plan.calls is None else min(plan.calls, len(job.waiting))
        prompts = [plan.rubric.messages(job.shown(job.waiting[-1]))[-1]["content"]] if job.waiting else []
    outcome = job.outcome()
    return {
        "rubric": plan.rubric.name,
        "judge": plan.name or "not named (--model), so what others judged is counted too",
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
        raise UsageError("--reask needs --below", "Say which scores are too bad: --below 2.5 --reask")
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
        sampling={"temperature": values.temperature, "max_tokens": values.max_tokens},
    )
