"""The steps for users, groups and roles: made, moved, changed, or taken away."""

from __future__ import annotations

from collections.abc import Iterator

from iamkit.management import groups, roles, users
from iamkit.manifest.document import Document
from iamkit.manifest.entries import GroupEntry, RoleEntry, UserEntry
from iamkit.manifest.holders import ceiling_steps, policy_steps, short, stripped, tag_steps
from iamkit.manifest.steps import Stage, Step


def nobody(account: str) -> Document:
    """Who may assume a role of an account until everybody whom its trust policy names is there."""
    return Document.of_plain(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "UntilEverybodyIsThere",
                    "Effect": "Deny",
                    "Principal": {"AWS": account},
                    "Action": "sts:AssumeRole",
                }
            ],
        }
    )


def user_steps(before: UserEntry | None, after: UserEntry) -> Iterator[Step]:
    """From the user that is there, or none, to the one that should be."""
    named = {"user_name": after.name}
    if before is None:
        params: dict[str, object] = {**named, "path": after.path}
        if after.permissions_boundary is not None:
            params["permissions_boundary"] = after.permissions_boundary
        if after.tags:
            params["tags"] = dict(after.tags)
        under = f" under {short(after.permissions_boundary)}" if after.permissions_boundary else ""
        yield Step(
            Stage.USERS, users.create_user, params, f"create user {_placed(after.path, after.name)}{under}"
        )
    else:
        if (before.name, before.path) != (after.name, after.path):
            yield Step(
                Stage.USERS,
                users.update_user,
                {"user_name": before.name, "new_user_name": after.name, "new_path": after.path},
                f"move user {_placed(before.path, before.name)} to {_placed(after.path, after.name)}",
            )
        yield from ceiling_steps(before, after)
        yield from tag_steps("user_name", after.name, f"user {after.name}", before.tags, after.tags)
    yield from policy_steps(before, after)
    was_enabled = True if before is None else before.enabled
    if was_enabled and not after.enabled:
        # A new user has to be there first; nothing was given to it by then.
        stage = Stage.DISABLE if before is not None else Stage.BOUNDARIES
        yield Step(stage, users.disable_user, named, f"disable user {after.name}")
    elif after.enabled and not was_enabled:
        yield Step(Stage.ENABLE, users.enable_user, named, f"enable user {after.name}")
    yield from _membership_steps(before, after)


def _membership_steps(before: UserEntry | None, after: UserEntry) -> Iterator[Step]:
    had = {name.lower(): name for name in (() if before is None else before.groups)}
    wanted = {name.lower(): name for name in after.groups}
    for key in sorted(had.keys() - wanted.keys()):
        yield leaving(had[key], after.name)
    for key in sorted(wanted.keys() - had.keys()):
        yield Step(
            Stage.GRANT,
            groups.add_user_to_group,
            {"group_name": wanted[key], "user_name": after.name},
            f"put user {after.name} into group {wanted[key]}",
        )


def leaving(group_name: str, user_name: str) -> Step:
    """A user leaves a group."""
    return Step(
        Stage.REVOKE,
        groups.remove_user_from_group,
        {"group_name": group_name, "user_name": user_name},
        f"take user {user_name} out of group {group_name}",
    )


def user_removal(entry: UserEntry) -> Iterator[Step]:
    """A user goes, with credentials, policies and memberships."""
    yield Step(
        Stage.DELETE_USERS,
        users.delete_user,
        {"user_name": entry.name, "cascade": True},
        f"delete user {entry.name} with its credentials and policies",
    )


def group_steps(before: GroupEntry | None, after: GroupEntry) -> Iterator[Step]:
    """From the group that is there, or none, to the one that should be."""
    if before is None:
        yield Step(
            Stage.GROUPS,
            groups.create_group,
            {"group_name": after.name, "path": after.path},
            f"create group {_placed(after.path, after.name)}",
        )
    elif (before.name, before.path) != (after.name, after.path):
        yield Step(
            Stage.GROUPS,
            groups.update_group,
            {"group_name": before.name, "new_group_name": after.name, "new_path": after.path},
            f"move group {_placed(before.path, before.name)} to {_placed(after.path, after.name)}",
        )
    yield from policy_steps(before, after)


def group_removal(entry: GroupEntry, members: tuple[str, ...]) -> Iterator[Step]:
    """A group goes; its members leave it first."""
    for member in members:
        yield leaving(entry.name, member)
    yield from stripped(entry, Stage.DELETE_GROUPS)
    yield Step(
        Stage.DELETE_GROUPS, groups.delete_group, {"group_name": entry.name}, f"delete group {entry.name}"
    )


def role_steps(before: RoleEntry | None, after: RoleEntry, first: Document | None = None) -> Iterator[Step]:
    """From the role that is there, or none, to the one that should be.

    `first` is the trust policy to make it with, where its own names somebody who is not there by then.
    """
    named: dict[str, object] = {"role_name": after.name}
    if before is None:
        trust = first or after.trust_policy
        params = {
            **named,
            "assume_role_policy_document": trust.text,
            "path": after.path,
            "description": after.description,
            "max_session_duration": after.max_session_duration,
        }
        if after.permissions_boundary is not None:
            params["permissions_boundary"] = after.permissions_boundary
        if after.tags:
            params["tags"] = dict(after.tags)
        yield Step(Stage.ROLES, roles.create_role, params, f"create role {_placed(after.path, after.name)}")
    else:
        trust = before.trust_policy
        changed: dict[str, object] = {}
        if before.description != after.description:
            changed["description"] = after.description
        if before.max_session_duration != after.max_session_duration:
            changed["max_session_duration"] = after.max_session_duration
        if changed:
            told = ", ".join(f"{name} {value}" for name, value in changed.items()).replace("_", " ")
            yield Step(
                Stage.ROLES, roles.update_role, {**named, **changed}, f"change role {after.name}: {told}"
            )
        yield from ceiling_steps(before, after)
        yield from tag_steps("role_name", after.name, f"role {after.name}", before.tags, after.tags)
    if trust != after.trust_policy:
        yield Step(
            Stage.TRUST,
            roles.update_assume_role_policy,
            {**named, "policy_document": after.trust_policy.text},
            f"set who may assume role {after.name}",
            trust.text,
        )
    yield from policy_steps(before, after)


def role_removal(entry: RoleEntry) -> Iterator[Step]:
    """A role goes, with its policies."""
    yield from stripped(entry, Stage.DELETE_ROLES)
    yield Step(Stage.DELETE_ROLES, roles.delete_role, {"role_name": entry.name}, f"delete role {entry.name}")


def _placed(path: str, name: str) -> str:
    return name if path == "/" else f"{path}{name}"
