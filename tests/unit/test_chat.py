"""The whole chain against the fake server."""

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from foundation.concurrency import for_each
from foundation.errors import ModelError, ModelSetupError, ModelUnavailableError, RateLimitError, SettingsError
from foundation.model import ChatOptions
from foundation.model.chat import open_chat
from foundation.model.messages import Chat, ChatReply, ChatRequest
from foundation.model.replies import Replies
from tests.fakes.replies import PERSONAS
from tests.fakes.server import FakeServer

QUICK = ChatOptions(model="fake-model", at_once=8, timeout=30.0, patience=2.0)
LONG = 30.0  # seconds: far beyond what a busy machine takes


@dataclass
class Bench:
    server: FakeServer
    replies: Replies
    logs: Path

    def ask(self, count: int = 20, settings: ChatOptions = QUICK, **more: Any) -> list[ChatReply]:
        """So many different questions, all at once, through a chat of their own."""
        requests = [request(number, **more) for number in range(count)]
        return asyncio.run(self._ask(requests, replace(settings, base_url=self.server.base_url)))

    async def _ask(self, requests: Sequence[ChatRequest], settings: ChatOptions) -> list[ChatReply]:
        chat: Chat = await open_chat(settings, self.replies, logs=self.logs)
        try:
            return await asyncio.gather(*(chat.ask(request) for request in requests))
        finally:
            await chat.close()


def request(number: int, **more: Any) -> ChatRequest:
    more.setdefault("schema", PERSONAS)
    tag = {"run": "r", "call": f"c{number}"}
    return ChatRequest(({"role": "user", "content": f"question {number}"},), tag=tag, **more)


@pytest.fixture
def replies(tmp_path: Path) -> Iterator[Replies]:
    with Replies(tmp_path / "replies.sqlite") as replies:
        yield replies


@contextmanager
def bench(replies: Replies, *faults: Mapping[str, Any], **options: Any) -> Iterator[Bench]:
    with FakeServer(faults=faults, **options) as server:
        yield Bench(server, replies, Path())


def failures(replies: Sequence[ChatReply]) -> set[str]:
    return {reply.failure for reply in replies}


# -- what is sent, what comes back


def test_replies_are_checked_counted_and_kept(replies: Replies) -> None:
    with bench(replies) as it:
        answers = it.ask(20)
    assert failures(answers) == {""}
    assert all(len(reply.data["personas"]) == 3 and reply.tokens_in > 0 and reply.tokens_out > 0 for reply in answers)
    assert {tag["call"] for tag, _ in replies.of_run("r")} == {f"c{number}" for number in range(20)}


def test_the_request_says_what_the_settings_say(replies: Replies) -> None:
    settings = replace(QUICK, temperature=0.3, max_tokens=77)
    with bench(replies) as it:
        it.ask(1, settings, seed=5, sample=2, extra={"top_p": 0.5})
        sent = it.server.requests[0]
    assert sent["messages"] == [{"role": "user", "content": "question 0"}]
    wanted = {"model": "fake-model", "temperature": 0.3, "max_tokens": 77, "seed": 7, "top_p": 0.5}
    assert {name: sent[name] for name in wanted} == wanted
    assert sent["response_format"]["json_schema"] == {"name": "reply", "strict": True, "schema": PERSONAS}
    assert "tag" not in sent


def test_the_first_listed_model_is_used_where_none_is_set(replies: Replies) -> None:
    with bench(replies, models=["one", "two"]) as it:
        it.ask(1, replace(QUICK, model=""))
        assert it.server.requests[0]["model"] == "one"


def test_a_text_with_half_an_emoji_is_kept_without_it(replies: Replies) -> None:
    with bench(replies, answer=lambda _: '"half \ud83d"') as it:
        (reply,) = it.ask(1, schema={"type": "string"})
    assert reply.data == "half ?"


def test_usage_may_be_null(replies: Replies) -> None:
    with bench(replies, {"kind": "null_usage"}) as it:
        (reply,) = it.ask(1)
    assert (reply.failure, reply.tokens_in, reply.tokens_out) == ("", 0, 0)


@pytest.mark.parametrize(
    "body",
    [
        {"choices": [{"message": {"content": "{}"}}], "usage": {"prompt_tokens": "7", "completion_tokens": 1e40}},
        {"choices": [{"message": {"content": "{}"}, "finish_reason": None}], "usage": {"prompt_tokens": None}},
        {"choices": [{"message": {"content": "{}", "refusal": None}}]},
    ],
)
def test_odd_but_usable_replies(replies: Replies, body: dict[str, Any]) -> None:
    with bench(replies, {"kind": "200", "body": body}) as it:
        (reply,) = it.ask(1, schema={"type": "object"})
    assert (reply.failure, reply.data, reply.tokens_in, reply.tokens_out) == ("", {}, 0, 0)


