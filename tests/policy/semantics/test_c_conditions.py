"""SEM-C: how conditions combine, what a missing key means, and each operator.

The whole table of operators is in `test_operator_table.py`; here each rule has its telling cases.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from iamkit.policy.decision import Decision, Outcome
from iamkit.policy.model import Policy
from iamkit.policy.request import ContextValue

Ask = Callable[..., Decision]
Codes = Callable[..., set[str]]
Read = Callable[..., Policy]
Refused = Callable[..., str]
Verdict = Callable[..., str]
Values = Mapping[str, ContextValue]

ARN = "arn:aws:doc:eu-west-1:111122223333:notes/a"


# -- C-1 to C-3: combination


def test_C1_holds_every_operator_and_key_must_hold(verdict: Verdict) -> None:
    """All pairs hold, so the block does."""
    condition = {"StringEquals": {"app:a": "1", "app:b": "2"}, "Bool": {"app:c": "true"}}

    assert verdict(condition, {"app:a": "1", "app:b": "2", "app:c": True}) == "holds"


@pytest.mark.parametrize("wrong", [{"app:a": "9"}, {"app:b": "9"}, {"app:c": False}])
def test_C1_near_one_that_fails_fails_all(verdict: Verdict, wrong: Values) -> None:
    """One pair that does not hold is enough to fail, whichever it is."""
    condition = {"StringEquals": {"app:a": "1", "app:b": "2"}, "Bool": {"app:c": "true"}}

    assert verdict(condition, {"app:a": "1", "app:b": "2", "app:c": True, **wrong}) == "fails"


@pytest.mark.parametrize("value", ["a", "b"])
def test_C2_holds_one_of_several_values_is_enough(verdict: Verdict, value: str) -> None:
    """The values of one key are alternatives."""
    assert verdict({"StringEquals": {"app:k": ["a", "b"]}}, {"app:k": value}) == "holds"


def test_C2_near_none_of_several_values(verdict: Verdict) -> None:
    """A value that is none of them fails."""
    assert verdict({"StringEquals": {"app:k": ["a", "b"]}}, {"app:k": "c"}) == "fails"


NEGATED = [
    ("StringNotEquals", ["a", "b"], "c", "b"),
    ("StringNotLike", ["a*", "b*"], "cc", "bb"),
    ("NumericNotEquals", ["1", "2"], "3", "2"),
    ("NotIpAddress", ["10.0.0.0/8", "192.168.0.0/16"], "8.8.8.8", "192.168.1.1"),
    ("DateNotEquals", ["2024-01-01", "2024-01-02"], "2024-01-03", "2024-01-02"),
]


@pytest.mark.parametrize(("operator", "values", "other", "_listed"), NEGATED)
def test_C3_holds_negated_operator_needs_none_of_the_values(
    verdict: Verdict, operator: str, values: list[str], other: str, _listed: str
) -> None:
    """A value that equals none holds."""
    assert verdict({operator: {"app:k": values}}, {"app:k": other}) == "holds"


@pytest.mark.parametrize(("operator", "values", "_other", "listed"), NEGATED)
def test_C3_near_equal_to_one_although_different_from_another(
    verdict: Verdict, operator: str, values: list[str], _other: str, listed: str
) -> None:
    """A value that equals one of them fails, although it differs from the others."""
    assert verdict({operator: {"app:k": values}}, {"app:k": listed}) == "fails"


# -- C-4 to C-7: names


@pytest.mark.parametrize(
    ("written", "present"),
    [("AWS:SourceIdentity", "aws:sourceidentity"), ("aws:resourcetag/TEAM", "aws:ResourceTag/Team")],
)
def test_C4_holds_key_names_ignore_case(verdict: Verdict, written: str, present: str) -> None:
    """A key is the same whatever its case, the tag's part included."""
    assert verdict({"StringEquals": {written: "x"}}, {present: "x"}) == "holds"


def test_C4_near_values_do_not(verdict: Verdict) -> None:
    """A value is compared with its case."""
    assert verdict({"StringEquals": {"app:k": "X"}}, {"app:k": "x"}) == "fails"


@pytest.mark.parametrize(
    "operator",
    [
        "stringEquals",
        "STRINGEQUALS",
        "StringEqualsIfexists",
        "StringEqualsIfExistsIfExists",
        "IfExistsStringEquals",
        "forAllValues:StringEquals",
        "ForAllValues:ForAllValues:StringEquals",
        "StringEqualsForAllValues:",
        "NotStringEquals",
        "StringNotEqualsNot",
        "NumericNotLessThan",
        "BinaryNotEquals",
        "BoolNot",
        "StringEquals ",
        "ForAllValues: StringEquals",
        "ForAllValuesStringEquals",
        "NotStringLike",
        "DateLike",
        "ArnEqualsIgnoreCase",
    ],
)
def test_C5_holds_an_operator_outside_the_table_is_refused(refused: Refused, operator: str) -> None:
    """Prefix, base and suffix must be spelt exactly, each at most once and in its place."""
    refused({"Condition": {operator: {"app:k": "5"}}})


@pytest.mark.parametrize(
    ("operator", "base"),
    [
        ("StringEquals", "StringEquals"),
        ("StringNotEqualsIfExists", "StringNotEquals"),
        ("ForAllValues:StringLike", "StringLike"),
        ("ForAnyValue:StringNotLikeIfExists", "StringNotLike"),
    ],
)
def test_C5_near_prefix_base_and_suffix_are_read_apart(read: Read, operator: str, base: str) -> None:
    """An operator of the table is read as its three pieces and printed as it was written."""
    (condition,) = read({"Condition": {operator: {"app:k": "x"}}}).statements[0].conditions

    assert condition.operator == base
    assert condition.operator_text == operator
    assert condition.if_exists is operator.endswith("IfExists")


