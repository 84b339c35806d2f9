"""What hangs on users, groups and roles alike: the steps from the policies and tags of one to another's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from iamkit.management import attachments, boundaries, inline, tags
from iamkit.management.operation import Operation
from iamkit.manifest.entries import GroupEntry, RoleEntry, UserEntry
from iamkit.manifest.steps import Stage, Step

# Any: see Step.
_Operation: TypeAlias = Operation[..., Any]
Holder: TypeAlias = UserEntry | GroupEntry | RoleEntry


@dataclass(frozen=True, slots=True)
class Verbs:
    """The operations on one kind of holder, which is named by the parameter `KIND_name`."""

    kind: str
    attach: _Operation
    detach: _Operation
    put: _Operation
    delete: _Operation


_VERBS: Final[Mapping[type[Holder], Verbs]] = {
    UserEntry: Verbs(
        "user",
        attachments.attach_user_policy,
        attachments.detach_user_policy,
        inline.put_user_policy,
        inline.delete_user_policy,
    ),
    GroupEntry: Verbs(
        "group",
        attachments.attach_group_policy,
        attachments.detach_group_policy,
        inline.put_group_policy,
        inline.delete_group_policy,
    ),
    RoleEntry: Verbs(
        "role",
        attachments.attach_role_policy,
        attachments.detach_role_policy,
        inline.put_role_policy,
        inline.delete_role_policy,
    ),
}
_CEILINGS: Final[Mapping[type[Holder], tuple[_Operation, _Operation]]] = {
    UserEntry: (boundaries.put_user_permissions_boundary, boundaries.delete_user_permissions_boundary),
    RoleEntry: (boundaries.put_role_permissions_boundary, boundaries.delete_role_permissions_boundary),
}


def policy_steps(before: Holder | None, after: Holder) -> Iterator[Step]:
    """From the policies that a holder has to those that it should have."""
    verbs = _VERBS[type(after)]
    target, named = f"{verbs.kind} {after.name}", {f"{verbs.kind}_name": after.name}
    had = () if before is None else before.attached_policies
    kept = {} if before is None else before.inline_policies
    for arn in sorted(set(had) - set(after.attached_policies)):
        yield Step(
            Stage.REVOKE, verbs.detach, {**named, "policy_arn": arn}, f"detach {short(arn)} from {target}"
        )
    for name in sorted(set(kept) - set(after.inline_policies)):
        yield Step(
            Stage.REVOKE,
            verbs.delete,
            {**named, "policy_name": name},
            f"delete inline policy {name} of {target}",
        )
    for arn in sorted(set(after.attached_policies) - set(had)):
        yield Step(
            Stage.GRANT, verbs.attach, {**named, "policy_arn": arn}, f"attach {short(arn)} to {target}"
        )
    for name in sorted(after.inline_policies):
        document = after.inline_policies[name]
        if kept.get(name) != document:
            verb = "replace" if name in kept else "add"
            yield Step(
                Stage.GRANT,
                verbs.put,
                {**named, "policy_name": name, "policy_document": document.text},
                f"{verb} inline policy {name} of {target}",
                kept[name].text if name in kept else "",
            )


def stripped(holder: Holder, stage: Stage) -> Iterator[Step]:
    """The steps that take every policy off a holder which is to be deleted."""
    bare = type(holder)(**{**_members(holder), "attached_policies": (), "inline_policies": {}})
    for step in policy_steps(holder, bare):
        yield Step(stage, step.operation, step.params, step.summary)


def ceiling_steps(before: UserEntry | RoleEntry, after: UserEntry | RoleEntry) -> Iterator[Step]:
    """From the permissions boundary that a user or role has to the one that it should have."""
    put, remove = _CEILINGS[type(after)]
    kind, wanted = _VERBS[type(after)].kind, after.permissions_boundary
    if wanted == before.permissions_boundary:
        return
    named: dict[str, object] = {f"{kind}_name": after.name}
    if wanted is None:
        yield Step(Stage.UNBOUND, remove, named, f"remove the permissions boundary of {kind} {after.name}")
    else:
        yield Step(
            Stage.BOUNDARIES,
            put,
            {**named, "permissions_boundary": wanted},
            f"set {short(wanted)} as the permissions boundary of {kind} {after.name}",
        )


_TAGGING: Final[Mapping[str, tuple[_Operation, _Operation]]] = {
    "user_name": (tags.tag_user, tags.untag_user),
    "role_name": (tags.tag_role, tags.untag_role),
    "policy_arn": (tags.tag_policy, tags.untag_policy),
}


def tag_steps(
    parameter: str, name: str, target: str, before: Mapping[str, str], after: Mapping[str, str]
) -> Iterator[Step]:
    """From the tags that something has to those that it should have. `parameter` is what names it."""
    tag, untag = _TAGGING[parameter]
    return tagged(tag, untag, {parameter: name}, target, before, after)


def tagged(
    tag: _Operation,
    untag: _Operation,
    named: Mapping[str, object],
    target: str,
    before: Mapping[str, str],
    after: Mapping[str, str],
) -> Iterator[Step]:
    """The same with the operations given."""
    # A key that only changes its case is replaced by setting it.
    kept = {key.lower() for key in after}
    gone = tuple(sorted(key for key in before if key.lower() not in kept))
    new = {key: value for key, value in sorted(after.items()) if before.get(key) != value}
    if gone:
        yield Step(
            Stage.REVOKE, untag, {**named, "tag_keys": gone}, f"remove tags {', '.join(gone)} of {target}"
        )
    if new:
        told = ", ".join(f"{key}={value}" for key, value in new.items())
        yield Step(Stage.GRANT, tag, {**named, "tags": new}, f"set tags {told} of {target}")


def short(arn: str) -> str:
    """An ARN of a policy as people say it: `policy/app/editor`, `aws:policy/ReadOnlyAccess`."""
    parts = arn.split(":", 5)
    if len(parts) != 6:
        return arn
    return parts[5] if parts[4] != "aws" else f"aws:{parts[5]}"


def _members(holder: Holder) -> dict[str, Any]:  # Any: members of every type
    return {name: getattr(holder, name) for name in holder.__dataclass_fields__}
