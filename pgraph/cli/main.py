"""The `pgraph` command: its options, and its commands, each imported only when it runs or shows its help."""

import importlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from foundation.errors import ExitCode, PgraphError
from pgraph.app.settings import Workspace

# command -> (module, one line for `pgraph --help`): kept here so that `--help` imports none of them
COMMANDS: dict[str, tuple[str, str]] = {
    "import": ("pgraph.cli.import_", "Read personas from files into the graph."),
    "ingest": ("pgraph.cli.ingest", "Draw personas from texts: who reads, writes, likes or dislikes them."),
    "expand": ("pgraph.cli.expand", "Grow the population along relationships, where coverage is lowest."),
    "group": ("pgraph.cli.group", "Group the domains by meaning."),
    "ask": ("pgraph.cli.ask", "Find questions that need several personas for their answer."),
    "distill": ("pgraph.cli.distill", "Answer the questions jointly, and keep the answers as knowledge."),
    "judge": ("pgraph.cli.judge", "Score personas, questions or knowledge by a rubric."),
    "infer": ("pgraph.cli.infer", "Answer every row of a file with the model, using a template."),
    "dedup": ("pgraph.cli.dedup", "Mark duplicate personas, and join roles with the same meaning."),
    "coverage": ("pgraph.cli.coverage", "Show how much of what the model can say about people is in the graph."),
    "explore": ("pgraph.cli.explore", "Explore the graph in the browser: groups, personas, what is missing."),
    "query": ("pgraph.cli.query", "List or run the shipped Cypher queries."),
    "cypher": ("pgraph.cli.cypher", "Run your own Cypher query, read-only."),
    "export": ("pgraph.cli.export", "Write personas, training data or the graph to a file, or make a dataset."),
    "verify": ("pgraph.cli.verify", "Check a dataset against the graph it came from."),
    "local": ("pgraph.cli.local", "Look at, start or stop the local graph server."),
    "doctor": ("pgraph.cli.doctor", "Check the setup, and show the next step if something is wrong."),
    "settings": ("pgraph.cli.settings", "Show each setting and where its value comes from."),
    "prompts": ("pgraph.cli.prompts", "Show the prompts that come with pgraph, as they are sent."),
}


@dataclass(slots=True)
class Session:
    """The options before the command; commands get it by `@click.pass_obj`."""

    workspace: Workspace
    json: bool = False
    quiet: bool = False
    debug: bool = False


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  click's signature
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(COMMANDS[cmd_name][0]).command
        return command

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401  click's signature
        try:
            return super().invoke(ctx)
        except BrokenPipeError:  # the reader of our output has left (`pgraph query … | head`); click would exit with 1
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  click's signature
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "-C",
    "workspace",
    metavar="DIR",
    default=".",
    help="Workspace: the directory of pgraph.toml and .pgraph/ (default: the current one).",
)
@click.option("--store", metavar="URI", help="Graph store: local (default), bolt://…, neo4j://… or neo4j+s://…")
@click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object on stdout: the result or summary of the command."
)
@click.option("--quiet", is_flag=True, help="Show only errors: no progress, no notices.")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.version_option(package_name="persona-graph", message="pgraph %(version)s")
@click.pass_context
def cli(ctx: click.Context, *, workspace: str, store: str | None, as_json: bool, quiet: bool, debug: bool) -> None:
    """Grow a broad population of personas as a graph, and spend each model call where coverage is lowest.

    \b
    Exit codes: 0 done, 1 some items failed, 2 wrong use, 3 store, 4 model,
    5 a limit the user set was reached before the goal, 130 interrupted.
    """
    ctx.obj = Session(Workspace(Path(workspace)), as_json, quiet, debug)
    if store is not None:
        ctx.obj.workspace.flags["store"] = store
    if not ctx.obj.workspace.directory.is_dir():
        raise click.BadParameter(f"{workspace} is not a directory; create it first", ctx, param_hint="-C")


def main() -> None:
    """Run the command line and turn every expected error into a message and an exit code."""
    try:
        code: Any = cli.main(standalone_mode=False)
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001  an unexpected error is raised again
        code = _exit_code(error)
    sys.exit(code if isinstance(code, int) else 0)


def _exit_code(error: BaseException) -> int:
    if _interrupted(error):
        click.echo("Interrupted.", err=True)
        return ExitCode.INTERRUPTED
    if isinstance(error, click.NoSuchOption) and any(error.option_name in option.opts for option in cli.params):
        hint = f"No such option {error.option_name!r} here: put it before the command, pgraph {error.option_name} …"
        error = click.UsageError(hint, error.ctx)
    if isinstance(error, click.ClickException):
        error.show()
        return error.exit_code
    if isinstance(error, PgraphError) and "--debug" not in sys.argv:
        click.echo(f"Error: {error.message}" + (f"\n{error.hint}" if error.hint else ""), err=True)
        return error.exit_code
    raise error


def _interrupted(error: BaseException | None) -> bool:
    """Whether it is Ctrl-C, or an error while cleaning up after it: the driver raises one if stopped inside a message."""
    while error is not None and not isinstance(error, click.Abort | KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None