def test_C5_near_a_value_or_key_with_not_in_it_negates_nothing(verdict: Verdict) -> None:
    """Only the operator's row says whether it negates."""
    assert verdict({"StringEquals": {"app:NotIfExists": "Not"}}, {"app:NotIfExists": "Not"}) == "holds"
    assert verdict({"StringEquals": {"app:NotIfExists": "Not"}}, {}) == "fails"


@pytest.mark.parametrize(
    "condition",
    [
        {"NoSuchOperator": {"app:k": "x"}},
        {"ForAnyValues:StringEquals": {"app:k": "x"}},
        {"ForSomeValue:StringEquals": {"app:k": "x"}},
        {"NoSuchOperator": {}},
        {"": {"app:k": "x"}},
    ],
)
def test_C6_holds_unknown_operator_or_prefix_is_refused(
    refused: Refused, condition: Mapping[str, object]
) -> None:
    """Also with an empty block."""
    refused({"Condition": condition})


@pytest.mark.parametrize("operator", ["NoSuchOperator", "ForAnyValues:StringEquals"])
def test_C6_holds_at_rest_it_is_an_error(verdict: Verdict, operator: str) -> None:
    """Met at run time it ends the decision, under Allow and under Deny."""
    assert verdict({operator: {"app:k": "x"}}, {"app:k": "x"}, stored=True) == "error"


def test_C6_near_a_known_operator_is_accepted(verdict: Verdict) -> None:
    """The nearest spelling of the table decides."""
    assert verdict({"ForAnyValue:StringEquals": {"app:k": "x"}}, {"app:k": ("x",)}) == "holds"


@pytest.mark.parametrize("key", ["app:whatever", "s3:prefix", "aws:NoSuchKeyAtAll"])
def test_C7_holds_unknown_keys_are_legal_and_absent(verdict: Verdict, key: str) -> None:
    """A key that no request carries is missing."""
    assert verdict({"StringEquals": {key: "x"}}) == "fails"
    assert verdict({"StringNotEquals": {key: "x"}}) == "holds"


def test_C7_holds_an_unknown_aws_key_is_reported(codes: Codes) -> None:
    """A misspelt name of the `aws:` family is found."""
    unknown = codes({"Condition": {"StringEquals": {"aws:NoSuchKeyAtAll": "x"}}})

    assert unknown - codes({"Condition": {"StringEquals": {"aws:PrincipalAccount": "x"}}})


@pytest.mark.parametrize("key", ["", "username", "nocolon"])
def test_C7_near_names_without_colon_are_refused(refused: Refused, key: str) -> None:
    """A key has a prefix."""
    refused({"Condition": {"StringEquals": {key: "x"}}})


# -- C-8 to C-17: missing keys. Every cell is in the operator table; a missing and an empty list are alike.

ABSENT: list[Values] = [{}, {"app:k": ()}]
POSITIVE = [
    ("StringEquals", "x"),
    ("StringLike", "*"),
    ("NumericLessThan", "5"),
    ("DateGreaterThan", "2024-01-01"),
    ("Bool", "false"),
    ("IpAddress", "0.0.0.0/0"),
    ("ArnLike", "arn:*:doc:*:*:*"),
    ("BinaryEquals", "eA=="),
]
NEGATIVE = [
    ("StringNotEquals", "x"),
    ("StringNotEqualsIgnoreCase", "x"),
    ("StringNotLike", "*"),
    ("NumericNotEquals", "5"),
    ("DateNotEquals", "2024-01-01"),
    ("NotIpAddress", "0.0.0.0/0"),
    ("ArnNotLike", "arn:*:doc:*:*:*"),
    ("ArnNotEquals", ARN),
]


@pytest.mark.parametrize("context", ABSENT)
@pytest.mark.parametrize(("operator", "value"), POSITIVE)
def test_C8_holds_positive_operator_fails_without_key(
    verdict: Verdict, operator: str, value: str, context: Values
) -> None:
    """Nothing is nothing's equal."""
    assert verdict({operator: {"app:k": value}}, context) == "fails"


def test_C8_near_a_present_key_is_compared(verdict: Verdict) -> None:
    """With the key there, the operator decides."""
    assert verdict({"StringLike": {"app:k": "*"}}, {"app:k": "x"}) == "holds"


@pytest.mark.parametrize("context", ABSENT)
@pytest.mark.parametrize(("operator", "value"), NEGATIVE)
def test_C9_holds_negated_operator_holds_without_key(
    verdict: Verdict, operator: str, value: str, context: Values
) -> None:
    """What is not there differs from everything."""
    assert verdict({operator: {"app:k": value}}, context) == "holds"


def test_C9_near_a_present_key_is_compared(verdict: Verdict) -> None:
    """With the key there, the negated operator fails on its equal."""
    assert verdict({"StringNotEquals": {"app:k": "x"}}, {"app:k": "x"}) == "fails"


@pytest.mark.parametrize("context", ABSENT)
@pytest.mark.parametrize(("operator", "value"), POSITIVE + NEGATIVE)
def test_C10_holds_if_exists_holds_without_key(
    verdict: Verdict, operator: str, value: str, context: Values
) -> None:
    """Positive or negated, under Allow and under Deny."""
    assert verdict({operator + "IfExists": {"app:k": value}}, context) == "holds"


@pytest.mark.parametrize(
    ("operator", "value"), [("StringEqualsIfExists", "x"), ("StringNotEqualsIfExists", "y")]
)
def test_C10_near_a_present_key_is_compared_as_without_the_suffix(
    verdict: Verdict, operator: str, value: str
) -> None:
    """The suffix changes nothing when the key is there."""
    assert verdict({operator: {"app:k": value}}, {"app:k": "x" if "Not" not in operator else "z"}) == "holds"
    assert verdict({operator: {"app:k": value}}, {"app:k": "y"}) == "fails"


