"""Each noun's commands: the happy path, and that what programs are told holds no secret."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Cli

ACCOUNT = "123456789012"
READ = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "notes:Read", "Resource": "arn:aws:notes::*:note/*"}],
    }
)
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:user/ana"},
            }
        ],
    }
)


def test_users_are_created_shown_changed_and_deleted(cli: Cli) -> None:
    """The life of a user, with its tags and path."""
    cli.ok("user", "create", "ben", "--path", "/app/", "--tag", "team=red", "--tag", "city=Bern")

    assert cli.data("user", "show", "ben")["tags"] == {"team": "red", "city": "Bern"}
    assert [item["name"] for item in cli.data("user", "list")] == ["administrator", "ana", "ben"]
    assert [item["name"] for item in cli.data("user", "list", "--path-prefix", "/app/")] == ["ben"]
    assert f"arn:aws:iam::{ACCOUNT}:user/app/ben" in cli.ok("user", "list")
    cli.ok("user", "update", "ben", "--new-name", "bea", "--path", "/")
    assert cli.data("user", "show", "bea")["arn"] == f"arn:aws:iam::{ACCOUNT}:user/bea"
    cli.ok("user", "tag", "bea", "team=blue")
    cli.ok("user", "untag", "bea", "city")
    assert cli.data("user", "show", "bea")["tags"] == {"team": "blue"}
    cli.ok("user", "disable", "bea")
    assert cli.data("user", "show", "bea")["enabled"] is False
    cli.ok("user", "enable", "bea")
    assert cli.data("user", "show", "bea")["enabled"] is True
    cli.ok("user", "delete", "bea")
    assert cli("user", "show", "bea").exit_code == 2


def test_a_user_is_deleted_with_all_that_hangs_on_it_only_on_request(cli: Cli) -> None:
    """Without `--cascade` the deletion is refused; with it, the answer says what went."""
    key = cli.data("key", "create", "ana")["access_key_id"]
    cli.ok("group", "create", "readers")
    cli.ok("group", "add-user", "readers", "ana")
    cli.ok("user", "put-policy", "ana", "mine", READ)
    before = cli.state()

    refused = cli("user", "delete", "ana")

    assert refused.exit_code == 2
    assert "--cascade" in refused.stderr
    assert cli.state() == before
    said = cli.ok("user", "delete", "ana", "--cascade")
    for part in (key, "readers", "mine"):
        assert part in said
    assert cli("user", "show", "ana").exit_code == 2


@pytest.mark.parametrize("noun", ["user", "group", "role"])
def test_policies_hang_on_users_groups_and_roles(cli: Cli, noun: str) -> None:
    """Attach, detach, put, get, list and delete are the same for every kind of holder."""
    cli.ok(noun, "create", "holder", *([TRUST] if noun == "role" else []))

    cli.ok(noun, "attach", "holder", "ReadOnlyAccess")
    cli.ok(noun, "put-policy", "holder", "mine", READ)

    assert cli.data(noun, "list-policies", "holder") == {
        "attached": ["arn:aws:iam::aws:policy/ReadOnlyAccess"],
        "inline": ["mine"],
    }
    assert cli.ok(noun, "get-policy", "holder", "mine") == READ + "\n"
    assert cli.data(noun, "get-policy", "holder", "mine")["document"] == READ
    cli.ok(noun, "detach", "holder", "arn:aws:iam::aws:policy/ReadOnlyAccess")
    cli.ok(noun, "delete-policy", "holder", "mine")
    assert cli.data(noun, "list-policies", "holder") == {"attached": [], "inline": []}
    cli.ok(noun, "delete", "holder")


@pytest.mark.parametrize("noun", ["group", "role"])
def test_groups_and_roles_are_stripped_on_request(cli: Cli, noun: str) -> None:
    """`--cascade` takes members and policies away and says which; without it nothing changes."""
    cli.ok(noun, "create", "holder", *([TRUST] if noun == "role" else []))
    cli.ok(noun, "attach", "holder", "ReadOnlyAccess")
    cli.ok(noun, "put-policy", "holder", "mine", READ)
    if noun == "group":
        cli.ok("group", "add-user", "holder", "ana")
    before = cli.state()

    refused = cli(noun, "delete", "holder")

    assert refused.exit_code == 2
    assert cli.state() == before
    said = cli.data(noun, "delete", "holder", "--cascade")["with"]
    assert any("ReadOnlyAccess" in part for part in said)
    assert any("mine" in part for part in said)
    assert cli(noun, "show", "holder").exit_code == 2
    assert cli("user", "show", "ana").exit_code == 0


def test_groups_have_members(cli: Cli) -> None:
    """Users join and leave; the group and the user both tell."""
    cli.ok("group", "create", "readers", "--path", "/app/")

    cli.ok("group", "add-user", "readers", "ana")

    assert cli.data("group", "show", "readers")["users"] == ["ana"]
    assert [item["name"] for item in cli.data("user", "groups", "ana")] == ["readers"]
    cli.ok("group", "update", "readers", "--new-name", "writers")
    assert [item["name"] for item in cli.data("group", "list", "--path-prefix", "/app/")] == ["writers"]
    cli.ok("group", "remove-user", "writers", "ana")
    assert cli.data("group", "show", "writers")["users"] == []


def test_roles_have_a_trust_policy(cli: Cli, tmp_path: Path) -> None:
    """Made with one, shown, replaced; description, session and tags change."""
    (tmp_path / "trust.json").write_text(TRUST)
    cli.ok("role", "create", "nightly", "--file", "trust.json", "--description", "runs at night")

    assert cli.ok("role", "trust", "nightly") == TRUST + "\n"
    cli.ok("role", "trust", "nightly", "-", input=TRUST.replace("/ana", "/administrator"))
    assert "/administrator" in cli.data("role", "trust", "nightly")["document"]
    cli.ok("role", "update", "nightly", "--max-session", "7200")
    cli.ok("role", "tag", "nightly", "team=red")
    shown = cli.data("role", "show", "nightly")
    assert shown["max_session_seconds"] == 7200
    assert shown["description"] == "runs at night"
    assert shown["tags"] == {"team": "red"}
    cli.ok("role", "untag", "nightly", "team")
    assert [item["name"] for item in cli.data("role", "list")] == ["nightly"]


def test_boundaries_are_set_and_taken_away(cli: Cli) -> None:
    """Users and roles take a policy as their ceiling, named or by ARN."""
    cli.ok("policy", "create", "ceiling", READ)
    arn = f"arn:aws:iam::{ACCOUNT}:policy/ceiling"
    cli.ok("role", "create", "nightly", TRUST, "--boundary", "ceiling")

    cli.ok("user", "boundary", "ana", "ceiling")

    assert cli.data("user", "show", "ana")["boundary"] == arn
    assert cli.data("role", "show", "nightly")["boundary"] == arn
    cli.ok("user", "boundary", "ana", "--remove")
    cli.ok("role", "boundary", "nightly", "--remove")
    cli.ok("role", "boundary", "nightly", arn)
    assert cli.data("user", "show", "ana")["boundary"] is None


def test_managed_policies_have_versions(cli: Cli) -> None:
    """Create, update, go back, list, delete; a name stands for the account's own policy first."""
    cli.ok("policy", "create", "readers", READ, "--path", "/app/", "--description", "notes", "--tag", "a=b")
    name = "app/readers"

    cli.ok("policy", "update", name, READ.replace("Read", "List"))

    assert cli.data("policy", "show", name)["default_version"] == "v2"
    assert cli.ok("policy", "get", name, "--version", "v1") == READ + "\n"
    assert "notes:List" in cli.ok("policy", "get", name)
    cli.ok("policy", "set-default", name, "v1")
    assert [item["default"] for item in cli.data("policy", "versions", name)] == [True, False]
    cli.ok("policy", "update", name, READ.replace("Read", "Put"), "--no-default")
    assert cli.data("policy", "show", name)["default_version"] == "v1"
    cli.ok("policy", "delete-version", name, "v2")
    cli.ok("user", "attach", "ana", name)
    assert cli.data("policy", "entities", name) == [{"kind": "user", "name": "ana", "as": "attached"}]
    assert cli("policy", "delete", name, "--cascade").exit_code == 2
    assert len(cli.data("policy", "versions", name)) == 2
    cli.ok("user", "detach", "ana", name)
    cli.ok("policy", "tag", name, "team=red")
    cli.ok("policy", "untag", name, "team")
    assert "v3" in cli.ok("policy", "delete", name, "--cascade")
    assert [item["name"] for item in cli.data("policy", "list", "--scope", "local")] == []
    assert "AdministratorAccess" in [item["name"] for item in cli.data("policy", "list")]


