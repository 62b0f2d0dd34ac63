"""Write the pages that are made from the code: `python docs/generate.py [--check]`."""

import os
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import click
from house import picture

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

import cypher
from foundation import StopReason, Unusable
from pgraph.app import browser_guide
from pgraph.app.settings import Settings
from pgraph.cli.main import COMMANDS, cli
from population.relations import load_relations

MADE = "<!-- Made by docs/generate.py; change the code, then `make docs`. -->\n"


BROWSER = "../docker/browser/"
SERVED = "http://localhost:8475"  # where `pgraph query --guide --port 8475` hands them out


def pages() -> dict[str, bytes]:
    made = {
        "cli.md": command_line(),
        "settings.md": settings(),
        "queries.md": queries(),
        "relations.md": relations(),
        "outcomes.md": outcomes(),
        "house.svg": picture(),
    }
    return {name: text.encode() for name, text in made.items()} | {
        BROWSER + name: content for name, content in browser_guide.files(SERVED).items()
    }


def command_line() -> str:
    context = click.Context(cli, info_name="pgraph", **_WIDE)
    parts = [MADE, "# The command line\n", f"```\n{cli.get_help(context)}\n```\n"]
    for name in COMMANDS:
        command = cli.get_command(context, name)
        if command is not None:
            parts.extend(_section(command, name, context, 2))
    return "\n".join(parts)


_WIDE: dict[str, Any] = {"terminal_width": 100, "max_content_width": 100, "help_option_names": ["-h", "--help"]}


def _section(command: click.Command, name: str, parent: click.Context, level: int) -> Iterator[str]:
    context = click.Context(command, parent=parent, info_name=name, **_WIDE)
    yield f"{'#' * level} `{context.command_path}`\n"
    yield f"```\n{command.get_help(context)}\n```\n"
    if isinstance(command, click.Group):
        for child_name, child in command.commands.items():
            yield from _section(child, child_name, context, level + 1)


def queries() -> str:
    parts = [
        MADE,
        "# The shipped queries\n",
        "`pgraph query NAME` runs one; a parameter is set by `--param name=value`.\n",
    ]
    for name in cypher.names("queries"):
        header, body = _split(cypher.load(f"queries/{name}"))
        parts.append(f"## `{name}`\n\n{header}\n\n```cypher\n{body}\n```\n")
    return "\n".join(parts)


def _split(text: str) -> tuple[str, str]:
    lines = text.strip().splitlines()
    count = next(number for number, line in enumerate(lines) if not line.startswith("//"))
    header = "\n".join(f"{line[2:].strip()}  " for line in lines[:count])
    return header.removeprefix("Purpose: "), "\n".join(lines[count:])


def relations() -> str:
    lines = [
        MADE,
        "# Relationship kinds\n",
        "`pgraph expand` asks along these, which are in `population/relations.yml`; the head of that file says what each",
        "key means. `--relations FILE` takes a file of the same form instead.\n",
        "| id | family | distance | asked for as | inverse |",
        "|---|---|---|---|---|",
    ]
    for relation in load_relations():
        inverse = "itself" if relation.symmetric else relation.inverse or "none"
        lines.append(f"| `{relation.id}` | {relation.family} | {relation.distance} | {relation.phrase} | {inverse} |")
    return "\n".join(lines) + "\n"


def outcomes() -> str:
    lines = [
        MADE,
        "# Why an answer cannot be used, and why a run stopped\n",
        "Summaries, `--json` (`failures`, `stopped_by`) and the graph (FAILED_ON, Run) use these words.\n",
        "## Answers that cannot be used\n",
    ]
    for kind in (Unusable, StopReason):
        if kind is StopReason:
            lines += ["\n## What stops a run\n"]
        lines += ["| word | meaning |", "|---|---|", *(f"| {reason} | {reason.meaning} |" for reason in kind)]
    return "\n".join(lines) + "\n"


def settings() -> str:
    lines = [
        MADE,
        "# Settings\n",
        "A value is looked for in this order: flag, environment variable, `pgraph.toml` in the workspace,",
        "`~/.config/pgraph/pgraph.toml`, default. `pgraph settings` shows which one is in force. The API key itself is",
        "never a setting: it is read from the variable that `api_key_env` names.\n",
        "| in pgraph.toml | variable | default | meaning |",
        "|---|---|---|---|",
    ]
    for spec in fields(Settings):
        default = f"`{spec.default}`" if spec.default != "" else "empty"
        least, most = spec.metadata["least"], spec.metadata["most"]
        bound = f" At least {least:g}." if least is not None else ""
        bound += f" At most {most:g}." if most is not None else ""
        meaning = spec.metadata["help"].replace("|", "\\|")
        lines.append(f"| `{spec.name}` | `PGRAPH_{spec.name.upper()}` | {default} | {meaning}{bound} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    os.environ.pop("COLUMNS", None)
    stale = []
    for name, content in pages().items():
        path = HERE / name
        if path.is_file() and path.read_bytes() == content:
            continue
        stale.append(name)
        if "--check" not in sys.argv:
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
    if stale and "--check" in sys.argv:
        sys.exit(f"out of date: {', '.join(stale)}; run `make docs`")


if __name__ == "__main__":
    main()
