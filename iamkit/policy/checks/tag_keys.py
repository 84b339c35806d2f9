"""Checks of conditions on a resource's tags where the resource types of the actions carry none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from iamkit.policy.catalog import Service
from iamkit.policy.checks.subject import Found, Subject, key_span
from iamkit.policy.checks.types import declared_actions
from iamkit.policy.checks.witness import ACCOUNT, example
from iamkit.policy.findings import Check, Example, FindingType
from iamkit.policy.model import Condition, Effect, Statement

_KEYS: Final = ("aws:resourcetag/", "iam:resourcetag/")
_ROWS: Final[tuple[tuple[str, FindingType, str], ...]] = (
    ("DENY", "SECURITY_WARNING", "the Deny does not stop its actions"),
    ("DENY_NOTACTION", "SECURITY_WARNING", "the Deny does not stop its actions"),
    ("ALLOW", "SUGGESTION", "the Allow does not allow them"),
    ("ALLOW_NOTACTION", "SUGGESTION", "the Allow does not allow them"),
)

CHECKS: Final = tuple(
    Check(
        f"{prefix}_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE",
        kind,
        f"the resources of a service that is meant carry no tags, so that {effect}",
        "declare the tags of those resource types, or give the service a statement without this condition",
        aws=kind,
    )
    for prefix, kind, effect in _ROWS
)


def check(subject: Subject) -> Iterator[Found]:
    """Every condition on tags that a meant service does not have."""
    for statement, condition, operator in subject.conditions():
        key = condition.key.lower()
        if operator.presence or not key.startswith(_KEYS) or condition.if_exists or operator.negated:
            continue
        untagged = _untagged(subject, statement)
        if not untagged:
            continue
        names = ", ".join(sorted({service.prefix for service, _, _ in untagged}))
        prefix = (
            "DENY" if statement.effect is Effect.DENY else "ALLOW"
        ) + "_NOTACTION" * statement.not_action
        code = f"{prefix}_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE"
        message = f"the resources of {names} carry no tags: give those actions a statement of their own"
        shown = None
        if statement.effect is Effect.DENY:
            shown = _shown(subject, statement, condition, untagged[0])
        yield Found(code, message, (key_span(subject, condition),), shown)


def _untagged(subject: Subject, statement: Statement) -> list[tuple[Service, str, str]]:
    """Services of which the statement speaks and none of whose meant types carries tags."""
    tagged: set[str] = set()
    found: list[tuple[Service, str, str]] = []
    for service, action in declared_actions(subject.facts.catalog, statement):
        kinds = [kind for kind in service.resource_types if kind.name in action.resource_types]
        if any(name.lower() in _KEYS for kind in kinds for name in kind.condition_keys):
            tagged.add(service.prefix)
        else:
            found.append((service, f"{service.prefix}:{action.name}", kinds[0].arn_template if kinds else ""))
    return [entry for entry in found if entry[0].prefix not in tagged]


def _shown(
    subject: Subject, statement: Statement, condition: Condition, case: tuple[Service, str, str]
) -> Example | None:
    _, action, form = case
    resource = ""
    if form and (statement.not_resource or any(item.text == "*" for item in statement.resources or ())):
        account = subject.facts.account or ACCOUNT
        filled = form.replace("${Partition}", subject.facts.partition or "aws").replace("${Account}", account)
        while "${" in filled:
            before, _, rest = filled.partition("${")
            filled = f"{before}something{rest.partition('}')[2]}"
        resource = filled
    return example(subject, statement, action=action, resource=resource, missing=(condition.key,))
