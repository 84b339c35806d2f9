"""Administrators: users of an account who have AdministratorAccess, themselves or by a group (CAP-A8)."""

from __future__ import annotations

from typing import Final

from iamkit.identity import deployment, groups, policy_use, users
from iamkit.identity.holder import HolderKind
from iamkit.identity.users import User
from iamkit.storage import Reader

POLICY: Final = "AdministratorAccess"


def policy_arn(partition: str) -> str:
    """The ARN of the policy that makes an administrator."""
    return f"arn:{partition}:iam::aws:policy/{POLICY}"


def of_account(reader: Reader, account: str) -> list[User]:
    """The administrators of an account who are not disabled, by name."""
    arn = policy_arn(deployment.current(reader).partition)
    found: dict[str, User] = {}
    for attachment in policy_use.attachments(reader, account, arn):
        if attachment.holder_kind == HolderKind.USER:
            user = users.by_id(reader, attachment.holder_id)
            held = [] if user is None else [user]
        else:
            group = reader.get(groups.Group, (attachment.holder_id,))
            held = [] if group is None else groups.members(reader, group)
        found |= {user.user_id: user for user in held if user.enabled}
    return sorted(found.values(), key=lambda user: user.name_key)
