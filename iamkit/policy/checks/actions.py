"""Checks of actions against the services that are declared."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Final

from iamkit.policy.checks.subject import Found, Subject
from iamkit.policy.checks.types import types_of
from iamkit.policy.findings import Check
from iamkit.policy.model import Element
from iamkit.policy.patterns import action_pattern

CHECKS: Final = (
    Check(
        "INVALID_ACTION",
        "ERROR",
        "the text is no action, or the declared service has no such action",
        "write one of the names that the finding suggests, or declare the action",
        aws="ERROR",
    ),
    Check(
        "INVALID_SERVICE_IN_ACTION",
        "ERROR",
        "the service part is no plain name, or no such service is declared",
        "write the prefix of a declared service",
        aws="ERROR",
    ),
    Check(
        "UNSUPPORTED_ACTION_IN_POLICY",
        "ERROR",
        "such a policy cannot speak of this action: a trust policy of anything but `sts:`, a resource's own "
        "policy of an action on other types of resource",
        "take the action out, or put it into a policy of the right kind",
        aws="ERROR",
    ),
)


def check(subject: Subject) -> Iterator[Found]:
    """Everything about single actions."""
    for statement in subject.policy.statements:
        for element in statement.actions:
            found = _unknown(subject, element) or _misplaced(subject, element)
            if found is not None:
                yield found


def _unknown(subject: Subject, element: Element) -> Found | None:
    catalog = subject.facts.catalog
    prefix, colon, name = element.text.partition(":")
    if not colon:
        return None
    service = catalog.service(prefix)
    if prefix.lower() in subject.facts.partial:
        return None
    if service is None:
        if not subject.facts.complete:
            return None
        known = {item.prefix.lower(): item.prefix for item in catalog.services}
        near = get_close_matches(prefix[:80].lower(), known, 1, 0.6)
        hint = f"; did you mean `{known[near[0]]}:{name[:80]}`" if near else ""
        message = f"no service `{prefix[:80]}` is declared{hint}"
        return Found("INVALID_SERVICE_IN_ACTION", message, (element.span,))
    matches = action_pattern(element.text).matches
    if any(matches(f"{prefix.lower()}:{action.name.lower()}") for action in service.actions):
        return None
    by_lower = {action.name.lower(): action.name for action in service.actions}
    names = get_close_matches(name[:200].lower().strip("*?"), by_lower, 3, 0.6)
    hint = " or ".join(f"`{service.prefix}:{by_lower[word]}`" for word in names)
    message = f"`{element.text[:80]}` is no action of {service.prefix}" + (
        f"; did you mean {hint}" if hint else ""
    )
    return Found("INVALID_ACTION", message, (element.span,))


def _misplaced(subject: Subject, element: Element) -> Found | None:
    """An action that is not of the type of the resource on which the policy hangs."""
    resource = subject.facts.resource
    if resource is None:
        return None
    prefix = element.text.partition(":")[0].lower()
    service = subject.facts.catalog.service(prefix)
    if service is None:
        return None
    from_type = {kind.name for kind in types_of(service, resource)}
    matches = action_pattern(element.text).matches
    for action in service.actions:
        if matches(f"{prefix}:{action.name.lower()}") and (
            not action.resource_types or from_type & set(action.resource_types)
        ):
            return None
    message = (
        f"`{element.text[:80]}` is not about `{resource[:200]}`, on which the policy stands: take it out"
    )
    return Found("UNSUPPORTED_ACTION_IN_POLICY", message, (element.span,))