def test_C10_holds_if_exists_in_an_allow_is_reported(codes: Codes) -> None:
    """An Allow that a missing key satisfies is accepted with a finding."""
    suffix = {"Condition": {"StringEqualsIfExists": {"app:k": "x"}}}

    assert codes(suffix) - codes({"Condition": {"StringEquals": {"app:k": "x"}}})


@pytest.mark.parametrize("context", ABSENT)
@pytest.mark.parametrize(("operator", "value"), POSITIVE + NEGATIVE)
def test_C11_holds_for_all_values_holds_without_key(
    verdict: Verdict, operator: str, value: str, context: Values
) -> None:
    """All of nothing satisfies anything."""
    assert verdict({"ForAllValues:" + operator: {"app:k": value}}, context) == "holds"


def test_C11_near_one_value_that_does_not_satisfy(verdict: Verdict) -> None:
    """With a value there, it must satisfy the operator."""
    assert verdict({"ForAllValues:StringEquals": {"app:k": "x"}}, {"app:k": ("y",)}) == "fails"


@pytest.mark.parametrize("context", ABSENT)
@pytest.mark.parametrize(("operator", "value"), POSITIVE + NEGATIVE)
def test_C12_holds_for_any_value_fails_without_key(
    verdict: Verdict, operator: str, value: str, context: Values
) -> None:
    """None of nothing satisfies anything, negated operators included."""
    assert verdict({"ForAnyValue:" + operator: {"app:k": value}}, context) == "fails"


def test_C12_near_one_value_that_satisfies(verdict: Verdict) -> None:
    """With one value that satisfies, it holds."""
    assert verdict({"ForAnyValue:StringNotEquals": {"app:k": "x"}}, {"app:k": ("y",)}) == "holds"


@pytest.mark.parametrize("context", ABSENT)
@pytest.mark.parametrize(
    "operator", ["ForAnyValue:StringEqualsIfExists", "ForAllValues:StringNotEqualsIfExists"]
)
def test_C13_holds_if_exists_with_a_prefix_holds_without_key(
    verdict: Verdict, operator: str, context: Values
) -> None:
    """The suffix decides before the prefix."""
    assert verdict({operator: {"app:k": "x"}}, context) == "holds"


def test_C13_holds_for_any_value_with_if_exists_is_reported(codes: Codes) -> None:
    """The combination is accepted with a finding of its own."""
    suffix = {"Effect": "Deny", "Condition": {"ForAnyValue:StringEqualsIfExists": {"app:k": "x"}}}
    plain = {"Effect": "Deny", "Condition": {"ForAnyValue:StringEquals": {"app:k": "x"}}}

    assert codes(suffix) - codes(plain)


def test_C13_near_with_the_key_there_it_is_compared(verdict: Verdict) -> None:
    """With values there, one must satisfy."""
    assert verdict({"ForAnyValue:StringEqualsIfExists": {"app:k": "x"}}, {"app:k": ("y",)}) == "fails"


@pytest.mark.parametrize("context", ABSENT)
@pytest.mark.parametrize("value", ["true", True])
def test_C14_holds_null_true_without_key(verdict: Verdict, value: object, context: Values) -> None:
    """`Null: true` asks that the key be missing."""
    assert verdict({"Null": {"app:k": value}}, context) == "holds"


@pytest.mark.parametrize("context", ABSENT)
def test_C14_near_null_false_without_key(verdict: Verdict, context: Values) -> None:
    """`Null: false` fails when it is."""
    assert verdict({"Null": {"app:k": "false"}}, context) == "fails"


@pytest.mark.parametrize("present", ["x", ("x",), ("x", "y"), False, 0])
def test_C15_holds_null_false_with_key_of_any_type(verdict: Verdict, present: ContextValue) -> None:
    """`Null: false` holds for single values and for lists; both values listed hold always."""
    assert verdict({"Null": {"app:k": "false"}}, {"app:k": present}) == "holds"
    assert verdict({"Null": {"app:k": ["true", "false"]}}, {"app:k": present}) == "holds"
    assert verdict({"Null": {"app:k": ["true", "false"]}}) == "holds"


def test_C15_near_null_true_with_key(verdict: Verdict) -> None:
    """`Null: true` fails when the key is there."""
    assert verdict({"Null": {"app:k": "true"}}, {"app:k": "x"}) == "fails"


@pytest.mark.parametrize(
    ("operator", "value"),
    [
        ("NullIfExists", "true"),
        ("ForAllValues:Null", "true"),
        ("ForAnyValue:Null", "true"),
        ("Null", "yes"),
        ("Null", "1"),
        ("Null", ["true", "maybe"]),
    ],
)
def test_C15_near_null_takes_no_prefix_suffix_or_other_value(
    refused: Refused, operator: str, value: object
) -> None:
    """Nothing but the two values, and nothing around the operator."""
    refused({"Condition": {operator: {"app:k": value}}})


MFA = "aws:MultiFactorAuthPresent"


def test_C16_holds_bool_false_on_mfa_misses_long_term_keys(ask: Ask, codes: Codes) -> None:
    """The classic Deny does not catch a caller for whom the key is absent, and is reported."""
    classic = {"Effect": "Deny", "Condition": {"Bool": {MFA: "false"}}}
    better = {"Effect": "Deny", "Condition": {"BoolIfExists": {MFA: "false"}}}

    assert ask(identity=[{}, classic])
    assert codes(classic) - codes(better)


def test_C16_near_bool_if_exists_catches_them(ask: Ask) -> None:
    """With the suffix the same Deny catches both absent and false, and spares true."""
    deny = {"Effect": "Deny", "Condition": {"BoolIfExists": {MFA: "false"}}}

    assert ask(identity=[{}, deny]).outcome is Outcome.EXPLICIT_DENY
    assert ask(identity=[{}, deny], context={MFA: False}).outcome is Outcome.EXPLICIT_DENY
    assert ask(identity=[{}, deny], context={MFA: True})


