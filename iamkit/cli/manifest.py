"""`iamkit export`, `plan`, `apply` and `import`: the account as a folder of JSON under version control."""

from __future__ import annotations

import click

from iamkit.cli.options import Command
from iamkit.cli.terminal import Terminal
from iamkit.errors import InputError


@click.command("export", cls=Command)
@click.argument("folder")
@click.pass_obj
def export(terminal: Terminal, folder: str) -> None:
    """Write the account into FOLDER, a JSON file for each user, group, role and policy."""
    raise InputError(f"`{folder}` cannot be written by {terminal.principal().arn} yet")


@click.command("plan", cls=Command)
@click.argument("folder")
@click.pass_obj
def plan(terminal: Terminal, folder: str) -> None:
    """Show what `iamkit apply` would do, and who could do what afterwards; exits 5 if anything."""
    raise InputError(f"`{folder}` cannot be compared by {terminal.principal().arn} yet")


@click.command("apply", cls=Command)
@click.argument("folder")
@click.pass_obj
def apply(terminal: Terminal, folder: str) -> None:
    """Make the account what FOLDER says."""
    raise InputError(f"`{folder}` cannot be applied by {terminal.principal().arn} yet")


@click.command("import", cls=Command)
@click.argument("dump")
@click.argument("folder")
@click.pass_obj
def import_command(terminal: Terminal, dump: str, folder: str) -> None:
    """Write into FOLDER what DUMP, printed by `aws iam get-account-authorization-details`, describes."""
    raise InputError(f"`{dump}` cannot be written to `{folder}` by {terminal.principal().arn} yet")
