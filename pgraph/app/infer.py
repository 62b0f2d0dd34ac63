"""`pgraph infer` put together: input, template, output, model, inference. No graph is needed."""

import asyncio
import math
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Any

from distill.batch import (
    INSTRUCTIONS,
    Answers,
    AsGiven,
    Inference,
    InferenceProgress,
    Job,
    Kinds,
    Template,
    bind_task,
    choose_task,
    identified,
    kinds_of,
    load_tasks,
    same_file,
)
from foundation import Unusable
from foundation.errors import ExitCode, InputError, ModelError, PgraphError, UsageError
from foundation.model import Chat
from graphstore.files import BadRow, Record, Source, opened, records
from pgraph.app.settings import Workspace
from pgraph.app.summary import exit_code_of
from pgraph.app.workspace import open_model

_LOOKED_AT = 100  # rows of a text file that tell its columns
_SHOWN = 3  # prompts that a dry run shows
_OURS = {"messages", "model", "stream", "n"}  # fields of a request that are not the user's to add


@dataclass(frozen=True, slots=True)
class InferRequest:
    """What the command line asks for."""

    input: str
    output: str
    instructions: Path | None = None
    task: str = ""
    fields: tuple[str, ...] = ()
    column: str = "response"
    ordered: bool = False
    request_rate: float = math.inf
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class InferSummary:
    output: str
    rows: int  # answers in the output
    before: int
    progress: InferenceProgress
    seconds: float
    error: PgraphError | None = None

    @property
    def exit_code(self) -> ExitCode:
        return exit_code_of(self.error, failed=self.progress.failed > 0)

    def as_json(self) -> dict[str, Any]:
        done = self.progress
        return {
            "command": "infer",
            "output": self.output,
            "rows": self.rows,
            "already_there": self.before,
            "answered": done.answered,
            "failed": done.failed,
            "failures": dict(done.reasons),
            "replies_from_cache": done.from_cache,
            "tokens_in": done.tokens_in,
            "tokens_out": done.tokens_out,
            "seconds": round(self.seconds, 2),
            "exit_reason": self.error.message
            if self.error
            else f"{done.failed} rows failed"
            if done.failed
            else "done",
            "exit_code": self.exit_code,
        }

    def as_text(self) -> str:
        done = self.progress
        cached = f", {done.from_cache:,} replies from the reply cache" if done.from_cache else ""
        lines = [
            f"{done.answered:,} rows answered, {self.before:,} were there{cached}, {done.failed:,} failed",
            f"{done.tokens_in:,} tokens in, {done.tokens_out:,} out, {self.seconds:.1f} s",
        ]
        if done.failed:
            why = ", ".join(f"{reason} {number:,}" for reason, number in done.reasons.most_common())
            lines.append(f"Failed: {why}. See {self.output}.failed.jsonl; the same command tries them again.")
            if done.reasons[Unusable.TRUNCATED]:
                lines.append("Truncated replies end with a higher --max-tokens.")
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class InferReport:
    """How it stands, for the progress line."""

    progress: InferenceProgress
    before: int
    total: int  # rows of the input, 0 where not known
    seconds: float

    def line(self) -> str:
        done = self.progress
        now = done.answered + done.failed
        speed = now / self.seconds if self.seconds > 0 else 0.0
        all_rows = now + self.before
        parts = [f"rows {all_rows:,}" + (f"/{self.total:,}" if self.total else ""), f"failed {done.failed:,}"]
        parts.append(f"{speed:,.1f} rows/s")
        if speed and self.total > all_rows:
            parts.append(f"{(self.total - all_rows) / speed:,.0f} s left")
        return " · ".join(parts)


@dataclass(frozen=True, slots=True)
class _Input:
    rows: Iterator[Record | BadRow]
    columns: tuple[str, ...]
    kinds: Kinds | None  # of a Parquet file
    total: int


def infer(
    workspace: Workspace, request: InferRequest, *, notice: Callable[[str], None], report: Callable[[InferReport], None]
) -> InferSummary:
    """Run `pgraph infer` to its end. Ctrl-C raises KeyboardInterrupt once what was answered is written."""
    return asyncio.run(run(workspace, request, notice, report))


async def run(
    workspace: Workspace, request: InferRequest, notice: Callable[[str], None], report: Callable[[InferReport], None]
) -> InferSummary:

    async with AsyncExitStack() as stack:
        given = await asyncio.to_thread(_read, stack, request)
        template = make_template(workspace, request, given.columns)
        tell_literals(template, notice)
        answers = stack.enter_context(Answers(request.output, request.column, given.kinds))
        await asyncio.to_thread(answers.open)
        job = make_job(workspace, request, template)
        model = await stack.enter_async_context(open_model(workspace, notice))
        tell_resumed(answers, template.digest, model.chat.model, notice)
        return await _go(Inference(job, answers), model.chat, model.at_once, given, answers, report)


