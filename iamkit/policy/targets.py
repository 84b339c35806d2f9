"""The tests of what a request aims at: its action and its resource (SEM §2, §3)."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field
from typing import final

from iamkit.errors import EvaluationError
from iamkit.policy.formula import FALSE, TRUE, Formula, first_failure
from iamkit.policy.model import Element, Statement
from iamkit.policy.patterns import Pattern, action_pattern, arn_matcher, resource_matcher
from iamkit.policy.request import AccessRequest, ContextValue
from iamkit.policy.tokens import Token, tokens_of
from iamkit.policy.variables import Template, fixed, keys_in, substituted, template


@final
@dataclass(frozen=True, slots=True)
class ActionTest:
    """Some pattern matches the requested action, or none does where `negated` (SEM-A2 to A-6)."""

    patterns: tuple[Pattern, ...]
    negated: bool

    @property
    def reads_resource(self) -> bool:
        return False

    @property
    def reads_keys(self) -> tuple[str, ...]:
        return ()

    def test(self, request: AccessRequest) -> bool:
        return self.holds(request.action.lower())

    def left(self, request: AccessRequest, unknown: Container[str], *, hidden: bool) -> Formula:  # noqa: ARG002
        """TRUE or FALSE: the action is always known."""
        return TRUE if self.test(request) else FALSE

    def holds(self, action: str) -> bool:
        """The same for an action in lower case."""
        for pattern in self.patterns:
            if pattern.matches(action):
                return not self.negated
        return self.negated


@final
@dataclass(frozen=True, slots=True)
class ResourceEntry:
    """One entry of Resource or NotResource.

    Where it has variables or escapes, `tokens` is its template; `matches` is None until they have values.
    """

    text: str
    tokens: Template
    matches: Callable[[str], bool] | None = field(compare=False, repr=False)

    @property
    def template(self) -> Template:
        """What it matches with, token by token; without variables this is a pattern."""
        return self.tokens or tokens_of(self.text)


@final
@dataclass(frozen=True, slots=True)
class ResourceTest:
    """Some entry matches the resource; where `negated`, none does and all could be judged (SEM-R6, R-8)."""

    entries: tuple[ResourceEntry, ...]
    negated: bool
    # What the entries match with, where none of them varies.
    ready: tuple[Callable[[str], bool], ...] | None = field(compare=False, repr=False)

    @property
    def reads_resource(self) -> bool:
        return True

    @property
    def reads_keys(self) -> tuple[str, ...]:
        """The context keys that its variables read."""
        if self.ready is not None:
            return ()
        return tuple([key for entry in self.entries for key in keys_in(entry.tokens)])

    def test(self, request: AccessRequest) -> bool:
        resource = request.resource
        if self.ready is not None:
            for matches in self.ready:
                if matches(resource):
                    return not self.negated
            return self.negated
        return self._test_varying(resource, request.context.by_lower)

    def _test_varying(self, resource: str, context: Mapping[str, ContextValue]) -> bool:
        failure: EvaluationError | None = None
        for entry in self.entries:
            matches = entry.matches
            if matches is None:
                try:
                    matches = _matcher(substituted(entry.tokens, context))
                except EvaluationError as error:
                    failure = first_failure(failure, error)
                    continue
                if matches is None:
                    if self.negated:
                        return False  # SEM-R8: what cannot be judged excepts everything
                    continue
            if matches(resource):
                return not self.negated
        if failure is not None:
            raise failure
        return self.negated

    def left(self, request: AccessRequest, unknown: Container[str], *, hidden: bool) -> Formula:
        """What is left once `request` is known but for the `unknown` keys and, if `hidden`, the resource."""
        variables = self.reads_keys
        if any(key in unknown for key in variables):
            return self
        if not hidden:
            return TRUE if self.test(request) else FALSE
        return self._with_values(request.context.by_lower) if variables else self

    def _with_values(self, context: Mapping[str, ContextValue]) -> Formula:
        """The same test with every variable replaced, so that a list can filter by it."""
        entries: list[ResourceEntry] = []
        for entry in self.entries:
            if entry.matches is not None:
                entries.append(entry)  # nothing in it varies, and `*` alone is no pattern of six parts
                continue
            try:
                tokens = substituted(entry.tokens, context)
            except EvaluationError:
                return self
            if tokens is not None:
                entries.append(ResourceEntry(entry.text, tokens, _matcher(tokens)))
            elif self.negated:
                return FALSE  # SEM-R8
        return _resource_test(entries, negated=self.negated) if entries else FALSE


def action_test(statement: Statement) -> ActionTest:
    """The leaf for Action or NotAction."""
    return ActionTest(
        tuple([action_pattern(element.text) for element in statement.actions]), statement.not_action
    )


def resource_test(statement: Statement, *, variables: bool) -> ResourceTest:
    """The leaf for Resource or NotResource."""
    entries = [_entry(element, variables=variables) for element in statement.resources or ()]
    return _resource_test(entries, negated=statement.not_resource)


def _resource_test(entries: list[ResourceEntry], *, negated: bool) -> ResourceTest:
    ready = tuple([entry.matches for entry in entries if entry.matches is not None])
    return ResourceTest(tuple(entries), negated, ready if len(ready) == len(entries) else None)


def _entry(element: Element, *, variables: bool) -> ResourceEntry:
    text = element.text
    if not variables or "${" not in text:
        return ResourceEntry(text, (), resource_matcher(text))
    tokens = template(text)
    return ResourceEntry(text, tokens, _matcher(fixed(tokens)))


def _matcher(tokens: tuple[Token, ...] | None) -> Callable[[str], bool] | None:
    return None if tokens is None else arn_matcher(tokens)
