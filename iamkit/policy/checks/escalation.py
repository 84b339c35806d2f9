"""Checks for a grant by which its holder can grant itself more than it states."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from iamkit.policy.checks.subject import GRANTING_KINDS, Found, Subject, action_span
from iamkit.policy.checks.types import overlaps, speaks_of
from iamkit.policy.checks.witness import ACCOUNT, example
from iamkit.policy.findings import Check
from iamkit.policy.model import Statement
from iamkit.policy.tokens import Wildcard
from iamkit.policy.variables import MalformedVariableError, Variable, template

# What each action is on. With those of `_OWN` one's own entity suffices, the others need somebody else's.
_OWN: Final = {
    "iam:PutUserPolicy": "user", "iam:AttachUserPolicy": "user", "iam:DeleteUserPermissionsBoundary": "user",
    "iam:PutUserPermissionsBoundary": "user", "iam:PutGroupPolicy": "group", "iam:AttachGroupPolicy": "group",
    "iam:AddUserToGroup": "group", "iam:PutRolePolicy": "role", "iam:AttachRolePolicy": "role",
    "iam:DeleteRolePermissionsBoundary": "role", "iam:UpdateAssumeRolePolicy": "role",
    "iam:CreatePolicyVersion": "policy", "iam:SetDefaultPolicyVersion": "policy",
}  # fmt: skip
_OTHERS: Final = {
    "iam:CreateAccessKey": "user", "iam:CreateLoginProfile": "user", "iam:UpdateLoginProfile": "user",
}  # fmt: skip
# Conditions on these bound what can be granted.
_BOUNDS: Final = frozenset({"iam:permissionsboundary", "iam:policyarn"})

CHECKS: Final = (
    Check("SELF_ESCALATION", "SECURITY_WARNING",
          "by changing policies, groups or keys the holder comes to more than the statement states",
          "name narrower resources, or add a condition on `iam:PermissionsBoundary` or `iam:PolicyARN`"),
)  # fmt: skip


def check(subject: Subject) -> Iterator[Found]:
    """Every Allow by which its holder can come to more."""
    if subject.kind not in GRANTING_KINDS:
        return
    for statement in subject.allows():
        if any(condition.key.lower() in _BOUNDS for condition in statement.conditions):
            continue
        if not statement.not_action and any(element.text == "*" for element in statement.actions):
            continue  # it states everything
        ways = [
            action for action, kind in _OWN.items() if _reaches(subject, statement, action, kind, own=True)
        ]
        ways += [
            action
            for action, kind in _OTHERS.items()
            if _reaches(subject, statement, action, kind, own=False)
        ]
        if not ways:
            continue
        kind = (_OWN | _OTHERS)[ways[0]]
        shown = example(subject, statement, action=ways[0], resource=_target(subject, statement, kind))
        named = ", ".join(ways[:4]) + (", …" if len(ways) > 4 else "")
        message = f"its holder can come to more than this states by {named}: narrow the resources"
        yield Found("SELF_ESCALATION", message, (action_span(statement),), shown)


def _reaches(subject: Subject, statement: Statement, action: str, kind: str, *, own: bool) -> bool:
    """Whether the statement speaks of the action, on its holder itself or on any entity of a kind."""
    if not speaks_of(statement, action):
        return False
    if statement.resources is None or statement.not_resource:
        return True
    wanted: tuple[str | Wildcard, ...] = (f"{kind}/", Wildcard.RUN)
    for element in statement.resources:
        if element.text == "*":
            return True
        parts = element.text.split(":", 5)
        if len(parts) != 6 or parts[2] != "iam":
            continue
        try:
            tokens = template(parts[5], variables=subject.policy.variables)
        except MalformedVariableError:
            continue
        wild = Wildcard.RUN in tokens
        itself = own and any(isinstance(token, Variable) and token.key == "aws:username" for token in tokens)
        if (wild or itself) and overlaps(tokens, wanted):
            return True
    return False


def _target(subject: Subject, statement: Statement, kind: str) -> str:
    """An entity that the statement lets be changed, or nothing where any that it names will do."""
    if statement.not_resource or any(element.text == "*" for element in statement.resources or ()):
        account = subject.facts.account or ACCOUNT
        return f"arn:{subject.facts.partition or 'aws'}:iam::{account}:{kind}/somebody"
    return ""
