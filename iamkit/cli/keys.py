"""`iamkit key`: access keys, whose secrets are shown when they are made and never again."""

from __future__ import annotations

from collections.abc import Mapping

import click

from iamkit.cli.options import Group
from iamkit.cli.terminal import KEY_ID_VARIABLE, SECRET_VARIABLE, Terminal
from iamkit.credentials.access_keys import KeyStatus, NewAccessKey
from iamkit.management import access_keys
from iamkit.management.access_keys import AccessKeyFace


def announce(
    terminal: Terminal, made: NewAccessKey, user_name: str, message: str, value: Mapping[str, object]
) -> None:
    """Show a new key, the one time that its secret is at hand. Standard output can be pasted as it is."""
    secret = made.secret.reveal()
    if terminal.as_json:
        terminal.output.data(
            {**value, "user": user_name, "access_key_id": made.key.key_id, "secret_access_key": secret}
        )
        return
    click.echo(message, err=True)
    click.echo(f"export {KEY_ID_VARIABLE}={made.key.key_id}")
    click.echo(f"export {SECRET_VARIABLE}={secret}")
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
    announce(terminal, made, user or terminal.principal().name, f"made key {made.key.key_id}", {})


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
