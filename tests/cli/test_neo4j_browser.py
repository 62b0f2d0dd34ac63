"""Neo4j Browser (the classic one, as Maven has it) in a real Chromium: a query by link, the style, the guide, the favourites."""

import base64
import html
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml
from playwright.sync_api import Locator, Page, Route, expect, sync_playwright
from playwright.sync_api import TimeoutError as NotInTimeError

import cypher
from graphstore.server.bolt import BoltStore
from pgraph.app.browser_guide import SLIDES, STYLE, guide
from tests.cli.exploring import linked
from tests.cli.in_browser import FLAGS
from tests.console import ROOT, Console
from tests.contract.graphs import ASKED, SMALL
from tests.neo4j_server import Neo4jServer, neo4j_server

EDITOR = "[data-testid=activeEditor]"
CIRCLE = "svg g.node circle.b-outline"
HERE = ("127.0.0.1", "localhost")
BLOCKED = (
    "Failed to load resource: net::ERR_FAILED"  # the Browser asks other hosts for fonts and news, and is kept from it
)
DROP = """zipped => {
  const bytes = Uint8Array.from(atob(zipped), letter => letter.charCodeAt(0)), carried = new DataTransfer();
  carried.items.add(new File([bytes], 'queries.zip', {type: 'application/zip'}));
  for (const kind of ['dragenter', 'dragover', 'drop'])
    document.querySelector('[data-testid=main]').dispatchEvent(
      new DragEvent(kind, {bubbles: true, cancelable: true, dataTransfer: carried}));
}"""

KEPT = (
    "text => Object.values(localStorage).some(kept => kept.includes(text))"  # it is written some time after it is shown
)


@dataclass
class Opened:
    page: Page
    said: list[str]  # on the console, and errors of scripts
    asked: set[str]  # hosts that are not this machine

    def press(self, thing: Locator) -> None:
        """A click that reaches the thing wherever it is by then: frames come and move what lies below them."""
        thing.wait_for()
        thing.dispatch_event("click")

    def run(self) -> None:
        self.press(self.page.get_by_test_id("editor-Run"))

    def enter(self, box: str) -> None:
        """Click a grey box of the guide: it comes into the editor; run it."""
        self.press(self.page.locator("pre.runnable:visible", has_text=box))
        expect(self.page.locator(EDITOR)).to_contain_text(re.compile(re.escape(box[:20]).replace(r"\ ", r"\s")))
        self.run()

    def enter_first(self, guide_link: str, slide: int, box: str, sign: Locator) -> None:
        """Open the guide at a slide and enter the first box, until its `sign` is there.

        The page connects in its own time, or not at all: what is run before that is refused.
        """
        for seconds in (1, 3, 9, 27):
            self.page.goto(guide_link)
            self.press(self.page.get_by_test_id("carousel").locator("li").nth(slide))
            expect(self.page.get_by_role("heading", name=SLIDES[slide].title)).to_be_visible()
            self.page.wait_for_timeout(1000 * seconds)
            self.enter(box)
            with suppress(NotInTimeError):
                sign.first.wait_for(timeout=10_000)
                return
        pytest.fail(
            f"{box} shows nothing; the page: {self.page.get_by_test_id('main').inner_text()[:3000]} {self.said}"
        )

    def run_link(self, link: str, text: str) -> None:
        """Open a link in a page that connects in its own time: what is run before that is refused, and leaves the editor."""
        for seconds in (1, 3, 9, 27):
            self.page.goto(link)
            expect(self.page.locator(EDITOR)).to_contain_text(text)
            self.page.wait_for_timeout(1000 * seconds)
            self.run()
            with suppress(NotInTimeError):
                self.page.locator(CIRCLE).first.wait_for(timeout=10_000)
                return
        pytest.fail(
            f"{text} draws nothing; the page: {self.page.get_by_test_id('main').inner_text()[:3000]} {self.said}"
        )

    def drawn(self) -> list[str]:
        """The colours of the nodes in the newest frame."""
        self.page.locator(CIRCLE).first.wait_for()
        frame = self.page.get_by_test_id("frame").first.locator(CIRCLE)
        return sorted(str(circle.get_attribute("fill")).lower() for circle in frame.all())


