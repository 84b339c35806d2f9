"""Passwords and sessions: never an argument, never shown."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from iamkit.errors import InvalidCredentials
from iamkit.kit import IAM

if TYPE_CHECKING:
    from tests.cli.conftest import Cli


def _signs_in(cli: Cli, name: str, password: str) -> bool:
    with IAM(cli.directory) as iam:
        try:
            iam.sign_in(name, password)
        except InvalidCredentials:
            return False
        return True


def test_a_user_is_created_with_a_password(cli: Cli, password: str) -> None:
    """From standard input, without its line break; the user can sign in with it."""
    result = cli("user", "create", "ben", "--password", "--stdin", input=password + "\n")

    assert result.exit_code == 0
    assert password not in result.output
    assert _signs_in(cli, "ben", password)
    assert password not in cli.ok("events", "--json")


def test_a_refused_password_leaves_no_user_behind(cli: Cli) -> None:
    """`user create --password` is all or nothing."""
    before = cli.state()

    result = cli("user", "create", "ben", "--password", "--key", "--stdin", input="short")

    assert result.exit_code == 2
    assert "needs at least" in result.stderr
    assert "export" not in result.stdout
    assert cli.state() == before


def test_a_password_is_set_replaced_and_removed(cli: Cli, password: str) -> None:
    """The same command gives the first password and a new one."""
    cli.ok("user", "password", "ana", "--stdin", input=password)
    assert _signs_in(cli, "ana", password)

    cli.ok("user", "password", "ana", "--stdin", input="another quiet harbour")

    assert not _signs_in(cli, "ana", password)
    assert _signs_in(cli, "ana", "another quiet harbour")
    cli.ok("user", "password", "ana", "--remove")
    assert not _signs_in(cli, "ana", "another quiet harbour")


def test_a_prompt_asks_twice_without_echo(cli: Cli, password: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """At a terminal the password is asked for and confirmed; nothing of it is shown."""
    monkeypatch.setattr("iamkit.cli.passwords.at_terminal", lambda: True)

    result = cli("user", "password", "ana", input=f"{password}\n{password}\n")

    assert result.exit_code == 0
    assert "New password of ana (at least 15 characters): " in result.output
    assert password not in result.output
    assert _signs_in(cli, "ana", password)


def test_help_says_how_long_a_password_has_to_be(cli: Cli) -> None:
    """Before anybody types one."""
    for words in (("user", "create"), ("user", "password")):
        assert "at least 15 characters" in " ".join(cli.ok(*words, "--help").split())


def test_two_different_answers_are_asked_again(
    cli: Cli, password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slip of the finger sets no password."""
    monkeypatch.setattr("iamkit.cli.passwords.at_terminal", lambda: True)

    result = cli("user", "password", "ana", input=f"{password}\n{password}x\n")

    assert result.exit_code == 1
    assert not _signs_in(cli, "ana", password)


def test_without_a_terminal_nobody_is_asked(cli: Cli) -> None:
    """In a script the command says how to give the password instead of waiting."""
    result = cli("user", "create", "ben", "--password", input="something\n")

    assert result.exit_code == 2
    assert "--stdin" in result.stderr


def test_a_password_that_is_refused_late_takes_the_user_back(cli: Cli, tmp_path: Path) -> None:
    """A rule that only the operation knows is found after the user was made; the user goes again."""
    where = ("--dir", str(tmp_path / "other"))
    # The account's name, which a password must not be, is long enough to pass every other rule.
    cli.ok("init", *where, "--account-name", "a quiet little account")

    result = cli(
        *where, "user", "create", "ben", "--password", "--key", "--stdin", input="a quiet little account"
    )

    assert result.exit_code == 2
    assert result.stdout == ""
    assert [item["name"] for item in cli.data(*where, "user", "list")] == ["administrator"]


@pytest.mark.parametrize("given", [b"", b"\n", b"\xff\xfe\xfd" * 10, b"x" * 70_000])
def test_rubbish_is_no_password(cli: Cli, given: bytes) -> None:
    """Nothing, another encoding, and far too much are refused."""
    before = cli.state()

    result = cli("user", "password", "ana", "--stdin", input=given)

    assert result.exit_code == 2, result.output
    assert cli.state() == before


def test_no_command_takes_a_password_as_an_argument(cli: Cli, password: str) -> None:
    """What stands in argv can be read by every process of the machine."""
    assert cli("user", "password", "ana", password).exit_code == 2
    assert cli("user", "create", "ben", f"--password={password}").exit_code == 2


def test_sessions_are_listed_and_ended(cli: Cli, password: str) -> None:
    """By public id, or all of a user's; the token is in no answer."""
    cli.ok("user", "password", "ana", "--stdin", input=password)
    with IAM(cli.directory) as iam:
        tokens = [iam.sign_in("ana", password).token for _ in range(3)]

    found = cli.data("sessions", "list", "ana")

    assert len(found) == 3
    said = cli.ok("sessions", "list", "ana") + cli.ok("sessions", "list", "ana", "--json")
    assert not any(token.reveal() in said for token in tokens)
    cli.ok("sessions", "end", "ana", found[0]["session"])
    assert len(cli.data("sessions", "list", "ana")) == 2
    cli.ok("sessions", "end", "ana", "--all")
    assert cli.data("sessions", "list", "ana") == []


def test_terminals_are_told_by_standard_input() -> None:
    """What `at_terminal` says is what standard input says."""
    from iamkit.cli.passwords import at_terminal

    assert at_terminal() is sys.stdin.isatty()
