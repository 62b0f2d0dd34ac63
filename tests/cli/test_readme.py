"""The README's example, run as it stands: the output must be the same but for numbers, which a model decides."""

import re
import shlex
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from tests.cli.documented import shape
from tests.cli.expanding import Field
from tests.console import ROOT, Console
from tests.fakes import replies, thinkers
from tests.fakes.server import FakeServer

README = (ROOT / "README.md").read_text(encoding="utf-8")


def steps() -> Iterator[tuple[str, str]]:
    """Each command of the console block, and what stands below it."""
    block = re.search(r"```console\n(.*?)```", README, re.DOTALL)
    assert block
    for step in re.split(r"^\$ ", block[1], flags=re.MULTILINE)[1:]:
        command, _, output = step.partition("\n")
        yield command, output


@pytest.mark.model
@pytest.mark.timeout(400)
def test_the_example_is_real(work: Console) -> None:
    (work.directory / "examples").mkdir()
    work.write("examples/personas.jsonl", (ROOT / "examples" / "personas.jsonl").read_bytes())
    for command, output in steps():
        program, *args = shlex.split(command)
        assert program == "pgraph"
        done = work.run(*args, code=None, timeout=300)
        assert done.code in (0, 1), done.err
        told = [
            line for line in shape(done.out + done.err) if not line.startswith(("calls #", "examples/personas.jsonl: "))
        ]
        assert told == shape(output), command


@pytest.mark.timeout(400)
def test_from_texts_to_a_dataset(field: Field) -> None:
    """The commands of that section, with a fake model; the answer's lineage ends at persons and texts."""
    section = re.search(r"\*\*From texts to a dataset.*?```\n(.*?)```", README, re.DOTALL)
    assert section
    shutil.copytree(ROOT / "examples", field.work.directory / "examples")

    def answer(request: dict[str, Any]) -> str:
        about_text = "evidence" in request["response_format"]["json_schema"]["schema"]["properties"]
        return replies.answer(request) if about_text else thinkers.answer(request)

    said = ""
    with FakeServer(answer=answer) as server:
        for line in section[1].splitlines():
            program, *args = shlex.split(line, comments=True)
            assert program == "pgraph"
            files = sorted(f"examples/texts/{path.name}" for path in (ROOT / "examples" / "texts").glob("*.md"))
            args = [one for arg in args for one in (files if "*" in arg else [arg])]
            said = field.work.run(*args, env=field.env(server), timeout=300).err
        assert "nothing wrong" in said
    found = field.rows("MATCH (k:Knowledge) RETURN k.id AS id")
    assert len(found) == 36
    texts = set()
    for row in found:
        way = field.work.run(
            "query", "knowledge_lineage", "--param", f"id={row['id']}", "--format", "json", env=field.store
        ).json
        assert len(way) >= 2
        texts |= {text for step in way for text in step["texts"]}
    assert texts & {"harbour_notice.md", "clinic_leaflet.md", "seed_bank_letter.md"}
