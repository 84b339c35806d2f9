"""`iamkit key`: access keys, whose secrets are shown when they are made and never again."""

from __future__ import annotations

from collections.abc import Mapping

import click

from iamkit.cli.options import Group
from iamkit.cli.output import harmless, plain
from iamkit.cli.terminal import Terminal
from iamkit.cli.words import days
from iamkit.client.variables import KEY_ID_VARIABLE, SECRET_VARIABLE
from iamkit.credentials.access_keys import KeyStatus, NewAccessKey
from iamkit.credentials.secret import Secret
from iamkit.errors import InputError
from iamkit.management import access_keys, key_rotation
from iamkit.management.access_keys import AccessKeyFace
from iamkit.management.key_rotation import BEGIN, DELETE, FINISH


def announce(
    terminal: Terminal, made: NewAccessKey, user_name: str, message: str, value: Mapping[str, object]
) -> None:
    """Show a new key, the one time that its secret is at hand. Standard output can be pasted as it is."""
    announce_secret(terminal, made.key.key_id, made.secret, user_name, message, value)


def announce_secret(
    terminal: Terminal,
    key_id: str,
    secret: Secret,
    user_name: str,
    message: str,
    value: Mapping[str, object],
) -> None:
    """Show the id and the secret of a new key."""
    told = secret.reveal()
    if terminal.as_json:
        terminal.output.data({**value, "user": user_name, "access_key_id": key_id, "secret_access_key": told})
        return
    click.echo(message, err=True)
    click.echo(f"export {KEY_ID_VARIABLE}={key_id}")
    click.echo(f"export {SECRET_VARIABLE}={told}")
    click.echo("keep the secret now: it is not shown again", err=True)


def data_of(key: AccessKeyFace) -> dict[str, object]:
    """A key as programs see it: everything but the secret."""
    return {
        "access_key_id": key.key_id,
        "user": key.user_name,
        "status": key.status,
        "created": key.created_at,
        "last_used": key.last_used_at,
        "last_used_service": key.last_used_service,
        "last_used_region": key.last_used_region,
    }


@click.group("key", cls=Group)
def key() -> None:
    """Access keys: what programs sign requests with. A user has at most two."""


@key.command("create")
@click.argument("user", required=False)
@click.pass_obj
def create(terminal: Terminal, user: str | None) -> None:
    """Make a key for USER, or for yourself. Its secret is shown once, as lines to paste into a shell."""
    desk = terminal.desk()
    made = desk.do(access_keys.create_access_key, user_name=user)
    announce(terminal, made, user or terminal.who().name, f"made key {made.key.key_id}", {})


@key.command("list")
@click.argument("user", required=False)
@click.pass_obj
def list_(terminal: Terminal, user: str | None) -> None:
    """List the keys of USER, or your own."""
    found = terminal.desk().do(access_keys.list_access_keys, user_name=user).items
    terminal.output.table(
        ("KEY", "USER", "STATUS", "CREATED", "LAST USED"),
        [(item.key_id, item.user_name, item.status, item.created_at, item.last_used_at) for item in found],
        [data_of(item) for item in found],
        empty="there are no access keys here",
    )


@key.command("show")
@click.argument("key_id")
@click.pass_obj
def show(terminal: Terminal, key_id: str) -> None:
    """Show whose a key is and when it was last used."""
    data = data_of(terminal.desk().do(access_keys.get_access_key_last_used, access_key_id=key_id))
    terminal.output.record(data, data)