@pytest.mark.parametrize("body", [[], "text", {"choices": [3]}, {"choices": 3}, {"choices": [], "usage": [1]}])
def test_what_is_no_chat_completion_ends_the_run(replies: Replies, body: object) -> None:
    with bench(replies, {"kind": "200", "body": body}) as it, pytest.raises(ModelUnavailableError) as caught:
        it.ask(4, replace(QUICK, patience=0.5))
    assert "not a chat completion" in caught.value.message


def test_the_key_comes_from_the_named_variable(replies: Replies, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", "secret")
    with bench(replies, key="secret") as it:
        assert failures(it.ask(2, replace(QUICK, api_key_env="MY_KEY"))) == {""}


# -- the cache


def test_nothing_is_asked_twice(replies: Replies) -> None:
    with bench(replies) as it:
        first = it.ask(10)
        second = it.ask(10)
        assert it.server.stats()["paid"] == 10
    assert [reply.data for reply in first] == [reply.data for reply in second]
    assert not any(reply.from_cache for reply in first)
    assert all(reply.from_cache for reply in second)


@pytest.mark.parametrize(
    ("settings", "more"),
    [
        (replace(QUICK, temperature=0.5), {}),
        (replace(QUICK, max_tokens=5), {}),
        (replace(QUICK, model="other"), {}),
        (QUICK, {"sample": 1}),
        (QUICK, {"seed": 1}),
        (QUICK, {"schema": None}),
        (QUICK, {"extra": {"top_p": 0.1}}),
    ],
)
def test_whatever_changes_the_answer_is_in_the_key(
    replies: Replies, settings: ChatOptions, more: dict[str, Any]
) -> None:
    with bench(replies, models=["fake-model", "other"]) as it:
        it.ask(1)
        (again,) = it.ask(1, settings, **more)
        assert not again.from_cache


def test_another_server_is_asked_anew_and_settings_of_patience_are_not_in_the_key(replies: Replies) -> None:
    with bench(replies) as it:
        it.ask(1)
        assert it.ask(1, replace(QUICK, timeout=9.0, at_once=3, patience=7.0))[0].from_cache
    with bench(replies) as it:
        assert not it.ask(1)[0].from_cache


@pytest.mark.parametrize(
    ("kind", "failure"),
    [
        ("length", "truncated"),
        ("refusal", "refused"),
        ("content_filter", "refused"),
        ("empty_choices", "empty"),
        ("empty_text", "empty"),
        ("invalid_json", "invalid JSON"),
        ("wrong_schema", "wrong schema: the whole: must contain ['personas'] properties"),
    ],
)
def test_a_useless_reply_is_data_and_paid_only_once(replies: Replies, kind: str, failure: str) -> None:
    with bench(replies, {"kind": kind, "last": 4}) as it:
        answers = it.ask(10)
        assert sorted(reply.failure for reply in answers) == [""] * 5 + [failure] * 5
        assert all(reply.tokens_in > 0 for reply in answers)
        again = it.ask(10)
        assert [reply.failure for reply in again] == [reply.failure for reply in answers]
        assert it.server.stats()["paid"] == 10


def test_a_call_that_got_no_reply_is_not_kept(replies: Replies) -> None:
    with bench(replies, {"kind": "413", "last": 0}) as it:
        (reply,) = it.ask(1)
        assert reply.failure == "HTTP 413: scripted 413"
        assert not reply.paid
        assert it.ask(1)[0].failure == ""


# -- trying again


@pytest.mark.parametrize("kind", ["429", "500", "503", "408", "reset", "broken_body", "html"])
def test_what_may_pass_is_tried_again(replies: Replies, kind: str) -> None:
    with bench(replies, {"kind": kind, "last": 5}) as it:
        assert failures(it.ask(20, replace(QUICK, patience=20.0))) == {""}
        assert it.server.stats()["faults"] == {kind: 6}
        assert it.server.stats()["paid_twice"] == 0


@pytest.mark.parametrize("date", [False, True])
def test_retry_after_is_honoured(replies: Replies, date: bool) -> None:  # noqa: FBT001  a parameter of the test
    with bench(replies, {"kind": "429", "retry_after": 1, "date": date, "last": 0}) as it:
        began = time.monotonic()
        assert failures(it.ask(1, replace(QUICK, patience=20.0))) == {""}
        assert 0.95 <= time.monotonic() - began < LONG


def test_a_reply_that_hangs_is_cut_and_asked_again(replies: Replies) -> None:
    with bench(replies, {"kind": "hang", "last": 0}) as it:
        began = time.monotonic()
        assert failures(it.ask(5, replace(QUICK, timeout=1.0, patience=20.0))) == {""}
        assert 1 <= time.monotonic() - began < LONG


def test_a_waiting_retry_holds_no_slot(replies: Replies) -> None:
    """The first two calls are refused until 20 others have their answer; with 2 slots these get through meanwhile."""
    done: list[int] = []

    class Refusing(FakeServer):
        def respond(self, route: str, head: bytes, body: bytes) -> Any:
            outcome = super().respond(route, head, body)
            refused = len(done) < 20 and any(f'"question {number}"'.encode() in body for number in (0, 1))
            return replace(outcome, status=503, later=None, body={"error": "busy"}) if refused else outcome

    async def main(url: str) -> None:
        chat = await open_chat(replace(QUICK, at_once=2, patience=20.0, base_url=url), replies, logs=Path())

        async def ask(number: int) -> ChatReply:
            return await chat.ask(request(number))

        async def sink(batch: Sequence[tuple[int, ChatReply]]) -> None:
            done.extend(number for number, _ in batch)

        await for_each(iter(range(62)), ask, sink, 2, ahead=1000)
        await chat.close()

    with Refusing() as server:
        asyncio.run(main(server.base_url))
        assert server.stats()["chat"] > 62
    assert len(done) == 62
    assert not {0, 1} & set(done[:20])


def test_a_call_that_keeps_failing_is_data_while_others_succeed(replies: Replies) -> None:
    def answer(body: dict[str, Any]) -> str:
        assert body["messages"][0]["content"] != "question 3"  # never answered: see the fault
        return "{}"

    class OneBad(FakeServer):
        def respond(self, route: str, head: bytes, body: bytes) -> Any:
            outcome = super().respond(route, head, body)
            return (
                replace(outcome, status=500, later=None, body={"error": "boom"}) if b"question 3" in body else outcome
            )

    with OneBad(answer=answer) as server:
        it = Bench(server, replies, Path())
        answers = it.ask(6, schema={"type": "object"})
    assert [reply.failure for reply in answers] == ["", "", "", "HTTP 500: boom", "", ""]


# -- giving up


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"kind": "500"}, ModelUnavailableError),
        ({"kind": "reset"}, ModelUnavailableError),
        ({"kind": "hang"}, ModelUnavailableError),
        ({"kind": "html"}, ModelUnavailableError),
        ({"kind": "429"}, RateLimitError),
        ({"kind": "429", "retry_after": 1}, RateLimitError),
        ({"kind": "429", "retry_after": 3600}, RateLimitError),
    ],
)
def test_patience_ends(replies: Replies, fault: dict[str, Any], error: type[ModelError]) -> None:
    with bench(replies, fault) as it:
        began = time.monotonic()
        with pytest.raises(error, match=it.server.base_url) as caught:
            it.ask(20, replace(QUICK, timeout=1.0))
        assert 1.8 < time.monotonic() - began < LONG
        assert "continues where this run stopped" in caught.value.hint


