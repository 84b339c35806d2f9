"""Operations on groups and their members (CAP-B5)."""

from __future__ import annotations

from dataclasses import dataclass

from iamkit.identity import departures, groups, users
from iamkit.identity.groups import Group
from iamkit.identity.users import User
from iamkit.ids import checked_name, checked_path
from iamkit.management import targets
from iamkit.management.operation import Asks, Work, operation
from iamkit.management.paging import Page, page


@dataclass(frozen=True, slots=True)
class GroupWithMembers:
    """A group and the users in it, by name."""

    group: Group
    users: tuple[User, ...]


def _create_asks(work: Work, *, group_name: str, path: str = "/") -> Asks:
    return Asks(
        (work.house.arn(work.account, "group", checked_path(path), checked_name("group", group_name)),)
    )


@operation("iam:CreateGroup", access="Write", on=("group",), asks=_create_asks)
def create_group(work: Work, *, group_name: str, path: str = "/") -> Group:
    """Make an empty group. Raises EntityAlreadyExists, LimitExceeded."""
    return groups.create(work.unit, work.house, account=work.account, name=group_name, path=path)


def _named_asks(work: Work, *, group_name: str) -> Asks:
    return targets.group(work, group_name)


@operation("iam:GetGroup", access="Read", on=("group",), asks=_named_asks)
def get_group(work: Work, *, group_name: str) -> GroupWithMembers:
    """A group with its members. Raises NoSuchEntity."""
    group = groups.get(work.unit, work.account, group_name)
    return GroupWithMembers(group, tuple(groups.members(work.unit, group)))


def _list_asks(work: Work, *, path_prefix: str = "/", **_others: object) -> Asks:
    return targets.below(work, "group", path_prefix)


@operation("iam:ListGroups", access="List", on=("group",), asks=_list_asks)
def list_groups(
    work: Work, *, path_prefix: str = "/", marker: str | None = None, max_items: int | None = None
) -> Page[Group]:
    """Groups whose path begins with `path_prefix`, by name."""
    return page(
        lambda after, limit: groups.listing(
            work.unit, work.account, path_prefix=path_prefix, after=after, limit=limit
        ),
        lambda group: group.name_key,
        marker=marker,
        max_items=max_items,
    )


def _user_asks(work: Work, *, user_name: str) -> Asks:
    return targets.user(work, user_name)


@operation("iam:ListGroupsForUser", access="List", on=("user",), asks=_user_asks)
def list_groups_for_user(work: Work, *, user_name: str) -> Page[Group]:
    """The groups that a user is in, by name."""
    user = users.get(work.unit, work.account, user_name)
    return Page(tuple(groups.of_user(work.unit, user.user_id)))


def _update_asks(
    work: Work, *, group_name: str, new_group_name: str | None = None, new_path: str | None = None
) -> Asks:
    if new_group_name is not None:
        checked_name("group", new_group_name)
    asks = targets.group(work, group_name)
    found = groups.find(work.unit, work.account, group_name)
    return targets.moved(work, asks, "group", found, new_group_name, new_path)


@operation("iam:UpdateGroup", access="Write", on=("group",), asks=_update_asks)
def update_group(
    work: Work, *, group_name: str, new_group_name: str | None = None, new_path: str | None = None
) -> Group:
    """Rename or move a group; members and policies stay."""
    group = groups.get(work.unit, work.account, group_name)
    return groups.rename(work.unit, work.house, group, name=new_group_name, path=new_path)


@operation("iam:DeleteGroup", access="Write", on=("group",), asks=_named_asks)
def delete_group(work: Work, *, group_name: str) -> None:
    """Remove a group. Raises DeleteConflict while it has members or policies."""
    departures.delete_group(work.unit, groups.get(work.unit, work.account, group_name))


def _member_asks(work: Work, *, group_name: str, user_name: str) -> Asks:
    checked_name("user", user_name)
    return targets.group(work, group_name)


@operation("iam:AddUserToGroup", access="Permissions management", on=("group",), asks=_member_asks)
def add_user_to_group(work: Work, *, group_name: str, user_name: str) -> None:
    """Put a user into a group; a second time is no error. Raises LimitExceeded, NoSuchEntity."""
    group = groups.get(work.unit, work.account, group_name)
    groups.join(work.unit, work.house, group, users.get(work.unit, work.account, user_name))


@operation("iam:RemoveUserFromGroup", access="Permissions management", on=("group",), asks=_member_asks)
def remove_user_from_group(work: Work, *, group_name: str, user_name: str) -> None:
    """Take a user out of a group. Raises NoSuchEntity."""
    group = groups.get(work.unit, work.account, group_name)
    groups.leave(work.unit, group, users.get(work.unit, work.account, user_name))
