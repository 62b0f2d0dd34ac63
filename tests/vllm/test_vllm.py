"""The whole chain against a real vLLM server on CPU."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from expansion.personas.plan import reply_schema
from foundation.errors import ModelSetupError
from foundation.model import ChatOptions
from foundation.model.chat import open_chat
from foundation.model.messages import ChatReply, ChatRequest
from foundation.model.replies import Replies
from foundation.prompts import load_prompt
from tests.vllm.conftest import KEY, MODEL

pytestmark = [pytest.mark.vllm, pytest.mark.timeout(900)]
ROOT = Path(__file__).parent.parent.parent
PROMPT = load_prompt(ROOT / "expansion" / "prompts" / "persona_to_persona.yml")
SETTINGS = ChatOptions(model=MODEL, api_key_env="VLLM_KEY", at_once=8, timeout=300.0, patience=300.0, max_tokens=600)


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VLLM_KEY", KEY)


@pytest.fixture
def replies(tmp_path: Path) -> Iterator[Replies]:
    with Replies(tmp_path / "replies.sqlite") as replies:
        yield replies


def request(number: int, **more: Any) -> ChatRequest:
    values = {
        "persona": f"A tram driver on line {number} who knows every stop.",
        "relation": "supplier",
        "phrase": "someone who makes or delivers what this person needs",
        "count": 2,
        "context": "",
        "known": "",
        "probability": "",
    }
    more.setdefault("schema", reply_schema("supplier", 2))
    return ChatRequest(PROMPT.fill(values), seed=number, tag={"run": "r"}, **more)


def ask(base_url: str, replies: Replies, requests: Sequence[ChatRequest], **settings: Any) -> list[ChatReply]:
    async def all_at_once() -> list[ChatReply]:
        chat = await open_chat(replace(SETTINGS, base_url=base_url, **settings), replies, logs=Path())
        try:
            return await asyncio.gather(*(chat.ask(request) for request in requests))
        finally:
            await chat.close()

    return asyncio.run(all_at_once())


def test_20_calls_with_a_schema(vllm: str, replies: Replies) -> None:
    requests = [request(number) for number in range(20)]
    answers = ask(vllm, replies, requests)
    assert [answer.failure for answer in answers] == [""] * 20
    assert all(len(answer.data["personas"]) == 2 for answer in answers)
    assert all(answer.tokens_in > 100 and answer.tokens_out > 20 for answer in answers)
    assert all(answer.from_cache for answer in ask(vllm, replies, requests))


def test_the_model_is_found_where_none_is_named(vllm: str, replies: Replies) -> None:
    (answer,) = ask(vllm, replies, [request(1, schema=None)], model="", max_tokens=5)
    assert answer.failure == "truncated"


def test_a_wrong_model_name_lists_the_right_one(vllm: str, replies: Replies) -> None:
    with pytest.raises(ModelSetupError, match="no model 'nope'") as caught:
        ask(vllm, replies, [request(1)], model="nope")
    assert MODEL in caught.value.hint


def test_a_wrong_key_names_its_variable(vllm: str, replies: Replies, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VLLM_KEY", "wrong")
    with pytest.raises(ModelSetupError, match="refuses the API key") as caught:
        ask(vllm, replies, [request(1)])
    assert "VLLM_KEY" in caught.value.hint


def test_a_wrong_path_says_what_an_address_looks_like(vllm: str, replies: Replies) -> None:
    with pytest.raises(ModelSetupError) as caught:
        ask(vllm + "/v2", replies, [request(1)])
    assert "/v1" in caught.value.hint


def test_a_cut_reply_is_a_failure_with_its_reason(vllm: str, replies: Replies) -> None:
    (answer,) = ask(vllm, replies, [request(1)], max_tokens=8)
    assert answer.failure == "truncated"
    assert answer.tokens_out == 8


def test_a_prompt_that_is_too_long_is_a_failure_of_that_call(vllm: str, replies: Replies) -> None:
    long = ChatRequest(({"role": "user", "content": "word " * 5000},), schema=reply_schema("supplier", 2))
    answers = ask(vllm, replies, [long, request(1)])
    assert answers[0].failure.startswith("HTTP 400: ")
    assert not answers[0].paid
    assert answers[1].failure == ""


def test_a_schema_that_the_server_does_not_take_is_asked_for_more_loosely(vllm: str, replies: Replies) -> None:
    """UniqueItems is refused with 400; the reply is then checked by us alone."""
    schema = {"type": "array", "items": {"type": "string"}, "uniqueItems": True, "minItems": 1}
    (answer,) = ask(vllm, replies, [request(1, schema=schema)], max_tokens=100)
    assert answer.paid
    assert answer.failure == "" or answer.failure.startswith(("truncated", "wrong schema", "invalid JSON"))
