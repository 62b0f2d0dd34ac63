"""The calls that named a persona: why each was made, what it brought, and the words that were sent where they are known."""

from collections.abc import Callable, Mapping
from typing import Any

from expansion.personas import about_persona, about_text
from expansion.selection import Hint, Reason, reason_in_words

Row = dict[str, Any]
TagReader = Callable[
    [str, str], Mapping[str, Any] | None
]  # (run, call) -> the tag kept with its reply in this workspace

CALLS = 10  # of a persona, with their words


def no_tag(_run: str, _call: str) -> None:
    return None


def call_as_shown(row: Row, siblings: list[Row], told: TagReader) -> Row:
    """A row of reads/explore_calls as it is shown."""
    run, asked = row["run"] or {}, row["asked"] or {}
    words, why_not = _words(row, run, asked, told)
    brought = {name: asked.get(name) for name in ("answers", "usable", "new")}
    return {
        **{name: row[name] for name in ("call", "at", "kind", "source", "name", "relation")},
        "run": run.get("id"),
        "command": run.get("command"),
        "model": run.get("model"),
        **brought,
        "why": _why(row, asked),
        "others": [other for other in siblings if other["call"] == row["call"]],
        "words": words,
        "why_not": why_not,
        "template": "text_to_persona" if row["kind"] == "text" else "persona_to_persona",
        "digest": run.get("plan_prompt"),
    }


def _why(row: Row, asked: Row) -> str:
    """The reason in the words of `pgraph expand --explain`; "" where none is kept."""
    if "how" not in asked:
        return ""
    names = ("expected", "share", "uncovered", "listed", "named", "verbalised")
    known = {name: asked[name] for name in names if name in asked}
    reason = Reason(asked["how"], "home" if row["home"] else "", toward=asked.get("toward", ""), **known)
    labels = {"home": row["home"], reason.toward: row["toward"]}
    who = row["name"] or f"“{row['text'][:60]}”"
    return reason_in_words(
        reason, f"about the text {who}" if row["kind"] == "text" else f"the {who}", row["relation"], labels
    )


def _words(row: Row, run: Row, asked: Row, told: TagReader) -> tuple[list[Row] | None, str]:
    """The messages that were sent; else None and why they are not known."""
    if not run:
        return None, "The graph does not hold its run."
    given = (run, row["call"], row["source"], row["text"], row["relation"])
    if row["kind"] == "text":
        found = about_text(*given)
    else:
        tag = told(run["id"], row["call"]) or {}
        lists = asked.get("listed") or asked.get("named")
        if (lists or not asked) and not tag:
            return None, "It may have listed known roles, and those are kept only in the workspace that asked."
        found = about_persona(*given, hint=Hint.of(tag))
    if found is None:
        return None, "Its run had another prompt file or other relationships than those that come with this pgraph."
    return [dict(message) for message in found], ""
