"""Operations on instance profiles, whose role a machine or process is handed (CAP-B8)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from iamkit.identity import instance_profiles, roles
from iamkit.identity.instance_profiles import InstanceProfile
from iamkit.identity.roles import Role
from iamkit.ids import checked_name, checked_path
from iamkit.management import targets
from iamkit.management.operation import Asks, Beside, Work, operation
from iamkit.management.paging import Page, page
from iamkit.storage import Reader

# Who is handed the role, as AWS's policies name it in `iam:PassedToService`.
_PASSED_TO: Final = "ec2.amazonaws.com"


@dataclass(frozen=True, slots=True)
class InstanceProfileFace:
    """A profile with the role that is in it: none or one."""

    name: str
    profile_id: str
    arn: str
    path: str
    created_at: datetime
    roles: tuple[Role, ...]
    tags: Mapping[str, str]


def _create_asks(
    work: Work, *, instance_profile_name: str, path: str = "/", tags: Mapping[str, str] | None = None
) -> Asks:
    name = checked_name("instance-profile", instance_profile_name)
    arn = work.house.arn(work.account, "instance-profile", checked_path(path), name)
    return Asks((arn,), targets.request_tag_keys(tags), also=("iam:TagInstanceProfile",) if tags else ())


@operation("iam:CreateInstanceProfile", access="Write", on=("instance-profile",), asks=_create_asks)
def create_instance_profile(
    work: Work, *, instance_profile_name: str, path: str = "/", tags: Mapping[str, str] | None = None
) -> InstanceProfileFace:
    """Make an empty profile. Raises EntityAlreadyExists, LimitExceeded."""
    made = instance_profiles.create(
        work.unit, work.house, account=work.account, name=instance_profile_name, path=path, tags=tags
    )
    return face(work.unit, made)


def _named_asks(work: Work, *, instance_profile_name: str) -> Asks:
    return targets.instance_profile(work, instance_profile_name)


@operation("iam:GetInstanceProfile", access="Read", on=("instance-profile",), asks=_named_asks)
def get_instance_profile(work: Work, *, instance_profile_name: str) -> InstanceProfileFace:
    """A profile with its role. Raises NoSuchEntity."""
    return face(work.unit, _get(work, instance_profile_name))


def _list_asks(work: Work, *, path_prefix: str = "/", **_others: object) -> Asks:
    return targets.below(work, "instance-profile", path_prefix)


@operation("iam:ListInstanceProfiles", access="List", on=("instance-profile",), asks=_list_asks)
def list_instance_profiles(
    work: Work, *, path_prefix: str = "/", marker: str | None = None, max_items: int | None = None
) -> Page[InstanceProfileFace]:
    """Profiles whose path begins with `path_prefix`, by name."""
    return _faces(
        work,
        page(
            lambda after, limit: instance_profiles.listing(
                work.unit, work.account, path_prefix=path_prefix, after=after, limit=limit
            ),
            lambda profile: profile.name_key,
            marker=marker,
            max_items=max_items,
        ),
    )


def _role_asks(work: Work, *, role_name: str, **_others: object) -> Asks:
    return targets.role(work, role_name)


@operation("iam:ListInstanceProfilesForRole", access="List", on=("role",), asks=_role_asks)
def list_instance_profiles_for_role(
    work: Work, *, role_name: str, marker: str | None = None, max_items: int | None = None
) -> Page[InstanceProfileFace]:
    """The profiles that a role is in, by name. Raises NoSuchEntity."""
    role = roles.get(work.unit, work.account, role_name)
    return _faces(
        work,
        page(
            lambda after, limit: instance_profiles.of_role(work.unit, role, after=after, limit=limit),
            lambda profile: profile.name_key,
            marker=marker,
            max_items=max_items,
        ),
    )


def _add_asks(work: Work, *, instance_profile_name: str, role_name: str) -> Asks:
    asks = targets.instance_profile(work, instance_profile_name)
    passed = targets.role(work, role_name, {"iam:PassedToService": _PASSED_TO})
    beside = Beside("iam:PassRole", passed.resources[0], passed.context, passed.shown[0])
    return Asks(asks.resources, asks.context, shown=asks.shown, beside=(beside,))


@operation("iam:AddRoleToInstanceProfile", access="Write", on=("instance-profile",), asks=_add_asks)
def add_role_to_instance_profile(work: Work, *, instance_profile_name: str, role_name: str) -> None:
    """Put a role in a profile; asks for `iam:PassRole` on the role too. Raises LimitExceeded if one is in."""
    profile = _get(work, instance_profile_name)
    instance_profiles.put_role(work.unit, profile, roles.get(work.unit, work.account, role_name))


def _remove_asks(work: Work, *, instance_profile_name: str, role_name: str) -> Asks:
    checked_name("role", role_name)
    return targets.instance_profile(work, instance_profile_name)


@operation("iam:RemoveRoleFromInstanceProfile", access="Write", on=("instance-profile",), asks=_remove_asks)
def remove_role_from_instance_profile(work: Work, *, instance_profile_name: str, role_name: str) -> None:
    """Take a role out of a profile. Raises NoSuchEntity."""
    profile = _get(work, instance_profile_name)
    instance_profiles.take_role(work.unit, profile, roles.get(work.unit, work.account, role_name))


@operation("iam:DeleteInstanceProfile", access="Write", on=("instance-profile",), asks=_named_asks)
def delete_instance_profile(work: Work, *, instance_profile_name: str) -> None:
    """Remove a profile. Raises DeleteConflict while a role is in it."""
    instance_profiles.delete(work.unit, _get(work, instance_profile_name))


def _tag_asks(work: Work, *, instance_profile_name: str, tags: Mapping[str, str]) -> Asks:
    return targets.instance_profile(work, instance_profile_name, targets.request_tag_keys(tags))


@operation("iam:TagInstanceProfile", access="Tagging", on=("instance-profile",), asks=_tag_asks)
def tag_instance_profile(work: Work, *, instance_profile_name: str, tags: Mapping[str, str]) -> None:
    """Set tags of a profile; a key that differs only by case is replaced. Raises LimitExceeded."""
    instance_profiles.tag(work.unit, work.house, _get(work, instance_profile_name), tags)


def _untag_asks(work: Work, *, instance_profile_name: str, tag_keys: tuple[str, ...]) -> Asks:
    return targets.instance_profile(work, instance_profile_name, targets.removed_tag_keys(tag_keys))


@operation("iam:UntagInstanceProfile", access="Tagging", on=("instance-profile",), asks=_untag_asks)
def untag_instance_profile(work: Work, *, instance_profile_name: str, tag_keys: tuple[str, ...]) -> None:
    """Remove tags of a profile; a key that is not there is no error."""
    instance_profiles.untag(work.unit, _get(work, instance_profile_name), tag_keys)


@operation("iam:ListInstanceProfileTags", access="List", on=("instance-profile",), asks=_named_asks)
def list_instance_profile_tags(work: Work, *, instance_profile_name: str) -> Mapping[str, str]:
    """The tags of a profile."""
    return _get(work, instance_profile_name).tags


def face(reader: Reader, profile: InstanceProfile) -> InstanceProfileFace:
    """A profile as it is told."""
    role = None if profile.role_id is None else roles.by_id(reader, profile.role_id)
    return InstanceProfileFace(
        profile.name,
        profile.profile_id,
        profile.arn,
        profile.path,
        profile.created_at,
        () if role is None else (role,),
        profile.tags,
    )


def _faces(work: Work, found: Page[InstanceProfile]) -> Page[InstanceProfileFace]:
    return Page(tuple(face(work.unit, profile) for profile in found.items), found.marker)


def _get(work: Work, name: str) -> InstanceProfile:
    return instance_profiles.get(work.unit, work.account, name)
