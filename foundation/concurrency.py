"""The only place where tasks are started."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextvars import ContextVar
from enum import Enum
from typing import Any, Final, Generic, Literal, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class _Signal(Enum):
    WAIT = "wait"
    END = "end"


Wait = Literal[_Signal.WAIT]
WAIT: Final = _Signal.WAIT
"""What `items` yields when there is nothing to do until the next batch has been sunk."""

_AHEAD = 8  # at most this many times `limit` items are taken and not yet sunk: what bounds memory
_LENT = 3  # at most this many times `limit` items are in work, those that wait for a retry included
_GRACE = 1.5  # seconds that an interrupted run may take to sink what was completed
_GRACE_AFTER_ERROR = 30.0


async def for_each(
    items: Iterator[Item | Wait],
    work: Callable[[Item], Awaitable[Result]],
    sink: Callable[[Sequence[tuple[Item, Result]]], Awaitable[None]],
    limit: int,
    *,
    ordered: bool = False,
    batch: int = 64,
    ahead: int | None = None,
) -> None:
    """Work on items, at most `limit` at a time, and hand the results to `sink` in batches.

    An item is taken at the moment a slot is free, so a lazy iterator can choose it by what is known then. `sink` runs
    alone, with whatever has been completed since (at most `batch`). `ordered` hands results over in the order in which
    the items were taken. At most `ahead` items (default: 8 times the limit) are taken and not yet sunk; 1 makes the
    work strictly sequential.

    The first error cancels the rest and is raised. An error or a cancellation (Ctrl-C) still sinks, once and for a
    bounded time, what had been completed; in order only as far as there is no gap.
    """
    run = _ForEach(items, work, sink, limit, ordered=ordered, batch=batch, ahead=ahead or limit * _AHEAD)
    token = _RUN.set(run)
    try:
        await run.all()
    finally:
        _RUN.reset(token)


async def in_thread(work: Callable[[], Result]) -> Result:
    """`asyncio.to_thread`, but a cancellation waits for the thread: what it reads may be closed right after."""
    running = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running])
        running.exception()  # seen: the cancellation is what is raised
        raise


async def pause(seconds: float) -> None:
    """Sleep. The slot that this work holds in `for_each` goes to another item meanwhile."""
    run = _RUN.get()
    if run is None:
        await asyncio.sleep(seconds)
    else:
        with run.slot_lent():
            await asyncio.sleep(seconds)


class _ForEach(Generic[Item, Result]):
    def __init__(
        self,
        items: Iterator[Item | Wait],
        work: Callable[[Item], Awaitable[Result]],
        sink: Callable[[Sequence[tuple[Item, Result]]], Awaitable[None]],
        limit: int,
        *,
        ordered: bool,
        batch: int,
        ahead: int,
    ) -> None:
        self._items, self._work, self._sink = items, work, sink
        self._limit, self._ordered, self._batch, self._ahead = limit, ordered, batch, ahead
        self._taken = self._sunk = self._handed = 0
        self._in_work = self._lent = 0
        self._done: deque[tuple[Item, Result]] = deque()  # to be sunk, in the order in which they will be
        self._early: dict[int, tuple[Item, Result]] = {}  # completed before an item that was taken earlier
        self._room = asyncio.Event()  # something changed for the feeder
        self._news = asyncio.Event()  # something changed for the sinker
        self._last = False  # no further result will come

    async def all(self) -> None:
        sinker = asyncio.create_task(self._sink_all())
        sinker.add_done_callback(lambda _: self._room.set())
        try:
            async with asyncio.TaskGroup() as group:
                await self._feed(group, sinker)
            self._finish()
            await asyncio.shield(sinker)
        except asyncio.CancelledError:
            await self._save(sinker, _GRACE)
            raise
        except BaseExceptionGroup as errors:
            interrupted = _cancelling()
            await self._save(sinker, _GRACE if interrupted else _GRACE_AFTER_ERROR)
            if interrupted:
                raise asyncio.CancelledError from None
            raise _first(errors) from None
        finally:
            sinker.cancel()

    def _finish(self) -> None:
        self._last = True
        self._news.set()

    async def _save(self, sinker: asyncio.Task[None], seconds: float) -> None:
        self._finish()
        await asyncio.wait({sinker}, timeout=seconds)
        if sinker.done() and not sinker.cancelled():
            sinker.exception()  # seen: the first error is the one that is raised

    # -- taking

    async def _feed(self, group: asyncio.TaskGroup, sinker: asyncio.Task[None]) -> None:
        while True:
            await self._free_slot(sinker)
            item = next(self._items, _Signal.END)
            if item is _Signal.END:
                break
            if item is not _Signal.WAIT:
                self._in_work += 1
                group.create_task(self._one(self._taken, item))
                self._taken += 1
            elif self._taken > self._sunk:
                await self._next_sunk(sinker)
            else:
                break  # nothing is under way that could bring news
        while self._in_work:
            await self._change(sinker)
        # The last task's error must reach the group before its block ends: CPython 3.11 and 3.12 otherwise leave this
        # task marked as cancelled.
        await asyncio.sleep(0)

    async def _free_slot(self, sinker: asyncio.Task[None]) -> None:
        while (
            self._in_work - self._lent >= self._limit
            or self._in_work >= self._limit * _LENT
            or self._taken - self._sunk >= self._ahead
        ):
            await self._change(sinker)

    async def _next_sunk(self, sinker: asyncio.Task[None]) -> None:
        before = self._sunk
        while self._sunk == before:
            await self._change(sinker)

    async def _change(self, sinker: asyncio.Task[None]) -> None:
        self._room.clear()
        await self._room.wait()
        if sinker.done():
            sinker.result()  # raises what the sink raised

    # -- working

    async def _one(self, number: int, item: Item) -> None:
        try:
            result = await self._work(item)
        finally:
            self._in_work -= 1
            self._room.set()
        if self._ordered:
            self._early[number] = (item, result)
            while self._handed in self._early:
                self._done.append(self._early.pop(self._handed))
                self._handed += 1
        else:
            self._done.append((item, result))
        self._news.set()

    @contextlib.contextmanager
    def slot_lent(self) -> Iterator[None]:
        self._lent += 1
        self._room.set()
        try:
            yield
        finally:
            self._lent -= 1

    # -- sinking

    async def _sink_all(self) -> None:
        while self._done or not self._last:
            if not self._done:
                self._news.clear()
                await self._news.wait()
                continue
            ready = [self._done.popleft() for _ in range(min(self._batch, len(self._done)))]
            await self._sink(ready)
            self._sunk += len(ready)
            self._room.set()


def _cancelling() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _first(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    first = errors.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first


_RUN: ContextVar[_ForEach[Any, Any] | None] = ContextVar("pgraph_for_each", default=None)
