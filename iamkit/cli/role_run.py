"""`iamkit role run`: a command as a role, with credentials that rotate and no secret of its own (CAP-B8)."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from types import FrameType
from typing import TYPE_CHECKING, Final

import click

from iamkit.cli.options import Command
from iamkit.cli.role_sessions import arn_of
from iamkit.cli.terminal import Terminal
from iamkit.client.variables import KEY_ID_VARIABLE, SECRET_VARIABLE, SESSION_VARIABLE, TOKEN_VARIABLE
from iamkit.credentials.authentication import CredentialKind
from iamkit.errors import ConfigurationError, InputError
from iamkit.identity.component import WORKLOAD
from iamkit.policy.request import CallerKind

if TYPE_CHECKING:
    from iamkit.management.desk import Counter

# What a child must not inherit: whoever has it does not need the role, and an SDK would take it first.
_SECRETS: Final = (
    KEY_ID_VARIABLE,
    SECRET_VARIABLE,
    SESSION_VARIABLE,
    TOKEN_VARIABLE,
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_PROFILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
)
# SDKs look into these files before they ask the endpoint.
_NO_FILES: Final = {"AWS_SHARED_CREDENTIALS_FILE": os.devnull, "AWS_CONFIG_FILE": os.devnull}


@click.command("run", cls=Command, context_settings={"ignore_unknown_options": True})
@click.argument("role")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
@click.option("--profile", "is_profile", is_flag=True, help="ROLE is the name of an instance profile.")
@click.option(
    "--component",
    default=WORKLOAD,
    show_default=True,
    help="What the host acts as, for a role that trusts it as a Service.",
)
@click.option("--session", "name", metavar="NAME", help="The session's name.  [default: the host's]")
@click.option("--duration", type=int, metavar="SECONDS", help="How long each lasts.  [default: 3600]")
@click.pass_obj
def run(
    terminal: Terminal,
    role: str,
    command: tuple[str, ...],
    is_profile: bool,
    component: str,
    name: str | None,
    duration: int | None,
) -> None:
    """Run COMMAND as ROLE: AWS's SDKs in it find credentials of the role, and get new ones in time.

    The credentials come from an endpoint of this process on the loopback interface, which ends with the
    command. Nothing in the command's environment lasts longer.
    """
    from iamkit.management import workloads
    from iamkit.web.credentials_endpoint import CredentialsEndpoint

    desk = _desk(terminal, component)
    iam = terminal.iam()
    session = (name or socket.gethostname())[:64]

    def give() -> Mapping[str, str]:
        if is_profile:
            with iam.store.read() as reader:
                arn = workloads.role_of_profile(reader, terminal.account(), role)
        else:
            arn = arn_of(terminal, role)
        return workloads.as_container(workloads.assumed(desk, arn, session, duration).credentials, arn)

    # Whoever may not be the role is told before anything runs.
    give()
    with CredentialsEndpoint(give, iam.ids) as endpoint:
        kept = {key: value for key, value in os.environ.items() if key not in _SECRETS}
        sys.exit(_run(command, {**kept, **_NO_FILES, **endpoint.environment}))


def _desk(terminal: Terminal, component: str) -> Counter:
    """Where the role is assumed: as whoever was named or came with a key, else as a part of the app."""
    principal = terminal.principal()
    proof = principal.authentication
    operator = proof is not None and proof.kind is CredentialKind.OPERATOR
    if principal.caller.kind is CallerKind.ROOT and operator:
        iam = terminal.iam()
        return iam.desk(iam.component(component))
    return terminal.desk()


def _run(command: tuple[str, ...], environment: Mapping[str, str]) -> int:
    try:
        child = subprocess.Popen(command, env=dict(environment))  # noqa: S603  # what the caller typed
    except FileNotFoundError:
        raise InputError(f"there is no command `{command[0]}`") from None
    except OSError as fault:
        raise ConfigurationError(f"`{command[0]}` cannot be run: {fault.strerror}") from None

    def hand_on(number: int, _frame: FrameType | None) -> None:
        child.send_signal(number)

    before = {number: signal.signal(number, hand_on) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        status = child.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return status if status >= 0 else 128 - status
