"""Quotas: how many of each thing an account may hold, and how long each document may be (CAP App. D)."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from iamkit.errors import ConfigurationError, LimitExceeded
from iamkit.policy.grammar import GUARDRAIL_SIZE, INLINE_SIZES, MANAGED_SIZE, RESOURCE_SIZE, TRUST_SIZE

SECTION: Final = "quotas"
"""The section of the settings that raises or lowers them."""

_COUNT: Final = re.compile(r"[0-9]{1,9}", re.ASCII)


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
    instance_profiles: int = 1000
    oidc_providers: int = 100
    oidc_client_ids: int = 100
    saml_providers: int = 100
    ssh_keys_per_user: int = 5
    signing_certificates_per_user: int = 2
    service_credentials_per_user: int = 2
    server_certificates: int = 20
    tags: int = 50
    user_inline_size: int = INLINE_SIZES["user"]
    group_inline_size: int = INLINE_SIZES["group"]
    role_inline_size: int = INLINE_SIZES["role"]
    managed_policy_size: int = MANAGED_SIZE
    trust_policy_size: int = TRUST_SIZE
    guardrail_size: int = GUARDRAIL_SIZE
    guardrails: int = 1000
    guardrails_per_target: int = 5
    tree_depth: int = 5
    resource_policy_bytes: int = RESOURCE_SIZE

    def hold(self, name: str, wanted: int) -> None:
        """Raise LimitExceeded, naming the quota and its value, if `wanted` is more than it admits."""
        value: int = getattr(self, name)
        if wanted > value:
            raise LimitExceeded(f"quota `{name}` is {value}, and this would make {wanted}")


def of_settings(section: Mapping[str, str]) -> Quotas:
    """AWS's numbers but for those that the section names. Raises ConfigurationError for what is no quota."""
    names = {part.name for part in dataclasses.fields(Quotas)}
    for name, text in section.items():
        if name not in names:
            raise ConfigurationError(
                f"`{SECTION}.{name}` is not a quota; there are: {', '.join(sorted(names))}"
            )
        if not _COUNT.fullmatch(text):
            raise ConfigurationError(f"`{SECTION}.{name}` must be a whole number, not `{text[:40]}`")
    return Quotas(**{name: int(text) for name, text in section.items()})