@pytest.mark.parametrize(
    ("operator", "value"), [("StringEquals", ""), ("StringLike", "*"), ("StringLike", ""), ("Null", "false")]
)
def test_C17_holds_the_empty_string_is_present(verdict: Verdict, operator: str, value: str) -> None:
    """An empty text is a value."""
    assert verdict({operator: {"app:k": value}}, {"app:k": ""}) == "holds"


@pytest.mark.parametrize(
    ("operator", "value"), [("StringEquals", ""), ("StringLike", "*"), ("Null", "false")]
)
def test_C17_near_a_missing_key_is_not_the_empty_string(verdict: Verdict, operator: str, value: str) -> None:
    """Without the key the same conditions fail."""
    assert verdict({operator: {"app:k": value}}) == "fails"


# -- C-18 to C-22: lists


@pytest.mark.parametrize("values", [("x",), ("x", "y"), ("z",)])
@pytest.mark.parametrize(
    "operator",
    ["StringEquals", "StringLike", "StringNotEquals", "StringEqualsIfExists", "StringNotLikeIfExists"],
)
def test_C18_holds_a_bare_operator_never_matches_a_list(
    verdict: Verdict, operator: str, values: tuple[str, ...]
) -> None:
    """However many values the list has, and negated or not."""
    assert verdict({operator: {"app:k": "x"}}, {"app:k": values}) == "fails"


def test_C18_holds_a_bare_operator_on_a_known_list_key_is_reported(codes: Codes) -> None:
    """`aws:TagKeys` is known to be a list."""
    bare = codes({"Condition": {"StringEquals": {"aws:TagKeys": "x"}}})

    assert bare - codes({"Condition": {"ForAnyValue:StringEquals": {"aws:TagKeys": "x"}}})


def test_C18_near_a_set_prefix_does(verdict: Verdict) -> None:
    """With a prefix the same list is compared."""
    assert verdict({"ForAnyValue:StringEquals": {"app:k": "x"}}, {"app:k": ("x",)}) == "holds"
    assert verdict({"ForAllValues:StringNotEquals": {"app:k": "x"}}, {"app:k": ("z",)}) == "holds"


@pytest.mark.parametrize("prefix", ["ForAnyValue:", "ForAllValues:"])
def test_C19_holds_a_prefix_takes_a_single_value_as_a_list_of_one(verdict: Verdict, prefix: str) -> None:
    """A single value satisfies alone."""
    assert verdict({prefix + "StringEquals": {"app:k": ["x", "y"]}}, {"app:k": "x"}) == "holds"


def test_C19_holds_a_prefix_on_a_known_single_valued_key_is_reported(codes: Codes) -> None:
    """`aws:username` is known to be single."""
    prefixed = codes({"Effect": "Deny", "Condition": {"ForAnyValue:StringEquals": {"aws:username": "x"}}})

    assert prefixed - codes({"Effect": "Deny", "Condition": {"StringEquals": {"aws:username": "x"}}})


@pytest.mark.parametrize("prefix", ["ForAnyValue:", "ForAllValues:"])
def test_C19_near_a_single_value_that_differs(verdict: Verdict, prefix: str) -> None:
    """A single value that differs fails alone."""
    assert verdict({prefix + "StringEquals": {"app:k": ["x", "y"]}}, {"app:k": "z"}) == "fails"


@pytest.mark.parametrize(
    ("operator", "values"),
    [("StringEquals", ("a",)), ("StringEquals", ("a", "b", "a")), ("StringNotEquals", ("c", "d"))],
)
def test_C20_holds_every_value_satisfies(verdict: Verdict, operator: str, values: tuple[str, ...]) -> None:
    """Each request value equals one of, or none of, the policy's."""
    assert verdict({"ForAllValues:" + operator: {"app:k": ["a", "b"]}}, {"app:k": values}) == "holds"


@pytest.mark.parametrize(
    ("operator", "values"),
    [("StringEquals", ("a", "c")), ("StringNotEquals", ("c", "b")), ("StringNotEquals", ("a",))],
)
def test_C20_near_one_value_does_not(verdict: Verdict, operator: str, values: tuple[str, ...]) -> None:
    """One request value that does not satisfy fails the whole."""
    assert verdict({"ForAllValues:" + operator: {"app:k": ["a", "b"]}}, {"app:k": values}) == "fails"


@pytest.mark.parametrize(
    ("operator", "values"),
    [("StringEquals", ("c", "b")), ("StringNotEquals", ("a", "c")), ("StringNotEquals", ("c",))],
)
def test_C21_holds_some_value_satisfies(verdict: Verdict, operator: str, values: tuple[str, ...]) -> None:
    """The negation is applied to each value, so one that is in neither place is enough."""
    assert verdict({"ForAnyValue:" + operator: {"app:k": ["a", "b"]}}, {"app:k": values}) == "holds"


@pytest.mark.parametrize(
    ("operator", "values"),
    [("StringEquals", ("c", "d")), ("StringNotEquals", ("a", "b")), ("StringNotEquals", ("b",))],
)
def test_C21_near_none_does(verdict: Verdict, operator: str, values: tuple[str, ...]) -> None:
    """Without a value that satisfies it fails."""
    assert verdict({"ForAnyValue:" + operator: {"app:k": ["a", "b"]}}, {"app:k": values}) == "fails"


