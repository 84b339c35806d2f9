"""Delegation, external ids, chains and session tags, asked by boto3 through a real server (CAP-E10, G5)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from tests.wire.conftest import World

ALL: Final = ("sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity")
ADMINISTRATOR: Final = "arn:aws:iam::aws:policy/AdministratorAccess"


def document(*statements: Mapping[str, object]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def allow(*actions: str, resource: object = "*", **more: object) -> dict[str, object]:
    return {"Effect": "Allow", "Action": actions, "Resource": resource, **more}


def trusting(who: str, *actions: str, **condition: object) -> str:
    found = {"Effect": "Allow", "Principal": {"AWS": who}, "Action": actions or ALL[:1]}
    return document({**found, "Condition": condition} if condition else found)


def user(w: World, *actions: str) -> tuple[str, Any]:
    """A user who may do these: its name, and a client of its own."""
    name = w.user()
    if actions:
        w.iam.put_user_policy(UserName=name, PolicyName="may", PolicyDocument=document(allow(*actions)))
    return name, w.client("sts", key=w.access_key(name))


def role(w: World, trust: str, *actions: str, **more: Any) -> str:
    """The ARN of a role."""
    name = w.name("role")
    made = w.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust, **more)
    if actions:
        w.iam.put_role_policy(RoleName=name, PolicyName="may", PolicyDocument=document(allow(*actions)))
    return str(made["Role"]["Arn"])


def assumed(client: Any, arn: str, **more: Any) -> Any:
    return client.assume_role(RoleArn=arn, RoleSessionName="hop", **more)["Credentials"]


@contextmanager
def refused(code: str = "AccessDenied") -> Iterator[None]:
    with pytest.raises(ClientError) as fault:
        yield
    assert fault.value.response["Error"]["Code"] == code


def test_zhang_gives_no_more_than_maria_meant(world: World) -> None:
    """Users only with the boundary, which he lifts from nobody, and which holds whatever he attaches."""
    ceiling = world.iam.create_policy(
        PolicyName=world.name("ceiling"), PolicyDocument=document(allow("iam:GetUser", "sts:*"))
    )["Policy"]["Arn"]
    made_so = {"StringEquals": {"iam:PermissionsBoundary": ceiling}}
    delegated = world.iam.create_policy(
        PolicyName=world.name("delegated"),
        PolicyDocument=document(
            allow("iam:CreateUser", "iam:AttachUserPolicy", "iam:PutUserPolicy", Condition=made_so),
            allow("iam:CreateAccessKey"),
            {"Effect": "Deny", "Action": "iam:DeleteUserPermissionsBoundary", "Resource": "*"},
        ),
    )["Policy"]["Arn"]
    zhang = world.user(PermissionsBoundary=delegated)
    world.iam.attach_user_policy(UserName=zhang, PolicyArn=ADMINISTRATOR)
    his = world.client("iam", key=world.access_key(zhang))
    nikhil = world.name("nikhil")

    with refused():
        his.create_user(UserName=nikhil)
    his.create_user(UserName=nikhil, PermissionsBoundary=ceiling)
    his.attach_user_policy(UserName=nikhil, PolicyArn=ADMINISTRATOR)
    key = his.create_access_key(UserName=nikhil)["AccessKey"]
    for name in (zhang, nikhil):
        with refused():
            his.delete_user_permissions_boundary(UserName=name)
    theirs = world.client("iam", key=key)
    assert theirs.get_user()["User"]["UserName"] == nikhil
    with refused():
        theirs.create_user(UserName=world.name("more"))


def test_a_deputy_is_not_confused(world: World) -> None:
    """Without the external id, with a wrong one, with the right one."""
    name, vendor = user(world, "sts:AssumeRole")
    who = world.arn("user", name)
    tenant = role(world, trusting(who, StringEquals={"sts:ExternalId": "tenant-7"}))

    for more in ({}, {"ExternalId": "tenant-8"}):
        with refused():
            assumed(vendor, tenant, **more)
    session = world.session(assumed(vendor, tenant, ExternalId="tenant-7"))
    assert session.get_caller_identity()["Arn"].endswith("/hop")


def test_a_chain_is_an_hour_long_and_keeps_its_source_identity(world: World) -> None:
    """3600 seconds and no more, one identity from the first to the last."""
    name, ana = user(world)
    account = world.arn("root", "")[:-1]
    first = role(world, trusting(world.arn("user", name), *ALL), *ALL, MaxSessionDuration=43200)
    second = role(world, trusting(account, *ALL), *ALL, MaxSessionDuration=43200)

    hop = world.session(assumed(ana, first, DurationSeconds=43200, SourceIdentity="ana.b"))

    with refused("ValidationError"):
        assumed(hop, second, DurationSeconds=3601)
    with refused():
        assumed(hop, second, SourceIdentity="mia")
    made = hop.assume_role(RoleArn=second, RoleSessionName="hop", DurationSeconds=3600)
    assert made["SourceIdentity"] == "ana.b"


def test_the_tags_of_the_chain(world: World) -> None:
    """Star goes on, Heart stays behind, Sun is set on the way; what goes on is not set again."""
    name, ana = user(world)
    account = world.arn("root", "")[:-1]
    shown = {
        "StringEquals": {f"aws:PrincipalTag/{key}": value for key, value in (("Star", "1"), ("Sun", "2"))}
    }
    first = role(world, trusting(world.arn("user", name), *ALL), *ALL)
    second = role(world, trusting(account, *ALL), *ALL, Tags=[{"Key": "Heart", "Value": "own"}])
    third = role(world, trusting(account, *ALL))
    world.iam.put_role_policy(
        RoleName=third.rsplit("/", 1)[-1],
        PolicyName="may",
        PolicyDocument=document(
            allow("iam:ListUsers", Condition=shown),
            allow("iam:ListGroups", Condition={"Null": {"aws:PrincipalTag/Heart": "false"}}),
        ),
    )
    tags = [{"Key": "Star", "Value": "1"}, {"Key": "Heart", "Value": "1"}]

    one = world.session(assumed(ana, first, Tags=tags, TransitiveTagKeys=["Star"]))
    sun = [{"Key": "Sun", "Value": "2"}]
    two = world.session(assumed(one, second, Tags=sun, TransitiveTagKeys=["Sun"]))
    three = world.session(assumed(two, third), "iam")

    three.list_users()
    with refused():
        three.list_groups()
    with refused("ValidationError"):
        assumed(two, third, Tags=[{"Key": "star", "Value": "9"}])
    closed = role(world, trusting(world.arn("user", name)))
    with refused():
        assumed(ana, closed, Tags=tags)


def test_a_session_that_is_taken_back_is_refused(world: World) -> None:
    """With AWS's code, as one with another's token is."""
    name, ana = user(world)
    arn = role(world, trusting(world.arn("user", name)), "iam:ListUsers")
    given, other = assumed(ana, arn), assumed(ana, arn)
    world.session(given, "iam").list_users()

    with refused("InvalidClientTokenId"):
        world.session({**given, "SessionToken": other["SessionToken"]}, "iam").list_users()
    world.iam.delete_role_policy(RoleName=arn.rsplit("/", 1)[-1], PolicyName="may")
    with refused():
        world.session(given, "iam").list_users()
    world.iam.delete_role(RoleName=arn.rsplit("/", 1)[-1])
    with refused("InvalidClientTokenId"):
        world.session(given, "iam").list_users()
