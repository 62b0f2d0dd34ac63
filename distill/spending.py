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
OWN_RUNS = 0.7  # least share of different ones among a text's runs of three words; 0.9 or more in texts by people
Pending = TypeVar("Pending")
Unit = Literal["group", "domain"]


@dataclass(frozen=True, slots=True)
class Participant:
    """A persona that takes part in a question or an answer."""

    id: str
    text: str
    domain: str
    depth: int


@dataclass(frozen=True, slots=True)
class SpendPlan:
    """The options that `pgraph ask` and `pgraph distill` share."""

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
        special = {"prompt", "only", "from_cypher", "sampling"}
        return {
            **{name: getattr(self, name) for name in self.__dataclass_fields__ if name not in special},
            "only": ",".join(self.only),
            "from": self.from_cypher,
            "prompt": self.prompt.digest,
            **self.sampling,
        }


@dataclass(frozen=True, slots=True)
class DistillCall:
    """A call for a region (its number). `about`: the id of the question that is answered, or of the item that is judged."""

    id: str
    region: int
    people: list[Participant]
    request: ChatRequest
    about: str = ""


@dataclass(frozen=True, slots=True)
class DistillOutcome:
    """The result of one reply, for the thread that chooses: `lost` answers cannot be used."""

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
    """Make the calls for `pending` items, at most `at_once` at a time.

    `prepare` makes the call of an item, `chat` is asked, `absorb` writes a batch of replies, and `learn` gets the outcome of
    each before the next item is taken. `absorb` blocks and runs in a thread, one batch at a time. Raises what they raise.
    """

    async def ask(item: Pending) -> tuple[DistillCall, ChatReply]:
        call = await prepare(item)
        return call, await chat.ask(call.request)

    async def sink(batch: Sequence[tuple[Pending, tuple[DistillCall, ChatReply]]]) -> None:
        for outcome in await asyncio.to_thread(absorb, [pair for _, pair in batch]):
            learn(outcome)

    await for_each(pending, ask, sink, at_once, ahead=1 if at_once == 1 else None)


def failure_row(
    run: str,
    call: DistillCall,
    about: str,
    reply: ChatReply,
    reasons: Sequence[str],
    **further_props: Any,  # noqa: ANN401  values of a row
) -> dict[str, Any]:
    """The row of a FAILED_ON: `call` for `about` failed for these `reasons`, one for each lost answer."""
    props = {
        "reason": ", ".join(sorted(set(reasons))),
        "times": len(reasons),
        "at": now(),
        "paid": reply.paid,
        **further_props,
    }
    return {"run": run, "about": about, "call": call.id, "props": props}


def listed(people: Sequence[Participant]) -> str:
    """The people as a prompt lists them, a letter each.

    >>> print(listed([Participant("p1", "A nurse", "Medicine", 0), Participant("p2", "A cook", "", 1)]))
    A. A nurse (knows: Medicine)
    B. A cook
    """
    return "\n".join(
        f"{letter}. {person.text}" + (f" (knows: {person.domain})" if person.domain else "")
        for letter, person in zip(LETTERS, people, strict=False)
    )


def optional(prompt: Prompt, phrase: str, value: str) -> str:
    """The part `phrase` of the prompt with `value` filled in, or nothing if `value` is empty."""
    return prompt.phrase(phrase, value) if value else ""


def wording(prompt: Prompt, language: str) -> str:
    """The part of the prompt that asks for a `language`; nothing if the prompt is written in it, or has no such part."""
    needs_no_wording = prompt.name.endswith(f".{language}") or "language" not in prompt.phrases
    return "" if needs_no_wording else prompt.phrase("language", language)


def answer_problem(text: str, language: str, *, shortest: int) -> Unusable | None:
    """What keeps `text` from being a question or an answer: fewer than `shortest` words, repetition, another `language`.

    >>> answer_problem("Only this.", "en", shortest=5).value
    'too short'
    >>> answer_problem("Which seeds grow on salty soil?", "en", shortest=5)
    """
    words = text.casefold().split()
    if len(words) < shortest and " " in text.strip():
        return Unusable.TOO_SHORT
    runs = list(zip(words, words[1:], words[2:], strict=False))
    if len(runs) >= 10 and len(set(runs)) < OWN_RUNS * len(runs):
        return Unusable.REPETITIVE
    return Unusable.WRONG_LANGUAGE if contradicts(text, language) else None
