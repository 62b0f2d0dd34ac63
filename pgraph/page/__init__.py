"""The HTML report: one page that needs no network, from the numbers of `pgraph.app.coverage`."""

import base64
import hashlib
from pathlib import Path
from string import Template

from pgraph.app.coverage import CoverageReport, Page
from pgraph.page import people, sections
from pgraph.page.tags import Html, join, tag

HERE = Path(__file__).parent


def render(report: CoverageReport) -> str:
    """The page; `report` was asked for with `page`. No address is in it, and its own policy forbids the browser to use one."""
    page = report.page
    if page is None:
        raise ValueError("this report was made without what the page shows")
    script = (HERE / "copy.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return Template((HERE / "report.html").read_text(encoding="utf-8")).substitute(
        title="Coverage of personas",
        body=_body(report, page),
        script=script,
        script_hash=f"sha256-{digest}",
    )


def _body(report: CoverageReport, page: Page) -> Html:
    if not page.groups:
        return join([sections.header(report, page), tag("main", sections.empty())])
    asked = page.points[-1]["sightings"] > 0
    parts: list[tuple[str, str, Html | None]] = [
        ("growth", "Growth", sections.growth(page) if asked else sections.not_asked()),
        ("gaps", "Gaps", sections.gaps(page) if asked else None),
        ("map", "Groups and relationships", sections.heat(page) if asked else None),
        ("groups", "Groups", sections.groups(page)),
        ("list", "Outside list", people.reference(report.reference) if report.reference else None),
        ("two-runs", "Two runs", people.comparison(report.compare) if report.compare else None),
        ("diversity", "Diversity", people.diversity(report.diversity, page)),
        ("runs", "Runs", people.runs(page)),
        ("meaning", "What this is", sections.meaning()),
    ]
    shown = [(key, name, part) for key, name, part in parts if part is not None]
    links = join(tag("li", tag("a", name, href=f"#{key}")) for key, name, _ in shown)
    nav = tag("nav", tag("ul", links), aria_label="Parts of this report")
    body = join(tag("section", part, id=key, aria_labelledby=f"h-{key}") for key, _, part in shown)
    foot = tag("footer", f"Made by pgraph on {page.made}. It holds all it shows: nothing is loaded from anywhere.")
    return join([sections.header(report, page, nav), tag("main", body), foot])
