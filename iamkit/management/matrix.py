"""Asking for the matrix: who there is and what each reaches, by operations like any other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from iamkit.analysis.access import Reach
from iamkit.analysis.matrix import Line, Matrix, matrix_of
from iamkit.management import access, groups, roles, users
from iamkit.management.desk import Counter


def matrix(
    desk: Counter, lines: Sequence[Line], *, partition: str, account: str, arns: Sequence[str] = ()
) -> Matrix:
    """The matrix of `lines` and of `arns`, by default every group, role and user of the desk's account.

    Raises AccessDenied where the desk's principal may not ask, NoSuchEntity for an ARN that is nobody's.
    """
    actions = sorted({line.action for line in lines if line.action is not None})
    reaches: dict[str, dict[str, Reach]] = {}
    for arn in arns or tuple(_everybody(desk)):
        found: tuple[Reach, ...] = ()
        if actions:
            found = desk.do(
                access.what_can, policy_source_arn=arn, action_names=tuple(actions), resource_arns=("*",)
            )
        reaches[arn.rpartition(":")[2]] = {reach.action.lower(): reach for reach in found}
    return matrix_of(lines, reaches, partition=partition, account=account)


def _everybody(desk: Counter) -> Iterator[str]:
    yield from (group.arn for group in desk.do(groups.list_groups).items)
    yield from (role.arn for role in desk.do(roles.list_roles).items)
    yield from (user.arn for user in desk.do(users.list_users).items)
