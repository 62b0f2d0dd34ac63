"""The HTML report in a real browser: what it says, that it asks for nothing, that it can be read on a phone."""

import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from graphstore.server import local
from graphstore.store import Write
from tests.cli.expanding import Field
from tests.cli.in_browser import CONTRAST, HOSTILE
from tests.console import Console
from tests.fakes import world
from tests.fakes.server import FakeServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

SECTIONS = ["growth", "gaps", "map", "groups", "diversity", "runs", "meaning"]


@dataclass
class Opened:
    page: Page
    said: list[str]  # on the console, errors of scripts, dialogs
    asked: list[str]  # addresses other than the file's own


@contextmanager
def opened(browser: Browser, file: Path, width: int = 1280, scheme: Any = "light") -> Iterator[Opened]:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    report = Opened(page, [], [])
    page.on("console", lambda message: report.said.append(message.text))
    page.on("pageerror", lambda error: report.said.append(str(error)))
    page.on("dialog", lambda dialog: report.said.append(dialog.message))
    page.on("request", lambda request: report.asked.append(request.url) if request.url != file.as_uri() else None)
    page.goto(file.as_uri())
    yield report
    context.close()


def checked(browser: Browser, file: Path, sections: list[str]) -> None:
    """What holds of every report, at three widths, in light and dark."""
    for width in (1280, 768, 400):
        for scheme in ("light", "dark"):
            with opened(browser, file, width, scheme) as report:
                page = report.page
                assert page.evaluate("document.scrollingElement.scrollWidth") <= width
                assert (
                    page.evaluate("[...document.querySelectorAll('section')].map(s => s.id).filter(Boolean)")
                    == sections
                )
                page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
                assert page.evaluate("document.scrollingElement.scrollWidth") <= width
                assert page.evaluate(CONTRAST) == []
                assert report.said == []
                assert report.asked == []
    with opened(browser, file) as report:
        assert report.page.evaluate(STRUCTURE) == []


# What a keyboard or a screen reader would stumble over.
STRUCTURE = """() => {
  const bad = [], all = (selector) => [...document.querySelectorAll(selector)];
  if (document.documentElement.lang !== 'en' || all('h1').length !== 1 || all('main').length !== 1) bad.push('page');
  for (const svg of all('svg')) for (const id of (svg.getAttribute('aria-labelledby') || 'none').split(' '))
    if (!svg.querySelector('#' + id)?.textContent) bad.push('svg without ' + id);
  for (const table of all('table')) {
    if (!table.caption?.textContent.trim()) bad.push('table without a caption');
    for (const row of table.tBodies[0].rows) if (row.cells[0].scope !== 'row') bad.push('row without a head');
    for (const cell of table.tHead.rows[0].cells)
      if (cell.tagName === 'TH' && cell.scope !== 'col') bad.push('column without a head');
  }
  for (const section of all('section[aria-labelledby]'))
    if (!document.getElementById(section.getAttribute('aria-labelledby'))) bad.push('section without a name');
  for (const link of all('a')) if (!document.querySelector(link.getAttribute('href'))) bad.push('link to nowhere');
  for (const box of all('.wide')) if (box.tabIndex !== 0 || !box.getAttribute('aria-label')) bad.push('box no key can scroll');
  const ids = all('[id]').map(e => e.id);
  if (new Set(ids).size !== ids.length) bad.push('an id twice');
  return bad;
}"""


@pytest.fixture
def grown(work: Console) -> Field:
    """A population of two runs, one with failed calls."""
    field = Field(work, {})
    field.seed(20)
    with FakeServer(answer=world.answer) as model:
        field.expand(model, "--calls", "25")
    with FakeServer(answer=world.answer, faults=[{"kind": "wrong_schema", "rate": 0.3}]) as model:
        field.expand(model, "--calls", "15", "--strategy", "random", code=None)
    return field


def test_a_report_has_all_its_parts(grown: Field, browser: Browser) -> None:
    work = grown.work
    work.write("list.csv", "title,code\nrole00001,1\ndistrict nurse,2\n")
    with FakeServer(answer=world.answer) as model:
        work.run("coverage", "-o", "report.html", "--reference", "list.csv", "--compare", "last~1", "last",
                 env=grown.env(model))  # fmt: skip
        shown = work.run("--json", "coverage", env=grown.env(model)).json
    role = next(row for row in shown["overall"] if row["resolution"] == "role")
    file = work.directory / "report.html"
    checked(browser, file, ["growth", "gaps", "map", "groups", "list", "two-runs", "diversity", "runs", "meaning"])
    with opened(browser, file) as report:
        text = report.page.inner_text("body")
        assert f"{100 * role['coverage']:.1f}".removesuffix(".0") in text
        assert f"{role['distinct']:,}" in text
        assert "It is not coverage of people" in text
        assert shown["rows"][0]["group"] in report.page.inner_text("#groups tbody tr:first-child th")
        assert "when " in report.page.inner_text("#gaps")
        assert report.page.locator("#runs tbody tr").count() == 3
        assert "per call" in report.page.locator("#runs").inner_html()
        report.page.locator("#gaps summary").first.click()
        assert report.page.locator("#gaps .cmd button").first.is_visible()


