"""The dataset card, in the form that the Hugging Face Hub reads: front matter, then plain sections."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import yaml

from distill.dataset import licences
from distill.dataset.recipe import licences as stated
from graphstore.exports import schema_of

if TYPE_CHECKING:
    import pyarrow as pa

SHOWN = 50  # groups in the table; all are in the recipe
_WHAT = {
    "sft": ("Chats", "answers to questions that several personas were needed for, as chats for training"),
    "qa": ("Questions and answers", "questions with a reference answer"),
    "mcq": ("Multiple choice", "multiple-choice questions with four choices and the key"),
    "knowledge": ("Joint answers", "answers, each with its question and what every persona contributed"),
}
_TASKS = {
    "sft": ["text-generation", "question-answering"],
    "qa": ["question-answering"],
    "mcq": ["multiple-choice", "question-answering"],
    "knowledge": ["text-generation"],
}
_SIZES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
    (100_000_000, "10M<n<100M"),
)
_TYPES = {"double": "float64"}  # of Arrow, where the Hub has another word
_COLUMNS = {
    "id": "the node in the graph: of the answer, or of the question where that carries its own",
    "messages": "the chat: what the user asks, what the assistant answers",
    "question": "the question",
    "question_id": "the question's node in the graph",
    "answer": "the answer; of a multiple-choice question the text of the right choice",
    "choices": "the four choices, A to D",
    "key": "the letter of the right choice",
    "kind": "what kind of question it answers: open, qa, mcq, debate",
    "topic": "what the question is about, in a few words",
    "level": "who the question is for: beginner, practitioner, expert",
    "about": "the groups or domains in which the question came up",
    "personas": "the ids of the personas who speak in it, or that the question needs",
    "distilled_from": "who speaks in it, and what each contributes",
    "disagreement": "where they disagree",
    "domains": "the domains of those personas",
    "group": "the groups of the personas; the split is made by these",
    "mode": "joint: by all its personas together; solo: by one of them",
    "language": "the language that was asked for",
    "context": "where these people live, if the run said so",
    "model": "the model that answered",
    "run": "the run that wrote it, in recipe.json",
    "call": "the model call that brought it, by a digest of all that decides its answer",
}


def title(recipe: Mapping[str, Any]) -> str:
    """The title of the dataset of this `recipe`."""
    return f"{_WHAT[recipe['kind']][0]} from a persona graph"


def description(recipe: Mapping[str, Any]) -> str:
    """One sentence about the dataset of this `recipe`."""
    return f"{recipe['rows']:,} {_WHAT[recipe['kind']][1]}; made by pgraph {recipe['pgraph']} from a graph of personas."


def make(recipe: Mapping[str, Any]) -> str:
    """The text of the card for the dataset of this `recipe`."""
    head = yaml.safe_dump(_front(recipe), sort_keys=False, allow_unicode=True, width=1000)
    return f"---\n{head}---\n\n" + "\n".join(_sections(recipe)) + "\n"


def _front(recipe: Mapping[str, Any]) -> dict[str, Any]:
    files = recipe["splits"]
    languages = [name for name in recipe["languages"] if re.fullmatch(r"[a-z]{2,3}", name) and name != "und"]
    return {
        "pretty_name": title(recipe),
        **({"language": languages} if languages else {}),
        **licences.of_card(stated(recipe)),
        "task_categories": _TASKS[recipe["kind"]],
        "size_categories": [next((name for least, name in _SIZES if recipe["rows"] < least), "100M<n<1B")],
        "tags": ["synthetic", "personas", "persona-graph"],
        "configs": [
            {"config_name": "default", "data_files": [{"split": file["split"], "path": file["path"]} for file in files]}
        ],
        "dataset_info": {
            "features": [_feature(column) for column in schema_of(recipe["kind"])],
            "splits": [{"name": file["split"], "num_examples": file["rows"]} for file in files],
        },
    }


def _feature(column: "pa.Field") -> dict[str, Any]:
    """A column as the Hub spells it; in a list are texts, or objects of texts."""
    import pyarrow as pa

    if not pa.types.is_list(column.type):
        dtype = str(column.type)
        return {"name": column.name, "dtype": _TYPES.get(dtype, dtype)}
    inner = column.type.value_type
    if not pa.types.is_struct(inner):
        return {"name": column.name, "list": "string"}
    return {"name": column.name, "list": [{"name": part.name, "dtype": "string"} for part in inner.fields]}


def _sections(recipe: Mapping[str, Any]) -> Iterator[str]:
    yield f"# {title(recipe)}\n"
    yield f"{recipe['rows']:,} {_WHAT[recipe['kind']][1]}.\n"
    yield "## How it was made\n"
    yield from _origin(recipe)
    yield "\n## Rows\n"
    yield from _counts(recipe)
    yield "\n## Columns\n"
    yield from _table(("column", "holds"), ((f"`{c.name}`", _COLUMNS[c.name]) for c in schema_of(recipe["kind"])))
    yield "\n## How the splits are kept apart\n"
    yield from _apart(recipe)
    yield "\n## Inputs and their licences\n"
    yield from _inputs(recipe)
    yield "\n## Limitations\n"
    yield _LIMITS
    yield "\n## How to check it\n"
    yield _CHECK


def _origin(recipe: Mapping[str, Any]) -> Iterator[str]:
    commands = list(dict.fromkeys(str(run.get("command")) for run in recipe["runs"]))
    yield (
        f"With pgraph {recipe['pgraph']}: a graph of personas was grown, questions were asked that need several of them, "
        "and the answers were kept with their origin. The text of questions and answers was written by a language model.\n"
    )
    yield f"* models: {', '.join(map(_plain, recipe['models'])) or 'none'}"
    yield f"* runs: {len(recipe['runs'])} ({', '.join(map(_plain, commands)) or 'none'})"
    for prompt in recipe["prompts"]:
        yield f"* prompt of `{_plain(prompt['command'])}`: `{prompt['digest']}`"
    yield f"* seed of the dataset: {recipe['options']['seed']}\n"
    yield "Every run with its settings, and every option of this dataset, is in `recipe.json`."


def _counts(recipe: Mapping[str, Any]) -> Iterator[str]:
    splits = [file["split"] for file in recipe["splits"]]
    yield from _table(("split", "rows"), ((file["split"], f"{file['rows']:,}") for file in recipe["splits"]))
    yield ""
    yield from _table(("group", *splits), _group_rows(recipe["groups"], splits))
    left_out = recipe["left_out"]
    yield (
        f"\nLeft out: {left_out['near_duplicates']:,} near duplicates of rows in another split, {left_out['marked']:,} marked by "
        f"`pgraph judge`, {left_out['not_drawn']:,} not drawn."
    )


def _group_rows(counts: Mapping[str, Mapping[str, int]], splits: list[str]) -> Iterator[tuple[str, ...]]:
    """The largest groups with their rows in each split, and the sums of all others. `counts`: group -> split -> rows."""
    groups = sorted(counts, key=lambda group: (-sum(counts[group].values()), group))
    for group in groups[:SHOWN]:
        yield _plain(group), *(f"{counts[group].get(split, 0):,}" for split in splits)
    others = groups[SHOWN:]
    if others:
        sums = Counter[str]()
        for group in others:
            sums.update(counts[group])
        yield f"{len(others):,} more groups", *(f"{sums[split]:,}" for split in splits)


def _apart(recipe: Mapping[str, Any]) -> Iterator[str]:
    if len(recipe["splits"]) == 1:
        yield "There is one split."
        return
    yield (
        f"A group of domains lies wholly in one split. Groups that share a persona or a question were joined first, which "
        f"left {recipe['parts']:,} parts to share out; a persona that is a duplicate of another counts as that one. Rows "
        "whose question or answer has nearly the same words as a row of a smaller split (Jaccard similarity of the words "
        f"at least 0.9) were left out: {recipe['left_out']['near_duplicates']:,}. Answers of less than 40 characters are "
        "not compared. What says the same in other words is not found."
    )


def _inputs(recipe: Mapping[str, Any]) -> Iterator[str]:
    if not recipe["inputs"]:
        yield "No file was imported."
        return
    rows = (
        (
            _plain(file["file"]),
            file["holds"],
            "" if file["rows"] is None else f"{file['rows']:,}",
            _plain(file["licence"]),
        )
        for file in recipe["inputs"]
    )
    yield from _table(("file", "holds", "rows", "licence"), rows)
    yield "\nTheir digests are in `recipe.json`. The terms of the models named above may bind as well."


_LIMITS = """Questions and answers were written by a model and checked for form, not for truth. The personas are invented \
or drawn from texts.
They are not a sample of any population. The model also answers what it knows little about, or is wrong about. If people speak
in an answer, a model speaks for them."""

_CHECK = """```
pgraph verify DIR
```

compares every row with the graph it came from, the files with their digests and counts in `recipe.json`, and looks for
personas, questions and near duplicates that stand in two splits. It needs the workspace, or the Neo4j, of that graph."""


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _plain(text: object) -> str:
    """A text of the graph as a cell: no table, no markup, one line."""
    return re.sub(r"([\\`*_\[\]<>|#])", r"\\\1", " ".join(str(text).split()))
