"""`iamkit matrix APP`: routes × principals, as a snapshot that a change shows as a difference."""

from __future__ import annotations

import difflib
import json
from pathlib import Path

import click

from iamkit.cli import apps, faults
from iamkit.cli.options import Command
from iamkit.cli.output import harmless
from iamkit.cli.simulate import principal_arn
from iamkit.cli.terminal import Terminal
from iamkit.errors import InputError
from iamkit.management import matrix as matrices
from iamkit.web.routes import line_of


@click.command("matrix", cls=Command)
@click.argument("app", metavar="MODULE:APP")
@click.option(
    "--principal",
    "names",
    multiple=True,
    metavar="NAME",
    help="Only these: a user's name, `group/NAME`, `role/NAME` or an ARN.  [default: all of the account]",
)
@click.option(
    "--check",
    "snapshot",
    metavar="FILE",
    help="Compare with a snapshot and show the difference; exits 1 if there is one.",
)
@click.pass_obj
def matrix(terminal: Terminal, app: str, names: tuple[str, ...], snapshot: str | None) -> None:
    """List each route of an app with who may use it: groups, roles and users.

    Keep the output in a file beside the app, and have the build compare: `iamkit matrix app:app >
    access.matrix`, then `iamkit matrix app:app --check access.matrix`. With --json both are JSON.
    """
    found = apps.imported(app)
    guarded = apps.guarded(found)
    made = matrices.matrix(
        terminal.desk(),
        [line_of(route, guarded=guarded) for route in apps.listed(found)],
        partition=terminal.partition(),
        account=terminal.account(),
        arns=[principal_arn(terminal, name) for name in names],
    )
    text = json.dumps(made.data(), indent=2) + "\n" if terminal.as_json else str(made)
    if snapshot is None:
        click.echo(harmless(text), nl=False)
        return
    kept = _read(snapshot)
    if kept == text:
        terminal.output.done(f"`{snapshot}` is what the app does", {"same": True})
        return
    difference = difflib.unified_diff(
        kept.splitlines(), text.splitlines(), snapshot, f"{app} as it is now", lineterm=""
    )
    for line in difference:
        click.echo(harmless(line))
    click.echo(f"who may use which route has changed; if that is meant, write `{snapshot}` anew", err=True)
    click.get_current_context().exit(faults.REFUSED)


def _read(name: str) -> str:
    try:
        return Path(name).read_text(encoding="utf-8")
    except (OSError, ValueError) as fault:
        raise InputError(
            f"the snapshot `{name}` cannot be read: {fault}; `iamkit matrix APP > {name}` makes it"
        ) from None
