"""Guardrails: policies that limit whole accounts and never grant (CAP-E12, SEM-E4 to E-6).

A guardrail of kind `guardrail` limits the callers of the accounts below its target, root users
included; one of kind `resource-guardrail` limits what anybody may do to those accounts' resources. Every
level of the tree must allow. No account is exempt.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from iamkit import epochs
from iamkit.errors import (
    DeleteConflict,
    NoSuchEntity,
    PolicyNotAttachable,
    ValidationError,
)
from iamkit.identity import documents
from iamkit.identity.house import House
from iamkit.identity.shipped import ShippedPolicy, full_access_arn
from iamkit.ids import checked_name, name_key, name_taken
from iamkit.policy.model import PolicyKind
from iamkit.storage import Reader, Unit, record

KINDS: Final[Mapping[str, PolicyKind]] = {
    kind.value: kind for kind in (PolicyKind.GUARDRAIL, PolicyKind.RESOURCE_GUARDRAIL)
}


@record("guardrail", key=("arn",), unique=(("name_key",),))
@dataclass(frozen=True, slots=True)
class Guardrail:
    """A guardrail. `kind` is `guardrail` or `resource-guardrail`; its ARN is of the home account."""

    arn: str
    name: str
    name_key: str
    kind: str
    digest: str
    description: str
    created_at: datetime
    updated_at: datetime


@record(
    "guardrail_attachment",
    key=("target_id", "guardrail_arn"),
    index=(("target_id",), ("guardrail_arn",)),
)
@dataclass(frozen=True, slots=True)
class GuardrailAttachment:
    """A guardrail on a node of the tree or an account (`target_id`)."""

    target_id: str
    guardrail_arn: str
    attached_at: datetime


def arn_of(house: House, name: str) -> str:
    """The ARN that a guardrail of that name has."""
    return house.own_arn(house.home, f"guardrail/{name}")


def create(
    unit: Unit,
    house: House,
    *,
    name: str,
    text: str,
    kind: PolicyKind = PolicyKind.GUARDRAIL,
    description: str = "",
) -> Guardrail:
    """Make a guardrail; it limits nothing until it is attached.

    Raises MalformedPolicyDocument, EntityAlreadyExists, LimitExceeded.
    """
    checked_name("guardrail", name)
    _checked_text(house, text, kind)
    if named(unit, name) is not None:
        raise name_taken("guardrail", name)
    house.quotas.hold("guardrails", unit.count(Guardrail) + 1)
    now = house.now()
    guardrail = Guardrail(
        arn=arn_of(house, name),
        name=name,
        name_key=name_key(name),
        kind=kind.value,
        digest=documents.keep(unit, text),
        description=description,
        created_at=now,
        updated_at=now,
    )
    unit.add(guardrail)
    unit.bump(epochs.DEPLOYMENT)
    return guardrail


def named(reader: Reader, name: str) -> Guardrail | None:
    """The guardrail of that name, whatever its case."""
    found = reader.find(Guardrail, {"name_key": name_key(name)}, limit=1)
    return found[0] if found else None


def get(reader: Reader, name: str) -> Guardrail:
    """The guardrail of that name, whatever its case. Raises NoSuchEntity."""
    found = named(reader, name)
    if found is None:
        raise NoSuchEntity(f"there is no guardrail named `{name[:128]}`")
    return found


def listing(reader: Reader, *, after: str | None = None, limit: int | None = None) -> list[Guardrail]:
    """All guardrails, by name."""
    return reader.find(Guardrail, order="name_key", after=after, limit=limit)


def update(
    unit: Unit, house: House, *, name: str, text: str | None = None, description: str | None = None
) -> Guardrail:
    """Replace the document or the description, wherever it is attached, at once."""
    guardrail = get(unit, name)
    values: dict[str, object] = {"updated_at": house.now()}
    if text is not None:
        _checked_text(house, text, KINDS[guardrail.kind])
        values["digest"] = documents.keep(unit, text)
    if description is not None:
        values["description"] = description
    unit.change(Guardrail, (guardrail.arn,), values)
    unit.bump(epochs.DEPLOYMENT)
    return get(unit, name)


def delete(unit: Unit, name: str) -> None:
    """Remove a guardrail. Raises DeleteConflict while it is attached somewhere."""
    guardrail = get(unit, name)
    if unit.count(GuardrailAttachment, {"guardrail_arn": guardrail.arn}):
        raise DeleteConflict(f"guardrail `{guardrail.name}` is still attached; detach it first")
    unit.remove(Guardrail, (guardrail.arn,))
    unit.bump(epochs.DEPLOYMENT)


def find(reader: Reader, house: House, arn: str) -> Guardrail | ShippedPolicy:
    """The guardrail with that ARN, stored or shipped. Raises NoSuchEntity, PolicyNotAttachable."""
    shipped = house.shipped.get(arn)
    if shipped is not None:
        if shipped.kind.value not in KINDS:
            raise PolicyNotAttachable(f"`{shipped.name}` is no guardrail; attach it to a user, group or role")
        return shipped
    found = reader.get(Guardrail, (arn,))
    if found is None:
        raise NoSuchEntity(f"there is no guardrail `{arn[:200]}`")
    return found


def attach(unit: Unit, house: House, *, arn: str, target_id: str) -> None:
    """Put a guardrail on a node or account that exists; a second time is no error. Raises LimitExceeded."""
    find(unit, house, arn)
    if unit.get(GuardrailAttachment, (target_id, arn)) is not None:
        return
    present = unit.count(GuardrailAttachment, {"target_id": target_id})
    house.quotas.hold("guardrails_per_target", present + 1)
    unit.add(GuardrailAttachment(target_id, arn, house.now()))
    unit.bump(epochs.DEPLOYMENT)


def detach(unit: Unit, *, arn: str, target_id: str) -> None:
    """Take a guardrail off. A level that is left without any denies everything below it (SEM-E4)."""
    if not unit.remove(GuardrailAttachment, (target_id, arn)):
        raise NoSuchEntity(f"guardrail `{arn[:200]}` is not attached to `{target_id[:80]}`")
    unit.bump(epochs.DEPLOYMENT)


def detach_all(unit: Unit, target_id: str) -> None:
    """Take everything off a target that is about to go."""
    unit.remove_all(GuardrailAttachment, {"target_id": target_id})
    unit.bump(epochs.DEPLOYMENT)


def open_level(unit: Unit, house: House, target_id: str) -> None:
    """Give a new node or account its guardrail that limits nothing."""
    unit.add(GuardrailAttachment(target_id, full_access_arn(house.partition), house.now()))


def attached_to(reader: Reader, target_id: str) -> tuple[str, ...]:
    """The ARNs of the guardrails on a node or account."""
    return tuple(
        sorted(item.guardrail_arn for item in reader.find(GuardrailAttachment, {"target_id": target_id}))
    )


def targets_of(reader: Reader, arn: str) -> tuple[str, ...]:
    """The nodes and accounts that a guardrail is on."""
    return tuple(sorted(item.target_id for item in reader.find(GuardrailAttachment, {"guardrail_arn": arn})))


def checked_kind(text: str) -> PolicyKind:
    """The kind that a text names. Raises ValidationError."""
    if text not in KINDS:
        known = ", ".join(f"`{kind}`" for kind in KINDS)
        raise ValidationError(f"guardrail kind `{text[:80]}` must be one of {known}")
    return KINDS[text]


def _checked_text(house: House, text: str, kind: PolicyKind) -> None:
    house.accept(documents.checked(text, kind, house.operators))
    house.quotas.hold("guardrail_size", documents.size_of(text))
