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
    """Check the setup: a line for each part, and the next step if something is wrong.

    \b
    Exit codes: 0 everything that is needed works, 3 the store fails, 4 the model fails.
    """
    shown: list[Finding] = []
    for finding in findings(session.workspace):
        shown.append(finding)
        if not session.json:
            click.echo(f"{finding.state:4}  {finding.what}: {finding.text}")
            if finding.next_step:
                click.echo(f"      {finding.next_step}")
    if session.json:
        dump([asdict(finding) for finding in shown])
    return next((finding.exit_code for finding in shown if finding.exit_code), ExitCode.DONE)