def test_a_key_s_secret_is_shown_once(cli: Cli) -> None:
    """It is in the answer of `create` and in no other."""
    made = cli.data("key", "create", "ana")
    key_id, secret = made["access_key_id"], made["secret_access_key"]

    said = [
        cli.ok("key", "list", "ana"),
        cli.ok("key", "list", "ana", "--json"),
        cli.ok("key", "show", key_id, "--json"),
        cli.ok("user", "show", "ana", "--json"),
        cli.ok("events", "--json"),
        cli.ok("decisions", "--json"),
    ]

    assert key_id in said[0]
    assert not any(secret in text for text in said)
    cli.ok("key", "disable", key_id)
    assert cli.data("key", "list", "ana")[0]["status"] == "Inactive"
    cli.ok("key", "enable", key_id, "--user", "ana")
    assert cli.data("key", "show", key_id)["status"] == "Active"
    cli.ok("key", "delete", key_id)
    assert cli.data("key", "list", "ana") == []


def test_a_new_user_s_key_can_be_pasted(cli: Cli) -> None:
    """`user create --key` prints nothing but the two lines on standard output."""
    lines = cli.ok("user", "create", "ben", "--key").splitlines()

    assert [line.split("=")[0] for line in lines] == [
        "export IAMKIT_ACCESS_KEY_ID",
        "export IAMKIT_SECRET_ACCESS_KEY",
    ]


