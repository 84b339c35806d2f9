"""Quotas: how many of each thing an account may hold, and how long each document may be (CAP App. D)."""

from __future__ import annotations

from dataclasses import dataclass

from iamkit.errors import LimitExceeded


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotas:
    """AWS's numbers. Sizes of policies count characters without white space, as AWS counts them (SEM-G18);
    `resource_policy_bytes` counts bytes.
    """

    users: int = 5000
    groups: int = 300
    roles: int = 1000
    managed_policies: int = 1500
    policy_versions: int = 5
    groups_per_user: int = 10
    policies_per_user: int = 10
    policies_per_group: int = 10
    policies_per_role: int = 10
    access_keys_per_user: int = 2
    tags: int = 50
    user_inline_size: int = 2048
    group_inline_size: int = 5120
    role_inline_size: int = 10240
    managed_policy_size: int = 6144
    trust_policy_size: int = 2048
    guardrail_size: int = 5120
    guardrails: int = 1000
    guardrails_per_target: int = 5
    tree_depth: int = 5
    resource_policy_bytes: int = 20480

    def hold(self, name: str, wanted: int) -> None:
        """Raise LimitExceeded, naming the quota and its value, if `wanted` is more than it admits."""
        value: int = getattr(self, name)
        if wanted > value:
            raise LimitExceeded(f"quota `{name}` is {value}, and this would make {wanted}")
