"""Dumps of AWS accounts: what is taken over, what is left out, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from iamkit.errors import InputError
from iamkit.manifest import dump
from iamkit.manifest.dump import Taken
from iamkit.manifest.folder import Folder

if TYPE_CHECKING:
    from tests.manifest.conftest import Town

ACCOUNT = "111122223333"
OTHER = "999900001111"
SHIPPED = {"arn:aws:iam::aws:policy/ReadOnlyAccess"}
DOCUMENT = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": f"arn:aws:sqs:us-east-1:{OTHER}:q"}],
}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{OTHER}:root", "Service": "ec2.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}


def arn(kind: str, name: str, account: str = OTHER) -> str:
    """An ARN of the dump's account."""
    return f"arn:aws:iam::{account}:{kind}/{name}"


def an_account(**more: Any) -> dict[str, Any]:  # whatever JSON holds
    """A dump as AWS prints it."""
    version = {"VersionId": "v2", "IsDefaultVersion": True, "CreateDate": "2020-01-01T00:00:00Z"}
    return {
        "UserDetailList": [
            {
                "Path": "/staff/",
                "UserName": "ana",
                "UserId": "AIDAEXAMPLE",
                "Arn": arn("user/staff", "ana"),
                "CreateDate": "2020-01-01T00:00:00Z",
                "UserPolicyList": [{"PolicyName": "own", "PolicyDocument": quote(json.dumps(DOCUMENT))}],
                "GroupList": ["team"],
                "AttachedManagedPolicies": [
                    {"PolicyName": "p", "PolicyArn": arn("policy", "p")},
                    {"PolicyName": "ReadOnlyAccess", "PolicyArn": arn("policy", "ReadOnlyAccess", "aws")},
                    {"PolicyName": "S3", "PolicyArn": arn("policy", "S3", "aws")},
                    {"PolicyName": "Gone", "PolicyArn": arn("policy", "Gone", "aws")},
                ],
                "PermissionsBoundary": {
                    "PermissionsBoundaryType": "Policy",
                    "PermissionsBoundaryArn": arn("policy", "p"),
                },
                "Tags": [{"Key": "team", "Value": "maps"}],
            }
        ],
        "GroupDetailList": [
            {"Path": "/", "GroupName": "team", "GroupId": "AGPAEXAMPLE", "Arn": arn("group", "team")}
        ],
        "RoleDetailList": [
            {
                "Path": "/",
                "RoleName": "web",
                "RoleId": "AROAEXAMPLE",
                "Arn": arn("role", "web"),
                "AssumeRolePolicyDocument": TRUST,
                "InstanceProfileList": [
                    {"Path": "/", "InstanceProfileName": "box", "Arn": arn("instance-profile", "box")}
                ],
                "RolePolicyList": [],
                "RoleLastUsed": {"Region": "us-east-1"},
            },
            {
                "Path": "/aws-service-role/x.amazonaws.com/",
                "RoleName": "AWSServiceRoleForX",
                "Arn": arn("role", "AWSServiceRoleForX"),
                "AssumeRolePolicyDocument": TRUST,
            },
        ],
        "Policies": [
            {
                "PolicyName": "p",
                "Path": "/",
                "Arn": arn("policy", "p"),
                "Description": "what it is for",
                "DefaultVersionId": "v2",
                "PolicyVersionList": [
                    {"VersionId": "v1", "IsDefaultVersion": False, "Document": {"old": True}},
                    {**version, "Document": DOCUMENT},
                ],
            },
            {
                "PolicyName": "S3",
                "Path": "/",
                "Arn": arn("policy", "S3", "aws"),
                "PolicyVersionList": [{**version, "Document": DOCUMENT}],
            },
        ],
        "IsTruncated": False,
        **more,
    }


def taken(plain: dict[str, Any], *, adopt: bool = False) -> Taken:
    """A dump as entries of this account."""
    return dump.taken(plain, partition="aws", account=ACCOUNT, shipped=SHIPPED, adopt=adopt)


