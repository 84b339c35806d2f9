"""Operations on managed policies and their versions (CAP-E2, E3, E6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from iamkit.errors import NoSuchEntity, ValidationError
from iamkit.identity import documents, managed, policy_use, roles, users
from iamkit.identity.groups import Group
from iamkit.identity.holder import HolderKind
from iamkit.identity.managed import ManagedPolicy, PolicyVersion
from iamkit.identity.roles import Role
from iamkit.identity.shipped import ShippedPolicy
from iamkit.identity.users import User
from iamkit.ids import checked_name, checked_path
from iamkit.management import targets
from iamkit.management.operation import Asks, Work, operation
from iamkit.management.paging import Page, page
from iamkit.policy.model import PolicyKind

_SCOPES: Final = ("All", "AWS", "Local")


@dataclass(frozen=True, slots=True)
class PolicyFace:
    """A managed or shipped policy as people see it. `policy` is None for a shipped one."""

    arn: str
    name: str
    path: str
    description: str
    default_version: str
    attachment_count: int
    boundary_count: int
    policy: ManagedPolicy | None = None


@dataclass(frozen=True, slots=True)
class PolicyEntities:
    """Where a policy is attached, and whose boundary it is."""

    users: tuple[User, ...]
    groups: tuple[Group, ...]
    roles: tuple[Role, ...]
    bounded_users: tuple[User, ...]
    bounded_roles: tuple[Role, ...]


def _create_asks(
    work: Work, *, policy_name: str, path: str = "/", tags: Mapping[str, str] | None = None, **_others: object
) -> Asks:
    arn = work.house.arn(work.account, "policy", checked_path(path), checked_name("policy", policy_name))
    return Asks((arn,), targets.request_tag_keys(tags), also=("iam:TagPolicy",) if tags else ())


@operation("iam:CreatePolicy", access="Permissions management", on=("policy",), asks=_create_asks)
def create_policy(
    work: Work,
    *,
    policy_name: str,
    policy_document: str,
    path: str = "/",
    description: str = "",
    tags: Mapping[str, str] | None = None,
) -> ManagedPolicy:
    """Make a policy with version v1 in force. Raises MalformedPolicyDocument, EntityAlreadyExists."""
    return managed.create(
        work.unit,
        work.house,
        account=work.account,
        name=policy_name,
        text=policy_document,
        path=path,
        description=description,
        tags=tags,
    )


def _named_asks(work: Work, *, policy_arn: str) -> Asks:
    return targets.policy(work, policy_arn)


@operation("iam:GetPolicy", access="Read", on=("policy",), asks=_named_asks)
def get_policy(work: Work, *, policy_arn: str) -> PolicyFace:
    """A policy, the account's own or shipped. Raises NoSuchEntity."""
    shipped = work.house.shipped.get(policy_arn)
    if shipped is not None:
        return _shipped_face(work, policy_arn, shipped)
    return _face(work, managed.get(work.unit, work.house, work.account, policy_arn))


def _list_asks(work: Work, *, path_prefix: str = "/", **_others: object) -> Asks:
    return targets.below(work, "policy", path_prefix)


@operation("iam:ListPolicies", access="List", on=("policy",), asks=_list_asks)
def list_policies(
    work: Work,
    *,
    path_prefix: str = "/",
    scope: str = "All",
    marker: str | None = None,
    max_items: int | None = None,
) -> Page[PolicyFace]:
    """Policies by name; `scope` is `All`, `AWS` (shipped only) or `Local` (the account's own)."""
    if scope not in _SCOPES:
        raise ValidationError(f"scope `{scope[:40]}` must be one of `All`, `AWS`, `Local`")
    faces: list[PolicyFace] = []
    if scope != "Local":
        faces += [
            _shipped_face(work, arn, shipped)
            for arn, shipped in work.house.shipped.items()
            if shipped.kind is PolicyKind.IDENTITY and shipped.path.startswith(path_prefix)
        ]
    if scope != "AWS":
        faces += [
            _face(work, policy)
            for policy in managed.listing(work.unit, work.account, path_prefix=path_prefix)
        ]
    faces.sort(key=lambda face: (face.name.lower(), face.arn))
    return page(
        lambda after, limit: [face for face in faces if after is None or _mark(face) > after][:limit],
        _mark,
        marker=marker,
        max_items=max_items,
    )


def _mark(face: PolicyFace) -> str:
    # Below every character of a name, so that marks sort as (name, ARN) do.
    return f"{face.name.lower()} {face.arn}"


@operation("iam:DeletePolicy", access="Permissions management", on=("policy",), asks=_named_asks)
def delete_policy(work: Work, *, policy_arn: str) -> None:
    """Remove a policy. Raises DeleteConflict while it is in use, UnmodifiableEntity for a shipped one."""
    managed.delete(work.unit, managed.get(work.unit, work.house, work.account, policy_arn))


