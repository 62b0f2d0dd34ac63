"""`pgraph doctor`: shows the findings."""

from dataclasses import asdict

import click

from foundation.errors import ExitCode
from pgraph.app.doctor import Finding, findings
from pgraph.cli.main import Session
from pgraph.cli.output import dump


@click.command("doctor")
@click.pass_obj
def command(session: Session) -> int:
    """Check what is set up and what is wrong: one line each, with the next step.

    \b
    Exit code: 0 all that is needed works, 3 the store does not, 4 the model does not.
    """
    seen: list[Finding] = []
    for finding in findings(session.workspace):
        seen.append(finding)
        if not session.json:
            click.echo(f"{finding.state:4}  {finding.what}: {finding.text}")
            if finding.next_step:
                click.echo(f"      {finding.next_step}")
    if session.json:
        dump([asdict(finding) for finding in seen])
    return next((finding.exit_code for finding in seen if finding.exit_code), ExitCode.DONE)
