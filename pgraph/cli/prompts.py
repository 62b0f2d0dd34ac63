from dataclasses import asdict

import click

from foundation.errors import UsageError
from pgraph.cli.main import Session
from pgraph.cli.output import dump, meant, show


@click.command("prompts")
@click.argument("name", required=False)
@click.pass_obj
def command(session: Session, *, name: str | None) -> None:
    """Show the prompts, rubrics and tasks that come with pgraph; with a name, the words that are sent.

    What stands in {braces} is filled for each call: --dry-run of the command shows filled ones, pgraph explore those of a
    call that was made. A command that takes a file of your own takes one of the same form.
    """
    from pgraph.app.prompts import shipped

    known = {one.name: one for one in shipped()}
    if name is None:
        rows = [asdict(one) for one in known.values()]
        if session.json:
            dump(rows)
        else:
            show(
                [{**row, "sent by": f"pgraph {row['command']}"} for row in rows], ("name", "sent by", "digest"), "table"
            )
        return
    if name not in known:
        raise UsageError(f"there is no prompt {name!r}", meant(name, known, "`pgraph prompts` lists them."))
    one = known[name]
    if session.json:
        dump(asdict(one))
        return
    click.echo(f"pgraph {one.command}; {one.file}" + (f"; digest {one.digest}" if one.digest else ""))
    for role, content in one.messages:
        click.echo(f"\n[{role}]\n{content}")
    for phrase, text in one.phrases.items():
        click.echo(f"\n[{phrase}]\n{text.strip()}")
