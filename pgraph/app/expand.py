"""`pgraph expand` put together: store, groups, population, model, strategy, run."""

import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from expansion.plan import Limits, Plan, Progress, StrategyName
from pgraph.app import Session, data_directory, open_embedder, open_model, open_store, settings
from pgraph.errors import InputError, LimitReachedError, ModelError, PgraphError, StoreError, UsageError

if TYPE_CHECKING:
    from expansion.expand import Expansion
    from expansion.loading import Loaded
    from expansion.runs import Run
    from expansion.selection import Choice, Strategy, Vectors
    from graphstore.store import GraphStore
    from pgraph.chat import Chat
    from pgraph.embedding import CachedEmbedder
    from pgraph.replies import Replies

PROMPT = "persona_to_persona.yml"


@dataclass(frozen=True, slots=True)
class ExpandRequest:
    """What the command line asks for."""

    depth: int
    calls: int | None = None
    tokens: int | None = None
    target: int | None = None
    until_coverage: float | None = None
    per_call: int = 3
    strategy: StrategyName = "coverage"
    relations: Path | None = None
    from_cypher: str = ""
    context: str | None = None
    seed: int = 0
    new_run: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """How a run stands, for the progress line."""

    progress: Progress
    limits: Limits
    coverage: float
    personas: int
    seconds: float  # since this process began to ask
    asked: int  # calls since then

    def line(self) -> str:
        done, limits = self.progress, self.limits
        rate = self.asked / self.seconds if self.seconds > 0 else 0.0
        parts = [
            f"calls {done.calls}" + (f"/{limits.calls}" if limits.calls else ""),
            f"personas {self.personas}" + (f"/{limits.target}" if limits.target else ""),
            f"new {done.new}",
            f"duplicate {done.duplicate}",
            *([f"failed {done.failed_calls}"] if done.failed_calls else []),
            f"coverage {self.coverage:.2f}",
            f"tokens {done.tokens:,}" + (f"/{limits.tokens:,}" if limits.tokens else ""),
            f"{rate:.1f} calls/s",
        ]
        if limits.calls and rate:
            parts.append(f"{_clock((limits.calls - done.calls) / rate)} left")
        return " · ".join(parts)


@dataclass(frozen=True, slots=True)
class ExpandSummary:
    run: str
    progress: Progress
    seconds: float
    coverage: float
    personas: int
    stopped_by: str
    goal_missed: bool
    error: PgraphError | None = field(default=None, compare=False)

    @property
    def exit_code(self) -> int:
        if self.error is not None:
            return self.error.exit_code
        if self.goal_missed:
            return LimitReachedError.exit_code
        return 1 if self.progress.failed_calls else 0

    @property
    def exit_reason(self) -> str:
        if self.error is not None:
            return self.error.message
        if self.goal_missed:
            return f"the limit --{self.stopped_by} was reached before the goal"
        return f"{self.progress.failed_calls} calls failed" if self.progress.failed_calls else "done"

    def as_json(self) -> dict[str, Any]:
        return {
            "run": self.run,
            **self.progress.counts(),
            "failures": dict(self.progress.reasons),
            "seconds": round(self.seconds, 2),
            "coverage": round(self.coverage, 4),
            "personas": self.personas,
            "stopped_by": self.stopped_by,
            "exit_reason": self.exit_reason,
            "exit_code": self.exit_code,
        }

    def as_text(self) -> str:
        done = self.progress
        why = ", ".join(f"{reason} {count}" for reason, count in sorted(done.reasons.items()))
        cached = f", {done.replies_from_cache} of them from the reply cache" if done.replies_from_cache else ""
        return "\n".join(
            [
                f"{done.calls} calls{cached}: {done.new} new personas, {done.duplicate} seen before, "
                f"{done.unusable} answers unusable" + (f" ({why})" if why else ""),
                f"{done.tokens_in:,} tokens in, {done.tokens_out:,} out, {self.seconds:.1f} s",
                f"The graph holds {self.personas} personas; coverage of roles {self.coverage:.1%}",
                f"Stopped by: {self.stopped_by}"
                + (f" ({self.exit_reason})" if self.exit_code else "")
                + f" · run {self.run}",
            ]
        )