FOR_ALL: Mapping[str, object] = {"ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}}
WITH_NULL: Mapping[str, object] = {**FOR_ALL, "Null": {"aws:TagKeys": "false"}}


def test_C22_holds_for_all_values_without_null_allows_the_absent_key_and_is_reported(
    verdict: Verdict, codes: Codes
) -> None:
    """An Allow with the prefix alone lets requests without the key through, and is found."""
    assert verdict(FOR_ALL) == "holds"
    assert codes({"Condition": FOR_ALL}) - codes({"Condition": WITH_NULL})


def test_C22_near_a_null_companion_stops_it(verdict: Verdict) -> None:
    """With `Null: false` beside it the absent key fails and the right one holds."""
    assert verdict(WITH_NULL) == "fails"
    assert verdict(WITH_NULL, {"aws:TagKeys": ("team",)}) == "holds"


# -- C-23 to C-26: strings


@pytest.mark.parametrize("text", ["x", "*", "a?b", " x ", "é", "😀", "a\nb", "ſ", "\u0130"])
def test_C23_holds_equal_code_points_are_equal(verdict: Verdict, text: str) -> None:
    """The same text is equal, wildcards and blanks included."""
    assert verdict({"StringEquals": {"app:k": text}}, {"app:k": text}) == "holds"
    assert verdict({"StringNotEquals": {"app:k": text}}, {"app:k": text}) == "fails"


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("x", "X"),
        ("x", "x "),
        ("*", "x"),
        ("x*", "xy"),
        ("?", "x"),
        ("\u00e9", "e\u0301"),
        ("x", ""),
        ("ﬁ", "fi"),
    ],
)
def test_C23_near_anything_else_differs(verdict: Verdict, written: str, asked: str) -> None:
    """No folding, trimming, wildcards or normalisation."""
    assert verdict({"StringEquals": {"app:k": written}}, {"app:k": asked}) == "fails"
    assert verdict({"StringNotEquals": {"app:k": written}}, {"app:k": asked}) == "holds"


@pytest.mark.parametrize("text", ["x*", "a?b"])
def test_C23_near_wildcards_under_string_equals_are_reported(codes: Codes, text: str) -> None:
    """A value that looks like a pattern and is none is accepted with a finding."""
    written = codes({"Condition": {"StringEquals": {"app:k": text}}})

    assert written - codes({"Condition": {"StringLike": {"app:k": text}}})


@pytest.mark.parametrize(("written", "asked"), [("abc", "ABC"), ("ABC", "abc"), ("É", "é"), ("a*", "A*")])
def test_C24_holds_ignore_case_folds_both_sides(verdict: Verdict, written: str, asked: str) -> None:
    """Lower case of both sides is compared."""
    assert verdict({"StringEqualsIgnoreCase": {"app:k": written}}, {"app:k": asked}) == "holds"
    assert verdict({"StringNotEqualsIgnoreCase": {"app:k": written}}, {"app:k": asked}) == "fails"


@pytest.mark.parametrize(("written", "asked"), [("abc", "abcd"), ("ß", "SS"), ("a*", "AB"), ("a", " A")])
def test_C24_near_nothing_but_case_is_ignored(verdict: Verdict, written: str, asked: str) -> None:
    """No full case folding, wildcards or trimming."""
    assert verdict({"StringEqualsIgnoreCase": {"app:k": written}}, {"app:k": asked}) == "fails"
    assert verdict({"StringNotEqualsIgnoreCase": {"app:k": written}}, {"app:k": asked}) == "holds"


@pytest.mark.parametrize(
    ("pattern", "asked"),
    [
        ("*", ""),
        ("a*", "a"),
        ("a*c", "a/b:\n/c"),
        ("a?c", "a\nc"),
        ("a?c", "a😀c"),
        ("*b*", "abc"),
        ("a*b*c", "a-b-b-c"),
        ("**", "x"),
        ("?*", "x"),
        ("a.c", "a.c"),
        ("[ab]", "[ab]"),
        ("a\\*", "a\\b"),
        ("", ""),
    ],
)
def test_C25_holds_like_matches_the_whole_text(verdict: Verdict, pattern: str, asked: str) -> None:
    """`*` any run, `?` one character, across slashes, colons and line ends."""
    assert verdict({"StringLike": {"app:k": pattern}}, {"app:k": asked}) == "holds"
    assert verdict({"StringNotLike": {"app:k": pattern}}, {"app:k": asked}) == "fails"


@pytest.mark.parametrize(
    ("pattern", "asked"),
    [
        ("a*", "ba"),
        ("*a", "ab"),
        ("a?", "a"),
        ("a?", "abc"),
        ("a*", "Ab"),
        ("a.c", "abc"),
        ("[ab]", "a"),
        ("a\\*", "a*"),
        ("a", "a\n"),
        ("?", ""),
        ("a*b*c", "a-c-b"),
        ("ab*ba", "aba"),
    ],
)
def test_C25_near_part_of_the_text_or_other_metacharacters_do_not(
    verdict: Verdict, pattern: str, asked: str
) -> None:
    """No search, no classes, no backslash escape, and case counts."""
    assert verdict({"StringLike": {"app:k": pattern}}, {"app:k": asked}) == "fails"
    assert verdict({"StringNotLike": {"app:k": pattern}}, {"app:k": asked}) == "holds"


CRUEL = ["*a" * 40 + "*b", "*" + "a*" * 60 + "b", "*?" * 40 + "b", "*a?" * 30 + "b"]


@pytest.mark.parametrize("pattern", CRUEL)
def test_C26_holds_cruel_patterns_are_answered(verdict: Verdict, pattern: str) -> None:
    """A pattern that would explode in a backtracking matcher fails like any other."""
    assert verdict({"StringLike": {"app:k": pattern}}, {"app:k": "a" * 2000}) == "fails"


@pytest.mark.parametrize("pattern", CRUEL)
def test_C26_near_they_match_what_they_should(verdict: Verdict, pattern: str) -> None:
    """The same patterns match a text that ends as they want."""
    assert verdict({"StringLike": {"app:k": pattern}}, {"app:k": "a" * 2000 + "b"}) == "holds"


# -- C-27 to C-30: numbers, dates, booleans, bytes


