"""`pgraph ingest`: draw personas from texts."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from expansion.personas import Limits
from expansion.texts import Ingestion, TextPlan, load_stances, text_props
from foundation import StopReason
from foundation.errors import ModelError, PgraphError, StoreError
from foundation.model import MODEL as BUNDLED
from foundation.model import CachedEmbedder
from graphstore import GraphStore, Write
from graphstore.files import BadRow, Piece, Source, pieces
from pgraph.app.running import ensure_groups, reconcile, record, run_to_end
from pgraph.app.settings import Workspace
from pgraph.app.summary import IngestSummary, ProgressReport, stop_reason
from pgraph.app.wording import counted
from pgraph.app.workspace import Model, open_embedder, open_model, open_store
from population import load_population
from population.runs import Run, RunProgress, hold_run

_CHARACTERS_A_TOKEN = 4
_TOKENS_A_REPLY = 90


@dataclass(frozen=True, slots=True)
class IngestRequest:
    """What the command line asks for. `chunk`: characters of a text in one call; `calls`: at most so many, None for all."""

    sources: Sequence[Source]
    stance: tuple[str, ...]
    chunk: int
    calls: int | None = None
    licence: str | None = None


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts of the files, each once; `first` is shown by a dry run."""

    ids: dict[str, None]
    characters: int
    bad_rows: int
    first: Piece | None


def survey(request: IngestRequest, on_bad: Callable[[Source, BadRow], None]) -> Texts:
    """Read all files once, so that problems show before any call is paid for; `on_bad` gets each bad row.

    Raises `InputError` for a file that cannot be read.
    """
    ids: dict[str, None] = {}
    characters = bad = 0
    first = None
    for source, piece in _pieces(request):
        if isinstance(piece, BadRow):
            bad += 1
            on_bad(source, piece)
        elif piece.id not in ids:
            first = first or piece
            ids[piece.id] = None
            characters += len(piece.text)
    return Texts(ids, characters, bad, first)


def _pieces(request: IngestRequest) -> Iterator[tuple[Source, Piece | BadRow]]:
    for source in request.sources:
        for piece in pieces(source, request.chunk):
            yield source, piece


def _make_plan(workspace: Workspace, request: IngestRequest, model: str) -> TextPlan:
    values = workspace.settings()
    prompt, stances = load_stances(request.stance)
    return TextPlan(
        files=tuple(source.sha256 for source in request.sources),
        size=request.chunk,
        stances=stances,
        prompt=prompt,
        calls=request.calls,
        context=values.context,
        model=model,
        offered=not values.base_url,
        sampling=values.sampling,
    )


def forecast(workspace: Workspace, request: IngestRequest, texts: Texts) -> dict[str, Any]:
    """`--dry-run`: what would be asked, and an estimate of the tokens from the length of the prompts; calls no model."""
    values = workspace.settings()
    plan = _make_plan(workspace, request, values.model or ("" if values.base_url else BUNDLED))
    with open_store(workspace) as store:
        left = _left(plan, texts, _done(store))
    calls = left if plan.calls is None else min(left, plan.calls)
    prompts = []
    fixed = 0
    if texts.first is not None:
        stance = next(iter(plan.stances))
        messages = plan.request("", plan.call_id(texts.first.id, stance), texts.first, stance).messages
        prompts = [messages[-1]["content"]]
        fixed = sum(len(message["content"]) for message in messages) - len(texts.first.text)
    characters = fixed + texts.characters / max(1, len(texts.ids))
    return {
        "texts": len(texts.ids),
        "bad_rows": texts.bad_rows,
        "model": plan.model or "not named (--model), so earlier calls are counted too",
        "calls": calls,
        "new_personas_at_most": calls,
        "tokens_in": round(calls * characters / _CHARACTERS_A_TOKEN),
        "tokens_out": calls * _TOKENS_A_REPLY,
        "prompts": prompts,
    }


def ingest(
    workspace: Workspace,
    request: IngestRequest,
    texts: Texts,
    *,
    notice: Callable[[str], None],
    report: Callable[[ProgressReport], None],
) -> IngestSummary:
    """Run `pgraph ingest` to its end, and return how it ended; a failed model server or store is in the summary.

    `texts` comes from `survey`; `notice` gets messages for the user, `report` the progress after each call. Ctrl-C raises
    KeyboardInterrupt when the completed calls are written.
    """
    return run_to_end(_ingest(workspace, request, texts, notice, report))


@dataclass(frozen=True, slots=True)
class _IngestWork:
    """What an ingestion works with, opened once. `done`: calls of all runs so far; `calls`: the limit of this run."""

    store: GraphStore
    embedder: CachedEmbedder
    model: Model
    plan: TextPlan
    texts: Texts
    done: set[str]
    run: Run
    calls: int


