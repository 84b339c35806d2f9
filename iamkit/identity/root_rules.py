"""What root users alone may do, and what they may not do: as policies, in one place (CAP-A6, A7).

Each account's guardrails have one of these besides its own: users and roles the first, root users the second.
They only deny. So a decision, a simulation, a list of who can do something, all know of them. The host
operator, who can read the key file, stands under neither.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from iamkit.identity.shipped import GUARDRAIL_PATH, ShippedPolicy
from iamkit.policy.model import PolicyKind

# Nobody but an account's root user and the host operator, whatever policies say.
ROOT_ONLY: Final = (
    "iamkit:ChangeRootEmail",
    "iamkit:CloseAccount",
    "iamkit:RenameAccount",
    "iamkit:RestoreAdministrator",
    "iamkit:UnlockResource",
    "iamkit:VerifyRootEmail",
)
# Nobody but whoever can read the key file: what gives the root user away, or back.
HOST_ONLY: Final = (
    "iamkit:CreateSetupLink",
    "iamkit:RecoverRoot",
    "iamkit:ReopenAccount",
)
# What it takes to get a first factor; on the root user itself.
_ENROLLING: Final = (
    "iam:EnableMFADevice",
    "iam:ListMFADevices",
    "iamkit:BeginMFAEnrollment",
    "iamkit:FinishMFAEnrollment",
)
# The device is nobody's yet.
_MAKING: Final = "iam:CreateVirtualMFADevice"
_OPEN: Final = "sts:GetCallerIdentity"

# Not of an access key, which has no such key: whether there are any is a setting.
_NO_FACTOR: Final = {"Bool": {"aws:MultiFactorAuthPresent": "false"}}
_SELF: Final = "arn:*:iam::${aws:PrincipalAccount}:root"


def reserved_for(action: str) -> str | None:
    """Who alone may do an action, in words; None for what policies decide."""
    if action in HOST_ONLY:
        return "the host operator, who can read the key file,"
    return "the account's owner, its root user," if action in ROOT_ONLY else None


def _document(*statements: Mapping[str, object]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, indent=2)


FOR_OTHERS: Final = ShippedPolicy(
    "RootOnlyTasks",
    _document(
        {
            "Sid": "OnlyTheRootUser",
            "Effect": "Deny",
            "Action": sorted((*ROOT_ONLY, *HOST_ONLY)),
            "Resource": "*",
        }
    ),
    path=GUARDRAIL_PATH,
    kind=PolicyKind.GUARDRAIL,
    description="what only an account's root user or the host operator may do",
)

FOR_ROOT: Final = ShippedPolicy(
    "RootUser",
    _document(
        {"Sid": "OnlyTheHostOperator", "Effect": "Deny", "Action": list(HOST_ONLY), "Resource": "*"},
        {
            "Sid": "NothingWithoutFactor",
            "Effect": "Deny",
            "NotAction": sorted((*_ENROLLING, _MAKING, _OPEN)),
            "Resource": "*",
            "Condition": _NO_FACTOR,
        },
        {
            "Sid": "OnlyItsOwnFactors",
            "Effect": "Deny",
            "Action": list(_ENROLLING),
            "NotResource": _SELF,
            "Condition": _NO_FACTOR,
        },
    ),
    path=GUARDRAIL_PATH,
    kind=PolicyKind.GUARDRAIL,
    description="a root user enrols a second factor before anything else",
)
