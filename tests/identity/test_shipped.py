"""Shipped policies (CAP-E2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from iamkit.errors import ConfigurationError, MalformedPolicyDocument, ValidationError
from iamkit.identity import attachments, shipped
from iamkit.identity.shipped import ShippedPolicy
from iamkit.policy import parse
from iamkit.policy.model import PolicyKind

if TYPE_CHECKING:
    from tests.identity.conftest import World

HOME: Final = "111122223333"
TEXT: Final = (
    '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "doc:Get", "Resource": "*"}}'
)


def test_every_shipped_policy_could_have_been_saved_by_hand() -> None:
    """They obey the grammar that users' policies obey, with no leniency."""
    for policy in shipped.core_policies(["doc:Get"]):
        parse(policy.text, policy.kind, managed=policy.kind is PolicyKind.IDENTITY)
        assert policy.description


def test_arns_are_of_the_account_aws_and_of_the_partition() -> None:
    """Decision 5."""
    shelf = shipped.shelf("acme", shipped.core_policies())

    assert "arn:acme:iam::aws:policy/AdministratorAccess" in shelf
    assert shipped.full_access_arn("acme") in shelf
    assert shelf[shipped.full_access_arn("acme")].kind is PolicyKind.GUARDRAIL


def test_read_only_grows_with_the_actions_that_an_app_declares() -> None:
    """CAP-E2: exactly the given actions; with none there is still a document."""

    def actions(read: list[str]) -> set[str]:
        policy = next(item for item in shipped.core_policies(read) if item.name == "ReadOnlyAccess")
        found = parse(policy.text, PolicyKind.IDENTITY).statements[0].actions
        return {item.text for item in found}

    assert actions(["doc:Get", "doc:List", "doc:Get"]) == {"doc:Get", "doc:List"}
    assert actions([]) == {"sts:GetCallerIdentity"}


def test_two_of_one_arn_and_bad_ones_are_refused_at_start_up() -> None:
    """A plugin's mistake is told when it is loaded."""
    with pytest.raises(ConfigurationError, match="two shipped policies"):
        shipped.shelf("aws", [ShippedPolicy("a", TEXT), ShippedPolicy("A", TEXT)])
    assert len(shipped.shelf("aws", [ShippedPolicy("a", TEXT), ShippedPolicy("a", TEXT, "/acme/")])) == 2
    with pytest.raises(ValidationError):
        shipped.shelf("aws", [ShippedPolicy("a", TEXT, "/acme")])
    with pytest.raises(MalformedPolicyDocument):
        shipped.shelf("aws", [ShippedPolicy("a", "{}")])


@pytest.mark.parametrize("path", ["/", "/family/", "/a/b/"])
def test_self_management_reaches_oneself_and_nobody_else(world: World, path: str) -> None:
    """Whatever the path: one's own password and keys, not those of a user of a longer or another name."""
    me, other = world.user("jeff", path), world.user("notjeff", path)
    with world.store.write() as unit:
        attachments.attach(unit, world.house, me.holder, "arn:aws:iam::aws:policy/IAMSelfManageCredentials")
    principal = world.principal(me)
    keys = {"aws:username": "jeff", "aws:PrincipalAccount": HOME}

    assert world.decide(principal, "iam:CreateAccessKey", me.arn, keys)
    assert not world.decide(principal, "iam:CreateAccessKey", other.arn, keys)
    assert not world.decide(principal, "iam:PutUserPolicy", me.arn, keys)
    assert not world.decide(principal, "iam:CreateAccessKey", me.arn, {"aws:PrincipalAccount": HOME})


def test_power_users_manage_no_identities(world: World) -> None:
    """NotAction excepts both of iamkit's services."""
    user = world.user()
    with world.store.write() as unit:
        attachments.attach(unit, world.house, user.holder, "arn:aws:iam::aws:policy/PowerUserAccess")
    principal = world.principal(user)

    assert world.decide(principal, "doc:Put")
    assert not world.decide(principal, "iam:CreateUser", f"arn:aws:iam::{HOME}:user/x")
    assert not world.decide(principal, "iamkit:DisableUser", f"arn:aws:iam::{HOME}:user/x")


@pytest.mark.parametrize(
    ("policy", "actions"),
    [
        ("IAMUserSSHKeys", ("iam:UploadSSHPublicKey", "iam:ListSSHPublicKeys")),
        ("IAMSelfManageCertificates", ("iam:UploadSigningCertificate", "iam:ListSigningCertificates")),
        (
            "IAMSelfManageServiceSpecificCredentials",
            ("iam:CreateServiceSpecificCredential", "iam:ListServiceSpecificCredentials"),
        ),
    ],
)
def test_one_kind_of_ones_own_is_one_policy(world: World, policy: str, actions: tuple[str, ...]) -> None:
    """Of oneself, and of that kind alone."""
    me, other = world.user("jeff"), world.user("notjeff")
    with world.store.write() as unit:
        attachments.attach(unit, world.house, me.holder, f"arn:aws:iam::aws:policy/{policy}")
    principal = world.principal(me)
    keys = {"aws:username": "jeff", "aws:PrincipalAccount": HOME}

    for action in actions:
        assert world.decide(principal, action, me.arn, keys)
        assert not world.decide(principal, action, other.arn, keys)
    assert not world.decide(principal, "iam:CreateAccessKey", me.arn, keys)
    assert not world.decide(principal, "iam:UploadServerCertificate", me.arn, keys)
