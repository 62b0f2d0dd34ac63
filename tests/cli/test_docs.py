import re
import subprocess
import sys
import tomllib
from dataclasses import fields
from pathlib import Path

import click
import pytest

import cypher
from pgraph.app.settings import Settings
from tests.cli.documented import commands
from tests.console import ROOT

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]


def test_generated_pages_are_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, "docs/generate.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    links = re.findall(r"\]\((?!https?:)([^)#]+)", text)
    missing = [link for link in links if not (page.parent / link).exists()]
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_named_in_the_pages_exist(page: Path) -> None:
    from pgraph.cli.main import COMMANDS, cli

    named = commands(page.read_text(encoding="utf-8"))
    assert len(named) >= 10 or page.name != "README.md"
    for name, rest in named:
        assert name in COMMANDS
        command = cli.get_command(click.Context(cli), name)
        assert command is not None
        options = {flag for parameter in command.params for flag in parameter.opts}
        for flag in re.findall(r"(--[\w-]+)", rest):
            assert flag in options, f"pgraph {name} has no {flag}"
        query = [word for word in rest.split()[:1] if name == "query" and not word.startswith("-")]
        assert set(query) <= {*cypher.names("queries"), "NAME"}


def test_settings_shown_in_the_pages_exist() -> None:
    shown = [
        text
        for page in PAGES
        for text in re.findall(r"^```toml\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE)
    ]
    assert len(shown) >= 2
    for text in shown:
        assert set(tomllib.loads(text)) <= {spec.name for spec in fields(Settings)}


def test_files_named_in_the_pages_exist() -> None:
    for page in PAGES:
        for name in re.findall(
            r"`((?:pgraph|explorer|graphstore|population|expansion|distill|foundation|cypher|benchmarks|tests|docs|docker|requirements|examples)/[\w-][\w./-]*)`",
            page.read_text(),
        ):
            assert (ROOT / name).exists(), f"{page.name} names {name}"


def test_files_named_in_the_code_exist() -> None:
    code = [
        path
        for folder in (
            "pgraph",
            "explorer",
            "expansion",
            "distill",
            "population",
            "graphstore",
            "cypher",
            "foundation",
            "benchmarks",
        )
        for path in (ROOT / folder).rglob("*.py")
    ]
    for path in [*code, ROOT / "pyproject.toml"]:
        for name in re.findall(r"docs/[\w/-]+(?:\.md)?", path.read_text(encoding="utf-8")):
            assert (ROOT / name).exists() or list((ROOT / name).parent.glob(f"{Path(name).name}-*")), (
                f"{path} names {name}"
            )


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").split()) <= 600


def test_no_address_in_the_requirements() -> None:
    for path in (ROOT / "requirements").iterdir():
        assert "://" not in path.read_text(), path.name
        if path.suffix == ".txt":
            pins = re.findall(r"^[a-z0-9._-]+==", path.read_text(), flags=re.MULTILINE)
            assert pins
            assert path.read_text().count("--hash=sha256:") >= len(pins)


@pytest.mark.parametrize(("one", "other"), [("run", "demo"), ("minilm", "model"), ("demo", "test"), ("docs", "test")])
def test_requirements_that_share_an_environment_agree(one: str, other: str) -> None:
    first, second = (
        dict(re.findall(r"^([a-z0-9._-]+)==(\S+)", (ROOT / "requirements" / f"{name}.txt").read_text(), re.MULTILINE))
        for name in (one, other)
    )
    shared = set(first) & set(second)
    assert shared
    assert {name: first[name] for name in shared} == {name: second[name] for name in shared}
