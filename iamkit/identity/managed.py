"""Managed policies and their versions v1, v2, …, of which one is in force (CAP-E3)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from iamkit import epochs
from iamkit.errors import (
    DeleteConflict,
    NoSuchEntity,
    PolicyNotAttachable,
    UnmodifiableEntity,
    ValidationError,
)
from iamkit.identity import documents, policy_use
from iamkit.identity.house import House
from iamkit.identity.shipped import ShippedPolicy
from iamkit.identity.tags import with_tags, without_tags
from iamkit.ids import checked_name, checked_path, name_key, name_taken
from iamkit.policy.model import PolicyKind
from iamkit.storage import Reader, Unit, record

DESCRIPTION_LENGTH: Final = 1000
_VERSION: Final = re.compile(r"v[1-9][0-9]{0,8}", re.ASCII)


@record(
    "managed_policy",
    key=("policy_id",),
    unique=(("account", "name_key"), ("arn",)),
    index=(("account",),),
)
@dataclass(frozen=True, slots=True)
class ManagedPolicy:
    """A policy of an account. `latest` is the highest version number ever given: none is given twice."""

    policy_id: str
    account: str
    name: str
    name_key: str
    path: str
    arn: str
    description: str
    default_version: str
    latest: int
    created_at: datetime
    updated_at: datetime
    tags: Mapping[str, str] = field(default_factory=dict)


@record("policy_version", key=("policy_id", "version"), index=(("policy_id",),))
@dataclass(frozen=True, slots=True)
class PolicyVersion:
    """One version. `number` orders versions; `version` is `v` and the number."""

    policy_id: str
    version: str
    number: int
    digest: str
    created_at: datetime


def create(
    unit: Unit,
    house: House,
    *,
    account: str,
    name: str,
    text: str,
    path: str = "/",
    description: str = "",
    tags: Mapping[str, str] | None = None,
) -> ManagedPolicy:
    """Make a policy with version v1 in force.

    Raises MalformedPolicyDocument, ValidationError, EntityAlreadyExists, LimitExceeded.
    """
    checked_name("policy", name)
    checked_path(path)
    if len(description) > DESCRIPTION_LENGTH:
        raise ValidationError(f"a description must have at most {DESCRIPTION_LENGTH} characters")
    _check_text(house, text)
    if unit.find(ManagedPolicy, {"account": account, "name_key": name_key(name)}, limit=1):
        raise name_taken("policy", name)
    house.quotas.hold("managed_policies", unit.count(ManagedPolicy, {"account": account}) + 1)
    now = house.now()
    policy = ManagedPolicy(
        policy_id=house.ids.unique("ANPA"),
        account=account,
        name=name,
        name_key=name_key(name),
        path=path,
        arn=house.arn(account, "policy", path, name),
        description=description,
        default_version="v1",
        latest=1,
        created_at=now,
        updated_at=now,
        tags=with_tags({}, tags or {}, house.quotas),
    )
    unit.add(policy)
    unit.add(PolicyVersion(policy.policy_id, "v1", 1, documents.keep(unit, text), now))
    unit.bump(epochs.policies_of(account))
    return policy


def find(reader: Reader, account: str, arn: str) -> ManagedPolicy | None:
    """The account's own policy with that ARN."""
    found = reader.find(ManagedPolicy, {"arn": arn, "account": account}, limit=1)
    return found[0] if found else None


def get(reader: Reader, house: House, account: str, arn: str) -> ManagedPolicy:
    """The account's own policy with that ARN. Raises NoSuchEntity, UnmodifiableEntity for a shipped one."""
    found = find(reader, account, arn)
    if found is not None:
        return found
    if arn in house.shipped:
        raise UnmodifiableEntity(
            f"policy `{arn}` is shipped and cannot be changed; copy its text into one of yours"
        )
    raise NoSuchEntity(f"there is no policy `{arn[:200]}`")


def attachable(reader: Reader, house: House, account: str, arn: str) -> ManagedPolicy | ShippedPolicy:
    """The policy with that ARN, the account's own or shipped, to attach or to set as a boundary.

    Raises NoSuchEntity, PolicyNotAttachable for a guardrail.
    """
    shipped = house.shipped.get(arn)
    if shipped is None:
        return get(reader, house, account, arn)
    if shipped.kind is not PolicyKind.IDENTITY:
        raise PolicyNotAttachable(
            f"policy `{arn}` is a {shipped.kind}; it cannot hang on a user, group or role"
        )
    return shipped


