"""The loop that `ask` and `distill` share: choose where little is known -> ask -> check -> write."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from foundation import Unusable
from foundation.clock import now
from foundation.concurrency import for_each
from foundation.model import Chat, ChatReply, ChatRequest
from foundation.prompts import Prompt
from graphstore import contradicts

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
OWN_RUNS = 0.7  # of a text's runs of three words so many are different; 0.9 and more in what people write
Pending = TypeVar("Pending")
Unit = Literal["group", "domain"]


@dataclass(frozen=True, slots=True)
class Participant:
    id: str
    text: str
    domain: str
    depth: int


@dataclass(frozen=True, slots=True)
class SpendPlan:
    """What the user asked of one `pgraph ask` or `distill`, as far as both take it."""

    prompt: Prompt
    calls: int | None
    unit: Unit = "group"
    only: tuple[str, ...] = ()  # ids of regions; empty: all
    language: str = "en"
    context: str = ""
    from_cypher: str = ""
    seed: int = 0
    model: str = ""
    sampling: Mapping[str, float] = field(default_factory=dict)  # temperature, max_tokens

    def recipe(self) -> dict[str, Any]:
        """All that decides the answers, as plain values: kept with the run."""
        apart = {"prompt", "only", "from_cypher", "sampling"}
        return {
            **{name: getattr(self, name) for name in self.__dataclass_fields__ if name not in apart},
            "only": ",".join(self.only),
            "from": self.from_cypher,
            "prompt": self.prompt.digest,
            **self.sampling,
        }


@dataclass(frozen=True, slots=True)
class DistillCall:
    """What is asked for a region; `about` is the question that is answered, or the item that is judged, else ""."""

    id: str
    region: int
    people: list[Participant]
    request: ChatRequest
    about: str = ""


@dataclass(frozen=True, slots=True)
class DistillOutcome:
    """What one reply brought, for the thread that chooses."""

    call: DistillCall
    topics: list[str]  # of its usable answers
    lost: int


async def spend(
    pending: Iterator[Pending],
    prepare: Callable[[Pending], Awaitable[DistillCall]],
    absorb: Callable[[Sequence[tuple[DistillCall, ChatReply]]], list[DistillOutcome]],
    learn: Callable[[DistillOutcome], None],
    *,
    chat: Chat,
    at_once: int,
) -> None:
    """Make the calls, at most `at_once` at a time. `absorb` blocks and runs in a thread, one batch at a time."""

    async def ask(item: Pending) -> tuple[DistillCall, ChatReply]:
        call = await prepare(item)
        return call, await chat.ask(call.request)

    async def sink(batch: Sequence[tuple[Pending, tuple[DistillCall, ChatReply]]]) -> None:
        for learned in await asyncio.to_thread(absorb, [pair for _, pair in batch]):
            learn(learned)

    await for_each(pending, ask, sink, at_once, ahead=1 if at_once == 1 else None)


def failure_row(
    run: str,
    call: DistillCall,
    about: str,
    reply: ChatReply,
    reasons: Sequence[str],
    **more: Any,  # noqa: ANN401  values of a row
) -> dict[str, Any]:
    """The row of a FAILED_ON."""
    props = {"reason": ", ".join(sorted(set(reasons))), "times": len(reasons), "at": now(), "paid": reply.paid, **more}
    return {"run": run, "about": about, "call": call.id, "props": props}


def listed(people: Sequence[Participant]) -> str:
    """The people as a prompt names them, a letter each."""
    return "\n".join(
        f"{letter}. {person.text}" + (f" (knows: {person.domain})" if person.domain else "")
        for letter, person in zip(LETTERS, people, strict=False)
    )


def optional(prompt: Prompt, phrase: str, value: str) -> str:
    """A phrase of the prompt where there is a value for it, else nothing."""
    return prompt.phrase(phrase, value) if value else ""


def wording(prompt: Prompt, language: str) -> str:
    """What to say of the language: nothing where the prompt is written in it, or says nothing of it."""
    written_in_it = prompt.name.endswith(f".{language}") or "language" not in prompt.phrases
    return "" if written_in_it else prompt.phrase("language", language)


def answer_problem(text: str, language: str, *, shortest: int) -> Unusable | None:
    """What keeps a text from being a question or an answer: too few words, repetition, another language."""
    words = text.casefold().split()
    if len(words) < shortest and " " in text.strip():
        return Unusable.TOO_SHORT
    runs = list(zip(words, words[1:], words[2:], strict=False))
    if len(runs) >= 10 and len(set(runs)) < OWN_RUNS * len(runs):
        return Unusable.REPETITIVE
    return Unusable.WRONG_LANGUAGE if contradicts(text, language) else None
