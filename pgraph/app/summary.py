"""How an expansion stands and how it ended, in words and as JSON."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from distill.groups import GroupingResult
from expansion.personas import Limits
from foundation import StopReason
from foundation.errors import ExitCode, PgraphError, StoreError
from population.runs import RunProgress


def exit_code_of(error: PgraphError | None, *, failed: bool, goal_missed: bool = False) -> ExitCode:
    """The exit code of a run: its error's, else LIMIT if a limit came before the goal, else whether anything failed."""
    if error is not None:
        return error.exit_code
    if goal_missed:
        return ExitCode.LIMIT
    return ExitCode.SOME_FAILED if failed else ExitCode.DONE


def stop_reason(reason: StopReason | None, error: PgraphError | None) -> StopReason | None:
    """What stopped a run: the server that failed where there was an error, else what the run itself says."""
    if error is None:
        return reason
    return StopReason.STORE if isinstance(error, StoreError) else StopReason.MODEL


@dataclass(frozen=True, slots=True)
class ProgressReport:
    """How a run stands, for the progress line."""

    progress: RunProgress
    limits: Limits
    coverage: float
    personas: int
    seconds: float  # since this process began to ask
    asked: int  # calls since then

    def line(self) -> str:
        done, limits = self.progress, self.limits
        rate = self.asked / self.seconds if self.seconds > 0 else 0.0
        parts = [
            f"calls {done.calls}" + (f"/{limits.calls}" if limits.calls else ""),
            f"personas {self.personas}" + (f"/{limits.target}" if limits.target else ""),
            f"new {done.new}",
            f"duplicate {done.duplicate}",
            *([f"failed {done.failed_calls}"] if done.failed_calls else []),
            f"coverage {self.coverage:.2f}",
            f"tokens {done.tokens:,}" + (f"/{limits.tokens:,}" if limits.tokens else ""),
            f"{rate:.1f} calls/s",
        ]
        if limits.calls and rate:
            parts.append(f"{_clock((limits.calls - done.calls) / rate)} left")
        return " · ".join(parts)


@dataclass(frozen=True, slots=True)
class ExpandSummary:
    run: str
    progress: RunProgress
    seconds: float
    coverage: float
    personas: int
    stopped_by: StopReason | None
    goal_missed: bool
    error: PgraphError | None = field(default=None, compare=False)
    money: float = 0.0  # 0: prices are not known

    def props(self) -> dict[str, Any]:
        """What the Run node keeps of it."""
        return {"stopped_by": self.stopped_by or "", "coverage": self.coverage, "seconds": self.seconds}

    def price(self) -> str:
        """What a new persona cost."""
        if not self.progress.new:
            return ""
        money = f", {self.money / self.progress.new:.6f} of {self.money:.4f} in money" if self.money else ""
        return f"; {self.progress.tokens / self.progress.new:,.0f} tokens a new persona{money}"

    @property
    def exit_code(self) -> ExitCode:
        return exit_code_of(self.error, failed=self.progress.failed_calls > 0, goal_missed=self.goal_missed)

    @property
    def exit_reason(self) -> str:
        if self.error is not None:
            return self.error.message
        if self.goal_missed:
            return f"the limit --{self.stopped_by} was reached before the goal"
        return f"{self.progress.failed_calls} calls failed" if self.progress.failed_calls else "done"

    def as_json(self) -> dict[str, Any]:
        return {
            "run": self.run,
            **self.progress.counts(),
            "failures": dict(self.progress.reasons),
            "seconds": round(self.seconds, 2),
            "coverage": round(self.coverage, 4),
            "personas": self.personas,
            "money": round(self.money, 6) or None,
            "stopped_by": self.stopped_by or "",
            "exit_reason": self.exit_reason,
            "exit_code": self.exit_code,
        }

    def as_text(self) -> str:
        done = self.progress
        cached = f", {done.replies_from_cache} of them from the reply cache" if done.replies_from_cache else ""
        return "\n".join(
            [
                f"{done.calls} calls{cached}: {done.new} new personas, {done.duplicate} seen before, {_unusable(done)}",
                f"{done.tokens_in:,} tokens in, {done.tokens_out:,} out, {self.seconds:.1f} s{self.price()}",
                f"The graph holds {self.personas} personas; coverage of roles {self.coverage:.1%}",
                f"Stopped by: {self.stopped_by or 'nothing'}"
                + (f" ({self.exit_reason})" if self.exit_code else "")
                + (f" · run {self.run}" if self.run else ""),
            ]
        )


