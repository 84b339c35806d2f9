"""`iamkit ssh-key`: public halves of SSH keys, by which people sign in without a stored secret."""

from __future__ import annotations

from typing import TextIO

import click

from iamkit.cli.options import Group
from iamkit.cli.terminal import Terminal
from iamkit.credentials.access_keys import KeyStatus
from iamkit.management import ssh_keys as operations
from iamkit.management.ssh_keys import SshPublicKeyFace


@click.group("ssh-key", cls=Group)
def ssh_key() -> None:
    """SSH keys: what `iamkit sign-in` signs with. Only public halves are kept; a user has at most five."""


@ssh_key.command("upload")
@click.argument("user")
@click.argument("file", type=click.File("r", errors="replace"))
@click.pass_obj
def upload(terminal: Terminal, user: str, file: TextIO) -> None:
    """Keep the public key in FILE, such as `~/.ssh/id_ed25519.pub`, for USER."""
    made = terminal.desk().do(
        operations.upload_ssh_public_key, user_name=user, ssh_public_key_body=file.read(20_000).strip()
    )
    terminal.output.done(f"user {user} has SSH key {made.ssh_public_key_id} now", _data(made))


@ssh_key.command("list")
@click.argument("user", required=False)
@click.pass_obj
def list_(terminal: Terminal, user: str | None) -> None:
    """List the keys of USER, or your own."""
    found = terminal.desk().do(operations.list_ssh_public_keys, user_name=user).items
    terminal.output.table(
        ("KEY", "USER", "STATUS", "UPLOADED", "FINGERPRINT"),
        [
            (item.ssh_public_key_id, item.user_name, item.status, item.uploaded_at, item.fingerprint)
            for item in found
        ],
        [_data(item) for item in found],
        empty="there are no SSH keys here",
    )


@ssh_key.command("show")
@click.argument("user")
@click.argument("key_id")
@click.option("--pem", is_flag=True, help="As PEM.")
@click.pass_obj
def show(terminal: Terminal, user: str, key_id: str, pem: bool) -> None:
    """Print a key of USER."""
    found = terminal.desk().do(
        operations.get_ssh_public_key,
        user_name=user,
        ssh_public_key_id=key_id,
        encoding="PEM" if pem else "SSH",
    )
    terminal.output.done(found.body.rstrip(), {**_data(found), "body": found.body})


@ssh_key.command("enable")
@click.argument("user")
@click.argument("key_id")
@click.pass_obj
def enable(terminal: Terminal, user: str, key_id: str) -> None:
    """Accept a key of USER again."""
    _set_status(terminal, user, key_id, KeyStatus.ACTIVE)


@ssh_key.command("disable")
@click.argument("user")
@click.argument("key_id")
@click.pass_obj
def disable(terminal: Terminal, user: str, key_id: str) -> None:
    """Let a key of USER sign in nobody; it can be enabled again."""
    _set_status(terminal, user, key_id, KeyStatus.INACTIVE)


@ssh_key.command("delete")
@click.argument("user")
@click.argument("key_id")
@click.pass_obj
def delete(terminal: Terminal, user: str, key_id: str) -> None:
    """Delete a key of USER for good."""
    terminal.desk().do(operations.delete_ssh_public_key, user_name=user, ssh_public_key_id=key_id)
    terminal.output.done(f"deleted SSH key {key_id}", {"ssh_public_key_id": key_id})


def _set_status(terminal: Terminal, user: str, key_id: str, status: KeyStatus) -> None:
    terminal.desk().do(
        operations.update_ssh_public_key, user_name=user, ssh_public_key_id=key_id, status=str(status)
    )
    terminal.output.done(
        f"SSH key {key_id} is {status}", {"ssh_public_key_id": key_id, "status": str(status)}
    )


def _data(face: SshPublicKeyFace) -> dict[str, object]:
    return {
        "ssh_public_key_id": face.ssh_public_key_id,
        "user": face.user_name,
        "status": face.status,
        "uploaded": face.uploaded_at,
        "fingerprint": face.fingerprint,
    }
