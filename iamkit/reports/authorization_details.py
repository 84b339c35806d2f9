"""Authorization details: users, groups, roles and policies with all that decides what they may (CAP-M4).

One page holds entities of several kinds, and one marker says behind which of them the next goes on. Never
more than a page of them is in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Final, TypeVar

from iamkit.errors import ValidationError
from iamkit.identity import (
    attachments,
    documents,
    groups,
    inline,
    instance_profiles,
    managed,
    policy_use,
    roles,
    users,
)
from iamkit.identity.groups import Group
from iamkit.identity.holder import Holder
from iamkit.identity.house import House
from iamkit.identity.instance_profiles import InstanceProfile
from iamkit.identity.managed import ManagedPolicy
from iamkit.identity.roles import Role
from iamkit.identity.shipped import ShippedPolicy
from iamkit.identity.users import User
from iamkit.policy.model import PolicyKind
from iamkit.storage import Reader

KINDS: Final = ("User", "Group", "Role", "LocalManagedPolicy", "AWSManagedPolicy")
LARGEST: Final = 1000
DEFAULT: Final = 100

T = TypeVar("T")
Entity = User | Group | Role | ManagedPolicy | ShippedPolicy


@dataclass(frozen=True, slots=True)
class HeldPolicies:
    """What hangs on a user, group or role: inline documents by name, and ARNs of attached policies."""

    inline: Mapping[str, str] = field(repr=False)
    attached: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class UserDetail:
    """A user with the names of its groups."""

    user: User
    groups: tuple[str, ...]
    policies: HeldPolicies


@dataclass(frozen=True, slots=True)
class GroupDetail:
    """A group."""

    group: Group
    policies: HeldPolicies


@dataclass(frozen=True, slots=True)
class RoleDetail:
    """A role with its trust policy and the profiles that it is in."""

    role: Role
    trust: str = field(repr=False)
    instance_profiles: tuple[InstanceProfile, ...]
    policies: HeldPolicies


@dataclass(frozen=True, slots=True)
class VersionDetail:
    """One version of a policy, with its text."""

    version: str
    document: str = field(repr=False)
    is_default: bool
    created_at: datetime | None


@dataclass(frozen=True, slots=True)
class PolicyDetail:
    """A managed policy with all its versions. A shipped one has neither id nor dates, and one version."""

    name: str
    arn: str
    path: str
    description: str
    policy_id: str | None
    default_version: str
    attachment_count: int
    boundary_count: int
    created_at: datetime | None
    updated_at: datetime | None
    versions: tuple[VersionDetail, ...]
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AuthorizationDetails:
    """A page. `marker` asks for the rest; None says that this is the end."""

    users: tuple[UserDetail, ...]
    groups: tuple[GroupDetail, ...]
    roles: tuple[RoleDetail, ...]
    policies: tuple[PolicyDetail, ...]
    marker: str | None = None


def page(
    reader: Reader,
    house: House,
    account: str,
    *,
    kinds: Sequence[str] = (),
    marker: str | None = None,
    max_items: int | None = None,
) -> AuthorizationDetails:
    """The entities of an account of some kinds (default: all), each kind by name.

    Of the shipped policies only those that are in use are told. Raises ValidationError.
    """
    wanted = kinds or KINDS
    strange = [kind for kind in wanted if kind not in KINDS]
    if strange:
        raise ValidationError(f"`{strange[0][:40]}` is no filter; use some of {', '.join(KINDS)}")
    size = DEFAULT if max_items is None else max_items
    if not 1 <= size <= LARGEST:
        raise ValidationError(f"`max_items` must be 1 to {LARGEST}, not {size}")
    first, after = _place(marker)
    found = list(islice(_entities(reader, house, account, wanted, first, after), size + 1))
    shown = [entity for _, _, entity in found[:size]]
    more = f"{found[size - 1][0]}/{found[size - 1][1]}" if len(found) > size else None
    return AuthorizationDetails(
        tuple(_user(reader, entity) for entity in shown if isinstance(entity, User)),
        tuple(GroupDetail(entity, _held(reader, entity.holder)) for entity in _of(Group, shown)),
        tuple(_role(reader, entity) for entity in _of(Role, shown)),
        (
            *(_policy(reader, entity) for entity in _of(ManagedPolicy, shown)),
            *(_shipped(reader, house, account, entity) for entity in _of(ShippedPolicy, shown)),
        ),
        more,
    )


def _place(marker: str | None) -> tuple[int, str | None]:
    if marker is None:
        return 0, None
    kind, slash, after = marker.partition("/")
    if kind not in KINDS or not slash:
        raise ValidationError("the marker is none that was given out; begin again without one")
    return KINDS.index(kind), after


def _entities(
    reader: Reader, house: House, account: str, wanted: Sequence[str], first: int, after: str | None
) -> Iterator[tuple[str, str, Entity]]:
    """Kind, place in its listing, entity."""
    for number, kind in enumerate(KINDS):
        if number < first or kind not in wanted:
            continue
        behind = after if number == first else None
        if kind == "AWSManagedPolicy":
            for arn, policy in _in_use(reader, house, account):
                if behind is None or arn > behind:
                    yield kind, arn, policy
            continue
        while some := _chunk(reader, account, kind, behind):
            for entity in some:
                yield kind, entity.name_key, entity
            behind = some[-1].name_key


# No more at a time than the smaller pages hold.
_CHUNK: Final = 100


def _chunk(
    reader: Reader, account: str, kind: str, after: str | None
) -> Sequence[User | Group | Role | ManagedPolicy]:
    if kind == "User":
        return users.listing(reader, account, after=after, limit=_CHUNK)
    if kind == "Group":
        return groups.listing(reader, account, after=after, limit=_CHUNK)
    if kind == "Role":
        return roles.listing(reader, account, after=after, limit=_CHUNK)
    return managed.listing(reader, account, after=after, limit=_CHUNK)


def _in_use(reader: Reader, house: House, account: str) -> Iterator[tuple[str, ShippedPolicy]]:
    for arn in sorted(house.shipped):
        policy = house.shipped[arn]
        if policy.kind is PolicyKind.IDENTITY and (
            policy_use.attachment_count(reader, account, arn)
            or policy_use.boundary_count(reader, account, arn)
        ):
            yield arn, policy


def _of(kind: type[T], entities: Iterable[object]) -> Iterator[T]:
    return (entity for entity in entities if isinstance(entity, kind))


def _held(reader: Reader, holder: Holder) -> HeldPolicies:
    return HeldPolicies(
        {item.name: documents.text_of(reader, item.digest) for item in inline.of_holder(reader, holder)},
        tuple(attachments.of_holder(reader, holder)),
    )


def _user(reader: Reader, user: User) -> UserDetail:
    names = tuple(group.name for group in groups.of_user(reader, user.user_id))
    return UserDetail(user, names, _held(reader, user.holder))


def _role(reader: Reader, role: Role) -> RoleDetail:
    return RoleDetail(
        role,
        documents.text_of(reader, role.trust_digest),
        tuple(instance_profiles.of_role(reader, role)),
        _held(reader, role.holder),
    )


def _policy(reader: Reader, policy: ManagedPolicy) -> PolicyDetail:
    return PolicyDetail(
        policy.name,
        policy.arn,
        policy.path,
        policy.description,
        policy.policy_id,
        policy.default_version,
        policy_use.attachment_count(reader, policy.account, policy.arn),
        policy_use.boundary_count(reader, policy.account, policy.arn),
        policy.created_at,
        policy.updated_at,
        tuple(
            VersionDetail(
                item.version,
                documents.text_of(reader, item.digest),
                item.version == policy.default_version,
                item.created_at,
            )
            for item in managed.versions(reader, policy)
        ),
        policy.tags,
    )


def _shipped(reader: Reader, house: House, account: str, policy: ShippedPolicy) -> PolicyDetail:
    arn = policy.arn(house.partition)
    return PolicyDetail(
        policy.name,
        arn,
        policy.path,
        policy.description,
        None,
        "v1",
        policy_use.attachment_count(reader, account, arn),
        policy_use.boundary_count(reader, account, arn),
        None,
        None,
        (VersionDetail("v1", policy.text, True, None),),
    )
