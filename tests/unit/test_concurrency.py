import asyncio
import time
import tracemalloc
from collections.abc import Callable, Iterator, Sequence

import pytest

from foundation.concurrency import WAIT, Wait, for_each, in_thread, pause


class _Sink:
    def __init__(self, seconds: float = 0.0) -> None:
        self.batches: list[list[tuple[int, int]]] = []
        self.seconds = seconds

    async def __call__(self, batch: Sequence[tuple[int, int]]) -> None:
        await asyncio.sleep(self.seconds)
        self.batches.append(list(batch))

    @property
    def items(self) -> list[int]:
        return [item for batch in self.batches for item, _ in batch]


async def _double(item: int) -> int:
    await asyncio.sleep(0.001 * (item % 3))
    return item * 2


def test_every_item_is_worked_on_once_and_sunk_once() -> None:
    sink = _Sink()
    asyncio.run(for_each(iter(range(500)), _double, sink, 7))
    assert sorted(sink.items) == list(range(500))
    assert all(result == item * 2 for batch in sink.batches for item, result in batch)


def test_no_items_at_all() -> None:
    sink = _Sink()
    asyncio.run(for_each(iter([]), _double, sink, 3))
    assert sink.batches == []


def test_at_most_limit_items_are_in_work() -> None:
    now = most = 0

    async def work(item: int) -> int:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.001)
        now -= 1
        return item

    asyncio.run(for_each(iter(range(100)), work, _Sink(), 5))
    assert most == 5


def test_an_item_is_taken_only_when_a_slot_is_free() -> None:
    taken = 0

    def items() -> Iterator[int]:
        nonlocal taken
        for number in range(50):
            taken += 1
            yield number

    async def work(item: int) -> int:
        await asyncio.sleep(0.001)
        assert taken <= item + 3
        return item

    asyncio.run(for_each(items(), work, _Sink(), 3))
    assert taken == 50


def test_results_batch_up_while_the_sink_is_busy() -> None:
    sink = _Sink(0.03)

    async def work(item: int) -> int:
        await asyncio.sleep(0.001)
        return item

    asyncio.run(for_each(iter(range(200)), work, sink, 16, batch=40))
    sizes = [len(batch) for batch in sink.batches]
    assert max(sizes) == 40
    assert len(sizes) < 20


def test_ordered_hands_over_in_the_order_of_taking() -> None:
    sink = _Sink()
    asyncio.run(for_each(iter(range(300)), _double, sink, 8, ordered=True))
    assert sink.items == list(range(300))


def test_ahead_1_is_strictly_sequential() -> None:
    sunk: list[int] = []

    def items() -> Iterator[int]:
        for number in range(20):
            assert sunk == list(range(number))
            yield number

    async def sink(batch: Sequence[tuple[int, int]]) -> None:
        await asyncio.sleep(0.001)
        sunk.extend(item for item, _ in batch)

    asyncio.run(for_each(items(), _double, sink, 1, ahead=1))
    assert len(sunk) == 20


def test_wait_sleeps_until_the_next_batch_and_ends_when_nothing_is_under_way() -> None:
    sunk: set[int] = set()
    waits = 0

    def items() -> Iterator[int | Wait]:
        # level by level: a level starts when the one before has been sunk
        nonlocal waits
        for level in range(3):
            while len(sunk) < level * 10:
                waits += 1
                yield WAIT
            yield from range(level * 10, level * 10 + 10)
        while True:
            waits += 1
            yield WAIT

    async def sink(batch: Sequence[tuple[int, int]]) -> None:
        sunk.update(item for item, _ in batch)

    asyncio.run(for_each(items(), _double, sink, 4))
    assert sunk == set(range(30))
    assert 2 < waits < 40


@pytest.mark.parametrize("ordered", [False, True])
def test_the_first_error_cancels_the_rest_and_what_was_completed_is_sunk(ordered: bool) -> None:  # noqa: FBT001  a parameter of the test
    sink = _Sink(0.01)
    cancelled: list[int] = []

    async def work(item: int) -> int:
        if item == 20:
            await asyncio.sleep(0.02)
            raise ValueError(item)
        try:
            await asyncio.sleep(0.001 if item < 20 else 10)
        except asyncio.CancelledError:
            cancelled.append(item)
            raise
        return item

    with pytest.raises(ValueError, match="20"):
        asyncio.run(for_each(iter(range(100)), work, sink, 8, ordered=ordered))
    assert sorted(sink.items) == list(range(20))
    assert cancelled


