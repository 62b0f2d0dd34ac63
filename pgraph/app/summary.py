"""The progress and the result of runs, in words and as JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from distill.groups import GroupingResult
from expansion.personas import Limits
from expansion.selection import LengthYield
from foundation import StopReason
from foundation.errors import ExitCode, PgraphError, StoreError
from pgraph.app.wording import counted
from population import Counted, Lift, in_words
from population.runs import RunProgress

TOLD = 50  # calls before anything is said of lists


def exit_code_of(error: PgraphError | None, *, failed: bool, goal_missed: bool = False) -> ExitCode:
    """The exit code of a run: that of its error, or LIMIT if it missed its goal, or SOME_FAILED, or DONE."""
    if error is not None:
        return error.exit_code
    if goal_missed:
        return ExitCode.LIMIT
    return ExitCode.SOME_FAILED if failed else ExitCode.DONE


def stop_reason(reason: StopReason | None, error: PgraphError | None) -> StopReason | None:
    """What stopped a run: the server that failed, if there was an error, or else the reason that the run gives."""
    if error is None:
        return reason
    return StopReason.STORE if isinstance(error, StoreError) else StopReason.MODEL


@dataclass(frozen=True, slots=True)
class ProgressReport:
    """The state of an expansion, for the progress line."""

    progress: RunProgress
    limits: Limits
    coverage: float
    personas: int
    seconds: float  # since this process started to ask
    calls: int  # since then
    lift: Lift | None = None
    by_chance: bool = False  # chance has taken over
    embedded: tuple[int, int] | None = None  # of the personas that are embedded beside the run: how many, of how many

    def line(self) -> str:
        done, limits = self.progress, self.limits
        rate = self.calls / self.seconds if self.seconds > 0 else 0.0
        parts = [
            f"calls {done.calls}" + (f"/{limits.calls}" if limits.calls else ""),
            f"personas {self.personas}" + (f"/{limits.target}" if limits.target else ""),
            f"new {done.new}",
            f"duplicate {done.duplicate}",
            *([f"failed {done.failed_calls}"] if done.failed_calls else []),
            f"coverage {self.coverage:.2f}",
            *([f"lift {self.lift.in_words()}"] if self.lift else []),
            *(["chance chooses"] if self.by_chance else []),
            f"tokens {done.tokens:,}" + (f"/{limits.tokens:,}" if limits.tokens else ""),
            f"{rate:.1f} calls/s",
        ]
        if self.embedded is not None:
            parts.append(_bar(*self.embedded))
        if limits.calls and rate:
            parts.append(f"{_clock((limits.calls - done.calls) / rate)} left")
        return " · ".join(parts)


@dataclass(frozen=True, slots=True)
class ExpandSummary:
    """How `pgraph expand` ended."""

    run: str
    progress: RunProgress
    seconds: float
    coverage: float
    personas: int
    stopped_by: StopReason | None
    goal_missed: bool
    error: PgraphError | None = field(default=None, compare=False)
    money: float = 0.0  # 0: the prices are unknown
    lift: Lift | None = None
    by_chance: bool = False  # chance had taken over at the end
    lists: Sequence[LengthYield] = ()
    count: Sequence[Counted] = (Counted.ROLE,)  # what `lift` and `lists` count

    def props(self) -> dict[str, Any]:
        """The properties of the Run node."""
        return {"stopped_by": self.stopped_by or "", "coverage": self.coverage, "seconds": self.seconds}

    def price(self) -> str:
        """The tokens and the money for each new persona, as the end of a line; "" without new personas."""
        new = self.progress.new
        if not new:
            return ""
        price = f"; price {self.money:.4f}, {self.money / new:.6f} per new persona" if self.money else ""
        return f"; {self.progress.tokens / new:,.0f} tokens per new persona{price}"

    @property
    def exit_code(self) -> ExitCode:
        return exit_code_of(self.error, failed=self.progress.failed_calls > 0, goal_missed=self.goal_missed)

    @property
    def exit_reason(self) -> str:
        if self.error is not None:
            return self.error.message
        if self.goal_missed:
            return f"the limit --{self.stopped_by} was reached before the goal"
        return f"{counted(self.progress.failed_calls, 'call')} failed" if self.progress.failed_calls else "done"

    def as_json(self) -> dict[str, Any]:
        return {
            "run": self.run,
            **self.progress.counts(),
            "failures": dict(self.progress.reasons),
            "seconds": round(self.seconds, 2),
            "coverage": round(self.coverage, 4),
            "personas": self.personas,
            "money": round(self.money, 6) or None,
            "count": list(self.count),
            "lift": None if self.lift is None else self.lift.as_json(),
            "by_chance": self.by_chance,
            "lists": [asdict(row) for row in self.lists],
            "stopped_by": self.stopped_by or "",
            "exit_reason": self.exit_reason,
            "exit_code": self.exit_code,
        }

    def as_text(self) -> str:
        done = self.progress
        cached = f", {done.replies_from_cache} of them from the reply cache" if done.replies_from_cache else ""
        answers = f"{counted(done.new, 'new persona')}, {done.duplicate} seen before, {_unusable(done)}"
        return "\n".join(
            [
                f"{counted(done.calls, 'call')}{cached}: {answers}",
                f"{done.tokens_in:,} tokens in, {done.tokens_out:,} out, {self.seconds:.1f} s{self.price()}",
                f"The graph holds {counted(self.personas, 'persona')}; coverage of roles {self.coverage:.1%}",
                *([lists_in_words(self.lists, self.count)] if sum(row.calls for row in self.lists) >= TOLD else []),
                *([lift_in_words(self.lift, self.count, by_chance=self.by_chance)] if self.lift else []),
                f"Stopped by: {self.stopped_by or 'nothing'}"
                + (f" ({self.exit_reason})" if self.exit_code else "")
                + (f" · run {self.run}" if self.run else ""),
            ]
        )


@dataclass(frozen=True)  # no slots: with them super() fails
class IngestSummary(ExpandSummary):
    """How `pgraph ingest` ended."""

    texts: int = 0
    bad_rows: int = 0

    @property
    def exit_code(self) -> ExitCode:
        return super().exit_code or exit_code_of(None, failed=self.bad_rows > 0)

    def as_json(self) -> dict[str, Any]:
        return {"texts": self.texts, "bad_rows": self.bad_rows, **super().as_json()}

    def as_text(self) -> str:
        bad = f", {counted(self.bad_rows, 'bad row')} left out" if self.bad_rows else ""
        return f"{counted(self.texts, 'text')}{bad}\n" + super().as_text()


@dataclass(frozen=True, slots=True)
class SpendReport:
    """The state of a run of `ask`, `distill`, `judge` or `group --names`, for the progress line."""

    command: str
    progress: RunProgress
    calls: int | None
    seconds: float  # since this process started

    def line(self) -> str:
        done = self.progress
        parts = [
            f"calls {done.calls}" + (f"/{self.calls}" if self.calls else ""),
            f"{_NOUNS[self.command]}s {done.new}",
            *([f"asked before {done.duplicate}"] if done.duplicate else []),
            *([f"failed {done.failed_calls}"] if done.failed_calls else []),
            f"tokens {done.tokens:,}",
            _clock(self.seconds),
        ]
        return " · ".join(parts)


_NOUNS = {"ask": "question", "distill": "answer", "judge": "judgement", "group": "name"}


@dataclass(frozen=True, slots=True)
class SpendSummary:
    """How a run of `ask`, `distill`, `judge` or `group --names` ended."""

    command: str
    run: str
    progress: RunProgress
    seconds: float
    ended_by: StopReason | None
    error: PgraphError | None = field(default=None, compare=False)

    @classmethod
    def of(cls, summary: "SpendSummary", **more: Any) -> Self:  # noqa: ANN401  each has the type of its field
        """The summary with further fields, for a command that has more to say."""
        return cls(**{name: getattr(summary, name) for name in SpendSummary.__dataclass_fields__}, **more)

    def props(self) -> dict[str, Any]:
        """The properties of the Run node."""
        return {"stopped_by": self.stopped_by or "", "seconds": self.seconds}

    @property
    def stopped_by(self) -> StopReason | None:
        return stop_reason(self.ended_by, self.error)

    @property
    def exit_code(self) -> ExitCode:
        return exit_code_of(self.error, failed=self.progress.failed_calls > 0)

    def as_json(self) -> dict[str, Any]:
        return {
            "command": self.command,
            "run": self.run,
            **self.progress.counts(),
            "failures": dict(self.progress.reasons),
            "seconds": round(self.seconds, 2),
            "stopped_by": self.stopped_by or "",
            "exit_code": self.exit_code,
        }

    def as_text(self) -> str:
        done = self.progress
        cached = f", {done.replies_from_cache} of them from the reply cache" if done.replies_from_cache else ""
        before = f", {done.duplicate} asked before" if self.command == "ask" else ""
        answers = f"{counted(done.new, f'new {_NOUNS[self.command]}')}{before}, {_unusable(done)}"
        return "\n".join(
            [
                f"{counted(done.calls, 'call')}{cached}: {answers}",
                f"{done.tokens_in:,} tokens in, {done.tokens_out:,} out, {self.seconds:.1f} s",
                f"Stopped by: {self.stopped_by or 'nothing'}"
                + (f" ({counted(done.failed_calls, 'call')} failed)" if done.failed_calls else "")
                + f" · run {self.run}",
            ]
        )


@dataclass(frozen=True)  # no slots: with them super() fails
class JudgeSummary(SpendSummary):
    """How `pgraph judge` ended; `outcome`: the sum of all judgements by the rubric, see `Judging.outcome`."""

    outcome: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {**super().as_json(), **self.outcome}

    def as_text(self) -> str:
        outcome = self.outcome
        scores = ", ".join(f"{criterion} {mean}" for criterion, mean in outcome["scores"].items())
        judged = f"By rubric {outcome['rubric']}: {outcome['judged']} of {outcome['items']} judged"
        lines = [f"{judged}; {scores}" if scores else judged]
        if outcome["marked"] is not None:
            lines.append(f"{outcome['marked']} marked")
        lines += [_agreement(pair) for pair in outcome["agreement"]]
        return "\n".join([super().as_text(), *lines])


@dataclass(frozen=True)  # no slots: with them super() fails
class GroupSummary(SpendSummary):
    """How `pgraph group` ended; `run` is "" if no model was asked."""

    grouping: GroupingResult | None = None

    def as_json(self) -> dict[str, Any]:
        counts: dict[str, Any] = {"levels": []}
        if self.grouping is not None:
            grouping = self.grouping
            counts = {"domains": grouping.domains, "groups": grouping.groups, "placed": grouping.placed}
            counts["levels"] = list(grouping.levels)
        return {**super().as_json(), **counts, "named": self.progress.new}

    def as_text(self) -> str:
        lines = [] if self.grouping is None else [grouping_in_words(self.grouping)]
        if self.run:
            lines.append(super().as_text())
        return "\n".join(lines)


def grouping_in_words(grouping: GroupingResult) -> str:
    """How many domains are in how many groups, and which personas were placed without a domain."""
    coarser = "".join(f", {count} at level {level}" for level, count in enumerate(grouping.levels[1:], 2))
    placed = f"; {counted(grouping.placed, 'persona')} placed by their neighbours" if grouping.placed else ""
    return f"{counted(grouping.domains, 'domain')} in {counted(grouping.groups, 'group')}{coarser}{placed}"


def lift_in_words(lift: Lift, count: Sequence[Counted], *, by_chance: bool) -> str:
    """What the choice was worth, as a sentence or two."""
    calls = f"{counted(lift.control, 'call')} drawn by chance"
    text = f"A chosen call brought {lift.ratio:.2f} times as many new {in_words(count)} as one by chance (90% interval "
    text += f"{lift.low:.2f} to {lift.high:.2f}, from {calls})"
    return text + ("; so 9 of 10 calls were left to chance" if by_chance else "")


def lists_in_words(lists: Sequence[LengthYield], count: Sequence[Counted]) -> str:
    """What lists of known roles brought, by their length.

    >>> lists_in_words([LengthYield(0, 40, 3.1), LengthYield(50, 12, 1.7)], [Counted.ROLE])
    'New roles for 1,000 tokens of replies or as much: 3.1 without a list of known roles (40 calls), 1.7 with up to 50 (12 calls)'
    """
    parts = [
        f"{row.new_per_1000:.1f} {f'with up to {row.length}' if row.length else 'without a list of known roles'}"
        f" ({counted(row.calls, 'call')})"
        for row in lists
    ]
    return f"New {in_words(count)} for 1,000 tokens of replies or as much: {', '.join(parts)}"


def _agreement(pair: Mapping[str, Any]) -> str:
    kappa = "undefined" if pair["kappa"] is None else pair["kappa"]
    return (
        f"{' and '.join(pair['judges'])} on {pair['items']} items: {pair['exact']:.0%} of scores equal, "
        f"{pair['within_one']:.0%} within one, weighted kappa {kappa}"
    )


def _unusable(done: RunProgress) -> str:
    why = ", ".join(f"{reason} {count}" for reason, count in sorted(done.reasons.items()))
    return f"{done.unusable} unusable" + (f" ({why})" if why else "")


def _bar(done: int, total: int) -> str:
    """How far the embedding of imported personas is.

    >>> _bar(1200, 5000)
    'embedding [##........] 24%'
    """
    share = done / max(1, total)
    return f"embedding [{'#' * int(10 * share):.<10}] {share:.0%}"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(max(0.0, seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
