"""The parser: what it makes of a document, what it refuses, and where it says the fault is."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iamkit.errors import MalformedPolicyDocument
from iamkit.policy import Effect, Policy, PolicyKind, Problem, parse, significant_length
from iamkit.policy.model import Quantifier

GOOD: Mapping[str, object] = {"Effect": "Allow", "Action": "doc:Get", "Resource": "*"}
ROLE = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "123456789012"}}


def document(*statements: Mapping[str, object], version: str | None = "2012-10-17") -> str:
    head = {} if version is None else {"Version": version}
    return json.dumps({**head, "Statement": list(statements)})


def problems(
    text: str, kind: PolicyKind = PolicyKind.IDENTITY, *, stored: bool = False, managed: bool = False
) -> list[Problem]:
    with pytest.raises(MalformedPolicyDocument) as caught:
        parse(text, kind, stored=stored, managed=managed)
    found = [problem for problem in caught.value.problems if isinstance(problem, Problem)]
    assert len(found) == len(caught.value.problems) > 0
    return found


def test_every_element_knows_its_place() -> None:
    """Cutting a span out of the text gives the element as it was written."""
    text = """{
  "Version": "2012-10-17", "Id": "x",
  "Statement": [{"Sid": "One", "Effect": "Deny", "NotAction": ["doc:Get", "doc:Li\\u0073t"],
    "NotResource": "arn:aws:doc:::a/*",
    "Condition": {"ForAnyValue:StringLikeIfExists": {"app:k": ["a*", true, 1.50]}}}]
}"""
    policy = parse(text, PolicyKind.IDENTITY)
    statement = policy.statements[0]
    condition = statement.conditions[0]

    def cut(span: object) -> str:
        return text[span.start : span.end]  # type: ignore[attr-defined]

    assert cut(statement.span).startswith('{"Sid"')
    assert cut(statement.span).endswith("}}")
    assert [cut(action.span) for action in statement.actions] == ['"doc:Get"', '"doc:Li\\u0073t"']
    assert [action.text for action in statement.actions] == ["doc:Get", "doc:List"]
    assert cut(statement.members["NotResource"]) == '"NotResource": "arn:aws:doc:::a/*"'
    assert cut(condition.span) == '"app:k": ["a*", true, 1.50]'
    assert [value.text for value in condition.values] == ["a*", "true", "1.50"]
    assert (condition.operator, condition.quantifier, condition.if_exists) == (
        "StringLike",
        Quantifier.FOR_ANY,
        True,
    )
    assert condition.operator_text == "ForAnyValue:StringLikeIfExists"
    assert (statement.effect, statement.not_action, statement.not_resource) == (Effect.DENY, True, True)
    assert (policy.id, policy.version, policy.variables) == ("x", "2012-10-17", True)


def test_the_message_names_path_place_and_correction() -> None:
    """The launch post's own ARN is refused with the corrected one."""
    text = document({**GOOD, "Resource": ["*", "arn:aws:s3::*"]})

    with pytest.raises(MalformedPolicyDocument) as caught:
        parse(text, PolicyKind.IDENTITY)

    message = str(caught.value)
    assert "`Statement[0].Resource[1]`" in message
    assert "line 1 column" in message
    assert "did you mean `arn:aws:s3:::*`" in message
    (problem,) = caught.value.problems
    assert isinstance(problem, Problem)
    assert text[problem.span.start : problem.span.end] == '"arn:aws:s3::*"'


