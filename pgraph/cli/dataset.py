"""The side of `pgraph export` that writes a dataset, a directory."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from foundation.errors import UsageError
from graphstore.exports import TRAINING_KINDS
from pgraph.cli.main import Session
from pgraph.cli.output import dump, notice
from pgraph.cli.progress import ProgressLine

if TYPE_CHECKING:
    from distill.dataset import Options

_OPTIONS = (
    click.option(
        "--split",
        metavar="NAME=SHARE,...",
        help="Of a dataset: the splits, such as train=80,validation=10,test=10. A group lies wholly in one. Without it: "
        "train.",
    ),
    click.option("--rows", type=click.IntRange(1), metavar="N", help="Of a dataset: exactly so many rows in all."),
    click.option("--balance", is_flag=True, help="Of a dataset: draw the --rows from the groups in turn."),
    click.option(
        "--seed",
        type=int,
        metavar="N",
        help="Of a dataset: decides which rows --rows draws, and the split of groups of one size.  [default: 0]",
    ),
)


def dataset_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def is_dataset(what: str, output: str, form: str | None, **options: Any) -> bool:  # noqa: ANN401  each has the type of its option
    """Whether -o names the directory of a dataset. Raises `UsageError` for options that then have no use."""
    given = [f"--{name}" for name, value in options.items() if value not in (None, False)]
    path = Path(output)
    unnamed = output != "-" and not path.suffix and not path.exists() and (form in (None, "parquet") or bool(given))
    directory = what in TRAINING_KINDS and (output.endswith("/") or path.is_dir() or unnamed)
    if given and not directory:
        raise UsageError(
            f"{given[0]} is for datasets: {' '.join(TRAINING_KINDS)}, written to a directory",
            f"Name a directory: pgraph export {what if what in TRAINING_KINDS else 'sft'} -o dataset/ {given[0]} …",
        )
    return directory


def write_dataset(session: Session, what: str, output: str, form: str | None, **options: Any) -> None:  # noqa: ANN401  each has the type of its option
    from pgraph.app import dataset as app

    progress = ProgressLine(quiet=session.quiet)
    made = app.make(
        session.workspace,
        output,
        _options(what, form, **options),
        lambda doing, done: progress.show(f"{done:,} {doing}"),
    )
    progress.clear()
    splits = {one["split"]: one["rows"] for one in made["splits"]}
    seconds = round(progress.seconds, 1)
    if session.json:
        counts = {"rows": made["rows"], "splits": splits, "groups": len(made["groups"]), "parts": made["parts"]}
        summary = {"command": "export", "what": what, "dataset": output, "format": made["options"]["format"]}
        dump({**summary, **counts, "left_out": made["left_out"], "seconds": seconds})
    told = ", ".join(f"{split} {rows:,}" for split, rows in splits.items())
    notice(f"{made['rows']:,} rows written to {output} ({seconds} s): {told}.", quiet=session.quiet)
    reasons = {
        "marked": "marked",
        "near_duplicates": "nearly the same as a row of another split",
        "not_drawn": "not drawn",
    }
    left = [f"{made['left_out'][why]:,} {words}" for why, words in reasons.items() if made["left_out"][why]]
    if left:
        notice(f"Left out: {', '.join(left)}.", quiet=session.quiet)


def _options(
    what: str, form: str | None, *, split: str | None, rows: int | None, balance: bool, seed: int | None, marked: bool
) -> "Options":
    from distill.dataset import WHOLE, Options, weights

    if form not in (None, "parquet", "jsonl"):
        raise UsageError(f"a dataset cannot be written as {form}", "Use parquet or jsonl.")
    if balance and rows is None:
        raise UsageError("--balance draws rows, but not how many", "Say how many: --rows 1000 --balance")
    cut = WHOLE if split is None else weights(split)
    kind = next(kind for kind in TRAINING_KINDS if kind == what)
    return Options(kind, "jsonl" if form == "jsonl" else "parquet", cut, rows, balance, seed or 0, marked)
