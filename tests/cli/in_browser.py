"""Pages in a real browser: what the tests of several of them use. The fixtures are in conftest.py."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from graphstore.server import local
from graphstore.store import Write
from tests.cli.expanding import Field
from tests.cli.exploring import Explorer
from tests.console import Console
from tests.contract.graphs import ASKED, SMALL, about, persona

expect.set_options(timeout=30_000)  # a first query of a cold server, beside other tests

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip
HOSTILE = (
    '<img src=x onerror="window.hit=1"><script>window.hit=1</script></script></style></title>${body} $title \u202egnp'
)
CONTRAST = """() => {
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const known = new Map(), rgba = (colour) => {
    if (!known.has(colour)) { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
      known.set(colour, canvas.getImageData(0, 0, 1, 1).data); }
    return known.get(colour); };
  const light = (c) => [0.2126, 0.7152, 0.0722].reduce((sum, weight, i) => {
    const v = c[i] / 255; return sum + weight * (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); }, 0);
  const behind = (element) => { for (let e = element; e; e = e.parentElement) {
    const c = rgba(getComputedStyle(e).backgroundColor); if (c[3] === 255) return c; } return [255, 255, 255]; };
  const bad = new Set();
  for (const element of document.body.querySelectorAll('*')) {
    const own = [...element.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
    if (!own || ['SCRIPT', 'title', 'desc'].includes(element.tagName) || !element.getClientRects().length) continue;
    const [a, b] = [light(rgba(getComputedStyle(element).color)), light(behind(element))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) bad.add(`${element.tagName}.${element.className}: ${((a + 0.05) / (b + 0.05)).toFixed(2)}`);
  }
  return [...bad];
}"""
NAMELESS = """() => {
  const bad = [], all = (selector) => [...document.querySelectorAll(selector)];
  for (const one of all('input, select, button, a, svg'))
    if (!(one.getAttribute('aria-label') || one.labels?.length || one.textContent.trim())) bad.push(one.outerHTML);
  for (const one of all('table')) if (!one.caption?.textContent.trim()) bad.push('table');
  for (const one of all('.wide')) if (one.tabIndex !== 0 || !one.getAttribute('aria-label')) bad.push('box no key can scroll');
  if (all('h1').length !== 1 || all('main').length !== 1) bad.push('page');
  const levels = all('h1, h2, h3').map(one => Number(one.tagName[1]));
  for (const [place, level] of levels.entries()) if (level > (levels[place - 1] ?? 0) + 1) bad.push(`a heading of level ${level}`);
  const ids = all('[id]').map(one => one.id);
  if (new Set(ids).size !== ids.length) bad.push('an id twice');
  return bad;
}"""
GO = """address => {
  document.querySelector('main').replaceChildren();
  if (location.hash === address) dispatchEvent(new HashChangeEvent('hashchange'));
  else location.hash = address;
}"""


AXE = files("axe_playwright_python") / "axe.min.js"
BARRIERS = """async () => {
  const {violations} = await axe.run(document, {resultTypes: ['violations'], preload: false});
  return violations.filter(one => ['serious', 'critical'].includes(one.impact)).flatMap(
    one => one.nodes.map(node => `${one.id}: ${node.failureSummary} ${node.html}`));
}"""


@dataclass
class Opened:
    page: Page
    said: list[str]  # on the console, errors of scripts, dialogs
    asked: list[str]  # addresses of other servers

    def view(self, address: str) -> str:
        """Go there within the page; the heading that it shows."""
        self.page.evaluate(GO, address)
        return self.page.locator("main h1").inner_text()

    def barriers(self) -> list[str]:
        """What axe-core finds that keeps somebody out. It goes in by the debugger, which the page's policy does not bind."""
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(AXE.read_text(encoding="utf-8"))
        found: list[str] = self.page.evaluate(BARRIERS)
        return found


@contextmanager
def opened(
    browser: Browser, running: Explorer, width: int = 1280, scheme: Any = "light", *, counted: bool = True
) -> Iterator[Opened]:
    """The page by its link; at the end: nothing was said on the console, nobody else was asked.

    `counted`: opened when the overview is there; else it is drawn anew meanwhile, which moves what is to be clicked.
    """
    if counted:
        running.survey()
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    found = Opened(page, [], [])
    own = f"http://127.0.0.1:{running.port}/"
    page.on("console", lambda message: found.said.append(message.text))
    page.on("pageerror", lambda error: found.said.append(str(error)))
    page.on("dialog", lambda dialog: found.said.append(dialog.message))
    page.on(
        "request", lambda request: None if request.url.startswith((own, "data:")) else found.asked.append(request.url)
    )
    page.goto(running.link)
    page.locator("main h1").wait_for()
    yield found
    assert (found.said, found.asked) == ([], [])
    context.close()


@contextmanager
def read(browser: Browser, file: Path) -> Iterator[Page]:
    """A page sent as one file; at the end: nothing was said on the console, nothing was loaded."""
    context = browser.new_context(viewport={"width": 400, "height": 900})
    page, told = context.new_page(), list[str]()
    page.on("console", lambda message: told.append(message.text))
    page.on("pageerror", lambda error: told.append(str(error)))
    page.on("request", lambda request: told.append(request.url) if request.url != file.as_uri() else None)
    page.goto(file.as_uri())
    page.locator("main h1").wait_for()
    yield page
    assert told == []
    context.close()


def write(work: Console, *writes: Write) -> None:
    with local.connect(work.directory / ".pgraph" / "store", heap="512m", idle=120) as store:
        store.write(*writes)


MORE = [
    *SMALL, *ASKED,
    Write("persona", [persona("pilot", role="pilot"), persona("guest", 1, role="guest")]),
    Write("derived_from_text", [about("pilot", "notice", "t1", "read", evidence="the PIER is closed")]),
    Write("derived_from", [{"persona": "guest", "source": "pilot", "call": "t2", "props": {"relation": "guest"}}]),
]  # fmt: skip


def into(field: Field, request: pytest.FixtureRequest, *writes: Write) -> None:
    if field.store:
        request.getfixturevalue("neo4j_store").write(*writes)
    else:
        write(field.work, *writes)