@contextmanager
def opened(chromium: str, link: str) -> Iterator[Opened]:
    with sync_playwright() as driver, driver.chromium.launch(executable_path=chromium, args=FLAGS) as browser:
        context = browser.new_context(viewport={"width": 1400, "height": 1000})
        page = context.new_page()
        found = Opened(page, [], set())

        def guard(route: Route) -> None:
            at = urlsplit(route.request.url)
            if at.scheme in {"data", "blob"} or at.hostname in HERE:
                route.continue_()
            else:
                found.asked.add(at.hostname or "")
                route.abort()

        context.route("**/*", guard)
        page.on("console", lambda message: found.said.append(message.text))
        page.on("pageerror", lambda error: found.said.append(str(error)))
        page.goto(link)
        yield found


def colours() -> dict[str, str]:
    """Of each label, as the style says."""
    return dict(re.findall(r"node\.(\w+) \{[^}]*?\n  color: (#\w+);", STYLE.read_text(encoding="utf-8")))


@pytest.fixture
def env(neo4j: Neo4jServer, neo4j_store: BoltStore) -> dict[str, str]:
    if not neo4j.http:
        pytest.skip("where the Browser of this Neo4j is, is not known")
    neo4j_store.write(*SMALL, *ASKED)
    return {
        "PGRAPH_STORE": neo4j.uri,
        "PGRAPH_STORE_USER": neo4j.user,
        "PGRAPH_STORE_PASSWORD": neo4j.password,
        "PGRAPH_STORE_BROWSER": neo4j.http,
    }


@pytest.mark.browser
@pytest.mark.neo4j
@pytest.mark.timeout(300)
def test_a_walk_through_neo4j_browser(work: Console, env: dict[str, str], chromium: str) -> None:
    link = work.run("query", "picture_neighbours", "--param", "id=nurse", "--link", env=env).out.strip()
    kinds = ["Persona"] * 3 + ["Question"] * 2 + ["Knowledge", "Domain"]
    with linked(work, "query", "--guide", env=env) as (guide_link, _), opened(chromium, link) as found:
        page = found.page
        assert page.get_by_test_id("username").first.input_value() == env["PGRAPH_STORE_USER"]
        page.get_by_test_id("password").first.fill(env["PGRAPH_STORE_PASSWORD"])
        page.get_by_test_id("connect").first.click()
        page.get_by_test_id("frameCommand").filter(has_text=":play start").wait_for()
        expect(page.locator(EDITOR)).to_contain_text("picture_neighbours")
        found.run()
        plain = found.drawn()
        assert len(plain) == len(kinds)
        assert not {*plain} & {*colours().values()}

        page.goto(guide_link)
        expect(page.get_by_text(f"1 / {len(SLIDES)}")).to_be_visible()
        found.enter(":style")
        page.get_by_text("node.Persona").first.wait_for()
        page.wait_for_function(KEPT, arg=colours()["Persona"])
        found.enter_first(guide_link, 4, ":param", page.get_by_text("Successfully set your parameters"))
        found.enter("// picture_way_to_seed")
        assert found.drawn() == [colours()["Persona"]] * 3

        found.run_link(link, "picture_neighbours")
        assert found.drawn() == sorted(colours()[kind] for kind in kinds)

        files = parse_qs(urlsplit(guide_link).query)["arg"][0].replace("guide.html", "queries.zip")
        with urllib.request.urlopen(files) as answer:
            page.evaluate(DROP, base64.b64encode(answer.read()).decode())
        found.press(page.get_by_test_id("navigationFavorites"))
        found.press(page.get_by_text("pgraph", exact=True))
        for name in cypher.names("queries"):
            expect(page.get_by_text(name, exact=True).first).to_be_visible()
        assert {*found.said} <= {BLOCKED}
        print("other hosts that the Browser asked for, and did not get:", sorted(found.asked))


