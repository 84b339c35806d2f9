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
    who = terminal.who()
    data: dict[str, object] = {
        "name": who.name,
        "arn": identity.arn,
        "account": identity.account,
        "id": identity.user_id,
        "proof": who.proof or None,
        "credential": who.credential,
        **({"endpoint": terminal.endpoint} if terminal.endpoint else {"directory": str(terminal.directory)}),
    }
    terminal.output.record(data, data)
