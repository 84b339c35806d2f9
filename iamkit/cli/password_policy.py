"""`iamkit password-policy`: what passwords of the account have to satisfy, with AWS's ten fields."""

from __future__ import annotations

import dataclasses

import click

from iamkit.cli import passwords
from iamkit.cli.options import Group
from iamkit.cli.terminal import Terminal
from iamkit.errors import NoSuchEntity
from iamkit.management import password_policy as operations
from iamkit.management.password_policy import PasswordPolicy


@click.group("password-policy", cls=Group)
def password_policy() -> None:
    """The account's password policy, over the profile that the settings choose."""


@password_policy.command("show")
@click.pass_obj
def show(terminal: Terminal) -> None:
    """Show the account's policy; without one, the profile's rules."""
    try:
        found = terminal.desk().do(operations.get_account_password_policy)
    except NoSuchEntity:
        rules = passwords.rules(terminal)
        data = {"policy": None, "profile": rules.name, "rules": rules.described()}
        terminal.output.record(data, data)
        return
    _record(terminal, found)


@password_policy.command("set")
@click.option("--length", type=int, help="The least number of characters, 6 to 128.")
@click.option("--symbols", is_flag=True, help="Ask for a symbol.")
@click.option("--numbers", is_flag=True, help="Ask for a digit.")
@click.option("--uppercase", is_flag=True, help="Ask for an upper-case letter.")
@click.option("--lowercase", is_flag=True, help="Ask for a lower-case letter.")
@click.option("--users-may-change", is_flag=True, help="Let every user change their own password.")
@click.option("--max-age", type=int, help="Days until a password has to be changed, 1 to 1095.")
@click.option("--remember", type=int, help="How many of the last passwords must not come again, 1 to 24.")
@click.option("--hard-expiry", is_flag=True, help="Leave it to an administrator once a password is too old.")
@click.pass_obj
def set_(
    terminal: Terminal,
    length: int | None,
    symbols: bool,
    numbers: bool,
    uppercase: bool,
    lowercase: bool,
    users_may_change: bool,
    max_age: int | None,
    remember: int | None,
    hard_expiry: bool,
) -> None:
    """Set the whole policy: what is left out goes back to its default."""
    made = terminal.desk().do(
        operations.update_account_password_policy,
        minimum_password_length=length,
        require_symbols=symbols or None,
        require_numbers=numbers or None,
        require_uppercase_characters=uppercase or None,
        require_lowercase_characters=lowercase or None,
        allow_users_to_change_password=users_may_change or None,
        max_password_age=max_age,
        password_reuse_prevention=remember,
        hard_expiry=hard_expiry or None,
    )
    _record(terminal, made)


@password_policy.command("delete")
@click.pass_obj
def delete(terminal: Terminal) -> None:
    """Go back to the rules of the profile."""
    terminal.desk().do(operations.delete_account_password_policy)
    terminal.output.done("the account has no password policy of its own now", {"policy": None})


def _record(terminal: Terminal, policy: PasswordPolicy) -> None:
    data = dataclasses.asdict(policy)
    terminal.output.record(data, data)
