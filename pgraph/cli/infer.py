"""`pgraph infer`: its flags (with those of older batch runners), the progress line, the summary."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from foundation.errors import ExitCode, UsageError
from pgraph.cli.main import Session
from pgraph.cli.options import Number, model_options, other_name, setting_option
from pgraph.cli.output import dump, notice

_PORTS = {"sglang": 30000, "vllm": 8000, "lmdeploy": 23333}
_BACKENDS = {
    name: name.split("-")[0]
    for name in (
        "sglang",
        "sglang-native",
        "sglang-oai",
        "sglang-oai-chat",
        "vllm",
        "vllm-chat",
        "lmdeploy",
        "lmdeploy-chat",
    )
}
_WITHOUT_EFFECT = {
    "tokenizer": "the server uses its own",
    "apply_chat_template": "the server applies its own template to each request",
    "disable_ignore_eos": "the end token of a reply is never ignored",
    "disable_stream": "replies are never streamed",
}


class _SeveralValues(click.Command):
    """`--template-fields a b c`: each value up to the next flag."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        spread: list[str] = []
        taking = False
        for arg in args:
            if arg == "--template-fields":
                taking = True
            elif taking and not arg.startswith("--"):
                spread += ["--template-fields", arg]
            else:
                taking = False
                spread.append(arg)
        return super().parse_args(ctx, spread)


