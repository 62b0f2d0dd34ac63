"""The explorer as one file, in a real browser."""

import json

import pytest
from playwright.sync_api import Browser, expect

from graphstore.store import Write
from tests.cli.expanding import Field
from tests.cli.in_browser import into, read
from tests.console import Console
from tests.contract.graphs import persona

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def test_one_file_to_send(either: Field, request: pytest.FixtureRequest, browser: Browser) -> None:
    evil = "</script><script>window.hit=1</script><!--"
    into(
        either,
        request,
        Write("persona", [persona("evil", 1, role=evil)]),
        Write("in_domain", [{"persona": "evil", "domain": "care", "by": "x"}]),
    )
    done = either.work.run("--json", "explore", "--export", "page.html", env=either.store)
    assert done.json == {"file": "page.html", "personas": 9, "of": 9}
    with read(browser, either.work.directory / "page.html") as page:
        expect(page.locator("main h1")).to_have_text("9 personas in 4 groups")
        assert "with 9 of 9 personas" in page.inner_text("#state")
        page.locator("tbody a", has_text="Health").click()
        page.locator(".people a", has_text=evil).click()
        expect(page.locator("main h1")).to_have_text(evil)
        page.fill("#search input[type=search]", "GUEST")
        page.keyboard.press("Enter")
        page.locator(".people a", has_text="guest").click()
        assert page.inner_text("mark") == "The pier is closed"
        page.locator("nav a", has_text="What is missing").click()
        expect(page.locator("main h1")).to_have_text("What is missing")
        page.evaluate("location.hash = '#/persona?id=patient2'")  # a duplicate: only its survivor is in the file
        page.locator("[role=alert]").wait_for()
        assert "holds only a sample" in page.inner_text("[role=alert]")
        assert page.evaluate("window.hit") is None
        assert page.evaluate("document.scrollingElement.scrollWidth") <= 400


def test_one_file_of_many(work: Console, browser: Browser) -> None:
    rows = [{"persona": f"A nurse of ward {n}", "role": f"nurse {n}", "domain": f"d{n % 9}"} for n in range(400)]
    work.run("import", work.write("a.jsonl", "".join(json.dumps(row) + "\n" for row in rows)))
    done = work.run("explore", "--export", "page.html")
    assert "a sample of 300 of the 400 personas" in done.err
    with read(browser, work.directory / "page.html") as page:
        assert "a sample of 300 of 400 personas" in page.inner_text("#state")
        assert "400 personas in 9 groups" in page.inner_text("main h1")