def listing(
    reader: Reader,
    account: str,
    *,
    path_prefix: str = "/",
    after: str | None = None,
    limit: int | None = None,
) -> list[ManagedPolicy]:
    """The account's own policies whose path begins with `path_prefix`, by name."""
    return reader.find(
        ManagedPolicy,
        {"account": account},
        prefix=("path", path_prefix),
        order="name_key",
        after=after,
        limit=limit,
    )


def versions(reader: Reader, policy: ManagedPolicy) -> list[PolicyVersion]:
    """The versions that are kept, oldest first."""
    found = reader.find(PolicyVersion, {"policy_id": policy.policy_id})
    return sorted(found, key=lambda item: item.number)


def version(reader: Reader, policy: ManagedPolicy, name: str) -> PolicyVersion:
    """One version. Raises ValidationError for a text that is no version, NoSuchEntity."""
    if not _VERSION.fullmatch(name):
        raise ValidationError(f"policy version `{name[:40]}` must look like `v1`")
    found = reader.get(PolicyVersion, (policy.policy_id, name))
    if found is None:
        raise NoSuchEntity(f"policy `{policy.name}` has no version `{name}`")
    return found


def add_version(
    unit: Unit, house: House, policy: ManagedPolicy, *, text: str, set_as_default: bool = False
) -> PolicyVersion:
    """Save a new version; no number is given twice. Raises MalformedPolicyDocument, LimitExceeded."""
    _check_text(house, text)
    house.quotas.hold("policy_versions", unit.count(PolicyVersion, {"policy_id": policy.policy_id}) + 1)
    number = policy.latest + 1
    added = PolicyVersion(policy.policy_id, f"v{number}", number, documents.keep(unit, text), house.now())
    unit.add(added)
    values: dict[str, object] = {"latest": number, "updated_at": added.created_at}
    if set_as_default:
        values["default_version"] = added.version
    unit.change(ManagedPolicy, (policy.policy_id,), values)
    unit.bump(epochs.policies_of(policy.account))
    return added


def set_default(unit: Unit, house: House, policy: ManagedPolicy, name: str) -> ManagedPolicy:
    """Put a version in force, wherever the policy hangs, at once. Raises NoSuchEntity."""
    chosen = version(unit, policy, name)
    changed = replace(policy, default_version=chosen.version, updated_at=house.now())
    unit.change(
        ManagedPolicy,
        (policy.policy_id,),
        {"default_version": changed.default_version, "updated_at": changed.updated_at},
    )
    unit.bump(epochs.policies_of(policy.account))
    return changed


def delete_version(unit: Unit, policy: ManagedPolicy, name: str) -> None:
    """Remove a version. Raises DeleteConflict for the one in force."""
    found = version(unit, policy, name)
    if found.version == policy.default_version:
        raise DeleteConflict(f"version `{name}` is in force; set another default version first")
    unit.remove(PolicyVersion, (policy.policy_id, found.version))
    unit.bump(epochs.policies_of(policy.account))


def delete(unit: Unit, policy: ManagedPolicy) -> None:
    """Remove a policy. Raises DeleteConflict while it is attached, is a boundary, or has other versions."""
    if policy_use.attachment_count(unit, policy.account, policy.arn):
        raise DeleteConflict(f"policy `{policy.name}` is still attached; detach it first")
    if policy_use.boundary_count(unit, policy.account, policy.arn):
        raise DeleteConflict(f"policy `{policy.name}` is still a permissions boundary; remove it there first")
    if unit.count(PolicyVersion, {"policy_id": policy.policy_id}) > 1:
        raise DeleteConflict(f"policy `{policy.name}` has other versions than its default; delete them first")
    unit.remove_all(PolicyVersion, {"policy_id": policy.policy_id})
    unit.remove(ManagedPolicy, (policy.policy_id,))
    unit.bump(epochs.policies_of(policy.account))


def tag(unit: Unit, house: House, policy: ManagedPolicy, tags: Mapping[str, str]) -> ManagedPolicy:
    """Set tags."""
    return _tagged(unit, replace(policy, tags=with_tags(policy.tags, tags, house.quotas)))


def untag(unit: Unit, policy: ManagedPolicy, keys: tuple[str, ...]) -> ManagedPolicy:
    """Remove tags."""
    return _tagged(unit, replace(policy, tags=without_tags(policy.tags, keys)))


def _tagged(unit: Unit, policy: ManagedPolicy) -> ManagedPolicy:
    unit.change(ManagedPolicy, (policy.policy_id,), {"tags": policy.tags})
    unit.bump(epochs.policies_of(policy.account))
    return policy


def _check_text(house: House, text: str) -> None:
    house.accept(documents.checked(text, PolicyKind.IDENTITY, house.operators, managed=True))
    house.quotas.hold("managed_policy_size", documents.size_of(text))
