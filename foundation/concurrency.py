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
_LENT = 3  # at most this many times `limit` items are being worked on, those that wait for a retry included
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

    `items` is read lazily: an item is taken at the moment a slot is free, so the iterator can choose it by what is known
    then; it may yield `WAIT` when it has nothing to offer before the next batch has been sunk. `work` turns an item into
    its result. `sink` gets pairs (item, result), at most `batch` of them, and never runs twice at once. With `ordered` the
    pairs come in the order in which their items were taken, otherwise as they are completed. At most `ahead` items
    (default: 8 times `limit`) are taken and not yet sunk, which bounds memory; 1 makes the work strictly sequential.

    The first error of `items`, `work` or `sink` cancels the rest and is raised. After an error or a cancellation (Ctrl-C)
    the completed results are still sunk, once and for a bounded time; in order only up to the first gap.

    >>> async def double(number: int) -> int:
    ...     return 2 * number
    >>> async def show(batch: Sequence[tuple[int, int]]) -> None:
    ...     print(batch)
    >>> asyncio.run(for_each(iter([1, 2, 3]), double, show, limit=2, ordered=True, batch=1))
    [(1, 2)]
    [(2, 4)]
    [(3, 6)]
    """
    run = _ForEach(items, work, sink, limit, ordered=ordered, batch=batch, ahead=ahead or limit * _AHEAD)
    token = _RUN.set(run)
    try:
        await run.to_the_end()
    finally:
        _RUN.reset(token)


async def in_thread(work: Callable[[], Result]) -> Result:
    """Run blocking `work` in a thread and return its result, or raise its error.

    As `asyncio.to_thread`, but a cancellation waits until the thread has ended: what it reads may be closed right after.
    """
    running = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running])
        running.exception()  # seen: the cancellation is what is raised
        raise


async def pause(seconds: float) -> None:
    """Sleep for some `seconds`. Inside `for_each` another item uses the slot meanwhile."""
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
        self._taken_count = 0
        self._ordered_count = 0  # of an ordered run: items whose results wait for the sink, or have reached it
        self._sunk_count = 0
        self._in_work = 0
        self._slots_lent = 0
        self._ready: deque[tuple[Item, Result]] = deque()  # what the sink gets next, in this order
        self._early: dict[int, tuple[Item, Result]] = {}  # completed before an item that was taken earlier
        self._wake_feeder = asyncio.Event()  # something changed for the feeder
        self._wake_sinker = asyncio.Event()  # something changed for the sinker
        self._complete = False  # no further result will come

    async def to_the_end(self) -> None:
        sinker = asyncio.create_task(self._sink_all())
        sinker.add_done_callback(lambda _: self._wake_feeder.set())
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
        self._complete = True
        self._wake_sinker.set()

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
                group.create_task(self._work_on(self._taken_count, item))
                self._taken_count += 1
            elif self._taken_count > self._sunk_count:
                await self._next_sunk(sinker)
            else:
                break  # no call is running whose result could change that
        while self._in_work:
            await self._change(sinker)
        # The last task's error must reach the group before its block ends: CPython 3.11 and 3.12 otherwise leave this
        # task marked as cancelled.
        await asyncio.sleep(0)

    async def _free_slot(self, sinker: asyncio.Task[None]) -> None:
        while (
            self._in_work - self._slots_lent >= self._limit
            or self._in_work >= self._limit * _LENT
            or self._taken_count - self._sunk_count >= self._ahead
        ):
            await self._change(sinker)

    async def _next_sunk(self, sinker: asyncio.Task[None]) -> None:
        sunk_before = self._sunk_count
        while self._sunk_count == sunk_before:
            await self._change(sinker)

    async def _change(self, sinker: asyncio.Task[None]) -> None:
        self._wake_feeder.clear()
        await self._wake_feeder.wait()
        if sinker.done():
            sinker.result()  # raises what the sink raised

    # -- working

    async def _work_on(self, number: int, item: Item) -> None:
        try:
            result = await self._work(item)
        finally:
            self._in_work -= 1
            self._wake_feeder.set()
        if self._ordered:
            self._early[number] = (item, result)
            while self._ordered_count in self._early:
                self._ready.append(self._early.pop(self._ordered_count))
                self._ordered_count += 1
        else:
            self._ready.append((item, result))
        self._wake_sinker.set()

    @contextlib.contextmanager
    def slot_lent(self) -> Iterator[None]:
        self._slots_lent += 1
        self._wake_feeder.set()
        try:
            yield
        finally:
            self._slots_lent -= 1

    # -- sinking

    async def _sink_all(self) -> None:
        while self._ready or not self._complete:
            if not self._ready:
                self._wake_sinker.clear()
                await self._wake_sinker.wait()
                continue
            results = [self._ready.popleft() for _ in range(min(self._batch, len(self._ready)))]
            await self._sink(results)
            self._sunk_count += len(results)
            self._wake_feeder.set()


def _cancelling() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _first(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    first = errors.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first


_RUN: ContextVar[_ForEach[Any, Any] | None] = ContextVar("pgraph_for_each", default=None)
