"""`pgraph infer`: answer every row of a file with the model. It needs no graph."""

import asyncio
import math
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
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
from pgraph.app.wording import counted
from pgraph.app.workspace import open_model

_SAMPLED = 100  # rows of a text file from which its columns are known
_SHOWN = 3  # prompts that a dry run shows
_RESERVED = {"messages", "model", "stream", "n"}  # fields of a request that a user cannot set


@dataclass(frozen=True, slots=True)
class InferRequest:
    """What the command line asks for. `request_rate`: requests per second; `extra`: further fields of each request."""

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
    """How a run of `pgraph infer` ended."""

    output: str
    rows: int  # answers in the output
    before: int  # of these, from earlier runs
    progress: InferenceProgress
    seconds: float
    error: PgraphError | None = None

    @property
    def exit_code(self) -> ExitCode:
        return exit_code_of(self.error, failed=self.progress.failed > 0)

    @property
    def exit_reason(self) -> str:
        if self.error is not None:
            return self.error.message
        return f"{counted(self.progress.failed, 'row')} failed" if self.progress.failed else "done"

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
            "exit_reason": self.exit_reason,
            "exit_code": self.exit_code,
        }

    def as_text(self) -> str:
        done = self.progress
        cached = f", {done.from_cache:,} replies from the reply cache" if done.from_cache else ""
        lines = [
            f"{counted(done.answered, 'row')} answered, {self.before:,} answered before{cached}, {done.failed:,} failed",
            f"{done.tokens_in:,} tokens in, {done.tokens_out:,} out, {self.seconds:.1f} s",
        ]
        if done.failed:
            why = ", ".join(f"{reason} {number:,}" for reason, number in done.reasons.most_common())
            lines.append(f"Failed: {why}. See {self.output}.failed.jsonl; run the same command to try them again.")
            if done.reasons[Unusable.TRUNCATED]:
                lines.append("For truncated replies, raise --max-tokens.")
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class InferReport:
    """The state of a run, for the progress line."""

    progress: InferenceProgress
    before: int
    total: int  # rows of the input, 0 if unknown
    seconds: float

    def line(self) -> str:
        done = self.progress
        rows = done.answered + done.failed
        speed = rows / self.seconds if self.seconds > 0 else 0.0
        all_rows = rows + self.before
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
    """Run `pgraph infer` to its end, and return how it ended; a failed model server is in the summary.

    `notice` gets messages for the user, `report` the progress after each row. Ctrl-C raises KeyboardInterrupt when the
    finished answers are written. Raises `InputError` for an unreadable input and `UsageError` for a wrong request.
    """
    return asyncio.run(run(workspace, request, notice, report))


async def run(
    workspace: Workspace, request: InferRequest, notice: Callable[[str], None], report: Callable[[InferReport], None]
) -> InferSummary:
    """The same as `infer`, inside an event loop."""
    async with AsyncExitStack() as stack:
        source = await asyncio.to_thread(_read, stack, request)
        template = _template(workspace, request, source.columns)
        _report_literals(template, notice)
        answers = stack.enter_context(Answers(request.output, request.column, source.kinds))
        await asyncio.to_thread(answers.open)
        job = _job(workspace, request, template)
        model = await stack.enter_async_context(open_model(workspace, notice))
        _report_resumed(answers, template.digest, model.chat.model, notice)
        return await _go(Inference(job, answers), model.chat, model.at_once, source, answers, report)


async def _go(  # noqa: PLR0917  the opened parts, one by one
    inference: Inference,
    chat: Chat,
    at_once: int,
    source: _Input,
    answers: Answers,
    report: Callable[[InferReport], None],
) -> InferSummary:
    began, before = time.monotonic(), answers.done

    def report_progress(progress: InferenceProgress) -> None:
        report(InferReport(progress, before, source.total, time.monotonic() - began))

    error: PgraphError | None = None
    try:
        await inference.go(chat, at_once, source.rows, report_progress)
    except ModelError as problem:
        error = problem
    done = inference.progress
    seconds = time.monotonic() - began
    return InferSummary(answers.output, before + done.answered, before, done, seconds, error)


