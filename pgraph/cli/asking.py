"""What commands that ask a model show: the progress line, the summary, the forecast. And how they end."""

import os
import sys
from typing import TYPE_CHECKING, Any

import click

from foundation.errors import ExitCode
from pgraph.cli.main import Session
from pgraph.cli.output import dump, notice
from pgraph.cli.progress import ProgressLine

if TYPE_CHECKING:
    from collections.abc import Callable

    from pgraph.app.summary import ExpandSummary, SpendSummary

    Summary = ExpandSummary | SpendSummary


def ask(
    session: Session, run: "Callable[[Callable[[str], None], Callable[[Any], None]], Summary]", *, lines: bool = False
) -> int:
    """Run a command's work and return its exit code; `run` gets two callbacks, for notices and for progress reports.

    `lines`: the run prints a line for each call, so there is no progress line.
    """
    line = ProgressLine(quiet=session.quiet or lines, every=10.0)
    try:
        summary = run(lambda text: notice(text, quiet=session.quiet), lambda report: line.show(report.line()))
    except KeyboardInterrupt:  # not sys.exit: it would wait for threads that still embed
        line.clear()
        click.echo(
            "Interrupted. Every reply received so far is kept. Run the same command again to continue.",
            err=True,
        )
        sys.stderr.flush()
        os._exit(ExitCode.INTERRUPTED)
    line.clear()
    if session.json:
        dump(summary.as_json(), indent=None if lines else 2)
    notice(summary.as_text(), quiet=session.quiet)
    if summary.error is not None:
        raise summary.error
    return summary.exit_code


def show_forecast(session: Session, forecast: dict[str, Any]) -> None:
    if session.json:
        dump(forecast)
        return
    for name, value in forecast.items():
        if name != "prompts":
            click.echo(f"{name.replace('_', ' ')}: {'unknown' if value is None else value}")
    for prompt in forecast["prompts"]:
        click.echo(f"\n{prompt}")
