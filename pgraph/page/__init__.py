"""The HTML report: one page that needs no network, from the numbers of `pgraph.app.coverage`."""

import base64
import hashlib
import re
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pgraph.app.coverage import CoverageReport, Page
from pgraph.app.wording import counted
from pgraph.page import people, sections
from pgraph.page.figures import cut, number, percent

_TEMPLATES = Path(__file__).parent / "templates"
_UNSEEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def render(report: CoverageReport) -> str:
    """The page; `report` was asked for with `page`. No address is in it, and its own policy forbids the browser to use one."""
    if report.page is None:
        raise ValueError("this report was made without what the page shows")
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(number=number, counted=counted, percent=percent, cut=cut)
    script = (_TEMPLATES / "copy.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    page = environment.get_template("report.html").render(
        _values(report, report.page),
        report=report,
        script=script,
        script_hash=f"sha256-{digest}",
        style=(_TEMPLATES / "style.css").read_text(encoding="utf-8"),
    )
    return _UNSEEN.sub("\ufffd", page)


def _values(report: CoverageReport, page: Page) -> dict[str, Any]:
    """All that the templates know by name. `parts`: key, which is the id and the template of a part -> what it shows."""
    asked = bool(page.groups and page.points[-1].sightings)
    return {
        "page": page,
        "asked": asked,
        "parts": _parts(report, page, asked=asked) if page.groups else {},
        **sections.header(report, page),
    }


def _parts(report: CoverageReport, page: Page, *, asked: bool) -> dict[str, Any]:
    parts = {
        "growth": sections.growth(page) if asked else {},
        "gaps": sections.gaps(page) if asked else None,
        "map": sections.heat(page) if asked else None,
        "groups": sections.groups(page),
        "list": people.reference(report.reference) if report.reference else None,
        "two-runs": people.comparison(report.compare) if report.compare else None,
        "diversity": people.diversity(report.diversity, page),
        "runs": people.runs(page),
        "meaning": {},
    }
    return {key: part for key, part in parts.items() if part is not None}
