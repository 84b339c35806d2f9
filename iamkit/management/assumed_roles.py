"""Roles as calls of the token service name them, and the sessions of them that answers tell of."""

from __future__ import annotations

from dataclasses import dataclass

from iamkit.arn import Arn
from iamkit.errors import ValidationError
from iamkit.identity import roles
from iamkit.identity.roles import Role
from iamkit.management.operation import Work


@dataclass(frozen=True, slots=True)
class AssumedRoleUser:
    """The session as a principal."""

    assumed_role_id: str
    arn: str


def arn_of(role_arn: str) -> Arn:
    """The ARN of a role. Raises InvalidArn, ValidationError for what is no role's."""
    arn = Arn.parse(role_arn)
    if arn.service != "iam" or arn.resource_type != "role" or not 20 <= len(role_arn) <= 2048:
        raise ValidationError(f"`{role_arn[:200]}` is not the ARN of a role")
    return arn


def role_of(work: Work, role_arn: str) -> tuple[Arn, Role | None]:
    """The ARN and its role, None if there is no such role. Raises InvalidArn, ValidationError."""
    arn = arn_of(role_arn)
    found = roles.find(work.unit, arn.account, arn.name)
    return arn, found if found is not None and found.arn == role_arn else None


def session_of(work: Work, role: Role, name: str) -> AssumedRoleUser:
    """The session `name` of a role."""
    return AssumedRoleUser(
        f"{role.role_id}:{name}",
        f"arn:{work.house.partition}:sts::{role.account}:assumed-role/{role.name}/{name}",
    )
