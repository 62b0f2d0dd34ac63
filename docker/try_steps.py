"""Run the image's steps one by one without a container engine: `python docker/try_steps.py DIR`.

Every RUN of the stages that install is read from the Dockerfile and run in DIR, on what .dockerignore lets through; the
health check and a few commands run in the environment that comes of it, as user 1000 where this process may become it.
What only an engine can show (base image, users, health over time) is not shown.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent


def instructions(dockerfile: str) -> Iterator[tuple[str, str, str]]:
    """(stage, instruction, what follows it) of each, lines joined."""
    stage = ""
    text = re.sub(r"^#.*\n", "", dockerfile, flags=re.MULTILINE).replace("\\\n", " ")
    for line in filter(None, map(str.strip, text.splitlines())):
        name, _, rest = line.partition(" ")
        stage = rest.partition(" AS ")[2] if name == "FROM" else stage
        yield stage, name, rest.strip()


def context() -> list[str]:
    """The top-level files and folders that .dockerignore lets through."""
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    return [line[1:] for line in lines if line.startswith("!")]


def run(steps: list[tuple[str, str, str]], stage: str, directory: Path) -> None:
    """The RUNs of a stage, with the ENV of `build`."""
    given = {name: value for name, value in os.environ.items() if not name.startswith(("UV_", "PIP_", "VIRTUAL_ENV"))}
    text = " ".join(rest for of, name, rest in steps if (of, name) == ("build", "ENV"))
    said = dict(re.findall(r"(\w+)=(\S+)", text.replace("/opt/", f"{directory}/opt/")))
    del said["UV_NO_CACHE"]  # the one thing that differs: it saves a download each time
    environment = {**given, **said, "PATH": f"{directory}/base/bin:{os.environ['PATH']}"}
    for of, name, command in steps:
        if (of, name) == (stage, "RUN"):
            here = command.replace("/opt/", f"{directory}/opt/")
            print("RUN", here, flush=True)
            subprocess.run(["/bin/sh", "-ec", here], cwd=directory / "src", env=environment, check=True)


def copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copyfile(source, target)


def use(steps: list[tuple[str, str, str]], directory: Path) -> None:
    """The commands of a container that has its own graph, in a file system that it may not write but for /work."""
    health = next(rest for stage, name, rest in steps if (stage, name) == ("pgraph", "HEALTHCHECK"))
    check = json.loads(health[health.index("[") :])
    work = directory / "work"
    work.mkdir()
    work.joinpath("people.txt").write_text(
        "A night porter in Pune who reads the files that he carries.\n", encoding="utf-8"
    )
    program = str(directory / "opt" / "pgraph" / "bin" / "pgraph")
    user = stranger(program)
    if user is not None:
        os.chown(work, user, user)
    environment = {"PATH": "/usr/bin:/bin", "HOME": "/nowhere", "PYTHONDONTWRITEBYTECODE": "1"}
    commands = [["--version"], ["import", "people.txt"], check[1:], ["doctor"], ["local", "stop"]]
    for command in commands:
        print("pgraph", *command, flush=True)
        extra = () if user is not None else None
        subprocess.run(
            [program, *command], cwd=work, env=environment, user=user, group=user, extra_groups=extra, check=True
        )


def stranger(program: str) -> int | None:
    """A user who owns nothing here, where this process may become one who can read its Python."""
    if os.geteuid() != 0:
        return None
    try:
        subprocess.run([program, "--version"], user=1000, group=1000, extra_groups=(), check=True, capture_output=True)
    except (PermissionError, subprocess.CalledProcessError):
        print("(as the user who runs this: others may not read its Python)")
        return None
    return 1000


def main() -> None:
    directory = Path(sys.argv[1]).resolve()
    directory.mkdir(parents=True)
    steps = list(instructions((HERE / "Dockerfile").read_text(encoding="utf-8")))
    for name in context():
        copy(ROOT / name, directory / "src" / name)
    venv.create(directory / "base", with_pip=True)
    run(steps, "build", directory)
    use(steps, directory)
    run(steps, "build-llama", directory)


if __name__ == "__main__":
    main()