def test_an_error_of_the_sink_ends_the_run_at_once() -> None:
    async def sink(_batch: Sequence[tuple[int, int]]) -> None:
        raise ValueError("disk")

    async def work(item: int) -> int:
        await asyncio.sleep(0.001 if item == 0 else 30)
        return item

    began = time.monotonic()
    for items in (range(100), range(3)):  # with more to take, and with all taken
        with pytest.raises(ValueError, match="disk"):
            asyncio.run(for_each(iter(items), work, sink, 4))
    assert time.monotonic() - began < 25  # the others would take 30


def test_an_error_of_the_iterator_is_raised() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise ValueError("choose")

    sink = _Sink()
    with pytest.raises(ValueError, match="choose"):
        asyncio.run(for_each(items(), _double, sink, 1, ahead=1))
    assert sink.items == [1]


def test_a_cancelled_run_sinks_what_was_completed_and_ends_soon() -> None:
    sink = _Sink(0.05)

    async def work(item: int) -> int:
        await asyncio.sleep(0.001 if item < 30 else 60)
        return item

    async def main() -> None:
        task = asyncio.create_task(for_each(iter(range(100)), work, sink, 8, batch=5))
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    began = time.monotonic()
    asyncio.run(main())
    assert time.monotonic() - began < 30  # the others would take 60
    assert sorted(sink.items) == list(range(30))


def test_a_cancelled_run_gives_up_on_a_sink_that_hangs() -> None:
    async def main() -> None:
        task = asyncio.create_task(for_each(iter(range(100)), _double, _Sink(60), 4))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    began = time.monotonic()
    asyncio.run(main())
    assert 1 < time.monotonic() - began < 30  # the sink would take 60


def test_a_paused_item_lends_its_slot() -> None:
    async def work(item: int) -> int:
        if item < 4:
            await pause(2)
        else:
            await asyncio.sleep(0.001)
        return item

    sink = _Sink()
    asyncio.run(for_each(iter(range(100)), work, sink, 4, ahead=1000))
    assert sorted(sink.items[-4:]) == [0, 1, 2, 3], "all others went through their slots meanwhile"


def test_paused_items_are_bounded() -> None:
    now = most = 0

    async def work(item: int) -> int:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await pause(0.01)
        now -= 1
        return item

    asyncio.run(for_each(iter(range(100)), work, _Sink(), 4, ahead=1000))
    assert most == 12


def test_memory_does_not_grow_with_the_number_of_items() -> None:
    async def work(item: int) -> bytes:
        await asyncio.sleep(0)
        return bytes(1000) + bytes([item % 256])

    async def sink(_batch: Sequence[tuple[int, bytes]]) -> None:
        await asyncio.sleep(0)

    def peak(count: int) -> int:
        tracemalloc.start()
        asyncio.run(for_each(iter(range(count)), work, sink, 8))
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(100)
    assert peak(20_000) < peak(500) * 1.5 + 50_000


def test_when_the_last_ones_fail_their_error_is_raised_and_no_cancellation() -> None:
    """Nothing is left to take while the last items fail: the task group's own cancellation must not leak."""

    async def work(_item: int) -> int:
        await asyncio.sleep(0.01)
        raise ValueError("no")

    async def sink(_batch: object) -> None: ...

    async def main() -> int:
        with pytest.raises(ValueError, match="no"):
            await for_each(iter(range(3)), work, sink, 8)
        task = asyncio.current_task()
        assert task is not None
        return task.cancelling()

    assert asyncio.run(main()) == 0


def test_nothing_runs_in_a_thread_any_more_after_a_cancellation() -> None:
    """`for_each` cancels what is under way at the first error; the graph is closed next."""
    ended: list[str] = []

    def read() -> None:
        time.sleep(0.1)
        ended.append("read")

    def fail() -> None:
        read()
        raise OSError("too late to matter")

    async def main(work: Callable[[], None]) -> None:
        task = asyncio.create_task(in_thread(work))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        ended.append("closed")

    for work in (read, fail):
        asyncio.run(main(work))
    assert ended == ["read", "closed"] * 2
