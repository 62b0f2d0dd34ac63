"""The page docs/selection.md: tables and plots of what benchmarks/selection.py measured."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.trials import Outcome
from pgraph.page.charts import Line, draw

Points = NDArray[Any]
_COLOURS = ("#0b6e4f", "#c8553d", "#7a7a7a", "#b08900", "#3d5a80", "#8d5a97", "#111111")
_WIDE, _HIGH = 474, 300  # of the box of the curves
_LEFT, _RIGHT, _TOP, _LOW = 56, 110, 20, 40  # around it

PAGE = """# How well calls are chosen

Simulated worlds in which the truth is known ([the world](../benchmarks/world.py), [the policies](../benchmarks/policies.py)):
60,000 roles in 120 regions, eight relationships, five personas per call, and recognition that makes mistakes. All policies choose
through the interface that `pgraph expand` uses, in the same worlds. The oracle knows for each region and relationship how many
answers would be new, and takes the best; it does not know which answer will come. Made by
`python -m benchmarks.selection --write docs`. What a user can expect is in [worlds.md](worlds.md).

{text}
![Distinct roles by calls](selection-growth.svg)

![Predicted and counted share of new roles](selection-calibration.svg)

How far a policy can be ahead of uniform depends on how much the regions differ in size: see the setting with regions of similar
size. The cost of a choice was measured on a 16-core x86-64 machine with Python 3.12, 16 processes of one thread each, with calls
chosen 16 at a time.

## What we tried
| change | roles after 1,000 and 20,000 calls |
|---|---|
| a prediction counts as 4 times the sightings behind it, instead of 60 answers (kept) | +0.5 %, +3.5 % (three worlds) |
| it counts once; twice | +0.2 %, +2.6 %; +0.2 %, +3.2 % (three worlds) |
| it counts as 200; 1,000; 5,000 answers in any case | -2.4 %, +1.8 %; -1.1 %, +3.4 %; -1.0 %, +3.0 % |
| no weight for low coverage (value = p) | 0.0 %, -3.2 % |
| the square of that weight | +0.4 %, +1.0 % |
| t = 3; t = 25, instead of 8 | +0.4 %, -0.5 %; +1.3 %, +0.3 % |
| no calls drawn by chance; 5 % | -0.6 %, -0.2 %; -0.5 %, 0.0 % |
| any source of the region, instead of the farthest of eight | 0.0 %, -0.2 %: these worlds cannot show it |

Two worlds each unless a number is given. Differences below 1 % may be chance.

