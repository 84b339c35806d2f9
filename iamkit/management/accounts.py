"""Operations on the caller's account: who is calling, its alias, and its summary (CAP-A5, A9)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from iamkit.credentials import mfa
from iamkit.credentials.access_keys import AccessKey
from iamkit.credentials.passwords import PasswordRecord
from iamkit.federation import oidc_provider, saml_provider
from iamkit.identity import accounts
from iamkit.identity.groups import Group
from iamkit.identity.instance_profiles import InstanceProfile
from iamkit.identity.managed import ManagedPolicy, PolicyVersion
from iamkit.identity.roles import Role
from iamkit.identity.users import User
from iamkit.management import session_names, targets
from iamkit.management.operation import Asks, Work, operation
from iamkit.management.paging import Page


@dataclass(frozen=True, slots=True)
class CallerIdentity:
    """Who is calling."""

    user_id: str
    account: str
    arn: str


@operation("sts:GetCallerIdentity", access="Read", asks=targets.whole_account)
def get_caller_identity(work: Work) -> CallerIdentity:
    """Who the caller is. Needs no permission, and no policy takes it away (SEM-E26)."""
    caller = work.principal.caller
    return CallerIdentity(session_names.user_id_of(caller), caller.account, caller.arn)


def _alias_asks(work: Work, **_others: object) -> Asks:
    return targets.whole_account(work)


@operation("iam:CreateAccountAlias", access="Write", asks=_alias_asks)
def create_account_alias(work: Work, *, account_alias: str) -> None:
    """Give the account its alias; the one it had stops at once. Raises EntityAlreadyExists, InputError."""
    accounts.set_alias(work.unit, work.account, account_alias)


@operation("iam:DeleteAccountAlias", access="Write", asks=_alias_asks)
def delete_account_alias(work: Work, *, account_alias: str) -> None:
    """Take the alias away. Raises NoSuchEntity."""
    accounts.remove_alias(work.unit, work.account, account_alias)


@operation("iam:ListAccountAliases", access="List", asks=targets.whole_account)
def list_account_aliases(work: Work) -> Page[str]:
    """The alias, if there is one."""
    alias = accounts.get(work.unit, work.account).alias
    return Page(() if alias is None else (alias,))


@operation("iam:GetAccountSummary", access="Read", asks=targets.whole_account)
def get_account_summary(work: Work) -> Mapping[str, int]:
    """Counts and quotas under AWS's 34 keys (CAP App. D). What iamkit does not have counts 0."""
    unit, quotas, account = work.unit, work.house.quotas, work.account
    own = {"account": account}
    policies = unit.find(ManagedPolicy, own)
    return {
        "Users": unit.count(User, own),
        "UsersQuota": quotas.users,
        "Groups": unit.count(Group, own),
        "GroupsQuota": quotas.groups,
        "Roles": unit.count(Role, own),
        "RolesQuota": quotas.roles,
        "Policies": len(policies),
        "PoliciesQuota": quotas.managed_policies,
        "PolicySizeQuota": quotas.managed_policy_size,
        "PolicyVersionsInUse": sum(
            unit.count(PolicyVersion, {"policy_id": policy.policy_id}) for policy in policies
        ),
        "PolicyVersionsInUseQuota": quotas.managed_policies * quotas.policy_versions,
        "VersionsPerPolicyQuota": quotas.policy_versions,
        "UserPolicySizeQuota": quotas.user_inline_size,
        "GroupPolicySizeQuota": quotas.group_inline_size,
        "RolePolicySizeQuota": quotas.role_inline_size,
        "AssumeRolePolicySizeQuota": quotas.trust_policy_size,
        "GroupsPerUserQuota": quotas.groups_per_user,
        "AttachedPoliciesPerUserQuota": quotas.policies_per_user,
        "AttachedPoliciesPerGroupQuota": quotas.policies_per_group,
        "AttachedPoliciesPerRoleQuota": quotas.policies_per_role,
        "AccessKeysPerUserQuota": quotas.access_keys_per_user,
        "AccountAccessKeysPresent": unit.count(AccessKey, {"user_id": account}),
        "AccountPasswordPresent": int(unit.get(PasswordRecord, (account,)) is not None),
        "AccountMFAEnabled": int(bool(mfa.of_subject(unit, account))),
        "MFADevices": 0,
        "MFADevicesInUse": 0,
        "AccountSigningCertificatesPresent": 0,
        "SigningCertificatesPerUserQuota": 0,
        "ServerCertificates": 0,
        "ServerCertificatesQuota": 0,
        "InstanceProfiles": unit.count(InstanceProfile, own),
        "InstanceProfilesQuota": quotas.instance_profiles,
        "Providers": oidc_provider.count(unit, account) + saml_provider.count(unit, account),
        "GlobalEndpointTokenVersion": accounts.get(unit, account).token_version,
    }
