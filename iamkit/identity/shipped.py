"""Shipped policies: read-only managed policies and guardrails of iamkit, the app and its plugins."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from iamkit.errors import ConfigurationError
from iamkit.ids import checked_name, checked_path
from iamkit.policy import parse
from iamkit.policy.model import PolicyKind
from iamkit.policy.operators import STANDARD, OperatorTable

# Attached to every node of the tree and every account when it is made; a level without any denies (SEM-E4).
FULL_ACCESS: Final = "FullAccess"
REQUIRE_MFA: Final = "RequireMFA"
CHANGE_PASSWORD: Final = "IAMUserChangePassword"  # noqa: S105  # the name of a policy
RESOURCE_FULL_ACCESS: Final = "ResourceFullAccess"
GUARDRAIL_PATH: Final = "/guardrail/"


@dataclass(frozen=True, slots=True)
class ShippedPolicy:
    """A read-only policy. `path` begins and ends with a slash; plugins use one of their own."""

    name: str
    text: str
    path: str = "/"
    kind: PolicyKind = PolicyKind.IDENTITY
    description: str = ""

    def arn(self, partition: str) -> str:
        """`arn:PARTITION:iam::aws:policy/PATH/NAME` (decision 5)."""
        return f"arn:{partition}:iam::aws:policy{self.path}{self.name}"


def shelf(
    partition: str, policies: Iterable[ShippedPolicy], operators: OperatorTable = STANDARD
) -> Mapping[str, ShippedPolicy]:
    """Shipped policies by ARN. Raises ConfigurationError for a bad name or one that is there twice, and
    MalformedPolicyDocument for a text that could not be saved by hand either.
    """
    found: dict[str, ShippedPolicy] = {}
    taken: set[str] = set()
    for policy in policies:
        checked_name("policy", policy.name)
        checked_path(policy.path)
        parse(policy.text, policy.kind, operators=operators)
        arn = policy.arn(partition)
        if arn.lower() in taken:
            raise ConfigurationError(f"two shipped policies have the ARN `{arn}`; give one a path of its own")
        taken.add(arn.lower())
        found[arn] = policy
    return MappingProxyType(found)


def full_access_arn(partition: str) -> str:
    """The ARN of the guardrail that allows everything."""
    return f"arn:{partition}:iam::aws:policy{GUARDRAIL_PATH}{FULL_ACCESS}"


def require_mfa_arn(partition: str) -> str:
    """The ARN of the guardrail by which an account asks everybody who signs in for a second factor."""
    return f"arn:{partition}:iam::aws:policy{GUARDRAIL_PATH}{REQUIRE_MFA}"


def change_password_arn(partition: str) -> str:
    """The ARN of the policy that an account's password policy can give to all its users."""
    return f"arn:{partition}:iam::aws:policy/{CHANGE_PASSWORD}"