def test_resource_policies_stand_on_resources(cli: Cli) -> None:
    """Put, show, list, delete and unlock by ARN."""
    arn = f"arn:aws:notes::{ACCOUNT}:note/1"
    text = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "notes:Read", "Resource": arn}],
        }
    )

    cli.ok("resource-policy", "put", arn, text)

    assert cli.ok("resource-policy", "show", arn) == text + "\n"
    assert [item["resource"] for item in cli.data("resource-policy", "list")] == [arn]
    cli.ok("resource-policy", "delete", arn)
    assert cli.data("resource-policy", "list") == []
    cli.ok("resource-policy", "put", arn, text)
    cli.ok("resource-policy", "unlock", arn, "--as", "root")
    assert cli("resource-policy", "show", arn).exit_code == 2


def test_guardrails_limit_accounts(cli: Cli) -> None:
    """A guardrail holds for the administrator as soon as it is attached, and no longer than that."""
    deny = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Action": "*", "Resource": "*"},
                {"Effect": "Deny", "Action": "iam:CreateUser", "Resource": "*"},
            ],
        }
    )
    cli.ok("guardrail", "create", "frozen", deny, "--description", "no new users")

    cli.ok("guardrail", "attach", "frozen")

    assert cli.data("guardrail", "show", "frozen")["targets"] == [ACCOUNT]
    assert cli("user", "create", "ben", "--as", "administrator").exit_code == 1
    assert f"arn:aws:iamkit::{ACCOUNT}:guardrail/frozen" in cli.data("guardrail", "list", "--target", ACCOUNT)
    cli.ok("guardrail", "detach", "frozen", ACCOUNT)
    cli.ok("user", "create", "ben", "--as", "administrator")
    cli.ok(
        "guardrail", "update", "frozen", deny.replace("CreateUser", "DeleteUser"), "--description", "other"
    )
    assert "iam:DeleteUser" in cli.ok("guardrail", "get", "frozen")
    assert [item["description"] for item in cli.data("guardrail", "list")] == ["other"]
    cli.ok("guardrail", "delete", "frozen")
    assert cli.data("guardrail", "list") == []


def test_tables_say_when_they_are_empty(cli: Cli) -> None:
    """An empty listing is a sentence for people, on standard error, and an empty list for programs."""
    result = cli("group", "list")

    assert (result.exit_code, result.stdout) == (0, "")
    assert "no groups" in result.stderr
    assert cli.data("group", "list") == []


def test_the_database_is_up_to_date(cli: Cli) -> None:
    """`db status` and `db upgrade` on a directory that needs nothing."""
    status = cli.data("db", "status")

    assert status["standing"] == "current"
    assert cli.data("db", "upgrade") == {
        "before": status["revision"],
        "revision": status["newest"],
        "changed": False,
    }


