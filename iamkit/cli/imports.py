"""`iamkit user import`: users of other software, with the password hashes that it made."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace

import click

from iamkit.cli import elsewhere, import_sources, passwords
from iamkit.cli.options import Command
from iamkit.cli.output import harmless
from iamkit.cli.terminal import Terminal
from iamkit.credentials.password_rules import MODERN
from iamkit.credentials.secret import Secret
from iamkit.errors import InputError, ValidationError
from iamkit.identity import users as user_records
from iamkit.ids import name_key
from iamkit.management.imports import ImportedUser, examine, import_users

BATCH = 100


@click.command("import", cls=Command)
@click.option(
    "--from",
    "kind",
    type=click.Choice(import_sources.KINDS),
    required=True,
    help="What the users were kept by.",
)
@click.argument("source")
@click.option("--table", metavar="NAME", help="The table, where it is not the usual one.")
@click.option("--name", "name_column", metavar="COLUMN", help="The column that names are taken from.")
@click.option("--path", default="/", show_default=True, help="Where the users will stand.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@click.option(
    "--without-refused-hashes",
    "drop",
    is_flag=True,
    help="Import users whose hash is refused too, without a password.",
)
@click.option(
    "--hash-key-stdin",
    "keyed",
    is_flag=True,
    help="Read Flask-Security's SECURITY_PASSWORD_SALT from standard input.",
)
@click.pass_obj
def import_command(
    terminal: Terminal,
    kind: str,
    source: str,
    table: str | None,
    name_column: str | None,
    path: str,
    dry_run: bool,
    drop: bool,
    keyed: bool,
) -> None:
    """Import users from SOURCE: a database file or URL, or an htpasswd file.

    Passwords stay what they are: hashes are kept, and each is replaced when its user signs in. Users who are
    there already are left as they are, so the command may be run again. Exits 1 if somebody was refused.
    """
    if keyed and kind != "flask-security":
        raise InputError("`--hash-key-stdin` is for `--from flask-security`")
    key = passwords.read(stdin=True, rules=MODERN) if keyed else None
    refused: list[dict[str, str]] = []
    taken = _taken(
        import_sources.users_of(kind, source, table=table, name_column=name_column), refused, drop=drop
    )
    created = present = 0
    while batch := _next(taken):
        made, there = _tried(terminal, batch) if dry_run else _done(terminal, batch, path, key)
        created += made
        present += there
        if sys.stderr.isatty():
            click.echo(f"\r{created + present + len(refused)} read", nl=False, err=True)
    if sys.stderr.isatty():
        click.echo(err=True)
    verb = "would be imported" if dry_run else "imported"
    terminal.output.done(
        f"{created} {verb}, {present} there already, {len(refused)} refused",
        {"imported": created, "present": present, "refused": refused, "dry_run": dry_run},
    )
    for one in refused:
        click.echo(harmless(f"refused `{one['name'][:80]}`: {one['reason']}"), err=True)
    if refused:
        click.get_current_context().exit(1)


def _taken(
    found: Iterator[ImportedUser], refused: list[dict[str, str]], *, drop: bool
) -> Iterator[ImportedUser]:
    """Those that can be taken; the others are put down with the reason."""
    seen: set[str] = set()
    for user in found:
        try:
            examined = _examined(user, refused, drop=drop)
            if name_key(examined.user_name) in seen:
                raise ValidationError("another user has this name; names differ by more than case")
            seen.add(name_key(examined.user_name))
        except ValidationError as fault:
            refused.append({"name": user.user_name, "reason": fault.message})
        else:
            yield examined


def _examined(user: ImportedUser, refused: list[dict[str, str]], *, drop: bool) -> ImportedUser:
    if not drop or user.password_hash is None:
        return examine(user)
    bare = examine(replace(user, password_hash=None))
    try:
        return examine(user)
    except ValidationError as fault:
        refused.append({"name": user.user_name, "reason": f"imported without a password: {fault.message}"})
        return bare


def _next(taken: Iterator[ImportedUser]) -> list[ImportedUser]:
    return [user for _, user in zip(range(BATCH), taken, strict=False)]


def _done(terminal: Terminal, batch: list[ImportedUser], path: str, key: Secret | None) -> tuple[int, int]:
    result = terminal.desk().do(import_users, users=tuple(batch), path=path, hash_key=key)
    return len(result.created), len(result.present)


def _tried(terminal: Terminal, batch: list[ImportedUser]) -> tuple[int, int]:
    if terminal.endpoint:
        there = sum(elsewhere.is_user(terminal, user.user_name) for user in batch)
        return len(batch) - there, there
    account = terminal.account()
    with terminal.iam().store.read() as reader:
        there = sum(user_records.find(reader, account, user.user_name) is not None for user in batch)
    return len(batch) - there, there
