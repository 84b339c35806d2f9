"""Instance profiles: the name under which a machine or process is handed one role (CAP-B8)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from iamkit.errors import DeleteConflict, LimitExceeded, NoSuchEntity
from iamkit.identity.house import House
from iamkit.identity.roles import Role
from iamkit.identity.tags import with_tags, without_tags
from iamkit.ids import checked_name, checked_path, name_key, name_taken
from iamkit.storage import Reader, Unit, record


@record(
    "instance_profile",
    key=("profile_id",),
    unique=(("account", "name_key"),),
    index=(("account",), ("role_id",)),
)
@dataclass(frozen=True, slots=True)
class InstanceProfile:
    """A profile and the role in it; `role_id` is None while it is empty."""

    profile_id: str
    account: str
    name: str
    name_key: str
    path: str
    arn: str
    created_at: datetime
    role_id: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


def create(
    unit: Unit,
    house: House,
    *,
    account: str,
    name: str,
    path: str = "/",
    tags: Mapping[str, str] | None = None,
) -> InstanceProfile:
    """Make an empty profile. Raises ValidationError, EntityAlreadyExists, LimitExceeded."""
    checked_name("instance-profile", name)
    checked_path(path)
    if find(unit, account, name) is not None:
        raise name_taken("instance profile", name)
    house.quotas.hold("instance_profiles", unit.count(InstanceProfile, {"account": account}) + 1)
    profile = InstanceProfile(
        profile_id=house.ids.unique("AIPA"),
        account=account,
        name=name,
        name_key=name_key(name),
        path=path,
        arn=house.arn(account, "instance-profile", path, name),
        created_at=house.now(),
        tags=with_tags({}, tags or {}, house.quotas),
    )
    unit.add(profile)
    return profile


def find(reader: Reader, account: str, name: str) -> InstanceProfile | None:
    """The profile of that name, whatever its case."""
    found = reader.find(InstanceProfile, {"account": account, "name_key": name_key(name)}, limit=1)
    return found[0] if found else None


def get(reader: Reader, account: str, name: str) -> InstanceProfile:
    """The profile of that name, whatever its case. Raises NoSuchEntity."""
    found = find(reader, account, name)
    if found is None:
        raise NoSuchEntity(f"there is no instance profile named `{name[:128]}`")
    return found


def listing(
    reader: Reader,
    account: str,
    *,
    path_prefix: str = "/",
    after: str | None = None,
    limit: int | None = None,
) -> list[InstanceProfile]:
    """Profiles whose path begins with `path_prefix`, by name."""
    return reader.find(
        InstanceProfile,
        {"account": account},
        prefix=("path", path_prefix),
        order="name_key",
        after=after,
        limit=limit,
    )


def of_role(
    reader: Reader, role: Role, *, after: str | None = None, limit: int | None = None
) -> list[InstanceProfile]:
    """The profiles that a role is in, by name."""
    return reader.find(InstanceProfile, {"role_id": role.role_id}, order="name_key", after=after, limit=limit)


def put_role(unit: Unit, profile: InstanceProfile, role: Role) -> InstanceProfile:
    """Put a role in. Raises LimitExceeded if one is in already, also if it is the same, as AWS does."""
    # Written only if it is empty: two callers cannot both put one in.
    if not unit.change(
        InstanceProfile, (profile.profile_id,), {"role_id": role.role_id}, where={"role_id": None}
    ):
        raise LimitExceeded(f"instance profile `{profile.name}` holds a role already; remove that one first")
    return replace(profile, role_id=role.role_id)


def take_role(unit: Unit, profile: InstanceProfile, role: Role) -> InstanceProfile:
    """Take a role out. Raises NoSuchEntity if it is not in."""
    if not unit.change(
        InstanceProfile, (profile.profile_id,), {"role_id": None}, where={"role_id": role.role_id}
    ):
        raise NoSuchEntity(f"role `{role.name}` is not in instance profile `{profile.name}`")
    return replace(profile, role_id=None)


def delete(unit: Unit, profile: InstanceProfile) -> None:
    """Remove a profile. Raises DeleteConflict while a role is in it."""
    if profile.role_id is not None:
        raise DeleteConflict(f"instance profile `{profile.name}` still holds a role; remove that first")
    unit.remove(InstanceProfile, (profile.profile_id,))


def tag(unit: Unit, house: House, profile: InstanceProfile, tags: Mapping[str, str]) -> InstanceProfile:
    """Set tags; a key that differs only by case is replaced."""
    return _tagged(unit, replace(profile, tags=with_tags(profile.tags, tags, house.quotas)))


def untag(unit: Unit, profile: InstanceProfile, keys: tuple[str, ...]) -> InstanceProfile:
    """Remove tags."""
    return _tagged(unit, replace(profile, tags=without_tags(profile.tags, keys)))


def _tagged(unit: Unit, profile: InstanceProfile) -> InstanceProfile:
    unit.change(InstanceProfile, (profile.profile_id,), {"tags": profile.tags})
    return profile
