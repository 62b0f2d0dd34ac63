"""When a call to a model is tried again and when a run gives up, by a clock that the test turns."""

import asyncio
import random
from collections.abc import Iterator
from typing import Any

import pytest

from foundation.errors import ModelSetupError, ModelUnavailableError, RateLimitError
from foundation.model import retrying
from foundation.model.messages import CallFailedError, ChatReply, ChatRequest
from foundation.model.options import ChatOptions
from foundation.model.retrying import RetryingChat
from tests.fakes.clock import Clock

BROKEN: dict[str, Any] = {"again": True}
BUSY: dict[str, Any] = {"again": True, "rate_limited": True}
NOBODY: dict[str, Any] = {"again": True, "nobody_there": True}
REFUSED: dict[str, Any] = {"again": False}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    turned = Clock()
    monkeypatch.setattr(retrying, "time", turned)
    monkeypatch.setattr(retrying, "pause", turned.pause)
    monkeypatch.setattr(random, "uniform", lambda low, _: low)
    return turned


class Server:
    """Answers by a list of faults, None for a reply; when it is used up, by its last. Each try takes `seconds`."""

    model = "m"

    def __init__(self, clock: Clock, *script: dict[str, Any] | None, seconds: float = 0.0) -> None:
        self.tries = 0
        self._clock, self._seconds = clock, seconds
        self._last: dict[str, Any] | None = None
        self._script: Iterator[dict[str, Any] | None] = iter(script)

    async def ask(self, request: ChatRequest) -> ChatReply:
        del request
        self.tries += 1
        self._clock.now += self._seconds
        self._last = next(self._script, self._last)
        if self._last is not None:
            raise CallFailedError("it fails", **self._last)
        return ChatReply("well")

    async def close(self) -> None: ...


def retrying_chat(server: Server, patience: float = 100.0) -> RetryingChat:
    return RetryingChat(server, "http://there/v1", ChatOptions(patience=patience))


def ask(chat: RetryingChat, times: int = 1) -> ChatReply:
    async def asked() -> ChatReply:
        replies = [await chat.ask(ChatRequest(())) for _ in range(times)]
        return replies[-1]

    return asyncio.run(asked())


def test_what_may_pass_is_tried_again_after_pauses_that_double(clock: Clock) -> None:
    server = Server(clock, BROKEN, BROKEN, BROKEN, None)
    assert ask(retrying_chat(server)).text == "well"
    assert clock.pauses == [0.5, 1.0, 2.0]


def test_eight_tries_and_the_call_has_failed(clock: Clock) -> None:
    server = Server(clock, None, BROKEN)
    chat = retrying_chat(server, patience=1000)
    reply = ask(chat, times=2)
    assert (reply.failure, reply.paid) == ("it fails", False)
    assert server.tries == 1 + 8
    assert clock.pauses == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0]


def test_the_server_says_how_long_to_wait(clock: Clock) -> None:
    server = Server(clock, {**BROKEN, "wait": 7.5}, None)
    assert ask(retrying_chat(server)).text == "well"
    assert clock.pauses == [7.5]


def test_a_wait_beyond_its_patience_is_the_end_of_a_call(clock: Clock) -> None:
    server = Server(clock, None, {**BROKEN, "wait": 500.0})
    assert ask(retrying_chat(server, patience=60), times=2).failure == "it fails"
    assert server.tries == 2
    assert sum(clock.pauses) == pytest.approx(60, abs=0.1)


def test_the_last_try_is_at_the_end_of_patience(clock: Clock) -> None:
    """Pauses of 0.5, 1 and 2 seconds; the next, of 4, is cut to the half second that is left."""
    server = Server(clock, None, BROKEN)
    ask(retrying_chat(server, patience=4.0), times=2)
    assert clock.pauses[:4] == [0.5, 1.0, 2.0, 0.5]


def test_429_is_tried_without_end_of_tries_until_patience_ends(clock: Clock) -> None:
    server = Server(clock, None, *[{**BUSY, "wait": 1.0}] * 30, None)
    assert ask(retrying_chat(server), times=2).text == "well"
    assert server.tries == 32


def test_what_is_refused_is_not_tried_again(clock: Clock) -> None:
    server = Server(clock, None, REFUSED)
    assert ask(retrying_chat(server), times=2).failure == "it fails"
    assert (server.tries, clock.pauses) == (2, [])


def test_ten_refusals_and_no_success_end_the_run(clock: Clock) -> None:
    server = Server(clock, REFUSED)
    with pytest.raises(ModelSetupError, match="refuses every request"):
        ask(retrying_chat(server), times=20)
    assert server.tries == 10
    once = Server(clock, None, REFUSED)
    assert ask(retrying_chat(once), times=20).failure == "it fails"


def test_where_nobody_listens_the_run_ends_after_three_seconds(clock: Clock) -> None:
    server = Server(clock, NOBODY)
    with pytest.raises(ModelUnavailableError, match="no model server at http://there/v1"):
        ask(retrying_chat(server))
    assert clock.now == pytest.approx(1003, abs=0.35)
    assert clock.pauses[:-1] == pytest.approx([0.3] * (len(clock.pauses) - 1))


def test_a_server_that_starts_late_is_found(clock: Clock) -> None:
    server = Server(clock, *[NOBODY] * 9, None)
    assert ask(retrying_chat(server)).text == "well"
    assert server.tries == 10


def test_a_server_that_goes_away_is_waited_for_as_long_as_patience(clock: Clock) -> None:
    async def two() -> list[ChatReply | BaseException]:
        chat = retrying_chat(Server(clock, None, NOBODY), patience=20)
        await chat.ask(ChatRequest(()))
        return await asyncio.gather(*(chat.ask(ChatRequest(())) for _ in range(2)), return_exceptions=True)

    first, second = asyncio.run(two())
    errors = [error for error in (first, second) if isinstance(error, ModelUnavailableError)]
    assert errors
    assert "no call has succeeded for 2" in errors[0].message
    assert "continues where this run stopped" in errors[0].hint


def test_one_call_that_fails_alone_does_not_end_the_run(clock: Clock) -> None:
    server = Server(clock, None, BROKEN, seconds=30)
    assert ask(retrying_chat(server, patience=20), times=2).failure == "it fails"


def test_429_for_all_of_patience_ends_the_run_and_says_so(clock: Clock) -> None:
    async def several() -> list[ChatReply | BaseException]:
        chat = retrying_chat(Server(clock, {**BUSY, "wait": 1.0}), patience=30)
        return await asyncio.gather(*(chat.ask(ChatRequest(())) for _ in range(3)), return_exceptions=True)

    errors = [error for error in asyncio.run(several()) if isinstance(error, RateLimitError)]
    assert errors
    assert "has answered 429 for 3" in errors[0].message
    assert "lower --at-once" in errors[0].hint


def test_a_success_starts_patience_again(clock: Clock) -> None:
    server = Server(clock, *[BROKEN, BROKEN, None] * 50)
    assert ask(retrying_chat(server, patience=5), times=50).text == "well"
    assert clock.now - 1000 == pytest.approx(50 * 1.5)