def test_patience_starts_again_with_every_success(replies: Replies) -> None:
    fault = {"kind": "503", "after": 0.5, "before": 3.5}
    with bench(replies, fault, latency=0.4) as it:
        assert failures(it.ask(16, replace(QUICK, at_once=2, patience=6.0))) == {""}


def test_a_server_that_dies_in_the_middle_ends_the_run(replies: Replies) -> None:
    async def main(it: Bench) -> None:
        chat = await open_chat(replace(QUICK, base_url=it.server.base_url), replies, logs=it.logs)
        assert (await chat.ask(request(0))).failure == ""
        await asyncio.to_thread(it.server.stop)
        with pytest.raises(ModelUnavailableError, match="no call has succeeded"):
            await asyncio.gather(*(chat.ask(request(number)) for number in range(1, 9)))
        await chat.close()

    with bench(replies) as it:
        asyncio.run(main(it))
    assert len(list(replies.of_run("r"))) == 1


@pytest.mark.parametrize("model", ["", "fake-model"])
def test_nobody_there_is_said_within_seconds(replies: Replies, model: str) -> None:
    with bench(replies) as it:
        pass
    began = time.monotonic()
    with pytest.raises(ModelUnavailableError, match=f"no model server at {it.server.base_url}") as caught:
        it.ask(20, replace(QUICK, model=model, patience=100.0))
    assert 2.5 < time.monotonic() - began < LONG
    assert caught.value.hint == "Start it, or set another with --base-url or PGRAPH_BASE_URL."


