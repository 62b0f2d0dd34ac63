"""`pgraph expand`: opens store, model and groups, and runs the expansion to its end."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, AsyncExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from expansion.personas import PERSONA_PROMPT, Absorber, Expansion, Limits, Plan, StrategyName
from expansion.selection import (
    PROMPT_TOKEN,
    RECENT,
    BreadthFirst,
    ControlGroup,
    CoverageFirst,
    FixedLength,
    Hint,
    LearnedLength,
    Lengths,
    ListedCall,
    RandomChoice,
    Strategy,
    Vectors,
)
from expansion.texts import STANCES, TextArms, TextPlan, load_stances
from foundation import StopReason
from foundation.errors import InputError, ModelError, PgraphError, StoreError, UsageError
from foundation.model import CachedEmbedder
from foundation.prompts import load_prompt
from graphstore import GraphStore
from graphstore.files import Piece
from pgraph.app.ahead import EmbeddingAhead
from pgraph.app.running import ensure_groups, reconcile, record, run_to_end
from pgraph.app.settings import Settings, Workspace
from pgraph.app.starting import allowed_sources, require_personas
from pgraph.app.summary import ExpandSummary, ProgressReport, stop_reason
from pgraph.app.wording import counted
from pgraph.app.workspace import Model, open_embedder, open_model, open_store
from population import RELATIONS, Loaded, at_distances, counted_of, load_population, load_relations, read_lifts
from population.runs import Run, hold_run

Explain = Callable[[dict[str, Any]], None]


@dataclass(frozen=True, slots=True)
class ExpandRequest:
    """What the command line asks for; `calls`, `tokens`, `target` and `until_coverage` are limits, None for no limit."""

    depth: int
    calls: int | None = None
    tokens: int | None = None
    target: int | None = None
    until_coverage: float | None = None
    per_call: int = 3
    strategy: StrategyName = "coverage"
    relations: Path | None = None
    from_cypher: str = ""
    seed: int = 0
    new_run: bool = False
    with_texts: bool = False
    exclude: int | None = None  # None: it is found out; with the bundled model 0


def expand(
    workspace: Workspace,
    request: ExpandRequest,
    *,
    notice: Callable[[str], None],
    report: Callable[[ProgressReport], None],
    explain: Explain | None = None,
) -> ExpandSummary:
    """Run `pgraph expand` to its end, and return how it ended; a failed model server or store is in the summary.

    `notice` gets messages for the user, `report` the progress after each call, and `explain` each finished call: why it was
    made and what it brought. Ctrl-C raises KeyboardInterrupt when the completed calls are written. Raises `InputError` if
    the graph has nothing to start from, and `UsageError` for a request that cannot be carried out.
    """
    return run_to_end(_expand(workspace, request, notice, report, explain))


@dataclass(frozen=True, slots=True)
class _ExpandWork:
    """What an expansion works with, opened once."""

    store: GraphStore
    embedder: CachedEmbedder
    ahead: EmbeddingAhead
    model: Model
    plan: Plan
    run: Run
    allowed: set[str] | None  # the personas to start from, None for all
    began: float  # when this process started or continued the run, in seconds of the monotonic clock
    before: int  # calls of the run until then
    texts: TextPlan | None
    prices: tuple[float, float]  # of a million tokens: prompt, reply
    waiting: list[Mapping[str, Any]]  # tags of calls that an interrupted run paid for but did not write


async def _expand(
    workspace: Workspace,
    request: ExpandRequest,
    notice: Callable[[str], None],
    report: Callable[[ProgressReport], None],
    explain: Explain | None,
) -> ExpandSummary:
    async with AsyncExitStack() as stack:
        work = await _open_work(stack, workspace, request, notice)
        by_level = work.plan.strategy == "breadth-first"  # it reaches the waiting calls in its own order
        paid = [] if by_level else work.waiting
        while True:  # repeated each time that new domains make it necessary to group again
            expansion = await asyncio.to_thread(_prepare, work, notice)
            summary = await _go(work, expansion, paid, report, explain)
            if summary.error is not None or expansion.stopped_by is not None:
                break
            paid = []
        if summary.error is None:
            again = partial(reconcile, began_early=work.ahead.was_needed)
            await asyncio.to_thread(again, work.store, work.embedder, work.run, notice)
        await asyncio.to_thread(record, work.store, summary)
    return summary


async def _open_work(
    stack: AsyncExitStack, workspace: Workspace, request: ExpandRequest, notice: Callable[[str], None]
) -> _ExpandWork:
    """Open store, model, embedder and run; the `stack` closes them."""
    store = stack.enter_context(await asyncio.to_thread(open_store, workspace))
    await asyncio.to_thread(require_people, store, request)
    plan = make_plan(workspace, request, workspace.settings().model)  # raises before a model is started
    allowed = await asyncio.to_thread(allowed_sources, store, plan.from_cypher)
    model = await stack.enter_async_context(open_model(workspace, notice))
    plan = replace(plan, model=model.chat.model)
    embedder = stack.enter_context(open_embedder(workspace))
    by_level = plan.strategy == "breadth-first"  # its matching depends on the groups that it started with
    ahead = stack.enter_context(EmbeddingAhead(store, embedder, enabled=not by_level))
    run = stack.enter_context(await asyncio.to_thread(_hold, workspace, store, plan, request))
    if run.resumed:
        notice(
            f"Continuing run {run.id} (started {run.started}, {counted(run.progress.calls, 'call')} so far); "
            "--new-run starts a new one."
        )
    stances = text_plan(workspace, plan) if request.with_texts else None
    waiting = await asyncio.to_thread(_waiting, store, model, run) if run.resumed else []
    return _ExpandWork(
        store=store,
        embedder=embedder,
        ahead=ahead,
        model=model,
        plan=plan,
        run=run,
        allowed=allowed,
        began=time.monotonic(),
        before=run.progress.calls,
        texts=stances,
        prices=(workspace.settings().price_in, workspace.settings().price_out),
        waiting=waiting,
    )


def _hold(workspace: Workspace, store: GraphStore, plan: Plan, request: ExpandRequest) -> AbstractContextManager[Run]:
    return hold_run(store, workspace.data / "runs", "expand", plan.recipe(), fresh=request.new_run)


def _prepare(work: _ExpandWork, notice: Callable[[str], None]) -> Expansion:
    """Group the domains if necessary, load the population, and set up the strategy.

    Personas that are still embedded are asked like all others, and given a domain later. Domains whose labels are still
    embedded are separate regions until then.
    """
    import numpy as np

    place = work.ahead.is_done
    # Breadth-first keeps the groups that it started with: its matching depends on them.
    if work.ahead.can_group and (work.plan.strategy != "breadth-first" or not work.run.progress.calls):
        ensure_groups(work.store, work.embedder, work.run.id, notice, place=place)
    texts = None if work.texts is None else text_arms(work.store, work.texts, work.plan.per_call)
    loaded = _load(work, texts)
    lifts = read_lifts(work.store, work.run.id) if work.run.progress.calls else {}  # it reads the calls of all runs
    control = ControlGroup(work.plan.control, lifts.get(work.run.id))
    one_by_one = work.model.at_once == 1  # then one seed makes one run
    strategy = make_strategy(work.plan, loaded, work.embedder, work.run, texts, control=control, exact=one_by_one)
    absorber = Absorber(work.store, work.embedder, loaded, work.plan, work.run)
    rng = np.random.default_rng([work.plan.seed, work.run.progress.calls, 1])
    hints = {tag["call"]: Hint.of(tag) for tag in work.waiting}
    lengths = list_lengths(work.store, work.plan, work.prices, work.plan.seed, work.run.progress.calls, 2)
    expansion = Expansion(work.plan, work.run.id, loaded, strategy, absorber, rng, control, lengths, texts, hints)
    if not place:
        expansion.end_when(lambda: work.ahead.is_done)
    return expansion


async def _go(
    work: _ExpandWork,
    expansion: Expansion,
    paid: list[Mapping[str, Any]],
    report: Callable[[ProgressReport], None],
    explain: Explain | None,
) -> ExpandSummary:
    def report_progress() -> None:
        progress, people = expansion.progress, len(expansion.population.ids)
        seconds, calls = time.monotonic() - work.began, progress.calls - work.before
        coverage, lift = expansion.coverage.coverage, expansion.lift
        by_chance = expansion.is_by_chance
        report(
            ProgressReport(
                progress, work.plan.limits, coverage, people, seconds, calls, lift, by_chance, work.ahead.counts
            )
        )

    error: PgraphError | None = None
    try:
        await expansion.go(work.model.chat, work.model.at_once, paid, report_progress, explain)
    except (ModelError, StoreError) as problem:
        error = problem
    progress, (price_in, price_out) = expansion.progress, work.prices
    money = (progress.tokens_in * price_in + progress.tokens_out * price_out) / 1e6
    return _summary(expansion, time.monotonic() - work.began, error, money)


def _summary(expansion: Expansion, seconds: float, error: PgraphError | None, money: float) -> ExpandSummary:
    limits = expansion.plan.limits
    stopped_by = stop_reason(expansion.stopped_by, error)
    goal = limits.target is not None or limits.until_coverage is not None
    missed = goal and stopped_by in (StopReason.CALLS, StopReason.TOKENS)
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
        money,
        expansion.lift,
        expansion.is_by_chance,
        expansion.yields,
        expansion.plan.count,
    )


def make_plan(workspace: Workspace, request: ExpandRequest, model: str) -> Plan:
    """The plan of a run, from the request and the settings. Raises `UsageError` for what does not fit together."""
    if request.with_texts and request.strategy != "coverage":
        raise UsageError(
            f"--with-texts cannot be combined with --strategy {request.strategy}",
            "Only --strategy coverage weighs texts against personas.",
        )
    values = workspace.settings()
    return Plan(
        depth=request.depth,
        limits=Limits(request.calls, request.tokens, request.target, request.until_coverage),
        per_call=request.per_call,
        strategy=request.strategy,
        relations=at_distances(load_relations(request.relations or RELATIONS), values.distances),
        prompt=load_prompt(PERSONA_PROMPT),
        seed=request.seed,
        context=values.context,
        from_cypher=request.from_cypher,
        model=model,
        sampling=values.sampling,
        stances=_stances_digest() if request.with_texts else "",
        exclude=_excluded(request, values),
        void=values.void,
        control=values.control if request.strategy == "coverage" else 0.0,
        verbalise=values.verbalise,
        count=counted_of(values.count),
    )


def _excluded(request: ExpandRequest, values: Settings) -> int | None:
    """How many known roles a call may list; None: it is found out."""
    if request.exclude is not None:
        return request.exclude
    return None if values.base_url else 0  # the bundled model names the very roles that a list excludes


def _stances_digest() -> str:
    prompt, _ = load_stances(STANCES)
    return f"{','.join(STANCES)} {prompt.digest}"


def text_plan(workspace: Workspace, plan: Plan) -> TextPlan:
    """What to ask about texts under the settings of the run: exactly the calls that `pgraph ingest` makes."""
    prompt, stances = load_stances(STANCES)
    offered = not workspace.settings().base_url
    return TextPlan((), 0, stances, prompt, None, plan.context, plan.model, offered, plan.sampling)


def text_arms(store: GraphStore, plan: TextPlan, per_call: int) -> TextArms:
    """The texts of the graph as arms to choose from, each with the calls that are left."""

    def read(ids: Sequence[str]) -> list[Piece]:
        rows = store.read("reads/texts_by_id", ids=list(ids))
        return [Piece(**{**row, "title": row["title"] or ""}) for row in rows]

    done = {row["call"] for row in store.read("reads/text_calls")}
    return TextArms(plan, store.read("reads/texts"), done, cost=per_call, read=read)


def require_people(store: GraphStore, request: ExpandRequest) -> None:
    """Raise `InputError` if there are no personas, or with `--with-texts` no texts to draw them from."""
    if not request.with_texts:
        require_personas(store)
    elif not any(True for _ in store.read("reads/texts")):
        raise InputError("the graph holds no texts", "Add some: pgraph ingest FILE --calls 0")


def _load(work: _ExpandWork, texts: TextArms | None) -> Loaded:
    plan, run = work.plan, work.run
    relations = [kind.id for kind in plan.relations]
    loaded = load_population(
        work.store,
        relations,
        plan.depth,
        allowed=work.allowed,
        run=run.id,
        texts=texts,
        by_niche=True,
        count=plan.count,
    )
    waiting = loaded.population.pairs_left + (0 if texts is None else texts.left)
    if not waiting and not run.progress.calls:
        raise UsageError(
            f"no persona is left to ask within {plan.depth} hops of the imported ones",
            "Raise --depth, give other --relations, widen --from, or import more personas.",
        )
    return loaded


def make_strategy(
    plan: Plan,
    loaded: Loaded,
    embedder: CachedEmbedder,
    run: Run,
    texts: TextArms | None = None,
    *,
    control: ControlGroup | None = None,
    exact: bool = False,
) -> Strategy:
    """The strategy of a plan, for a loaded population; it draws from the plan's seed and the calls made so far.

    `exact`: its choice does not depend on which texts were embedded before, since it embeds those that it compares.
    """
    import numpy as np

    people = loaded.population
    rng = np.random.default_rng([plan.seed, run.progress.calls])

    def vectors(positions: list[int]) -> Vectors | None:
        persona_texts = [people.texts[position] for position in positions]
        if exact:
            return embedder.embed(persona_texts)
        embeddings, known = embedder.known(persona_texts)
        return embeddings if known.all() else None

    if plan.strategy == "coverage":
        return CoverageFirst(people, rng, vectors, texts, control)
    return BreadthFirst(people) if plan.strategy == "breadth-first" else RandomChoice(people, rng)


def list_lengths(store: GraphStore, plan: Plan, prices: tuple[float, float], *seed: int) -> Lengths:
    """How many known roles calls list: as the plan says, or by what calls of its model and prompt brought.

    `prices`: of a token of a prompt and of a reply, 0 where unknown. Drawn by `seed`.
    """
    import numpy as np

    rng = np.random.default_rng(seed)
    if plan.exclude is not None:
        return FixedLength(plan.exclude, rng)
    rows = store.read("reads/listed_calls", model=plan.model, prompt=plan.prompt.digest, limit=RECENT)
    price_in, price_out = prices
    prompt_token = price_in / price_out if price_in and price_out else PROMPT_TOKEN
    return LearnedLength(rng, [ListedCall(**row) for row in rows][::-1], prompt_token)


def _waiting(store: GraphStore, model: Model, run: Run) -> list[Mapping[str, Any]]:
    """The tags of calls that were interrupted between the reply cache and the graph."""
    written = {row["call"] for row in store.read("reads/run_calls", run=run.id)}
    return [tag for tag, _ in model.replies.of_run(run.id) if tag["call"] not in written]
