"""One condition as a test: missing keys, several values, negation, quantifiers and IfExists (SEM §6.1-6.3).

These rules are the same for every operator and stand here and nowhere else; the rows in `operators` only
compare one request value with one policy value. With V the request's values and P the policy's:

    key missing    IfExists true · ForAllValues true · ForAnyValue false · negated true · otherwise false
    plain          not for a list-typed key; some p of P holds, or for a negated row none does
    ForAllValues   every v of V passes the plain test; ForAnyValue: some v does

A value that cannot be judged raises EvaluationError unless the others settle the result (SEM-F2).
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Final, final

from iamkit.errors import EvaluationError
from iamkit.policy.formula import FALSE, TRUE, Formula
from iamkit.policy.model import Condition, Quantifier
from iamkit.policy.operators import SAME, Operator
from iamkit.policy.request import AccessRequest, ContextValue
from iamkit.policy.tokens import Token
from iamkit.policy.variables import Template, fixed, keys_in, substituted, template

_UNREAD: Final = object()
# Longer values are prepared each time: what is remembered has to stay small.
_REMEMBERED: Final = 256


@final
@dataclass(frozen=True, slots=True)
class PolicyValue:
    """One value of a condition: as written, and what its operator prepared of it.

    `prepared` is empty while variables are still to be put into `tokens`; `fault` says why the value
    cannot be used at all (only documents at rest hold such a value); `void` is a value whose variable has no
    value, to which nothing is equal (SEM-V5).
    """

    text: str
    tokens: Template
    prepared: object = field(default=_UNREAD, compare=False, repr=False)
    fault: str = ""
    void: bool = False

    @property
    def varies(self) -> bool:
        return self.prepared is _UNREAD and not self.fault and not self.void

    def with_values(self, operator: Operator, context: Mapping[str, ContextValue]) -> PolicyValue:
        """The same with its variables replaced. Raises EvaluationError where they grow too long."""
        if not self.varies:
            return self
        tokens = substituted(self.tokens, context)
        return replace(self, void=True) if tokens is None else _prepared(self.text, tokens, operator)


@final
@dataclass(frozen=True, slots=True)
class KeyTest:
    """The leaf for one (operator, key) pair. `key` is in lower case, `name` as written."""

    operator: Operator
    quantifier: Quantifier
    if_exists: bool
    key: str
    name: str
    values: tuple[PolicyValue, ...]
    # The prepared values, where nothing varies and nothing is at fault.
    ready: tuple[object, ...] | None = field(compare=False, repr=False)
    # Whether comparing one value is all to do, and whether that is equality with one of `ready`.
    plain: bool = field(init=False, compare=False, repr=False)
    among: bool = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        operator = self.operator
        plain = bool(self.ready) and not operator.presence and self.quantifier is Quantifier.NONE
        object.__setattr__(self, "plain", plain)
        object.__setattr__(self, "among", plain and operator.holds is SAME)

    @property
    def reads_resource(self) -> bool:
        return False

    @property
    def reads_keys(self) -> tuple[str, ...]:
        """The context keys that decide it: its own and those of its variables."""
        return (self.key, *(key for value in self.values for key in keys_in(value.tokens)))

    @property
    def when_missing(self) -> bool:
        """The result while the key is missing (SEM-C8 to C-13); not for the presence test."""
        if self.if_exists or self.quantifier is Quantifier.FOR_ALL:
            return True
        return self.operator.negated and self.quantifier is Quantifier.NONE

    def test(self, request: AccessRequest) -> bool:
        context = request.context.by_lower
        value = context.get(self.key)
        operator = self.operator
        try:
            if self.plain and value is not None and not isinstance(value, tuple):
                left = operator.read(value)
                if self.among:
                    return (left in self.ready) is not operator.negated  # type: ignore[operator]  # not None
                return self._judge(left, context) is not operator.negated
            if operator.presence:
                return self._judge(value is None or value == (), context)
            if value is None or value == ():
                return self.when_missing
            if not self.values:
                # SEM-G11: an empty list is met by nothing, whatever the prefix or suffix.
                return operator.negated and self.quantifier is Quantifier.NONE and not self.if_exists
            if not isinstance(value, tuple):
                return self._judge(operator.read(value), context) is not operator.negated
            if self.quantifier is Quantifier.NONE:
                return False  # SEM-C18: a list-typed key needs a set prefix
            return self._quantified(value, context)
        except EvaluationError as error:
            raise EvaluationError(f"condition on `{self.name[:80]}`: {error.message}") from None

    @property
    def quickly(self) -> Callable[[AccessRequest], bool]:
        """`test`, with what is known beforehand settled; for the commonest forms that is one comparison."""
        if not self.plain or self.ready is None:
            return self.test
        if self.operator.native is None:
            return _read_and_compared(self, self.ready)
        if len(self.ready) == 1:
            return _compared(self, self.ready[0])
        return _among(self, self.ready) if self.among else _read_and_compared(self, self.ready)

    def left(self, request: AccessRequest, unknown: Container[str], *, hidden: bool) -> Formula:  # noqa: ARG002
        """What is left once `request` is known but for the `unknown` keys."""
        key, *variables = self.reads_keys
        if any(name in unknown for name in variables):
            return self
        if key not in unknown:
            return TRUE if self.test(request) else FALSE
        if not variables:
            return self
        context = request.context.by_lower
        try:
            values = tuple([value.with_values(self.operator, context) for value in self.values])
        except EvaluationError:
            return self
        return replace(self, values=values, ready=_ready(values))

    def _judge(self, left: object, context: Mapping[str, ContextValue]) -> bool:
        """Whether some policy value holds for one request value; negation is the caller's."""
        holds = self.operator.holds
        if self.ready is not None:
            for prepared in self.ready:  # noqa: SIM110  # a generator would allocate on the hot path
                if holds(left, prepared):
                    return True
            return False
        failures: list[str] = []
        for written in self.values:
            try:
                value = written.with_values(self.operator, context)
            except EvaluationError as error:
                failures.append(error.message)
                continue
            if value.fault:
                failures.append(value.fault)
            elif not value.void and holds(left, value.prepared):
                return True
        if failures:
            raise EvaluationError(min(failures))
        return False

    def _quantified(self, found: tuple[str, ...], context: Mapping[str, ContextValue]) -> bool:
        operator = self.operator
        every = self.quantifier is Quantifier.FOR_ALL
        failures: list[str] = []
        for value in found:
            try:
                passed = self._judge(operator.read(value), context) is not operator.negated
            except EvaluationError as error:
                failures.append(error.message)
                continue
            if passed is not every:
                return passed
        if failures:
            raise EvaluationError(min(failures))
        return every


