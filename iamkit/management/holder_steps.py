"""Steps for users, groups and roles: what is taken away comes before what is given.

A boundary is set before anything is given under it, and taken off after everything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from iamkit.identity.blueprint import GroupPlan, RolePlan, UserPlan
from iamkit.management import attachments, boundaries, groups, inline, roles, tags, users
from iamkit.management.steps import CHANGE, CREATE, DELETE, Book, equal, must_be_same


@dataclass(frozen=True, slots=True)
class _Holding:
    """The operations on what hangs on one kind of holder. Any: each has parameters of its own."""

    put: Any
    remove: Any
    attach: Any
    detach: Any
    bound: Any = None
    unbound: Any = None


_USER: Final = _Holding(
    inline.put_user_policy,
    inline.delete_user_policy,
    attachments.attach_user_policy,
    attachments.detach_user_policy,
    boundaries.put_user_permissions_boundary,
    boundaries.delete_user_permissions_boundary,
)
_GROUP: Final = _Holding(
    inline.put_group_policy,
    inline.delete_group_policy,
    attachments.attach_group_policy,
    attachments.detach_group_policy,
)
_ROLE: Final = _Holding(
    inline.put_role_policy,
    inline.delete_role_policy,
    attachments.attach_role_policy,
    attachments.detach_role_policy,
    boundaries.put_role_permissions_boundary,
    boundaries.delete_role_permissions_boundary,
)
# Nobody is let in by it: a role waits under it for those that its own trust policy names.
_CLOSED: Final = (
    '{{"Version":"2012-10-17","Statement":{{"Effect":"Deny","Principal":{{"AWS":"{account}"}},'
    '"Action":"sts:AssumeRole"}}}}'
)


def group_steps(book: Book, wanted: GroupPlan, now: GroupPlan | None) -> None:
    """What makes a group as it is wanted."""
    subject, name = f"group {wanted.name}", {"group_name": wanted.name}
    if now is None:
        book.do(CREATE, subject, f"on {wanted.path}", groups.create_group, **name, path=wanted.path)
        now = GroupPlan(wanted.name, wanted.path)
    if now.path != wanted.path:
        book.do(CHANGE, subject, f"on {wanted.path}", groups.update_group, **name, new_path=wanted.path)
    _held(book, subject, name, now, wanted, _GROUP)


def user_steps(book: Book, wanted: UserPlan, now: UserPlan | None) -> None:
    """What makes a user as it is wanted. Credentials are the user's own, and stay."""
    subject, name = f"user {wanted.name}", {"user_name": wanted.name}
    if now is None:
        book.do(
            CREATE,
            subject,
            f"on {wanted.path}",
            users.create_user,
            **name,
            path=wanted.path,
            tags=dict(wanted.tags) or None,
        )
        now = UserPlan(wanted.name, wanted.path, wanted.tags)
    if now.path != wanted.path:
        book.do(CHANGE, subject, f"on {wanted.path}", users.update_user, **name, new_path=wanted.path)
    if now.enabled and not wanted.enabled:
        book.do(CHANGE, subject, "disabled", users.disable_user, **name)
    book.tags(subject, now.tags, wanted.tags, tags.tag_user, tags.untag_user, **name)
    for group in sorted({*now.groups} - {*wanted.groups}):
        leave = groups.remove_user_from_group
        book.do(CHANGE, subject, f"not in group {group}", leave, **name, group_name=group)
    _held(book, subject, name, now, wanted, _USER)
    for group in sorted({*wanted.groups} - {*now.groups}):
        book.do(CHANGE, subject, f"in group {group}", groups.add_user_to_group, **name, group_name=group)
    if wanted.enabled and not now.enabled:
        book.do(CHANGE, subject, "enabled", users.enable_user, **name)


