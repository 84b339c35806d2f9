"""`iamkit service-credential`: names and passwords for tools, each for one service of an app."""

from __future__ import annotations

import click

from iamkit.cli.options import Group
from iamkit.cli.terminal import Terminal
from iamkit.credentials.access_keys import KeyStatus
from iamkit.management import service_credentials as operations
from iamkit.management.service_credentials import CreatedServiceCredential, ServiceCredentialFace


@click.group("service-credential", cls=Group)
def service_credential() -> None:
    """Names and passwords for tools that know nothing better. Each does what one service names, no more."""


@service_credential.command("create")
@click.argument("user")
@click.argument("service")
@click.option("--days", type=int, help="How long it is good.  [default: until it is deleted]")
@click.pass_obj
def create(terminal: Terminal, user: str, service: str, days: int | None) -> None:
    """Make a credential of USER for SERVICE, the prefix of an app's actions. It is shown once."""
    _announce(
        terminal,
        terminal.desk().do(
            operations.create_service_specific_credential,
            user_name=user,
            service_name=service,
            credential_age_days=days,
        ),
    )


@service_credential.command("list")
@click.argument("user", required=False)
@click.option("--service", help="Only those of one service.")
@click.option("--all", "everybody", is_flag=True, help="Those of all users.")
@click.pass_obj
def list_(terminal: Terminal, user: str | None, service: str | None, everybody: bool) -> None:
    """List the credentials of USER, or your own."""
    found = (
        terminal.desk()
        .do(
            operations.list_service_specific_credentials,
            user_name=user,
            service_name=service,
            all_users=everybody,
        )
        .items
    )
    terminal.output.table(
        ("CREDENTIAL", "USER", "SERVICE", "NAME", "STATUS", "CREATED", "ENDS"),
        [
            (
                item.service_specific_credential_id,
                item.user_name,
                item.service_name,
                item.service_user_name,
                item.status,
                item.created_at,
                item.expires_at,
            )
            for item in found
        ],
        [_data(item) for item in found],
        empty="there are no service-specific credentials here",
    )


@service_credential.command("reset")
@click.argument("user")
@click.argument("credential_id")
@click.pass_obj
def reset(terminal: Terminal, user: str, credential_id: str) -> None:
    """Give a credential of USER a new password; the old one is refused from the next request on."""
    one = {"user_name": user, "service_specific_credential_id": credential_id}
    _announce(terminal, terminal.desk().do(operations.reset_service_specific_credential, **one))


@service_credential.command("enable")
@click.argument("user")
@click.argument("credential_id")
@click.pass_obj
def enable(terminal: Terminal, user: str, credential_id: str) -> None:
    """Accept a credential of USER again."""
    _set_status(terminal, user, credential_id, KeyStatus.ACTIVE)


@service_credential.command("disable")
@click.argument("user")
@click.argument("credential_id")
@click.pass_obj
def disable(terminal: Terminal, user: str, credential_id: str) -> None:
    """Refuse a credential of USER from the next request on; it can be enabled again."""
    _set_status(terminal, user, credential_id, KeyStatus.INACTIVE)


@service_credential.command("delete")
@click.argument("user")
@click.argument("credential_id")
@click.pass_obj
def delete(terminal: Terminal, user: str, credential_id: str) -> None:
    """Delete a credential of USER for good."""
    one = {"user_name": user, "service_specific_credential_id": credential_id}
    terminal.desk().do(operations.delete_service_specific_credential, **one)
    terminal.output.done(f"deleted credential {credential_id}", {"credential": credential_id})


def _set_status(terminal: Terminal, user: str, credential_id: str, status: KeyStatus) -> None:
    one = {"user_name": user, "service_specific_credential_id": credential_id}
    terminal.desk().do(operations.update_service_specific_credential, status=str(status), **one)
    told = {"credential": credential_id, "status": str(status)}
    terminal.output.done(f"credential {credential_id} is {status}", told)


def _announce(terminal: Terminal, made: CreatedServiceCredential) -> None:
    password = made.service_password.reveal()
    if terminal.as_json:
        terminal.output.data({**_data(made.face), "service_password": password})
        return
    click.echo(f"credential {made.face.service_specific_credential_id}", err=True)
    click.echo(f"{made.face.service_user_name}:{password}")
    click.echo("keep it now: the password is not shown again", err=True)


def _data(face: ServiceCredentialFace) -> dict[str, object]:
    return {
        "credential": face.service_specific_credential_id,
        "user": face.user_name,
        "service": face.service_name,
        "service_user_name": face.service_user_name,
        "status": face.status,
        "created": face.created_at,
        "expires": face.expires_at,
    }
