"""How instance profiles, identity providers and reports look on the wire; see `views` for the form."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from typing import Any, Final

from iamkit.api.views import Around, View
from iamkit.identity.instance_profiles import InstanceProfile
from iamkit.identity.roles import Role
from iamkit.identity.users import User
from iamkit.management.access_reports import AccessDetails, EntityDetails
from iamkit.management.saml_providers import SamlProviderFace
from iamkit.reports.authorization_details import HeldPolicies, PolicyDetail, RoleDetail

# Any: records of many types, as the shape's name says.
Read = Callable[[Any, Around], object]


def _of(owner: str, name: str) -> Read:
    """An attribute of what a detail is about."""

    def read(detail: Any, _around: Around) -> object:
        return getattr(getattr(detail, owner), name)

    return read


def _inline(detail: Any, _around: Around) -> object:
    held: HeldPolicies = detail.policies
    return [{"PolicyName": name, "PolicyDocument": text} for name, text in held.inline.items()]


def _attached(detail: Any, _around: Around) -> object:
    held: HeldPolicies = detail.policies
    return held.attached


def _boundary(owner: str) -> Read:
    def read(detail: Any, _around: Around) -> object:
        arn = getattr(detail, owner).boundary
        if arn is None:
            return None
        return {"PermissionsBoundaryType": "PermissionsBoundaryPolicy", "PermissionsBoundaryArn": arn}

    return read


def _profile(profile: InstanceProfile, role: Role) -> Mapping[str, object]:
    return {
        "Path": profile.path,
        "InstanceProfileName": profile.name,
        "InstanceProfileId": profile.profile_id,
        "Arn": profile.arn,
        "CreateDate": profile.created_at,
        "Roles": (role,),
        "Tags": profile.tags or None,
    }


def _last_used(detail: RoleDetail, _around: Around) -> object:
    at = detail.role.last_used_at
    return {} if at is None else {"LastUsedDate": at}


def _policy_id(policy: PolicyDetail, _around: Around) -> object:
    digest = base64.b32encode(hashlib.sha256(policy.arn.encode()).digest()).decode()
    # A shipped policy's is always the same, as AWS's own policies' ids are.
    return policy.policy_id or "ANPA" + digest[:17]


def _entity(found: Any, _around: Around) -> object:
    entity: User | Role = found.entity
    holder = entity.holder
    return {
        "Arn": entity.arn,
        "Name": entity.name,
        "Type": str(holder.kind).upper(),
        "Id": holder.unique_id,
        "Path": entity.path,
    }


def _holder(part: int) -> Read:
    """The kind or the name of whom an inline policy hangs on; a managed one hangs on many."""

    def read(policy: Any, _around: Around) -> object:
        if policy.managed:
            return None
        resource = policy.holder.rpartition(":")[2]
        return resource.partition("/")[0].upper() if part == 0 else resource.rpartition("/")[2]

    return read


def _job(details: AccessDetails | EntityDetails) -> dict[str, object]:
    made = details.report.created_at
    # A report is made while it is read.
    return {"JobStatus": "COMPLETED", "JobCreationDate": made, "JobCompletionDate": made}


def _private_keys(found: SamlProviderFace, _around: Around) -> object:
    return [{"KeyId": key.key_id, "Timestamp": key.created_at} for key in found.private_keys]


VIEWS: Final[Mapping[str, View]] = {
    "InstanceProfile": {
        "InstanceProfileName": "name",
        "InstanceProfileId": "profile_id",
        "CreateDate": "created_at",
        "Tags": lambda profile, _around: profile.tags or None,
    },
    "CreateOpenIDConnectProviderResponse": {
        "OpenIDConnectProviderArn": "arn",
        "Tags": lambda provider, _around: provider.tags or None,
    },
    "GetOpenIDConnectProviderResponse": {
        "Url": "name",
        "ClientIDList": "client_ids",
        "ThumbprintList": "thumbprints",
        "CreateDate": "created_at",
    },
    "CreateSAMLProviderResponse": {
        "SAMLProviderArn": "arn",
        "Tags": lambda provider, _around: provider.tags or None,
    },
    "GetSAMLProviderResponse": {
        "SAMLProviderUUID": _of("provider", "uuid"),
        "SAMLMetadataDocument": "metadata",
        "CreateDate": _of("provider", "created_at"),
        "ValidUntil": _of("provider", "valid_until"),
        "Tags": _of("provider", "tags"),
        "AssertionEncryptionMode": lambda found, _around: found.provider.encryption or None,
        "PrivateKeyList": _private_keys,
    },
    "SAMLProviderListEntry": {"CreateDate": "created_at"},
    "GetCredentialReportResponse": {
        "ReportFormat": lambda _report, _around: "text/csv",
        "GeneratedTime": "generated_at",
    },
    "UserDetail": {
        "Path": _of("user", "path"),
        "UserName": _of("user", "name"),
        "UserId": _of("user", "user_id"),
        "Arn": _of("user", "arn"),
        "CreateDate": _of("user", "created_at"),
        "UserPolicyList": _inline,
        "GroupList": "groups",
        "AttachedManagedPolicies": _attached,
        "PermissionsBoundary": _boundary("user"),
        "Tags": _of("user", "tags"),
    },
    "GroupDetail": {
        "Path": _of("group", "path"),
        "GroupName": _of("group", "name"),
        "GroupId": _of("group", "group_id"),
        "Arn": _of("group", "arn"),
        "CreateDate": _of("group", "created_at"),
        "GroupPolicyList": _inline,
        "AttachedManagedPolicies": _attached,
    },
    "RoleDetail": {
        "Path": _of("role", "path"),
        "RoleName": _of("role", "name"),
        "RoleId": _of("role", "role_id"),
        "Arn": _of("role", "arn"),
        "CreateDate": _of("role", "created_at"),
        "AssumeRolePolicyDocument": "trust",
        "InstanceProfileList": lambda detail, _around: [
            _profile(profile, detail.role) for profile in detail.instance_profiles
        ],
        "RolePolicyList": _inline,
        "AttachedManagedPolicies": _attached,
        "PermissionsBoundary": _boundary("role"),
        "Tags": _of("role", "tags"),
        "RoleLastUsed": _last_used,
    },
    "ManagedPolicyDetail": {
        "PolicyName": "name",
        "PolicyId": _policy_id,
        "DefaultVersionId": "default_version",
        "PermissionsBoundaryUsageCount": "boundary_count",
        "IsAttachable": lambda _policy, _around: True,
        "Description": lambda policy, _around: policy.description or None,
        "CreateDate": "created_at",
        "UpdateDate": "updated_at",
        "PolicyVersionList": "versions",
    },
    "ServiceLastAccessed": {
        "ServiceName": "title",
        "LastAuthenticated": "last_at",
        "ServiceNamespace": "service",
        "LastAuthenticatedEntity": "entity",
        "TotalAuthenticatedEntities": "entities",
        "TrackedActionsLastAccessed": lambda found, _around: found.actions or None,
    },
    "TrackedActionLastAccessed": {
        "ActionName": "action",
        "LastAccessedEntity": "entity",
        "LastAccessedTime": "last_at",
    },
    "EntityDetails": {"EntityInfo": _entity, "LastAuthenticated": "last_at"},
    "ListPoliciesGrantingServiceAccessEntry": {"ServiceNamespace": "service"},
    "PolicyGrantingServiceAccess": {
        "PolicyName": "name",
        "PolicyType": lambda policy, _around: "MANAGED" if policy.managed else "INLINE",
        "PolicyArn": lambda policy, _around: policy.arn or None,
        "EntityType": _holder(0),
        "EntityName": _holder(1),
    },
}

# Answers whose parts are not attributes of the result.
HEADS: Final[Mapping[str, Callable[[Any, Around], Mapping[str, object]]]] = {
    "iam:UpdateSAMLProvider": lambda provider, _around: {"SAMLProviderArn": provider.arn},
    "iam:GetAccountAuthorizationDetails": lambda found, _around: {
        "UserDetailList": found.users,
        "GroupDetailList": found.groups,
        "RoleDetailList": found.roles,
        "Policies": found.policies,
    },
    "iam:GetServiceLastAccessedDetails": lambda found, _around: {
        **_job(found),
        "JobType": found.report.level,
        "ServicesLastAccessed": found.services.items,
    },
    "iam:GetServiceLastAccessedDetailsWithEntities": lambda found, _around: {
        **_job(found),
        "EntityDetailsList": found.entities.items,
    },
}
