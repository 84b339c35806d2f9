"""Validation as a whole: any text has an answer, and what one rule says no other repeats."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iamkit.errors import MalformedPolicyDocument
from iamkit.policy import Facts, PolicyKind, parse
from iamkit.policy.checks.table import CHECKS
from iamkit.policy.checks.witness import confirmed
from iamkit.policy.validate import MAX_FINDINGS, validate

GOOD = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "doc:Get", "Resource": "*"}]}'

TEXTS = st.sampled_from(
    [
        "*", "doc:Get", "iam:*", "", "a b", "arn:aws:iam::123456789012:role/*", "true", "5", "10.0.0.1/24",
        "arn:aws:doc:::${aws:username}*", "arn", "role/x", "${", "aws:username", "AROAEXAMPLEID1234567",
        "2012-10-17", "Allow", "Deny", "arn:aws:iam::123456789012:user/jeff", "arn:aws:sts::1:assumed-role",
        "sts:AssumeRole", "arn:aws:iam::123456789012:root", "x:y:z:role/x",
        "arn:aws:iam::${aws:PrincipalAccount}:user/${aws:userid}*",
    ]
)  # fmt: skip
VALUES = st.recursive(
    TEXTS | st.integers(-5, 5) | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)
CONDITIONS = st.dictionaries(
    st.sampled_from(
        ["StringEquals", "StringLike", "ForAllValues:StringNotLike", "Bool", "Null", "IpAddress", "ArnLike",
         "NumericLessThan", "NumericGreaterThan", "DateLessThan", "ForAnyValue:StringNotEquals", "Nothing"]
    ),
    st.dictionaries(
        st.sampled_from(["aws:username", "aws:TagKeys", "aws:MultiFactorAuthPresent", "doc:x",
                         "aws:ResourceTag/", "aws:nothing", "aws:MultiFactorAuthAge",
                         "iam:PassedToService", ""]),
        VALUES, max_size=2,
    ),
    max_size=2,
)  # fmt: skip
STATEMENTS = st.fixed_dictionaries(
    {"Effect": st.sampled_from(["Allow", "Deny"]) | TEXTS},
    optional={
        "Sid": TEXTS,
        "Action": VALUES,
        "NotAction": VALUES,
        "Resource": VALUES,
        "NotResource": VALUES,
        "Principal": st.dictionaries(st.sampled_from(["AWS", "Service", "Federated", "IAM"]), VALUES)
        | VALUES,
        "NotPrincipal": st.dictionaries(st.sampled_from(["AWS", "Service"]), VALUES),
        "Condition": CONDITIONS,
    },
)
DOCUMENTS = st.fixed_dictionaries(
    {"Statement": st.lists(STATEMENTS, max_size=3) | VALUES},
    optional={"Version": st.sampled_from(["2012-10-17", "2008-10-17"]) | VALUES, "Id": VALUES},
)


def test_a_good_document_has_no_findings() -> None:
    """What is right is left alone."""
    assert validate(GOOD, PolicyKind.IDENTITY) == ()


def test_a_refused_document_is_still_looked_at() -> None:
    """A fault that leaves the document readable does not hide what else there is to say."""
    text = GOOD.replace('"doc:Get"', '["doc:Get", "doc:*"], "Sid": "not plain"')

    assert [finding.code for finding in validate(text, PolicyKind.IDENTITY)] == [
        "REDUNDANT_ACTION",
        "UNSUPPORTED_SID",
    ]


def test_an_element_that_is_refused_has_one_finding() -> None:
    """What the grammar refuses is not complained of a second time."""
    text = json.dumps({"Statement": [{"Effect": "Allow", "Action": "doc:Get", "Resource": "*"}]})

    found = validate(text, PolicyKind.IDENTITY, Facts(managed=True))

    assert [(finding.type, finding.code) for finding in found] == [("ERROR", "MISSING_VERSION")]


@pytest.mark.parametrize("kind", list(PolicyKind))
@settings(max_examples=60, deadline=None)
@given(document=DOCUMENTS)
def test_any_document_has_findings_or_none(kind: PolicyKind, document: object) -> None:
    """Validation never raises, is in order, agrees with the strict parser, and its examples hold."""
    text = json.dumps(document)
    facts = Facts(partition="aws", account="123456789012", principals=(), holder="role")

    found = validate(text, kind, facts)

    assert all(one.span.start <= other.span.start for one, other in pairwise(found))
    assert {finding.code for finding in found} <= set(CHECKS)
    try:
        parse(text, kind)
    except MalformedPolicyDocument:
        assert "ERROR" in {finding.type for finding in found}
    for finding in found:
        if finding.example is not None:
            assert finding.type == "SECURITY_WARNING"
            assert confirmed(parse(text, kind, stored=True), facts, finding.example)


@given(text=st.text(max_size=60))
def test_any_text_has_an_answer(text: str) -> None:
    """What is no JSON is an error with its place."""
    found = validate(text, PolicyKind.IDENTITY)

    assert [finding.type for finding in found if finding.type == "ERROR"]


def test_adversarial_patterns_take_bounded_time() -> None:
    """Long lists of starred patterns are left alone, or compared in bounded steps."""
    stars = "*a" * 200
    entries = [f"arn:aws:doc:::{stars}{index}" for index in range(25)]
    statement = {
        "Effect": "Allow",
        "Action": [f"doc:{stars}{index}" for index in range(25)],
        "Resource": entries,
    }

    found = validate(json.dumps({"Version": "2012-10-17", "Statement": [statement]}), PolicyKind.IDENTITY)

    assert {finding.code for finding in found} <= {"POLICY_SIZE_EXCEEDS_IDENTITY_POLICY_QUOTA"}


def test_the_list_of_findings_is_bounded() -> None:
    """A document full of faults of one kind is told of some of them."""
    actions = [f"doc:Nothing{index}" for index in range(1_000)]
    text = json.dumps({"Statement": [{"Effect": "Allow", "Action": [*actions, *actions], "Resource": "*"}]})

    assert len(validate(text, PolicyKind.IDENTITY)) < 10 * MAX_FINDINGS
