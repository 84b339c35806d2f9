"""How iamkit's records look on the wire: where each member of an output comes from.

A member that no table names is the attribute of its own name in snake case. What a table gives is an
attribute, or a function of the record and of `Around`, for what stands elsewhere.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from iamkit.api.constraints import Value
from iamkit.credentials import passwords
from iamkit.credentials.secret import Secret
from iamkit.identity import documents, users
from iamkit.identity.managed import ManagedPolicy
from iamkit.identity.principal import Principal
from iamkit.identity.roles import Role
from iamkit.identity.users import User
from iamkit.management.policies import PolicyFace
from iamkit.storage import Reader


@dataclass(frozen=True, slots=True)
class Around:
    """What views read beside the record. The operation was allowed already, and names what is read here."""

    reader: Reader
    principal: Principal
    given: Mapping[str, Value]

    @property
    def user_name(self) -> str:
        """Whom the operation was about: the user that was named, else the caller."""
        named = self.given.get("UserName")
        return named if isinstance(named, str) else self.principal.name

    def user(self, name: str | None) -> User | None:
        """A user of the caller's account."""
        return None if name is None else users.find(self.reader, self.principal.account, name)

    def text(self, digest: str) -> str:
        """A policy's text."""
        return documents.text_of(self.reader, digest)


def _password_used(user: User, around: Around) -> object:
    kept = passwords.find(around.reader, user.user_id)
    return None if kept is None else kept.last_used_at


def _role_used(role: Role, _around: Around) -> object:
    return {} if role.last_used_at is None else {"LastUsedDate": role.last_used_at}


# Any: records of many types, read by name as the tables say.
Source = str | Callable[[Any, Around], object]
View = Mapping[str, Source]


def _boundary(record: Any, _around: Around) -> object:
    if not record.boundary:
        return None
    return {
        "PermissionsBoundaryType": "PermissionsBoundaryPolicy",
        "PermissionsBoundaryArn": record.boundary,
    }


def _some_tags(record: Any, _around: Around) -> object:
    return record.tags or None


def _policy(name: str) -> Callable[[Any, Around], object]:
    """An attribute of the account's own policy, None of a shipped one."""

    def read(found: ManagedPolicy | PolicyFace, _around: Around) -> object:
        own = found if isinstance(found, ManagedPolicy) else found.policy
        return None if own is None else getattr(own, name)

    return read


def _policy_id(found: ManagedPolicy | PolicyFace, around: Around) -> object:
    own = _policy("policy_id")(found, around)
    # A shipped policy's is always the same, as AWS's own policies' ids are.
    return own or "ANPA" + base64.b32encode(hashlib.sha256(found.arn.encode()).digest()).decode()[:17]


def _policy_tags(found: ManagedPolicy | PolicyFace, around: Around) -> object:
    if isinstance(found, ManagedPolicy):
        return found.tags or None
    return _policy("tags")(found, around) or {}


def _count(name: str) -> Callable[[Any, Around], object]:
    def read(found: Any, _around: Around) -> object:
        # A policy that was just made hangs on nobody.
        return getattr(found, name, 0)

    return read


def _last_part(arn: str, _around: Around) -> object:
    return arn.rsplit("/", 1)[-1]


def _itself(value: object, _around: Around) -> object:
    return value


def _seed(device: Any, _around: Around) -> object:
    seed: Secret = device.base32_seed
    return seed.reveal().encode()


def _picture(device: Any, _around: Around) -> object:
    picture: Secret | None = getattr(device, "qr_code_png", None)
    return None if picture is None else base64.b64decode(picture.reveal())


def _of_face(name: str) -> Callable[[Any, Around], object]:
    def read(made: Any, _around: Around) -> object:
        return getattr(made.face, name)

    return read


_SERVICE_CREDENTIAL: Final = {
    "UserName": "user_name",
    "Status": "status",
    "ServiceUserName": "service_user_name",
    "CreateDate": "created_at",
    "ExpirationDate": "expires_at",
    "ServiceSpecificCredentialId": "service_specific_credential_id",
    "ServiceName": "service_name",
}
_USER: Final[View] = {
    "UserName": "name",
    "CreateDate": "created_at",
    "PasswordLastUsed": _password_used,
    "PermissionsBoundary": _boundary,
    "Tags": _some_tags,
}

