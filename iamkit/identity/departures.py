"""Departures: what has to be gone before a user, group or role goes, and what goes with it (CAP-B16)."""

from __future__ import annotations

from collections.abc import Sequence

from iamkit import epochs
from iamkit.audit import last_access
from iamkit.credentials import inventory, temporary
from iamkit.errors import DeleteConflict
from iamkit.identity import attachments, groups, inline, instance_profiles, references, rewriting
from iamkit.identity.groups import Group, Membership
from iamkit.identity.holder import Holder
from iamkit.identity.house import House
from iamkit.identity.inline import InlinePolicy
from iamkit.identity.policy_use import PolicyAttachment
from iamkit.identity.roles import Role
from iamkit.identity.users import User
from iamkit.storage import Reader, Unit


def delete_user(unit: Unit, house: House, user: User, *, cascade: bool = False) -> None:
    """Remove a user. Its sessions end with it.

    Without `cascade`, raises DeleteConflict naming everything that still hangs on the user: password,
    keys, certificates, devices, groups, policies. With it, all of that goes in the same unit of work.
    """
    if not cascade:
        held = inventory.inventory(unit, user.user_id)
        hanging = [*_policies(unit, user.holder)]
        if held.password:
            hanging.append("a password")
        hanging += [f"access key `{key_id}`" for key_id in held.access_keys]
        hanging += [f"device `{serial}`" for serial in held.mfa_devices]
        hanging += held.others
        hanging += [f"membership in group `{group.name}`" for group in groups.of_user(unit, user.user_id)]
        _refuse("user", user.name, hanging)
    inventory.remove_all(unit, account=user.account, user_id=user.user_id)
    unit.remove_all(Membership, {"user_id": user.user_id})
    _strip(unit, user.holder)
    rewriting.forget(unit, house, user.user_id)
    last_access.forget(unit, user.user_id)
    unit.remove(User, (user.user_id,))
    unit.bump(epochs.principal(user.user_id))


def delete_group(unit: Unit, group: Group) -> None:
    """Remove a group. Raises DeleteConflict while it has members or policies."""
    hanging = [f"member `{user.name}`" for user in groups.members(unit, group)]
    _refuse("group", group.name, [*hanging, *_policies(unit, group.holder)])
    unit.remove(Group, (group.group_id,))
    unit.bump(group.holder.scope)


def delete_role(unit: Unit, house: House, role: Role) -> None:
    """Remove a role; a session of it is nobody's from the next request on. Raises DeleteConflict."""
    held = [f"a place in instance profile `{item.name}`" for item in instance_profiles.of_role(unit, role)]
    _refuse("role", role.name, [*held, *_policies(unit, role.holder)])
    references.remove(unit, role.account, role.arn)
    rewriting.forget(unit, house, role.role_id)
    temporary.end_all_as(unit, role.role_id)
    last_access.forget(unit, role.role_id)
    unit.remove(Role, (role.role_id,))
    unit.bump(epochs.principal(role.role_id), epochs.resources_of(role.account))


def _policies(reader: Reader, holder: Holder) -> list[str]:
    return [
        *(f"inline policy `{item.name}`" for item in inline.of_holder(reader, holder)),
        *(f"attached policy `{arn}`" for arn in attachments.of_holder(reader, holder)),
    ]


def _strip(unit: Unit, holder: Holder) -> None:
    unit.remove_all(InlinePolicy, {"holder_id": holder.unique_id})
    unit.remove_all(PolicyAttachment, {"holder_id": holder.unique_id})


def _refuse(kind: str, name: str, hanging: Sequence[str]) -> None:
    if hanging:
        shown = ", ".join(hanging[:5]) + (", …" if len(hanging) > 5 else "")
        raise DeleteConflict(f"{kind} `{name}` still has {shown}; remove that first")
