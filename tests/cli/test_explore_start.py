"""An expansion started from the explorer's page, in a real browser."""

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.cli.expanding import Field
from tests.cli.exploring import anybody, explorer
from tests.cli.in_browser import CONTRAST, NAMELESS, opened
from tests.console import Console
from tests.fakes.server import FakeServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def test_an_expansion_from_the_page(field: Field, browser: Browser) -> None:
    """A button at a gap, new personas as they come, the map changed; another tab and a page loaded anew show the same run."""
    field.seed(20)
    with FakeServer(answer=anybody, latency=0.3) as model:
        field.expand(model, "--calls", "20")
        env = field.env(model, {"PGRAPH_AT_ONCE": "1"})
        with explorer(field.work, "--write", env=env) as running, opened(browser, running) as found:
            page = found.page
            before = page.inner_text("main h1")
            circles = page.locator(".map circle").evaluate_all(RADII)
            found.view("#/missing")
            form = page.locator(".offer").first
            assert f"It asks the first model at {model.base_url}." in form.inner_text()
            form.get_by_label("Calls").fill("8")
            command = form.locator("code").inner_text()
            assert command.endswith("--calls 8")
            found.view("#/")
            found.view("#/missing")
            expect(form.get_by_label("Calls")).to_have_value("8")
            expect(form.locator("code")).to_have_text(command)
            form.get_by_role("button", name="Start it").click()
            panel = page.get_by_role("region", name="Expansion")
            expect(panel.locator(".fresh a")).not_to_have_count(0, timeout=60_000)
            expect(panel).to_contain_text("of 8 calls")
            assert page.evaluate("document.activeElement.id") == "run"
            first = panel.locator(".fresh a").last.get_attribute("href")
            for width, scheme in ((1280, "light"), (400, "dark")):
                with opened(browser, running, width, scheme, counted=False) as other:
                    expect(other.page.locator(f".fresh a[href='{first}']")).to_be_visible()
                    assert other.page.evaluate(CONTRAST) == []
                    assert other.page.evaluate(NAMELESS) == []
                    assert other.page.evaluate("document.scrollingElement.scrollWidth") <= width
            page.reload()
            expect(panel.locator(f".fresh a[href='{first}']")).to_be_visible()
            found.view("#/")
            expect(panel).to_contain_text("Stopped by: calls", timeout=60_000)
            expect(page.locator("main h1")).not_to_have_text(before, timeout=30_000)
            assert page.locator(".map circle").evaluate_all(RADII) != circles
            assert panel.locator("code").text_content() == command
            panel.locator(".fresh a").first.click()
            expect(page.locator("main h1")).to_have_text(re.compile("^role"), timeout=30_000)
            panel.get_by_role("button", name="Close").click()
            expect(panel).to_be_hidden()
            page.get_by_label("Calls", exact=True).fill("1")
            page.get_by_role("button", name="Start it").press("Enter")  # what is above it may still come, and move it
            expect(panel).to_contain_text("of 1 calls", timeout=30_000)
            expect(panel).to_contain_text("Stopped by: calls", timeout=60_000)


RADII = "all => all.map(one => one.getAttribute('r'))"


def test_an_expansion_of_a_group_is_stopped_and_what_goes_wrong_is_said(work: Console, browser: Browser) -> None:
    field = Field(work, {})
    field.seed(20)
    with FakeServer(answer=anybody, latency=0.3, key="right") as model:
        env = field.env(model, {"PGRAPH_AT_ONCE": "1"})
        with explorer(work, "--write", env=env) as running, opened(browser, running) as found:
            page = found.page
            page.locator("tbody a").first.click()
            panel, button = page.locator("#run"), page.get_by_role("button", name="Start it")
            button.click()
            expect(panel.get_by_role("alert")).to_contain_text("refuses the API key (401", timeout=60_000)
            model.key = ""
            page.get_by_label("Calls", exact=True).fill("400")
            button.click()
            expect(panel.locator(".calls > li")).not_to_have_count(0, timeout=60_000)
            panel.get_by_role("button", name="Stop").press("Enter")  # each call that comes in moves it
            expect(panel).to_contain_text("Run the same command again to continue", timeout=30_000)
            assert panel.get_by_role("alert").count() == 0


def test_without_write_there_is_nothing_to_press(small: Console, browser: Browser) -> None:
    with explorer(small) as running, opened(browser, running) as found:
        person = found.page.request.get(f"{running.link.partition('?')[0]}api/search?words=nurse").json()["people"][0][
            "id"
        ]
        for view in ("#/missing", "#/region?id=health", f"#/persona?id={person}"):
            found.view(view)
            assert "pgraph expand --from" in (found.page.locator("main").text_content() or "")
            assert found.page.locator(".offer").count() == 0
            assert found.page.locator("#run").is_hidden()