async def _go(  # noqa: PLR0917  what was opened, one by one
    inference: Inference,
    chat: Chat,
    at_once: int,
    given: _Input,
    answers: Answers,
    report: Callable[[InferReport], None],
) -> InferSummary:
    began, before = time.monotonic(), answers.done

    def tell(progress: InferenceProgress) -> None:
        report(InferReport(progress, before, given.total, time.monotonic() - began))

    error: PgraphError | None = None
    try:
        await inference.go(chat, at_once, given.rows, tell)
    except ModelError as problem:
        error = problem
    done = inference.progress
    seconds = time.monotonic() - began
    return InferSummary(answers.output, before + done.answered, before, done, seconds, error)


def dry_run(workspace: Workspace, request: InferRequest, notice: Callable[[str], None]) -> dict[str, Any]:
    """The first prompts as they would be sent; nothing is asked, nothing written."""
    with ExitStack() as stack:
        given = _read(stack, request)
        Answers(request.output, request.column, given.kinds)
        template = make_template(workspace, request, given.columns)
        tell_literals(template, notice)
        values, prompts = workspace.settings(), []
        for row in islice(given.rows, _SHOWN):
            filled = row.reason if isinstance(row, BadRow) else template.fill(row.values)
            key = None if isinstance(row, BadRow) else identified(row)["id"]
            prompts.append(
                {
                    "line": row.line,
                    "id": key,
                    **({"failure": filled} if isinstance(filled, str) else {"messages": filled}),
                }
            )
    server = values.base_url or "the bundled model"
    return {
        "server": server,
        "model": values.model or None,
        "prompt": template.digest,
        "rows": given.total,
        "prompts": prompts,
    }


def _read(stack: ExitStack | AsyncExitStack, request: InferRequest) -> _Input:

    if same_file(request.input, request.output):
        raise UsageError(f"{request.output}: is the input too", "Give the answers a file of their own.")
    source: Source = stack.enter_context(opened(request.input, stdin=sys.stdin.buffer))
    rows = records(source, need_text=False)
    first = list(islice(rows, _LOOKED_AT))
    kinds, total = kinds_of(source.path) if source.form == "parquet" else (None, 0)
    columns = tuple(kinds or dict.fromkeys(name for row in first for name in getattr(row, "values", ())))
    ours = {request.column, *(f"{request.column}_{part}" for part in ("model", "prompt", "call"))}
    if taken := sorted(ours & set(columns)):
        raise InputError(
            f"{request.input}: has a column {taken[0]!r} already", "Name the answers' column: --column NAME."
        )
    return _Input(chain(first, rows), columns, kinds, total)


def make_template(workspace: Workspace, request: InferRequest, columns: tuple[str, ...]) -> Template | AsGiven:

    context = workspace.settings().context
    if request.task or request.instructions:
        return bind_task(
            choose_task(request.instructions or INSTRUCTIONS, request.task), request.fields, columns, context
        )
    ready = next((name for name in ("messages", "prompt") if name in columns), None)
    if ready is None or request.fields:
        raise UsageError(
            "no task was named, and the rows have no column messages or prompt that could be sent as it is",
            f"Give --task, and --instructions for a file of your own ({INSTRUCTIONS} has {', '.join(_shipped())}).",
        )
    return AsGiven(ready)


def _shipped() -> list[str]:

    return list(load_tasks(INSTRUCTIONS))


def make_job(workspace: Workspace, request: InferRequest, template: Template | AsGiven) -> Job:

    if wrong := sorted(_OURS & set(request.extra)):
        raise UsageError(f"--extra-request-body: {wrong[0]} cannot be set there", "Take it out.")
    values = workspace.settings()
    sampling = {"temperature": values.temperature, "max_tokens": values.max_tokens}
    return Job(template, sampling, request.extra, request.request_rate, request.ordered)


def tell_literals(template: Template | AsGiven, notice: Callable[[str], None]) -> None:
    for text in template.literals:
        notice(f"No column {text!r}: taken as text.")


def tell_resumed(answers: Answers, prompt: str, model: str, notice: Callable[[str], None]) -> None:
    if answers.done:
        notice(f"Going on: {answers.done:,} rows of {answers.output} are answered.")
    if others := answers.others(prompt, model):
        notice(f"{others:,} of them were made with another prompt or model, and are kept.")