def test_settings_tell_where_they_came_from(cli: Cli) -> None:
    """A variable, the file, or the default; a password inside a URL is not shown."""
    (cli.directory / "iamkit.toml").write_text("allow_sampling = 0.5\n")
    env = {"IAMKIT_STORE": "postgresql://me:hunter2@db/app?password=hunter2"}

    said = cli("config", "show", "--json", env=env).stdout

    rows = {row["setting"]: row for row in json.loads(said)}
    assert rows["allow_sampling"]["origin"].endswith("iamkit.toml")
    assert rows["store"]["origin"] == "IAMKIT_STORE"
    assert rows["body_limit"]["origin"] == "default"
    assert rows["directory"]["origin"] == "IAMKIT_DIR"
    assert rows["store"]["value"].startswith("postgresql://me@db/app")
    assert "hunter2" not in said


def test_an_instance_profile_is_filled_and_emptied(cli: Cli) -> None:
    """A role is in it till it is taken out; a full profile and its role stay."""
    cli.ok("role", "create", "worker", TRUST)
    cli.ok("instance-profile", "create", "box", "--path", "/app/", "--tag", "team=red")
    cli.ok("instance-profile", "add-role", "box", "worker")
    assert cli.data("instance-profile", "show", "box")["role"] == "worker"
    assert [item["name"] for item in cli.data("instance-profile", "list")] == ["box"]
    assert cli("role", "delete", "worker").exit_code == 2
    assert cli("instance-profile", "delete", "box").exit_code == 2
    cli.ok("instance-profile", "remove-role", "box", "worker")
    cli.ok("instance-profile", "delete", "box")
    cli.ok("role", "delete", "worker")


def test_providers_of_both_kinds_stand_in_one_list(cli: Cli, tmp_path: Path) -> None:
    """OpenID Connect by URL, SAML by metadata."""
    metadata = tmp_path / "metadata.xml"
    metadata.write_text(
        '<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="urn:idp">'
        "<IDPSSODescriptor><KeyDescriptor><X509Certificate xmlns='http://www.w3.org/2000/09/xmldsig#'>"
        f"{'TUlJQw' * 150}</X509Certificate></KeyDescriptor>"
        '<SingleSignOnService Location="https://idp.example.org/sso"/></IDPSSODescriptor></EntityDescriptor>'
    )
    oidc = cli.data("provider", "create-oidc", "https://id.example.org", "--client", "app")["arn"]
    saml = cli.data("provider", "create-saml", "idp", str(metadata))["arn"]
    assert [item["arn"] for item in cli.data("provider", "list")] == [oidc, saml]
    cli.ok("provider", "add-client", oidc, "more")
    cli.ok("provider", "remove-client", oidc, "app")
    assert cli.data("provider", "show", oidc)["clients"] == ["more"]
    assert cli.data("provider", "show", saml)["kind"] == "saml"
    metadata.write_bytes(b"\xff" * 2000)
    assert cli("provider", "create-saml", "two", str(metadata)).exit_code == 2
    cli.ok("provider", "delete", oidc)
    cli.ok("provider", "delete", saml)
    assert cli.data("provider", "list") == []


def test_reports_are_printed(cli: Cli) -> None:
    """Credentials as CSV, last use by service and action, the policies that give a service, counts."""
    lines = cli.ok("report", "credentials").splitlines()
    assert lines[0].startswith("user,arn,")
    assert [line.partition(",")[0] for line in lines[1:]] == ["<root_account>", "administrator", "ana"]
    assert cli.data("report", "credentials")["csv"].startswith("user,arn,")
    cli.ok("user", "put-policy", "ana", "own", READ)
    arn = f"arn:aws:iam::{ACCOUNT}:user/ana"
    assert [item["service"] for item in cli.data("report", "last-accessed", arn)] == ["notes"]
    assert "notes:Read" in cli.ok("report", "last-accessed", arn, "--actions")
    assert cli.data("report", "granting", arn, "notes")[0]["policies"][0]["name"] == "own"
    assert cli.data("report", "summary")["Users"] == 2
    assert cli("report", "last-accessed", "nobody").exit_code == 2
