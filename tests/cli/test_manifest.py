"""`iamkit export`, `plan`, `apply` and `import` as people and pipelines run them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Cli

ACCOUNT = "123456789012"
READ = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "docs:Read", "Resource": "arn:aws:docs:::doc/*"}],
}


def put(name: str, held: Any) -> None:  # whatever JSON holds
    """Write a file of the folder."""
    Path("iam", name).parent.mkdir(parents=True, exist_ok=True)
    Path("iam", name).write_text(json.dumps(held))


@pytest.fixture
def folder(cli: Cli) -> str:
    """The account, exported."""
    cli.ok("export", "iam")
    return "iam"


def test_a_change_is_planned_told_and_applied(cli: Cli, folder: str) -> None:
    """CAP-E7: exit code 5 while they differ, 0 when they do not."""
    assert "say the same" in cli.ok("plan", folder)
    put("users/bob.json", {"name": "bob", "inline_policies": {"own": READ}})

    planned = cli("plan", folder, "--documents")
    assert planned.exit_code == 5
    assert "+ create user bob" in planned.stdout
    assert '"Action": "docs:Read"' in planned.stdout
    assert "user bob gains docs:Read on arn:aws:docs:::doc/*" in planned.stdout
    assert cli("user", "show", "bob").exit_code == 2

    assert "2 steps done" in cli.ok("apply", folder)
    assert "say the same" in cli.ok("plan", folder)
    assert "is what" in cli.ok("apply", folder)
    assert json.loads(cli.ok("user", "get-policy", "bob", "own")) == READ


def test_programs_are_told_the_same(cli: Cli, folder: str) -> None:
    """`--json` of all of it."""
    assert cli.data("export", folder)["written"]["users"] == 2
    assert cli.data("plan", folder)["different"] is False
    put("users/bob.json", {"name": "bob", "inline_policies": {"own": READ}})
    planned = cli("plan", folder, "--json")
    assert planned.exit_code == 5
    data = json.loads(planned.stdout)
    assert [step["action"] for step in data["steps"]] == ["iam:CreateUser", "iam:PutUserPolicy"]
    assert data["access"] == [
        {
            "principal": f"arn:aws:iam::{ACCOUNT}:user/bob",
            "action": "docs:Read",
            "resource": "arn:aws:docs:::doc/*",
            "before": "no",
            "after": "yes",
            "depends_on": [],
            "except": [],
            "unknown": False,
            "widens": True,
        }
    ]
    assert len(cli.data("apply", folder)["done"]) == 2


def test_what_gives_access_can_be_refused(cli: Cli, folder: str) -> None:
    """CAP-E7: a pipeline lets through only what takes away."""
    put("users/ana.json", {"name": "ana", "inline_policies": {"own": READ}})
    assert cli("plan", folder, "--no-new-access").exit_code == 1
    before = cli.state()
    assert cli("apply", folder, "--no-new-access").exit_code == 1
    assert cli.state() == before
    cli.ok("apply", folder)
    put("users/ana.json", {"name": "ana"})
    assert cli("plan", folder, "--no-new-access").exit_code == 5
    cli.ok("apply", folder, "--no-new-access")


def test_what_only_the_account_has_is_pruned_when_asked(cli: Cli, folder: str) -> None:
    """And told as long as it is not."""
    Path("iam/users/ana.json").unlink()
    planned = cli("plan", folder)
    assert planned.exit_code == 5
    assert "user ana is in the account only" in planned.stdout
    cli.ok("apply", folder)
    cli.ok("user", "show", "ana")
    assert f"iamkit apply {folder} --prune" in cli("plan", folder, "--prune").stdout
    cli.ok("apply", folder, "--prune")
    assert cli("user", "show", "ana").exit_code == 2


def test_a_step_that_cannot_be_taken_leaves_everything_as_it_is(cli: Cli, folder: str) -> None:
    """Bad input: exit code 2, and the step is named."""
    put("users/aaa.json", {"name": "aaa"})
    put("users/bob.json", {"name": "bob", "groups": ["nowhere"]})
    assert "would be refused" in cli("plan", folder).stderr
    before = cli.state()
    applied = cli("apply", folder)
    assert applied.exit_code == 2
    assert "put user bob into group nowhere" in applied.stderr
    assert cli.state() == before


def test_a_refusal_says_what_was_done(cli: Cli, folder: str) -> None:
    """Exit code 1; the rest is done by somebody who may."""
    cli.ok(
        "user",
        "put-policy",
        "ana",
        "own",
        json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Action": ["iam:Get*", "iam:List*", "iamkit:*", "iam:CreateUser"],
                        "Resource": "*",
                    }
                ],
            }
        ),
    )
    cli.ok("export", folder)
    put("users/bob.json", {"name": "bob", "inline_policies": {"own": READ}})
    stopped = cli("apply", folder, "--as", "ana")
    assert stopped.exit_code == 1
    assert "create user bob" in stopped.stdout
    assert "stopped at: add inline policy own of user bob; 1 of 2 steps were done" in stopped.stderr
    assert "1 step done" in cli.ok("apply", folder)


@pytest.mark.parametrize("name", ["nowhere", "iamkit-data", "", "a\nb", "x" * 300])
def test_what_is_no_folder_is_refused(cli: Cli, name: str) -> None:
    """Bad input, told before anything is looked at."""
    assert cli("plan", name).exit_code == 2
    assert cli("apply", name).exit_code == 2


def test_a_dump_becomes_a_folder(cli: Cli) -> None:
    """CAP-M4: reviewed as files, then applied."""
    user = {
        "Path": "/",
        "UserName": "zoe",
        "Arn": "arn:aws:iam::999900001111:user/zoe",
        "AttachedManagedPolicies": [{"PolicyArn": "arn:aws:iam::aws:policy/AmazonS3FullAccess"}],
        "UserPolicyList": [{"PolicyName": "own", "PolicyDocument": READ}],
    }
    Path("dump.json").write_text(json.dumps({"UserDetailList": [user]}))
    made = cli("import", "dump.json", "iam")
    assert made.exit_code == 0
    assert "AmazonS3FullAccess is AWS's and not shipped" in made.stderr
    assert "from account 999900001111" in made.stdout
    cli.ok("apply", "iam")
    assert json.loads(cli.ok("user", "get-policy", "zoe", "own")) == READ
    assert cli("import", "dump.json", "iam").exit_code == 2
    assert cli("import", "nothing.json", "new").exit_code == 2
