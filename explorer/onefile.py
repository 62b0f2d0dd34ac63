"""The explorer as one file to send to somebody: the overview whole, of the personas a sample where they are many."""

import base64
import hashlib
import json
from collections.abc import Callable
from typing import Any

from explorer import views
from explorer.calls import TagReader, no_tag
from explorer.server import STATIC
from foundation.clock import now_in_words
from graphstore import GraphStore

Row = dict[str, Any]

PERSONAS = 300  # at most so many are in the file, each with all that is known of it
# Each after those that it imports from.
_MODULES = ("tags", "server", "filters", "picture", "map", "run", "people", "crowd", "groups", "app")


def one_file(
    store: GraphStore, survey: Row, report: Callable[[int, int], None] = lambda *_: None, told: TagReader = no_tag
) -> tuple[str, int, int]:
    """The page, how many personas are in it, and of how many. Asks for each persona: about 0.1 s."""
    total = survey["overall"][0]["distinct"]
    regions = _sampled(store, survey["regions"])
    chosen = [row["id"] for page in regions.values() for row in page["people"]]
    people: dict[str, Row] = {}
    for number, persona in enumerate(chosen):
        report(number, len(chosen))
        found = views.persona(store, persona, told)
        if found is not None:
            people[persona] = found
    held = f"{len(people):,}" if len(people) == total else f"a sample of {len(people):,}"
    answers = {
        "note": f"Made on {now_in_words()}; it holds {held} of {total:,} personas. It loads nothing from anywhere.",
        "overview": {"": {"counting": False, "survey": survey}},
        "region": regions,
        "persona": people,
    }
    return _page(answers), len(people), total


def _sampled(store: GraphStore, regions: list[Row]) -> dict[str, Row]:
    """The first personas of each region, the same number of each where they are too many."""
    share = max(1, PERSONAS // max(1, len(regions)))
    quota = {row["id"]: min(row["personas"], share, views.PAGE) for row in regions[:PERSONAS]}
    spare = PERSONAS - sum(quota.values())
    for row in regions[:PERSONAS]:  # what small regions leave goes to the largest
        more = max(0, min(spare, row["personas"] - quota[row["id"]], views.PAGE - quota[row["id"]]))
        quota[row["id"]] += more
        spare -= more
    pages = {region: views.region(store, region) for region in quota}
    return {
        region: {**page, "people": page["people"][: quota[region]], "more": False} for region, page in pages.items()
    }


def _page(answers: Row) -> str:
    """index.html with its style, its modules in one, and the answers; its own policy forbids the browser to load anything."""
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
