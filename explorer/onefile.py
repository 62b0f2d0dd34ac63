"""The explorer as one file to send to somebody: the whole overview, and the personas, or a sample if there are many."""

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace

from explorer import views
from explorer.answers import RegionPage, Row
from explorer.calls import TagReader, no_tag
from explorer.server import STATIC
from foundation.clock import now_in_words
from graphstore import GraphStore

PERSONAS = 300  # at most so many are in the file, each with everything that is known of it
# Each module after those that it imports.
_MODULES = ("tags", "server", "filters", "picture", "map", "run", "people", "crowd", "groups", "app")


def one_file(
    store: GraphStore, survey: Row, report: Callable[[int, int], None] = lambda *_: None, read_tag: TagReader = no_tag
) -> tuple[str, int, int]:
    """The page as HTML, how many personas are in it, and how many there are in the graph.

    `survey`: the overview, with its commands; `report` gets the number of personas read and to read. Several queries for
    each persona: about 0.1 s.
    """
    total = survey["overall"][0]["distinct"]
    regions = _sampled(store, survey["regions"])
    chosen: list[str] = []
    for region in regions.values():
        chosen += [row["id"] for row in region.people]
    people: dict[str, Row] = {}
    for number, persona in enumerate(chosen):
        report(number, len(chosen))
        page = views.persona(store, persona, read_tag)
        if page is not None:
            people[persona] = page.as_json()
    sample = f"{len(people):,}" if len(people) == total else f"a sample of {len(people):,}"
    answers = {
        "note": f"Made on {now_in_words()} with {sample} of {total:,} personas. It loads nothing from anywhere.",
        "overview": {"": {"counting": False, "survey": survey}},
        "region": {region_id: region.as_json() for region_id, region in regions.items()},
        "persona": people,
    }
    return _page(answers), len(people), total


def _sampled(store: GraphStore, regions: list[Row]) -> dict[str, RegionPage]:
    """The first personas of each region; if there are too many, the same number from each."""
    share = max(1, PERSONAS // max(1, len(regions)))
    quota = {row["id"]: min(row["personas"], share, views.PAGE) for row in regions[:PERSONAS]}
    spare = PERSONAS - sum(quota.values())
    for row in regions[:PERSONAS]:  # the largest regions get what small ones do not need
        more = max(0, min(spare, row["personas"] - quota[row["id"]], views.PAGE - quota[row["id"]]))
        quota[row["id"]] += more
        spare -= more
    pages = {}
    for region, size in quota.items():
        page = views.region(store, region)
        pages[region] = replace(page, people=page.people[:size], more=False)
    return pages


def _page(answers: Row) -> str:
    """index.html with its style, its modules and the answers in it; its policy forbids the browser to load anything."""
    style = (STATIC / "style.css").read_text(encoding="utf-8")
    script = "".join(map(_module, _MODULES))
    policy = f"default-src 'none'; img-src data:; style-src '{_digest(style)}'; script-src '{_digest(script)}'"
    data = json.dumps(answers, ensure_ascii=False).replace("<", "\\u003c")  # no </script> in it
    page = (STATIC / "index.html").read_text(encoding="utf-8")
    link, module = (line for line in page.splitlines() if "/static/" in line)
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    page = page.replace(link, f"{meta}\n<style>{style}</style>").replace(module + "\n", "")
    end = f'<script type="application/json" id="held">{data}</script>\n<script type="module">{script}</script>\n</body>'
    return page.replace("</body>", end)


def _module(name: str) -> str:
    lines = (STATIC / f"{name}.js").read_text(encoding="utf-8").splitlines(keepends=True)
    return "".join(line.removeprefix("export ") for line in lines if not line.startswith("import "))


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
