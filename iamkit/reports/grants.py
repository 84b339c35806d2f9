"""Which services and actions policies give something of: what their Allow statements name (CAP-J7).

Boundaries, guardrails, conditions and denials are not looked at, as AWS's access advisor does not: this tells
where permission comes from, not what is decided.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from iamkit.policy.catalog import Catalog
from iamkit.policy.layers import AttachedPolicy, PolicySource
from iamkit.policy.model import Effect, Policy, Statement
from iamkit.policy.patterns import action_pattern

_INLINE: Final = ("user", "group", "role")


@dataclass(frozen=True, slots=True)
class GrantingPolicy:
    """A policy that gives something of a service. `holder` is whom it hangs on; `arn` is empty if inline."""

    name: str
    arn: str
    holder: str

    @property
    def managed(self) -> bool:
        """Whether it is a managed policy."""
        return bool(self.arn)


def granting(policies: Iterable[AttachedPolicy], service: str, catalog: Catalog) -> list[GrantingPolicy]:
    """Those of `policies` that give something of a service."""
    return [_told(found.source) for found in policies if service in services([found.policy], catalog)]


def services(
    policies: Iterable[Policy], catalog: Catalog, used: Iterable[str] = ()
) -> Mapping[str, tuple[str, ...]]:
    """The services that policies give something of, with the actions that are known of each.

    Known are declared actions, those that the policies write out, and those in `used`.
    """
    statements = [
        statement
        for policy in policies
        for statement in policy.statements
        if statement.effect is Effect.ALLOW
    ]
    tests = [_test(statement) for statement in statements]
    known = {name.lower(): name for name in (*used, *_written(statements), *catalog.actions())}
    found: dict[str, list[str]] = {}
    for lowered in sorted(known):
        if any(test(lowered) for test in tests):
            service, _, action = known[lowered].partition(":")
            found.setdefault(service.lower(), []).append(action)
    for service in _whole(statements):
        found.setdefault(service, [])
    return {service: tuple(found[service]) for service in sorted(found)}


def _written(statements: Iterable[Statement]) -> Iterable[str]:
    for statement in statements:
        for element in () if statement.not_action else statement.actions:
            if not set("*?") & set(element.text):
                yield element.text


def _whole(statements: Iterable[Statement]) -> Iterable[str]:
    """Services that are named with a pattern of actions, declared or not."""
    for statement in statements:
        for element in () if statement.not_action else statement.actions:
            service, colon, _ = element.text.lower().partition(":")
            if colon and not set("*?") & set(service):
                yield service


def _test(statement: Statement) -> Callable[[str], bool]:
    patterns = [action_pattern(element.text) for element in statement.actions]
    return lambda action: any(each.matches(action) for each in patterns) is not statement.not_action


def _told(source: PolicySource) -> GrantingPolicy:
    return GrantingPolicy(source.name, "" if source.type in _INLINE else source.arn, source.holder)
