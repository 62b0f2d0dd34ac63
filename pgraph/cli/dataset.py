"""`pgraph export` to a directory: it writes a dataset."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from foundation.errors import UsageError
from graphstore.exports import TRAINING_KINDS
from pgraph.app.wording import counted
from pgraph.cli.main import Session
from pgraph.cli.output import dump, notice
from pgraph.cli.progress import ProgressLine

if TYPE_CHECKING:
    from distill.dataset import Options

_OPTIONS = (
    click.option(
        "--split",
        metavar="NAME=SHARE,...",
        help="For a dataset: its splits, such as train=80,validation=10,test=10. Each group is in one split only. "
        "[default: all rows in train]",
    ),
    click.option(
        "--rows", type=click.IntRange(1), metavar="N", help="For a dataset: the exact number of rows in total."
    ),
    click.option("--balance", is_flag=True, help="For a dataset: draw the --rows from each group in turn."),
    click.option(
        "--seed",
        type=int,
        metavar="N",
        help="For a dataset: seed for the rows that --rows draws, and for the split of groups of equal size.  [default: 0]",
    ),
)


def dataset_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def is_dataset(what: str, output: str, form: str | None, **options: Any) -> bool:  # noqa: ANN401  each has the type of its option
    """Whether -o names the directory of a dataset. Raises `UsageError` for options of a dataset if it does not."""
    dataset_flags = [f"--{name}" for name, value in options.items() if value not in (None, False)]
    path = Path(output)
    unnamed = (
        output != "-" and not path.suffix and not path.exists() and (form in (None, "parquet") or bool(dataset_flags))
    )
    directory = what in TRAINING_KINDS and (output.endswith("/") or path.is_dir() or unnamed)
    if dataset_flags and not directory:
        raise UsageError(
            f"{dataset_flags[0]} is only for datasets: {', '.join(TRAINING_KINDS)}, written to a directory",
            f"Name a directory: pgraph export {what if what in TRAINING_KINDS else 'sft'} -o dataset/ {dataset_flags[0]} …",
        )
    return directory


def write_dataset(session: Session, what: str, output: str, form: str | None, **options: Any) -> None:  # noqa: ANN401  each has the type of its option
    from pgraph.app import dataset as app

    progress = ProgressLine(quiet=session.quiet)
    recipe = app.make(
        session.workspace,
        output,
        _options(what, form, **options),
        lambda doing, done: progress.show(f"{done:,} {doing}"),
    )
    progress.clear()
    splits = {split["split"]: split["rows"] for split in recipe["splits"]}
    seconds = round(progress.seconds, 1)
    if session.json:
        counts = {"rows": recipe["rows"], "splits": splits, "groups": len(recipe["groups"]), "parts": recipe["parts"]}
        summary = {"command": "export", "what": what, "dataset": output, "format": recipe["options"]["format"]}
        dump({**summary, **counts, "left_out": recipe["left_out"], "seconds": seconds})
    sizes = ", ".join(f"{split} {rows:,}" for split, rows in splits.items())
    notice(f"{counted(recipe['rows'], 'row')} written to {output} ({seconds} s): {sizes}.", quiet=session.quiet)
    reasons = {
        "marked": "marked",
        "near_duplicates": "nearly the same as a row of another split",
        "not_drawn": "not drawn",
    }
    left_out = [f"{count:,} {reasons[why]}" for why, count in recipe["left_out"].items() if count]
    if left_out:
        notice(f"Left out: {', '.join(left_out)}.", quiet=session.quiet)


def _options(
    what: str, form: str | None, *, split: str | None, rows: int | None, balance: bool, seed: int | None, marked: bool
) -> "Options":
    from distill.dataset import WHOLE, Options, weights

    if form not in (None, "parquet", "jsonl"):
        raise UsageError(f"a dataset cannot be written as {form}", "Use parquet or jsonl.")
    if balance and rows is None:
        raise UsageError("--balance needs --rows", "Add the number of rows to draw: --rows 1000 --balance")
    splits = WHOLE if split is None else weights(split)
    kind = next(kind for kind in TRAINING_KINDS if kind == what)
    return Options(kind, "jsonl" if form == "jsonl" else "parquet", splits, rows, balance, seed or 0, marked)
