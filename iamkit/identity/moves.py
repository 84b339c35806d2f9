"""Moves: giving a user another name or path, with everything that has to follow (CAP-B16).

The unique id, credentials, memberships and policies stay. Policies that name the user as principal
follow; resources written as the user's ARN do not, since they speak of a name.
"""

from __future__ import annotations

from dataclasses import replace

from iamkit import epochs
from iamkit.identity import rewriting, users
from iamkit.identity.house import House
from iamkit.identity.users import User
from iamkit.ids import checked_name, checked_path, name_key, name_taken
from iamkit.storage import Unit


def rename_user(
    unit: Unit, house: House, user: User, *, name: str | None = None, path: str | None = None
) -> User:
    """Rename or move a user. Raises ValidationError, EntityAlreadyExists."""
    new_name = user.name if name is None else checked_name("user", name)
    new_path = user.path if path is None else checked_path(path)
    if name_key(new_name) != user.name_key and users.find(unit, user.account, new_name) is not None:
        raise name_taken("user", new_name)
    renamed = replace(
        user,
        name=new_name,
        name_key=name_key(new_name),
        path=new_path,
        arn=house.arn(user.account, "user", new_path, new_name),
    )
    if renamed.arn == user.arn:
        return user
    unit.change(
        User,
        (user.user_id,),
        {"name": renamed.name, "name_key": renamed.name_key, "path": renamed.path, "arn": renamed.arn},
    )
    rewriting.follow(unit, house, user.user_id, old_arn=user.arn, new_arn=renamed.arn)
    unit.bump(epochs.principal(user.user_id))
    return renamed
