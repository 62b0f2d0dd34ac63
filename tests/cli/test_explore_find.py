"""The explorer's page in a real browser: filters, search by meaning, what is taken out."""

import json
import re
import shutil
from itertools import count
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from graphstore.store import Write
from tests.cli.expanding import Field
from tests.cli.exploring import explorer
from tests.cli.in_browser import opened, read, write
from tests.console import Console
from tests.contract.graphs import persona
from tests.fakes.server import FakeServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def test_filters_hold_for_the_map_a_group_and_a_search(small: Console, browser: Browser) -> None:
    with explorer(small) as running, opened(browser, running) as found:
        page = found.page
        page.locator("#filters summary").click()
        page.get_by_label("Hops from a seed").focus()
        page.get_by_label("Hops from a seed").select_option("1")
        expect(page.locator("#filters [role=status]")).to_contain_text("Only personas 1 hop from a seed.")
        expect(page.locator("tbody th")).to_have_count(3)
        assert sorted(page.locator("tbody th").all_inner_texts()) == ["(no domain)", "Health", "Trade"]
        assert page.locator(".map .off").get_attribute("data-id") == "land"
        assert page.get_by_label("Hops from a seed").evaluate("one => one === document.activeElement")
        page.locator("tbody a", has_text="Health").click()
        expect(page.locator("main h1")).to_have_text("Health")
        assert page.locator(".people h3").all_inner_texts() == ["patient"]
        page.fill("#search input[type=search]", "text")
        page.keyboard.press("Enter")
        expect(page.locator("main h1")).to_have_text("Search")
        assert sorted(page.locator(".people h2").all_inner_texts()) == ["guest", "patient", "patient", "supplier"]
        page.get_by_label("New in run").select_option("r2")
        expect(page.locator(".people h2")).to_have_count(3)
        assert "1 hop from a seed, new in the run r2 (expand · m · 2026-01-03)" in page.inner_text("#filters")
        address = page.url
        assert {"words=text", "depth=1", "run=r2"} == set(address.partition("?")[2].split("&"))
        with opened(browser, running) as other:  # a link to it
            other.page.goto(address)
            expect(other.page.locator(".people h2")).to_have_count(3)
            assert other.page.get_by_label("New in run").input_value() == "r2"
            assert other.barriers() == []
        page.locator("nav a", has_text="Groups").click()
        expect(page.locator("main h1")).to_contain_text("groups")
        assert "depth=1" in page.url
        page.locator("#filters button", has_text="Clear all").click()
        expect(page.locator("tbody th")).to_have_count(4)
        assert page.url.endswith("#/")
        assert page.inner_text("#filters [role=status]") == ""


def test_filters_by_coverage_score_language_and_relationship(small: Console, browser: Browser) -> None:
    speaker = persona("speaker", role="speaker", language="hi", score=3.5)
    write(
        small, Write("persona", [speaker]), Write("in_domain", [{"persona": "speaker", "domain": "trade", "by": "x"}])
    )
    with explorer(small) as running, opened(browser, running) as found:
        page = found.page
        page.locator("#filters summary").click()
        rows = {row["label"]: row["coverage"] for row in running.survey()["regions"]}
        page.get_by_label("Groups with coverage below (%)").fill("100")
        page.keyboard.press("Tab")
        low = sorted(label for label, share in rows.items() if share is not None and share < 1)
        assert low
        expect(page.locator("#filters [role=status]")).to_contain_text("of groups with coverage below 100")
        expect(page.locator("tbody th")).to_have_count(len(low))
        assert sorted(page.locator("tbody th").all_inner_texts()) == low
        page.locator("#filters button", has_text="Clear all").click()
        for label, value, who in (
            ("Score below", "3", ["district nurse"]),
            ("Score at least", "3", ["speaker"]),
            ("Language", "hi", ["speaker"]),
            ("Found along", "driver", ["driver"]),
        ):
            found.view("#/search?words=text")
            control = page.get_by_label(label)
            if label.startswith("Score"):
                control.fill(value)
                control.press("Enter")
            else:
                control.select_option(value)
            expect(page.locator(".people h2")).to_have_text(who)
        found.view("#/search?words=text&least=9&language=xx")
        assert "in the language xx, with a score of at least 9" in page.inner_text("#filters")
        assert page.locator(".people li").count() == 0
        found.view("#/?least=9")
        assert "No group matches the filters." in page.inner_text("main")


def test_filters_in_one_file(small: Console, browser: Browser) -> None:
    small.run("explore", "--export", "page.html")
    with read(browser, small.directory / "page.html") as page:
        page.locator("#filters summary").click()
        page.get_by_label("Hops from a seed").select_option("1")
        expect(page.locator("tbody th")).to_have_count(3)
        page.locator("tbody a", has_text="Trade").click()
        expect(page.locator("main h1")).to_have_text("Trade")
        assert page.locator(".people h3").all_inner_texts() == ["supplier"]
        page.get_by_label("Found along").select_option("driver")
        expect(page.locator(".people li")).to_have_count(0)
        page.fill("#search input[type=search]", "text")
        page.keyboard.press("Enter")
        expect(page.locator("main h1")).to_have_text("Search")
        page.locator("#filters button", has_text="Clear all").click()
        expect(page.locator(".people h2")).to_have_count(8)
        page.get_by_label("New in run").select_option("r1")
        expect(page.locator(".people h2")).to_have_count(3)
        assert page.evaluate("document.scrollingElement.scrollWidth") <= 400


