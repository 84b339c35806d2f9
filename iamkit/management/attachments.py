"""Operations that attach managed and shipped policies to users, groups and roles (CAP-E6)."""

from __future__ import annotations

from collections.abc import Sequence

from iamkit.identity import attachments, groups, roles, users
from iamkit.management import targets
from iamkit.management.operation import Asks, Work, operation
from iamkit.management.paging import Page


def _user_asks(work: Work, *, user_name: str, policy_arn: str) -> Asks:
    found = users.find(work.unit, work.account, user_name)
    bounded = targets.boundary_key(found.boundary if found else None)
    return targets.user(work, user_name, {"iam:PolicyARN": targets.policy_named(policy_arn), **bounded})


@operation("iam:AttachUserPolicy", access="Permissions management", on=("user",), asks=_user_asks)
def attach_user_policy(work: Work, *, user_name: str, policy_arn: str) -> None:
    """Hang a policy on a user; a second time is no error. Raises LimitExceeded, NoSuchEntity."""
    user = users.get(work.unit, work.account, user_name)
    attachments.attach(work.unit, work.house, user.holder, policy_arn)


@operation("iam:DetachUserPolicy", access="Permissions management", on=("user",), asks=_user_asks)
def detach_user_policy(work: Work, *, user_name: str, policy_arn: str) -> None:
    """Take a policy off a user. Raises NoSuchEntity."""
    attachments.detach(work.unit, users.get(work.unit, work.account, user_name).holder, policy_arn)


def _list_user_asks(work: Work, *, user_name: str, **_others: object) -> Asks:
    return targets.user(work, user_name)


@operation("iam:ListAttachedUserPolicies", access="List", on=("user",), asks=_list_user_asks)
def list_attached_user_policies(work: Work, *, user_name: str, path_prefix: str = "/") -> Page[str]:
    """The ARNs of the policies on a user, of those whose path begins with `path_prefix`."""
    user = users.get(work.unit, work.account, user_name)
    return _below(path_prefix, attachments.of_holder(work.unit, user.holder))


def _group_asks(work: Work, *, group_name: str, policy_arn: str) -> Asks:
    return targets.group(work, group_name, {"iam:PolicyARN": targets.policy_named(policy_arn)})


@operation("iam:AttachGroupPolicy", access="Permissions management", on=("group",), asks=_group_asks)
def attach_group_policy(work: Work, *, group_name: str, policy_arn: str) -> None:
    """Hang a policy on a group; a second time is no error. Raises LimitExceeded, NoSuchEntity."""
    group = groups.get(work.unit, work.account, group_name)
    attachments.attach(work.unit, work.house, group.holder, policy_arn)


@operation("iam:DetachGroupPolicy", access="Permissions management", on=("group",), asks=_group_asks)
def detach_group_policy(work: Work, *, group_name: str, policy_arn: str) -> None:
    """Take a policy off a group. Raises NoSuchEntity."""
    attachments.detach(work.unit, groups.get(work.unit, work.account, group_name).holder, policy_arn)


def _list_group_asks(work: Work, *, group_name: str, **_others: object) -> Asks:
    return targets.group(work, group_name)


@operation("iam:ListAttachedGroupPolicies", access="List", on=("group",), asks=_list_group_asks)
def list_attached_group_policies(work: Work, *, group_name: str, path_prefix: str = "/") -> Page[str]:
    """The ARNs of the policies on a group, of those whose path begins with `path_prefix`."""
    group = groups.get(work.unit, work.account, group_name)
    return _below(path_prefix, attachments.of_holder(work.unit, group.holder))


def _role_asks(work: Work, *, role_name: str, policy_arn: str) -> Asks:
    found = roles.find(work.unit, work.account, role_name)
    bounded = targets.boundary_key(found.boundary if found else None)
    return targets.role(work, role_name, {"iam:PolicyARN": targets.policy_named(policy_arn), **bounded})


@operation("iam:AttachRolePolicy", access="Permissions management", on=("role",), asks=_role_asks)
def attach_role_policy(work: Work, *, role_name: str, policy_arn: str) -> None:
    """Hang a policy on a role; a second time is no error. Raises LimitExceeded, NoSuchEntity."""
    role = roles.get(work.unit, work.account, role_name)
    attachments.attach(work.unit, work.house, role.holder, policy_arn)


@operation("iam:DetachRolePolicy", access="Permissions management", on=("role",), asks=_role_asks)
def detach_role_policy(work: Work, *, role_name: str, policy_arn: str) -> None:
    """Take a policy off a role. Raises NoSuchEntity."""
    attachments.detach(work.unit, roles.get(work.unit, work.account, role_name).holder, policy_arn)


def _list_role_asks(work: Work, *, role_name: str, **_others: object) -> Asks:
    return targets.role(work, role_name)


@operation("iam:ListAttachedRolePolicies", access="List", on=("role",), asks=_list_role_asks)
def list_attached_role_policies(work: Work, *, role_name: str, path_prefix: str = "/") -> Page[str]:
    """The ARNs of the policies on a role, of those whose path begins with `path_prefix`."""
    role = roles.get(work.unit, work.account, role_name)
    return _below(path_prefix, attachments.of_holder(work.unit, role.holder))


def _below(path_prefix: str, arns: Sequence[str]) -> Page[str]:
    targets.checked_prefix(path_prefix)
    return Page(tuple(arn for arn in arns if arn.split(":policy", 1)[-1].startswith(path_prefix)))