@dataclass(frozen=True)  # no slots: with them super() fails
class IngestSummary(ExpandSummary):
    texts: int = 0
    bad_rows: int = 0

    @property
    def exit_code(self) -> ExitCode:
        return super().exit_code or exit_code_of(None, failed=self.bad_rows > 0)

    def as_json(self) -> dict[str, Any]:
        return {"texts": self.texts, "bad_rows": self.bad_rows, **super().as_json()}

    def as_text(self) -> str:
        bad = f", {self.bad_rows} bad rows left out" if self.bad_rows else ""
        return f"{self.texts} texts{bad}\n" + super().as_text()


@dataclass(frozen=True, slots=True)
class SpendReport:
    """How a run of `ask`, `distill`, `judge` or `group --names` stands, for the progress line."""

    command: str
    progress: RunProgress
    calls: int | None
    seconds: float  # since this process began

    def line(self) -> str:
        done = self.progress
        parts = [
            f"calls {done.calls}" + (f"/{self.calls}" if self.calls else ""),
            f"{_NOUNS[self.command]} {done.new}",
            *([f"asked before {done.duplicate}"] if done.duplicate else []),
            *([f"failed {done.failed_calls}"] if done.failed_calls else []),
            f"tokens {done.tokens:,}",
            _clock(self.seconds),
        ]
        return " · ".join(parts)


_NOUNS = {"ask": "questions", "distill": "answers", "judge": "judgements", "group": "names"}


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
        """The summary of a command that has more to tell."""
        return cls(**{name: getattr(summary, name) for name in SpendSummary.__dataclass_fields__}, **more)

    def props(self) -> dict[str, Any]:
        """What the Run node keeps of it."""
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
        return "\n".join(
            [
                f"{done.calls} calls{cached}: {done.new} new {_NOUNS[self.command]}{before}, {_unusable(done)}",
                f"{done.tokens_in:,} tokens in, {done.tokens_out:,} out, {self.seconds:.1f} s",
                f"Stopped by: {self.stopped_by or 'nothing'}"
                + (f" ({done.failed_calls} calls failed)" if done.failed_calls else "")
                + f" · run {self.run}",
            ]
        )


@dataclass(frozen=True)  # no slots: with them super() fails
class JudgeSummary(SpendSummary):
    """`outcome`: what all judgements by the rubric say, see distill.judging."""

    outcome: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {**super().as_json(), **self.outcome}

    def as_text(self) -> str:
        told = self.outcome
        scores = ", ".join(f"{criterion} {mean}" for criterion, mean in told["scores"].items())
        lines = [
            f"By rubric {told['rubric']}: {told['judged']} of {told['items']} judged"
            + (f"; {scores}" if scores else "")
        ]
        if told["marked"] is not None:
            lines.append(f"{told['marked']} marked")
        lines += [_agreement(pair) for pair in told["agreement"]]
        return "\n".join([super().as_text(), *lines])


@dataclass(frozen=True)  # no slots: with them super() fails
class GroupSummary(SpendSummary):
    """How `pgraph group` ended; `run` is "" where no model was asked."""

    made: GroupingResult | None = None

    def as_json(self) -> dict[str, Any]:
        made = self.made
        counts = {} if made is None else {"domains": made.domains, "groups": made.groups, "placed": made.placed}
        levels = [] if made is None else list(made.levels)
        return {**super().as_json(), **counts, "levels": levels, "named": self.progress.new}

    def as_text(self) -> str:
        asked = [super().as_text()] if self.run else []
        return "\n".join([*([] if self.made is None else [_grouped(self.made)]), *asked])


def _grouped(made: GroupingResult) -> str:
    placed = f"; {made.placed} personas without a domain placed by their neighbours" if made.placed else ""
    coarser = "".join(f", these in {count} at level {level}" for level, count in enumerate(made.levels[1:], 2))
    return f"{made.domains} domains in {made.groups} groups{coarser}{placed}"


def _agreement(pair: Mapping[str, Any]) -> str:
    kappa = "undefined" if pair["kappa"] is None else pair["kappa"]
    return (
        f"{' and '.join(pair['judges'])} on {pair['items']} items: {pair['exact']:.0%} of scores equal, "
        f"{pair['within_one']:.0%} within one, weighted kappa {kappa}"
    )


def _unusable(done: RunProgress) -> str:
    why = ", ".join(f"{reason} {count}" for reason, count in sorted(done.reasons.items()))
    return f"{done.unusable} answers unusable" + (f" ({why})" if why else "")


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(max(0.0, seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
