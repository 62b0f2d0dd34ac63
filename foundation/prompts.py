"""Prompt files: YAML with the fields they take and the messages they send. The file is all the text that is sent."""

import hashlib
import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from foundation.errors import PromptError

_FIELD = re.compile(r"\{([a-z_]+)\}")
_ROLES = {"system", "user", "assistant"}


@dataclass(frozen=True, slots=True)
class Prompt:
    """A checked prompt file: its `name`, the `fields` it takes, and its `messages` as pairs (role, text).

    `digest` names exactly this wording (16 hex digits); `phrases` are parts by name that are sent only if they are needed.

    >>> prompt = Prompt("greet", ("name",), (("user", "Greet {name}, and keep {this}."),), digest="")
    >>> prompt.fill({"name": "Ada"})
    ({'role': 'user', 'content': 'Greet Ada, and keep {this}.'},)
    """

    name: str
    fields: tuple[str, ...]
    messages: tuple[tuple[str, str], ...]
    digest: str
    phrases: Mapping[str, str] = field(default_factory=dict)  # parts that are sent only if they are needed

    def phrase(self, name: str, value: str = "") -> str:
        """The part of the prompt called `name`, with `{value}` replaced by `value`. Raises `PromptError` if there is none."""
        if name not in self.phrases:
            raise PromptError(f"prompt {self.name}: no phrase {name!r}", "Add it under phrases, or use another prompt.")
        return self.phrases[name].replace("{value}", value)

    def fill(self, values: Mapping[str, object]) -> tuple[Mapping[str, str], ...]:
        """The messages to send, each with `role` and `content`: every `{field}` is replaced once by its entry in `values`.

        All other braces are text. Raises `KeyError` if a field of the prompt has no value.
        """
        missing = set(self.fields) - set(values)
        if missing:
            raise KeyError(f"prompt {self.name} needs {', '.join(sorted(missing))}")
        return tuple(
            {"role": role, "content": _FIELD.sub(lambda m: str(values[m[1]]) if m[1] in self.fields else m[0], text)}
            for role, text in self.messages
        )


def load_prompt(path: Path) -> Prompt:
    """Read and check the prompt file at `path`. Raises `PromptError`, which names the file and what is wrong with it.

    >>> from tempfile import NamedTemporaryFile
    >>> with NamedTemporaryFile("w", suffix=".yml") as file:
    ...     _ = file.write('{name: greet, fields: [who], messages: [{role: user, content: "Greet {who}."}]}')
    ...     file.flush()
    ...     load_prompt(Path(file.name)).fields
    ('who',)
    """
    content = read_yaml(path)
    try:
        fields = tuple(str(name) for name in content["fields"])
        messages = tuple((str(m["role"]), str(m["content"])) for m in content["messages"])
        name = str(content["name"])
        phrases = {str(key): str(text) for key, text in (content.get("phrases") or {}).items()}
    except (KeyError, TypeError, AttributeError) as error:
        raise PromptError(
            f"{path}: not a prompt file ({error})", "It needs name, fields and messages with role and content."
        ) from error
    used = set(_FIELD.findall("\n".join(text for _, text in messages)))
    if unused := set(fields) - used:
        raise PromptError(
            f"{path}: field {min(unused)!r} is used in no message", "Use it as {name}, or take it out of fields."
        )
    if unknown := {role for role, _ in messages} - _ROLES:
        raise PromptError(f"{path}: unknown role {min(unknown)!r}", f"A role is one of {', '.join(sorted(_ROLES))}.")
    if not messages or messages[-1][0] != "user":
        raise PromptError(f"{path}: the last message must be the user's", "Add it, with the fields in it.")
    wording = (fields, messages, phrases) if phrases else (fields, messages)
    digest = hashlib.sha256(repr(wording).encode()).hexdigest()[:16]
    return Prompt(name, fields, messages, digest, phrases)


def load_prompt_for(command: str, path: Path, fields: AbstractSet[str]) -> Prompt:
    """As `load_prompt` of the file at `path`, for a `command` of pgraph that fills `fields`.

    Raises `PromptError` for a field that the command does not fill, too.
    """
    prompt = load_prompt(path)
    if unknown := set(prompt.fields) - fields:
        raise PromptError(
            f"{path}: unknown field {min(unknown)!r}", f"pgraph {command} fills {', '.join(sorted(fields))}."
        )
    return prompt


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping in the YAML file at `path`. Raises `PromptError`, with line and column if the file does not parse."""
    import yaml

    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise PromptError(f"{path}: cannot be read ({error})", "Give the path of a UTF-8 text file.") from error
    except yaml.YAMLError as error:
        raise PromptError(
            f"{path}: not YAML ({' '.join(str(error).split())})", "Correct the line named above."
        ) from error
    if not isinstance(content, dict):
        raise PromptError(f"{path}: does not hold a mapping", "Compare it with the files that pgraph ships.")
    return content
