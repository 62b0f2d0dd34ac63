from dataclasses import asdict

import click

from foundation.errors import UsageError
from pgraph.cli.main import Session
from pgraph.cli.output import dump, show, suggestion


@click.command("prompts")
@click.argument("name", required=False)
@click.pass_obj
def command(session: Session, *, name: str | None) -> None:
    """Show the prompts, rubrics and tasks that come with pgraph; with a name, show the full text.

    Each call fills the fields in {braces}. The --dry-run of a command shows filled prompts, and pgraph explore shows the
    prompts of past calls. Your own prompt file for a command has the same form.
    """
    from pgraph.app.prompts import shipped

    prompts = {prompt.name: prompt for prompt in shipped()}
    if name is None:
        rows = [asdict(prompt) for prompt in prompts.values()]
        if session.json:
            dump(rows)
        else:
            show(
                [{**row, "sent by": f"pgraph {row['command']}"} for row in rows], ("name", "sent by", "digest"), "table"
            )
        return
    if name not in prompts:
        raise UsageError(f"there is no prompt {name!r}", suggestion(name, prompts, "`pgraph prompts` lists them."))
    prompt = prompts[name]
    if session.json:
        dump(asdict(prompt))
        return
    click.echo(f"pgraph {prompt.command}; {prompt.file}" + (f"; digest {prompt.digest}" if prompt.digest else ""))
    for role, content in prompt.messages:
        click.echo(f"\n[{role}]\n{content}")
    for phrase, text in prompt.phrases.items():
        click.echo(f"\n[{phrase}]\n{text.strip()}")