def test_a_server_that_is_just_starting_is_waited_for(replies: Replies) -> None:
    with bench(replies) as it:
        port = it.server.port

    async def main() -> list[ChatReply]:
        asked = asyncio.create_task(it._ask([request(0)], replace(QUICK, base_url=it.server.base_url)))
        await asyncio.sleep(0.7)
        with FakeServer(port=port):
            return await asked

    assert failures(asyncio.run(main())) == {""}


@pytest.mark.parametrize("kind", ["401", "403", "string_error"])
def test_a_refused_key_names_its_variable(replies: Replies, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with bench(replies, {"kind": kind}) as it, pytest.raises(ModelSetupError, match="refuses the API key") as caught:
        it.ask(20)
    assert "OPENAI_API_KEY, which is not set" in caught.value.hint


def test_a_wrong_model_name_lists_the_right_ones(replies: Replies) -> None:
    with bench(replies, models=["one", "two"]) as it, pytest.raises(ModelSetupError, match="no model 'nope'") as caught:
        it.ask(3, replace(QUICK, model="nope"))
    assert "one, two" in caught.value.hint


def test_a_wrong_path_says_what_an_address_looks_like(replies: Replies) -> None:
    with bench(replies, {"kind": "detail_error"}) as it, pytest.raises(ModelSetupError) as caught:
        it.ask(3)
    assert "/v1" in caught.value.hint


def test_a_used_up_quota_ends_at_once(replies: Replies) -> None:
    fault = {"kind": "429", "code": "insufficient_quota"}
    began = time.monotonic()
    with bench(replies, fault) as it, pytest.raises(RateLimitError, match="quota is used up"):
        it.ask(3, replace(QUICK, patience=60.0))
    assert time.monotonic() - began < LONG


def test_a_server_that_refuses_every_request_ends_the_run(replies: Replies) -> None:
    fault = {"kind": "400", "message": "no such parameter"}
    with bench(replies, fault) as it, pytest.raises(ModelSetupError, match="no such parameter"):
        it.ask(30)


def test_one_refused_request_is_data(replies: Replies) -> None:
    # too long for the model: refused in every form, and the form is not to blame
    with bench(replies, {"kind": "400", "last": 2, "message": "too many tokens"}) as it:
        answers = it.ask(1) + it.ask(5)
        assert [reply.failure for reply in answers] == ["HTTP 400: too many tokens"] + [""] * 5
        assert it.server.requests[-1]["response_format"]["type"] == "json_schema"


@pytest.mark.parametrize("address", ["localhost:8000", "ftp://a/v1", "http://", "nonsense"])
def test_an_address_that_is_none(replies: Replies, address: str) -> None:
    with pytest.raises(SettingsError, match="base_url"):
        asyncio.run(open_chat(replace(QUICK, base_url=address), replies, logs=Path()))


# -- servers without JSON schema


@pytest.mark.parametrize(
    ("formats", "found"), [(["json_schema"], "json_object"), (["json_schema", "json_object"], "text")]
)
def test_a_server_without_schemas_is_found_out_once_and_remembered(
    replies: Replies, formats: list[str], found: str
) -> None:
    with bench(replies, {"kind": "no_response_format", "formats": formats}, {"kind": "fenced"}) as it:
        assert failures(it.ask(30)) == {""}
        refused = it.server.stats()["faults"]["no_response_format"]
        assert refused <= QUICK.at_once + 2
        assert failures(it.ask(30, sample=1)) == {""}
        assert it.server.stats()["faults"]["no_response_format"] == refused
        assert (it.server.requests[-1].get("response_format") or {"type": "text"})["type"] == found


def test_a_single_schema_that_is_too_much_is_asked_for_more_loosely(replies: Replies) -> None:
    special = PERSONAS | {"uniqueItems": True}
    with bench(replies, {"kind": "no_response_format", "with": "uniqueItems"}) as it:
        assert failures(it.ask(5, schema=special)) == {""}
        assert it.server.requests[-1]["response_format"]["type"] == "json_object"
        refused = it.server.stats()["faults"]["no_response_format"]
        it.ask(5)
        assert it.server.requests[-1]["response_format"]["type"] == "json_schema"
        assert it.server.stats()["faults"]["no_response_format"] == refused


# -- how many at once


def test_429s_lower_the_limit_and_successes_raise_it_again(replies: Replies) -> None:
    with bench(replies, {"kind": "429", "retry_after": 0, "last": 15}, latency=0.02) as it:
        settings = replace(QUICK, at_once=16, patience=20.0)
        assert failures(it.ask(400, settings)) == {""}
        assert it.server.stats()["most_in_flight"] in range(12, 17)


def test_never_more_than_at_once(replies: Replies) -> None:
    with bench(replies, latency=0.02) as it:
        it.ask(100, replace(QUICK, at_once=5))
        assert it.server.stats()["most_in_flight"] == 5