@key.command("rotate")
@click.argument("user", required=False)
@click.option("--finish", is_flag=True, help="Refuse the old key, once programs use the new one.")
@click.option("--delete", "delete_old", is_flag=True, help="Delete the old key, once nothing broke.")
@click.option("--force", is_flag=True, help="Finish although the old key is in use, or the new one is not.")
@click.pass_obj
def rotate(terminal: Terminal, user: str | None, finish: bool, delete_old: bool, force: bool) -> None:
    """Replace the key of USER, or your own, while programs go on: make, --finish, --delete.

    The first step makes a second key. The others never take away the only one.
    """
    if finish and delete_old:
        raise InputError("`--finish` and `--delete` are two steps, with time between them; give one")
    step = FINISH if finish else DELETE if delete_old else BEGIN
    done = terminal.desk().do(key_rotation.rotate_access_key, user_name=user, step=step, force=force)
    old = "never used" if done.old.last_used_at is None else f"last used {plain(done.old.last_used_at)}"
    value: dict[str, object] = {"step": step, "old": data_of(done.old)}
    if done.secret is not None:
        made = f"made key {done.key_id}; key {done.old_key_id} goes on ({old})"
        announce_secret(terminal, done.key_id, done.secret, done.old.user_name, made, value)
        if not terminal.as_json:
            whose = "" if user is None else f" {user}"
            click.echo(harmless(f"then, when programs use it: iamkit key rotate{whose} --finish"), err=True)
        return
    said = "is Inactive" if finish else "is deleted"
    message = f"key {done.old_key_id} {said} ({old}); key {done.key_id} goes on"
    terminal.output.done(message, {**value, "access_key_id": done.key_id})


@key.command("report")
@click.option("--older-than", default="0d", show_default=True, help="Only keys of this age: `90d`, `12w`.")
@click.option("--unused-for", default="0d", show_default=True, help="Only keys that nobody used for so long.")
@click.option("--active", is_flag=True, help="Only active keys.")
@click.pass_obj
def report(terminal: Terminal, older_than: str, unused_for: str, active: bool) -> None:
    """List the account's keys with their ages, the oldest first."""
    found = (
        terminal.desk()
        .do(
            key_rotation.report_access_keys,
            older_than_days=days(older_than),
            unused_for_days=days(unused_for),
            active_only=active,
        )
        .items
    )
    terminal.output.table(
        ("KEY", "USER", "STATUS", "AGE", "UNUSED", "LAST USED", "SERVICE", "REGION"),
        [
            (
                item.key.key_id,
                item.key.user_name,
                item.key.status,
                f"{item.age_days} d",
                f"{item.unused_days} d",
                item.key.last_used_at,
                item.key.last_used_service,
                item.key.last_used_region,
            )
            for item in found
        ],
        [{**data_of(item.key), "age_days": item.age_days, "unused_days": item.unused_days} for item in found],
        empty="there are no such keys",
    )


@key.command("enable")
@click.argument("key_id")
@click.option("--user", help="Whose key it is.  [default: found by the key]")
@click.pass_obj
def enable(terminal: Terminal, key_id: str, user: str | None) -> None:
    """Accept a key again."""
    _set_status(terminal, key_id, user, KeyStatus.ACTIVE)


@key.command("disable")
@click.argument("key_id")
@click.option("--user", help="Whose key it is.  [default: found by the key]")
@click.pass_obj
def disable(terminal: Terminal, key_id: str, user: str | None) -> None:
    """Refuse a key from the next request on; it can be enabled again."""
    _set_status(terminal, key_id, user, KeyStatus.INACTIVE)


@key.command("delete")
@click.argument("key_id")
@click.option("--user", help="Whose key it is.  [default: found by the key]")
@click.pass_obj
def delete(terminal: Terminal, key_id: str, user: str | None) -> None:
    """Delete a key for good."""
    terminal.desk().do(
        access_keys.delete_access_key, access_key_id=key_id, user_name=_owner(terminal, key_id, user)
    )
    terminal.output.done(f"deleted key {key_id}", {"access_key_id": key_id})


def _set_status(terminal: Terminal, key_id: str, user: str | None, status: KeyStatus) -> None:
    owner = _owner(terminal, key_id, user)
    terminal.desk().do(
        access_keys.update_access_key, access_key_id=key_id, status=str(status), user_name=owner
    )
    terminal.output.done(f"key {key_id} is {status}", {"access_key_id": key_id, "status": str(status)})


def _owner(terminal: Terminal, key_id: str, user: str | None) -> str:
    if user is not None:
        return user
    return terminal.desk().do(access_keys.get_access_key_last_used, access_key_id=key_id).user_name
