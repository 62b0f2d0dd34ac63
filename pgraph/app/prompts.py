"""The prompts, rubrics and tasks that come with pgraph, each with the command that sends it."""

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
    """One prompt. `messages`: (role, content), with fields in braces that each call fills."""

    name: str
    command: str  # that sends it
    file: str
    digest: str  # kept with each run that used it; "" for a task, whose digest depends on the input's fields too
    fields: tuple[str, ...]
    messages: tuple[tuple[str, str], ...]
    phrases: Mapping[str, str]  # sent only when they are needed


def shipped() -> Iterator[Shipped]:
    """All prompts, in the usual order of the commands. Reads a few small files."""
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
        rubric = read_rubric(path)
        option = "" if rubric.name == OWN_RUBRIC[rubric.of] else f" --rubric {rubric.name}"
        criteria = {f"criterion {name}": text for name, text in rubric.criteria.items()}
        prompt = _prompt(f"judge {rubric.of}{option}", path, rubric.prompt)
        yield replace(prompt, name=path.stem, digest=rubric.digest, phrases={**prompt.phrases, **criteria})
    for task in load_tasks(INSTRUCTIONS).values():
        messages = (*((("system", task.system),) if task.system else ()), ("user", task.template))
        command = f"infer --task {task.name}"
        yield Shipped(task.name, command, str(INSTRUCTIONS), "", task.fields, messages, {})


def _prompt(command: str, path: Path, prompt: Prompt) -> Shipped:
    return Shipped(prompt.name, command, str(path), prompt.digest, prompt.fields, prompt.messages, dict(prompt.phrases))
