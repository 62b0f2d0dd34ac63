"""The calls that named a persona: why each was made, what it brought, and the prompt, if it can be made again exactly."""

from collections.abc import Callable, Mapping
from typing import Any

from expansion.personas import about_persona, about_text
from expansion.selection import Hint, Reason, reason_in_words
from explorer.answers import Row, ShownCall

# (run, call) -> the tag that this workspace keeps with the reply, None if it keeps none
TagReader = Callable[[str, str], Mapping[str, Any] | None]

CALLS = 10  # of a persona, with their prompts


def no_tag(_run: str, _call: str) -> None:
    """A `TagReader` without a reply cache."""


def shown_call(row: Row, siblings: list[Row], read_tag: TagReader) -> ShownCall:
    """A row of reads/explore_calls as the page shows it; `siblings`: rows of reads/explore_siblings."""
    run, asked = row["run"] or {}, row["asked"] or {}
    words, why_not = _prompt(row, run, asked, read_tag)
    return ShownCall(
        **{name: row[name] for name in ("call", "at", "kind", "source", "name", "relation")},
        run=run.get("id"),
        command=run.get("command"),
        model=run.get("model"),
        answers=asked.get("answers"),
        usable=asked.get("usable"),
        new=asked.get("new"),
        why=_why(row, asked),
        others=[sibling for sibling in siblings if sibling["call"] == row["call"]],
        words=words,
        why_not=why_not,
        template="text_to_persona" if row["kind"] == "text" else "persona_to_persona",
        digest=run.get("plan_prompt"),
    )


def _why(row: Row, asked: Row) -> str:
    """The reason in the words of `pgraph expand --explain`; "" if the graph keeps none."""
    if "how" not in asked:
        return ""
    names = ("expected", "share", "uncovered", "listed", "named", "verbalised")
    properties = {name: asked[name] for name in names if name in asked}
    reason = Reason(asked["how"], "home" if row["home"] else "", toward=asked.get("toward", ""), **properties)
    labels = {"home": row["home"], reason.toward: row["toward"]}
    name = row["name"] or f"“{row['text'][:60]}”"
    source = f"about the text {name}" if row["kind"] == "text" else f"the {name}"
    return reason_in_words(reason, source, row["relation"], labels)


def _prompt(row: Row, run: Row, asked: Row, read_tag: TagReader) -> tuple[list[Row] | None, str]:
    """The messages that were sent; or None, and why they are unknown."""
    if not run:
        return None, "The graph does not hold its run."
    call = (run, row["call"], row["source"], row["text"], row["relation"])
    if row["kind"] == "text":
        messages = about_text(*call)
    else:
        tag = read_tag(run["id"], row["call"]) or {}
        lists = asked.get("listed") or asked.get("named")
        if (lists or not asked) and not tag:
            return (
                None,
                "The prompt may have listed known roles; only the workspace that made the call keeps that list.",
            )
        messages = about_persona(*call, hint=Hint.of(tag))
    if messages is None:
        return None, "Its run used another prompt file or other relationships than this version of pgraph."
    return [dict(message) for message in messages], ""