@pytest.mark.browser
@pytest.mark.neo4j
@pytest.mark.timeout(300)
def test_with_docker_it_opens_with_style_and_guide(work: Console, neo4j: Neo4jServer, chromium: str) -> None:
    """The settings of docker/compose.yml, in a server of their own: it knows them, and its Browser does as they say."""
    if not neo4j.http:
        pytest.skip("where the Browser of this Neo4j is, is not known")
    services = yaml.safe_load((ROOT / "docker" / "compose.yml").read_text(encoding="utf-8"))["services"]
    given = {name: as_it_comes(str(value)) for name, value in services["neo4j"]["environment"].items()}
    asked = list(map(as_it_comes, services["guide"]["command"]))
    assert asked[asked.index("--port") + 1] == "7476"
    asked[asked.index("--port") + 1] = "0"
    with linked(work, "--store", "bolt://neo4j:7687", *asked) as (guide_link, _):
        here = parse_qs(urlsplit(guide_link).query)["arg"][0].removesuffix("/guide.html")
        more = "".join(f"{setting(name)}={value}\n" for name, value in given.items() if name != "NEO4J_AUTH")
        more = more.replace("http://localhost:7476", here)
        assert more.count(here) == 2
        with neo4j_server(neo4j.version, more) as server, opened(chromium, f"{server.http}/browser/") as found:
            page = found.page
            page.get_by_test_id("boltaddress").first.fill(server.uri)
            page.get_by_test_id("username").first.fill(server.user)
            page.get_by_test_id("password").first.fill(server.password)
            page.get_by_test_id("connect").first.click()
            expect(page.get_by_text(f"1 / {len(SLIDES)}")).to_be_visible()
            page.wait_for_function(KEPT, arg=colours()["Persona"])


def as_it_comes(value: str) -> str:
    """Each variable as it is where nobody sets it."""
    return re.sub(r"\$\{\w+:-(.*?)\}", r"\1", value)


def setting(name: str) -> str:
    """As the image of Neo4j reads the name of a variable."""
    return name.removeprefix("NEO4J_").replace("__", "\0").replace("_", ".").replace("\0", "_")


def test_the_guide_is_handed_out_to_any_page_and_nothing_else_is(work: Console) -> None:
    wrong = work.run("--store", "bolt://h", "query", "--guide", "--host", "192.0.2.1", code=2)
    assert "--host needs an address of this machine" in wrong.err
    with linked(work, "--store", "bolt://h", "query", "--guide", "--host", "0.0.0.0") as (link, _):
        address = parse_qs(urlsplit(link).query)["arg"][0]
        assert urlsplit(address).hostname == "localhost"  # a host that Neo4j allows without being set up for it
        with urllib.request.urlopen(address) as answer:
            assert answer.headers["Access-Control-Allow-Origin"] == "*"
            assert answer.read().decode() == guide(address.removesuffix("/guide.html"))
        for other in ("", "settings", "../pgraph.toml"):
            with pytest.raises(urllib.error.HTTPError, match="404"):
                urllib.request.urlopen(address.replace("guide.html", other))


def test_every_box_of_the_guide_runs(store: BoltStore, subtests: pytest.Subtests) -> None:
    store.write(*SMALL, *ASKED)
    taken: dict[str, object] = {}
    boxes = [html.unescape(box) for box in re.findall(r"<pre[^>]*>(.*?)</pre>", guide("http://x"), re.DOTALL)]
    assert len(boxes) == sum(len(slide.queries) for slide in SLIDES)
    for box in boxes[1:]:
        with subtests.test(box.splitlines()[0]):
            if box.startswith(":param"):
                inner = re.fullmatch(r":param \[\{id\}\] => \{ (.*) \}", box)
                assert inner
                taken = next(store.stream(inner[1], {}))
            else:
                assert list(store.stream(box, taken)) or "without" in box or "origin" in box
    assert taken == {"id": "q1"}
