"""Batch inference: row -> prompt -> ask -> answer, each row once."""

import asyncio
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from typing import Any

from distill.batch.instructions import AsGiven, Messages, Template
from distill.batch.output import Answers, encoded, key_of
from foundation.concurrency import for_each
from foundation.model import Chat, ChatReply, ChatRequest
from graphstore import call_id, digest
from graphstore.files import BadRow, Record

_REASONS = 50  # kinds of failures that are counted apart


@dataclass(frozen=True, slots=True)
class Job:
    """How rows are answered: the `template` that makes the messages, and what else decides the answers.

    `sampling` and the `extra` fields of each request name the calls; `rate` is the mean number of requests a second;
    `ordered` answers come in the order of the rows.
    """

    template: Template | AsGiven
    sampling: Mapping[str, Any]
    extra: Mapping[str, Any]  # further fields of each request
    rate: float  # requests begun a second, on average
    ordered: bool


@dataclass(frozen=True, slots=True)
class Item:
    """A row on its way; `key` as `output.key_of` makes it."""

    line: int
    key: bytes
    row: dict[str, Any]
    messages: Messages = ()
    reason: str = ""  # why it cannot be asked


@dataclass(slots=True)
class InferenceProgress:
    """Counts of one run; `reasons` of the failed rows by kind."""

    answered: int = 0
    failed: int = 0
    from_cache: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    reasons: Counter[str] = field(default_factory=Counter)


class Inference:
    """One run of `pgraph infer`: answers the rows of a file by a `job`, into the file of `answers`."""

    def __init__(self, job: Job, answers: Answers) -> None:
        self.progress = InferenceProgress()
        self._job = job
        self._answers = answers
        self._model = ""
        self._due = 0.0  # when the next request may begin
        self._stopped = False

    async def go(
        self, chat: Chat, at_once: int, rows: Iterator[Record | BadRow], tell: Callable[[InferenceProgress], None]
    ) -> None:
        """Answer every row of `rows` that has no answer yet by `chat`, and write each answer as it comes.

        At most `at_once` calls at a time; `tell` gets the counts after each batch. A row that fails goes to the file of
        failures. Raises `ModelError` if the server fails for all rows, and `InputError` if the file cannot be written.
        """
        self._model = chat.model

        async def ask(item: Item) -> ChatReply:
            return ChatReply("", failure=item.reason) if item.reason else await self._ask(chat, item)

        async def sink(batch: Sequence[tuple[Item, ChatReply]]) -> None:
            self._write(batch)
            tell(self.progress)

        self._answers.begin()
        items = self._open_rows(rows)
        try:
            # in a thread: a million answered rows may come before it
            first = await asyncio.to_thread(lambda: list(islice(items, 1)))
            await for_each(chain(first, items), ask, sink, at_once, ordered=self._job.ordered)
        finally:
            self._stopped = True
        await asyncio.to_thread(self._answers.finish, ordered=self._job.ordered)

    def _open_rows(self, rows: Iterator[Record | BadRow]) -> Iterator[Item]:
        for row in rows:
            if self._stopped:
                return
            if isinstance(row, BadRow):
                yield Item(row.line, b"", {}, reason=row.reason)
                continue
            values = identified(row)
            key = key_of(values["id"])
            earlier_line = self._answers.meet(key, row.line)
            if earlier_line:
                yield Item(row.line, key, values, reason=f"the same id as another row: line {earlier_line} has it too")
            elif earlier_line is None:
                yield self._item(row.line, key, values)

    def _item(self, line: int, key: bytes, row: dict[str, Any]) -> Item:
        try:
            encoded(row)
        except ValueError:
            return Item(line, key, row, reason="it holds half of a character: a surrogate without the other")
        messages = self._job.template.fill(row)
        return Item(line, key, row, reason=messages) if isinstance(messages, str) else Item(line, key, row, messages)

    async def _ask(self, chat: Chat, item: Item) -> ChatReply:
        """The reply to this row. If an earlier run kept one that cannot be used, ask again as another sample."""
        await self._pace()
        first_sample = int.from_bytes(item.key[:5]) << 8
        tag = {"command": "infer", "call": self._call(item), "row": item.row["id"]}
        request = ChatRequest(item.messages, sample=first_sample, tag=tag, extra=self._job.extra)
        reply = await chat.ask(request)
        while reply.failure and reply.from_cache:
            request = replace(request, sample=request.sample + 1)
            reply = await chat.ask(request)
        return reply

    async def _pace(self) -> None:
        """Wait for this request's turn: at a finite rate they begin at random moments, as a Poisson process."""
        if self._job.rate == float("inf"):
            return
        now = time.monotonic()
        self._due = max(now, self._due) + random.expovariate(self._job.rate)
        await asyncio.sleep(self._due - now)

    def _call(self, item: Item) -> str:
        content = {"prompt": self._job.template.digest, "row": item.key.hex(), "model": self._model}
        return call_id({**content, **self._job.sampling, **self._job.extra})

    def _write(self, batch: Sequence[tuple[Item, ChatReply]]) -> None:
        lines, failures = [], []
        for item, reply in batch:
            self._count(reply)
            if reply.failure:
                failures.append(failed_row(item, reply))
            else:
                lines.append((item.key, encoded(item.row | self._columns(item, reply))))
        if lines:
            self._answers.add(lines)
        if failures:
            self._answers.fail(failures)

    def _columns(self, item: Item, reply: ChatReply) -> dict[str, str]:
        name = self._answers.column
        made_by = {f"{name}_model": self._model, f"{name}_prompt": self._job.template.digest}
        return {name: reply.text, **made_by, f"{name}_call": self._call(item)}

    def _count(self, reply: ChatReply) -> None:
        progress = self.progress
        progress.tokens_in += reply.tokens_in
        progress.tokens_out += reply.tokens_out
        progress.from_cache += reply.from_cache
        if not reply.failure:
            progress.answered += 1
            return
        progress.failed += 1
        kind = re.split(r"[:(]", reply.failure)[0].strip()
        progress.reasons[kind if kind in progress.reasons or len(progress.reasons) < _REASONS else "other reasons"] += 1


def identified(record: Record) -> dict[str, Any]:
    """The row of a `record` with an `id`: its own, otherwise one made of its content and its line.

    >>> identified(Record(3, {"persona": "A nurse"}))
    {'id': 'r6a760afa55fd2941', 'persona': 'A nurse'}
    """
    own_id = record.values.get("id")
    if own_id is not None and own_id == own_id:  # noqa: PLR0124  NaN is not an id
        return record.values
    values = {name: value for name, value in record.values.items() if name != "id"}
    return {"id": "r" + digest(record.line, values), **values}


def failed_row(item: Item, reply: ChatReply) -> dict[str, Any]:
    """The row of the file of failures: why, the reply if there was one, and the row itself."""
    response = {"response": reply.text} if reply.text else {}
    return {"line": item.line, "id": item.row.get("id"), "reason": reply.failure, **response, "row": item.row}
