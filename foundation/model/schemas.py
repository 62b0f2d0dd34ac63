"""JSON schemas of replies. Every text gets a maxLength: without it, small models write until the token limit."""

from collections.abc import Mapping, Sequence
from typing import Any


def text_schema(least: int, most: int) -> dict[str, Any]:
    """A text of `least` to `most` characters."""
    return {"type": "string", "minLength": least, "maxLength": most}


def list_schema(item: Mapping[str, Any], least: int, most: int) -> dict[str, Any]:
    """A list of `least` to `most` times `item`, a schema."""
    return {"type": "array", "items": item, "minItems": least, "maxItems": most}


def object_schema(properties: Mapping[str, Any], required: Sequence[str] | None = None) -> dict[str, Any]:
    """An object with these `properties` and no others; all of them are `required` unless those are named.

    >>> object_schema({"name": text_schema(1, 40)})["required"]
    ['name']
    """
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties if required is None else required),
        "additionalProperties": False,
    }