def test_several_faults_are_told_at_once() -> None:
    """Each fault has its own place, in the order of the text."""
    found = problems(
        document(
            {"effect": "Allow", "Action": "doc: Get", "Resource": "x"}, {"Effect": "allow", "Action": []}
        )
    )

    assert [problem.span.start for problem in found] == sorted(problem.span.start for problem in found)
    assert {problem.code for problem in found} >= {
        "INVALID_POLICY_ELEMENT",
        "MISSING_EFFECT",
        "INVALID_ACTION",
        "INVALID_EFFECT",
        "EMPTY_ARRAY_ACTION",
        "MISSING_RESOURCE",
    }
    assert "Effect" in {problem.suggestion for problem in found}
    assert "Allow" in {problem.suggestion for problem in found}


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ({"Effect": "denY"}, "INVALID_EFFECT"),
        ({"Effect": 5}, "INVALID_EFFECT"),
        ({"Action": "*:Get"}, "INVALID_SERVICE_IN_ACTION"),
        ({"Action": "doc:${aws:username}"}, "INVALID_ACTION"),
        ({"Action": "doc:G\u00e9t"}, "INVALID_ACTION"),
        ({"Action": "doc:Get,doc:Put"}, "INVALID_ACTION"),
        ({"Action": "doc:"}, "INVALID_ACTION"),
        ({"Action": 5}, "DATA_TYPE_MISMATCH"),
        ({"Action": ["doc:Get", None]}, "DATA_TYPE_MISMATCH"),
        ({"NotAction": "doc:Get"}, "UNSUPPORTED_ELEMENT_COMBINATION"),
        ({"NotResource": "*"}, "UNSUPPORTED_ELEMENT_COMBINATION"),
        ({"Resource": "arn:aws:*:::x"}, "WILDCARD_IN_SERVICE_NAME"),
        ({"Resource": "arn:aws:doc:eu-*::x"}, "PARTIAL_WILDCARD_IN_ARN"),
        ({"Resource": "arn:${aws:x}:doc:::x"}, "VARIABLE_UNSUPPORTED_IN_ELEMENT"),
        ({"Resource": "arn:aws:doc:::"}, "MISSING_ARN_FIELD"),
        ({"Resource": "arn:aws:doc::${aws:username}"}, "MISSING_ARN_FIELD"),
        ({"Resource": "arn:aws:doc:::${aws:username"}, "MISSING_BRACE_IN_VARIABLE"),
        ({"Resource": "arm:aws:doc:::x"}, "INVALID_ARN_PREFIX"),
        ({"Resource": "arn:aws:doc:::a\tb"}, "INVALID_ARN_RESOURCE"),
        ({"Principal": "*"}, "UNSUPPORTED_PRINCIPAL"),
        ({"Sid": "a b"}, "UNSUPPORTED_SID"),
        ({"Sid": None}, "DATA_TYPE_MISMATCH"),
        ({"Condition": None}, "DATA_TYPE_MISMATCH"),
        ({"Condition": {"StringEquals": []}}, "DATA_TYPE_MISMATCH"),
        ({"Condition": {"StringEqual": {"a:b": "x"}}}, "INVALID_CONDITION_OPERATOR"),
        ({"Condition": {"stringequals": {}}}, "INVALID_CONDITION_OPERATOR"),
        ({"Condition": {"ForAnyValues:StringEquals": {"a:b": "x"}}}, "INVALID_CONDITION_OPERATOR"),
        ({"Condition": {"NullIfExists": {"a:b": "true"}}}, "NULL_WITH_IF_EXISTS"),
        ({"Condition": {"ForAllValues:Null": {"a:b": "true"}}}, "NULL_WITH_QUALIFIER"),
        ({"Condition": {"StringEqualsIfExistsIfExists": {"a:b": "x"}}}, "INVALID_CONDITION_OPERATOR"),
        ({"Condition": {"Null": {"a:b": "maybe"}}}, "TYPE_MISMATCH_BOOLEAN"),
        ({"Condition": {"StringEquals": {"a:b": []}}}, "EMPTY_ARRAY_CONDITION"),
        ({"Condition": {"StringEquals": {"a:b": None}}}, "INVALID_CONDITION_DATA_TYPE"),
        ({"Condition": {"StringEquals": {"a:b": [["x"]]}}}, "INVALID_CONDITION_DATA_TYPE"),
        ({"Condition": {"StringEquals": {"a:b": "x", "A:B": "y"}}}, "DUPLICATE_KEYS_WITH_DIFFERENT_CASE"),
        ({"Condition": {"StringEquals": {"": "x"}}}, "INVALID_CONDITION_KEY_FORMAT"),
        ({"Condition": {"StringEquals": {"nokey": "x"}}}, "INVALID_CONDITION_KEY_FORMAT"),
        ({"Condition": {"StringEquals": {"a:${b:c}": "x"}}}, "VARIABLE_UNSUPPORTED_IN_ELEMENT"),
        ({"Condition": {"Bool": {"a:b": "${aws:x}"}}}, "INVALID_VARIABLE_FOR_OPERATOR"),
        ({"Condition": {"NumericEquals": {"a:b": "ten"}}}, "TYPE_MISMATCH_NUMBER"),
        ({"Condition": {"DateLessThan": {"a:b": "2024"}}}, "TYPE_MISMATCH_DATE"),
        ({"Condition": {"IpAddress": {"a:b": "10.0.0.0/99"}}}, "TYPE_MISMATCH_IP_RANGE"),
        ({"Condition": {"ArnLike": {"a:b": "*"}}}, "TYPE_MISMATCH_ARN"),
        ({"Condition": {"StringLike": {"a:b": "${x"}}}, "MISSING_BRACE_IN_VARIABLE"),
    ],
)
def test_what_an_identity_policy_may_not_say(statement: Mapping[str, object], code: str) -> None:
    """Each fault is refused with its own code, and its span cuts out something of the text."""
    text = document({**GOOD, **statement})

    found = problems(text)

    assert code in {problem.code for problem in found}
    assert all(text[problem.span.start : problem.span.end] for problem in found)


