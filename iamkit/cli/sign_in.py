"""`iamkit sign-in`: a session by an SSH key, which `ssh-keygen` or an agent holds and iamkit never sees."""

from __future__ import annotations

import subprocess  # one fixed program, no shell
from pathlib import Path
from typing import Final

import click

from iamkit.cli.options import Command
from iamkit.cli.terminal import USER_AGENT, Terminal
from iamkit.client.variables import TOKEN_VARIABLE
from iamkit.credentials.sessions import NewSession
from iamkit.errors import ConfigurationError, InputError
from iamkit.gate.ssh_sign_in import NAMESPACE

_PATIENCE: Final = 120


@click.command("sign-in", cls=Command)
@click.argument("user")
@click.option(
    "--ssh-key",
    "key",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Your private key; or your public one, if an agent holds the other.",
)
@click.option("--account", help="The account, by number or alias.  [default: the home account]")
@click.pass_obj
def sign_in(terminal: Terminal, user: str, key: Path, account: str | None) -> None:
    """Sign in as USER with an SSH key that was uploaded for it.

    Prints a line to paste into a shell; commands then act as USER until the session ends. Who holds a
    second factor is asked for its code.
    """
    iam = terminal.iam()
    begun = iam.ssh_sign_in.begin(user, account=account)
    session = iam.ssh_sign_in.finish(begun.token, _signature(key, begun.message), user_agent=USER_AGENT)
    if session.awaits:
        session = _second(terminal, session)
    token = session.token.reveal()
    if terminal.as_json:
        terminal.output.data({"user": user, "token": token, "expires": session.expires_at})
        return
    click.echo(f"export {TOKEN_VARIABLE}={token}")
    click.echo(f"signed in as {user}; the token opens the session, so keep it to yourself", err=True)


def _signature(key: Path, message: str) -> str:
    try:
        made = subprocess.run(  # noqa: S603  # arguments are a list, and the path stands behind its option
            ["ssh-keygen", "-Y", "sign", "-q", "-n", NAMESPACE, "-f", str(key)],  # noqa: S607
            input=message,
            stdout=subprocess.PIPE,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )
    except FileNotFoundError:
        raise ConfigurationError("`ssh-keygen` is not installed; install OpenSSH's client") from None
    except subprocess.TimeoutExpired:
        raise InputError("`ssh-keygen` did not sign in time; start again") from None
    if made.returncode != 0:
        raise InputError(f"`ssh-keygen` did not sign with `{key}`; see what it said")
    return made.stdout


def _second(terminal: Terminal, session: NewSession) -> NewSession:
    factors = terminal.iam().factors
    offered = [offer.method for offer in factors.offers(session.token.reveal())]
    shown = [method for method in offered if method in ("totp", "hotp", "recovery")]
    if not shown:
        raise InputError("your second factor needs a browser; sign in there")
    code = click.prompt("Code", hide_input=True, type=str, err=True).strip()
    method = "recovery" if "-" in code and "recovery" in shown else shown[0]
    return factors.finish(session.token.reveal(), method, {"code": code}, user_agent=USER_AGENT)
