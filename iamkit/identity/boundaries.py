"""Permissions boundaries: one managed policy as the ceiling of a user or role (CAP-E10)."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from iamkit.errors import NoSuchEntity
from iamkit.identity import managed
from iamkit.identity.house import House
from iamkit.identity.roles import Role
from iamkit.identity.users import User
from iamkit.storage import Unit

Bounded = TypeVar("Bounded", User, Role)


def put(unit: Unit, house: House, entity: Bounded, policy_arn: str) -> Bounded:
    """Set or replace the boundary. Raises NoSuchEntity, PolicyNotAttachable."""
    managed.attachable(unit, house, entity.account, policy_arn)
    return _set(unit, entity, policy_arn)


def remove(unit: Unit, entity: Bounded) -> Bounded:
    """Take the boundary away. Raises NoSuchEntity if there is none."""
    if entity.boundary is None:
        raise NoSuchEntity(f"{entity.holder.kind} `{entity.name}` has no permissions boundary")
    return _set(unit, entity, None)


def _set(unit: Unit, entity: Bounded, policy_arn: str | None) -> Bounded:
    unit.change(type(entity), (entity.holder.unique_id,), {"boundary": policy_arn})
    unit.bump(entity.holder.scope)
    return replace(entity, boundary=policy_arn)