def expand(
    session: Session, request: ExpandRequest, *, notice: Callable[[str], None], report: Callable[[Report], None]
) -> ExpandSummary:
    """Run `pgraph expand` to its end. Ctrl-C raises KeyboardInterrupt once what was completed is written.

    After it the loop is left as it is: closing it would wait for a thread that may still load a model.
    """
    runner = asyncio.Runner()
    try:
        summary = runner.run(_expand(session, request, notice, report))
    except Exception:
        runner.close()
        raise
    runner.close()
    return summary


async def _expand(
    session: Session, request: ExpandRequest, notice: Callable[[str], None], report: Callable[[Report], None]
) -> ExpandSummary:
    async with AsyncExitStack() as stack:
        store = stack.enter_context(await asyncio.to_thread(open_store, session))
        await asyncio.to_thread(require_personas, store)
        model = await stack.enter_async_context(open_model(session, notice))
        embedder = stack.enter_context(open_embedder(session))
        plan = make_plan(session, request, model.chat.model)
        run = stack.enter_context(await asyncio.to_thread(_hold, session, store, plan, request))
        expansion, paid = await asyncio.to_thread(_prepare, store, embedder, model.replies, plan, run, notice=notice)
        summary = await _go(expansion, model.chat, model.at_once, paid, report)
        if summary.error is None:
            await asyncio.to_thread(_reconcile, store, embedder, run, notice)
        await asyncio.to_thread(_record, store, summary)
    return summary


def _hold(session: Session, store: "GraphStore", plan: Plan, request: ExpandRequest) -> "AbstractContextManager[Run]":
    from expansion import runs

    return runs.hold(store, data_directory(session) / "runs", plan, fresh=request.new_run)


def _prepare(
    store: "GraphStore",
    embedder: "CachedEmbedder",
    replies: "Replies",
    plan: Plan,
    run: "Run",
    *,
    notice: Callable[[str], None],
) -> "tuple[Expansion, list[Choice]]":
    """Groups, population, strategy; and the choices that an interrupted run paid for but did not write."""
    from expansion.absorb import Absorber
    from expansion.expand import Expansion

    if run.resumed:
        notice(
            f"Going on with run {run.id}, begun {run.started}, {run.progress.calls} calls so far (--new-run starts afresh)."
        )
    allowed = allowed_sources(store, plan.from_cypher)
    _ensure_groups(store, embedder, run, notice)
    loaded = _load(store, plan, allowed, run)
    strategy = make_strategy(plan, loaded, embedder, run)
    absorber = Absorber(store, embedder, loaded, plan, run)
    paid = _paid(store, replies, loaded, run, plan) if run.resumed and not strategy.ordered else []
    return Expansion(plan, run.id, loaded.population, strategy, absorber), paid


async def _go(
    expansion: "Expansion", chat: "Chat", at_once: int, paid: "list[Choice]", report: Callable[[Report], None]
) -> ExpandSummary:
    began, before = time.monotonic(), expansion.progress.calls

    def tell() -> None:
        seconds, done = time.monotonic() - began, expansion.progress
        report(
            Report(
                done,
                expansion.plan.limits,
                expansion.coverage.coverage,
                len(expansion.population.ids),
                seconds,
                done.calls - before,
            )
        )

    try:
        await expansion.go(chat, at_once, paid, tell)
    except (ModelError, StoreError) as problem:
        return _summary(expansion, time.monotonic() - began, problem)
    return _summary(expansion, time.monotonic() - began, None)


def _reconcile(store: "GraphStore", embedder: "CachedEmbedder", run: "Run", notice: Callable[[str], None]) -> None:
    from expansion.reconcile import reconcile

    marked = reconcile(store, embedder, run.id, run.started)
    if marked:
        notice(f"Another run wrote at the same time: {marked} personas of both are marked as duplicates.")


def _record(store: "GraphStore", summary: ExpandSummary) -> None:
    from expansion import runs

    if not isinstance(summary.error, StoreError):
        state = "finished" if summary.error is None else "stopped"
        props = {"stopped_by": summary.stopped_by, "coverage": summary.coverage, "seconds": summary.seconds}
        runs.finish(store, summary.run, state, props)


def _summary(expansion: "Expansion", seconds: float, error: PgraphError | None) -> ExpandSummary:
    limits = expansion.plan.limits
    stopped_by = expansion.stopped_by if error is None else "model" if isinstance(error, ModelError) else "store"
    goal = limits.target is not None or limits.until_coverage is not None
    missed = goal and stopped_by in ("calls", "tokens")
    people = expansion.population
    return ExpandSummary(
        expansion.run,
        expansion.progress,
        seconds,
        expansion.coverage.coverage,
        len(people.ids),
        stopped_by,
        missed,
        error,
    )


