"""Operations on permissions boundaries of users and roles (CAP-E10)."""

from __future__ import annotations

from iamkit.identity import boundaries, roles, users
from iamkit.management import targets
from iamkit.management.operation import Asks, Work, operation


def _put_user_asks(work: Work, *, user_name: str, permissions_boundary: str) -> Asks:
    return targets.user(work, user_name, targets.boundary_key(targets.policy_named(permissions_boundary)))


@operation(
    "iam:PutUserPermissionsBoundary", access="Permissions management", on=("user",), asks=_put_user_asks
)
def put_user_permissions_boundary(work: Work, *, user_name: str, permissions_boundary: str) -> None:
    """Set or replace the ceiling of a user. Raises NoSuchEntity, PolicyNotAttachable."""
    user = users.get(work.unit, work.account, user_name)
    boundaries.put(work.unit, work.house, user, permissions_boundary)


def _delete_user_asks(work: Work, *, user_name: str) -> Asks:
    found = users.find(work.unit, work.account, user_name)
    return targets.user(work, user_name, targets.boundary_key(found.boundary if found else None))


@operation(
    "iam:DeleteUserPermissionsBoundary", access="Permissions management", on=("user",), asks=_delete_user_asks
)
def delete_user_permissions_boundary(work: Work, *, user_name: str) -> None:
    """Take the ceiling of a user away. Raises NoSuchEntity."""
    boundaries.remove(work.unit, users.get(work.unit, work.account, user_name))


def _put_role_asks(work: Work, *, role_name: str, permissions_boundary: str) -> Asks:
    return targets.role(work, role_name, targets.boundary_key(targets.policy_named(permissions_boundary)))


@operation(
    "iam:PutRolePermissionsBoundary", access="Permissions management", on=("role",), asks=_put_role_asks
)
def put_role_permissions_boundary(work: Work, *, role_name: str, permissions_boundary: str) -> None:
    """Set or replace the ceiling of a role. Raises NoSuchEntity, PolicyNotAttachable."""
    role = roles.get(work.unit, work.account, role_name)
    boundaries.put(work.unit, work.house, role, permissions_boundary)


def _delete_role_asks(work: Work, *, role_name: str) -> Asks:
    found = roles.find(work.unit, work.account, role_name)
    return targets.role(work, role_name, targets.boundary_key(found.boundary if found else None))


@operation(
    "iam:DeleteRolePermissionsBoundary", access="Permissions management", on=("role",), asks=_delete_role_asks
)
def delete_role_permissions_boundary(work: Work, *, role_name: str) -> None:
    """Take the ceiling of a role away. Raises NoSuchEntity."""
    boundaries.remove(work.unit, roles.get(work.unit, work.account, role_name))
