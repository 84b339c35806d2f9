"""What each kind of policy must and must not contain (SEM §1.3), and the limits of every document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from iamkit.policy.model import PolicyKind

VERSIONS: Final = ("2012-10-17", "2008-10-17")
POLICY_MEMBERS: Final = ("Version", "Id", "Statement")
STATEMENT_MEMBERS: Final = (
    "Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction",
    "Resource", "NotResource", "Condition",
)  # fmt: skip
# `IAM` is iamkit's own spelling of `AWS`.
PRINCIPAL_MEMBERS: Final = ("AWS", "Service", "Federated", "CanonicalUser", "IAM")

# No list of a document is longer, the list of statements included (SEM-G18).
MAX_LIST: Final = 4_096

Presence = Literal["required", "optional", "forbidden"]

# How long each kind of document may be by default, in characters without white space (SEM-G18).
INLINE_SIZES: Final = MappingProxyType({"user": 2_048, "group": 5_120, "role": 10_240})
MANAGED_SIZE: Final = 6_144
TRUST_SIZE: Final = 2_048
GUARDRAIL_SIZE: Final = 5_120
RESOURCE_SIZE: Final = 20_480


@dataclass(frozen=True, slots=True)
class Grammar:
    """The rules of one kind. Those below `resource` bind what is written, not what is at rest."""

    principal: Presence = "forbidden"
    resource: Presence = "required"
    # Sid within [A-Za-z0-9]* (SEM-G8).
    plain_sid: bool = True
    # Version has to be 2012-10-17 (SEM-G15).
    current_version: bool = False
    # Everybody (`*`) may stand in Principal.
    everybody: bool = True
    # NotPrincipal may stand with Deny (SEM-P17 forbids it with Allow everywhere).
    not_principal: bool = False
    # Only actions of this service, written out, and no NotAction.
    service: str = ""
    # Deny only, Principal `*` only, no NotAction, no bare `*` action.
    refusals_only: bool = False


_IDENTITY: Final = Grammar()

GRAMMARS: Final[Mapping[PolicyKind, Grammar]] = MappingProxyType(
    {
        PolicyKind.IDENTITY: _IDENTITY,
        PolicyKind.BOUNDARY: _IDENTITY,
        PolicyKind.SESSION: _IDENTITY,
        PolicyKind.GUARDRAIL: _IDENTITY,
        PolicyKind.RESOURCE: Grammar("required", "optional", plain_sid=False, not_principal=True),
        PolicyKind.ENDPOINT: Grammar("required", "required", plain_sid=False, not_principal=True),
        PolicyKind.TRUST: Grammar("required", "forbidden", everybody=False, service="sts"),
        PolicyKind.RESOURCE_GUARDRAIL: Grammar(
            "required", "required", current_version=True, refusals_only=True
        ),
    }
)


def significant_length(text: str) -> int:
    """The characters of a document without white space, which is what size limits count (SEM-G18)."""
    return sum(map(len, text.split()))
