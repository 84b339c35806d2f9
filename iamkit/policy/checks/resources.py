"""Checks of resources: their ARNs, and whether anything declared can be meant."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from iamkit.errors import InvalidArn
from iamkit.policy.catalog import ResourceType
from iamkit.policy.checks.subject import RESOURCE_KINDS, Found, Subject
from iamkit.policy.checks.types import can_be, declared_actions, types_of
from iamkit.policy.findings import Check
from iamkit.policy.model import Element, Statement
from iamkit.policy.variables import MalformedVariableError, Template, arn_templates

_ACCOUNT: Final = re.compile(r"[0-9]{12}|aws")

CHECKS: Final = (
    Check(
        "INVALID_ARN_ACCOUNT",
        "ERROR",
        "the account part of an ARN is no account",
        "write 12 digits, `*`, or nothing where the service has no accounts",
        aws="ERROR",
    ),
    Check(
        "INVALID_ARN_RESOURCE",
        "ERROR",
        "the resource part fits no resource type of the declared service, or holds a control character",
        "write it as one of the service's resource types is written",
        aws="ERROR",
    ),
    Check(
        "INVALID_ARN_SERVICE_CASE",
        "ERROR",
        "the service part of an ARN has capital letters, and ARNs are compared letter by letter",
        "write it in lower case",
        aws="ERROR",
    ),
    Check(
        "INVALID_PARTITION",
        "ERROR",
        "the partition is neither this deployment's nor a pattern for it",
        "write the deployment's partition",
        aws="ERROR",
    ),
    Check(
        "INVALID_SERVICE",
        "ERROR",
        "no service of that name is declared",
        "write the prefix of a declared service",
        aws="ERROR",
    ),
    Check(
        "UNSUPPORTED_RESOURCE_ARN_IN_POLICY",
        "ERROR",
        "a resource's own policy names another resource than the one it stands on",
        "name that resource, or something within it",
        aws="ERROR",
    ),
    Check(
        "RESOURCE_MATCHES_NOTHING",
        "WARNING",
        "none of the statement's actions is on a type of resource that this entry can match",
        "name resources of the types that the actions are on, or other actions",
    ),
)


def check(subject: Subject) -> Iterator[Found]:
    """Everything about single resources."""
    for statement in subject.policy.statements:
        for element in statement.resources or ():
            if element.text == "*":
                continue
            try:
                parts = arn_templates(element.text, variables=subject.policy.variables)
            except (InvalidArn, MalformedVariableError):
                continue
            found = list(_parts(subject, element, parts))
            yield from found or _matching(subject, statement, element)


def _parts(subject: Subject, element: Element, parts: tuple[Template, ...]) -> Iterator[Found]:
    facts, shown = subject.facts, element.text[:200]
    partition, service, account = (_literal(parts[index]) for index in (1, 2, 4))
    if facts.partition is not None and partition not in (None, facts.partition):
        message = f"`{shown}`: this deployment's partition is `{facts.partition}`"
        yield Found("INVALID_PARTITION", message, (element.span,))
    if account and not _ACCOUNT.fullmatch(account):
        message = f"`{account[:40]}` is no account: write 12 digits, `*` or nothing"
        yield Found("INVALID_ARN_ACCOUNT", message, (element.span,))
    if service is None:
        return
    if service != service.lower():
        message = f"`{shown}`: write the service in lower case, `{service.lower()[:80]}`"
        yield Found("INVALID_ARN_SERVICE_CASE", message, (element.span,))
    elif service in facts.partial:
        return
    elif (declared := facts.catalog.service(service)) is None:
        if facts.complete:
            message = f"no service `{service[:80]}` is declared"
            yield Found("INVALID_SERVICE", message, (element.span,))
    elif declared.resource_types and not any(
        _same_resource(element.text, kind, subject) for kind in declared.resource_types
    ):
        forms = ", ".join(f"`{kind.arn_template}`" for kind in declared.resource_types[:5])
        message = f"`{shown}` is no resource of {declared.prefix}; its resources are {forms}"
        yield Found("INVALID_ARN_RESOURCE", message, (element.span,))


def _same_resource(text: str, kind: ResourceType, subject: Subject) -> bool:
    return can_be(text, kind, variables=subject.policy.variables)


def _matching(subject: Subject, statement: Statement, element: Element) -> Iterator[Found]:
    facts, variables = subject.facts, subject.policy.variables
    if facts.resource is not None and subject.kind in RESOURCE_KINDS:
        # What the policy stands on, and what lies within it.
        own = ResourceType("", facts.resource)
        within = ResourceType("", f"{facts.resource}/${{Rest}}")
        if not any(can_be(element.text, kind, variables=variables) for kind in (own, within)):
            message = f"the policy stands on `{facts.resource[:200]}`, which this does not match"
            yield Found("UNSUPPORTED_RESOURCE_ARN_IN_POLICY", message, (element.span,))
            return
    if statement.not_action or statement.not_resource:
        return
    services = {text.text.partition(":")[0].lower() for text in statement.actions}
    if any(prefix in facts.partial or facts.catalog.service(prefix) is None for prefix in services):
        return  # `*`, or a service of which too little is known
    known = list(declared_actions(facts.catalog, statement))
    for service, action in known:
        kinds = {kind.name for kind in types_of(service, element.text, variables=variables)}
        if kinds & set(action.resource_types):
            return
    if any(action.resource_types for _, action in known):
        names = sorted({name for _, action in known for name in action.resource_types})
        message = f"the statement's actions are on resources of type {', '.join(names)}: name those"
        yield Found("RESOURCE_MATCHES_NOTHING", message, (element.span,))


def _literal(tokens: Template) -> str | None:
    """The text of a part without wildcards and variables."""
    if not tokens:
        return ""
    if len(tokens) == 1 and isinstance(tokens[0], str):
        return tokens[0]
    return None
