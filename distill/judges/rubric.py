"""Rubrics: files that say by which criteria a model judges personas, questions or knowledge."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast, get_args

from foundation.errors import PromptError, UsageError
from foundation.model import object_schema, text_schema
from foundation.prompts import Prompt, load_prompt, read_yaml
from graphstore import digest

Judged = Literal["personas", "questions", "knowledge"]
RUBRICS = Path(__file__).parent / "rubrics"
OWN_RUBRIC: dict[Judged, str] = {"personas": "persona", "questions": "question", "knowledge": "knowledge"}
LEAST, MOST = 1, 5  # of a score
_FIELDS = {"criteria", "item"}
_NAME = re.compile(r"[a-z][a-z0-9_]{0,30}")


@dataclass(frozen=True, slots=True)
class Rubric:
    """A checked rubric; `digest` names this very wording."""

    name: str
    of: Judged  # the kind of items that it is for
    criteria: Mapping[str, str]  # criterion -> what the scores mean
    prompt: Prompt
    digest: str

    @property
    def property(self) -> str:
        """The property of a node that holds the score: for the own rubric of a kind plainly `score`."""
        return "score" if self.name == OWN_RUBRIC[self.of] else f"score_{self.name}"

    def schema(self) -> dict[str, Any]:
        """JSON schema of a judgement: the reason comes first, so that the scores follow from it."""
        score = {"type": "integer", "enum": list(range(LEAST, MOST + 1))}
        return object_schema({"reason": text_schema(12, 400), **dict.fromkeys(self.criteria, score)})

    def messages(self, item: str) -> tuple[Mapping[str, str], ...]:
        """The messages that ask for a judgement of `item`, a text."""
        listed = "\n".join(f"{name}: {meaning}" for name, meaning in self.criteria.items())
        return self.prompt.fill({"criteria": listed, "item": item})


def find_rubric(name: str, kind: Judged) -> Rubric:
    """The shipped rubric called `name`, or the user's at that path, for items of a `kind`.

    Raises `UsageError` if there is none or it is for another kind, `PromptError` if the file is not usable.
    """
    path = RUBRICS / f"{name}.yml"
    if not path.exists():
        path = Path(name)
        if not path.is_file():
            shipped = ", ".join(sorted(file.stem for file in RUBRICS.glob("*.yml")))
            raise UsageError(f"--rubric {name}: no such file or rubric", f"Shipped are {shipped}.")
    rubric = read_rubric(path)
    if rubric.of != kind:
        raise UsageError(f"rubric {rubric.name} is for {rubric.of}, not for {kind}", f"Run: pgraph judge {rubric.of}")
    return rubric


def read_rubric(path: Path) -> Rubric:
    """Read and check the rubric file at `path`. Raises `PromptError`, which names the file and what is wrong with it."""
    prompt = load_prompt(path)
    content = read_yaml(path)
    kind = content.get("of")
    criteria = content.get("criteria")
    if kind not in get_args(Judged):
        raise PromptError(f"{path}: of is {kind!r}", f"Write one of {', '.join(get_args(Judged))}.")
    if not isinstance(criteria, dict) or not criteria or not all(isinstance(text, str) for text in criteria.values()):
        raise PromptError(
            f"{path}: criteria is not a mapping of names to texts", 'Write one a line, as in useful: "5: …".'
        )
    for name in (prompt.name, *criteria):
        if not _NAME.fullmatch(str(name)) or name == "reason":
            raise PromptError(f"{path}: {name!r} cannot be a name", "Use small letters, digits and _; not reason.")
    if set(prompt.fields) != _FIELDS:
        raise PromptError(f"{path}: fields are not criteria and item", "Use {criteria} and {item} in the messages.")
    return Rubric(prompt.name, cast("Judged", kind), criteria, prompt, digest(prompt.digest, sorted(criteria.items())))
