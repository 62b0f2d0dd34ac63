"""The explorer's page in a real browser: a walk through it, hostile texts, narrow and dark."""

import json
import re

import pytest
from playwright.sync_api import Browser, expect

from graphstore.store import Write
from tests.cli.expanding import Field
from tests.cli.exploring import explorer
from tests.cli.in_browser import CONTRAST, HOSTILE, NAMELESS, opened, write
from tests.console import Console
from tests.contract.graphs import about
from tests.fakes import world
from tests.fakes.server import FakeServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


DOT = """async id => {
  const {placed} = await import('/static/crowd.js');
  const {people, relations} = await (await fetch('/api/crowd?id=health')).json();
  const [x, y] = placed(people, relations).places[people.findIndex(one => one[0] === id)];
  const box = document.querySelector('canvas').getBoundingClientRect(), radius = Math.min(box.width, box.height) / 2 - 34;
  return [box.left + box.width / 2 + x * radius, box.top + box.height / 2 + y * radius];
}"""
INK = """() => {
  const canvas = document.querySelector('canvas'), copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d');
  copy.drawImage(canvas, 0, 0);
  const {data} = copy.getImageData(0, 0, canvas.width, canvas.height);
  let ink = 0;
  for (let at = 0; at < data.length; at += 4) ink += data[at] !== data[0] || data[at + 1] !== data[1] || data[at + 2] !== data[2];
  return ink / (data.length / 4);
}"""


def test_the_people_of_a_group_as_a_picture(either: Field, browser: Browser) -> None:
    with explorer(either.work, env=either.store) as running, opened(browser, running) as found:
        page = found.page
        found.view("#/region?id=health")
        canvas = page.locator("canvas")
        expect(canvas).to_have_attribute("aria-label", re.compile("2 personas: 1 seeds in the middle, 1 rings"))
        canvas.scroll_into_view_if_needed()
        page.wait_for_function(f"({INK})() > 0.003")
        page.mouse.move(*page.evaluate(DOT, "patient"))
        expect(page.locator(".pointed")).to_have_text("patient: 1 hop from a seed, found along patient")
        small_ink = page.evaluate(INK)
        for _ in range(3):
            page.get_by_role("button", name="Larger").click()
        page.wait_for_timeout(400)
        assert page.evaluate(INK) != small_ink
        page.get_by_role("button", name="Whole").click()
        canvas.press("+")
        canvas.press("-")
        page.wait_for_timeout(400)
        page.mouse.click(*page.evaluate(DOT, "nurse"))
        expect(page.locator("main h1")).to_have_text("district nurse")


def test_a_walk(either: Field, browser: Browser) -> None:
    """From the groups to a group, a persona, its seed, and what is missing: by mouse and by keyboard."""
    with explorer(either.work, env=either.store) as running, opened(browser, running, counted=False) as found:
        page = found.page
        expect(page.locator("main h1")).to_have_text("8 personas in 4 groups")
        assert "token" not in page.url
        assert page.locator(".map g.region").count() == 4
        page.locator('.map g.region[data-id="health"]').click()
        expect(page.locator("main h1")).to_have_text("Health")
        assert "What is missing here?" in page.inner_text("main")
        assert "Why? (1 answer)" in page.inner_text("main")
        page.locator(".people a", has_text="patient").press("Enter")
        expect(page.locator("main h1")).to_have_text("patient")
        assert page.evaluate("document.activeElement.id") == "main"
        assert "text of patient" in page.inner_text("main .text")
        assert page.locator(".way li").count() == 2
        assert "the patient of" in page.inner_text(".way")
        assert "Also counts for patient" in page.inner_text("main")
        page.locator(".way a", has_text="district nurse").click()
        expect(page.locator("main h1")).to_have_text("district nurse")
        assert "its patient" in page.inner_text("main")
        page.fill("#search input[type=search]", "guest")
        page.keyboard.press("Enter")
        page.locator(".people a", has_text="guest").click()
        expect(page.locator("main h1")).to_have_text("guest")
        assert page.inner_text("mark") == "The pier is closed"
        page.go_back()
        expect(page.locator("main h1")).to_have_text("Search")
        page.locator("nav a", has_text="What is missing").click()
        expect(page.locator("main h1")).to_have_text("What is missing")
        assert "pgraph expand --from" in page.locator(".gaps .cmd code").first.inner_text()
        page.reload()
        expect(page.locator("main h1")).to_have_text("What is missing")


def test_the_table_is_ordered_and_filtered_and_the_address_keeps_it(small: Console, browser: Browser) -> None:
    with explorer(small) as running, opened(browser, running) as found:
        page = found.page
        page.get_by_label("Order").select_option("name")
        assert page.locator("tbody th").all_inner_texts() == ["(no domain)", "Health", "Land", "Trade"]
        page.get_by_label("Filter groups by their letters").fill("LA")
        assert page.locator("tbody th").all_inner_texts() == ["Land"]
        page.reload()
        expect(page.locator("tbody th")).to_have_text(["Land"])
        page.locator("tbody a").hover()
        assert "Land: 1 personas" in page.inner_text(".pointed")
        assert page.locator(".map .on").get_attribute("data-id") == "land"


def test_more_people_than_a_page_holds(work: Console, browser: Browser) -> None:
    rows = [{"persona": f"A nurse of ward {n}", "role": f"nurse {n}", "domain": "care"} for n in range(70)]
    work.run("import", work.write("a.jsonl", "".join(json.dumps(row) + "\n" for row in rows)))
    with explorer(work) as running, opened(browser, running) as found:
        page = found.page
        assert "No model has been asked yet" in page.inner_text("main")
        page.locator("tbody a").click()
        page.locator("button", has_text="Show more").click()
        page.locator(".people li").nth(69).wait_for()
        assert page.locator(".people li").count() == 70
        assert not page.locator("button", has_text="Show more").is_visible()


