"""`pgraph dedup`: personas that say the same, roles that are one; marks are written anew, nothing is deleted."""

from typing import TYPE_CHECKING, Any

import click

from pgraph.cli.main import Session
from pgraph.cli.options import Number
from pgraph.cli.output import dump, notice, show
from pgraph.cli.progress import ProgressLine, rate

if TYPE_CHECKING:
    from pgraph.app.dedup import Sweep

_SHARE = Number(0, 1, min_open=True)
_AS_IT_IS = -1.0  # `--roles` without a number


class _Share(Number):
    """As `_SHARE`, or nothing: for `--roles` alone."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401  click's signature
        return value if value == _AS_IT_IS else super().convert(value, param, ctx)


@click.command("dedup")
@click.option(
    "--threshold",
    type=_SHARE,
    metavar="X",
    help="Cosine from which on two personas mean the same; 1: their meaning is not looked at."
    "  [default: what the graph was told last, 0.9 at first]",
)
@click.option(
    "--words",
    type=_SHARE,
    metavar="X",
    help="Share of common words (Jaccard) from which on they are the same.  [default: as above, 0.9 at first]",
)
@click.option(
    "--roles",
    type=_Share(0, 1, min_open=True),
    is_flag=False,
    flag_value=_AS_IT_IS,
    metavar="[X]",
    help="Cosine from which on a role is joined to an older one; 1: none is. With --sweep, without a number: try the"
    " thresholds of roles.  [default: as above, {role} at first]".replace("{role}", "0.85"),
)
@click.option(
    "--sweep", is_flag=True, help="Write nothing; show what other thresholds would do, and pairs at the border."
)
@click.pass_obj
def command(
    session: Session, *, threshold: float | None, words: float | None, roles: float | None, sweep: bool
) -> None:
    """Mark duplicates among all personas, and count roles that mean the same as one.

    Of personas that say the same the oldest survives; the others are marked, never deleted, and their sightings count for
    it. A role that is joined to another stays in `role_as_said`. Only marks and roles are written, so another threshold
    can be tried at any time. The thresholds stay with the graph: `pgraph expand` and `ingest` match by them from then on.

    A persona in a language that the embedding model does not know is compared by words alone.

    \b
    Exit codes: 0 done, 2 wrong use, 3 the store failed, 4 the embedding server failed,
    130 interrupted: the same command goes on.
    """
    from pgraph.app import dedup as app

    line = ProgressLine(quiet=session.quiet)

    def report(what: str, done: int, total: int) -> None:
        line.show(f"{what}: {rate(done, total, line.seconds)}")

    request = app.DedupRequest(threshold, words, None if roles == _AS_IT_IS else roles)
    if sweep:
        tried = app.sweep(session.workspace, request, roles=roles is not None, report=report)
        line.clear()
        _show(session, tried)
        return
    if roles == _AS_IT_IS:
        raise click.UsageError("--roles without a number goes with --sweep")
    done = app.dedup(session.workspace, request, report=report)
    line.clear()
    if session.json:
        dump(done.as_json())
    notice(done.as_text(), quiet=session.quiet)


def _show(session: Session, tried: "Sweep") -> None:
    if session.json:
        dump(tried.as_json())
        return
    click.echo(f"{tried.total:,} {tried.of}; in force: {tried.in_force:g}")
    show(tried.rows, [name for name in tried.rows[0] if name != "borderline"], "table")
    for row in tried.rows:
        click.echo(f"\nat {row['threshold']:g}: pairs nearest to it" + ("" if row["borderline"] else ": none"))
        for pair in row["borderline"]:
            click.echo(f"  {pair['score']:.4f}  {pair['text']}\n          {pair['survivor']}")
