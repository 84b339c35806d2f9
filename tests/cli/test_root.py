"""`iamkit root` and the set-up link of `iamkit init`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from iamkit.cli.main import root
from iamkit.credentials.hashing import CHEAPEST
from iamkit.errors import ExpiredToken
from iamkit.kit import IAM

if TYPE_CHECKING:
    from tests.cli.conftest import Cli

OWNER = "owner@app.example"
WORDS = "correct horse battery"


def _claims(directory: Path, token: str) -> bool:
    """Whether a link sets the root user up."""
    with IAM(directory, password_cost=CHEAPEST) as iam:
        try:
            iam.claim_setup(token, OWNER, WORDS)
        except ExpiredToken:
            return False
    return True


def test_init_prints_a_set_up_link_if_asked(tmp_path: Path) -> None:
    """On a line that a shell passes over; with `--json` as a value; it works, once."""
    directory = tmp_path / "accounts"
    result = CliRunner().invoke(root(), ["init", "--dir", str(directory), "--setup-link"])

    assert result.exit_code == 0
    *exports, link = result.stdout.splitlines()
    assert len(exports) == 2
    assert all(line.startswith("export ") for line in exports)
    assert link.startswith("# root user: ikl_")
    token = link.removeprefix("# root user: ")
    assert token not in result.stderr
    assert _claims(directory, token)
    assert not _claims(directory, token)

    other = tmp_path / "other"
    shown = CliRunner().invoke(root(), ["init", "--dir", str(other), "--setup-link", "--json"])
    assert _claims(other, json.loads(shown.stdout)["setup_link"])


def test_init_prints_none_unasked(tmp_path: Path) -> None:
    """There is no way in for root that nobody asked for."""
    result = CliRunner().invoke(root(), ["init", "--dir", str(tmp_path / "accounts")])

    assert "ikl_" not in result.output


def test_the_host_operator_makes_another_link_also_with_a_key_in_the_environment(cli: Cli) -> None:
    """The key file says who it is; a set-up root is not set up again, but recovered."""
    first = cli.ok("root", "setup-link", env=cli.key_of("administrator")).strip()
    second = cli.data("root", "setup-link")["setup_link"]

    assert not _claims(cli.directory, first)
    assert _claims(cli.directory, second)
    assert cli("root", "setup-link").exit_code == 2
    again = cli.ok("root", "recover").strip()
    assert _claims(cli.directory, again)


def test_events_show_what_matters_most(cli: Cli) -> None:
    """`--critical` lists the first start and the recovery; no link is in any of it."""
    link = cli.ok("root", "recover").strip()
    cli.ok("user", "create", "bob")

    shown = cli.ok("events", "--critical")

    assert [event["eventName"] for event in cli.data("events", "--critical")] == [
        "RecoverRoot",
        "InitializeDeployment",
    ]
    assert "CreateUser" in cli.ok("events")
    assert "critical" in shown
    assert link not in cli.ok("events", "--json", "--limit", "1000")


def test_a_locked_out_administrator_is_restored(cli: Cli) -> None:
    """From the host, by name; what was in the way is told."""
    deny = '{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}'
    key = cli.key_of("administrator")
    cli.ok("user", "put-policy", "administrator", "shut", deny)
    assert cli("user", "list", env=key).exit_code == 1

    assert "shut" in cli.ok("root", "restore", "administrator")

    cli.ok("user", "list", env=key)


@pytest.mark.parametrize(
    "args", [("reopen", "12"), ("reopen", "999999999999"), ("restore", "nobody"), ("stop-recovery",)]
)
def test_what_is_not_there_is_bad_input(cli: Cli, args: tuple[str, ...]) -> None:
    """Exit code 2, and a sentence."""
    result = cli("root", *args)

    assert result.exit_code == 2
    assert result.stderr.startswith("error: ")


def test_where_to_sign_in(cli: Cli) -> None:
    """A path below the usual page, where no setting says more."""
    account = cli.data("whoami")["account"]

    assert cli.data("root", "sign-in-url") == {"sign_in_url": f"/sign-in/{account}"}


# --- a start that nobody sits by -----------------------------------------------------------------


def _unattended(tmp_path: Path, words: str, *more: str, mode: int = 0o600) -> Result:
    file = tmp_path / "password"
    file.write_text(words + "\n", encoding="utf-8")
    file.chmod(mode)
    given = ["--root-email", OWNER, "--root-password-file", str(file), *more]
    return CliRunner().invoke(root(), ["init", "--dir", str(tmp_path / "accounts"), *given])


def test_an_unattended_start_gives_root_a_password_to_be_changed(tmp_path: Path) -> None:
    """From a file of one's own; it is printed nowhere, and no set-up link is left."""
    result = _unattended(tmp_path, WORDS)

    assert result.exit_code == 0, result.output
    assert WORDS not in result.output
    assert "ikl_" not in result.output
    with IAM(tmp_path / "accounts", password_cost=CHEAPEST) as iam:
        pending = iam.sign_in_root(OWNER, WORDS)
        assert pending.awaits == ("password",)
        assert iam.choose_password(pending.token, "another long passphrase").awaits == ()


@pytest.mark.parametrize(
    ("words", "more", "mode"),
    [
        ("short", (), 0o600),
        ("1qaz2wsx3edc4rfv", (), 0o600),
        (OWNER, (), 0o600),
        (WORDS, (), 0o644),
        (WORDS, ("--setup-link",), 0o600),
        (WORDS, ("--root-email", "nobody"), 0o600),
    ],
)
def test_a_bad_unattended_start_makes_nothing(
    tmp_path: Path, words: str, more: tuple[str, ...], mode: int
) -> None:
    """A password on the lists, a file that others can read, an address that is none (THR-X3)."""
    result = _unattended(tmp_path, words, *more, mode=mode)

    assert result.exit_code == 2, result.output
    assert not (tmp_path / "accounts").exists()
    assert words not in result.output
