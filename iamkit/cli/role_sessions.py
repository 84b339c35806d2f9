"""`iamkit role assume`, `sessions` and `revoke`: being a role for a while, and taking that back."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, Final

import click

from iamkit.cli import documents, elsewhere
from iamkit.cli.documents import Document
from iamkit.cli.options import Command, Group
from iamkit.cli.terminal import KEY_ID_VARIABLE, SECRET_VARIABLE, SESSION_VARIABLE, Terminal
from iamkit.cli.words import pairs, policy_arn
from iamkit.credentials.secret import Secret
from iamkit.identity import roles
from iamkit.management import assume_role, role_sessions
from iamkit.management.assume_role import AssumedRole
from iamkit.management.session_credentials import Credentials

_OWN: Final = (KEY_ID_VARIABLE, SECRET_VARIABLE, SESSION_VARIABLE)
_AWS: Final = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


def add_session_commands(group: Group) -> None:
    """Add the commands of sessions to `iamkit role`."""
    for command in (assume, sessions, revoke):
        group.add_command(command)


def for_process(given: Credentials) -> str:
    """What a `credential_process` prints: JSON of version 1, as botocore and every AWS SDK read it."""
    return json.dumps(
        {
            "Version": 1,
            "AccessKeyId": given.access_key_id,
            "SecretAccessKey": given.secret_access_key.reveal(),
            "SessionToken": given.session_token.reveal(),
            "Expiration": _instant(given.expiration),
        }
    )


@click.command("assume", cls=Command)
@click.argument("role")
@documents.file_option
@click.option("--session", "name", metavar="NAME", help="The session's name.  [default: yours]")
@click.option("--duration", type=int, metavar="SECONDS", help="How long it lasts.  [default: 3600]")
@click.option(
    "--policy", "policies", multiple=True, metavar="POLICY", help="A managed policy that narrows the session."
)
@click.option("--external-id", metavar="ID", help="What the role's owner agreed on with you.")
@click.option("--tag", "tag_texts", multiple=True, metavar="KEY=VALUE", help="A tag of the session.")
@click.option("--transitive", multiple=True, metavar="KEY", help="A tag that goes on into the next role.")
@click.option("--source-identity", metavar="NAME", help="Who is behind it, for all that follows.")
@click.option("--mfa", "serial", metavar="SERIAL", help="The device whose code is asked for.")
@click.option("--aws", "for_aws", is_flag=True, help="Name the variables as AWS's own tools do.")
@click.option("--process", "as_process", is_flag=True, help="Print what a `credential_process` prints.")
@click.pass_obj
def assume(
    terminal: Terminal,
    role: str,
    file: Document | None,
    name: str | None,
    duration: int | None,
    policies: tuple[str, ...],
    external_id: str | None,
    tag_texts: tuple[str, ...],
    transitive: tuple[str, ...],
    source_identity: str | None,
    serial: str | None,
    for_aws: bool,
    as_process: bool,
) -> None:
    """Become ROLE (a name or an ARN) for a while: prints lines to paste into a shell.

    A policy from a file narrows the session to what both it and the role allow.
    """
    code = Secret(click.prompt("Code", hide_input=True, err=True)) if serial is not None else None
    made = terminal.desk().do(
        assume_role.assume_role,
        role_arn=arn_of(terminal, role),
        role_session_name=name or _own_name(terminal),
        policy=None if file is None else documents.kept(terminal, file),
        policy_arns=tuple(policy_arn(terminal, text) for text in policies),
        duration_seconds=duration,
        tags=pairs(tag_texts, what="tag") or None,
        transitive_tag_keys=transitive,
        external_id=external_id,
        source_identity=source_identity,
        serial_number=serial,
        token_code=code,
    )
    announce(terminal, made, for_aws=for_aws, as_process=as_process)


def announce(terminal: Terminal, made: AssumedRole, *, for_aws: bool, as_process: bool) -> None:
    """Show the credentials of a new session, the one time that they are at hand."""
    given = made.credentials
    if as_process:
        click.echo(for_process(given))
        return
    if terminal.as_json:
        terminal.output.data(
            {
                "arn": made.assumed_role_user.arn,
                "access_key_id": given.access_key_id,
                "secret_access_key": given.secret_access_key.reveal(),
                "session_token": given.session_token.reveal(),
                "expires": given.expiration,
                "packed_policy_size": made.packed_policy_size,
            }
        )
        return
    click.echo(f"you are {made.assumed_role_user.arn} until {_instant(given.expiration)}", err=True)
    secrets = (given.access_key_id, given.secret_access_key.reveal(), given.session_token.reveal())
    for variable, value in zip(_AWS if for_aws else _OWN, secrets, strict=True):
        click.echo(f"export {variable}={value}")


@click.command("sessions", cls=Command)
@click.argument("role")
@click.pass_obj
def sessions(terminal: Terminal, role: str) -> None:
    """List who is ROLE now, and through whom."""
    found = terminal.desk().do(role_sessions.list_role_sessions, role_name=role).items
    terminal.output.table(
        ("SESSION", "NAME", "BY", "SINCE", "ENDS", "MFA"),
        [
            (item.session_id, item.name, " → ".join(item.chain), item.issued_at, item.expires_at, item.mfa)
            for item in found
        ],
        [_data(item) for item in found],
        empty="nobody is this role now",
    )


@click.command("revoke", cls=Command)
@click.argument("role")
@click.argument("session", required=False)
@click.pass_obj
def revoke(terminal: Terminal, role: str, session: str | None) -> None:
    """End one SESSION of ROLE, or all that began before now. New ones may begin."""
    desk = terminal.desk()
    if session is not None:
        desk.do(role_sessions.end_role_session, role_name=role, session_id=session)
        terminal.output.done(f"ended session {session}", {"role": role, "ended": 1})
        return
    ended = desk.do(role_sessions.end_role_sessions, role_name=role).count
    terminal.output.done(f"ended {ended} sessions of role {role}", {"role": role, "ended": ended})


def _data(item: role_sessions.TemporaryFace) -> dict[str, Any]:
    return {
        "session": item.session_id,
        "name": item.name,
        "chain": item.chain,
        "source_identity": item.source_identity,
        "since": item.issued_at,
        "expires": item.expires_at,
        "mfa": item.mfa,
    }


def arn_of(terminal: Terminal, role: str) -> str:
    """The ARN of a role that is named; of another account's only the ARN will do."""
    if role.startswith("arn:"):
        return role
    if terminal.endpoint:
        return elsewhere.role_arn(terminal, role)
    iam = terminal.iam()
    with iam.store.read() as reader:
        found = roles.find(reader, terminal.account(), role)
    return iam.house.arn(terminal.account(), "role", "/", role) if found is None else found.arn


def _own_name(terminal: Terminal) -> str:
    return terminal.who().name.rsplit("/", 1)[-1].rsplit(":", 1)[-1][:64]


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
