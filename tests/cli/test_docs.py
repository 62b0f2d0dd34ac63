import re
import subprocess
import sys
from pathlib import Path

import pytest

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


def test_files_named_in_the_pages_exist() -> None:
    for page in PAGES:
        for name in re.findall(
            r"`((?:pgraph|graphstore|expansion|distill|cypher|tests|docs|requirements|examples)/[\w./-]+)`",
            page.read_text(),
        ):
            assert (ROOT / name).exists(), f"{page.name} names {name}"


def test_files_named_in_the_code_exist() -> None:
    code = [
        path
        for folder in ("pgraph", "graphstore", "expansion", "distill", "cypher")
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
