"""The account summary: what an account holds, beside its quotas (CAP-A9, App. D)."""

from __future__ import annotations

from iamkit.credentials.access_keys import AccessKey
from iamkit.credentials.mfa import MfaDevice
from iamkit.credentials.passwords import PasswordRecord
from iamkit.credentials.server_certificates import ServerCertificate
from iamkit.credentials.signing_certificates import SigningCertificate
from iamkit.federation import oidc_provider, saml_provider
from iamkit.identity import accounts
from iamkit.identity.groups import Group
from iamkit.identity.instance_profiles import InstanceProfile
from iamkit.identity.managed import ManagedPolicy, PolicyVersion
from iamkit.identity.quotas import Quotas
from iamkit.identity.roles import Role
from iamkit.identity.users import User
from iamkit.storage import Reader


def summary(reader: Reader, account: str, quotas: Quotas) -> dict[str, int]:
    """Counts and quotas under AWS's 34 keys."""
    own = {"account": account}
    policies = reader.find(ManagedPolicy, own)
    devices = reader.find(MfaDevice, own)
    return {
        "Users": reader.count(User, own),
        "UsersQuota": quotas.users,
        "Groups": reader.count(Group, own),
        "GroupsQuota": quotas.groups,
        "Roles": reader.count(Role, own),
        "RolesQuota": quotas.roles,
        "Policies": len(policies),
        "PoliciesQuota": quotas.managed_policies,
        "PolicySizeQuota": quotas.managed_policy_size,
        "PolicyVersionsInUse": sum(
            reader.count(PolicyVersion, {"policy_id": policy.policy_id}) for policy in policies
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
        "AccountAccessKeysPresent": reader.count(AccessKey, {"user_id": account}),
        "AccountPasswordPresent": int(reader.get(PasswordRecord, (account,)) is not None),
        "AccountMFAEnabled": int(any(device.user_id == account for device in devices)),
        "MFADevices": len(devices),
        "MFADevicesInUse": sum(device.user_id is not None for device in devices),
        "AccountSigningCertificatesPresent": reader.count(SigningCertificate, {"user_id": account}),
        "SigningCertificatesPerUserQuota": quotas.signing_certificates_per_user,
        "ServerCertificates": reader.count(ServerCertificate, own),
        "ServerCertificatesQuota": quotas.server_certificates,
        "InstanceProfiles": reader.count(InstanceProfile, own),
        "InstanceProfilesQuota": quotas.instance_profiles,
        "Providers": oidc_provider.count(reader, account) + saml_provider.count(reader, account),
        "GlobalEndpointTokenVersion": accounts.get(reader, account).token_version,
    }
