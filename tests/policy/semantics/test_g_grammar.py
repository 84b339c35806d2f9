"""SEM-G: the shape of a document, its version, and what each kind must and must not contain."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

import pytest

from iamkit.errors import MalformedPolicyDocument
from iamkit.policy import parse
from iamkit.policy.decision import Decision, Outcome
from iamkit.policy.model import Policy, PolicyKind

Ask = Callable[..., Decision]
Codes = Callable[..., set[str]]
Read = Callable[..., Policy]
Refused = Callable[..., str]
Verdict = Callable[..., str]

GOOD: Mapping[str, object] = {"Effect": "Allow", "Action": "doc:Get", "Resource": "*"}
NOTE = "arn:aws:doc:eu-west-1:111122223333:notes/a"
HOME = "arn:aws:doc:eu-west-1:111122223333:notes/${aws:username}"


def document(*statements: Mapping[str, object], **members: object) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements or (GOOD,)), **members})


# -- G-1 to G-3: members


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        '"*"',
        "null",
        "",
        "{",
        "{}",
        document() + "x",
        document(Conditions={}),
        document(Comment="x"),
        '{"Version": "2012-10-17"}',
    ],
)
def test_G1_holds_anything_but_an_object_of_the_three_members_is_refused(refused: Refused, text: str) -> None:
    """Only Version, Id and Statement stand at the top, and Statement must."""
    refused(text)


@pytest.mark.parametrize(
    "text",
    [
        document(),
        json.dumps({"Statement": [GOOD], "Version": "2012-10-17"}),
        '{"Version": "2012-10-17", "Statement": [{"Resource": "*", "Action": "doc:Get", "Effect": "Allow"}]}',
    ],
)
def test_G1_near_members_in_any_order_are_one_document(read: Read, text: str) -> None:
    """The order of members has no meaning."""
    assert len(read(text).statements) == 1


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"version": "2012-10-17", "Statement": [GOOD]}),
        json.dumps({"Version": "2012-10-17", "statement": [GOOD]}),
        document({"effect": "Allow", "Action": "doc:Get", "Resource": "*"}),
        document({**GOOD, "condition": {}}),
        document({**GOOD, "Resources": "*"}),
    ],
)
def test_G2_holds_misspelt_member_is_refused(refused: Refused, text: str) -> None:
    """Element names are case-sensitive and unknown ones refused at both levels."""
    refused(text)


def test_G2_near_exact_spelling_is_accepted(read: Read) -> None:
    """Every member of the grammar, spelt exactly, is read."""
    assert read(document({**GOOD, "Sid": "a", "Condition": {}})).statements[0].sid == "a"


@pytest.mark.parametrize(
    "text",
    [
        '{"Version": "2012-10-17", "Statement": [%s], "Statement": [%s]}' % ((json.dumps(GOOD),) * 2),
        '{"Version": "2012-10-17", "Statement":'
        ' {"Effect": "Deny", "Effect": "Allow", "Action": "doc:Get", "Resource": "*"}}',
        '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "doc:Get", "Resource": "*",'
        ' "Condition": {"StringEquals": {"app:k": "a"}, "StringEquals": {"app:l": "a"}}}}',
        document({**GOOD, "Condition": {"StringEquals": {"app:k": "a", "APP:K": "b"}}}),
    ],
)
def test_G3_holds_duplicate_member_is_refused(refused: Refused, text: str) -> None:
    """A member that occurs twice, or two condition keys that differ by case, is an error."""
    refused(text)


def test_G3_near_the_same_key_under_two_operators_is_no_duplicate(read: Read) -> None:
    """One key may stand under several operators."""
    condition = {"StringEquals": {"app:k": "a"}, "StringLike": {"app:k": "a*"}}

    assert len(read({"Condition": condition}).statements[0].conditions) == 2


# -- G-4 to G-10: statements


@pytest.mark.parametrize("statement", [[], "x", None, 5, [[]], [GOOD, "x"], [None]])
def test_G4_holds_statement_that_is_neither_object_nor_list_of_objects_is_refused(
    refused: Refused, statement: object
) -> None:
    """An empty list, or anything but objects, is no Statement."""
    refused(json.dumps({"Version": "2012-10-17", "Statement": statement}))


@pytest.mark.parametrize("statement", [GOOD, [GOOD], [GOOD, GOOD]])
def test_G4_near_one_object_or_a_list_of_objects_is_read(read: Read, statement: object) -> None:
    """A single object means the same as a list of one."""
    assert read(json.dumps({"Version": "2012-10-17", "Statement": statement})).statements


@pytest.mark.parametrize(
    "statement",
    [
        {**GOOD, "NotAction": "doc:Put"},
        {**GOOD, "NotResource": NOTE},
        {"Action": "doc:Get", "Resource": "*"},
        {"Effect": "Allow", "Resource": "*"},
        {},
        {**GOOD, "Action": None},
        {**GOOD, "Action": 5},
        {**GOOD, "Action": ["doc:Get", 5]},
        {**GOOD, "Resource": {"a": "b"}},
        {**GOOD, "Sid": 5},
        {**GOOD, "Condition": []},
    ],
)
def test_G5_holds_missing_doubled_or_mistyped_elements_are_refused(
    refused: Refused, statement: Mapping[str, object]
) -> None:
    """Effect and one action element are required, both halves of a pair are an error, types are fixed."""
    refused(document(statement))


def test_G5_holds_both_principal_elements_are_refused(refused: Refused) -> None:
    """Principal and NotPrincipal exclude one another."""
    refused(
        {"Effect": "Deny", "Principal": "*", "NotPrincipal": {"AWS": "111122223333"}}, PolicyKind.RESOURCE
    )


@pytest.mark.parametrize(
    "statement",
    [
        GOOD,
        {"Effect": "Allow", "NotAction": "doc:Put", "Resource": "*"},
        {"Effect": "Allow", "Action": "doc:Put", "NotResource": NOTE},
    ],
)
def test_G5_near_one_half_of_each_pair_is_accepted(read: Read, statement: Mapping[str, object]) -> None:
    """Either half of a pair may stand alone."""
    assert read(document(statement)).statements


# What each kind must and must not contain (the table of SEM §1.3).
STAR = {"Principal": "*"}
DENY = {"Effect": "Deny", "Action": "doc:Get", "Resource": "*"}
TRUSTING = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "111122223333"}}
NOT_RESOURCE = {"Effect": "Allow", "Action": "doc:Get"}


@pytest.mark.parametrize(
    ("kind", "statement"),
    [
        (PolicyKind.IDENTITY, {**GOOD, **STAR}),
        (PolicyKind.IDENTITY, NOT_RESOURCE),
        (PolicyKind.BOUNDARY, {**GOOD, **STAR}),
        (PolicyKind.BOUNDARY, NOT_RESOURCE),
        (PolicyKind.SESSION, {**GOOD, **STAR}),
        (PolicyKind.SESSION, NOT_RESOURCE),
        (PolicyKind.GUARDRAIL, {**GOOD, **STAR}),
        (PolicyKind.GUARDRAIL, NOT_RESOURCE),
        (PolicyKind.RESOURCE, GOOD),
        (PolicyKind.TRUST, {**TRUSTING, "Resource": "*"}),
        (PolicyKind.TRUST, {**TRUSTING, "NotResource": NOTE}),
        (PolicyKind.TRUST, {**TRUSTING, "Action": "doc:Get"}),
        (PolicyKind.TRUST, {**TRUSTING, "Action": ["sts:AssumeRole", "doc:Get"]}),
        (PolicyKind.TRUST, {"Effect": "Allow", "Action": "sts:AssumeRole"}),
        (PolicyKind.TRUST, {**TRUSTING, "Principal": "*"}),
        (PolicyKind.TRUST, {**TRUSTING, "Principal": {"AWS": "*"}}),
        (
            PolicyKind.TRUST,
            {"Effect": "Deny", "Action": "sts:AssumeRole", "NotPrincipal": {"AWS": "111122223333"}},
        ),
        (PolicyKind.RESOURCE_GUARDRAIL, {**GOOD, **STAR}),
        (PolicyKind.RESOURCE_GUARDRAIL, {**DENY, "Principal": {"AWS": "111122223333"}}),
        (PolicyKind.RESOURCE_GUARDRAIL, DENY),
        (PolicyKind.RESOURCE_GUARDRAIL, {**DENY, **STAR, "Action": "*"}),
        (
            PolicyKind.RESOURCE_GUARDRAIL,
            {"Effect": "Deny", "NotAction": "doc:Get", "Resource": "*", **STAR},
        ),
        (PolicyKind.RESOURCE_GUARDRAIL, {**DENY, "NotPrincipal": {"AWS": "111122223333"}}),
        (PolicyKind.ENDPOINT, GOOD),
        (PolicyKind.ENDPOINT, {**NOT_RESOURCE, **STAR}),
    ],
)
def test_G5_holds_each_kind_refuses_what_it_must_not_contain(
    refused: Refused, kind: PolicyKind, statement: Mapping[str, object]
) -> None:
    """A statement with an element its kind forbids, or without one it requires, is refused."""
    refused(document(statement), kind)


@pytest.mark.parametrize(
    ("kind", "statement"),
    [
        (PolicyKind.IDENTITY, GOOD),
        (PolicyKind.BOUNDARY, GOOD),
        (PolicyKind.SESSION, GOOD),
        (PolicyKind.GUARDRAIL, GOOD),
        (PolicyKind.GUARDRAIL, {**GOOD, "Condition": {"StringEquals": {"app:k": "x"}}}),
        (PolicyKind.GUARDRAIL, {"Effect": "Allow", "NotAction": "doc:*Get*", "NotResource": NOTE}),
        (PolicyKind.RESOURCE, {**GOOD, **STAR}),
        (PolicyKind.RESOURCE, {**NOT_RESOURCE, **STAR}),
        (PolicyKind.RESOURCE, {**DENY, "NotPrincipal": {"AWS": "111122223333"}}),
        (PolicyKind.TRUST, TRUSTING),
        (PolicyKind.TRUST, {**TRUSTING, "Principal": {"IAM": "111122223333"}}),
        (PolicyKind.RESOURCE_GUARDRAIL, {**DENY, **STAR}),
        (PolicyKind.ENDPOINT, {**GOOD, **STAR}),
    ],
)
def test_G5_near_each_kind_accepts_what_it_must_contain(
    read: Read, kind: PolicyKind, statement: Mapping[str, object]
) -> None:
    """The nearest legal statement of each kind is accepted."""
    assert read(document(statement), kind).kind is kind


def test_G5_holds_resource_policy_without_resource_means_what_it_hangs_on(ask: Ask) -> None:
    """A resource policy may leave Resource out."""
    grant = json.dumps({"Version": "2012-10-17", "Statement": {**NOT_RESOURCE, **STAR}})

    assert ask(resource=grant)


@pytest.mark.parametrize(
    ("single", "several"),
    [
        ({"Action": "doc:Get"}, {"Action": ["doc:Get"]}),
        ({"Resource": NOTE}, {"Resource": [NOTE]}),
        ({"Condition": {"StringEquals": {"app:k": "x"}}}, {"Condition": {"StringEquals": {"app:k": ["x"]}}}),
    ],
)
def test_G6_holds_a_string_stands_for_a_list_of_one(
    ask: Ask, single: Mapping[str, object], several: Mapping[str, object]
) -> None:
    """A single string and a one-element list mean the same, here that the request is allowed."""
    context = {"app:k": "x"}

    assert ask(identity=single, context=context)
    assert ask(identity=several, context=context)


@pytest.mark.parametrize("action", ["doc:Get,doc:Put", [["doc:Get"]], {"0": "doc:Get"}])
def test_G6_near_nothing_else_stands_for_a_list(refused: Refused, action: object) -> None:
    """Commas, nested lists and objects are no list of strings."""
    refused({"Action": action})


@pytest.mark.parametrize("effect", ["denY", "allow", "ALLOW", "Permit", "", " Allow", None, True, ["Allow"]])
def test_G7_holds_any_other_effect_is_refused(refused: Refused, effect: object) -> None:
    """An effect that is not exactly Allow or Deny is an error."""
    refused({"Effect": effect})


@pytest.mark.parametrize("effect", ["Allow", "Deny"])
def test_G7_near_the_two_effects_are_accepted(read: Read, effect: str) -> None:
    """Both effects are read as written."""
    assert read({"Effect": effect}).statements[0].effect == effect


@pytest.mark.parametrize(
    "statements",
    [[{"Sid": "a b"}], [{"Sid": "a+b"}], [{"Sid": "é"}], [{"Sid": "same"}, {"Sid": "same"}]],
)
def test_G8_holds_identity_sid_outside_its_alphabet_or_twice_is_refused(
    refused: Refused, statements: list[Mapping[str, object]]
) -> None:
    """A Sid of an identity policy has letters and digits only and is unique."""
    refused(statements)


@pytest.mark.parametrize(
    ("kind", "statements"),
    [
        (PolicyKind.IDENTITY, [{"Sid": "aB9"}, {"Sid": "AB9"}]),
        (PolicyKind.IDENTITY, [{"Sid": ""}, {"Sid": ""}]),
        (PolicyKind.RESOURCE, [{"Sid": "allow notes + more"}]),
    ],
)
def test_G8_near_unique_empty_or_resource_sids_are_accepted(
    read: Read, kind: PolicyKind, statements: list[Mapping[str, object]]
) -> None:
    """The empty Sid may repeat and resource policies may use spaces and punctuation."""
    assert [s.sid for s in read(statements, kind).statements] == [s["Sid"] for s in statements]


def test_G8_near_sid_never_changes_the_decision(ask: Ask) -> None:
    """A Sid is for people."""
    assert ask(identity={"Sid": "Deny"}).allowed is ask(identity={"Sid": ""}).allowed is True


def test_G9_holds_id_is_an_optional_string_without_effect(ask: Ask, read: Read) -> None:
    """An Id is kept and changes nothing."""
    text = document({**GOOD, **STAR}, Id="any text: at all")

    assert read(text, PolicyKind.RESOURCE).id == "any text: at all"
    assert ask(resource=text)


@pytest.mark.parametrize("value", [5, None, ["x"], {}])
def test_G9_near_an_id_that_is_no_string_is_refused(refused: Refused, value: object) -> None:
    """An Id is a string."""
    refused(document({**GOOD, **STAR}, Id=value), PolicyKind.RESOURCE)


@pytest.mark.parametrize(
    ("operator", "written", "asked"),
    [
        ("Bool", True, True),
        ("Bool", False, "false"),
        ("StringEquals", True, "true"),
        ("StringEquals", 5, "5"),
        ("StringEquals", -1.5, "-1.5"),
        ("NumericEquals", 5, "5"),
        ("StringEquals", ["x", 5, True], "true"),
    ],
)
def test_G10_holds_booleans_and_numbers_are_their_json_text(
    verdict: Verdict, operator: str, written: object, asked: str | bool
) -> None:
    """Condition values may be JSON booleans and numbers."""
    assert verdict({operator: {"app:k": written}}, {"app:k": asked}) == "holds"


def test_G10_holds_empty_condition_is_always_satisfied(verdict: Verdict) -> None:
    """`{}` asks for nothing."""
    assert verdict({}) == "holds"


@pytest.mark.parametrize(
    "condition",
    [
        None,
        "x",
        [],
        {"StringEquals": None},
        {"StringEquals": "x"},
        {"StringEquals": ["x"]},
        {"StringEquals": {"app:k": None}},
        {"StringEquals": {"app:k": [None]}},
        {"StringEquals": {"app:k": {"a": "b"}}},
        {"StringEquals": {"app:k": [["x"]]}},
    ],
)
def test_G10_near_null_and_other_shapes_are_refused(refused: Refused, condition: object) -> None:
    """A condition is operator, key, then text, boolean or number, or a list of them."""
    refused({"Condition": condition})


def test_G10_near_the_text_of_a_number_is_compared_as_written(verdict: Verdict) -> None:
    """`5.0` under a string operator is not `5`."""
    assert verdict({"StringEquals": {"app:k": 5.0}}, {"app:k": "5"}) == "fails"


# -- G-11: empty lists


@pytest.mark.parametrize(
    ("kind", "statement"),
    [
        (PolicyKind.IDENTITY, {"Action": []}),
        (PolicyKind.IDENTITY, {"NotAction": []}),
        (PolicyKind.IDENTITY, {"Resource": []}),
        (PolicyKind.IDENTITY, {"NotResource": []}),
        (PolicyKind.RESOURCE, {"Principal": {"AWS": []}}),
        (PolicyKind.RESOURCE, {"Principal": {}}),
        (PolicyKind.IDENTITY, {"Condition": {"StringEquals": {"app:k": []}}}),
    ],
)
def test_G11_holds_empty_lists_are_refused(
    refused: Refused, kind: PolicyKind, statement: Mapping[str, object]
) -> None:
    """No list may be empty."""
    refused(statement, kind)


@pytest.mark.parametrize("statement", [{"Action": []}, {"Resource": []}])
def test_G11_holds_at_rest_an_empty_action_or_resource_never_allows(
    ask: Ask, statement: Mapping[str, object]
) -> None:
    """An empty list met at run time matches nothing."""
    assert not ask(identity=statement, stored=True)


def test_G11_holds_at_rest_an_empty_principal_never_allows(ask: Ask) -> None:
    """An empty principal list met at run time matches nobody."""
    assert not ask(resource={"Principal": {"AWS": []}}, stored=True)


@pytest.mark.parametrize(
    ("operator", "present", "missing"),
    [
        ("StringEquals", "fails", "fails"),
        ("StringEqualsIfExists", "fails", "holds"),
        ("ForAnyValue:StringEquals", "fails", "fails"),
        ("ForAllValues:StringEquals", "fails", "holds"),
    ],
)
def test_G11_near_at_rest_an_empty_value_list_holds_only_for_a_missing_key(
    verdict: Verdict, operator: str, present: str, missing: str
) -> None:
    """With no values to compare with, only the rules for a missing key can hold."""
    empty: list[str] = []
    condition = {operator: {"app:k": empty}}

    value = ("x",) if operator.startswith("For") else "x"
    assert verdict(condition, {"app:k": value}, stored=True) == present
    assert verdict(condition, {}, stored=True) == missing


# -- G-12 to G-15: versions


@pytest.mark.parametrize(
    "version", ["2012-10-18", "2012-10-7", "", "2012-10-17 ", "latest", 20121017, None, ["2012-10-17"]]
)
def test_G12_holds_any_other_version_is_refused(refused: Refused, version: object) -> None:
    """Two dates are versions; nothing else is."""
    refused(json.dumps({"Version": version, "Statement": GOOD}))


@pytest.mark.parametrize("version", ["2012-10-17", "2008-10-17"])
def test_G12_near_the_two_versions_are_accepted(read: Read, version: str) -> None:
    """Both versions are read as written."""
    assert read({}, version=version).version == version


def test_G13_holds_without_version_variables_are_ordinary_text(ask: Ask) -> None:
    """An absent version means 2008-10-17."""
    context = {"aws:username": "jeff"}

    assert not ask(identity={"Resource": HOME}, on=NOTE[:-1] + "jeff", context=context, version=None)
    assert ask(identity={"Resource": HOME}, on=HOME, context=context, version=None)


def test_G13_near_with_the_newer_version_the_same_text_is_a_variable(ask: Ask) -> None:
    """Under 2012-10-17 the variable is replaced."""
    context = {"aws:username": "jeff"}

    assert ask(identity={"Resource": HOME}, on=NOTE[:-1] + "jeff", context=context)
    assert not ask(identity={"Resource": HOME}, on=HOME, context=context)


@pytest.mark.parametrize(
    ("operator", "written", "asked"),
    [
        ("StringEquals", "${aws:username}", "${aws:username}"),
        ("StringEquals", "${*}", "${*}"),
        ("StringEquals", "${$}", "${$}"),
        ("StringLike", "${*}", "${anything}"),
        ("StringEquals", "${app:absent, 'x'}", "${app:absent, 'x'}"),
    ],
)
def test_G14_holds_under_the_older_version_nothing_is_replaced(
    verdict: Verdict, operator: str, written: str, asked: str
) -> None:
    """Variables, escapes and defaults are ordinary text under 2008-10-17."""
    context = {"app:k": asked, "aws:username": "jeff"}

    assert verdict({operator: {"app:k": written}}, context, version="2008-10-17") == "holds"


@pytest.mark.parametrize(
    ("written", "asked"),
    [("${aws:username}", "jeff"), ("${*}", "*"), ("${$}", "$"), ("${app:absent, 'x'}", "x")],
)
def test_G14_near_under_the_newer_version_they_are_replaced(
    verdict: Verdict, written: str, asked: str
) -> None:
    """The same values under 2012-10-17 mean what they stand for, and not under 2008-10-17."""
    condition = {"StringEquals": {"app:k": written}}
    context = {"app:k": asked, "aws:username": "jeff"}

    assert verdict(condition, context) == "holds"
    assert verdict(condition, context, version="2008-10-17") == "fails"


def test_G15_holds_managed_policy_without_version_is_refused(refused: Refused) -> None:
    """A managed policy must say its version."""
    refused({}, managed=True, version=None)


def test_G15_near_managed_with_the_version_and_inline_without_are_accepted(read: Read, codes: Codes) -> None:
    """An inline policy without version, or with the older one, is accepted with a finding."""
    assert read({}, managed=True).version == "2012-10-17"
    assert read({}, version=None).version is None
    assert codes({}, version=None) - codes({})
    assert codes({}, version="2008-10-17") - codes({})


# -- G-16 to G-18


def test_G16_holds_resource_statement_without_principal_is_refused(refused: Refused) -> None:
    """A resource policy must name a principal."""
    refused(document(GOOD), PolicyKind.RESOURCE)


def test_G16_holds_at_rest_it_never_allows(ask: Ask) -> None:
    """A statement of a resource policy at rest that names no principal matches nobody."""
    assert not ask(resource=document(GOOD), stored=True)


def test_G16_near_the_same_statement_with_principal_allows(ask: Ask) -> None:
    """With a principal the statement matches."""
    assert ask(resource=document({**GOOD, **STAR}))


def test_G17_holds_principal_in_an_identity_policy_is_refused(refused: Refused) -> None:
    """Identity policies name no principal."""
    refused({"Principal": "*"})


def test_G17_holds_at_rest_it_plays_no_part(ask: Ask) -> None:
    """A principal stored in an identity policy neither helps nor hinders."""
    assert ask(identity={"Principal": {"AWS": "444455556666"}}, stored=True)


def test_G17_near_the_same_statement_in_a_resource_policy_is_matched_by_its_principal(ask: Ask) -> None:
    """In a resource policy the principal counts."""
    assert not ask(resource={"Principal": {"AWS": "444455556666"}})


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(document(*[GOOD] * 20_000), id="statements"),
        pytest.param(document({**GOOD, "Action": [f"doc:Get{n}" for n in range(200_000)]}), id="entries"),
        pytest.param(document({**GOOD, "Resource": NOTE + "a" * 2_000_000}), id="length"),
        pytest.param("[" * 200_000 + "]" * 200_000, id="lists"),
        pytest.param('{"Statement":' * 50_000 + "{}" + "}" * 50_000, id="objects"),
        pytest.param(document({**GOOD, "Sid": 10**400}), id="numbers"),
        pytest.param('{"Version": "2012-10-17", "Statement": ' + "9" * 10_000 + "}", id="digits"),
    ],
)
def test_G18_holds_oversized_documents_are_refused(text: str) -> None:
    """Size, nesting and counts have a cap, met by an error of the tree and no other."""
    with pytest.raises(MalformedPolicyDocument):
        parse(text, PolicyKind.IDENTITY)


def test_G18_holds_the_cap_stands_for_documents_at_rest_too() -> None:
    """Nesting is bounded also for what was stored by other means."""
    with pytest.raises(MalformedPolicyDocument):
        parse("[" * 200_000 + "]" * 200_000, PolicyKind.IDENTITY, stored=True)


def test_G18_near_white_space_and_ordinary_sizes_are_accepted(ask: Ask) -> None:
    """A document of some kilobytes, generously indented, is accepted."""
    actions = [f"doc:Get{n}" for n in range(200)] + ["doc:Get"]
    text = json.dumps({"Version": "2012-10-17", "Statement": {**GOOD, "Action": actions}}, indent=16)

    assert ask(identity=text).outcome is Outcome.ALLOWED
