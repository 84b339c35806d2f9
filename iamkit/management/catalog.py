"""The catalog of iamkit's own services, read off the operations: nothing is written down twice."""

from __future__ import annotations

from types import ModuleType
from typing import Any, Final

from iamkit.management import (
    access,
    access_keys,
    access_reports,
    access_requests,
    accounts,
    assume_role,
    attachments,
    boundaries,
    groups,
    guardrails,
    hardware_mfa,
    imports,
    inline,
    instance_profiles,
    invitations,
    key_rotation,
    login_profiles,
    mail_addresses,
    mfa,
    mfa_enrolment,
    mfa_tags,
    narrowed_sessions,
    oidc_providers,
    outbound_identity,
    password_policy,
    policies,
    records,
    reports,
    resource_policies,
    role_sessions,
    roles,
    root,
    saml_providers,
    server_certificates,
    service_credentials,
    session_tokens,
    sessions,
    signing_certificates,
    simulation,
    ssh_keys,
    tags,
    token_service,
    tokens,
    tree,
    users,
    web_identity,
)
from iamkit.management.operation import Operation
from iamkit.policy.catalog import Action, ConditionKey, ResourceType, Service

_MODULES: Final[tuple[ModuleType, ...]] = (
    users,
    invitations,
    mail_addresses,
    groups,
    roles,
    policies,
    inline,
    attachments,
    boundaries,
    instance_profiles,
    oidc_providers,
    outbound_identity,
    saml_providers,
    tags,
    access_keys,
    key_rotation,
    ssh_keys,
    signing_certificates,
    server_certificates,
    service_credentials,
    login_profiles,
    mfa,
    mfa_enrolment,
    mfa_tags,
    hardware_mfa,
    password_policy,
    imports,
    tokens,
    sessions,
    accounts,
    assume_role,
    web_identity,
    session_tokens,
    narrowed_sessions,
    access_requests,
    token_service,
    role_sessions,
    simulation,
    access,
    resource_policies,
    guardrails,
    tree,
    root,
    records,
    reports,
    access_reports,
)

# Any: operations differ in parameters and results, and here only their declarations are read.
OPERATIONS: Final[tuple[Operation[Any, Any], ...]] = tuple(
    value for module in _MODULES for value in vars(module).values() if isinstance(value, Operation)
)

_IAM: Final = "arn:${Partition}:iam::${Account}:"
_OWN: Final = "arn:${Partition}:iamkit::${Account}:"
_TAGGED: Final = ("aws:ResourceTag/", "iam:ResourceTag/")

_USER: Final = ResourceType("user", f"{_IAM}user/${{UserNameWithPath}}", _TAGGED)
_MFA: Final = ResourceType("mfa", f"{_IAM}mfa/${{MfaTokenIdWithPath}}", _TAGGED)
_ROOT: Final = ResourceType("root", f"{_IAM}root")
_TYPES: Final = {
    "iam": (
        _USER,
        _ROOT,
        ResourceType("group", f"{_IAM}group/${{GroupNameWithPath}}"),
        ResourceType("role", f"{_IAM}role/${{RoleNameWithPath}}", _TAGGED),
        ResourceType("policy", f"{_IAM}policy/${{PolicyNameWithPath}}", _TAGGED),
        ResourceType("instance-profile", f"{_IAM}instance-profile/${{InstanceProfileNameWithPath}}", _TAGGED),
        ResourceType("oidc-provider", f"{_IAM}oidc-provider/${{OidcProviderName}}", _TAGGED),
        ResourceType("saml-provider", f"{_IAM}saml-provider/${{SamlProviderName}}", _TAGGED),
        _MFA,
        ResourceType("server-certificate", f"{_IAM}server-certificate/${{CertificateNameWithPath}}", _TAGGED),
    ),
    "iamkit": (
        _USER,
        _MFA,
        _ROOT,
        ResourceType("role", f"{_IAM}role/${{RoleNameWithPath}}", _TAGGED),
        ResourceType("guardrail", f"{_OWN}guardrail/${{Name}}"),
        ResourceType("node", f"{_OWN}node/${{NodeId}}"),
        ResourceType("account", f"{_OWN}account/${{AccountId}}"),
        ResourceType("resource-policy", f"{_OWN}resource-policy/${{ResourceArn}}"),
        ResourceType("decision", f"{_OWN}decision/${{DecisionId}}"),
        ResourceType("event", f"{_OWN}event/${{EventId}}"),
        # Whatever an app declares.
        ResourceType("resource", "arn:${Partition}:${Service}::${Account}:${Resource}"),
    ),
    "sts": (
        _USER,
        ResourceType("role", f"{_IAM}role/${{RoleNameWithPath}}", _TAGGED),
        ResourceType("federated-user", "arn:${Partition}:sts::${Account}:federated-user/${Name}"),
    ),
}

_KEYS: Final = {
    "iam": (ConditionKey("iam:PermissionsBoundary", "ARN"), ConditionKey("iam:PolicyARN", "ARN")),
    "iamkit": (),
    "sts": (
        ConditionKey("sts:IdentityTokenAudience", "String", multivalued=True),
        ConditionKey("sts:SigningAlgorithm"),
    ),
}
# Asked beside operations, and nothing by themselves.
BESIDE: Final[dict[str, tuple[Action, ...]]] = {
    "iam": (Action("PassRole", "Write", ("role",)),),
    "iamkit": (),
    "sts": (
        Action("TagSession", "Tagging", ("role", "user")),
        Action("SetSourceIdentity", "Write", ("role",)),
        Action("TagGetWebIdentityToken", "Tagging"),
    ),
}
_TITLES: Final = {"iam": "Identity and access management", "iamkit": "iamkit", "sts": "Security tokens"}


def _service(prefix: str) -> Service:
    return Service(
        prefix,
        tuple(
            Action(found.name, found.access, found.resource_types)
            for found in OPERATIONS
            if found.service == prefix
        )
        + BESIDE[prefix],
        _TYPES[prefix],
        _KEYS[prefix],
        _TITLES[prefix],
    )


SERVICES: Final[tuple[Service, ...]] = tuple(_service(prefix) for prefix in _TITLES)
