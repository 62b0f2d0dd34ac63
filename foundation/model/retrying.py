"""Patience with a model server: how many calls at once, when to try again, when to give up."""

import asyncio
import random
import time
from collections import deque

from foundation.concurrency import pause
from foundation.errors import ModelSetupError, ModelUnavailableError, RateLimitError
from foundation.model.messages import CallFailedError, Chat, ChatReply, ChatRequest
from foundation.model.options import ChatOptions

_SEVERAL = 2


class LimitedChat:
    """At most `at_once` calls in flight, and fewer after the server answered 429.

    A 429 takes a quarter off the limit, once for all calls that were on their way together and at most once a second.
    25 successes add one, until the limit at which the server last refused; beyond it, 250 do.
    """

    _SHRINK = 0.75
    _REST_SECONDS = 1.0
    _GROW = 25
    _GROW_BEYOND = 250

    def __init__(self, inner: Chat, at_once: int) -> None:
        self.model = inner.model
        self._inner = inner
        self._maximum = at_once
        self._ceiling = at_once  # the limit at which the server last refused
        self.limit = at_once
        self._in_flight = 0
        self._successes = 0
        self._shrunk = -self._REST_SECONDS
        self._turns: deque[asyncio.Future[None]] = deque()

    async def ask(self, request: ChatRequest) -> ChatReply:
        await self._enter()
        began = time.monotonic()
        try:
            reply = await self._inner.ask(request)
        except CallFailedError as error:
            if error.rate_limited:
                self._shrink(began)
            raise
        else:
            self._grow()
            return reply
        finally:
            self._leave()

    async def close(self) -> None:
        await self._inner.close()

    async def _enter(self) -> None:
        if self._in_flight < self.limit and not self._turns:
            self._in_flight += 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._turns.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():
                self._leave()  # the slot was handed over at the moment of the cancellation
            raise

    def _leave(self) -> None:
        self._in_flight -= 1
        while self._turns and self._in_flight < self.limit:
            turn = self._turns.popleft()
            if not turn.done():
                self._in_flight += 1
                turn.set_result(None)

    def _shrink(self, began: float) -> None:
        now = time.monotonic()
        if began < self._shrunk or now - self._shrunk < self._REST_SECONDS:
            return
        self._shrunk = now
        self._successes = 0
        self._ceiling = self.limit
        self.limit = max(1, int(self.limit * self._SHRINK))

    def _grow(self) -> None:
        self._successes += 1
        if self._successes >= (self._GROW if self.limit < self._ceiling else self._GROW_BEYOND):
            self._successes = 0
            self.limit = min(self._maximum, self.limit + 1)


class RetryingChat:
    """Tries a call again while that may help; a call that keeps failing becomes a reply with a `failure`.

    A waiting call uses no slot. The whole run ends with a `ModelError` when nothing can be expected any more: no server
    listens at the address, every request is refused, or no call has succeeded for `patience` seconds.
    """

    _TRIES = 8  # at a server that listens and does not answer 429; all other tries are bounded by patience
    _START_SECONDS = 3.0  # a server that is just being started may need this long until it listens
    _REFUSALS = 10

    def __init__(self, inner: Chat, base_url: str, options: ChatOptions) -> None:
        self.model = inner.model
        self._inner = inner
        self._url = base_url
        self._patience = options.patience
        self._began = 0.0  # the time of the last success, or of the first call before any
        self._successes = 0
        self._failing = 0  # calls that failed since the last success

    async def ask(self, request: ChatRequest) -> ChatReply:
        self._began = self._began or time.monotonic()
        tries = 0
        failing_since = 0.0
        counted = -1
        while True:
            try:
                reply = await self._inner.ask(request)
            except CallFailedError as error:
                self._failing += counted != self._successes
                counted = self._successes
                self._refused(error)
                self._give_up(error)
                tries += not (error.rate_limited or error.nobody_there)
                failing_since = failing_since or time.monotonic()
                if not error.again or tries >= self._TRIES or not await self._wait(error, tries, failing_since):
                    return ChatReply("", failure=error.message, finish="failed")
            else:
                self._successes = self._successes + 1
                self._failing = 0
                self._began = time.monotonic()
                return reply

    async def close(self) -> None:
        await self._inner.close()

    async def _wait(self, error: CallFailedError, tries: int, failing_since: float) -> bool:
        """Wait before the next try; False when this call has used up its patience."""
        patience_ends = failing_since + self._patience
        next_try = time.monotonic() + self._pause_before(error, tries)
        if error.wait is None and time.monotonic() < patience_ends:
            next_try = min(next_try, patience_ends)  # one more try at the end
        while (now := time.monotonic()) < next_try:
            if now > patience_ends:
                return False
            gives_up = min(self._began, failing_since) + self._patience  # when the run or this call gives up
            await pause(min(next_try - now, max(0.01, gives_up - now)))
            self._give_up(error)
        return True

    def _pause_before(self, error: CallFailedError, tries: int) -> float:
        if error.nobody_there and not self._successes:
            return 0.3
        if error.wait is not None:
            return error.wait * random.uniform(1.0, 1.1)  # not all at the same moment
        return float(min(60.0, 0.25 * 2**tries) * random.uniform(1.0, 2.0))

    def _refused(self, error: CallFailedError) -> None:
        if not error.again and not self._successes and self._failing >= self._REFUSALS:
            hint = "Look at the settings of the model (`pgraph settings`) and at the server's log."
            raise ModelSetupError(f"{self._url} refuses every request ({error.message})", hint) from error

    def _give_up(self, error: CallFailedError) -> None:
        seconds = time.monotonic() - self._began
        if error.nobody_there and not self._successes and seconds >= min(self._START_SECONDS, self._patience):
            hint = "Start it, or set another with --base-url or PGRAPH_BASE_URL."
            raise ModelUnavailableError(f"no model server at {self._url} ({error.message})", hint) from error
        if seconds < self._patience or self._failing < _SEVERAL:
            return  # a single call that fails is that call's failure
        resume = "The same command continues where this run stopped."
        if error.rate_limited:
            message = f"{self._url} has answered 429 for {seconds:.0f} s ({error.message})"
            raise RateLimitError(message, f"Wait, or lower --at-once. {resume}") from error
        message = f"{self._url}: no call has succeeded for {seconds:.0f} s ({error.message})"
        raise ModelUnavailableError(message, f"Look at the model server. {resume}") from error
