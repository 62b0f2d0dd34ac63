import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.model.chat import checked
from foundation.model.messages import ChatReply

SCHEMA = {
    "type": "object",
    "properties": {"personas": {"type": "array", "items": {"type": "object", "required": ["text"]}, "minItems": 1}},
    "required": ["personas"],
}
GOOD = {"personas": [{"text": "A [b] {c}"}]}


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(GOOD),
        f"  {json.dumps(GOOD)}\n",
        f"```json\n{json.dumps(GOOD, indent=2)}\n```",
        f"Sure [1], here {{it}} is:\n{json.dumps(GOOD)}\nMore?",
        f'<think>Maybe {{"personas": []}}?</think>{json.dumps(GOOD)}',
    ],
)
def test_the_value_is_found_in_the_text(text: str) -> None:
    reply = checked(ChatReply(text), SCHEMA)
    assert reply.failure == ""
    assert reply.data == GOOD


@pytest.mark.parametrize(
    ("reply", "failure"),
    [
        (ChatReply('{"personas": [', finish="length"), "truncated"),
        (ChatReply(json.dumps(GOOD), finish="length"), "truncated"),
        (ChatReply("no", finish="refused"), "refused"),
        (ChatReply("", finish="content_filter"), "refused"),
        (ChatReply("", finish="empty"), "empty"),
        (ChatReply(" \n"), "empty"),
        (ChatReply('{"personas": [{"te'), "invalid JSON"),
        (ChatReply("I would rather not."), "invalid JSON"),
        (ChatReply('{"personas": NaN}'), "invalid JSON"),
        (ChatReply('{"people": []}'), "wrong schema: the whole: must contain ['personas'] properties"),
        (ChatReply('{"personas": []}'), "wrong schema: personas: must contain at least 1 items"),
        (ChatReply('{"personas": [{"text": "a"}, {}]}'), "wrong schema: personas[1]: must contain ['text'] properties"),
        (ChatReply("", failure="HTTP 500: no", finish="failed"), "HTTP 500: no"),
    ],
)
def test_what_cannot_be_used_says_why(reply: ChatReply, failure: str) -> None:
    result = checked(reply, SCHEMA)
    assert result.failure == failure
    assert result.data is None


def test_without_a_schema_the_text_is_the_reply() -> None:
    assert checked(ChatReply("free text"), None).failure == ""
    assert checked(ChatReply("free te", finish="length"), None).failure == "truncated"


@given(st.text(max_size=200))
def test_any_text_gives_data_or_a_failure(text: str) -> None:
    reply = checked(ChatReply(text), SCHEMA)
    assert (reply.data is None) == bool(reply.failure)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@given(_JSON, st.sampled_from(["{}", "{", "[", "]", "```"]))
def test_a_value_after_noise_is_found(value: Any, noise: str) -> None:
    good = {"personas": [{"text": value}]}
    assert checked(ChatReply(f"{noise} {json.dumps(good)}"), SCHEMA).data == good
