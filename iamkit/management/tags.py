"""Operations on tags of users, roles and managed policies (CAP-B14)."""

from __future__ import annotations

from collections.abc import Mapping

from iamkit.identity import managed, roles, users
from iamkit.management import targets
from iamkit.management.operation import Asks, Work, operation


def _tag_user_asks(work: Work, *, user_name: str, tags: Mapping[str, str]) -> Asks:
    return targets.user(work, user_name, targets.request_tag_keys(tags))


@operation("iam:TagUser", access="Tagging", on=("user",), asks=_tag_user_asks)
def tag_user(work: Work, *, user_name: str, tags: Mapping[str, str]) -> None:
    """Set tags of a user; a key that differs only by case is replaced. Raises LimitExceeded."""
    users.tag(work.unit, work.house, users.get(work.unit, work.account, user_name), tags)


def _untag_user_asks(work: Work, *, user_name: str, tag_keys: tuple[str, ...]) -> Asks:
    return targets.user(work, user_name, targets.removed_tag_keys(tag_keys))


@operation("iam:UntagUser", access="Tagging", on=("user",), asks=_untag_user_asks)
def untag_user(work: Work, *, user_name: str, tag_keys: tuple[str, ...]) -> None:
    """Remove tags of a user; a key that is not there is no error."""
    users.untag(work.unit, users.get(work.unit, work.account, user_name), tag_keys)


def _list_user_tags_asks(work: Work, *, user_name: str) -> Asks:
    return targets.user(work, user_name)


@operation("iam:ListUserTags", access="List", on=("user",), asks=_list_user_tags_asks)
def list_user_tags(work: Work, *, user_name: str) -> Mapping[str, str]:
    """The tags of a user."""
    return users.get(work.unit, work.account, user_name).tags


def _tag_role_asks(work: Work, *, role_name: str, tags: Mapping[str, str]) -> Asks:
    return targets.role(work, role_name, targets.request_tag_keys(tags))


@operation("iam:TagRole", access="Tagging", on=("role",), asks=_tag_role_asks)
def tag_role(work: Work, *, role_name: str, tags: Mapping[str, str]) -> None:
    """Set tags of a role; a key that differs only by case is replaced. Raises LimitExceeded."""
    roles.tag(work.unit, work.house, roles.get(work.unit, work.account, role_name), tags)


def _untag_role_asks(work: Work, *, role_name: str, tag_keys: tuple[str, ...]) -> Asks:
    return targets.role(work, role_name, targets.removed_tag_keys(tag_keys))


@operation("iam:UntagRole", access="Tagging", on=("role",), asks=_untag_role_asks)
def untag_role(work: Work, *, role_name: str, tag_keys: tuple[str, ...]) -> None:
    """Remove tags of a role; a key that is not there is no error."""
    roles.untag(work.unit, roles.get(work.unit, work.account, role_name), tag_keys)


def _list_role_tags_asks(work: Work, *, role_name: str) -> Asks:
    return targets.role(work, role_name)


@operation("iam:ListRoleTags", access="List", on=("role",), asks=_list_role_tags_asks)
def list_role_tags(work: Work, *, role_name: str) -> Mapping[str, str]:
    """The tags of a role."""
    return roles.get(work.unit, work.account, role_name).tags


def _tag_policy_asks(work: Work, *, policy_arn: str, tags: Mapping[str, str]) -> Asks:
    return targets.policy(work, policy_arn, targets.request_tag_keys(tags))


@operation("iam:TagPolicy", access="Tagging", on=("policy",), asks=_tag_policy_asks)
def tag_policy(work: Work, *, policy_arn: str, tags: Mapping[str, str]) -> None:
    """Set tags of a policy; a key that differs only by case is replaced. Raises LimitExceeded."""
    managed.tag(work.unit, work.house, managed.get(work.unit, work.house, work.account, policy_arn), tags)


def _untag_policy_asks(work: Work, *, policy_arn: str, tag_keys: tuple[str, ...]) -> Asks:
    return targets.policy(work, policy_arn, targets.removed_tag_keys(tag_keys))


@operation("iam:UntagPolicy", access="Tagging", on=("policy",), asks=_untag_policy_asks)
def untag_policy(work: Work, *, policy_arn: str, tag_keys: tuple[str, ...]) -> None:
    """Remove tags of a policy; a key that is not there is no error."""
    managed.untag(work.unit, managed.get(work.unit, work.house, work.account, policy_arn), tag_keys)


def _list_policy_tags_asks(work: Work, *, policy_arn: str) -> Asks:
    return targets.policy(work, policy_arn)


@operation("iam:ListPolicyTags", access="List", on=("policy",), asks=_list_policy_tags_asks)
def list_policy_tags(work: Work, *, policy_arn: str) -> Mapping[str, str]:
    """The tags of a policy."""
    return managed.get(work.unit, work.house, work.account, policy_arn).tags
