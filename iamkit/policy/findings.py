"""What is accepted in a policy document but most likely not meant (SEM §6.9, decision 6)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from iamkit.policy.catalog import STANDARD_CATALOG, Catalog, ConditionKey
from iamkit.policy.grammar import VERSIONS
from iamkit.policy.model import Condition, Effect, Policy, Quantifier, Span, Statement
from iamkit.policy.operators import STANDARD, Family, Operator, OperatorTable
from iamkit.policy.variables import MalformedVariableError, Variable, template

FindingType: TypeAlias = Literal["error", "security-warning", "warning", "suggestion"]

# Key types that an operator of a family reads without a finding.
_READS: Final = {
    Family.STRING: {"String", "ARN", "Bool", "Numeric"},
    Family.ARN: {"ARN", "String"},
    Family.NUMERIC: {"Numeric"},
    Family.DATE: {"Date"},
    Family.BOOL: {"Bool"},
    Family.IP: {"IPAddress"},
    Family.BINARY: {"Binary"},
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding: its type in the words of AWS's analyzer, a stable code, what, and where."""

    type: FindingType
    code: str
    message: str
    span: Span
    statement: int | None = None

    def __str__(self) -> str:
        return f"{self.type} {self.code} at line {self.span.line} column {self.span.column}: {self.message}"


def findings(
    policy: Policy, *, catalog: Catalog = STANDARD_CATALOG, operators: OperatorTable = STANDARD
) -> tuple[Finding, ...]:
    """Everything found in an accepted document, in the order of its place."""
    found = [*_of_version(policy)]
    for statement in policy.statements:
        found.extend(_of_resources(policy, statement))
        for condition in statement.conditions:
            operator = operators.get(condition.operator)
            if operator is not None:
                found.extend(_of_condition(statement, condition, operator, catalog))
    return tuple(sorted(found, key=lambda finding: (finding.span.start, finding.code)))


def _of_version(policy: Policy) -> Iterator[Finding]:
    place = Span(0, 0, 1, 1)
    if policy.version is None:
        message = f"the document has no Version and is read as {VERSIONS[1]}, in which `${{…}}` is plain text"
        yield Finding("suggestion", "MISSING_VERSION", message, place)
    elif policy.version != VERSIONS[0]:
        message = f"Version {policy.version} has no variables: `${{…}}` is plain text in it"
        yield Finding("suggestion", "OLD_VERSION", message, place)


def _of_resources(policy: Policy, statement: Statement) -> Iterator[Finding]:
    """SEM-R8: in a Deny, an entry whose variable has no value takes the statement out of effect."""
    if statement.effect is not Effect.DENY or not policy.variables:
        return
    for element in statement.resources or ():
        try:
            tokens = template(element.text)
        except MalformedVariableError:
            continue
        if any(isinstance(token, Variable) and token.default is None for token in tokens):
            message = "without a value for its variable this entry denies nothing; give it a default"
            yield Finding(
                "warning", "DENY_WITH_VARIABLE_WITHOUT_DEFAULT", message, element.span, statement.index
            )


def _of_condition(
    statement: Statement, condition: Condition, operator: Operator, catalog: Catalog
) -> Iterator[Finding]:
    def finding(kind: FindingType, code: str, message: str) -> Finding:
        return Finding(kind, code, message, condition.span, statement.index)

    key = catalog.key(condition.key)
    shown = condition.key[:80]
    allow = statement.effect is Effect.ALLOW
    if key is None and condition.key.lower().startswith("aws:"):
        near = catalog.nearest_keys(condition.key, 1)
        hint = f"; did you mean `{near[0]}`" if near else ""
        yield finding("warning", "INVALID_GLOBAL_CONDITION_KEY", f"`{shown}` is no known key{hint}")
    if key is not None and not operator.presence:
        yield from _of_key(finding_of=finding, key=key, condition=condition, operator=operator)
    if condition.quantifier is Quantifier.FOR_ALL and allow and not _requires(statement, condition.key):
        message = f'true while `{shown}` is missing: add `"Null": {{"{shown}": "false"}}`'
        yield finding("security-warning", "FOR_ALL_VALUES_WITHOUT_NULL_CHECK", message)
    if condition.if_exists and allow:
        message = f"allows while `{shown}` is missing"
        yield finding("warning", "IF_EXISTS_IN_ALLOW", message)
    if condition.if_exists and condition.quantifier is Quantifier.FOR_ANY:
        message = f"true while `{shown}` is missing, unlike plain ForAnyValue"
        yield finding("warning", "FOR_ANY_VALUE_IF_EXISTS", message)
    if operator.negated and allow and condition.quantifier is Quantifier.NONE and not condition.if_exists:
        message = f"allows while `{shown}` is missing, as a negated operator does"
        yield finding("warning", "NEGATED_OPERATOR_IN_ALLOW", message)
    mfa = condition.key.lower() == "aws:multifactorauthpresent"
    if mfa and operator.family is Family.BOOL and not allow and not condition.if_exists:
        message = "does not hold for long-term keys, for which the key is missing: use BoolIfExists"
        yield finding("security-warning", "MFA_DENY_WITHOUT_IF_EXISTS", message)
    if operator.family is Family.STRING and not operator.wildcards:
        for value in condition.values:
            if "*" in value.text.replace("${*}", "") or "?" in value.text.replace("${?}", ""):
                message = f"`{condition.operator_text}` takes `*` and `?` as they are: use StringLike"
                yield Finding("warning", "WILDCARD_WITHOUT_LIKE", message, value.span, statement.index)


def _of_key(
    *,
    finding_of: Callable[[FindingType, str, str], Finding],
    key: ConditionKey,
    condition: Condition,
    operator: Operator,
) -> Iterator[Finding]:
    if key.multivalued and condition.quantifier is Quantifier.NONE:
        message = f"`{key.name}` is a list: without ForAnyValue or ForAllValues this never holds"
        yield finding_of("security-warning", "MISSING_QUALIFIER_FOR_LIST_KEY", message)
    if not key.multivalued and condition.quantifier is not Quantifier.NONE:
        message = f"`{key.name}` has one value: a set prefix only changes what a missing key means"
        yield finding_of("security-warning", "QUALIFIER_ON_SINGLE_VALUED_KEY", message)
    reads = _READS.get(operator.family)
    dated = key.name == "aws:EpochTime" and operator.family is Family.NUMERIC
    if reads is not None and key.type not in reads and not dated:
        message = f"`{key.name}` is of type {key.type}, which `{operator.name}` does not compare"
        yield finding_of("warning", "MISMATCHED_TYPE", message)


def _requires(statement: Statement, key: str) -> bool:
    """Whether a Null condition of the statement requires the key to be present."""
    return any(
        condition.operator == "Null"
        and condition.key.lower() == key.lower()
        and [value.text.lower() for value in condition.values] == ["false"]
        for condition in statement.conditions
    )
