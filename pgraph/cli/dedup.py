"""`pgraph dedup`: marks personas that say the same and joins roles with the same meaning; deletes nothing."""

from typing import TYPE_CHECKING, Any

import click

from pgraph.cli.main import Session
from pgraph.cli.options import Number
from pgraph.cli.output import dump, notice, show
from pgraph.cli.progress import ProgressLine, rate

if TYPE_CHECKING:
    from pgraph.app.dedup import Sweep

_SHARE = Number(0, 1, min_open=True)
_NO_NUMBER = -1.0  # `--roles` without a number


class _Share(Number):
    """As `_SHARE`; also takes `--roles` without a number."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401  click's signature
        return value if value == _NO_NUMBER else super().convert(value, param, ctx)


@click.command("dedup")
@click.option(
    "--threshold",
    type=_SHARE,
    metavar="X",
    help="Cosine at which two personas have the same meaning; 1 turns this comparison off."
    "  [default: the value used last in this graph, initially 0.9]",
)
@click.option(
    "--words",
    type=_SHARE,
    metavar="X",
    help="Share of common words (Jaccard) at which two personas are the same."
    "  [default: the value used last, initially 0.9]",
)
@click.option(
    "--roles",
    type=_Share(0, 1, min_open=True),
    is_flag=False,
    flag_value=_NO_NUMBER,
    metavar="[X]",
    help="Cosine at which a role is joined to an older one; 1 joins none. Without a number, with --sweep: try thresholds for"
    " roles.  [default: the value used last, initially 0.85]",
)
@click.option(
    "--sweep",
    is_flag=True,
    help="Write nothing. Show what other thresholds would do, and the pairs closest to each threshold.",
)
@click.pass_obj
def command(
    session: Session, *, threshold: float | None, words: float | None, roles: float | None, sweep: bool
) -> None:
    """Mark duplicates among all personas, and join roles with the same meaning.

    Of personas that say the same, the oldest survives. The others are marked, never deleted, and their sightings count
    for the survivor. If a role is joined to another, its own wording is kept in `role_as_said`. Only marks and roles are
    written, so you can try another threshold at any time. The thresholds are kept in the graph: from then on,
    `pgraph expand` and `ingest` use them too.

    A persona in a language that the embedding model does not know is compared by its words only.

    \b
    Exit codes: 0 done, 2 wrong use, 3 the store failed, 4 the embedding server failed,
    130 interrupted: run the same command again to continue.
    """
    from pgraph.app import dedup as app

    line = ProgressLine(quiet=session.quiet)

    def report(what: str, done: int, total: int) -> None:
        line.show(f"{what}: {rate(done, total, line.seconds)}")

    request = app.DedupRequest(threshold, words, None if roles == _NO_NUMBER else roles)
    if sweep:
        tried = app.sweep(session.workspace, request, roles=roles is not None, report=report)
        line.clear()
        _show(session, tried)
        return
    if roles == _NO_NUMBER:
        raise click.UsageError("--roles without a number needs --sweep")
    done = app.dedup(session.workspace, request, report=report)
    line.clear()
    if session.json:
        dump(done.as_json())
    notice(done.as_text(), quiet=session.quiet)


def _show(session: Session, tried: "Sweep") -> None:
    if session.json:
        dump(tried.as_json())
        return
    click.echo(f"{tried.total:,} {tried.of}; current threshold: {tried.in_force:g}")
    show(tried.rows, [name for name in tried.rows[0] if name != "borderline"], "table")
    for row in tried.rows:
        click.echo(
            f"\nThreshold {row['threshold']:g}: " + ("closest pairs" if row["borderline"] else "no pair is close to it")
        )
        for pair in row["borderline"]:
            click.echo(f"  {pair['score']:.4f}  {pair['text']}\n          {pair['survivor']}")