def _add_version_asks(work: Work, *, policy_arn: str, **_others: object) -> Asks:
    return targets.policy(work, policy_arn)


@operation("iam:CreatePolicyVersion", access="Permissions management", on=("policy",), asks=_add_version_asks)
def create_policy_version(
    work: Work, *, policy_arn: str, policy_document: str, set_as_default: bool = False
) -> PolicyVersion:
    """Save a new version, in force only with `set_as_default`. Raises LimitExceeded beyond five."""
    policy = managed.get(work.unit, work.house, work.account, policy_arn)
    return managed.add_version(
        work.unit, work.house, policy, text=policy_document, set_as_default=set_as_default
    )


def _version_asks(work: Work, *, policy_arn: str, **_others: object) -> Asks:
    return targets.policy(work, policy_arn)


@dataclass(frozen=True, slots=True)
class VersionWithDocument:
    """A version and its text."""

    version: str
    is_default: bool
    document: str


@operation("iam:GetPolicyVersion", access="Read", on=("policy",), asks=_version_asks)
def get_policy_version(work: Work, *, policy_arn: str, version_id: str) -> VersionWithDocument:
    """A version with its text. A shipped policy has the one version `v1`."""
    shipped = work.house.shipped.get(policy_arn)
    if shipped is not None:
        if version_id != "v1":
            raise NoSuchEntity(f"policy `{shipped.name}` has no version `{version_id[:40]}`")
        return VersionWithDocument("v1", True, shipped.text)
    policy = managed.get(work.unit, work.house, work.account, policy_arn)
    found = managed.version(work.unit, policy, version_id)
    text = documents.text_of(work.unit, found.digest)
    return VersionWithDocument(found.version, found.version == policy.default_version, text)


@operation("iam:ListPolicyVersions", access="List", on=("policy",), asks=_named_asks)
def list_policy_versions(work: Work, *, policy_arn: str) -> Page[PolicyVersion]:
    """The versions that are kept, oldest first. Raises UnmodifiableEntity for a shipped policy."""
    policy = managed.get(work.unit, work.house, work.account, policy_arn)
    return Page(tuple(managed.versions(work.unit, policy)))


@operation("iam:SetDefaultPolicyVersion", access="Permissions management", on=("policy",), asks=_version_asks)
def set_default_policy_version(work: Work, *, policy_arn: str, version_id: str) -> None:
    """Put a version in force, such as an earlier one again."""
    policy = managed.get(work.unit, work.house, work.account, policy_arn)
    managed.set_default(work.unit, work.house, policy, version_id)


@operation("iam:DeletePolicyVersion", access="Permissions management", on=("policy",), asks=_version_asks)
def delete_policy_version(work: Work, *, policy_arn: str, version_id: str) -> None:
    """Remove a version. Raises DeleteConflict for the one in force."""
    policy = managed.get(work.unit, work.house, work.account, policy_arn)
    managed.delete_version(work.unit, policy, version_id)


@operation("iam:ListEntitiesForPolicy", access="List", on=("policy",), asks=_named_asks)
def list_entities_for_policy(work: Work, *, policy_arn: str) -> PolicyEntities:
    """The users, groups and roles of this account that a policy hangs on or bounds."""
    managed.attachable(work.unit, work.house, work.account, policy_arn)
    found = policy_use.attachments(work.unit, work.account, policy_arn)
    ids = {kind: [item.holder_id for item in found if item.holder_kind == kind] for kind in HolderKind}
    in_groups = (work.unit.get(Group, (unique_id,)) for unique_id in ids[HolderKind.GROUP])
    in_users = (users.by_id(work.unit, unique_id) for unique_id in ids[HolderKind.USER])
    in_roles = (roles.by_id(work.unit, unique_id) for unique_id in ids[HolderKind.ROLE])
    return PolicyEntities(
        tuple(sorted((item for item in in_users if item), key=lambda item: item.name_key)),
        tuple(sorted((item for item in in_groups if item), key=lambda item: item.name_key)),
        tuple(sorted((item for item in in_roles if item), key=lambda item: item.name_key)),
        tuple(policy_use.bounded_users(work.unit, work.account, policy_arn)),
        tuple(policy_use.bounded_roles(work.unit, work.account, policy_arn)),
    )


def _face(work: Work, policy: ManagedPolicy) -> PolicyFace:
    return PolicyFace(
        policy.arn,
        policy.name,
        policy.path,
        policy.description,
        policy.default_version,
        policy_use.attachment_count(work.unit, work.account, policy.arn),
        policy_use.boundary_count(work.unit, work.account, policy.arn),
        policy,
    )


def _shipped_face(work: Work, arn: str, shipped: ShippedPolicy) -> PolicyFace:
    return PolicyFace(
        arn,
        shipped.name,
        shipped.path,
        shipped.description,
        "v1",
        policy_use.attachment_count(work.unit, work.account, arn),
        policy_use.boundary_count(work.unit, work.account, arn),
    )
