"""Findings: what is accepted and most likely not meant, and that its nearest good form is not found."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from iamkit.policy import Finding, PolicyKind, findings, parse


def found(statement: Mapping[str, object], version: str | None = "2012-10-17") -> tuple[Finding, ...]:
    whole = {"Effect": "Allow", "Action": "doc:Get", "Resource": "*", **statement}
    head = {"Version": version} if version else {}
    return findings(parse(json.dumps({**head, "Statement": whole}), PolicyKind.IDENTITY))


def codes(statement: Mapping[str, object]) -> set[str]:
    return {finding.code for finding in found(statement)}


MFA = "aws:MultiFactorAuthPresent"
CASES: list[tuple[str, Mapping[str, object], Mapping[str, object]]] = [
    (
        "INVALID_GLOBAL_CONDITION_KEY",
        {"Condition": {"StringEquals": {"aws:usrname": "x"}}},
        {"Condition": {"StringEquals": {"AWS:UserName": "x"}}},
    ),
    (
        "MISSING_QUALIFIER_FOR_LIST_KEY",
        {"Condition": {"StringEquals": {"aws:TagKeys": "x"}}},
        {"Condition": {"ForAnyValue:StringEquals": {"aws:TagKeys": "x"}}},
    ),
    (
        "QUALIFIER_ON_SINGLE_VALUED_KEY",
        {"Condition": {"ForAnyValue:StringEquals": {"aws:username": "x"}}},
        {"Condition": {"StringEquals": {"aws:PrincipalTag/team": "x"}}},
    ),
    (
        "FOR_ALL_VALUES_WITHOUT_NULL_CHECK",
        {"Condition": {"ForAllValues:StringEquals": {"aws:TagKeys": "x"}}},
        {"Condition": {"ForAllValues:StringEquals": {"aws:TagKeys": "x"}, "Null": {"aws:tagkeys": "false"}}},
    ),
    (
        "MFA_DENY_WITHOUT_IF_EXISTS",
        {"Effect": "Deny", "Condition": {"Bool": {MFA: "false"}}},
        {"Effect": "Deny", "Condition": {"BoolIfExists": {MFA: "false"}}},
    ),
    (
        "WILDCARD_WITHOUT_LIKE",
        {"Condition": {"StringEquals": {"app:k": "a*"}}},
        {"Condition": {"StringEquals": {"app:k": "a${*}"}}},
    ),
    (
        "MISMATCHED_TYPE",
        {"Condition": {"NumericEquals": {"aws:username": "5"}}},
        {"Condition": {"NumericLessThan": {"aws:EpochTime": "5"}}},
    ),
    (
        "IF_EXISTS_IN_ALLOW",
        {"Condition": {"StringEqualsIfExists": {"app:k": "x"}}},
        {"Effect": "Deny", "Condition": {"StringEqualsIfExists": {"app:k": "x"}}},
    ),
    (
        "FOR_ANY_VALUE_IF_EXISTS",
        {"Effect": "Deny", "Condition": {"ForAnyValue:StringEqualsIfExists": {"app:k": "x"}}},
        {"Effect": "Deny", "Condition": {"ForAnyValue:StringEquals": {"app:k": "x"}}},
    ),
    (
        "NEGATED_OPERATOR_IN_ALLOW",
        {"Condition": {"StringNotEquals": {"app:k": "x"}}},
        {"Effect": "Deny", "Condition": {"StringNotEquals": {"app:k": "x"}}},
    ),
    (
        "DENY_WITH_VARIABLE_WITHOUT_DEFAULT",
        {"Effect": "Deny", "Resource": "arn:aws:doc:::${aws:username}/*"},
        {"Effect": "Deny", "Resource": "arn:aws:doc:::${aws:username, 'nobody'}/*"},
    ),
]


@pytest.mark.parametrize(("code", "trigger", "near"), CASES, ids=[case[0] for case in CASES])
def test_each_finding_has_a_trigger_and_a_near_miss(
    code: str, trigger: Mapping[str, object], near: Mapping[str, object]
) -> None:
    """The one document is found, the nearest good one is not."""
    assert code in codes(trigger)
    assert code not in codes(near)


def test_versions_are_found() -> None:
    """A missing version and the old one are each found, the current one is not."""
    assert [finding.code for finding in found({}, None)] == ["MISSING_VERSION"]
    assert [finding.code for finding in found({}, "2008-10-17")] == ["OLD_VERSION"]
    assert found({}) == ()


def test_a_finding_stands_where_its_cause_stands() -> None:
    """The span is that of the condition at fault, and the nearest key is named."""
    (finding,) = found({"Condition": {"StringEquals": {"aws:usernam": "x"}}})

    assert finding.span.start > 0
    assert finding.statement == 0
    assert "`aws:username`" in str(finding)
