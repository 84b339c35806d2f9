"""`iamkit root`: the root user of an account, for whoever can read the key file."""

from __future__ import annotations

import click

from iamkit.audit.event import Origin
from iamkit.cli.options import Group
from iamkit.cli.terminal import USER_AGENT, Terminal
from iamkit.credentials.secret import Secret
from iamkit.management import root as operations
from iamkit.management.desk import Desk
from iamkit.management.root import NewSetupLink


def announce_setup(link: Secret, *, plain: bool) -> None:
    """Show a set-up link, the one time that it is at hand; as a comment, where the rest is for a shell."""
    click.echo(("" if plain else "# root user: ") + link.reveal())
    click.echo("by this link somebody becomes the root user: once, within 15 minutes", err=True)
    if "?token=" not in link.reveal():
        click.echo(
            "it is the token alone: open your app's page for it with ?token=…, or set `link_base` in"
            " iamkit.toml to have the whole link",
            err=True,
        )


@click.group("root", cls=Group)
def root() -> None:
    """The root user, the account's owner: how it is set up, and how it comes back."""


@root.command("setup-link")
@click.option("--account", "account_id", metavar="ID", help="Of which account.  [default: the home account]")
@click.pass_obj
def setup_link(terminal: Terminal, account_id: str | None) -> None:
    """Print a link by which somebody becomes the root user. Earlier links are void."""
    _show(terminal, _desk(terminal).do(operations.create_setup_link, account_id=account_id))


@root.command("recover")
@click.option("--account", "account_id", metavar="ID", help="Of which account.  [default: the home account]")
@click.pass_obj
def recover(terminal: Terminal, account_id: str | None) -> None:
    """Take password, factors, keys and sessions from the root user, and print a new set-up link."""
    _show(terminal, _desk(terminal).do(operations.recover_root, account_id=account_id))


@root.command("stop-recovery")
@click.pass_obj
def stop_recovery(terminal: Terminal) -> None:
    """Stop a recovery of the root user that you were told of and did not begin."""
    terminal.desk().do(operations.stop_root_recovery)
    terminal.output.done("stopped the recovery of the root user", {})


@root.command("restore")
@click.argument("user")
@click.pass_obj
def restore(terminal: Terminal, user: str) -> None:
    """Make USER an administrator again, who locked itself out: what denies it anything is taken off."""
    done = _desk(terminal).do(operations.restore_administrator, user_name=user)
    taken = ", ".join(done.taken_away) or "nothing"
    terminal.output.done(
        f"{done.arn} is an administrator; taken away: {taken}",
        {"administrator": done.arn, "taken_away": list(done.taken_away)},
    )


@root.command("reopen")
@click.argument("account_id")
@click.pass_obj
def reopen(terminal: Terminal, account_id: str) -> None:
    """Open an account again that its root user closed, or that was suspended."""
    _desk(terminal).do(operations.reopen_account, account_id=account_id)
    terminal.output.done(f"account {account_id} is open", {"account": account_id})


@root.command("sign-in-url")
@click.option("--account", "account", metavar="ID", help="Of which account, by id or alias.")
@click.pass_obj
def sign_in_url(terminal: Terminal, account: str | None) -> None:
    """Print where people sign in to an account."""
    url = terminal.iam().sign_in_url(account)
    terminal.output.record({"sign_in_url": url}, {"sign_in_url": url})


def _desk(terminal: Terminal) -> Desk:
    # Also with a key in the environment: it is the key file that makes the host operator.
    iam = terminal.iam()
    return iam.desk(iam.operator(), origin=Origin(user_agent=USER_AGENT))


def _show(terminal: Terminal, made: NewSetupLink) -> None:
    link = terminal.iam().setup_url(made.token)
    if terminal.as_json:
        terminal.output.data({"account": made.account_id, "setup_link": link.reveal()})
        return
    announce_setup(link, plain=True)
