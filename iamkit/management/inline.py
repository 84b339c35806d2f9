"""Operations on inline policies of users, groups and roles (CAP-E4)."""

from __future__ import annotations

from iamkit.identity import documents, groups, inline, roles, users
from iamkit.identity.holder import Holder
from iamkit.management import targets
from iamkit.management.operation import Asks, Work, operation
from iamkit.management.paging import Page


def _put(work: Work, holder: Holder, name: str, text: str) -> None:
    inline.put(work.unit, work.house, holder, name=name, text=text)


def _text(work: Work, holder: Holder, name: str) -> str:
    return documents.text_of(work.unit, inline.get(work.unit, holder, name).digest)


def _names(work: Work, holder: Holder) -> Page[str]:
    return Page(tuple(item.name for item in inline.of_holder(work.unit, holder)))


def _user_changing(work: Work, user_name: str) -> Asks:
    """With the boundary that the user has, so that a delegate can be held to users that have one."""
    found = users.find(work.unit, work.account, user_name)
    return targets.user(work, user_name, targets.boundary_key(found.boundary if found else None))


def _put_user_asks(work: Work, *, user_name: str, **_others: object) -> Asks:
    return _user_changing(work, user_name)


@operation("iam:PutUserPolicy", access="Permissions management", on=("user",), asks=_put_user_asks)
def put_user_policy(work: Work, *, user_name: str, policy_name: str, policy_document: str) -> None:
    """Save or replace a policy of a user. Raises MalformedPolicyDocument, LimitExceeded."""
    _put(work, users.get(work.unit, work.account, user_name).holder, policy_name, policy_document)


def _read_user_asks(work: Work, *, user_name: str, **_others: object) -> Asks:
    return targets.user(work, user_name)


@operation("iam:GetUserPolicy", access="Read", on=("user",), asks=_read_user_asks)
def get_user_policy(work: Work, *, user_name: str, policy_name: str) -> str:
    """The text of one policy of a user, exactly as saved. Raises NoSuchEntity."""
    return _text(work, users.get(work.unit, work.account, user_name).holder, policy_name)


def _list_user_asks(work: Work, *, user_name: str) -> Asks:
    return targets.user(work, user_name)


@operation("iam:ListUserPolicies", access="List", on=("user",), asks=_list_user_asks)
def list_user_policies(work: Work, *, user_name: str) -> Page[str]:
    """The names of the inline policies of a user."""
    return _names(work, users.get(work.unit, work.account, user_name).holder)


def _delete_user_asks(work: Work, *, user_name: str, **_others: object) -> Asks:
    return _user_changing(work, user_name)


@operation("iam:DeleteUserPolicy", access="Permissions management", on=("user",), asks=_delete_user_asks)
def delete_user_policy(work: Work, *, user_name: str, policy_name: str) -> None:
    """Remove one policy of a user. Raises NoSuchEntity."""
    inline.delete(work.unit, users.get(work.unit, work.account, user_name).holder, policy_name)


def _put_group_asks(work: Work, *, group_name: str, **_others: object) -> Asks:
    return targets.group(work, group_name)


@operation("iam:PutGroupPolicy", access="Permissions management", on=("group",), asks=_put_group_asks)
def put_group_policy(work: Work, *, group_name: str, policy_name: str, policy_document: str) -> None:
    """Save or replace a policy of a group. Raises MalformedPolicyDocument, LimitExceeded."""
    _put(work, groups.get(work.unit, work.account, group_name).holder, policy_name, policy_document)


def _read_group_asks(work: Work, *, group_name: str, **_others: object) -> Asks:
    return targets.group(work, group_name)


@operation("iam:GetGroupPolicy", access="Read", on=("group",), asks=_read_group_asks)
def get_group_policy(work: Work, *, group_name: str, policy_name: str) -> str:
    """The text of one policy of a group, exactly as saved. Raises NoSuchEntity."""
    return _text(work, groups.get(work.unit, work.account, group_name).holder, policy_name)


def _list_group_asks(work: Work, *, group_name: str) -> Asks:
    return targets.group(work, group_name)


@operation("iam:ListGroupPolicies", access="List", on=("group",), asks=_list_group_asks)
def list_group_policies(work: Work, *, group_name: str) -> Page[str]:
    """The names of the inline policies of a group."""
    return _names(work, groups.get(work.unit, work.account, group_name).holder)


def _delete_group_asks(work: Work, *, group_name: str, **_others: object) -> Asks:
    return targets.group(work, group_name)


@operation("iam:DeleteGroupPolicy", access="Permissions management", on=("group",), asks=_delete_group_asks)
def delete_group_policy(work: Work, *, group_name: str, policy_name: str) -> None:
    """Remove one policy of a group. Raises NoSuchEntity."""
    inline.delete(work.unit, groups.get(work.unit, work.account, group_name).holder, policy_name)


def _role_changing(work: Work, role_name: str) -> Asks:
    """With the boundary that the role has, so that a delegate can be held to roles that have one."""
    found = roles.find(work.unit, work.account, role_name)
    return targets.role(work, role_name, targets.boundary_key(found.boundary if found else None))


def _put_role_asks(work: Work, *, role_name: str, **_others: object) -> Asks:
    return _role_changing(work, role_name)


@operation("iam:PutRolePolicy", access="Permissions management", on=("role",), asks=_put_role_asks)
def put_role_policy(work: Work, *, role_name: str, policy_name: str, policy_document: str) -> None:
    """Save or replace a policy of a role. Raises MalformedPolicyDocument, LimitExceeded."""
    _put(work, roles.get(work.unit, work.account, role_name).holder, policy_name, policy_document)


def _read_role_asks(work: Work, *, role_name: str, **_others: object) -> Asks:
    return targets.role(work, role_name)


@operation("iam:GetRolePolicy", access="Read", on=("role",), asks=_read_role_asks)
def get_role_policy(work: Work, *, role_name: str, policy_name: str) -> str:
    """The text of one policy of a role, exactly as saved. Raises NoSuchEntity."""
    return _text(work, roles.get(work.unit, work.account, role_name).holder, policy_name)


def _list_role_asks(work: Work, *, role_name: str) -> Asks:
    return targets.role(work, role_name)


@operation("iam:ListRolePolicies", access="List", on=("role",), asks=_list_role_asks)
def list_role_policies(work: Work, *, role_name: str) -> Page[str]:
    """The names of the inline policies of a role."""
    return _names(work, roles.get(work.unit, work.account, role_name).holder)


def _delete_role_asks(work: Work, *, role_name: str, **_others: object) -> Asks:
    return _role_changing(work, role_name)


@operation("iam:DeleteRolePolicy", access="Permissions management", on=("role",), asks=_delete_role_asks)
def delete_role_policy(work: Work, *, role_name: str, policy_name: str) -> None:
    """Remove one policy of a role. Raises NoSuchEntity."""
    inline.delete(work.unit, roles.get(work.unit, work.account, role_name).holder, policy_name)
