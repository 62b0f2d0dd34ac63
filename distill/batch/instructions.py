"""Instruction files: YAML with a template for each task, and how the template is filled from a row.

    name: the template, with {0}, {1} … for the fields in the order in which they are given
    name: {fields: [persona, domain], system: …, template: the same, also with {persona} and {domain}}

Only the braces that name a given field are filled, once; every other brace is text. A template in which all other braces
are doubled was written for a formatter that needs this: there two mean one. `{context}` is filled by --context.
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
    """A task of an instruction file, not yet bound to the columns of a file."""

    name: str
    template: str
    system: str = ""
    fields: tuple[str, ...] = ()  # what the file calls them, in their order


def load_tasks(path: Path) -> dict[str, Task]:
    """The tasks of the file at `path` by name, in its order; a colon at the end of a name does not belong to it.

    Raises `PromptError` for a file that is not usable.
    """
    tasks = [_task(path, str(name).rstrip(": "), content) for name, content in read_yaml(path).items()]
    by_name = {task.name: task for task in tasks}
    if len(by_name) < len(tasks):
        raise PromptError(f"{path}: two tasks have the same name", "Rename one of them.")
    return by_name


def _task(path: Path, name: str, content: object) -> Task:
    parts = {"template": content} if isinstance(content, str) else content
    if not isinstance(parts, Mapping) or not isinstance(parts.get("template"), str) or set(parts) - _KEYS:
        raise PromptError(f"{path}: task {name!r} is not a template", f"Give it a text, or {', '.join(sorted(_KEYS))}.")
    fields, system = parts.get("fields") or [], parts.get("system") or ""
    if not isinstance(fields, list) or not isinstance(system, str):
        raise PromptError(f"{path}: task {name!r}: fields must be a list, system a text", "Correct the file.")
    return Task(name, _plain(parts["template"].strip()), _plain(system.strip()), tuple(map(str, fields)))


def _plain(template: str) -> str:
    """Doubled braces made single, if all braces that name no field are doubled."""
    without_names = _PLAIN_NAME.sub("", template.replace("{{", "").replace("}}", ""))
    all_doubled = "{{" in template and not re.search(r"[{}]", without_names)
    return template.replace("{{", "{").replace("}}", "}") if all_doubled else template


def choose_task(path: Path, name: str) -> Task:
    """The task called `name` of the file at `path`, or its only one if `name` is empty.

    Raises `UsageError` if there is none, `PromptError` for a file that is not usable.
    """
    tasks = load_tasks(path)
    if not name and len(tasks) == 1:
        return next(iter(tasks.values()))
    if name.rstrip(": ") not in tasks:
        problem = f"{path} has no task {name!r}" if name else f"{path} has several tasks, and no name was given"
        raise UsageError(problem, f"Name one with --task: {', '.join(tasks)}.")
    return tasks[name.rstrip(": ")]


@dataclass(frozen=True, slots=True)
class AsGiven:
    """Rows that hold in `column` what to send: a list of messages, or one prompt."""

    column: str
    literals: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """Names this way of sending, as that of a template does."""
        return digest("as given", self.column)

    def fill(self, row: Mapping[str, Any]) -> Messages | str:
        """The messages of a `row`; a text says why it has none."""
        value = row.get(self.column)
        if isinstance(value, str) and value.strip():
            return ({"role": "user", "content": value},)
        if not isinstance(value, list) or not value or not all(map(_is_message, value)):
            return f"a field is missing: {self.column} holds nothing to send"
        return tuple({"role": message["role"], "content": message["content"]} for message in value)


def _is_message(value: object) -> bool:
    return isinstance(value, Mapping) and isinstance(value.get("role"), str) and isinstance(value.get("content"), str)


@dataclass(frozen=True, slots=True)
class Template:
    """A task bound to the fields of a file; `digest` names its wording and its fields."""

    name: str
    messages: Messages
    digest: str
    values: tuple[tuple[str, Step | str], ...]  # each field as it was given, and how to read it, or its fixed text
    places: Mapping[str, int]  # placeholder, without its braces -> number of the field

    def fill(self, row: Mapping[str, Any]) -> Messages | str:
        """The messages for a `row`; a text says why there are none."""
        texts = []
        for name, value in self.values:
            field = value if isinstance(value, str) else value(row)
            if field is None:
                return f"a field is missing: {name}"
            texts.append(as_text(field))
        return tuple(
            {"role": message["role"], "content": _NAMED.sub(lambda match: self._text(match, texts), message["content"])}
            for message in self.messages
        )

    def _text(self, match: re.Match[str], texts: Sequence[str]) -> str:
        place = self.places.get(match[1])
        return match[0] if place is None else texts[place]

    @property
    def literals(self) -> tuple[str, ...]:
        """The fields that are not columns of the file and so are sent as they are."""
        return tuple(name for name, value in self.values if value == name)


def bind_task(task: Task, fields: Sequence[str], columns: Collection[str], context: str) -> Template:
    """The template of `task`, with each field read from one of the `columns`, or taken as text if it begins with none.

    `fields` are the user's; without them those that the task names, otherwise every column that the template names.
    `context` fills `{context}`. Raises `UsageError` if the template needs more fields than there are.

    >>> task = Task("sum", "Say it in one sentence: {persona}")
    >>> bind_task(task, [], ["id", "persona"], "").fill({"id": 1, "persona": "A nurse who sings"})
    ({'role': 'user', 'content': 'Say it in one sentence: A nurse who sings'},)
    """
    placeholders = _NAMED.findall(f"{task.system}\n{task.template}")
    field_names = list(fields) or list(task.fields) or [name for name in dict.fromkeys(placeholders) if name in columns]
    _check(task, field_names, placeholders, chosen_by_user=bool(fields), columns=columns)
    places = {str(number): number for number in range(len(field_names))}
    places |= {name: number for number, name in reversed(list(enumerate(field_names)))}
    places |= {name: number for number, name in enumerate(task.fields)}
    values: list[tuple[str, Step | str]] = [(name, reader(name, columns) or name) for name in field_names]
    if "context" in placeholders and "context" not in places and (context or task.fields):
        places["context"] = len(values)
        values.append(("context", f"All of it is set here: {context}\n" if context else ""))
    parts = [("system", task.system), ("user", task.template)]
    messages = tuple({"role": role, "content": text} for role, text in parts if text)
    return Template(task.name, messages, digest(messages, field_names, context), tuple(values), places)


def _check(
    task: Task,
    field_names: Sequence[str],
    placeholders: Sequence[str],
    *,
    chosen_by_user: bool,
    columns: Collection[str],
) -> None:
    """Refuse a template that needs more fields than there are, before anything is paid for."""
    numbers = {int(name) for name in placeholders if name.isdecimal()}
    count = len(field_names)
    beyond = {number for number in numbers if number >= count}
    if task.fields and count != len(task.fields):
        problem = f"task {task.name} takes {len(task.fields)} fields ({', '.join(task.fields)}), {count} are given"
        raise UsageError(problem, "Give one for each, in this order; a name that is not a column is sent as it is.")
    missing = [name for name in field_names if name not in columns and not chosen_by_user]
    if missing:
        problem = f"task {task.name} needs {missing[0]!r}, and the input has no such column ({', '.join(columns)})"
        raise UsageError(problem, f"Say what to take for each of {', '.join(task.fields)}: --fields a,b …")
    if beyond and (count in beyond or set(range(count)) - numbers):
        placeholder_list = ", ".join(f"{{{number}}}" for number in sorted(numbers))
        problem = f"task {task.name} asks for {placeholder_list}, and {count} fields are given ({', '.join(field_names) or 'none'})"
        raise UsageError(
            problem, "Give the missing ones with --fields, or correct the numbers: the first field is {0}."
        )
