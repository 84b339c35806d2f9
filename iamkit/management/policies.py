"""Operations on managed policies and their versions (CAP-E2, E3, E6)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar

from iamkit.errors import NoSuchEntity, ValidationError
from iamkit.identity import documents, managed, policy_use, roles, users
from iamkit.identity.groups import Group
from iamkit.identity.holder import HolderKind
from iamkit.identity.managed import ManagedPolicy
from iamkit.identity.roles import Role
from iamkit.identity.shipped import ShippedPolicy
from iamkit.identity.users import User
from iamkit.ids import checked_name, checked_path
from iamkit.management import targets
from iamkit.management.operation import Asks, Work, operation
from iamkit.management.paging import Page, page
from iamkit.policy.model import PolicyKind

_SCOPES: Final = ("All", "AWS", "Local")
_USES: Final = ("PermissionsPolicy", "PermissionsBoundary")
_KINDS: Final = ("User", "Role", "Group", "LocalManagedPolicy", "AWSManagedPolicy")

EntityT = TypeVar("EntityT", User, Group, Role)


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
class VersionFace:
    """A version as people see it. A shipped policy's was never made at any time."""

    version: str
    is_default: bool
    created_at: datetime | None


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
    only_attached: bool = False,
    policy_usage_filter: str | None = None,
    marker: str | None = None,
    max_items: int | None = None,
) -> Page[PolicyFace]:
    """Policies by name; `scope` is `All`, `AWS` (shipped only) or `Local` (the account's own).

    `only_attached` leaves out those that hang on nobody, `policy_usage_filter` those that are nobody's
    `PermissionsPolicy`, or nobody's `PermissionsBoundary`.
    """
    if scope not in _SCOPES:
        raise ValidationError(f"scope `{scope[:40]}` must be one of `All`, `AWS`, `Local`")
    _check_use(policy_usage_filter)
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
    faces = [face for face in faces if _wanted(face, policy_usage_filter, only_attached=only_attached)]
    faces.sort(key=lambda face: (face.name.lower(), face.arn))
    return page(
        lambda after, limit: [face for face in faces if after is None or _mark(face) > after][:limit],
        _mark,
        marker=marker,
        max_items=max_items,
    )


def _check_use(policy_usage_filter: str | None) -> None:
    if policy_usage_filter is not None and policy_usage_filter not in _USES:
        raise ValidationError(
            f"policy usage `{policy_usage_filter[:40]}` must be one of `{'`, `'.join(_USES)}`"
        )


def _wanted(face: PolicyFace, use: str | None, *, only_attached: bool) -> bool:
    count = face.boundary_count if use == "PermissionsBoundary" else face.attachment_count
    return count > 0 or (use is None and not only_attached)


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
) -> VersionFace:
    """Save a new version, in force only with `set_as_default`. Raises LimitExceeded beyond five."""
    policy = managed.get(work.unit, work.house, work.account, policy_arn)
    made = managed.add_version(
        work.unit, work.house, policy, text=policy_document, set_as_default=set_as_default
    )
    return VersionFace(made.version, set_as_default, made.created_at)


def _version_asks(work: Work, *, policy_arn: str, **_others: object) -> Asks:
    return targets.policy(work, policy_arn)


@dataclass(frozen=True, slots=True)
class VersionWithDocument:
    """A version and its text."""

    version: str
    is_default: bool
    document: str
    created_at: datetime | None = None


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
    return VersionWithDocument(found.version, found.version == policy.default_version, text, found.created_at)


@operation("iam:ListPolicyVersions", access="List", on=("policy",), asks=_named_asks)
def list_policy_versions(work: Work, *, policy_arn: str) -> Page[VersionFace]:
    """The versions that are kept, oldest first; a shipped policy has `v1`. Raises NoSuchEntity."""
    if policy_arn in work.house.shipped:
        return Page((VersionFace("v1", True, None),))
    policy = managed.get(work.unit, work.house, work.account, policy_arn)
    return Page(
        tuple(
            VersionFace(item.version, item.version == policy.default_version, item.created_at)
            for item in managed.versions(work.unit, policy)
        )
    )


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


def _entities_asks(work: Work, *, policy_arn: str, **_others: object) -> Asks:
    return targets.policy(work, policy_arn)


@operation("iam:ListEntitiesForPolicy", access="List", on=("policy",), asks=_entities_asks)
def list_entities_for_policy(
    work: Work,
    *,
    policy_arn: str,
    entity_filter: str | None = None,
    path_prefix: str = "/",
    policy_usage_filter: str | None = None,
) -> PolicyEntities:
    """The users, groups and roles of this account that a policy hangs on or bounds.

    `entity_filter` is `User`, `Group` or `Role`; `policy_usage_filter` leaves out those that the policy
    bounds (`PermissionsPolicy`), or those that it hangs on (`PermissionsBoundary`).
    """
    targets.checked_prefix(path_prefix)
    _check_use(policy_usage_filter)
    if entity_filter is not None and entity_filter not in _KINDS:
        raise ValidationError(f"entity filter `{entity_filter[:40]}` must be one of `User`, `Group`, `Role`")

    def shown(kind: str, use: str, found: Iterable[EntityT | None]) -> tuple[EntityT, ...]:
        if entity_filter not in (None, kind) or policy_usage_filter not in (None, use):
            return ()
        there = [item for item in found if item is not None and item.path.startswith(path_prefix)]
        return tuple(sorted(there, key=lambda item: item.name_key))

    managed.attachable(work.unit, work.house, work.account, policy_arn)
    found = policy_use.attachments(work.unit, work.account, policy_arn)
    ids = {kind: [item.holder_id for item in found if item.holder_kind == kind] for kind in HolderKind}
    attached, bounds = _USES
    return PolicyEntities(
        shown("User", attached, (users.by_id(work.unit, one) for one in ids[HolderKind.USER])),
        shown("Group", attached, (work.unit.get(Group, (one,)) for one in ids[HolderKind.GROUP])),
        shown("Role", attached, (roles.by_id(work.unit, one) for one in ids[HolderKind.ROLE])),
        shown("User", bounds, policy_use.bounded_users(work.unit, work.account, policy_arn)),
        shown("Role", bounds, policy_use.bounded_roles(work.unit, work.account, policy_arn)),
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