async def _ingest(
    workspace: Workspace,
    request: IngestRequest,
    texts: Texts,
    notice: Callable[[str], None],
    report: Callable[[ProgressReport], None],
) -> IngestSummary:
    if request.calls == 0:
        return await asyncio.to_thread(_write_texts, workspace, request, texts)
    async with AsyncExitStack() as stack:
        store = stack.enter_context(await asyncio.to_thread(open_store, workspace))
        plan = _make_plan(workspace, request, workspace.settings().model)
        model = await stack.enter_async_context(open_model(workspace, notice))
        plan = replace(plan, model=model.chat.model)
        embedder = stack.enter_context(open_embedder(workspace))
        done = await asyncio.to_thread(_done, store)
        left = _left(plan, texts, done)
        if not left:
            await asyncio.to_thread(_state_licence, store, request)
            return await asyncio.to_thread(_nothing_left, store, texts)
        directory = workspace.data / "runs"
        run = stack.enter_context(
            await asyncio.to_thread(hold_run, store, directory, "ingest", plan.recipe(), fresh=False)
        )
        if run.resumed:
            notice(f"Continuing run {run.id} (started {run.started}, {counted(run.progress.calls, 'call')} so far).")
        calls = run.progress.calls + left
        calls = calls if plan.calls is None else min(calls, plan.calls)
        work = _IngestWork(store, embedder, model, plan, texts, done, run, calls)
        ingestion = await asyncio.to_thread(_prepare, work, notice)
        pieces = (piece for _, piece in _pieces(request) if not isinstance(piece, BadRow))
        summary = await _go(work, ingestion, pieces, report)
        if summary.error is None:
            await asyncio.to_thread(reconcile, store, embedder, run, notice)
        await asyncio.to_thread(_state_licence, store, request)
        await asyncio.to_thread(record, store, summary)
    return summary


def _write_texts(workspace: Workspace, request: IngestRequest, texts: Texts) -> IngestSummary:
    """Write the texts to the graph, without any call."""
    directory = workspace.data / "runs"
    with open_store(workspace) as store:
        recipe = _make_plan(workspace, request, "").recipe()
        with hold_run(store, directory, "ingest", recipe, fresh=False) as run:
            pieces = (piece for _, piece in _pieces(request) if not isinstance(piece, BadRow))
            store.write_batches("text", ({"id": piece.id, "props": text_props(piece, run.id)} for piece in pieces))
            _state_licence(store, request)
            summary = replace(_nothing_left(store, texts), run=run.id, stopped_by=StopReason.CALLS)
            record(store, summary)
    return summary


def _state_licence(store: GraphStore, request: IngestRequest) -> None:
    """Keep the licence of the files with the runs that read them."""
    if request.licence:
        runs = store.read("reads/text_runs", files=[source.sha256 for source in request.sources])
        rows = [{"id": row["run"], "props": {"licence": request.licence}} for row in runs]
        store.write(Write("run", rows))


def _nothing_left(store: GraphStore, texts: Texts) -> IngestSummary:
    people = load_population(store, [], depth=1).population
    return IngestSummary(
        run="",
        progress=RunProgress(),
        seconds=0.0,
        coverage=people.tally.overall().coverage,
        personas=len(people.ids),
        stopped_by=StopReason.NOTHING_TO_ASK,
        goal_missed=False,
        texts=len(texts.ids),
        bad_rows=texts.bad_rows,
    )


def _prepare(work: _IngestWork, notice: Callable[[str], None]) -> Ingestion:
    ensure_groups(work.store, work.embedder, work.run.id, notice)
    loaded = load_population(work.store, [], depth=1, by_niche=True)
    return Ingestion(work.plan, work.run, work.store, embedder=work.embedder, loaded=loaded, done=work.done)


async def _go(
    work: _IngestWork, ingestion: Ingestion, pieces: Iterator[Piece], report: Callable[[ProgressReport], None]
) -> IngestSummary:
    began, before = time.monotonic(), work.run.progress.calls

    def report_progress() -> None:
        progress, people = ingestion.progress, len(ingestion.population.ids)
        seconds = time.monotonic() - began
        limits = Limits(calls=work.calls)
        report(ProgressReport(progress, limits, ingestion.coverage.coverage, people, seconds, progress.calls - before))

    error: PgraphError | None = None
    try:
        await ingestion.go(work.model.chat, work.model.at_once, pieces, report_progress)
    except (ModelError, StoreError) as problem:
        error = problem
    return IngestSummary(
        run=ingestion.run,
        progress=ingestion.progress,
        seconds=time.monotonic() - began,
        coverage=ingestion.coverage.coverage,
        personas=len(ingestion.population.ids),
        stopped_by=stop_reason(ingestion.stopped_by, error),
        goal_missed=False,
        error=error,
        texts=len(work.texts.ids),
        bad_rows=work.texts.bad_rows,
    )


def _done(store: GraphStore) -> set[str]:
    return {row["call"] for row in store.read("reads/text_calls")}


def _left(plan: TextPlan, texts: Texts, done: set[str]) -> int:
    """How many calls are left: one for each text and stance that has no answer yet."""
    calls = product(texts.ids, plan.stances)
    return sum(plan.call_id(text, stance) not in done for text, stance in calls)