def test_a_dump_is_taken_over_and_applied(town: Town, tmp_path: Path) -> None:
    """CAP-M4: it becomes a folder, the folder an account, and the account that folder again."""
    file = tmp_path / "dump.json"
    file.write_text(json.dumps(an_account()))
    found = taken(dump.read(file))
    folder = Folder(tmp_path / "f")
    for section, entries in found.entries.items():
        folder.write_section(section, iter(entries))
    folder.write_account(found.account)

    town.apply(tmp_path / "f")

    assert town.prepare(tmp_path / "f").plan.steps == ()
    exported = town.export(tmp_path / "g")
    ana = json.loads((exported / "users" / "ana.json").read_text())
    assert ana["attached_policies"] == sorted([arn("policy", "p", ACCOUNT), *SHIPPED])
    assert ana["permissions_boundary"] == arn("policy", "p", ACCOUNT)
    assert (ana["path"], ana["groups"], ana["tags"]) == ("/staff/", ["team"], {"team": "maps"})
    assert OTHER not in "".join(file.read_text() for file in exported.rglob("*.json"))
    assert json.loads((exported / "instance-profiles" / "box.json").read_text())["role"] == "web"
    assert json.loads((exported / "policies" / "p.json").read_text())["description"] == "what it is for"
    for name in ("AIDAEXAMPLE", "2020-01-01", "AROAEXAMPLE"):
        assert name not in "".join(item.read_text() for item in (tmp_path / "f").rglob("*.json"))


def test_what_is_left_out_is_named() -> None:
    """AWS's policies that are not shipped, and roles that are linked to services of AWS."""
    notes = "\n".join(taken(an_account()).notes)
    assert arn("policy", "S3", "aws") in notes
    assert arn("policy", "Gone", "aws") in notes
    assert "AWSServiceRoleForX" in notes
    assert "ReadOnlyAccess" not in notes


def test_policies_of_aws_can_be_adopted() -> None:
    """Where the dump has their text, they become the account's own."""
    found = taken(an_account(), adopt=True)
    (ana,) = found.entries["users"]
    assert arn("policy/aws", "S3", ACCOUNT) in ana.attached_policies  # type: ignore[union-attr]
    assert [getattr(entry, "path", "") for entry in found.entries["policies"]] == ["/", "/aws/"]


def test_a_ceiling_is_never_left_out() -> None:
    """Without it its user could do more than in AWS: it is adopted, or the dump is refused."""
    plain = an_account()
    ceiling = plain["UserDetailList"][0]["PermissionsBoundary"]
    ceiling["PermissionsBoundaryArn"] = arn("policy", "S3", "aws")
    (ana,) = taken(plain).entries["users"]
    assert ana.permissions_boundary == arn("policy/aws", "S3", ACCOUNT)  # type: ignore[union-attr]
    ceiling["PermissionsBoundaryArn"] = arn("policy", "Gone", "aws")
    with pytest.raises(InputError, match="ceiling"):
        taken(plain)


@pytest.mark.parametrize(
    "more",
    [
        {"UserDetailList": {}},
        {"UserDetailList": ["ana"]},
        {"UserDetailList": [{"Arn": arn("user", "x")}]},
        {"UserDetailList": [{"Arn": arn("user", "x"), "UserName": "../x", "Path": "/"}]},
        {"UserDetailList": [{"Arn": arn("user", "x"), "UserName": "x", "Path": "x"}]},
        {"UserDetailList": [{"Arn": arn("user", "x"), "UserName": "x", "GroupList": [1]}]},
        {"UserDetailList": [{"Arn": arn("user", "x"), "UserName": name} for name in ("x", "X")]},
        {"UserDetailList": [{"Arn": "nothing", "UserName": "x"}]},
        {"Policies": [{"Arn": arn("policy", "x"), "PolicyName": "x", "PolicyVersionList": []}]},
        {
            "GroupDetailList": [
                {
                    "Arn": arn("group", "x"),
                    "GroupName": "x",
                    "GroupPolicyList": [{"PolicyName": "p", "PolicyDocument": "%ff"}],
                }
            ]
        },
        {"RoleDetailList": [{"Arn": arn("role", "x"), "RoleName": "x"}]},
        {"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [], "Policies": []},
    ],
)
def test_a_dump_that_is_none_is_refused(more: dict[str, Any]) -> None:
    """Whatever it lacks or holds: an error of the tree, and nothing is taken."""
    with pytest.raises(InputError):
        taken(an_account(**more))


@pytest.mark.parametrize("held", [b"", b"[]", b"{}", b"\xff", b"[" * 100_000, b'{"Users": []}'])
def test_a_file_that_is_no_dump_is_refused(tmp_path: Path, held: bytes) -> None:
    """Said before anything is looked at."""
    (tmp_path / "dump.json").write_bytes(held)
    with pytest.raises(InputError):
        dump.read(tmp_path / "dump.json")
    with pytest.raises(InputError):
        dump.read(tmp_path / "nowhere")