@pytest.mark.parametrize(
    "statement",
    [
        {"Action": ["*", "DOC:g?t*[x]", "a.b-c:{}"]},
        {"Resource": "arn:*:doc:*:*:a/${aws:username}/${app:k, 'x y'}/${*}"},
        {"Resource": "arn:aws:doc::${aws:PrincipalAccount}:$/{x}"},
        {"Condition": {}},
        {"Condition": {"StringEquals": {}}},
        {"Condition": {"ArnLike": {"a:b": "arn:aws:iam::${aws:PrincipalAccount}:user/${aws:username}"}}},
        {"Condition": {"NumericEquals": {"a:b": [1, "2.5", 10**300]}, "Bool": {"a:b": True}}},
        {"Condition": {"Null": {"a:b": ["true", "false"]}}},
        {"Sid": ""},
    ],
)
def test_what_an_identity_policy_may_say(statement: Mapping[str, object]) -> None:
    """The nearest forms that are in the language."""
    assert parse(document({**GOOD, **statement}), PolicyKind.IDENTITY).statements


@pytest.mark.parametrize(
    ("principal", "good"),
    [
        ("*", True),
        ("x", False),
        ({}, False),
        ([], False),
        ({"AWS": "*"}, True),
        ({"Service": "*"}, False),
        ({"Federated": "*"}, False),
        ({"AWS": "123456789012"}, True),
        ({"AWS": "12345678901"}, False),
        ({"AWS": "１２３４５６７８９０１２"}, False),
        ({"AWS": "arn:aws:iam::123456789012:root"}, True),
        ({"AWS": "arn:aws:iam::123456789012:user/a/b"}, True),
        ({"AWS": "arn:aws:iam::123456789012:user/*"}, False),
        ({"AWS": "arn:aws:iam::123456789012:group/x"}, False),
        ({"AWS": "arn:aws:iam::123456789012:instance-profile/x"}, False),
        ({"AWS": "arn:aws:sts::123456789012:assumed-role/x/y"}, True),
        ({"AWS": "arn:aws:sts::123456789012:assumed-role/x"}, False),
        ({"AWS": "arn:aws:sts::123456789012:federated-user/x"}, True),
        ({"AWS": "arn:aws:iam::123456789012:user/${aws:username}"}, False),
        ({"AWS": []}, False),
        ({"IAM": "123456789012", "Service": ["a.b", "c"]}, True),
        ({"IAM": "*", "AWS": "*"}, False),
        ({"Service": "lambda.amazonaws.com"}, True),
        ({"Service": "a b"}, False),
        ({"Users": "x"}, False),
        ({"Federated": "accounts.google.com"}, True),
        ({"Federated": "arn:aws:iam::123456789012:saml-provider/x"}, True),
        ({"Federated": "arn:aws:iam::123456789012:user/x"}, False),
        ({"CanonicalUser": "0" * 64}, False),
    ],
)
def test_who_may_be_named_in_a_resource_policy(principal: object, good: bool) -> None:
    """Principals are spelt out; wildcards inside them, groups and other kinds are refused."""
    text = document({**GOOD, "Principal": principal})
    if good:
        assert parse(text, PolicyKind.RESOURCE).statements[0].principals
    else:
        problems(text, PolicyKind.RESOURCE)


def test_iam_is_another_name_for_aws() -> None:
    """iamkit's own spelling means the same."""
    policy = parse(document({**GOOD, "Principal": {"IAM": "123456789012"}}), PolicyKind.RESOURCE)

    assert [entry.type for entry in policy.statements[0].principals or ()] == ["AWS"]