def dry_run(workspace: Workspace, request: InferRequest, notice: Callable[[str], None]) -> dict[str, Any]:
    """The first prompts as they would be sent; calls no model and writes nothing. Raises as `infer` does."""
    with ExitStack() as stack:
        source = _read(stack, request)
        Answers(request.output, request.column, source.kinds)  # raises if the output cannot be used
        template = _template(workspace, request, source.columns)
        _report_literals(template, notice)
        prompts = [_prompt(row, template) for row in islice(source.rows, _SHOWN)]
    values = workspace.settings()
    return {
        "server": values.base_url or "the bundled model",
        "model": values.model or None,
        "prompt": template.digest,
        "rows": source.total,
        "prompts": prompts,
    }


def _prompt(row: Record | BadRow, template: Template | AsGiven) -> dict[str, Any]:
    """The messages of a row, or why there are none."""
    if isinstance(row, BadRow):
        return {"line": row.line, "id": None, "failure": row.reason}
    filled = template.fill(row.values)
    content = {"failure": filled} if isinstance(filled, str) else {"messages": filled}
    return {"line": row.line, "id": identified(row)["id"], **content}


def _read(stack: ExitStack | AsyncExitStack, request: InferRequest) -> _Input:
    if same_file(request.input, request.output):
        raise UsageError(f"{request.output}: is also the input", "Write the answers to another file.")
    source: Source = stack.enter_context(opened(request.input, stdin=sys.stdin.buffer))
    rows = records(source, need_text=False)
    first = list(islice(rows, _SAMPLED))
    kinds, total = kinds_of(source.path) if source.form == "parquet" else (None, 0)
    columns = tuple(kinds or _columns(first))
    added = {request.column, *(f"{request.column}_{part}" for part in ("model", "prompt", "call"))}
    if taken := sorted(added & set(columns)):
        raise InputError(
            f"{request.input}: already has a column {taken[0]!r}", "Use another column for the answers: --column NAME."
        )
    return _Input(chain(first, rows), columns, kinds, total)


def _columns(rows: Iterable[Record | BadRow]) -> dict[str, None]:
    """The columns of these rows, in the order of their first appearance."""
    columns: dict[str, None] = {}
    for row in rows:
        if isinstance(row, Record):
            columns |= dict.fromkeys(row.values)
    return columns


def _template(workspace: Workspace, request: InferRequest, columns: tuple[str, ...]) -> Template | AsGiven:
    context = workspace.settings().context
    if request.task or request.instructions:
        return bind_task(
            choose_task(request.instructions or INSTRUCTIONS, request.task), request.fields, columns, context
        )
    ready = next((name for name in ("messages", "prompt") if name in columns), None)
    if ready is None or request.fields:
        raise UsageError(
            "no task is named, and the rows have no column messages or prompt to send as it is",
            f"Add --task, and --instructions for your own file. {INSTRUCTIONS} has {', '.join(load_tasks(INSTRUCTIONS))}.",
        )
    return AsGiven(ready)


def _job(workspace: Workspace, request: InferRequest, template: Template | AsGiven) -> Job:
    if wrong := sorted(_RESERVED & set(request.extra)):
        raise UsageError(f"--extra-request-body: {wrong[0]} cannot be set there", "Leave it out.")
    return Job(template, workspace.settings().sampling, request.extra, request.request_rate, request.ordered)


def _report_literals(template: Template | AsGiven, notice: Callable[[str], None]) -> None:
    for text in template.literals:
        notice(f"There is no column {text!r}: it is used as text.")


def _report_resumed(answers: Answers, prompt: str, model: str, notice: Callable[[str], None]) -> None:
    if answers.done:
        notice(f"Continuing: {counted(answers.done, 'row')} of {answers.output} already answered.")
    if others := answers.others(prompt, model):
        notice(f"{others:,} of them used another prompt or model; these answers are kept.")
