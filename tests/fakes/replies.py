"""What the fake server says when nothing goes wrong: all of it follows from a hash of what was asked."""

import base64
import hashlib
import json
import math
import re
import struct
from functools import cache
from typing import Any

DIMENSIONS = 64
_ROLES = (
    "district nurse", "night baker", "lock keeper", "seed saver", "tram driver", "court interpreter", "beekeeper",
    "ferry mechanic", "midwife", "sign painter", "grain inspector", "shelter guest", "stage rigger", "weaver",
    "well digger", "crane operator", "foster parent", "typesetter", "salt farmer", "hospital porter", "piano tuner",
    "street vendor", "census taker", "prison librarian", "quarry worker", "bike courier", "water bailiff", "cobbler",
)  # fmt: skip
_DOMAINS = (
    "community health", "bread making", "inland shipping", "plant breeding", "public transport", "law", "apiculture",
    "marine engineering", "maternity care", "lettering", "food safety", "housing", "theatre", "textiles", "water",
    "construction", "child care", "printing", "aquaculture", "logistics", "music", "retail", "statistics", "libraries",
)  # fmt: skip
_KINDS = (
    "retired", "travelling", "deputy", "apprentice", "village", "harbour", "military", "night-shift", "volunteer",
    "self-taught", "chief", "seasonal", "one-armed", "disbarred", "visiting", "part-time", "hereditary", "mobile",
)  # fmt: skip
_PLACES = (
    "a hill town", "a port", "the old quarter", "a delta village", "the border", "a mining valley", "an island",
    "the outskirts", "a market street", "a river bend", "a new estate", "the plains",
)  # fmt: skip
_HABITS = (
    "keeps a diary in two languages", "has worked nights since the flood", "teaches the trade to a cousin",
    "repairs what others throw away", "knows every regular by name", "saves for a second-hand van",
    "writes letters for neighbours", "is training for a licence", "looks after an aunt", "distrusts the new system",
)  # fmt: skip


def answer(request: dict[str, Any]) -> str:
    """A reply that fits the schema that was asked for; without one, three personas."""
    schema = ((request.get("response_format") or {}).get("json_schema") or {}).get("schema") or PERSONAS
    draw = _Draw(json.dumps(request, sort_keys=True))
    value = _value(schema, schema, "", draw)
    if "evidence" in value:
        value["evidence"] = _quote(request["messages"][-1]["content"], draw)
    return json.dumps(value, ensure_ascii=False)


def _quote(prompt: str, draw: "_Draw") -> str:
    """Five words of the text that a prompt holds between three quote marks."""
    words = prompt.split('"""')[1].split()
    start = draw.below(max(1, len(words) - 5))
    return " ".join(words[start : start + 5])


_TEXT = {"type": "string"}
PERSONA = {
    "type": "object",
    "properties": {"text": _TEXT, "role": _TEXT, "domain": _TEXT},
    "required": ["text", "role", "domain"],
}
PERSONAS = {
    "type": "object",
    "properties": {"personas": {"type": "array", "items": PERSONA, "minItems": 3, "maxItems": 3}},
    "required": ["personas"],
}


class _Draw:
    """Numbers that follow from a text."""

    def __init__(self, text: str) -> None:
        self._state = int.from_bytes(hashlib.sha256(text.encode()).digest())

    def below(self, limit: int) -> int:
        self._state, drawn = divmod(self._state, limit)
        if self._state < 1 << 64:
            self._state = int.from_bytes(hashlib.sha256(str((self._state, drawn)).encode()).digest())
        return drawn

    def of(self, values: tuple[str, ...]) -> str:
        return values[self.below(len(values))]


def _value(schema: dict[str, Any], root: dict[str, Any], name: str, draw: _Draw) -> Any:
    if "$ref" in schema:
        target: Any = root
        for part in schema["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        return _value(target, root, name, draw)
    for choice in ("anyOf", "oneOf", "allOf"):
        if choice in schema:
            return _value(schema[choice][0], root, name, draw)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    return _typed(schema, root, name, draw)


def _typed(schema: dict[str, Any], root: dict[str, Any], name: str, draw: _Draw) -> Any:
    match schema.get("type", "object"):
        case "object":
            return {key: _value(part, root, key, draw) for key, part in schema.get("properties", {}).items()}
        case "array":
            count = schema.get("maxItems", max(schema.get("minItems", 0), 3))
            return [_value(schema.get("items", _TEXT), root, name, draw) for _ in range(count)]
        case "integer" | "number":
            least = schema.get("minimum", 0)
            return least + draw.below(int(schema.get("maximum", least + 9) - least) + 1)
        case "boolean":
            return draw.below(2) == 1
        case _:
            return _text(name, draw)[: schema.get("maxLength", 500)]


def _text(name: str, draw: _Draw) -> str:
    if name == "domain":
        return draw.of(_DOMAINS)
    if name == "role":
        return f"{draw.of(_KINDS)} {draw.of(_ROLES)}"
    place, habit, other = draw.of(_PLACES), draw.of(_HABITS), draw.of(_HABITS)
    return f"A {draw.of(_ROLES)} in {place}, {draw.below(60) + 18}, who {habit} and {other}."


def completion(request: dict[str, Any], text: str) -> dict[str, Any]:
    asked = sum(len(str(message.get("content"))) for message in request.get("messages", ())) // 4 + 1
    return {
        "id": "fake",
        "object": "chat.completion",
        "created": 1,
        "model": request.get("model"),
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
        "usage": {
            "prompt_tokens": asked,
            "completion_tokens": len(text) // 4 + 1,
            "total_tokens": asked + len(text) // 4 + 1,
        },
    }


def embeddings(request: dict[str, Any]) -> dict[str, Any]:
    texts = request["input"] if isinstance(request["input"], list) else [request["input"]]
    packed = request.get("encoding_format") == "base64"
    rows: list[Any] = [vector(text) for text in texts]
    if packed:
        rows = [base64.b64encode(struct.pack(f"<{len(row)}f", *row)).decode() for row in rows]
    data = [{"object": "embedding", "index": i, "embedding": row} for i, row in enumerate(rows)]
    used = sum(len(text) // 4 + 1 for text in texts)
    return {
        "object": "list",
        "model": request.get("model"),
        "data": data,
        "usage": {"prompt_tokens": used, "total_tokens": used},
    }


def vector(text: str) -> list[float]:
    """The unit vector of a text: the sum of its words' random directions, so texts that share words are near."""
    total = [0.0] * DIMENSIONS
    for word in re.findall(r"\w+", text.casefold()) or [""]:
        total = [a + b for a, b in zip(total, _direction(word), strict=True)]
    length = math.sqrt(sum(a * a for a in total)) or 1.0
    return [a / length for a in total]


@cache
def _direction(word: str) -> tuple[float, ...]:
    octets = b"".join(hashlib.sha256(f"{word}:{i}".encode()).digest() for i in range(DIMENSIONS // 32))
    return tuple(octet - 127.5 for octet in octets)