@pytest.mark.parametrize(
    ("operator", "written", "asked"),
    [
        ("NumericEquals", "10", 10),
        ("NumericEquals", "10", "10.0"),
        ("NumericEquals", "0.1", Decimal("0.1")),
        ("NumericEquals", "-5", "-5"),
        ("NumericEquals", "+5", 5),
        ("NumericEquals", 10, "10"),
        ("NumericEquals", "9007199254740993", 9007199254740993),
        ("NumericNotEquals", "9007199254740993", 9007199254740992),
        ("NumericNotEquals", "10", 11),
        ("NumericLessThan", "10", 5),
        ("NumericLessThan", "-1", "-1.5"),
        ("NumericLessThanEquals", "10", 10),
        ("NumericGreaterThan", "10", "10.01"),
        ("NumericGreaterThanEquals", "10", 10),
    ],
)
def test_C27_holds_numbers_compare_by_value_with_the_request_on_the_left(
    verdict: Verdict, operator: str, written: object, asked: ContextValue
) -> None:
    """Integers and decimals of both signs, exactly."""
    assert verdict({operator: {"app:k": written}}, {"app:k": asked}) == "holds"


@pytest.mark.parametrize(
    ("operator", "written", "asked"),
    [
        ("NumericEquals", "10", "10.01"),
        ("NumericEquals", "9007199254740993", 9007199254740992),
        ("NumericNotEquals", "10", "10.0"),
        ("NumericLessThan", "10", 10),
        ("NumericLessThan", "9", "10"),
        ("NumericLessThanEquals", "10", 11),
        ("NumericGreaterThan", "10", 10),
        ("NumericGreaterThanEquals", "10", 9),
    ],
)
def test_C27_near_the_neighbouring_number_does_not(
    verdict: Verdict, operator: str, written: object, asked: ContextValue
) -> None:
    """One step across the border fails; text order never counts."""
    assert verdict({operator: {"app:k": written}}, {"app:k": asked}) == "fails"


def test_C27_near_a_number_operator_on_a_key_of_text_is_reported(codes: Codes) -> None:
    """An operator of another type than the known key's is accepted with a finding."""
    unlike = codes({"Condition": {"NumericEquals": {"aws:username": "5"}}})

    assert unlike - codes({"Condition": {"StringEquals": {"aws:username": "5"}}})


@pytest.mark.parametrize("written", ["NaN", "Infinity", "-inf", "sNaN", "1_000", "0x10", "", " ", "١"])
def test_C27_near_what_is_no_number_is_refused(refused: Refused, written: str) -> None:
    """NaN, Infinity and other spellings are no numbers of the language."""
    refused({"Condition": {"NumericEquals": {"app:k": written}}})


NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("operator", "written", "asked"),
    [
        ("DateEquals", "2024-01-01", "2024-01-01T00:00:00Z"),
        ("DateEquals", "2024-01-01T00:00Z", datetime(2024, 1, 1, tzinfo=UTC)),
        ("DateEquals", "2024-01-01T12:00:00Z", "2024-01-01T13:00:00+01:00"),
        ("DateEquals", "2024-01-01T12:00:00+00:00", NOON.astimezone(timezone(timedelta(hours=-5)))),
        ("DateEquals", "2024-01-01T12:00:00", NOON),
        ("DateEquals", "2024-01-01T12:00:00.500Z", NOON.replace(microsecond=500_000)),
        ("DateEquals", "1704110400", NOON),
        ("DateEquals", "2024-01-01T12:00:00Z", "1704110400"),
        ("DateEquals", 1704110400, NOON),
        ("DateLessThan", "2024-01-01T12:00:01Z", NOON),
        ("DateLessThanEquals", "2024-01-01T12:00:00Z", NOON),
        ("DateGreaterThan", "2024-01-01T11:59:59Z", NOON),
        ("DateGreaterThanEquals", "2024-01-01T12:00:00Z", NOON),
        ("DateNotEquals", "2024-01-01T12:00:01Z", NOON),
    ],
)
def test_C28_holds_instants_are_compared(
    verdict: Verdict, operator: str, written: object, asked: ContextValue
) -> None:
    """ISO forms of any zone and seconds since 1970 name the same instants."""
    assert verdict({operator: {"app:k": written}}, {"app:k": asked}) == "holds"


@pytest.mark.parametrize(
    ("operator", "written", "asked"),
    [
        ("DateEquals", "2024-01-01T12:00:00Z", NOON.replace(microsecond=1)),
        ("DateEquals", "2024-01-01T12:00:00Z", "2024-01-01T12:00:00+01:00"),
        ("DateEquals", "1704110400000", NOON),
        ("DateNotEquals", "2024-01-01T13:00:00+01:00", NOON),
        ("DateLessThan", "2024-01-01T12:00:00Z", NOON),
        ("DateLessThanEquals", "2024-01-01T11:59:59Z", NOON),
        ("DateGreaterThan", "2024-01-01T12:00:00Z", NOON),
        ("DateGreaterThanEquals", "2024-01-01T12:00:01Z", NOON),
    ],
)
def test_C28_near_the_neighbouring_instant_does_not(
    verdict: Verdict, operator: str, written: object, asked: ContextValue
) -> None:
    """One step across the border fails, and integers are no milliseconds."""
    assert verdict({operator: {"app:k": written}}, {"app:k": asked}) == "fails"


@pytest.mark.parametrize("written", ["2024", "sdfdsf", "2024-13-01", "2024-02-30", "", "yesterday", "01T"])
def test_C28_near_ambiguous_and_impossible_dates_are_refused(refused: Refused, written: str) -> None:
    """Four digits could be a year or seconds, so they are refused like what is no date."""
    refused({"Condition": {"DateGreaterThan": {"app:k": written}}})


@pytest.mark.parametrize(
    ("written", "asked"),
    [("true", True), ("TRUE", "true"), ("True", "tRuE"), (True, True), ("false", False), (False, "FALSE")],
)
def test_C29_holds_booleans_in_any_case(verdict: Verdict, written: object, asked: ContextValue) -> None:
    """The two words in any case, or JSON's own."""
    assert verdict({"Bool": {"app:k": written}}, {"app:k": asked}) == "holds"


