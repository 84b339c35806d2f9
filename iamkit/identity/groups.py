"""Groups: collections of users, and who is in them; they cannot be nested or be principals (CAP-B5)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from iamkit import epochs
from iamkit.errors import NoSuchEntity
from iamkit.identity.holder import Holder, HolderKind
from iamkit.identity.house import House
from iamkit.identity.users import User
from iamkit.ids import checked_name, checked_path, name_key, name_taken
from iamkit.storage import Reader, Unit, record


@record("group", key=("group_id",), unique=(("account", "name_key"),), index=(("account",),))
@dataclass(frozen=True, slots=True)
class Group:
    """A group. It has no credential, no tags and no boundary."""

    group_id: str
    account: str
    name: str
    name_key: str
    path: str
    arn: str
    created_at: datetime

    @property
    def holder(self) -> Holder:
        """The group as something that policies hang on."""
        return Holder(HolderKind.GROUP, self.group_id, self.account, self.name, self.arn)


@record("membership", key=("group_id", "user_id"), index=(("user_id",), ("group_id",)))
@dataclass(frozen=True, slots=True)
class Membership:
    """A user in a group, both by unique id."""

    group_id: str
    user_id: str
    joined_at: datetime


def create(unit: Unit, house: House, *, account: str, name: str, path: str = "/") -> Group:
    """Make an empty group. Raises ValidationError, EntityAlreadyExists, LimitExceeded."""
    checked_name("group", name)
    checked_path(path)
    _check_free(unit, account, name)
    house.quotas.hold("groups", unit.count(Group, {"account": account}) + 1)
    group = Group(
        group_id=house.ids.unique("AGPA"),
        account=account,
        name=name,
        name_key=name_key(name),
        path=path,
        arn=house.arn(account, "group", path, name),
        created_at=house.now(),
    )
    unit.add(group)
    unit.bump(group.holder.scope)
    return group


def find(reader: Reader, account: str, name: str) -> Group | None:
    """The group of that name, whatever its case."""
    found = reader.find(Group, {"account": account, "name_key": name_key(name)}, limit=1)
    return found[0] if found else None


def get(reader: Reader, account: str, name: str) -> Group:
    """The group of that name, whatever its case. Raises NoSuchEntity."""
    found = find(reader, account, name)
    if found is None:
        raise NoSuchEntity(f"there is no group named `{name[:128]}`")
    return found


def listing(
    reader: Reader,
    account: str,
    *,
    path_prefix: str = "/",
    after: str | None = None,
    limit: int | None = None,
) -> list[Group]:
    """Groups whose path begins with `path_prefix`, by name."""
    return reader.find(
        Group, {"account": account}, prefix=("path", path_prefix), order="name_key", after=after, limit=limit
    )


def rename(
    unit: Unit, house: House, group: Group, *, name: str | None = None, path: str | None = None
) -> Group:
    """Give a group another name or path. Members and policies stay; resource references do not follow."""
    new_name = group.name if name is None else checked_name("group", name)
    new_path = group.path if path is None else checked_path(path)
    if name_key(new_name) != group.name_key:
        _check_free(unit, group.account, new_name)
    renamed = replace(
        group,
        name=new_name,
        name_key=name_key(new_name),
        path=new_path,
        arn=house.arn(group.account, "group", new_path, new_name),
    )
    unit.change(
        Group,
        (group.group_id,),
        {"name": renamed.name, "name_key": renamed.name_key, "path": renamed.path, "arn": renamed.arn},
    )
    unit.bump(group.holder.scope)
    return renamed


def join(unit: Unit, house: House, group: Group, user: User) -> None:
    """Put a user of the same account into a group; a second time is no error. Raises LimitExceeded."""
    if user.account != group.account:
        raise NoSuchEntity(f"there is no user named `{user.name}` in the account of group `{group.name}`")
    if unit.get(Membership, (group.group_id, user.user_id)) is not None:
        return
    house.quotas.hold("groups_per_user", unit.count(Membership, {"user_id": user.user_id}) + 1)
    unit.add(Membership(group.group_id, user.user_id, house.now()))
    unit.bump(epochs.principal(user.user_id))


def leave(unit: Unit, group: Group, user: User) -> None:
    """Take a user out of a group. Raises NoSuchEntity if it is not in it."""
    if not unit.remove(Membership, (group.group_id, user.user_id)):
        raise NoSuchEntity(f"user `{user.name}` is not in group `{group.name}`")
    unit.bump(epochs.principal(user.user_id))


def of_user(reader: Reader, user_id: str) -> list[Group]:
    """The groups that a user is in, by name."""
    found = [reader.get(Group, (item.group_id,)) for item in reader.find(Membership, {"user_id": user_id})]
    return sorted((group for group in found if group is not None), key=lambda group: group.name_key)


def members(reader: Reader, group: Group) -> list[User]:
    """The users in a group, by name."""
    found = [
        reader.get(User, (item.user_id,)) for item in reader.find(Membership, {"group_id": group.group_id})
    ]
    return sorted((user for user in found if user is not None), key=lambda user: user.name_key)


def _check_free(reader: Reader, account: str, name: str) -> None:
    if find(reader, account, name) is not None:
        raise name_taken("group", name)
