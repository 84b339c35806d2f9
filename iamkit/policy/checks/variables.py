"""Checks of policy variables: those that never have a value, and names that others may choose."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from iamkit.policy.checks.subject import GRANTING_KINDS, Found, Subject
from iamkit.policy.checks.witness import ACCOUNT, example
from iamkit.policy.findings import Check
from iamkit.policy.model import Condition, Effect, Element, PolicyKind, Statement
from iamkit.policy.operators import Operator
from iamkit.policy.request import ContextValue
from iamkit.policy.tokens import Wildcard
from iamkit.policy.variables import MalformedVariableError, Variable, template

# Keys by the kind of holder for which they never have a value (SEM-K15, K-19, K-20, K-26).
_NEVER: Final = {
    "user": frozenset({"aws:federatedprovider", "aws:sourceidentity", "sts:rolesessionname"}),
    "group": frozenset({"aws:federatedprovider", "aws:sourceidentity", "sts:rolesessionname"}),
    "role": frozenset({"aws:username"}),
}
# Names that people choose for themselves or for each other.
_CHOSEN: Final = frozenset({"aws:username", "aws:principalarn", "sts:rolesessionname", "aws:userid"})

CHECKS: Final = (
    Check(
        "UNRESOLVABLE_VARIABLE",
        "WARNING",
        "a variable never has a value here: its key is a list, unknown, or not of this kind of principal",
        "use a key that such a caller has, or give the variable a default",
    ),
    Check(
        "DENY_WITH_VARIABLE_WITHOUT_DEFAULT",
        "WARNING",
        "while its variable has no value, the entry denies nothing",
        "give the variable a default: `${key, 'none'}`",
    ),
    Check(
        "LIKE_ON_USER_CONTROLLED_NAME",
        "SECURITY_WARNING",
        "a wildcard stands directly after part of a name that others may choose: `app*` is also `app-mine`",
        "write the name in full, or end the fixed part with `/`",
    ),
)


def check(subject: Subject) -> Iterator[Found]:
    """Everything about variables and chosen names."""
    for statement in subject.policy.statements:
        if subject.policy.variables:
            for element in statement.resources or ():
                yield from _of_element(subject, statement, element, resource=True)
    for statement, condition, operator in subject.conditions():
        if subject.policy.variables and operator.variables:
            for value in condition.values:
                yield from _of_element(subject, statement, value, resource=False)
        yield from _of_names(subject, statement, condition, operator)


def _of_element(
    subject: Subject, statement: Statement, element: Element, *, resource: bool
) -> Iterator[Found]:
    try:
        tokens = template(element.text)
    except MalformedVariableError:
        return
    variables = [token for token in tokens if isinstance(token, Variable)]
    for variable in variables:
        why = _never(subject, variable.key)
        if why:
            message = f"`${{{variable.key[:80]}}}` never has a value: {why}"
            yield Found("UNRESOLVABLE_VARIABLE", message, (element.span,))
            break
    open_ended = any(variable.default is None for variable in variables)
    if resource and open_ended and statement.effect is Effect.DENY:
        message = "without a value for its variable this entry denies nothing; give it a default"
        yield Found("DENY_WITH_VARIABLE_WITHOUT_DEFAULT", message, (element.span,))
    if not resource or statement.effect is not Effect.ALLOW or subject.kind not in GRANTING_KINDS:
        return
    for token, following in pairwise(tokens):
        if isinstance(token, Variable) and token.key in _CHOSEN and following is Wildcard.RUN:
            context: dict[str, ContextValue] = {token.key: "ann"}
            other = element.text.replace("${" + _written(element.text, token.key) + "}*", "anna/x")
            shown = example(subject, statement, given=context, resource=_concrete(other))
            message = "this also matches names that only begin with the caller's: put a `/` before the `*`"
            yield Found("LIKE_ON_USER_CONTROLLED_NAME", message, (element.span,), shown)


def _written(text: str, key: str) -> str:
    start = text.lower().index("${" + key) + 2
    return text[start : text.index("}", start)]


def _concrete(text: str) -> str:
    parts = text.split(":", 5)
    parts[4] = parts[4].replace("*", ACCOUNT)
    return ":".join(parts).replace("*", "x").replace("?", "x")


def _never(subject: Subject, key: str) -> str:
    """Why a key never has a value, or nothing."""
    known = subject.facts.catalog.key(key)
    if known is not None and known.multivalued:
        return "its key is a list (write it under ForAnyValue instead)"
    if known is None and key.startswith(("aws:", "iamkit:")):
        near = subject.facts.catalog.nearest_keys(key, 1)
        return "there is no such key" + (f"; did you mean `{near[0]}`" if near else "")
    holder = subject.facts.holder
    if subject.kind is PolicyKind.IDENTITY and holder is not None and key in _NEVER[holder]:
        return f"no {holder} has it"
    return ""


def _of_names(
    subject: Subject, statement: Statement, condition: Condition, operator: Operator
) -> Iterator[Found]:
    allow = statement.effect is Effect.ALLOW
    if not allow or operator.negated or not operator.wildcards or condition.key.lower() not in _CHOSEN:
        return
    for value in condition.values:
        try:
            tokens = template(value.text, variables=subject.policy.variables)
        except MalformedVariableError:
            continue
        name = tokens[-2] if len(tokens) > 1 and tokens[-1] is Wildcard.RUN else None
        if not isinstance(name, str) or name[-1] in "/:":
            continue
        shown = example(subject, statement, given={condition.key: _concrete_name(value.text)})
        message = f"whoever may choose a name can take one that `{value.text[:80]}` matches: write it in full"
        yield Found("LIKE_ON_USER_CONTROLLED_NAME", message, (value.span,), shown)


def _concrete_name(text: str) -> str:
    found = text.removesuffix("*") + "-mine"
    return _concrete(found) if found.count(":") >= 5 else found.replace("*", "x").replace("?", "x")
