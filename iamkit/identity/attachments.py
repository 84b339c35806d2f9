"""Attachments: managed and shipped policies on users, groups and roles (CAP-E6)."""

from __future__ import annotations

from typing import Final

from iamkit.errors import NoSuchEntity
from iamkit.identity import managed
from iamkit.identity.holder import Holder, HolderKind
from iamkit.identity.house import House
from iamkit.identity.policy_use import PolicyAttachment
from iamkit.storage import Reader, Unit

_QUOTA: Final = {
    HolderKind.USER: "policies_per_user",
    HolderKind.GROUP: "policies_per_group",
    HolderKind.ROLE: "policies_per_role",
}


def attach(unit: Unit, house: House, holder: Holder, policy_arn: str) -> None:
    """Hang a policy on a holder; a second time is no error.

    Raises NoSuchEntity, PolicyNotAttachable, LimitExceeded.
    """
    managed.attachable(unit, house, holder.account, policy_arn)
    if unit.get(PolicyAttachment, (holder.unique_id, policy_arn)) is not None:
        return
    house.quotas.hold(_QUOTA[holder.kind], unit.count(PolicyAttachment, {"holder_id": holder.unique_id}) + 1)
    unit.add(PolicyAttachment(holder.unique_id, policy_arn, holder.kind.value, holder.account, house.now()))
    unit.bump(holder.scope)


def detach(unit: Unit, holder: Holder, policy_arn: str) -> None:
    """Take a policy off. Raises NoSuchEntity if it does not hang there."""
    if not unit.remove(PolicyAttachment, (holder.unique_id, policy_arn)):
        raise NoSuchEntity(f"policy `{policy_arn[:200]}` is not attached to {holder.kind} `{holder.name}`")
    unit.bump(holder.scope)


def of_holder(reader: Reader, holder: Holder) -> list[str]:
    """The ARNs of the policies on a holder."""
    found = reader.find(PolicyAttachment, {"holder_id": holder.unique_id})
    return sorted(item.policy_arn for item in found)
