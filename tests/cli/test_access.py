"""`iamkit who-can`, `what-can` and `simulate --policy`: questions about policies, at the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.cli.conftest import Cli

ACCOUNT = "123456789012"
NOTE = f"arn:aws:notes::{ACCOUNT}:note/1"
READ = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "notes:Read",
                "Resource": NOTE,
                "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
            }
        ],
    },
    indent=2,
)


def test_who_can_lists_everybody_who_can(cli: Cli) -> None:
    """Root, administrators, and those who can under a condition, which is named."""
    cli.ok("user", "put-policy", "ana", "read", READ)

    found = cli.data("who-can", "notes:Read", "note/1")
    met = cli.data("who-can", "notes:Read", NOTE, "--context", "aws:MultiFactorAuthPresent=true")

    ana = f"arn:aws:iam::{ACCOUNT}:user/ana"
    assert {item["arn"].rpartition(":")[2]: item["allowed"] for item in found} == {
        "root": True,
        "user/administrator": True,
        "user/ana": False,
    }
    assert next(item for item in found if item["arn"] == ana)["conditional_on"] == [
        "aws:MultiFactorAuthPresent"
    ]
    assert all(item["allowed"] for item in met)
    assert "under conditions" in cli.ok("who-can", "notes:Read", "note/1")
    assert cli("who-can", "notes:*").exit_code == 2
    assert cli("who-can", "notes:Read", "--as", "ana").exit_code == 1


def test_what_can_lists_what_somebody_can(cli: Cli) -> None:
    """Actions with the resources that the policies name."""
    cli.ok("user", "put-policy", "ana", "read", READ)

    found = cli.data("what-can", "ana", "--action", "notes:Read", "--action", "notes:Write")

    assert found == [
        {
            "action": "notes:Read",
            "everywhere": False,
            "patterns": [NOTE],
            "allowed": [],
            "refused": [],
            "conditional_on": ["aws:MultiFactorAuthPresent"],
        }
    ]
    assert NOTE in cli.ok("what-can", "ana")
    assert "everything" in cli.ok("what-can", "administrator", "--action", "notes:Read")
    assert "aws:MultiFactorAuthPresent" in cli.ok("what-can", "root", "--action", "notes:Read")
    exact = cli.data("what-can", "administrator", "--action", "notes:Read", "--resource", "note/2")
    assert exact[0]["allowed"] == [NOTE[:-1] + "2"]
    assert cli("what-can", "nobody").exit_code == 2


def test_policies_alone_are_simulated_from_files(cli: Cli, tmp_path: Path) -> None:
    """Nobody has them yet; the answer says where the statement stands and which keys are missing."""
    (tmp_path / "read.json").write_text(READ)
    (tmp_path / "deny.json").write_text(
        '{"Statement": {"Effect": "Deny", "Principal": "*", "Action": "notes:*"}}'
    )
    asked = ["simulate", "--policy", "read.json", "--action", "notes:Read", "--resource", "note/1"]

    (missing,) = cli.data(*asked)
    (met,) = cli.data(*asked, "--context", "aws:MultiFactorAuthPresent=true")
    (denied,) = cli.data(*asked, "--resource-policy", "deny.json")
    (bound,) = cli.data(*asked, "--boundary", "read.json", "--principal", "administrator")

    told = missing["evaluation"]["ResourceSpecificResults"][0]
    assert told["MissingContextValues"] == ["aws:MultiFactorAuthPresent"]
    (statement,) = met["evaluation"]["MatchedStatements"]
    assert statement["SourcePolicyId"] == "PolicyInputList.1"
    assert (statement["StartPosition"], statement["EndPosition"]) == (
        {"Line": 4, "Column": 5},
        {"Line": 13, "Column": 5},
    )
    assert [item["decision"] for item in (missing, met, denied, bound)] == [
        "implicitDeny",
        "allowed",
        "explicitDeny",
        "implicitDeny",
    ]
    assert "4:5-13:5" in cli.ok(*asked, "--context", "aws:MultiFactorAuthPresent=true")
    assert cli("simulate", "--action", "notes:Read").exit_code == 2
    assert cli("simulate", "--policy", "missing.json", "--action", "notes:Read").exit_code == 2
