"""The words that pgraph ships for models: prompts, rubrics and tasks, each with the command that sends it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from distill import PROMPTS
from distill.batch import INSTRUCTIONS, load_tasks
from distill.judges import OWN_RUBRIC, RUBRICS, read_rubric
from expansion.personas import PERSONA_PROMPT
from expansion.texts import TEXT_PROMPT
from foundation.prompts import Prompt, load_prompt


@dataclass(frozen=True, slots=True)
class Shipped:
    """One wording; `messages` are (role, content) with the fields in braces that each call fills."""

    name: str
    command: str  # that sends it
    file: str
    digest: str  # kept with each run that used it; a task's counts the input's fields too, so here it is ""
    fields: tuple[str, ...]
    messages: tuple[tuple[str, str], ...]
    phrases: Mapping[str, str]  # sent only where they are needed


def shipped() -> Iterator[Shipped]:
    """All of them, in the order in which a graph is usually grown."""
    folder = PROMPTS
    for command, path in (
        ("expand", PERSONA_PROMPT),
        ("ingest", TEXT_PROMPT),
        ("group --names", folder / "names.en.yml"),
    ):
        yield _prompt(command, path, load_prompt(path))
    for command, kind in (("ask", "questions"), ("distill", "joint"), ("distill --mode solo", "solo")):
        for path in sorted(folder.glob(f"{kind}.*.yml")):
            language = path.stem.rpartition(".")[2]
            yield _prompt(command if language == "en" else f"{command} --language {language}", path, load_prompt(path))
    for path in sorted(RUBRICS.glob("*.yml")):
        found = read_rubric(path)
        own = found.name == OWN_RUBRIC[found.of]
        listed = {f"criterion {name}": text for name, text in found.criteria.items()}
        one = _prompt(f"judge {found.of}" + ("" if own else f" --rubric {found.name}"), path, found.prompt)
        yield replace(one, name=path.stem, digest=found.digest, phrases={**one.phrases, **listed})
    for task in load_tasks(INSTRUCTIONS).values():
        messages = (*((("system", task.system),) if task.system else ()), ("user", task.template))
        command = f"infer --task {task.name}"
        yield Shipped(task.name, command, str(INSTRUCTIONS), "", task.fields, messages, {})


def _prompt(command: str, path: Path, prompt: Prompt) -> Shipped:
    return Shipped(prompt.name, command, str(path), prompt.digest, prompt.fields, prompt.messages, dict(prompt.phrases))
