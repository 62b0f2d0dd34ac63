"""`pgraph group` put together."""

import asyncio
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from expansion.plan import Progress
from pgraph.app import Session, data_directory, open_embedder, open_model, open_store, settings
from pgraph.app.expand import require_personas
from pgraph.app.running import embedding_notice, run_to_end
from pgraph.errors import ModelError, PgraphError, PromptError, StoreError

if TYPE_CHECKING:
    from distill.grouping import Grouped
    from graphstore.store import GraphStore
    from pgraph.embedding import CachedEmbedder
    from pgraph.prompts import Prompt

Notice = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class GroupRequest:
    resolution: float | None = None
    levels: int | None = None
    names: bool = False
    prompt: Path | None = None


@dataclass(frozen=True, slots=True)
class GroupReport:
    """How the naming stands, for the progress line."""

    progress: Progress
    total: int
    seconds: float

    def line(self) -> str:
        done = self.progress
        failed = f" · failed {done.failed_calls}" if done.failed_calls else ""
        return f"names {done.new}/{self.total}{failed} · tokens {done.tokens:,} · {self.seconds:.0f} s"


@dataclass(frozen=True, slots=True)
class GroupSummary:
    """How `pgraph group` ended; `run` is "" where no model was asked."""

    made: "Grouped"
    seconds: float
    run: str = ""
    progress: Progress = field(default_factory=Progress)
    ended_by: str = ""
    error: PgraphError | None = field(default=None, compare=False)

    @property
    def stopped_by(self) -> str:
        if self.error is not None:
            return "store" if isinstance(self.error, StoreError) else "model"
        return self.ended_by

    @property
    def exit_code(self) -> int:
        if self.error is not None:
            return self.error.exit_code
        return 1 if self.progress.failed_calls else 0

    def as_json(self) -> dict[str, Any]:
        made, done = self.made, self.progress
        found = {"command": "group", "domains": made.domains, "groups": made.groups, "placed": made.placed}
        asked = {"run": self.run, "named": done.new, **done.counts(), "failures": dict(done.reasons)}
        ended = {"seconds": round(self.seconds, 2), "stopped_by": self.stopped_by, "exit_code": self.exit_code}
        return {**found, "levels": list(made.levels), **asked, **ended}

    def as_text(self) -> str:
        made, done = self.made, self.progress
        placed = f"; {made.placed} personas without a domain placed by their neighbours" if made.placed else ""
        coarser = "".join(f", these in {count} at level {level}" for level, count in enumerate(made.levels[1:], 2))
        lines = [f"{made.domains} domains in {made.groups} groups{coarser}{placed}"]
        if self.run:
            cached = f", {done.replies_from_cache} of them from the reply cache" if done.replies_from_cache else ""
            why = ", ".join(f"{reason} {times}" for reason, times in sorted(done.reasons.items()))
            lines.append(
                f"{done.calls} calls{cached}: {done.new} groups named" + (f"; no usable name: {why}" if why else "")
            )
            lines.append(
                f"{done.tokens_in:,} tokens in, {done.tokens_out:,} out, {self.seconds:.1f} s · run {self.run}"
            )
        return "\n".join(lines)


def group(
    session: Session, request: GroupRequest, *, notice: Notice, report: Callable[[GroupReport], None]
) -> GroupSummary:
    """Group all domains anew, then let the model name the groups, if that is asked for."""
    began = time.monotonic()
    prompt = _prompt(request) if request.names else None  # what is wrong with it is said before the work
    with open_store(session) as store, open_embedder(session) as embedder:
        require_personas(store)
        made = _group(store, embedder, request, notice)
        if prompt is None:
            return GroupSummary(made, time.monotonic() - began)
        return run_to_end(_named(session, store, embedder, prompt, made, notice, report))


def _group(store: "GraphStore", embedder: "CachedEmbedder", request: GroupRequest, notice: Notice) -> "Grouped":
    from distill import grouping

    tell = embedding_notice(notice)
    return grouping.group(store, embedder, "", resolution=request.resolution, levels=request.levels, tell=tell)


async def _named(  # noqa: PLR0917  what a command has at hand
    session: Session,
    store: "GraphStore",
    embedder: "CachedEmbedder",
    prompt: "Prompt",
    made: "Grouped",
    notice: Notice,
    report: Callable[[GroupReport], None],
) -> GroupSummary:
    from distill import naming
    from expansion import runs

    began = time.monotonic()
    groups = await asyncio.to_thread(naming.load, store, embedder)
    if not any(map(naming.wanted, groups)):
        return GroupSummary(made, time.monotonic() - began, ended_by="all groups named")
    values = settings(session)
    sampling = {"temperature": values.temperature, "max_tokens": values.max_tokens}
    async with AsyncExitStack() as stack:
        model = await stack.enter_async_context(open_model(session, notice))
        plan = naming.NamePlan(prompt, model.chat.model, sampling)
        directory = data_directory(session) / "runs"
        run = stack.enter_context(runs.hold(store, directory, "group", plan.recipe(), fresh=False))
        if run.resumed:
            notice(f"Going on with run {run.id}, {run.progress.calls} calls so far.")
        job = await asyncio.to_thread(naming.Naming, store, plan, run, groups)
        done = job.progress.new

        def tell() -> None:
            report(GroupReport(job.progress, done + job.total, time.monotonic() - began))

        error: PgraphError | None = None
        try:
            await job.go(model.chat, model.at_once, tell)
        except (ModelError, StoreError) as problem:
            error = problem
        summary = GroupSummary(made, time.monotonic() - began, run.id, job.progress, job.stopped_by, error)
        if not isinstance(error, StoreError):
            state = "finished" if error is None else "stopped"
            props = {"stopped_by": summary.stopped_by, "seconds": summary.seconds}
            await asyncio.to_thread(runs.finish, store, run.id, state, props)
    return summary


def _prompt(request: GroupRequest) -> "Prompt":
    import distill as package
    from distill import naming
    from pgraph.prompts import load

    path = request.prompt or Path(package.__path__[0]) / "prompts" / "names.en.yml"
    prompt = load(path)
    if unknown := set(prompt.fields) - naming.FIELDS:
        raise PromptError(
            f"{path}: unknown field {min(unknown)!r}", f"pgraph group fills {', '.join(sorted(naming.FIELDS))}."
        )
    for phrase in naming.FIELDS & set(prompt.fields) - {"labels"}:
        prompt.phrase(phrase)
    return prompt