def test_C29_near_the_other_boolean_and_other_words(verdict: Verdict, refused: Refused) -> None:
    """The other value fails, and any other word is no boolean."""
    assert verdict({"Bool": {"app:k": "true"}}, {"app:k": False}) == "fails"
    for word in ("yes", "1", "", "truee", " true"):
        refused({"Condition": {"Bool": {"app:k": word}}})


@pytest.mark.parametrize("asked", [b"x\x00y", base64.b64encode(b"x\x00y").decode()])
def test_C30_holds_bytes_are_compared_after_decoding(verdict: Verdict, asked: ContextValue) -> None:
    """The policy's base64 and the request's bytes, or base64, are the same bytes."""
    written = base64.b64encode(b"x\x00y").decode()

    assert verdict({"BinaryEquals": {"app:k": written}}, {"app:k": asked}) == "holds"


def test_C30_near_other_bytes_and_bad_base64(verdict: Verdict, refused: Refused) -> None:
    """Other bytes fail, and text outside the strict alphabet is refused."""
    assert verdict({"BinaryEquals": {"app:k": "eA=="}}, {"app:k": b"y"}) == "fails"
    for text in ("eA=", "e A==", "eA==!", "-_-_", "x"):
        refused({"Condition": {"BinaryEquals": {"app:k": text}}})


# -- C-31 to C-33: addresses


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("10.0.0.0/8", "10.255.255.255"),
        ("10.1.2.3/8", "10.9.9.9"),
        ("10.1.2.3", "10.1.2.3"),
        ("0.0.0.0/0", "8.8.8.8"),
        ("2001:db8::/32", "2001:db8:ffff::1"),
        ("2001:db8::1", "2001:0DB8:0:0:0:0:0:1"),
        ("::/0", "::1"),
    ],
)
def test_C31_holds_an_address_is_in_its_network(verdict: Verdict, written: str, asked: str) -> None:
    """Addresses and networks of both families; host bits are ignored."""
    assert verdict({"IpAddress": {"app:k": written}}, {"app:k": asked}) == "holds"
    assert verdict({"NotIpAddress": {"app:k": written}}, {"app:k": asked}) == "fails"


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("10.0.0.0/8", "11.0.0.0"),
        ("10.0.0.0/9", "10.128.0.0"),
        ("10.1.2.3", "10.1.2.4"),
        ("2001:db8::/32", "2001:db9::"),
    ],
)
def test_C31_near_the_neighbouring_address_is_not(verdict: Verdict, written: str, asked: str) -> None:
    """The first address outside is outside."""
    assert verdict({"IpAddress": {"app:k": written}}, {"app:k": asked}) == "fails"
    assert verdict({"NotIpAddress": {"app:k": written}}, {"app:k": asked}) == "holds"


@pytest.mark.parametrize(
    "written", ["10.0.0.0/33", "10.0.0", "10.0.0.*", "host", "", "10.0.0.256", "::/129", "10"]
)
def test_C31_near_what_is_no_network_is_refused(refused: Refused, written: str) -> None:
    """Impossible masks, wildcards and names are no networks."""
    refused({"Condition": {"IpAddress": {"app:k": written}}})


@pytest.mark.parametrize(("written", "asked"), [("0.0.0.0/0", "2001:db8::1"), ("::/0", "10.0.0.1")])
def test_C32_holds_families_never_match(verdict: Verdict, written: str, asked: str) -> None:
    """The other family is in no network of this one."""
    assert verdict({"IpAddress": {"app:k": written}}, {"app:k": asked}) == "fails"
    assert verdict({"NotIpAddress": {"app:k": written}}, {"app:k": asked}) == "holds"


def test_C32_near_both_families_listed_match_both(verdict: Verdict) -> None:
    """A list of both catches either."""
    for asked in ("10.0.0.1", "2001:db8::1"):
        assert verdict({"IpAddress": {"app:k": ["0.0.0.0/0", "::/0"]}}, {"app:k": asked}) == "holds"


@pytest.mark.parametrize("asked", ["::ffff:10.1.2.3", "::FFFF:a01:203"])
def test_C33_holds_a_mapped_address_is_its_v4_address(verdict: Verdict, asked: str) -> None:
    """The v6 spelling of a v4 address neither escapes nor gains anything."""
    assert verdict({"IpAddress": {"app:k": "10.0.0.0/8"}}, {"app:k": asked}) == "holds"
    assert verdict({"NotIpAddress": {"app:k": "10.0.0.0/8"}}, {"app:k": asked}) == "fails"


@pytest.mark.parametrize("asked", ["::10.1.2.3", "64:ff9b::10.1.2.3", "::fffe:10.1.2.3", "::ffff:11.1.2.3"])
def test_C33_near_other_addresses_that_hold_it_are_not(verdict: Verdict, asked: str) -> None:
    """Only the mapped form is the v4 address."""
    assert verdict({"IpAddress": {"app:k": "10.0.0.0/8"}}, {"app:k": asked}) == "fails"


# -- C-34 to C-36: ARNs


@pytest.mark.parametrize("operator", ["ArnEquals", "ArnLike"])
@pytest.mark.parametrize(
    ("pattern", "asked"),
    [
        (ARN, ARN),
        ("arn:aws:doc:*:*:notes/*", ARN),
        ("arn:*:doc:eu-west-?:1111*:notes/?", ARN),
        ("arn:aws:sns:*:*:a*", "arn:aws:sns:eu:1:a:b:c"),
        ("arn:aws:s3:::*", "arn:aws:s3:::bucket/key"),
        ("arn:aws:*:::bucket", "arn:aws:s3:::bucket"),
    ],
)
def test_C34_holds_both_arn_operators_match_part_by_part(
    verdict: Verdict, operator: str, pattern: str, asked: str
) -> None:
    """Wildcards work in each part, and the sixth may hold colons."""
    assert verdict({operator: {"app:k": pattern}}, {"app:k": asked}) == "holds"
    assert verdict({operator.replace("Arn", "ArnNot"): {"app:k": pattern}}, {"app:k": asked}) == "fails"