We also tried calls about texts that are made whatever their predicted worth (three worlds). With at most 2 in 100 (kept), 16.3 %
more roles were found if a third of the regions can be reached by texts only, and 0.0 % if texts are not needed; with at most 3 in
100, 16.6 % and -1.0 %. With none, no text was ever chosen: a one-step value never prefers a call that brings one person to one that
brings two. At 5 in 100, the best bucket found 18.4 % more and a random bucket 15.7 % (two worlds).
"""

TEXTS = """The same worlds with 2,500 texts in 100 files ([what they are about](../benchmarks/texts.py)), four stances each, one
persona per call. The share of files about a region follows its size, not what the model likes to talk about. "texts first" asks
about all texts before it asks about a persona. The rule asks about few texts if personas bring more, and about enough to find the
regions that only texts lead to."""


def tables(outcomes: Sequence[Outcome]) -> str:
    """Every setting and policy, and how right the predictions of the rule were, in Markdown."""
    by_setting = _by_setting(outcomes)
    rows, texts, right = [], [], []
    for setting, policies in by_setting.items():
        mean = {policy: float(np.mean([outcome.distinct for outcome in same])) for policy, same in policies.items()}
        for policy, same in policies.items():
            if any("texts" in other for other in policies):
                about = np.mean([outcome.about_texts for outcome in same])
                texts.append(
                    [setting, policy, f"{mean[policy]:,.0f}", f"{mean[policy] / mean['coverage']:.3f}", f"{about:,.0f}"]
                )
                continue
            ratios = [f"{mean[policy] / mean[other]:.3f}" if other in mean else "" for other in ("uniform", "oracle")]
            cost = float(np.mean([outcome.ms for outcome in same]))
            rows.append([setting, policy, f"{mean[policy]:,.0f}", *ratios, f"{cost:.2f}"])
        if rule := policies.get("coverage with texts") or policies.get("coverage"):
            overall = np.mean([outcome.calibration[-1] for outcome in rule], axis=0)
            right.append([setting, *(f"{share:.3f}" for share in overall)])
    calls, worlds = outcomes[0].curve[-1][0], len({outcome.seed for outcome in outcomes})
    head = ["setting", "policy", f"roles after {calls:,} calls", "to uniform", "to oracle", "CPU ms a choice"]
    explanation = (
        "The share of the answers that are new: predicted when a call was chosen, counted when it came back, and true. "
        "Counted and true differ because a missed duplicate counts as new."
    )
    with_texts = ["setting", "policy", head[2], "to coverage without texts", "calls about texts"]
    return (
        f"## Roles found\nMeans of {worlds} worlds, imported roles included.\n\n{_table(head, rows, left=2)}\n"
        f"## With texts\n{TEXTS}\n\n{_table(with_texts, texts, left=2)}\n"
        f"## Predicted and counted\n{explanation}\n\n{_table(['setting', 'predicted', 'counted', 'true'], right)}"
    )


def write(outcomes: Sequence[Outcome], text: str, folder: Path) -> None:
    """The page and its two plots."""
    policies = _by_setting(outcomes)["as described"]
    growth = {policy: _mean([outcome.curve for outcome in same]) for policy, same in policies.items()}
    deciles = _mean([outcome.calibration[:-1] for outcome in policies["coverage"]])
    right = {"as counted": deciles[:, :2], "as predicted": deciles[:, [0, 0]]}
    (folder / "selection.md").write_text(PAGE.format(text=text))
    (folder / "selection-growth.svg").write_text(_plot(growth, "calls", "distinct roles"))
    (folder / "selection-calibration.svg").write_text(_plot(right, "predicted share of new roles", "counted share"))


def _by_setting(outcomes: Sequence[Outcome]) -> dict[str, dict[str, list[Outcome]]]:
    by_setting: dict[str, dict[str, list[Outcome]]] = defaultdict(lambda: defaultdict(list))
    for outcome in outcomes:
        by_setting[outcome.setting][outcome.policy].append(outcome)
    return by_setting


def _mean(curves: Iterable[Sequence[Sequence[float]]]) -> Points:
    curve: Points = np.mean([np.array(curve, float) for curve in curves], axis=0)
    return curve


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], left: int = 1) -> str:
    rule = ["---"] * left + ["---:"] * (len(head) - left)
    return "\n".join("| " + " | ".join(line) + " |" for line in (head, rule, *rows)) + "\n"


def _plot(curves: dict[str, Points], across: str, up: str) -> str:
    """Curves by name, each with a point a row, as SVG."""
    drawing = draw([Line(name, curve.tolist()) for name, curve in curves.items()], wide=_WIDE, high=_HIGH)
    parts = [f'<path d="M0 {tick.at}H{_WIDE}" stroke="#ddd"/>' for tick in drawing.up]
    parts += [f'<text x="-6" y="{tick.at}" dy="4" text-anchor="end">{tick.text}</text>' for tick in drawing.up]
    parts += [
        f'<text x="{tick.at}" y="{_HIGH + 18}" text-anchor="middle">{tick.text}</text>' for tick in drawing.across
    ]
    height = -float(_TOP)
    coloured = zip(drawing.lines, _COLOURS, strict=False)
    for line, colour in sorted(coloured, key=lambda item: item[0].end[1]):
        x, y = line.end
        height = max(y + 4, height + 14)  # of a name below the one above it
        parts += [
            f'<polyline points="{line.points}" fill="none" stroke="{colour}" stroke-width="2"/>',
            f'<text x="{x + 6:.1f}" y="{height:.1f}" fill="{colour}">{line.name}</text>',
        ]
    parts += [
        f'<text x="{_WIDE / 2}" y="{_HIGH + 36}" text-anchor="middle">{across}</text>',
        f'<text x="{4 - _LEFT}" y="{12 - _TOP}">{up}</text>',
    ]
    box = f"{-_LEFT} {-_TOP} {_LEFT + _WIDE + _RIGHT} {_TOP + _HIGH + _LOW}"
    style = 'font-family="sans-serif" font-size="12" style="background:#fff"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" {style}>{"".join(parts)}</svg>\n'