def core_policies(read_actions: Iterable[str] = ()) -> tuple[ShippedPolicy, ...]:
    """What iamkit ships. `read_actions` are the actions with access level List or Read of every declared
    service, which ReadOnlyAccess is made of, so it grows as an app declares actions (CAP-E2).
    """
    # An action that nobody declares stands in for "none yet": an empty list is no statement (SEM-G11).
    readable = sorted(set(read_actions)) or ["sts:GetCallerIdentity"]
    return (
        ShippedPolicy(
            "AdministratorAccess",
            _document({"Effect": "Allow", "Action": "*", "Resource": "*"}),
            description="everything; still under boundaries, guardrails and explicit denials",
        ),
        ShippedPolicy(
            "PowerUserAccess",
            _document({"Effect": "Allow", "NotAction": ["iam:*", "iamkit:*"], "Resource": "*"}),
            description="everything but the management of identities",
        ),
        ShippedPolicy(
            "ReadOnlyAccess",
            _document({"Effect": "Allow", "Action": readable, "Resource": "*"}),
            description="every declared action whose access level is List or Read",
        ),
        ShippedPolicy(
            "IAMFullAccess",
            _document({"Effect": "Allow", "Action": "iam:*", "Resource": "*"}),
            description="the management of users, groups, roles and policies",
        ),
        ShippedPolicy(
            "IAMReadOnlyAccess",
            _document(
                {"Effect": "Allow", "Action": ["iam:Get*", "iam:List*", "iam:Simulate*"], "Resource": "*"}
            ),
            description="seeing users, groups, roles and policies",
        ),
        ShippedPolicy(
            CHANGE_PASSWORD,
            _document(
                {"Effect": "Allow", "Action": "iam:ChangePassword", "Resource": _SELF},
                {"Effect": "Allow", "Action": "iam:GetAccountPasswordPolicy", "Resource": "*"},
            ),
            description="changing one's own password, and seeing what is wanted of it",
        ),
        ShippedPolicy(
            "IAMSelfManageCredentials",
            _document(
                {
                    "Effect": "Allow",
                    "Action": [
                        "iam:ChangePassword",
                        "iam:CreateAccessKey",
                        "iam:DeleteAccessKey",
                        "iam:GetAccessKeyLastUsed",
                        "iam:GetLoginProfile",
                        "iam:GetUser",
                        "iam:ListAccessKeys",
                        "iam:UpdateAccessKey",
                        "iamkit:ChangeUserEmail",
                        "iamkit:CreatePersonalToken",
                        "iamkit:DeletePersonalToken",
                        "iamkit:EndSession",
                        "iamkit:EndSessions",
                        "iamkit:ListPersonalTokens",
                        "iamkit:ListSessions",
                        "iamkit:RenameSession",
                        "iamkit:ResetPersonalToken",
                        "iamkit:RotateAccessKey",
                        "iamkit:VerifyUserEmail",
                    ],
                    "Resource": _SELF,
                },
                *_OWN_FACTORS,
            ),
            description="one's own password, address, access keys, tokens, sessions and second factors",
        ),
        *(
            ShippedPolicy(
                name,
                _document({"Effect": "Allow", "Action": f"iam:*{noun}*", "Resource": _SELF}),
                description=f"one's own {words}",
            )
            # The first two are AWS's.
            for name, noun, words in (
                ("IAMUserSSHKeys", "SSHPublicKey", "SSH keys"),
                ("IAMSelfManageServiceSpecificCredentials", "ServiceSpecificCredential", "tools' passwords"),
                ("IAMSelfManageCertificates", "SigningCertificate", "client certificates"),
            )
        ),
        ShippedPolicy(
            "IAMSelfManageMFA",
            _document(*_OWN_FACTORS),
            description="one's own second factors",
        ),
        ShippedPolicy(
            REQUIRE_MFA,
            _document(
                {
                    "Effect": "Deny",
                    "NotAction": _WITHOUT_FACTOR,
                    "Resource": "*",
                    # IfExists: a long-term access key has no such key, and is denied too.
                    "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
                }
            ),
            description="nothing but enrolling a second factor, until one was shown; allows nothing itself",
        ),
        ShippedPolicy(
            FULL_ACCESS,
            _document({"Effect": "Allow", "Action": "*", "Resource": "*"}),
            path=GUARDRAIL_PATH,
            kind=PolicyKind.GUARDRAIL,
            description="a guardrail that limits nothing",
        ),
        ShippedPolicy(
            REQUIRE_MFA,
            _document(
                {
                    "Effect": "Deny",
                    "NotAction": _WITHOUT_FACTOR,
                    "Resource": "*",
                    # Not for access keys, which have no such key: this is about signing in.
                    "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "false"}},
                }
            ),
            path=GUARDRAIL_PATH,
            kind=PolicyKind.GUARDRAIL,
            description="a guardrail: who signed in without a second factor can only enrol one",
        ),
    )


# The caller's own user, whatever its path. Live only for users: nobody else has `aws:username` (SEM-K15).
_SELF: Final = [
    "arn:*:iam::${aws:PrincipalAccount}:user/${aws:username}",
    "arn:*:iam::${aws:PrincipalAccount}:user/*/${aws:username}",
]


_DEVICE: Final = "arn:*:iam::${aws:PrincipalAccount}:mfa/${aws:username}"
# What it takes to get a first factor.
_ENROLLING: Final = (
    "iam:CreateVirtualMFADevice",
    "iam:EnableMFADevice",
    "iam:GetUser",
    "iam:ListMFADevices",
    "iam:ResyncMFADevice",
    "iamkit:BeginMFAEnrollment",
    "iamkit:FinishMFAEnrollment",
)
_WITHOUT_FACTOR: Final = sorted({*_ENROLLING, "iam:ChangePassword", "sts:GetCallerIdentity"})
# A user's virtual devices are called by the user's name, or stand on a path of that name.
_OWN_FACTORS: Final[tuple[Mapping[str, object], ...]] = (
    {
        "Effect": "Allow",
        "Action": ["iam:CreateVirtualMFADevice", "iam:DeleteVirtualMFADevice"],
        "Resource": [_DEVICE, f"{_DEVICE}/*"],
    },
    {
        "Effect": "Allow",
        "Action": sorted(
            {
                *_ENROLLING,
                "iam:DeactivateMFADevice",
                "iam:GetMFADevice",
                "iamkit:CreateRecoveryCodes",
            }
            - {"iam:CreateVirtualMFADevice"}
        ),
        "Resource": _SELF,
    },
)


def _document(*statements: Mapping[str, object]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, indent=2)
