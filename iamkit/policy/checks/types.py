"""Resource types of declared services, asked which of them a pattern can match."""

from __future__ import annotations

from collections.abc import Iterator

from iamkit.errors import InvalidArn
from iamkit.policy.catalog import Action, Catalog, ResourceType, Service
from iamkit.policy.model import Statement
from iamkit.policy.patterns import action_pattern
from iamkit.policy.targets import action_test
from iamkit.policy.tokens import Wildcard
from iamkit.policy.variables import MalformedVariableError, Template, Variable, arn_templates


def overlaps(one: Template, other: Template) -> bool:
    """Whether some text is matched by both; a variable may have any value."""
    left, right = _letters(one), _letters(other)
    reached = {(0, 0)}
    stack = [(0, 0)]
    while stack:
        i, j = stack.pop()
        if i == len(left) and j == len(right):
            return True
        steps: list[tuple[int, int]] = []
        if i < len(left) and left[i] is Wildcard.RUN:
            steps.append((i + 1, j))
            if j < len(right):
                steps.append((i, j + 1))
        if j < len(right) and right[j] is Wildcard.RUN:
            steps.append((i, j + 1))
            if i < len(left):
                steps.append((i + 1, j))
        if i < len(left) and j < len(right) and _meet(left[i], right[j]):
            steps.append((i + 1, j + 1))
        for step in steps:
            if step not in reached:
                reached.add(step)
                stack.append(step)
    return False


def can_be(text: str, kind: ResourceType, *, variables: bool = True) -> bool:
    """Whether an entry of Resource can match a resource of the type."""
    try:
        parts = arn_templates(text, variables=variables)
        wanted = arn_templates(_starred(kind.arn_template), variables=False)
    except (MalformedVariableError, InvalidArn):
        return text == "*"
    return all(overlaps(part, other) for part, other in zip(parts, wanted, strict=True))


def types_of(service: Service, text: str, *, variables: bool = True) -> tuple[ResourceType, ...]:
    """The types of the service that an ARN, or an entry of Resource, can be of."""
    return tuple(kind for kind in service.resource_types if can_be(text, kind, variables=variables))


def declared_actions(catalog: Catalog, statement: Statement) -> Iterator[tuple[Service, Action]]:
    """The declared actions that the statement speaks of."""
    test = action_test(statement)
    for service in catalog.services:
        for action in service.actions:
            if test.holds(f"{service.prefix}:{action.name}".lower()):
                yield service, action


def speaks_of(statement: Statement, action: str) -> bool:
    """Whether the statement speaks of an action, given by its full name."""
    return action_test(statement).holds(action.lower())


def may_speak_of_service(statement: Statement, prefix: str) -> bool:
    """Whether some action of a service can be meant."""
    if statement.not_action:
        return True
    lowered = prefix.lower()
    return any(
        element.text == "*" or element.text.partition(":")[0].lower() == lowered
        for element in statement.actions
    )


def exact(statement: Statement, action: str) -> bool:
    """Whether an entry of Action names the action itself, without wildcards."""
    return not statement.not_action and any(
        action_pattern(element.text).literal == action.lower() for element in statement.actions
    )


def _starred(arn_template: str) -> str:
    """A template as a pattern: every `${…}` is a star."""
    text, rest = "", arn_template
    while "${" in rest:
        before, _, rest = rest.partition("${")
        text += before + "*"
        rest = rest.partition("}")[2]
    return text + rest


def _letters(tokens: Template) -> list[str | Wildcard]:
    letters: list[str | Wildcard] = []
    for token in tokens:
        if isinstance(token, Variable):
            letters.append(Wildcard.RUN)
        elif isinstance(token, str):
            letters.extend(token)
        else:
            letters.append(token)
    return letters


def _meet(one: str | Wildcard, other: str | Wildcard) -> bool:
    if Wildcard.RUN in (one, other):
        return False
    return one == other or Wildcard.ONE in (one, other)