@pytest.mark.parametrize(
    ("kind", "statement", "code"),
    [
        (PolicyKind.RESOURCE, GOOD, "MISSING_PRINCIPAL"),
        (PolicyKind.RESOURCE, {**GOOD, "NotPrincipal": "*"}, "ALLOW_WITH_NOTPRINCIPAL"),
        (PolicyKind.TRUST, {**ROLE, "Resource": "*"}, "ROLE_TRUST_POLICY_SYNTAX_ERROR_RESOURCE"),
        (PolicyKind.TRUST, {**ROLE, "Principal": "*"}, "ROLE_TRUST_POLICY_UNSUPPORTED_WILDCARD_IN_PRINCIPAL"),
        (
            PolicyKind.TRUST,
            {**ROLE, "Principal": {"AWS": "*"}},
            "ROLE_TRUST_POLICY_UNSUPPORTED_WILDCARD_IN_PRINCIPAL",
        ),
        (PolicyKind.TRUST, {**ROLE, "Action": "*"}, "UNSUPPORTED_ACTION_IN_POLICY"),
        (PolicyKind.TRUST, {**ROLE, "Action": "doc:Get"}, "UNSUPPORTED_ACTION_IN_POLICY"),
        (PolicyKind.ENDPOINT, {**ROLE, "Action": "doc:Get"}, "MISSING_RESOURCE"),
        (PolicyKind.GUARDRAIL, {**GOOD, "Principal": "*"}, "SCP_SYNTAX_ERROR_PRINCIPAL"),
        (PolicyKind.RESOURCE_GUARDRAIL, {**GOOD, "Principal": "*"}, "UNSUPPORTED_EFFECT"),
        (
            PolicyKind.RESOURCE_GUARDRAIL,
            {**GOOD, "Effect": "Deny", "Principal": {"AWS": "123456789012"}},
            "UNSUPPORTED_PRINCIPAL",
        ),
        (
            PolicyKind.RESOURCE_GUARDRAIL,
            {**GOOD, "Effect": "Deny", "Principal": "*", "Action": "*"},
            "UNSUPPORTED_WILDCARD",
        ),
    ],
)
def test_what_a_kind_of_policy_may_not_say(
    kind: PolicyKind, statement: Mapping[str, object], code: str
) -> None:
    """Each kind has its own forbidden and required elements."""
    assert code in {problem.code for problem in problems(document(statement), kind)}


@pytest.mark.parametrize(
    ("kind", "statement"),
    [
        (PolicyKind.RESOURCE, {"Effect": "Allow", "Action": "doc:Get", "Principal": "*"}),
        (
            PolicyKind.RESOURCE,
            {**GOOD, "Effect": "Deny", "NotPrincipal": {"AWS": "123456789012"}, "Sid": "a b+"},
        ),
        (PolicyKind.TRUST, ROLE),
        (PolicyKind.TRUST, {**ROLE, "Action": ["STS:Assume*"]}),
        (PolicyKind.GUARDRAIL, {"Effect": "Allow", "NotAction": "a:x", "NotResource": "*"}),
        (PolicyKind.RESOURCE_GUARDRAIL, {**GOOD, "Effect": "Deny", "Principal": "*"}),
        (PolicyKind.ENDPOINT, {**GOOD, "Principal": "*"}),
    ],
)
def test_what_a_kind_of_policy_may_say(kind: PolicyKind, statement: Mapping[str, object]) -> None:
    """The nearest documents that the kind accepts."""
    assert parse(document(statement), kind).kind is kind


def test_trust_in_strangers_says_for_whom() -> None:
    """A provider is trusted only with conditions on audience and subject."""
    stranger = {
        "Effect": "Allow",
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Principal": {"Federated": "accounts.google.com"},
    }
    audience = {"accounts.google.com:aud": "app"}
    whole = {**stranger, "Condition": {"StringEquals": {**audience, "accounts.google.com:sub": "jeff"}}}

    problems(document(stranger), PolicyKind.TRUST)
    problems(document({**stranger, "Condition": {"StringEquals": audience}}), PolicyKind.TRUST)
    open_door = {"StringEquals": audience, "StringLikeIfExists": {"accounts.google.com:sub": "jeff"}}
    problems(document({**stranger, "Condition": open_door}), PolicyKind.TRUST)
    assert len(parse(document(whole), PolicyKind.TRUST).statements) == 1
    assert len(parse(document(stranger), PolicyKind.TRUST, stored=True).statements) == 1


