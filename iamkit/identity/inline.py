"""Inline policies: documents that belong to one user, group or role and go with it (CAP-E4)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from iamkit.errors import NoSuchEntity
from iamkit.identity import documents
from iamkit.identity.holder import Holder, HolderKind
from iamkit.identity.house import House
from iamkit.ids import checked_name
from iamkit.policy.model import PolicyKind
from iamkit.storage import Reader, Unit, record

_SIZE_QUOTA: Final = {
    HolderKind.USER: "user_inline_size",
    HolderKind.GROUP: "group_inline_size",
    HolderKind.ROLE: "role_inline_size",
}


@record("inline_policy", key=("holder_id", "name"), index=(("holder_id",),))
@dataclass(frozen=True, slots=True)
class InlinePolicy:
    """One document of a holder. `size` counts characters without white space, for the quota over all."""

    holder_id: str
    name: str
    digest: str
    size: int
    updated_at: datetime


def put(unit: Unit, house: House, holder: Holder, *, name: str, text: str) -> InlinePolicy:
    """Save a document under a name, replacing the one that has it.

    Raises MalformedPolicyDocument, and LimitExceeded when the holder's documents together grow too long.
    """
    checked_name("policy", name)
    house.accept(documents.checked(text, PolicyKind.IDENTITY, house.operators))
    size = documents.size_of(text)
    others = sum(item.size for item in of_holder(unit, holder) if item.name != name)
    house.quotas.hold(_SIZE_QUOTA[holder.kind], others + size)
    policy = InlinePolicy(holder.unique_id, name, documents.keep(unit, text), size, house.now())
    unit.remove(InlinePolicy, (holder.unique_id, name))
    unit.add(policy)
    unit.bump(holder.scope)
    return policy


def get(reader: Reader, holder: Holder, name: str) -> InlinePolicy:
    """One document. Raises NoSuchEntity."""
    found = reader.get(InlinePolicy, (holder.unique_id, name))
    if found is None:
        raise NoSuchEntity(f"{holder.kind} `{holder.name}` has no inline policy named `{name[:128]}`")
    return found


def of_holder(reader: Reader, holder: Holder) -> list[InlinePolicy]:
    """The documents of a holder, by name."""
    return reader.find(InlinePolicy, {"holder_id": holder.unique_id}, order="name")


def delete(unit: Unit, holder: Holder, name: str) -> None:
    """Remove one document. Raises NoSuchEntity."""
    get(unit, holder, name)
    unit.remove(InlinePolicy, (holder.unique_id, name))
    unit.bump(holder.scope)