@click.command("infer", cls=_SeveralValues)
@click.option(
    "--input",
    "--input-path",
    "source",
    required=True,
    metavar="FILE",
    help="Input rows: .jsonl .parquet .csv .tsv .txt; text formats also as .gz; - is standard input.",
)
@click.option(
    "--output",
    "--output-file",
    "output",
    required=True,
    metavar="FILE",
    help="Output: .jsonl, which grows with each answer, or .parquet, written at the end.",
)
@click.option(
    "--instructions",
    "--instruction-path",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="YAML file with a template for each task.  [default: the one that comes with pgraph]",
)
@click.option(
    "--task",
    default="",
    metavar="NAME",
    help="Task in that file. Without a task, rows are sent as they are: column messages or prompt.",
)
@click.option(
    "--fields",
    metavar="A,B,…",
    help="Values for {0}, {1}, … of the template: columns, paths (messages.0.content, "
    "messages.[?role==user].content), or any text.",
)
@click.option("--template-fields", multiple=True, metavar="A B …", help="The same, as separate words.")
@click.option(
    "--column",
    default="response",
    show_default=True,
    metavar="NAME",
    help="Column for the answers; NAME_model, NAME_prompt and NAME_call record how they were made.",
)
@click.option("--ordered", is_flag=True, help="Keep the order of the input.")
@setting_option(
    "--context", metavar="TEXT", help='Place or culture of the answers, such as "rural Odisha"; fills {context}.'
)
@click.option(
    "--backend",
    type=click.Choice([*_BACKENDS, "trt"]),
    help="Use a server on this machine at its usual port: sglang 30000, vllm 8000, lmdeploy 23333. Requests go to "
    "/v1/chat/completions, with one user message per row; trt is not supported.",
)
@click.option("--host", metavar="HOST", help="Host of that server. [default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(1, 65535), metavar="PORT", help="Port of that server.")
@click.option(
    "--request-rate",
    type=Number(0, min_open=True),
    default=float("inf"),
    metavar="R",
    help="Start about R requests per second, at random times. [default: no limit]",
)
@click.option(
    "--extra-request-body", metavar="JSON", help='Additional fields for each request, such as {"top_p": 0.9}.'
)
@click.option("--dry-run", is_flag=True, help="Call no model: show the first prompts as they would be sent.")
@model_options
@other_name("--max-concurrency", "at_once")
@other_name("--max-new-tokens", "max_tokens")
@click.option("--disable-tqdm", is_flag=True, help="Show no progress line.")
@click.option("--tokenizer", metavar="NAME", help="No effect; accepted for older scripts.")
@click.option("--apply-chat-template", is_flag=True, help="No effect; accepted for older scripts.")
@click.option("--disable-ignore-eos", is_flag=True, help="No effect; accepted for older scripts.")
@click.option("--disable-stream", is_flag=True, help="No effect; accepted for older scripts.")
@click.pass_obj
def command(session: Session, /, *, dry_run: bool, disable_tqdm: bool, **options: Any) -> int:  # noqa: ANN401  of many types
    """Answer every row of a file with the model: fill a template from the row, ask, append the answer.

    After an interruption, even kill -9, run the same command again: it continues where it stopped. Rows are recognised
    by their id (a row without one gets one), so no reply is paid for twice and no row is written twice. A row that fails
    goes to OUTPUT.failed.jsonl with the reason, and the next run tries it again. Until a Parquet file is complete, its
    answers are in OUTPUT.part.jsonl.

    A field that does not begin with a column of the input is used as text. In a template, only {0}, {1}, … and the
    {name} of a given field are filled; all other braces are text.

    \b
    Exit codes: 0 done, 1 some rows failed, 2 wrong use, 3 the reply cache failed,
    4 the model server failed, 130 interrupted.
    """
    from pgraph.app import infer as app
    from pgraph.cli.progress import ProgressLine

    def show_notice(text: str) -> None:
        notice(text, quiet=session.quiet)

    for name, reason in _WITHOUT_EFFECT.items():
        if options[name]:
            show_notice(f"--{name.replace('_', '-')} has no effect: {reason}.")
    _address(session, options["backend"], options["host"], options["port"])
    request = app.InferRequest(
        input=options["source"],
        output=options["output"],
        fields=_fields(options["fields"], options["template_fields"]),
        extra=_object(options["extra_request_body"]),
        **{name: options[name] for name in ("instructions", "task", "column", "ordered", "request_rate")},
    )
    if dry_run:
        _show(session, app.dry_run(session.workspace, request, show_notice))
        return ExitCode.DONE
    line = ProgressLine(quiet=session.quiet or disable_tqdm, every=10.0)
    try:
        summary = app.infer(
            session.workspace, request, notice=show_notice, report=lambda report: line.show(report.line())
        )
    except KeyboardInterrupt:
        line.clear()
        click.echo("Interrupted. Every answer is kept. Run the same command again to continue.", err=True)
        return ExitCode.INTERRUPTED
    line.clear()
    if session.json:
        dump(summary.as_json())
    show_notice(summary.as_text())
    if summary.error is not None:
        raise summary.error
    return summary.exit_code


def _address(session: Session, backend: str | None, host: str | None, port: int | None) -> None:
    """Put the address of the server into the settings: base_url with /v1."""
    if backend == "trt":
        raise UsageError(
            "--backend trt is not supported",
            "Use the OpenAI-compatible address of the server: --base-url …/v1.",
        )
    base_url = str(session.workspace.flags.get("base_url", ""))
    if base_url and (host or port):
        raise UsageError("--base-url cannot be combined with --host or --port", "Leave one of them out.")
    if base_url and urlsplit(base_url).path in ("", "/"):
        session.workspace.flags["base_url"] = base_url.rstrip("/") + "/v1"
    elif not base_url and (backend or host or port):
        default = _PORTS[_BACKENDS[backend or "sglang"]]
        session.workspace.flags["base_url"] = f"http://{host or '127.0.0.1'}:{port or default}/v1"


def _fields(joined: str | None, separate: tuple[str, ...]) -> tuple[str, ...]:
    if joined and separate:
        raise UsageError("--fields and --template-fields cannot be combined", "Leave one of them out.")
    return tuple(part.strip() for part in joined.split(",")) if joined else separate


def _object(text: str | None) -> dict[str, Any]:
    if text is None:
        return {}
    try:
        value = json.loads(text)
    except ValueError as error:
        raise UsageError(f"--extra-request-body is not JSON ({error})", "Write it like '{\"top_p\": 0.9}'.") from None
    if not isinstance(value, dict):
        raise UsageError("--extra-request-body is not a JSON object", "Write it like '{\"top_p\": 0.9}'.")
    return value


def _show(session: Session, forecast: dict[str, Any]) -> None:
    if session.json:
        dump(forecast)
        return
    click.echo(f"server: {forecast['server']}\nmodel: {forecast['model'] or 'the first one that the server lists'}")
    for prompt in forecast["prompts"]:
        click.echo(f"\n--- line {prompt['line']}, id {prompt['id']}")
        for message in prompt.get("messages", ()):
            click.echo(f"[{message['role']}]\n{message['content']}")
        if "failure" in prompt:
            click.echo(f"not sent: {prompt['failure']}")
