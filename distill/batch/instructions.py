"""Instruction files: YAML with a template for each task, and how the template is filled from a row.

    name: the template, with {0}, {1} … for the fields in the order in which they are given
    name: {fields: [persona, domain], system: …, template: the same, also with {persona} and {domain}}

Only what stands for a given field is filled, once; every other brace is text. A template in which all other braces are
doubled was written for a formatter that wants that: there two mean one. `{context}` is what --context says.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from distill import PROMPTS
from distill.batch.fields import Step, as_text, reader
from foundation.errors import PromptError, UsageError
from foundation.prompts import read_yaml
from graphstore import digest

INSTRUCTIONS = PROMPTS / "instructions.yml"
_NAMED = re.compile(r"\{([^{}\s][^{}\n]*)\}")
_PLAIN_NAME = re.compile(r"\{[\w.]+\}")
_KEYS = {"fields", "system", "template"}

Messages = tuple[Mapping[str, str], ...]


@dataclass(frozen=True, slots=True)
class Task:
    name: str
    template: str
    system: str = ""
    fields: tuple[str, ...] = ()  # what the file calls them, in their order


def load_tasks(path: Path) -> dict[str, Task]:
    """The tasks of a file by name; a colon too many at a name's end is no part of it."""
    tasks = [_task(path, str(name).rstrip(": "), content) for name, content in read_yaml(path).items()]
    found = {task.name: task for task in tasks}
    if len(found) < len(tasks):
        raise PromptError(f"{path}: two tasks have the same name", "Rename one of them.")
    return found


def _task(path: Path, name: str, content: object) -> Task:
    parts = {"template": content} if isinstance(content, str) else content
    if not isinstance(parts, Mapping) or not isinstance(parts.get("template"), str) or set(parts) - _KEYS:
        raise PromptError(f"{path}: task {name!r} is no template", f"Give it a text, or {', '.join(sorted(_KEYS))}.")
    fields, system = parts.get("fields") or [], parts.get("system") or ""
    if not isinstance(fields, list) or not isinstance(system, str):
        raise PromptError(f"{path}: task {name!r}: fields must be a list, system a text", "Mend the file.")
    return Task(name, _plain(parts["template"].strip()), _plain(system.strip()), tuple(map(str, fields)))


def _plain(template: str) -> str:
    """Doubled braces made single, where all that stand for nothing are doubled."""
    rest = _PLAIN_NAME.sub("", template.replace("{{", "").replace("}}", ""))
    doubled = "{{" in template and not re.search(r"[{}]", rest)
    return template.replace("{{", "{").replace("}}", "}") if doubled else template


def choose_task(path: Path, name: str) -> Task:
    """The task of this name; where none is asked for, the only one of the file."""
    tasks = load_tasks(path)
    if not name and len(tasks) == 1:
        return next(iter(tasks.values()))
    if name.rstrip(": ") not in tasks:
        what = f"{path} has no task {name!r}" if name else f"{path} has several tasks, and none was named"
        raise UsageError(what, f"Name one with --task: {', '.join(tasks)}.")
    return tasks[name.rstrip(": ")]


@dataclass(frozen=True, slots=True)
class AsGiven:
    """Rows that hold what is to be sent: a list of messages, or one prompt."""

    column: str
    literals: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        return digest("as given", self.column)

    def fill(self, row: Mapping[str, Any]) -> Messages | str:
        found = row.get(self.column)
        if isinstance(found, str) and found.strip():
            return ({"role": "user", "content": found},)
        if not isinstance(found, list) or not found or not all(map(_is_message, found)):
            return f"a field is missing: {self.column} holds nothing to send"
        return tuple({"role": message["role"], "content": message["content"]} for message in found)


def _is_message(value: object) -> bool:
    return isinstance(value, Mapping) and isinstance(value.get("role"), str) and isinstance(value.get("content"), str)


@dataclass(frozen=True, slots=True)
class Template:
    """A task bound to the fields of a file; `digest` names its wording and its fields."""

    name: str
    messages: Messages
    digest: str
    values: tuple[tuple[str, Step | str], ...]  # each field as it was given, and how to read it, or its text
    places: Mapping[str, int]  # what stands between braces -> which field

    def fill(self, row: Mapping[str, Any]) -> Messages | str:
        """The messages for a row; a text says why there are none."""
        texts = []
        for name, value in self.values:
            found = value if isinstance(value, str) else value(row)
            if found is None:
                return f"a field is missing: {name}"
            texts.append(as_text(found))
        return tuple(
            {"role": message["role"], "content": _NAMED.sub(lambda at: self._text(at, texts), message["content"])}
            for message in self.messages
        )

    def _text(self, found: re.Match[str], texts: Sequence[str]) -> str:
        place = self.places.get(found[1])
        return found[0] if place is None else texts[place]

    @property
    def literals(self) -> tuple[str, ...]:
        """The fields that are no columns of the file and so stand for themselves."""
        return tuple(name for name, value in self.values if value == name)


def bind_task(task: Task, fields: Sequence[str], columns: Collection[str], context: str) -> Template:
    """The template with each field found among the columns, or taken as text where it begins with none of them.

    Without `fields` they are those that the task names, else every column that stands in the template by its name.
    """
    inside = _NAMED.findall(f"{task.system}\n{task.template}")
    given = list(fields) or list(task.fields) or [name for name in dict.fromkeys(inside) if name in columns]
    _check(task, given, inside, chosen=bool(fields), columns=columns)
    places = {str(number): number for number in range(len(given))}
    places |= {name: number for number, name in reversed(list(enumerate(given)))}
    places |= {name: number for number, name in enumerate(task.fields)}
    values: list[tuple[str, Step | str]] = [(name, reader(name, columns) or name) for name in given]
    if "context" in inside and "context" not in places and (context or task.fields):
        places["context"] = len(values)
        values.append(("context", f"All of it is set here: {context}\n" if context else ""))
    written = [("system", task.system), ("user", task.template)]
    messages = tuple({"role": role, "content": text} for role, text in written if text)
    return Template(task.name, messages, digest(messages, given, context), tuple(values), places)


def _check(task: Task, given: Sequence[str], inside: Sequence[str], *, chosen: bool, columns: Collection[str]) -> None:
    """Refuse a template that asks for a field more than there is, before anything is paid for."""
    numbers = {int(name) for name in inside if name.isdecimal()}
    count = len(given)
    beyond = {number for number in numbers if number >= count}
    if task.fields and count != len(task.fields):
        what = f"task {task.name} takes {len(task.fields)} fields ({', '.join(task.fields)}), {count} are given"
        raise UsageError(what, "Give one for each, in this order; a text that is no column stands for itself.")
    missing = [name for name in given if name not in columns and not chosen]
    if missing:
        what = f"task {task.name} needs {missing[0]!r}, and the input has no such column ({', '.join(columns)})"
        raise UsageError(what, f"Say what to take for each of {', '.join(task.fields)}: --fields a,b …")
    if beyond and (count in beyond or set(range(count)) - numbers):
        asked = ", ".join(f"{{{number}}}" for number in sorted(numbers))
        what = f"task {task.name} asks for {asked}, and {count} fields are given ({', '.join(given) or 'none'})"
        raise UsageError(what, "Give the missing ones with --fields, or mend the numbers: the first field is {0}.")
