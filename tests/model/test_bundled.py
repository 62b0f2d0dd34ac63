"""The bundled model: a real llama.cpp server, a real model."""

import asyncio
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import replace
from pathlib import Path

import pytest

from expansion.texts.plan import TEXT_PROMPT, TextPlan, is_quote
from foundation.errors import ModelUnavailableError
from foundation.model import ChatOptions, bundled
from foundation.model.chat import open_chat
from foundation.model.messages import ChatReply, ChatRequest
from foundation.model.replies import Replies
from foundation.prompts import load_prompt
from graphstore.files.documents import Piece

pytestmark = [
    pytest.mark.model,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not bundled.is_installed(), reason="the bundled model is not installed"),
]
SCHEMA = {
    "type": "object",
    "properties": {
        "persona": {"type": "string", "minLength": 10, "maxLength": 120},
        "role": {"type": "string", "minLength": 2, "maxLength": 30},
    },
    "required": ["persona", "role"],
    "additionalProperties": False,
}


def is_up(base_url: str) -> bool:
    try:
        with urllib.request.urlopen(base_url + "/models", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, ConnectionError):
        return False


def is_gone_soon(base_url: str) -> bool:
    until = time.monotonic() + 10
    while is_up(base_url) and time.monotonic() < until:
        time.sleep(0.1)
    return not is_up(base_url)


def request(number: int) -> ChatRequest:
    messages = (
        {"role": "system", "content": "You describe one person in JSON."},
        {"role": "user", "content": f"Who repairs bicycles in street number {number}?"},
    )
    return ChatRequest(messages, schema=SCHEMA, seed=number, tag={"run": "r"})


def test_calls_with_a_schema_through_the_whole_chain(tmp_path: Path) -> None:
    settings = ChatOptions(timeout=300.0, patience=300.0, max_tokens=200, at_once=4)

    async def ask_all(replies: Replies) -> list[ChatReply]:
        chat = await open_chat(settings, replies, logs=tmp_path)
        try:
            assert chat.model == bundled.MODEL
            return await asyncio.gather(*(chat.ask(request(number)) for number in range(6)))
        finally:
            await chat.close()

    with Replies(tmp_path / "replies.sqlite") as replies:
        answers = asyncio.run(ask_all(replies))
        assert [answer.failure for answer in answers] == [""] * 6
        assert all(len(answer.data["persona"]) >= 10 and answer.tokens_out > 0 for answer in answers)
        again = asyncio.run(ask_all(replies))  # another port, the same model: from the cache
        assert all(answer.from_cache for answer in again)
    assert (tmp_path / "model.log").stat().st_size > 0


def test_a_cut_reply_is_a_failure_with_its_reason(tmp_path: Path) -> None:
    async def ask(replies: Replies) -> ChatReply:
        chat = await open_chat(ChatOptions(max_tokens=5, timeout=300.0), replies, logs=tmp_path)
        try:
            return await chat.ask(request(1))
        finally:
            await chat.close()

    with Replies(tmp_path / "replies.sqlite") as replies:
        assert asyncio.run(ask(replies)).failure == "truncated"


def test_the_server_ends_with_the_block(tmp_path: Path) -> None:
    with bundled.start_bundled(tmp_path) as base_url:
        assert is_up(base_url)
        assert base_url.startswith("http://127.0.0.1:")
    assert is_gone_soon(base_url)


def test_the_server_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    code = f"""
import time
from pathlib import Path
from foundation.model.bundled import start_bundled
with start_bundled(Path({str(tmp_path)!r})) as base_url:
    print(base_url, flush=True)
    time.sleep(100)
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        base_url = parent.stdout.readline().strip()
        assert is_up(base_url)
        os.kill(parent.pid, signal.SIGKILL)
    assert is_gone_soon(base_url)


def test_a_model_that_does_not_load_is_an_error_with_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"no model")
    monkeypatch.setattr(bundled, "model_file", lambda: broken)
    with pytest.raises(ModelUnavailableError, match="did not start") as caught, bundled.start_bundled(tmp_path):
        pass
    assert "model.log" in caught.value.hint


def test_without_the_packages_the_error_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundled, "model_file", lambda: None)
    settings = replace(ChatOptions(), base_url="")
    with Replies(tmp_path / "replies.sqlite") as replies, pytest.raises(ModelUnavailableError) as caught:
        asyncio.run(open_chat(settings, replies, logs=tmp_path))
    assert "persona-graph[model]" in caught.value.hint
    assert "--base-url" in caught.value.hint


def test_the_bundled_model_draws_a_persona_from_a_text(tmp_path: Path) -> None:
    """Too small to copy a quote, it chooses one of those that the schema offers."""
    text = "The mill closes on Monday. The night shift keeps its keys.\n"
    plan = TextPlan((), 2000, {"read": "is likely to read this text"}, load_prompt(TEXT_PROMPT), offered=True)
    piece = Piece("t1", text, "a.txt", 0, "", "")

    async def ask() -> ChatReply:
        with Replies(tmp_path / "replies.sqlite") as replies:
            chat = await open_chat(ChatOptions(), replies, logs=tmp_path)
            try:
                return await chat.ask(plan.request("r", plan.call_id(piece.id, "read"), piece, "read"))
            finally:
                await chat.close()

    reply = asyncio.run(ask())
    assert reply.failure == ""
    assert is_quote(reply.data["evidence"], text)