def test_versions() -> None:
    """Managed policies have the current version; elsewhere an old or absent one is accepted."""
    for version in (None, "2008-10-17"):
        assert not parse(document(GOOD, version=version), PolicyKind.IDENTITY).variables
        problems(document(GOOD, version=version), managed=True)
        at_rest = parse(document(GOOD, version=version), PolicyKind.IDENTITY, managed=True, stored=True)
        assert at_rest.version == version
    assert parse(document(GOOD), PolicyKind.IDENTITY, managed=True).variables
    (problem,) = problems(document(GOOD, version="2012-10-18"))
    assert problem.suggestion == "2012-10-17"


def test_documents_at_rest_keep_what_has_a_meaning_at_run_time() -> None:
    """What run-time rules give a meaning to is read; what has none is still refused."""
    odd = {"Effect": "Deny", "Action": "doc:a b", "Resource": [], "Condition": {"NoSuch": {"x": []}}}

    policy = parse(
        document(odd, {**GOOD, "Principal": {"Service": "*"}, "Sid": "a b"}), PolicyKind.IDENTITY, stored=True
    )

    assert len(policy.statements) == 2
    for broken in (
        {**GOOD, "Resource": "arn:aws:s3::*"},
        {**GOOD, "Resource": "arn:aws:doc:::${x"},
        {"Effect": "Allow", "NotAction": [], "Resource": "*"},
        {"Effect": "Allow", "Action": "*"},
        {**GOOD, "Effect": "allow"},
        {**GOOD, "Extra": 1},
    ):
        problems(document(broken), stored=True)


def test_sids_are_unique() -> None:
    """A Sid names one statement; the empty one may repeat."""
    (problem,) = problems(document({**GOOD, "Sid": "a"}, {**GOOD, "Sid": "a"}))
    assert problem.path == ("Statement", 1, "Sid")
    assert len(parse(document({**GOOD, "Sid": ""}, {**GOOD, "Sid": ""}), PolicyKind.IDENTITY).statements) == 2


@pytest.mark.parametrize(
    "text", ["[]", "5", "{}", '{"Statement": []}', '{"Statement": [5]}', '{"Statement": "x"}']
)
def test_documents_without_statements_are_refused(text: str) -> None:
    """A policy is an object with at least one statement."""
    problems(text)


def test_lists_have_a_limit() -> None:
    """No list goes on for ever."""
    assert "LIST_TOO_LONG" in {p.code for p in problems(document({**GOOD, "Action": ["a:b"] * 4097}))}


def test_size_counts_no_white_space() -> None:
    """Indenting a document does not make it larger."""
    assert significant_length('{ "a":\n\t1 }') == len('{"a":1}')


_WORDS = st.sampled_from(
    [
        "Version",
        "2012-10-17",
        "Statement",
        "Effect",
        "Allow",
        "Deny",
        "Action",
        "NotAction",
        "doc:Get",
        "*",
        "Resource",
        "arn:aws:doc:::${aws:username}",
        "arn:aws:s3::*",
        "Principal",
        "AWS",
        "Condition",
        "StringLike",
        "Null",
        "a:b",
        "ForAllValues:NumericEquals",
        "true",
        "${",
        "\ud83d\ude00",
        "",
        "x" * 300,
    ]
)
_JSON = st.recursive(
    _WORDS | st.none() | st.booleans() | st.integers() | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_WORDS, inner, max_size=4),
    max_leaves=25,
)


@settings(max_examples=200, deadline=None)
@given(
    data=_JSON
    | st.fixed_dictionaries({"Statement": st.lists(st.dictionaries(_WORDS, _JSON, max_size=5), max_size=2)}),
    kind=st.sampled_from(PolicyKind),
    stored=st.booleans(),
)
def test_any_document_is_parsed_or_refused(data: object, kind: PolicyKind, stored: bool) -> None:
    """Nothing but a policy or MalformedPolicyDocument ever comes out."""
    outcome: Policy | MalformedPolicyDocument
    try:
        outcome = parse(json.dumps(data), kind, stored=stored)
    except MalformedPolicyDocument as error:
        outcome = error

    assert outcome.problems if isinstance(outcome, MalformedPolicyDocument) else outcome.statements