# By the name of the shape.
VIEWS: Final[Mapping[str, View]] = {
    "User": _USER,
    "Group": {"GroupName": "name", "CreateDate": "created_at"},
    "Role": {
        "RoleName": "name",
        "CreateDate": "created_at",
        "AssumeRolePolicyDocument": lambda role, around: around.text(role.trust_digest),
        "MaxSessionDuration": "max_session_seconds",
        "PermissionsBoundary": _boundary,
        "Tags": _some_tags,
        "Description": lambda role, _around: role.description or None,
        "RoleLastUsed": _role_used,
    },
    "Policy": {
        "PolicyName": "name",
        "PolicyId": _policy_id,
        "DefaultVersionId": "default_version",
        "AttachmentCount": _count("attachment_count"),
        "PermissionsBoundaryUsageCount": _count("boundary_count"),
        "IsAttachable": lambda _policy, _around: True,
        "Description": lambda policy, _around: policy.description or None,
        "CreateDate": _policy("created_at"),
        "UpdateDate": _policy("updated_at"),
        "Tags": _policy_tags,
    },
    "PolicyVersion": {
        "Document": "document",
        "VersionId": "version",
        "IsDefaultVersion": "is_default",
        "CreateDate": "created_at",
    },
    "AttachedPolicy": {"PolicyName": _last_part, "PolicyArn": _itself},
    "PolicyGroup": {"GroupName": "name"},
    "PolicyUser": {"UserName": "name"},
    "PolicyRole": {"RoleName": "name"},
    "AccessKey": {
        "UserName": lambda _new, around: around.user_name,
        "AccessKeyId": lambda new, _around: new.key.key_id,
        "Status": lambda new, _around: new.key.status,
        "SecretAccessKey": "secret",
        "CreateDate": lambda new, _around: new.key.created_at,
    },
    "AccessKeyMetadata": {"AccessKeyId": "key_id", "CreateDate": "created_at"},
    "AccessKeyLastUsed": {
        "LastUsedDate": "last_used_at",
        "ServiceName": lambda key, _around: key.last_used_service or "N/A",
        "Region": lambda key, _around: key.last_used_region or "N/A",
    },
    "LoginProfile": {"CreateDate": "created_at"},
    "MFADevice": {"EnableDate": "enabled_at"},
    "VirtualMFADevice": {
        "Base32StringSeed": lambda device, around: (
            _seed(device, around) if hasattr(device, "base32_seed") else None
        ),
        "QRCodePNG": _picture,
        "User": lambda device, around: around.user(getattr(device, "user_name", None)),
        "EnableDate": "enabled_at",
    },
    "GetMFADeviceResponse": {"EnableDate": "enabled_at"},
    "SSHPublicKey": {"SSHPublicKeyBody": "body", "UploadDate": "uploaded_at"},
    "SSHPublicKeyMetadata": {"UploadDate": "uploaded_at"},
    "SigningCertificate": {"CertificateBody": "body", "UploadDate": "uploaded_at"},
    "ServerCertificate": {
        "ServerCertificateMetadata": _itself,
        "CertificateBody": "body",
        "CertificateChain": lambda face, _around: face.chain or None,
        "Tags": _some_tags,
    },
    "ServerCertificateMetadata": {
        "ServerCertificateName": "name",
        "ServerCertificateId": "certificate_id",
        "UploadDate": "uploaded_at",
        "Expiration": "expires_at",
    },
    "ServiceSpecificCredential": {
        **{name: _of_face(source) for name, source in _SERVICE_CREDENTIAL.items()},
        "ServicePassword": "service_password",
    },
    "ServiceSpecificCredentialMetadata": _SERVICE_CREDENTIAL,
}

# Members of the record at the head of an answer that an operation leaves out, as AWS does.
LEFT_OUT: Final[Mapping[str, frozenset[str]]] = {
    "iam:CreateRole": frozenset({"MaxSessionDuration", "RoleLastUsed"}),
    "iam:ListRoles": frozenset({"Tags", "PermissionsBoundary", "RoleLastUsed"}),
    "iam:ListUsers": frozenset({"Tags", "PermissionsBoundary"}),
    "iam:CreateInstanceProfile": frozenset({"RoleLastUsed"}),
    "iam:GetInstanceProfile": frozenset({"RoleLastUsed"}),
    "iam:ListInstanceProfiles": frozenset({"Tags", "PermissionsBoundary", "RoleLastUsed"}),
    "iam:ListInstanceProfilesForRole": frozenset({"Tags", "PermissionsBoundary", "RoleLastUsed"}),
    "iam:UpdateRoleDescription": frozenset({"RoleLastUsed"}),
    "iam:GetGroup": frozenset({"Tags", "PermissionsBoundary"}),
    "iam:CreatePolicy": frozenset({"Description"}),
    "iam:ListPolicies": frozenset({"Description", "Tags"}),
    "iam:ListPolicyVersions": frozenset({"Document"}),
    "iam:CreatePolicyVersion": frozenset({"Document"}),
}
