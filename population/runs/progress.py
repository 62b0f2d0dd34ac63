"""How far a run has come."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from foundation.clock import now
from foundation.model import ChatReply


@dataclass(slots=True)
class RunProgress:
    """Counts of one run since its start, kept on its Run node in the same transaction as the answers they count."""

    calls: int = 0
    failed_calls: int = 0
    replies_from_cache: int = 0
    new: int = 0
    duplicate: int = 0
    unusable: int = 0  # answers lost: off relation, or of a failed reply
    tokens_in: int = 0
    tokens_out: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    @property
    def tokens(self) -> int:
        """Tokens of all prompts and replies."""
        return self.tokens_in + self.tokens_out

    def add_call(self, reply: ChatReply, lost: Counter[str], *, failed: bool) -> None:
        """Count a call with its `reply`. `lost`: answers that cannot be used, by reason; `failed`: all of them."""
        self.calls += 1
        self.failed_calls += failed
        self.replies_from_cache += reply.from_cache
        self.tokens_in += reply.tokens_in
        self.tokens_out += reply.tokens_out
        self.unusable += lost.total()
        self.reasons.update({reason.partition(":")[0]: max(1, times) for reason, times in lost.items()})

    def add_personas(self, times: int, *, new: bool) -> None:
        """Count a persona that a reply names `times` times; `new` if it was unknown."""
        self.new += new
        self.duplicate += times - new

    def props(self) -> dict[str, Any]:
        """The counts as properties of the Run node."""
        return {**self.counts(), "reasons": json.dumps(self.reasons, sort_keys=True), "updated": now()}

    def counts(self) -> dict[str, int]:
        """The counts by name, without the reasons."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__ if name != "reasons"}

    @classmethod
    def of(cls, props: Mapping[str, Any]) -> "RunProgress":
        """The progress that `props`, the properties of a Run node, hold."""
        counts = {name: int(props.get(name) or 0) for name in cls.__dataclass_fields__ if name != "reasons"}
        return cls(**counts, reasons=Counter(json.loads(props.get("reasons") or "{}")))