LONG = f"{HOSTILE} \u202eright to left\u202c \u05d0\u05d1\u05d2 \U0001f600 " + "w" * 10_000


def test_nothing_in_the_graph_is_markup(work: Console, browser: Browser) -> None:
    """Every text that can come from a model or a file is hostile; every view is opened, at three widths."""
    odd = "p'\"<b>&?#/"
    write(
        work,
        Write("run", [{"id": "r<b>", "props": {"command": HOSTILE, "model": HOSTILE}}]),
        Write("persona", [{"id": odd, "depth": 0, "props": {"text": LONG, "role": HOSTILE, "language": HOSTILE}},
                          {"id": "two", "depth": 1, "props": {"text": LONG}}]),
        Write("domain", [{"id": odd, "name": HOSTILE, "label": HOSTILE}]),
        Write("group", [{"id": odd, "props": {"label": HOSTILE}}]),
        Write("in_domain", [{"persona": one, "domain": odd, "by": "x"} for one in (odd, "two")]),
        Write("in_group", [{"domain": odd, "group": odd, "by": "x"}]),
        Write("text", [{"id": "t", "props": {"text": LONG, "source": HOSTILE, "title": HOSTILE}}]),
        Write("derived_from_text", [about(odd, "t", "c<b>", HOSTILE, evidence=HOSTILE)]),
        Write("derived_from", [{"persona": "two", "source": odd, "call": "c", "props": {"relation": HOSTILE, "run": "r<b>"}}]),
        Write("related_to", [{"source": odd, "persona": "two", "kind": HOSTILE}]),
        Write("duplicate_of", [{"persona": "two", "survivor": odd, "method": HOSTILE, "score": 0.9}]),
        Write("question", [{"id": "q", "props": {"text": HOSTILE}}]),
        Write("asks_about_group", [{"question": "q", "about": odd, "call": "c", "props": {}}]),
        Write("knowledge", [{"id": "k", "question": "q", "props": {"text": LONG}}]),
        Write("distilled_from", [{"knowledge": "k", "persona": odd, "props": {"contribution": HOSTILE}}]),
    )  # fmt: skip
    code = "p%27%22%3Cb%3E%26%3F%23%2F"
    views = ["#/", f"#/region?id={code}", f"#/persona?id={code}", "#/persona?id=two", "#/search?words=%3Cscript%3E", "#/missing",
             "#/region?id=%3Cscript%3E", "#/%3Cimg%20src%3Dx%3E"]  # fmt: skip
    with explorer(work) as running:
        for width in (1280, 768, 400):
            with opened(browser, running, width) as found:
                for view in views:
                    found.view(view)
                    page = found.page
                    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
                    assert page.evaluate("window.hit") is None
                    assert page.locator("img, main script, main style, main b:not([class], [dir])").count() == 0
                    assert page.evaluate("document.scrollingElement.scrollWidth") <= width, view
        with opened(browser, running) as found:
            found.view(f"#/persona?id={code}")
            assert '<img src=x onerror="window.hit=1">' in found.page.inner_text("main h1")
            assert '<img src=x onerror="window.hit=1">' in found.page.inner_text("mark")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_can_be_read(work: Console, browser: Browser, scheme: str) -> None:
    """Enough contrast, no barrier that axe-core knows, and nothing wider than the page, in each view."""
    field = Field(work, {})
    field.seed(20)
    with FakeServer(answer=world.answer) as model:
        field.expand(model, "--calls", "25")
    who = field.personas()[-1]["id"]
    with explorer(work) as running:
        home = running.survey()["regions"][0]["id"]
        for width in (1280, 768, 400):
            with opened(browser, running, width, scheme) as found:
                for view in ("#/missing", f"#/region?id={home}", f"#/persona?id={who}", "#/search?words=a", "#/"):
                    found.view(view)
                    shown = found.page.inner_text("body")
                    assert not [word for word in ("[object", "undefined", "null", "NaN") if word in shown], view
                    assert found.page.evaluate(CONTRAST) == [], view
                    assert found.page.evaluate("document.scrollingElement.scrollWidth") <= width, view
                    assert found.page.evaluate(NAMELESS) == [], view
                    assert found.barriers() == [], view


# Controls without a name for a screen reader, tables without a caption, an id twice, a heading left out.
def test_an_empty_graph_says_what_to_do(work: Console, browser: Browser) -> None:
    with explorer(work) as running, opened(browser, running) as found:
        assert found.barriers() == []
        found.page.evaluate("document.querySelector('#search input[type=search]').removeAttribute('aria-label')")
        found.page.evaluate("document.querySelector('#search input[type=search]').removeAttribute('placeholder')")
        assert [said.split(":")[0] for said in found.barriers()] == ["label"]  # axe-core is at work
        assert found.page.inner_text("main h1") == "No personas yet"
        assert "pgraph import FILE" in found.page.inner_text("main")


def test_a_stopped_explorer_is_told(small: Console, browser: Browser) -> None:
    with explorer(small) as running:
        context = browser.new_context()
        page = context.new_page()
        page.goto(running.link)
        page.locator(".map").wait_for()
    page.evaluate("location.hash = '#/region?id=health'")
    page.locator("[role=alert]").wait_for()
    assert "it has been stopped" in page.inner_text("[role=alert]")
    context.close()
