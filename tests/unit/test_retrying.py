"""The adaptive limit on its own."""

import asyncio

from foundation.model.messages import CallFailedError, ChatReply, ChatRequest
from foundation.model.retrying import LimitedChat


class _Server:
    """Answers at once; says 429 while `busy`."""

    model = "m"

    def __init__(self) -> None:
        self.busy = False
        self.in_flight = 0
        self.most = 0

    async def ask(self, request: ChatRequest) -> ChatReply:  # noqa: ARG002  of the protocol
        self.in_flight += 1
        self.most = max(self.most, self.in_flight)
        busy = self.busy
        await asyncio.sleep(0.001)
        self.in_flight -= 1
        if busy:
            raise CallFailedError("429", again=True, rate_limited=True)
        return ChatReply("")

    async def close(self) -> None: ...


async def _many(limited: LimitedChat, count: int) -> None:
    await asyncio.gather(*(limited.ask(ChatRequest(())) for _ in range(count)), return_exceptions=True)


def test_calls_that_were_on_their_way_together_shrink_the_limit_once() -> None:
    async def main() -> None:
        server = _Server()
        limited = LimitedChat(server, 20)
        server.busy = True
        await _many(limited, 20)
        assert limited.limit == 15
        await _many(limited, 15)  # within the same second
        assert limited.limit == 15
        limited._REST_SECONDS = 0.0
        await _many(limited, 15)
        assert limited.limit == 11

    asyncio.run(main())


def test_it_grows_by_one_per_25_successes_to_the_ceiling_and_slowly_beyond() -> None:
    async def main() -> None:
        server = _Server()
        limited = LimitedChat(server, 40)
        limited._REST_SECONDS = 0.0
        server.busy = True
        await _many(limited, 20)
        await _many(limited, 20)
        assert limited.limit == 22  # 40 -> 30 -> 22; it last refused at 30
        server.busy = False
        await _many(limited, 25 * 8)
        assert limited.limit == 30
        await _many(limited, 25 * 8)
        assert limited.limit == 30
        await _many(limited, 25 * 92)
        assert limited.limit == 40
        await _many(limited, 1000)
        assert limited.limit == 40

    asyncio.run(main())


def test_it_never_falls_below_one() -> None:
    async def main() -> None:
        server = _Server()
        limited = LimitedChat(server, 2)
        limited._REST_SECONDS = 0.0
        server.busy = True
        for _ in range(5):
            await _many(limited, 3)
        assert limited.limit == 1

    asyncio.run(main())


def test_a_cancelled_call_gives_its_slot_back() -> None:
    async def main() -> None:
        server = _Server()
        limited = LimitedChat(server, 3)
        for _ in range(20):
            tasks = [asyncio.create_task(limited.ask(ChatRequest(()))) for _ in range(12)]
            await asyncio.sleep(0.0005)
            for task in tasks[::2]:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        server.in_flight = server.most = 0
        await asyncio.wait_for(_many(limited, 30), 5)
        assert server.most == 3

    asyncio.run(main())
