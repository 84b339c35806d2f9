"""Delegation with a permissions boundary: the guide's María and Zhang (CAP-E10)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import pytest

from iamkit.errors import AccessDenied
from iamkit.management import access_keys, attachments, boundaries, inline, policies, users
from iamkit.management.simulation import simulate_principal_policy

if TYPE_CHECKING:
    from tests.management.conftest import Office

HOME: Final = "111122223333"
BOUNDARY: Final = f"arn:aws:iam::{HOME}:policy/XCompanyBoundaries"
ZHANGS: Final = f"arn:aws:iam::{HOME}:policy/DelegatedUserBoundary"

# What Zhang may do: make and equip users, as long as they carry the boundary; never lift one.
DELEGATION: Final = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "CreateOrChangeOnlyWithBoundary",
            "Effect": "Allow",
            "Action": [
                "iam:AttachUserPolicy",
                "iam:CreateUser",
                "iam:DeleteUserPolicy",
                "iam:DetachUserPolicy",
                "iam:PutUserPermissionsBoundary",
                "iam:PutUserPolicy",
            ],
            "Resource": "*",
            "Condition": {"StringEquals": {"iam:PermissionsBoundary": BOUNDARY}},
        },
        {"Sid": "Keys", "Effect": "Allow", "Action": "iam:CreateAccessKey", "Resource": "*"},
        {
            "Sid": "NoBoundaryPolicyEdit",
            "Effect": "Deny",
            "Action": [
                "iam:CreatePolicyVersion",
                "iam:DeletePolicy",
                "iam:DeletePolicyVersion",
                "iam:SetDefaultPolicyVersion",
            ],
            "Resource": [BOUNDARY, ZHANGS],
        },
        {
            "Sid": "NoBoundaryUserDelete",
            "Effect": "Deny",
            "Action": "iam:DeleteUserPermissionsBoundary",
            "Resource": "*",
        },
    ],
}


@pytest.fixture
def delegated(office: Office) -> Office:
    """María has made both ceilings and given Zhang everything, under the second one."""
    maria = office.owner()
    maria.do(
        policies.create_policy,
        policy_name="XCompanyBoundaries",
        policy_document=office.document(action=["doc:*", "iam:ChangePassword"]),
    )
    maria.do(
        policies.create_policy, policy_name="DelegatedUserBoundary", policy_document=json.dumps(DELEGATION)
    )
    maria.do(users.create_user, user_name="zhang", permissions_boundary=ZHANGS)
    maria.do(
        attachments.attach_user_policy,
        user_name="zhang",
        policy_arn="arn:aws:iam::aws:policy/AdministratorAccess",
    )
    office.person("unbounded")
    return office


def test_zhang_makes_users_only_with_the_boundary(delegated: Office) -> None:
    """Without it denied, with another one denied, with it made; the new user carries it."""
    zhang = delegated.desk("zhang")

    with pytest.raises(AccessDenied, match="no permissions boundary allows"):
        zhang.do(users.create_user, user_name="nikhil")
    with pytest.raises(AccessDenied):
        zhang.do(users.create_user, user_name="nikhil", permissions_boundary=ZHANGS)
    made = zhang.do(users.create_user, user_name="nikhil", permissions_boundary=BOUNDARY)

    assert made.boundary == BOUNDARY


def test_the_new_user_cannot_exceed_it_whatever_zhang_attaches(delegated: Office) -> None:
    """Everything attached, and still nothing beyond the ceiling."""
    zhang = delegated.desk("zhang")
    zhang.do(users.create_user, user_name="nikhil", permissions_boundary=BOUNDARY)
    zhang.do(
        attachments.attach_user_policy,
        user_name="nikhil",
        policy_arn="arn:aws:iam::aws:policy/AdministratorAccess",
    )
    zhang.do(
        inline.put_user_policy, user_name="nikhil", policy_name="p", policy_document=delegated.document()
    )
    zhang.do(access_keys.create_access_key, user_name="nikhil")

    results = delegated.owner().do(
        simulate_principal_policy,
        policy_source_arn=f"arn:aws:iam::{HOME}:user/nikhil",
        action_names=("doc:Put", "iam:CreateUser", "iam:PutUserPolicy"),
    )
    assert [result.decision.allowed for result in results] == [True, False, False]
    with pytest.raises(AccessDenied):
        delegated.desk("nikhil").do(users.create_user, user_name="friend")


def test_zhang_lifts_no_ceiling(delegated: Office) -> None:
    """Neither his own nor a user's, nor by rewriting the policy, nor on somebody without one."""
    zhang = delegated.desk("zhang")
    zhang.do(users.create_user, user_name="nikhil", permissions_boundary=BOUNDARY)

    for attempt in (
        lambda: zhang.do(boundaries.delete_user_permissions_boundary, user_name="zhang"),
        lambda: zhang.do(boundaries.delete_user_permissions_boundary, user_name="nikhil"),
        lambda: zhang.do(
            boundaries.put_user_permissions_boundary,
            user_name="zhang",
            permissions_boundary="arn:aws:iam::aws:policy/AdministratorAccess",
        ),
        lambda: zhang.do(
            policies.create_policy_version,
            policy_arn=BOUNDARY,
            policy_document=delegated.document(),
            set_as_default=True,
        ),
        lambda: zhang.do(
            inline.put_user_policy,
            user_name="unbounded",
            policy_name="p",
            policy_document=delegated.document(),
        ),
        lambda: zhang.do(
            attachments.attach_user_policy,
            user_name="unbounded",
            policy_arn="arn:aws:iam::aws:policy/AdministratorAccess",
        ),
    ):
        with pytest.raises(AccessDenied):
            attempt()
    zhang.do(boundaries.put_user_permissions_boundary, user_name="unbounded", permissions_boundary=BOUNDARY)