def test_a_search_by_meaning(small: Console, browser: Browser) -> None:
    shutil.rmtree(small.directory / ".pgraph" / "vectors", ignore_errors=True)
    with FakeServer() as model:
        env = Field(small, {}).env(model)
        with explorer(small, env=env) as running, opened(browser, running) as found:
            page = found.page
            page.fill("#search input[type=search]", "text of nurse")
            page.get_by_label("by meaning").check()
            page.keyboard.press("Enter")
            page.locator("[role=alert]").wait_for()
            assert "has no embeddings" in page.inner_text("main")
            assert "pgraph dedup --sweep" in page.inner_text("main")
            found.said.clear()  # the browser's own word on a status of 400
            small.run("dedup", "--sweep", env=env)
            page.locator("#search button").click()
            found.view("#/search?words=text+of+nurse&meaning=1")
            assert page.get_by_label("by meaning").is_checked()
            expect(page.locator(".people h2").first).to_have_text("district nurse")
            assert "similarity 1.00" in page.locator(".people li").first.inner_text()
            assert "nearest to “text of nurse” by meaning (8 of 8 personas" in page.inner_text("main").replace(
                "\n", " "
            )


def test_what_is_saved(small: Console, browser: Browser) -> None:
    with explorer(small) as running, opened(browser, running, scheme="dark") as found:
        page = found.page
        found.view("#/region?id=trade&depth=1")
        page.locator("canvas[aria-label*=' seeds ']").wait_for()  # it comes later, and moves what stands below it
        with page.expect_download() as taken:
            page.locator(".save a", has_text="JSON Lines").click()
        assert taken.value.suggested_filename == "personas-Trade-depth-1.jsonl"
        (row,) = [json.loads(line) for line in Path(taken.value.path()).read_text().splitlines()]
        assert (row["id"], [origin["source"] for origin in row["derived_from"]]) == ("supplier", ["driver", "nurse"])
        found.view("#/?depth=1")
        with page.expect_download() as taken:
            page.locator(".save a", has_text="CSV").click()
        assert len(Path(taken.value.path()).read_text().splitlines()) == 1 + 3
        pictures(page)


def test_a_page_drawn_anew_waits_for_the_finger(small: Console, browser: Browser) -> None:
    """While the graph is counted the page is drawn again and again: a link that is pressed must not go meanwhile."""
    with explorer(small) as running, opened(browser, running) as found:
        page, others = found.page, count(1_000)

        def counting(route: Route) -> None:
            answer = route.fetch().json()
            for row in answer["survey"]["overall"]:
                row["distinct"] = next(others)
            route.fulfill(json={**answer, "counting": True, "seconds": 0})

        page.route("**/api/overview*", counting)
        found.view("#/")
        with page.expect_download() as taken:
            page.locator(".save a", has_text="JSON Lines").hover()
            page.mouse.down()
            told_again(page)
            page.mouse.up()
        assert taken.value.suggested_filename == "personas-all.jsonl"
        expect(page.locator("main h1")).to_contain_text("1,0")  # once it is let go
        page.locator("#filters summary").click()
        page.get_by_label("Hops from a seed").focus()
        told_again(page)
        assert page.get_by_label("Hops from a seed").evaluate("one => one === document.activeElement")
        page.unroute_all(behavior="wait")


def told_again(page: Page) -> None:
    for _ in range(4):  # two for each time that it is drawn
        with page.expect_response("**/api/overview*"):
            pass


def pictures(page: Page) -> None:
    """Both say in words what they show; the SVG needs nothing from outside; the PNG is the SVG drawn."""
    with page.expect_download() as taken:
        page.locator(".save button", has_text="SVG").click()
    assert taken.value.suggested_filename == "pgraph-map.svg"
    drawing = ET.fromstring(Path(taken.value.path()).read_text())
    space = "{http://www.w3.org/2000/svg}"
    texts = [one.text for one in drawing.iter(f"{space}text")]
    assert "Dimmed: groups without personas 1 hop from a seed." in texts
    circles = list(drawing.iter(f"{space}circle"))
    assert len(circles) == 4
    assert all(re.fullmatch(r"none|rgb\(\d+,\d+,\d+\)", one.get("fill", "")) for one in circles)
    assert not [one for one in drawing.iter() if one.get("class") or one.get("style")]
    assert {one.get("opacity") for one in drawing.findall(f"{space}g/{space}g")} == {"1", "0.18"}
    with page.expect_download() as taken:
        page.locator(".save button", has_text="PNG").click()
    assert taken.value.suggested_filename == "pgraph-map.png"
    data = Path(taken.value.path()).read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    size = [int.from_bytes(data[at : at + 4]) for at in (16, 20)]
    assert size == [2 * int(float(drawing.get(name, ""))) for name in ("width", "height")]
    assert len(data) > 10_000  # not an empty sheet


def test_a_picture_from_one_file(small: Console, browser: Browser) -> None:
    small.run("explore", "--export", "page.html")
    with read(browser, small.directory / "page.html") as page:
        page.evaluate("location.hash = '#/?depth=1'")
        page.locator(".map .off").wait_for()
        pictures(page)
        assert page.locator(".save a").count() == 0
