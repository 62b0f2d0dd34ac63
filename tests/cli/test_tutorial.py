"""The tutorial, run as it stands by a shell, with a fake model: what comes must be what it shows, but for numbers."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.documented import scripts, shape
from tests.cli.expanding import Field
from tests.console import ROOT
from tests.fakes import replies, thinkers
from tests.fakes.server import FakeServer

PAGE = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
# progress, which comes only where it is slow; and what is left out, where a judge marked anything
_PASSING = re.compile(r"calls #|\S+: # rows, |Left out: ")


def answer(request: dict[str, Any]) -> str:
    asked = request["response_format"]["json_schema"]["schema"]["properties"]
    return replies.answer(request) if {"evidence", "personas"} & set(asked) else thinkers.answer(request)


@pytest.mark.timeout(400)
def test_it_is_real(field: Field) -> None:
    with FakeServer(answer=answer) as server:
        environment = field.work.environment(field.env(server))
        environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
        for script, output in scripts(PAGE):
            done = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", script],
                cwd=field.work.directory, env=environment, text=True, timeout=300, check=False,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            )  # fmt: skip
            assert done.returncode == 0, f"{script}\n{done.stdout}"
            assert "No rows" not in done.stdout
            if output is not None:
                assert [line for line in shape(done.stdout) if not _PASSING.match(line)] == shape(output), script
    assert {row["n"] for row in field.rows("MATCH (p:Persona {depth: 0}) RETURN count(p) AS n")} == {8}