def _among(test: KeyTest, ready: tuple[object, ...]) -> Callable[[AccessRequest], bool]:
    """One of several values that need no reading, by equality."""
    key, native, positive, slowly = test.key, test.operator.native, not test.operator.negated, test.test

    def quickly(request: AccessRequest) -> bool:
        value = request.context.by_lower.get(key)
        return (value in ready) is positive if value.__class__ is native else slowly(request)

    return quickly


def _compared(test: KeyTest, only: object) -> Callable[[AccessRequest], bool]:
    """The only value there is, which needs no reading."""
    key, native, positive, slowly = test.key, test.operator.native, not test.operator.negated, test.test
    holds = test.operator.holds

    def quickly(request: AccessRequest) -> bool:
        value = request.context.by_lower.get(key)
        return holds(value, only) is positive if value.__class__ is native else slowly(request)

    return quickly


def _read_and_compared(test: KeyTest, ready: tuple[object, ...]) -> Callable[[AccessRequest], bool]:
    """Any values; the request's is text."""
    key, positive, slowly = test.key, not test.operator.negated, test.test
    read, holds = test.operator.read, test.operator.holds

    def quickly(request: AccessRequest) -> bool:
        value = request.context.by_lower.get(key)
        if value.__class__ is not str:
            return slowly(request)
        try:
            left = read(value)
            for prepared in ready:
                if holds(left, prepared):
                    return positive
        except EvaluationError:
            return slowly(request)  # which tells the key
        return not positive

    return quickly


def key_test(condition: Condition, operator: Operator, *, variables: bool) -> KeyTest:
    """The leaf for a condition of a document that has variables or not."""
    live = variables and operator.variables
    values = tuple([_policy_value(element.text, operator, variables=live) for element in condition.values])
    return KeyTest(
        operator=operator,
        quantifier=condition.quantifier,
        if_exists=condition.if_exists,
        key=condition.key.lower(),
        name=condition.key,
        values=values,
        ready=_ready(values),
    )


def _ready(values: tuple[PolicyValue, ...]) -> tuple[object, ...] | None:
    ready = tuple([value.prepared for value in values])
    return None if _UNREAD in ready else ready


def _policy_value(text: str, operator: Operator, *, variables: bool) -> PolicyValue:
    make = _remembered_value if len(text) <= _REMEMBERED else _made_value
    return make(text, operator, variables=variables)


def _made_value(text: str, operator: Operator, *, variables: bool) -> PolicyValue:
    tokens = template(text, wildcards=operator.wildcards, variables=variables)
    plain = fixed(tokens)
    return PolicyValue(text, tokens) if plain is None else _prepared(text, plain, operator)


def _prepared(text: str, tokens: tuple[Token, ...], operator: Operator) -> PolicyValue:
    try:
        return PolicyValue(text, tokens, operator.prepare(tokens))
    except ValueError as error:
        return PolicyValue(text, tokens, fault=str(error))


_remembered_value: Final = lru_cache(maxsize=8192)(_made_value)
