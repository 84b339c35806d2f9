"""Checks of what a condition means while its key is missing: where that opens what should stay shut."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from iamkit.policy.checks.subject import Found, Subject, key_span
from iamkit.policy.checks.witness import example
from iamkit.policy.findings import Check, Example
from iamkit.policy.model import Condition, Effect, Quantifier, Statement
from iamkit.policy.operators import Family, Operator

# Keys that every request has (SEM-K1 to K-14).
_ALWAYS: Final = frozenset(
    {
        "aws:currenttime", "aws:epochtime", "aws:principalaccount", "aws:principalarn", "aws:principaltype",
        "aws:securetransport", "aws:sourceip", "aws:userid",
    }
)  # fmt: skip
_MFA: Final = "aws:multifactorauthpresent"
# Operators that are written under Deny to demand something of a key.
_DEMANDS: Final = frozenset({Family.NUMERIC, Family.DATE})

CHECKS: Final = (
    Check("FOR_ALL_VALUES_WITHOUT_NULL_CHECK", "SECURITY_WARNING",
          "ForAllValues under Allow is true while the key is missing",
          'add `"Null": {"KEY": "false"}`'),
    Check("IF_EXISTS_IN_ALLOW", "WARNING", "the statement allows while the key is missing",
          "take IfExists away unless that is meant"),
    Check("FOR_ANY_VALUE_IF_EXISTS", "WARNING",
          "IfExists makes ForAnyValue true while the key is missing, unlike plain ForAnyValue",
          "take IfExists away unless that is meant"),
    Check("NEGATED_OPERATOR_ON_OPTIONAL_KEY_IN_ALLOW", "SECURITY_WARNING",
          "a negated operator holds while its key is missing, so that the statement allows",
          'add `"Null": {"KEY": "false"}`, or say what is allowed instead of what is not'),
    Check("MFA_DENY_WITHOUT_IF_EXISTS", "SECURITY_WARNING",
          "long-term keys carry no aws:MultiFactorAuthPresent, so that this Deny does not stop them",
          "write BoolIfExists"),
    Check("DENY_MISSES_MISSING_KEY", "SECURITY_WARNING",
          "a Deny that demands something of a key does not stop requests without the key",
          'add IfExists to the operator, or a second Deny with `"Null": {"KEY": "true"}`'),
)  # fmt: skip


def check(subject: Subject) -> Iterator[Found]:
    """Everything about missing keys."""
    for statement, condition, operator in subject.conditions():
        if operator.presence:
            continue
        if statement.effect is Effect.ALLOW:
            yield from _of_allow(subject, statement, condition, operator)
        else:
            yield from _of_deny(subject, statement, condition, operator)
        if condition.if_exists and condition.quantifier is Quantifier.FOR_ANY:
            message = f"true while `{condition.key[:80]}` is missing: take IfExists away unless that is meant"
            yield Found("FOR_ANY_VALUE_IF_EXISTS", message, (key_span(subject, condition),))


def _of_allow(
    subject: Subject, statement: Statement, condition: Condition, operator: Operator
) -> Iterator[Found]:
    place, shown = (key_span(subject, condition),), condition.key[:80]
    if _requires(statement, condition.key):
        return
    known = subject.facts.catalog.key(condition.key)
    if condition.quantifier is Quantifier.FOR_ALL and (known is None or known.multivalued):
        message = f'true while `{shown}` is missing: add `"Null": {{"{shown}": "false"}}`'
        yield Found(
            "FOR_ALL_VALUES_WITHOUT_NULL_CHECK", message, place, _without(subject, statement, condition)
        )
    if condition.if_exists:
        message = f"allows while `{shown}` is missing: take IfExists away unless that is meant"
        yield Found("IF_EXISTS_IN_ALLOW", message, place)
    elif (
        operator.negated
        and condition.quantifier is Quantifier.NONE
        and condition.key.lower() not in _ALWAYS
        and not (known is not None and known.multivalued)
    ):
        message = f'allows while `{shown}` is missing: add `"Null": {{"{shown}": "false"}}`'
        code = "NEGATED_OPERATOR_ON_OPTIONAL_KEY_IN_ALLOW"
        yield Found(code, message, place, _without(subject, statement, condition))


def _of_deny(
    subject: Subject, statement: Statement, condition: Condition, operator: Operator
) -> Iterator[Found]:
    key = condition.key.lower()
    if condition.if_exists or key in _ALWAYS:
        return
    false = operator.family is Family.BOOL and [value.text.lower() for value in condition.values] == ["false"]
    place, shown = (key_span(subject, condition),), condition.key[:80]
    if key == _MFA:
        if operator.family is Family.BOOL:
            message = "does not stop long-term keys, which carry no such key: write BoolIfExists"
            found = _without(subject, statement, condition)
            yield Found("MFA_DENY_WITHOUT_IF_EXISTS", message, place, found)
        return
    demands = false or operator.family in _DEMANDS
    if condition.quantifier is Quantifier.FOR_ANY:
        demands = operator.negated
    elif condition.quantifier is Quantifier.FOR_ALL or operator.negated:
        demands = False  # true while the key is missing
    if not demands:
        return
    # Another Deny of the document may take care of the missing key; then evaluation does not confirm this.
    found = _without(subject, statement, condition)
    if found is not None:
        message = f"does not stop requests without `{shown}`: write {condition.operator_text}IfExists"
        yield Found("DENY_MISSES_MISSING_KEY", message, place, found)


def _without(subject: Subject, statement: Statement, condition: Condition) -> Example | None:
    return example(subject, statement, missing=(condition.key,))


def _requires(statement: Statement, key: str) -> bool:
    """Whether a Null condition of the statement requires the key to be present."""
    return any(
        condition.operator == "Null"
        and condition.key.lower() == key.lower()
        and [value.text.lower() for value in condition.values] == ["false"]
        for condition in statement.conditions
    )
