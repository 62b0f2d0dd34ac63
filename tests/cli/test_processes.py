"""Each command as a shell starts it, with a Python of its own; and that tests/warm.py changes nothing but the time."""

import json
import re
from typing import Any

import pytest

from pgraph.cli.main import COMMANDS
from tests.cli.expanding import RELATIONS, Field
from tests.cli.test_tutorial import answer
from tests.console import Console, Done
from tests.fakes import world
from tests.fakes.server import FakeServer

NOTICE = "The east pier is closed for the winter. Boats land at the market quay until the ice is gone."
STEPS = """
import people.jsonl
ingest notice.txt --calls 2
expand --depth 1 --calls 3 --relations relations.yml
group --resolution 1
ask --calls 2
distill --calls 2
judge knowledge --calls 1
infer --input rows.jsonl --output answers.jsonl --model fake-model
dedup
coverage --format json
explore --export a.html
query runs
cypher 'MATCH (p:Persona) RETURN count(p) AS n'
export sft -o chats/ --split train=1
verify chats
doctor
settings
prompts
local stop
"""


@pytest.mark.timeout(300)
def test_every_command_runs_in_a_python_of_its_own(work: Console) -> None:
    work.write("people.jsonl", "".join(json.dumps(row) + "\n" for row in world.personas(20)))
    work.write("notice.txt", NOTICE)
    work.write("relations.yml", RELATIONS)
    work.write("rows.jsonl", '{"prompt": "Say what a pier is."}\n')
    run = set()

    def of_all_kinds(request: dict[str, Any]) -> str:
        return answer(request) if "response_format" in request else "A pier is where boats land."

    with FakeServer(answer=of_all_kinds) as server:
        env = Field(work, {}).env(server)
        for line in STEPS.strip().splitlines():
            args = [part.strip("'") for part in re.findall(r"'[^']*'|\S+", line)]
            done = work.run(*args, env=env, cold=True, code=None)
            assert done.code in (0, 1), f"{line}: {done.err}"
            assert "Traceback" not in done.err
            run.add(args[0])
    assert run == set(COMMANDS)


def comparable(done: Done) -> tuple[int, str, str]:
    """Without the seconds, and of a traceback the error alone: the way to it begins elsewhere."""
    err = re.sub(r"\d+\.\d s", "0.1 s", done.err)
    return done.code, done.out, re.sub(r"^Traceback.*\n(?=\S)", "Traceback\n", err, flags=re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize(
    "arguments",
    [
        "--version",
        "--help",
        "expand --help",
        "settings",
        "--json prompts persona_to_persona",
        "exprot",
        "import --fast a.txt",
        "import - --format txt",
        "import missing.jsonl",
        "--debug import missing.jsonl",
        "export personas -o -",
        "cypher 'MTCH'",
    ],
)
def test_a_process_that_is_ready_says_what_a_new_one_says(work: Console, arguments: str) -> None:
    args, given = arguments.split(), "A nurse who keeps bees\nएक नर्स\n".encode()
    work.run(*args, stdin=given, code=None)  # what is said the first time only
    new, *ready = (comparable(work.run(*args, stdin=given, cold=cold, code=None)) for cold in (True, False, False))
    assert ready == [new, new]


def test_a_process_that_is_ready_is_alone(work: Console) -> None:
    """It has its own directory and environment, and leaves nothing to the next."""
    work.write("pgraph.toml", "at_once = 3\n")
    shown = {row["name"]: row["value"] for row in work.run("--json", "settings", env={"PGRAPH_MODEL": "m"}).json}
    assert (shown["at_once"], shown["model"]) == (3, "m")
    (work.directory / "pgraph.toml").unlink()
    for _ in range(2):
        shown = {row["name"]: row["value"] for row in work.run("--json", "settings").json}
        assert (shown["at_once"], shown["model"]) != (3, "m")
