"""The documentation site, built strictly: all links lead somewhere, and no page asks another host for anything."""

import functools
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.console import ROOT

# what a browser fetches by itself, unlike the href of an `a`
_FETCHED = {"src", "srcset", "data", "poster", "action", "formaction", "background", "xlink:href"}
_NAMES_ONLY = {"canonical", "next", "prev", "index", "search"}


class Page(HTMLParser):
    """What a page fetches, what it links to, and the ids it has."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.ids.add(given.get("id", ""))
        self.fetched += [value for name, value in given.items() if name in _FETCHED]
        self.fetched += re.findall(r"url\(([^)]*)\)", given.get("style", ""))
        if tag == "link" and given.get("rel") not in _NAMES_ONLY:
            self.fetched.append(given["href"])
        elif "href" in given:
            self.links.append(given["href"])


read = functools.cache(Page)


def build(source: Path, target: Path) -> "subprocess.CompletedProcess[str]":
    """As `make site` does."""
    flags = ["--quiet", "--nitpicky", "--fail-on-warning", "--keep-going", "--fresh-env"]
    command = [sys.executable, "-m", "sphinx", *flags, "-d", f"{target}.trees", str(source), str(target)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("docs") / "site"
    done = build(ROOT / "docs", target)
    assert done.returncode == 0, done.stderr
    return target


def is_there(site: Path, page: Path, link: str) -> bool:
    """Whether a link of a page leads to a file of the site, and to an id of it."""
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return False
    target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
    if not target.is_relative_to(site) or not target.is_file():
        return False
    return not parts.fragment or target.suffix != ".html" or unquote(parts.fragment) in read(target).ids


def test_every_page_is_built(site: Path) -> None:
    sources = {path.relative_to(ROOT / "docs").with_suffix(".html") for path in (ROOT / "docs").rglob("*.md")}
    assert len(sources) > 25
    assert sources <= {path.relative_to(site) for path in site.rglob("*.html")}


def test_nothing_is_asked_of_another_host(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    for path in pages:
        page = read(path)
        assert len(page.fetched) > 5
        away = [one for one in page.fetched if not one.startswith("data:") and not is_there(site, path, one)]
        assert not away, path
    for path in site.rglob("*.css"):
        text = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        named = [one.strip("'\" ") for one in re.findall(r"url\(([^)]*)\)", text)]
        assert not [one for one in named if not one.startswith("data:") and not is_there(site, path, one)], path
        assert "@import" not in text.replace('@import url("basic.css")', "")
    for path in site.rglob("*.js"):
        hosts = set(re.findall(r"[\"'`]((?:https?:)?//\w[^\"'`]*)", path.read_text(encoding="utf-8")))
        assert hosts <= {"http://www.w3.org/2000/svg"}, path  # the name of a language, not an address


def test_links_inside_lead_somewhere(site: Path) -> None:
    inside = 0
    for path in site.rglob("*.html"):
        for link in read(path).links:
            if not urlsplit(link).scheme and link != "#":
                inside += 1
                assert is_there(site, path, link), f"{path.name}: {link}"
    assert inside > 500


def test_a_broken_link_or_a_lost_page_stops_the_build(tmp_path: Path) -> None:
    source = tmp_path / "docs"
    source.mkdir()
    shutil.copyfile(ROOT / "docs" / "conf.py", source / "conf.py")
    source.joinpath("index.md").write_text("# Start\n\n```{toctree}\npage\n```\n", encoding="utf-8")
    links = "[away](nowhere.md) [here](#nothing) [there](lost.md#nobody)"
    source.joinpath("page.md").write_text(f"# A page\n\n{links}\n", encoding="utf-8")
    source.joinpath("lost.md").write_text("# In no list\n", encoding="utf-8")
    done = build(source, tmp_path / "site")
    assert done.returncode == 1
    told = done.stderr.splitlines()
    for fault in ("nowhere.md", "nothing", "nobody", "lost.md: WARNING: document isn't included in any toctree"):
        assert any(fault in line for line in told), fault
