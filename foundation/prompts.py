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
    """A checked prompt; `digest` names this very wording."""

    name: str
    fields: tuple[str, ...]
    messages: tuple[tuple[str, str], ...]
    digest: str
    phrases: Mapping[str, str] = field(default_factory=dict)  # parts that are sent only where they are needed

    def phrase(self, name: str, value: str = "") -> str:
        """A part of the prompt with `{value}` filled in. Raises `PromptError` for one that the file has not."""
        if name not in self.phrases:
            raise PromptError(f"prompt {self.name}: no phrase {name!r}", "Add it under phrases, or use another prompt.")
        return self.phrases[name].replace("{value}", value)

    def fill(self, values: Mapping[str, object]) -> tuple[Mapping[str, str], ...]:
        """The messages with each `{field}` replaced, once; all other braces are text. Raises KeyError for a field left out."""
        missing = set(self.fields) - set(values)
        if missing:
            raise KeyError(f"prompt {self.name} needs {', '.join(sorted(missing))}")
        return tuple(
            {"role": role, "content": _FIELD.sub(lambda m: str(values[m[1]]) if m[1] in self.fields else m[0], text)}
            for role, text in self.messages
        )


def load_prompt(path: Path) -> Prompt:
    """Read and check a prompt file. Raises `PromptError` that names the file and what is wrong with it."""
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
    used = {field for _, text in messages for field in _FIELD.findall(text)}
    if unused := set(fields) - used:
        raise PromptError(
            f"{path}: field {min(unused)!r} stands in no message", "Use it as {name}, or take it out of fields."
        )
    if wrong := {role for role, _ in messages} - _ROLES:
        raise PromptError(f"{path}: unknown role {min(wrong)!r}", f"A role is one of {', '.join(sorted(_ROLES))}.")
    if not messages or messages[-1][0] != "user":
        raise PromptError(f"{path}: the last message must be the user's", "Add it, with the fields in it.")
    wording = (fields, messages, phrases) if phrases else (fields, messages)
    digest = hashlib.sha256(repr(wording).encode()).hexdigest()[:16]
    return Prompt(name, fields, messages, digest, phrases)


def load_prompt_for(command: str, path: Path, fields: AbstractSet[str]) -> Prompt:
    """As `load`, for a command that fills these fields: another one is a `PromptError` too."""
    prompt = load_prompt(path)
    if unknown := set(prompt.fields) - fields:
        raise PromptError(
            f"{path}: unknown field {min(unknown)!r}", f"pgraph {command} fills {', '.join(sorted(fields))}."
        )
    return prompt


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file. Raises `PromptError` with line and column for what does not parse."""
    import yaml

    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise PromptError(f"{path}: cannot be read ({error})", "Give the path of a UTF-8 text file.") from error
    except yaml.YAMLError as error:
        raise PromptError(f"{path}: not YAML ({' '.join(str(error).split())})", "Mend the line named above.") from error
    if not isinstance(content, dict):
        raise PromptError(f"{path}: holds no mapping", "Compare it with the files that pgraph ships.")
    return content