@pytest.mark.parametrize("operator", ["ArnEquals", "ArnLike"])
@pytest.mark.parametrize(
    ("pattern", "asked"),
    [
        (ARN, ARN.replace("notes", "Notes")),
        (ARN, ARN.replace("doc", "DOC")),
        ("arn:aws:doc:*:notes/a:x", "arn:aws:doc:eu-west-1:111122223333:notes/a:x"),
        ("arn:aws:doc:*:*:notes", ARN),
        ("arn:aws:sns:eu*1:*:a", "arn:aws:sns:eu:1:a:a"),
    ],
)
def test_C34_near_wildcards_do_not_leave_their_part(
    verdict: Verdict, operator: str, pattern: str, asked: str
) -> None:
    """A star ends at its colon, and case counts."""
    assert verdict({operator: {"app:k": pattern}}, {"app:k": asked}) == "fails"
    assert verdict({operator.replace("Arn", "ArnNot"): {"app:k": pattern}}, {"app:k": asked}) == "holds"


@pytest.mark.parametrize("operator", ["ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"])
@pytest.mark.parametrize("pattern", ["*", "arn:*", "arn:aws:s3::bucket", "bucket", ""])
def test_C35_holds_a_short_pattern_is_refused(refused: Refused, operator: str, pattern: str) -> None:
    """Fewer than six parts are no ARN, the lone star included."""
    refused({"Condition": {operator: {"app:k": pattern}}})


@pytest.mark.parametrize("operator", ["ArnLike", "ArnNotLike"])
def test_C35_holds_a_short_request_value_is_an_error(verdict: Verdict, operator: str) -> None:
    """A context value that should be an ARN and is not ends the decision."""
    assert verdict({operator: {"app:k": ARN}}, {"app:k": "bucket"}) == "error"


def test_C35_near_six_parts_of_stars_are_a_pattern(verdict: Verdict) -> None:
    """The widest pattern of six parts matches any ARN."""
    assert verdict({"ArnLike": {"app:k": "arn:*:*:*:*:*"}}, {"app:k": ARN}) == "holds"


def test_C36_holds_string_like_crosses_the_colons_of_an_arn(verdict: Verdict) -> None:
    """To StringLike an ARN is a text."""
    assert verdict({"StringLike": {"app:k": "arn:aws:doc*notes/a"}}, {"app:k": ARN}) == "holds"
    assert verdict({"StringLike": {"app:k": "*"}}, {"app:k": ARN}) == "holds"


def test_C36_near_arn_like_does_not(verdict: Verdict) -> None:
    """The nearest ARN pattern stops at the colon."""
    assert verdict({"ArnLike": {"app:k": "arn:aws:doc*:*:*:x:notes/a"}}, {"app:k": ARN}) == "fails"


# -- C-37 and C-38: conversion


UNREADABLE = [
    ("NumericEquals", "ten"),
    ("NumericNotEquals", "ten"),
    ("DateGreaterThan", "sdfdsf"),
    ("DateNotEquals", "sdfdsf"),
    ("Bool", "maybe"),
    ("IpAddress", "home"),
    ("NotIpAddress", "home"),
    ("BinaryEquals", "!"),
    ("ArnLike", "home"),
    ("ArnNotLike", "home"),
]
READABLE = {
    "Numeric": "10",
    "Date": "2024-01-01",
    "Bool": "true",
    "Ip": "10.0.0.1",
    "NotIp": "10.0.0.1",
    "Binary": "eA==",
    "Arn": ARN,
}


def readable(operator: str) -> str:
    """A literal of the operator's type."""
    return next(text for start, text in READABLE.items() if operator.startswith(start))


@pytest.mark.parametrize("prefix", ["", "ForAnyValue:", "ForAllValues:"])
@pytest.mark.parametrize(("operator", "text"), UNREADABLE)
def test_C37_holds_an_unreadable_policy_value_is_refused(
    refused: Refused, prefix: str, operator: str, text: str
) -> None:
    """Also beside a readable one."""
    refused({"Condition": {prefix + operator: {"app:k": [readable(operator), text]}}})


@pytest.mark.parametrize("operator", [operator for operator, _ in UNREADABLE])
def test_C37_near_a_readable_one_is_accepted(read: Read, operator: str) -> None:
    """A literal of the operator's type is read as written."""
    (condition,) = read({"Condition": {operator: {"app:k": readable(operator)}}}).statements[0].conditions

    assert condition.values[0].text == readable(operator)


@pytest.mark.parametrize("suffix", ["", "IfExists"])
@pytest.mark.parametrize(("operator", "text"), UNREADABLE)
def test_C38_holds_an_unreadable_request_value_is_an_error(
    verdict: Verdict, operator: str, text: str, suffix: str
) -> None:
    """Under positive and negated operators the decision ends as a denial."""
    assert verdict({operator + suffix: {"app:k": readable(operator)}}, {"app:k": text}) == "error"


@pytest.mark.parametrize(("operator", "text"), UNREADABLE)
def test_C38_holds_an_unreadable_policy_value_at_rest_never_lets_pass(
    ask: Ask, operator: str, text: str
) -> None:
    """A stored literal that cannot be read is a denial under Allow and under Deny."""
    condition = {operator: {"app:k": text}}
    context = {"app:k": readable(operator)}

    assert not ask(identity={"Condition": condition}, context=context, stored=True)
    deny = [{}, {"Effect": "Deny", "Condition": condition}]
    assert not ask(identity=deny, context=context, stored=True)


@pytest.mark.parametrize("operator", [operator for operator, _ in UNREADABLE])
def test_C38_near_a_readable_request_value_is_compared(verdict: Verdict, operator: str) -> None:
    """With values of the right type there is an answer."""
    context = {"app:k": readable(operator)}

    assert verdict({operator: {"app:k": readable(operator)}}, context) in {"holds", "fails"}