def test_nothing_that_a_model_or_a_file_says_is_markup(work: Console, browser: Browser) -> None:
    rows = [
        {"persona": f"A nurse {number} {HOSTILE}", "role": f"r{number} {HOSTILE}"[:90], "domain": HOSTILE}
        for number in range(3)
    ]
    work.run("import", work.write("a.jsonl", "".join(json.dumps(row) + "\n" for row in rows)))
    people = [row["id"] for row in work.rows()]
    with local.connect(work.directory / ".pgraph" / "store", heap="512m", idle=120) as store:
        store.write(
            Write("run", [{"id": "r<b>", "props": {"command": HOSTILE, "model": HOSTILE, "plan_context": HOSTILE}}]),
            Write("derived_from", [
                {"persona": one, "source": people[0], "call": "c", "props": {"relation": HOSTILE, "run": "r<b>"}} for one in people
            ]),
        )  # fmt: skip
    work.write("list.csv", f'label,code\n"{HOSTILE.replace(chr(34), chr(34) * 2)}","<b>"\n')
    with FakeServer() as model:
        env = Field(work, {}).env(model)
        work.run("coverage", "-o", "report.html", "--reference", "list.csv", "--compare", "last", "last~1", env=env)
    file = work.directory / "report.html"
    checked(browser, file, [*SECTIONS[:4], "list", "two-runs", *SECTIONS[4:]])
    with opened(browser, file) as report:
        assert report.page.evaluate("window.hit") is None
        assert report.page.locator("img, main script, main style").count() == 0
        assert '<img src=x onerror="window.hit=1">' in report.page.inner_text("#groups")
        assert report.page.title() == "Coverage of personas"


def test_an_empty_graph_says_what_to_do(work: Console, browser: Browser) -> None:
    work.run("coverage", "-o", "report.html")
    checked(browser, work.directory / "report.html", [])
    with opened(browser, work.directory / "report.html") as report:
        assert "pgraph import FILE" in report.page.inner_text("main")


@pytest.mark.parametrize("count", [1, 40])
def test_a_graph_that_was_only_imported(work: Console, browser: Browser, count: int) -> None:
    work.run("import", work.write("a.txt", "".join(f"A nurse of ward {n}, who keeps {n} bees\n" for n in range(count))))
    with FakeServer() as model:
        work.run("coverage", "-o", "report.html", env=Field(work, {}).env(model))
    checked(browser, work.directory / "report.html", [name for name in SECTIONS if name not in ("gaps", "map")])
    with opened(browser, work.directory / "report.html") as report:
        assert "No model has been asked yet" in report.page.inner_text("h1")


def test_a_report_without_an_embedding_model_says_so(work: Console, browser: Browser) -> None:
    work.run("import", work.write("a.txt", "A nurse who keeps bees\n"))
    done = work.run("coverage", "-o", "report.html", env={"PGRAPH_EMBEDDING_URL": "http://127.0.0.1:9/v1"})
    assert "Diversity is left out" in done.err
    with opened(browser, work.directory / "report.html") as report:
        assert "Not measured" in report.page.inner_text("#diversity")


def test_a_large_graph(work: Console, browser: Browser) -> None:
    """500 groups, 24 relationships: the page stays small and says what it leaves out."""
    with local.connect(work.directory / ".pgraph" / "store", heap="512m", idle=120) as store:
        for write in large(random.Random(1)):
            store.write(write)
    with FakeServer() as model:
        work.run("coverage", "-o", "report.html", env=Field(work, {}).env(model))
    file = work.directory / "report.html"
    assert file.stat().st_size < 300_000
    checked(browser, file, SECTIONS)
    with opened(browser, file) as report:
        assert "the 25 least covered of 500 groups" in report.page.inner_text("#map")
        assert "470 more groups" in report.page.inner_text("#groups")
        assert report.page.locator("#map tbody td").count() == 25 * 25


def large(chance: random.Random) -> Iterator[Write]:
    kinds = [f"relationship-of-kind-{number}" for number in range(24)]
    groups, people = range(500), range(3000)
    yield Write("run", [{"id": "r", "props": {"command": "expand", "started": "2026-01-01T00:00:00Z"}}])
    yield Write(
        "group",
        [{"id": f"g{n}", "props": {"label": f"group of many different trades {n}", "level": 1}} for n in groups],
    )
    yield Write("domain", [{"id": f"d{n}", "name": f"d{n}", "label": f"d{n}"} for n in groups])
    yield Write("in_group", [{"domain": f"d{n}", "group": f"g{n}", "by": "own"} for n in groups])
    yield Write("persona", [
        {"id": f"p{n:05}", "depth": 1, "props": {"text": f"A person of kind {n} and of a trade", "role": f"role {int(n ** 0.9)}"}}
        for n in people
    ])  # fmt: skip
    yield Write("in_domain", [{"persona": f"p{n:05}", "domain": f"d{n % 500}", "by": "x"} for n in people])
    yield Write("derived_from", [
        {"persona": f"p{n:05}", "source": f"p{chance.randrange(n + 1):05}", "call": f"c{n}",
         "props": {"relation": chance.choice(kinds), "run": "r", "at": f"2026-01-01T00:00:{n % 60:02}Z"}}
        for n in people
    ])  # fmt: skip


def test_the_curves_end_where_the_numbers_are(grown: Field, browser: Browser) -> None:
    with FakeServer() as model:
        grown.work.run("coverage", "-o", "report.html", env=grown.env(model))
        shown = grown.work.run("--json", "coverage", "--by", "overall", env=grown.env(model)).json["overall"]
    role = next(row for row in shown if row["resolution"] == "role")
    with opened(browser, grown.work.directory / "report.html") as report:
        rows: list[list[str]] = report.page.evaluate(
            "[...document.querySelectorAll('#growth tbody tr')].map(r => [...r.cells].map(c => c.textContent))"
        )
        seen = [row for row in rows if "expected" not in row[0]]
    assert seen[-1][:2] == [f"{role['sightings']:,}", f"{role['distinct']:,}"]
    assert seen[-1][2].startswith(f"{100 * role['coverage']:.1f}".removesuffix(".0"))
    ahead = [int(row[0].split()[0].replace(",", "")) for row in rows if "expected" in row[0]]
    assert all(role["sightings"] < n <= 2 * role["sightings"] for n in ahead)