def role_steps(book: Book, wanted: RolePlan, now: RolePlan | None) -> None:
    """What makes a role as it is wanted, but for its trust policy: see `trust_steps`."""
    subject, name = f"role {wanted.name}", {"role_name": wanted.name}
    if now is None:
        book.do(
            CREATE,
            subject,
            f"on {wanted.path}",
            roles.create_role,
            **name,
            assume_role_policy_document=_CLOSED.format(account=book.account),
            path=wanted.path,
            description=wanted.description,
            max_session_duration=wanted.max_session_duration,
            permissions_boundary=wanted.boundary,
            tags=dict(wanted.tags) or None,
        )
        now = replace(wanted, attached=(), inline={})
    must_be_same(subject, "path", now.path, wanted.path)
    changed = {
        part: getattr(wanted, part)
        for part in ("description", "max_session_duration")
        if getattr(now, part) != getattr(wanted, part)
    }
    if changed:
        what = " and ".join(part.replace("_", " ") for part in changed)
        book.do(CHANGE, subject, what, roles.update_role, **name, **changed)
    book.tags(subject, now.tags, wanted.tags, tags.tag_role, tags.untag_role, **name)
    _held(book, subject, name, now, wanted, _ROLE)


def trust_steps(book: Book, wanted: RolePlan, now: RolePlan | None) -> None:
    """What makes a role's trust policy as it is wanted, when all whom it names are there."""
    if now is None or not equal(now.trust, wanted.trust):
        book.do(
            CHANGE,
            f"role {wanted.name}",
            "trust policy",
            roles.update_assume_role_policy,
            role_name=wanted.name,
            policy_document=wanted.trust,
        )


def group_gone(book: Book, now: GroupPlan) -> None:
    """What removes a group; its members are out of it already."""
    subject, name = f"group {now.name}", {"group_name": now.name}
    _held(book, subject, name, now, GroupPlan(now.name), _GROUP)
    book.do(DELETE, subject, "", groups.delete_group, **name)


def user_gone(book: Book, now: UserPlan) -> None:
    """What removes a user. One that holds credentials is refused: a file that is missing takes no keys."""
    subject, name = f"user {now.name}", {"user_name": now.name}
    for group in now.groups:
        leave = groups.remove_user_from_group
        book.do(CHANGE, subject, f"not in group {group}", leave, **name, group_name=group)
    _held(book, subject, name, now, UserPlan(now.name), _USER)
    book.do(DELETE, subject, "", users.delete_user, **name)


def role_gone(book: Book, now: RolePlan) -> None:
    """What removes a role."""
    subject, name = f"role {now.name}", {"role_name": now.name}
    _held(book, subject, name, now, RolePlan(now.name, now.trust), _ROLE)
    book.do(DELETE, subject, "", roles.delete_role, **name)


Holder = UserPlan | GroupPlan | RolePlan


def _held(
    book: Book, subject: str, name: Mapping[str, str], now: Holder, wanted: Holder, by: _Holding
) -> None:
    before, after = _boundary(now), _boundary(wanted)
    if after is not None and after != before:
        book.do(CHANGE, subject, f"boundary {after}", by.bound, **name, permissions_boundary=after)
    for policy in sorted({*now.inline} - {*wanted.inline}):
        book.do(CHANGE, subject, f"without policy {policy}", by.remove, **name, policy_name=policy)
    for arn in sorted({*now.attached} - {*wanted.attached}):
        book.do(CHANGE, subject, f"without {arn}", by.detach, **name, policy_arn=arn)
    for policy, text in sorted(wanted.inline.items()):
        if policy not in now.inline or not equal(now.inline[policy], text):
            book.do(
                CHANGE,
                subject,
                f"policy {policy}",
                by.put,
                **name,
                policy_name=policy,
                policy_document=text,
            )
    for arn in sorted({*wanted.attached} - {*now.attached}):
        book.do(CHANGE, subject, f"with {arn}", by.attach, **name, policy_arn=arn)
    if after is None and before is not None:
        book.do(CHANGE, subject, "no boundary", by.unbound, **name)


def _boundary(plan: Holder) -> str | None:
    return None if isinstance(plan, GroupPlan) else plan.boundary
