"""Who acts: `--as`, the key of the environment, the host operator; and what is audited of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from iamkit.cli.terminal import Terminal

if TYPE_CHECKING:
    from tests.cli.conftest import Cli


def test_without_more_the_host_operator_acts(cli: Cli) -> None:
    """Root of the account, proved by the key file, audited with the operating-system user."""
    who = cli.data("whoami")

    assert who["proof"] == "operator"
    assert who["arn"].endswith(":root")
    event = cli.data("events", "--name", "CreateUser")[0]
    assert event["userIdentity"]["invokedBy"].startswith("operator:")


def test_as_somebody_is_audited_as_the_operator_doing_so(cli: Cli) -> None:
    """The event names the user that was acted as and the operator behind it."""
    cli.ok("--as", "administrator", "user", "create", "ben")

    identity = cli.data("events", "--name", "CreateUser", "--user", "administrator")[0]["userIdentity"]

    assert identity["userName"] == "administrator"
    assert identity["invokedBy"].startswith("operator:")


@pytest.mark.parametrize("name", ["ana", "arn:aws:iam::123456789012:user/ana"])
def test_as_somebody_without_permission(cli: Cli, name: str) -> None:
    """Exit code 1, a decision id that `iamkit why` explains, and nothing changed."""
    before = cli.state()

    result = cli("user", "create", "ben", "--as", name)

    assert result.exit_code == 1
    assert "not authorized to perform: iam:CreateUser" in result.stderr
    decision_id = result.stderr.split("iamkit why ")[1].split("`")[0]
    explained = cli.ok("why", decision_id)
    assert "no identity-based policy allows it" in explained
    assert "what would make it pass" in explained
    assert cli.state() == before
    told = cli.data("why", decision_id)
    assert told["outcome"] == "implicitDeny"
    assert told["explanation"]["missing"] == ["identity-based policy"]
    assert len(told["revision"]) == 20
    assert told["explanation"]["revision"] == told["revision"]


def test_a_denial_for_programs_carries_the_decision_id(cli: Cli) -> None:
    """`decision_id` stands beside code and message."""
    result = cli("user", "list", "--as", "ana", "--json")

    error = json.loads(result.stderr)["error"]
    assert result.exit_code == 1
    assert error["code"] == "AccessDenied"
    assert cli.data("why", error["decision_id"])["action"] == "iam:ListUsers"


def test_the_key_of_the_environment_acts(cli: Cli) -> None:
    """Both variables set: the commands act as that user, with its permissions only."""
    env = cli.key_of("ana")

    who = json.loads(cli("whoami", "--json", env=env).stdout)

    assert (who["name"], who["proof"]) == ("ana", "access-key")
    assert who["credential"] == env["IAMKIT_ACCESS_KEY_ID"]
    assert cli("user", "create", "ben", env=env).exit_code == 1


def test_as_wins_over_the_key_of_the_environment(cli: Cli) -> None:
    """What is said on the command line counts."""
    env = cli.key_of("ana")

    assert (
        json.loads(cli("whoami", "--json", "--as", "administrator", env=env).stdout)["name"]
        == "administrator"
    )


@pytest.mark.parametrize("spoil", ["secret", "unknown", "inactive", "disabled", "deleted", "malformed"])
def test_a_key_that_is_not_good_is_refused(cli: Cli, spoil: str) -> None:
    """Exit code 1; the operator never steps in for a key that fails."""
    env = cli.key_of("ana")
    match spoil:
        case "secret":
            env["IAMKIT_SECRET_ACCESS_KEY"] = "x" * 40
        case "unknown":
            env["IAMKIT_ACCESS_KEY_ID"] = "AKIA" + "A" * 16
        case "inactive":
            cli.ok("key", "disable", env["IAMKIT_ACCESS_KEY_ID"])
        case "disabled":
            cli.ok("user", "disable", "ana")
        case "deleted":
            cli.ok("user", "delete", "ana", "--cascade")
        case "malformed":
            env["IAMKIT_ACCESS_KEY_ID"] = "a/b, c"

    result = cli("user", "list", env=env)

    assert result.exit_code == 1, result.output
    assert result.stdout == ""
    assert env["IAMKIT_SECRET_ACCESS_KEY"] not in result.output


@pytest.mark.parametrize("missing", ["IAMKIT_ACCESS_KEY_ID", "IAMKIT_SECRET_ACCESS_KEY"])
def test_half_a_key_is_a_mistake(cli: Cli, missing: str) -> None:
    """Nobody acts as the operator because a variable was forgotten."""
    env = cli.key_of("ana")
    del env[missing]

    result = cli("user", "list", env=env)

    assert result.exit_code == 2
    assert missing in result.stderr


def test_reading_records_needs_permission(cli: Cli) -> None:
    """Decisions, events and explanations are not for everybody who has a key."""
    denied = cli("user", "list", "--as", "ana").stderr.split("iamkit why ")[1].split("`")[0]
    for words in (["decisions"], ["events"], ["why", denied]):
        result = cli(*words, "--as", "ana")

        assert result.exit_code == 1, result.output
        assert result.stdout == ""
    for words in (["decisions"], ["events"], ["why", denied]):
        cli.ok(*words, "--as", "administrator")


def test_decisions_are_listed_newest_first(cli: Cli) -> None:
    """With limit and filters; reading them is recorded too."""
    cli("user", "list", "--as", "ana")
    cli("group", "list", "--as", "ana")

    found = cli.data("decisions", "--outcome", "implicitDeny", "--principal", "ana")

    assert [item["action"] for item in found] == ["iam:ListGroups", "iam:ListUsers"]
    newest = cli.data("decisions", "--limit", "1")
    assert [item["action"] for item in newest] == ["iamkit:ListDecisions"]
    assert "implicitDeny" in cli.ok("decisions")


def test_simulate_says_what_would_be_decided(cli: Cli) -> None:
    """A row for every action and resource with the deciding statement; `--explain` says why."""
    cli.ok(
        "user",
        "put-policy",
        "ana",
        "office",
        json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": {
                    "Sid": "Office",
                    "Effect": "Allow",
                    "Action": "notes:Read",
                    "Resource": "*",
                    "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}},
                },
            }
        ),
    )
    asked = ["simulate", "--principal", "ana", "--action", "notes:Read", "--resource", "note/1"]

    inside = cli.data(*asked, "--context", "aws:SourceIp=10.1.2.3")
    outside = cli.data(*asked, "--context", "aws:SourceIp=192.0.2.1", "--explain")

    assert inside[0]["decision"] == "allowed"
    assert inside[0]["resource"] == "arn:aws:notes::123456789012:note/1"
    assert "office, statement Office" in inside[0]["decided_by"]
    assert outside[0]["decision"] == "implicitDeny"
    assert outside[0]["explanation"]["outcome"] == "implicitDeny"
    assert "aws:SourceIp" in cli.ok(*asked, "--explain")
    assert cli("simulate", "--as", "ana", "--principal", "administrator", "--action", "a:B").exit_code == 1


def test_simulate_takes_groups_and_roles(cli: Cli) -> None:
    """`group/NAME` is somebody who has what the group gives."""
    cli.ok("group", "create", "all")
    cli.ok("group", "attach", "all", "AdministratorAccess")

    found = cli.data("simulate", "--as-principal", "group/all", "--action", "a:B", "--action", "c:D")

    assert [item["decision"] for item in found] == ["allowed", "allowed"]


def test_the_directory_is_chosen_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """`--dir` over IAMKIT_DIR over the default."""
    terminal = Terminal()
    assert (str(terminal.directory), terminal.directory_origin) == ("iamkit-data", "default")

    monkeypatch.setenv("IAMKIT_DIR", "elsewhere")
    assert (str(terminal.directory), terminal.directory_origin) == ("elsewhere", "IAMKIT_DIR")

    terminal.chosen_directory = "here"
    assert (str(terminal.directory), terminal.directory_origin) == ("here", "--dir")
