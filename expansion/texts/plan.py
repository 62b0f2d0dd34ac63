"""Text to persona: what a call asks about a text, and which part of its reply can be used."""

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from expansion.recognition import NamedPersona, named_persona, one_line, text_problem
from foundation import Unusable
from foundation.model import ChatReply, ChatRequest, object_schema, text_schema
from foundation.prompts import Prompt, load_prompt, read_yaml
from graphstore import call_id, seed_of
from graphstore.files import Piece

TEXT_PROMPT = Path(__file__).parents[1] / "prompts" / "text_to_persona.yml"
STANCES = ("read", "write", "like", "dislike")
SHORTEST_QUOTE = 4  # characters without blanks: a Chinese quote is short
_ASIDE = str.maketrans("", "", "\"'`´‘’‚‛“”„‟«»‹›「」『』-‐‑‒–—―−\u00ad")  # noqa: RUF001  quote marks and dashes of any kind
_SENTENCE = re.compile(r"[^.!?\n]+[.!?]*")
SCHEMA = object_schema(
    {
        "evidence": text_schema(SHORTEST_QUOTE, 200),
        "persona": text_schema(12, 300),
        "role": text_schema(2, 48),
        "domain": text_schema(2, 48),
    }
)


@dataclass(frozen=True, slots=True)
class TextPlan:
    """The settings of one `pgraph ingest`. `files`: their digests. `calls`: at most this many.

    `offered`: the reply's schema lists the sentences of the text, for a model too small to copy one. Other models do
    without: a hosted model takes seconds for each schema that it has not seen.
    """

    files: tuple[str, ...]
    size: int
    stances: Mapping[str, str]  # stance -> phrase of the prompt
    prompt: Prompt
    calls: int | None = None
    context: str = ""
    model: str = ""
    offered: bool = False
    sampling: Mapping[str, float] = field(default_factory=dict)  # temperature, max_tokens

    def recipe(self) -> dict[str, Any]:
        """All settings that decide the answers, as plain values, kept with the run."""
        return {
            "files": list(self.files),
            "size": self.size,
            "stances": list(self.stances),
            "calls": self.calls,
            "context": self.context,
            "model": self.model,
            "offered": self.offered,
            "prompt": self.prompt.digest,
            **self.sampling,
        }

    def call_id(self, text: str, stance: str) -> str:
        """The id of the call about the `text` with this id.

        It does not depend on the run: the same question about the same text is the same call.
        """
        decides: dict[str, Any] = {"text": text, "stance": stance, "phrase": self.stances[stance]}
        decides |= {"context": self.context, "prompt": self.prompt.digest, "model": self.model}
        return call_id({**decides, "offered": self.offered, **self.sampling})

    def request(self, run: str, call: str, piece: Piece, stance: str) -> ChatRequest:
        """What is sent to ask who takes `stance` to the text of `piece`; the tag names `run` and `call`."""
        context = f"The person lives here: {self.context}\n" if self.context else ""
        values = {"text": piece.text, "phrase": self.stances[stance], "context": context}
        tag = {"run": run, "call": call, "text": piece.id, "stance": stance}
        return ChatRequest(
            self.prompt.fill(values),
            offering(piece.text) if self.offered else SCHEMA,
            seed=seed_of(call),
            tag=tag,
        )


def offering(text: str) -> dict[str, Any]:
    """The schema of a reply whose evidence is one of the text's sentences."""
    sentences = [sentence.strip()[:200] for sentence in _SENTENCE.findall(text)]
    quotes = [quote for quote in dict.fromkeys(sentences) if len(quote) >= SHORTEST_QUOTE]
    known = SCHEMA["properties"]
    properties = {**known, "evidence": {"enum": quotes}, "persona": {**known["persona"], "minLength": 30}}
    return {**SCHEMA, "properties": properties} if quotes else SCHEMA


def load_stances(chosen: tuple[str, ...], path: Path = TEXT_PROMPT) -> tuple[Prompt, dict[str, str]]:
    """The prompt of the file at `path`, and its phrase for each `chosen` stance."""
    phrases = read_yaml(path)["stances"]
    return load_prompt(path), {stance: phrases[stance] for stance in STANCES if stance in chosen}


def person_in(reply: ChatReply, text: str) -> tuple[NamedPersona | None, str, Counter[str]]:
    """The persona of a reply with its quote, or why there is none: exactly one of the first and the last is empty."""
    if reply.failure:
        return None, "", Counter({reply.failure: 1 if reply.paid else 0})
    evidence = one_line(reply.data["evidence"])
    reason = text_problem(one_line(reply.data["persona"]))
    if reason is None and not is_quote(evidence, text):
        reason = Unusable.NOT_QUOTED
    return (None, "", Counter({reason: 1})) if reason else (named_persona(reply.data), evidence, Counter())


def is_quote(quote: str, text: str) -> bool:
    """Whether the words stand in the text, whatever the case, the blanks, the quote marks and the dashes."""
    core = _letters(quote).strip(".")
    return len(core) >= SHORTEST_QUOTE and core in _letters(text)


def _letters(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text.translate(_ASIDE)).casefold().split())