def make_plan(session: Session, request: ExpandRequest, model: str) -> Plan:
    import expansion
    from expansion.relations import SHIPPED, load_relations
    from pgraph.prompts import load

    values = settings(session)
    return Plan(
        depth=request.depth,
        limits=Limits(request.calls, request.tokens, request.target, request.until_coverage),
        per_call=request.per_call,
        strategy=request.strategy,
        relations=load_relations(request.relations or SHIPPED),
        prompt=load(Path(expansion.__path__[0]) / "prompts" / PROMPT),
        seed=request.seed,
        context=values.context if request.context is None else request.context,
        from_cypher=request.from_cypher,
        model=model,
        sampling={"temperature": values.temperature, "max_tokens": values.max_tokens},
    )


def require_personas(store: "GraphStore") -> None:
    if not any(True for _ in store.read("reads/any_persona")):
        raise InputError(
            "the graph holds no personas yet", "Import some first: pgraph import FILE (one persona a line will do)."
        )


def allowed_sources(store: "GraphStore", cypher: str) -> set[str] | None:
    """The ids that the user's query returns in its first column, as ids or as nodes."""
    if not cypher:
        return None
    ids = set()
    for row in store.cypher(cypher, {}, timeout=60.0, limit=10_000_000):
        first = next(iter(row.values()), None)
        value = first.get("id") if isinstance(first, dict) else first
        if not isinstance(value, str):
            raise UsageError(
                f"--from: the first column holds {first!r}, no persona",
                "Return p.id, as in: MATCH (p:Persona) … RETURN p.id",
            )
        ids.add(value)
    if not ids:
        raise UsageError("--from: the query returns nobody", "Try it with `pgraph cypher` first.")
    return ids


def _ensure_groups(store: "GraphStore", embedder: "CachedEmbedder", run: "Run", notice: Callable[[str], None]) -> None:
    """Make the groups where there are none, or too many domains came since. Not in a resumed run: its choices rest on them."""
    from distill import grouping

    if not run.resumed and grouping.is_stale(store):
        notice("Grouping the domains …")
        made = grouping.group(store, embedder, run.id)
        notice(
            f"{made.domains} domains in {made.groups} groups"
            + (f"; {made.placed} personas placed by their neighbours" if made.placed else "")
        )


def _load(store: "GraphStore", plan: Plan, allowed: set[str] | None, run: "Run") -> "Loaded":
    from expansion.loading import load

    loaded = load(store, [kind.id for kind in plan.relations], plan.depth, allowed=allowed, run=run.id)
    if not loaded.population.pairs_left and not run.resumed:
        raise UsageError(
            f"no persona is left to ask within {plan.depth} hops of the imported ones",
            "Raise --depth, give other --relations, widen --from, or import more personas.",
        )
    return loaded


def make_strategy(plan: Plan, loaded: "Loaded", embedder: "CachedEmbedder", run: "Run") -> "Strategy":
    import numpy as np

    from expansion.selection import BreadthFirst, CoverageFirst, Random

    people = loaded.population
    rng = np.random.default_rng([plan.seed, run.progress.calls])

    def vectors(positions: list[int]) -> "Vectors | None":
        found, known = embedder.known([people.texts[position] for position in positions])
        return found if known.all() else None

    if plan.strategy == "coverage":
        return CoverageFirst(people, rng, vectors)
    return BreadthFirst(people) if plan.strategy == "breadth-first" else Random(people, rng)


def _paid(store: "GraphStore", replies: "Replies", loaded: "Loaded", run: "Run", plan: Plan) -> "list[Choice]":
    """The choices whose replies are in the cache but, since the run was interrupted, not in the graph."""
    from expansion.selection import Choice

    written = {row["call"] for row in store.read("reads/run_calls", run=run.id)}
    numbers = {kind.id: number for number, kind in enumerate(plan.relations)}
    people = loaded.population
    return [
        Choice(people.index[tag["source"]], numbers[tag["relation"]])
        for tag, _ in replies.of_run(run.id)
        if tag["call"] not in written and tag["source"] in people.index
    ]


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(max(0.0, seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
