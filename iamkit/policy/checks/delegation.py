"""Checks of who may hand roles on: `iam:PassRole` and `iam:CreateServiceLinkedRole` on too much."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from iamkit.policy.checks.subject import GRANTING_KINDS, Found, Subject, action_span, resource_span
from iamkit.policy.checks.types import exact, speaks_of
from iamkit.policy.checks.witness import ACCOUNT, example
from iamkit.policy.findings import Check, Example, FindingType
from iamkit.policy.model import Span, Statement

# Action, prefix of its codes, condition key that narrows it, and how grave it is.
_DELEGATIONS: Final[tuple[tuple[str, str, str, FindingType], ...]] = (
    ("iam:PassRole", "PASS_ROLE", "iam:PassedToService", "SECURITY_WARNING"),
    ("iam:CreateServiceLinkedRole", "CREATE_SLR", "iam:AWSServiceName", "WARNING"),
)
# How the statement comes to speak of the action and of every role, by (how it is meant, how far).
_CODES: Final = {
    ("named", "except"): ("NOTRESOURCE", "NotResource leaves open which roles it is about"),
    ("wild", "except"): (
        "STAR_IN_ACTION_AND_NOTRESOURCE",
        "a wildcard takes it in, and NotResource leaves roles open",
    ),
    ("rest", "except"): (
        "NOTACTION_AND_NOTRESOURCE",
        "NotAction takes it in, and NotResource leaves roles open",
    ),
    ("named", "all"): ("STAR_IN_RESOURCE", "it is allowed on every role"),
    ("wild", "all"): ("STAR_IN_ACTION_AND_RESOURCE", "a wildcard takes it in, on every role"),
    ("rest", "all"): ("STAR_IN_RESOURCE_AND_NOTACTION", "NotAction takes it in, on every role"),
}

CHECKS: Final = tuple(
    Check(
        f"{prefix}_WITH_{code}",
        kind,
        f"`{action}`: {words}",
        f"name the roles, or add a condition on `{key}`",
        aws=kind,
    )
    for action, prefix, key, kind in _DELEGATIONS
    for code, words in _CODES.values()
)


def check(subject: Subject) -> Iterator[Found]:
    """Every Allow that hands on more roles than it names."""
    if subject.kind not in GRANTING_KINDS:
        return
    for statement in subject.allows():
        for action, prefix, key, kind in _DELEGATIONS:
            keys = {condition.key.lower() for condition in statement.conditions}
            far = _far(statement)
            if far is None or key.lower() in keys or not speaks_of(statement, action):
                continue
            how = "rest" if statement.not_action else "named" if exact(statement, action) else "wild"
            code, words = _CODES[how, far]
            places = _places(statement, action, how)
            message = f"`{action}`: {words}; name the roles, or add a condition on `{key}`"
            shown = _shown(subject, statement, action) if kind == "SECURITY_WARNING" else None
            yield Found(f"{prefix}_WITH_{code}", message, places, shown)


def _far(statement: Statement) -> str | None:
    """Whether the statement is about every role, about all but some, or about those it names."""
    if statement.not_resource:
        return "except"
    for element in statement.resources or ():
        parts = element.text.split(":", 5)
        roles = len(parts) == 6 and parts[2] == "iam" and parts[5] in ("*", "role/*", "role*")
        if element.text == "*" or roles:
            return "all"
    return None


def _places(statement: Statement, action: str, how: str) -> tuple[Span, ...]:
    named = [item.span for item in statement.actions if item.text.lower() == action.lower()]
    first = named[0] if how == "named" and named else action_span(statement)
    return (first, resource_span(statement))


def _shown(subject: Subject, statement: Statement, action: str) -> Example | None:
    account = subject.facts.account or ACCOUNT
    for name in ("administrator", "another"):
        role = f"arn:{subject.facts.partition or 'aws'}:iam::{account}:role/{name}"
        found = example(subject, statement, action=action, resource=role)
        if found is not None:
            return found
    return None
