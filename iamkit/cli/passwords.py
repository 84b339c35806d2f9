"""Passwords on the command line: asked for without echo, or read from standard input; never an argument."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

import click

from iamkit.cli import elsewhere
from iamkit.credentials.password_rules import MODERN, PasswordRules
from iamkit.credentials.secret import Secret
from iamkit.errors import InputError

if TYPE_CHECKING:
    from iamkit.cli.terminal import Terminal

# Far above what passwords may have; what is longer is refused by the password rules or here.
_LONGEST: Final = 64 * 1024

# What help says of a new password; a prompt says what holds in the deployment.
LENGTH: Final = f"at least {MODERN.minimum_length} characters"

stdin_option = click.option(
    "--stdin", is_flag=True, help="Read the password from standard input, not from a prompt."
)


def rules(terminal: Terminal) -> PasswordRules:
    """What holds in the account of whoever acts."""
    if terminal.endpoint:
        return elsewhere.password_rules(terminal)
    iam = terminal.iam()
    with iam.store.read() as reader:
        return iam.passwords.rules(reader, terminal.account())


def check(terminal: Terminal, user_name: str, password: Secret) -> None:
    """Whether a user who is not there yet could have this password. Raises PasswordPolicyViolation."""
    if terminal.endpoint:
        # The operation checks; a user that was made for nothing goes again.
        return
    iam = terminal.iam()
    with iam.store.read() as reader:
        wanted = iam.passwords.wanted(reader, terminal.account(), user_name, None)
    iam.passwords.check(wanted, password.reveal())


def read(*, stdin: bool, rules: PasswordRules, prompt: str = "Password") -> Secret:
    """A password. Raises InputError if there is nobody to ask, or what comes is no text.

    `rules` are only told, in the prompt: whoever keeps the password checks them.
    """
    if stdin:
        return Secret(_from_stdin())
    if not at_terminal():
        raise InputError("there is no terminal to ask at; pipe the password and give `--stdin`")
    prompt = f"{prompt} ({rules.described()})"
    return Secret(click.prompt(prompt, hide_input=True, confirmation_prompt=True, type=str))


def at_terminal() -> bool:
    """Whether there is somebody to ask."""
    return sys.stdin.isatty()


def _from_stdin() -> str:
    raw = sys.stdin.buffer.read(_LONGEST + 1)
    if len(raw) > _LONGEST:
        raise InputError("what is on standard input is too long for a password")
    try:
        # One line break at the end is the shell's, not the password's.
        text = raw.decode("utf-8").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise InputError("the password on standard input is not UTF-8 text") from None
    if not text:
        raise InputError("standard input holds no password")
    return text
