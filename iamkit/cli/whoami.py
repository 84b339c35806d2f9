"""`iamkit whoami`: who a command acts as, and how that was proved."""

from __future__ import annotations

import click

from iamkit.cli.options import Command
from iamkit.cli.terminal import Terminal
from iamkit.management import accounts


@click.command("whoami", cls=Command)
@click.pass_obj
def whoami(terminal: Terminal) -> None:
    """Show who a command acts as."""
    identity = terminal.desk().do(accounts.get_caller_identity)
    principal = terminal.principal()
    proof = principal.authentication
    data: dict[str, object] = {
        "name": principal.name,
        "arn": identity.arn,
        "account": identity.account,
        "id": identity.user_id,
        "proof": None if proof is None else str(proof.kind),
        "credential": None if proof is None else proof.credential_id,
        "directory": str(terminal.directory),
    }
    terminal.output.record(data, data)
