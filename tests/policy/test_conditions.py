"""One condition: missing keys, lists, quantifiers, negation, IfExists and values that cannot be judged."""

from __future__ import annotations

import json
from itertools import permutations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iamkit.errors import EvaluationError, MalformedPolicyDocument
from iamkit.policy import (
    STANDARD,
    AccessRequest,
    Caller,
    CallerKind,
    Context,
    ContextValue,
    PolicyKind,
    parse,
)
from iamkit.policy.conditions import KeyTest, key_test
from iamkit.policy.variables import MAX_EXPANSION

CALLER = Caller(CallerKind.USER)


def leaf(operator: str, *values: object, version: str = "2012-10-17") -> KeyTest:
    statement = {
        "Effect": "Deny",
        "Action": "*",
        "Resource": "*",
        "Condition": {operator: {"app:K": list(values)}},
    }
    policy = parse(json.dumps({"Version": version, "Statement": statement}), PolicyKind.IDENTITY, stored=True)
    condition = policy.statements[0].conditions[0]
    return key_test(condition, STANDARD[condition.operator], variables=policy.variables)


def holds(test: KeyTest, **context: ContextValue) -> bool | None:
    values = {f"app:{name}": value for name, value in context.items()}
    try:
        return test.test(AccessRequest(CALLER, "doc:Get", "*", Context(values)))
    except EvaluationError:
        return None


FORMS = (
    "{}",
    "{}IfExists",
    "ForAllValues:{}",
    "ForAnyValue:{}",
    "ForAllValues:{}IfExists",
    "ForAnyValue:{}IfExists",
)


@pytest.mark.parametrize(
    ("operator", "expected"),
    [
        ("StringEquals", (False, True, True, False, True, True)),
        ("StringNotEquals", (True, True, True, False, True, True)),
    ],
)
def test_missing_keys(operator: str, expected: tuple[bool, ...]) -> None:
    """No value and an empty list are both a missing key."""
    assert tuple(holds(leaf(form.format(operator), "a")) for form in FORMS) == expected
    assert tuple(holds(leaf(form.format(operator), "a"), K=()) for form in FORMS) == expected


@pytest.mark.parametrize(
    ("operator", "values", "expected"),
    [
        ("StringEquals", ("a",), (False, False, True, True, True, True)),
        ("StringEquals", ("a", "x"), (False, False, False, True, False, True)),
        ("StringEquals", ("x", "y"), (False, False, False, False, False, False)),
        ("StringNotEquals", ("a",), (False, False, False, False, False, False)),
        ("StringNotEquals", ("a", "x"), (False, False, False, True, False, True)),
        ("StringNotEquals", ("x", "y"), (False, False, True, True, True, True)),
    ],
)
def test_lists_need_a_quantifier(operator: str, values: tuple[str, ...], expected: tuple[bool, ...]) -> None:
    """A bare operator never holds for a list; a quantifier asks each value, negation included."""
    assert tuple(holds(leaf(form.format(operator), "a", "b"), K=values) for form in FORMS) == expected


def test_a_single_value_is_a_list_of_one() -> None:
    """Under a quantifier a single value is asked by itself."""
    assert [holds(leaf(form.format("StringEquals"), "a"), K="a") for form in FORMS] == [True] * 6
    assert [holds(leaf(form.format("StringNotEquals"), "a"), K="a") for form in FORMS] == [False] * 6


def test_presence() -> None:
    """Null asks only whether the key is there; an empty text is there, an empty list is not."""
    assert holds(leaf("Null", "true"))
    assert not holds(leaf("Null", "false"))
    assert holds(leaf("Null", "true"), K=())
    for value in ("", "x", ("x",), False):
        assert holds(leaf("Null", "false"), K=value)
        assert not holds(leaf("Null", "true"), K=value)
    assert holds(leaf("Null", "true", "false"))
    assert holds(leaf("Null", "true", "false"), K="x")


def test_an_empty_list_of_policy_values_holds_for_missing_keys_only() -> None:
    """At rest such a list is met by nothing that is there, except that nothing equals it."""
    present = [holds(leaf(form.format("StringEquals")), K="x") for form in FORMS]
    missing = [holds(leaf(form.format("StringEquals"))) for form in FORMS]
    negated = [holds(leaf(form.format("StringNotEquals")), K="x") for form in FORMS]

    assert present == [False] * 6
    assert missing == [False, True, True, False, True, True]
    assert negated == [True, False, False, False, False, False]


def test_values_that_cannot_be_judged_matter_only_where_they_decide() -> None:
    """A good policy value outweighs a bad one, a settling request value outweighs a bad one, in any order."""
    for values in permutations(("ten", "5")):
        assert holds(leaf("NumericEquals", *values), K=5) is True
        assert holds(leaf("NumericNotEquals", *values), K=5) is False
        assert holds(leaf("NumericEquals", *values), K=6) is None
        assert holds(leaf("NumericNotEquals", *values), K=6) is None
    for found in permutations(("x", "5")):
        assert holds(leaf("ForAnyValue:NumericEquals", "5"), K=found) is True
        assert holds(leaf("ForAllValues:NumericEquals", "6"), K=found) is False
        assert holds(leaf("ForAllValues:NumericEquals", "5"), K=found) is None
    assert holds(leaf("NumericEquals", "5"), K="five") is None
    assert holds(leaf("NumericNotEqualsIfExists", "5"), K="five") is None


def test_a_failure_names_its_key() -> None:
    """The message says which key could not be read, and not what the request carried."""
    request = AccessRequest(CALLER, "doc:Get", "*", Context({"app:k": "hush"}))

    with pytest.raises(EvaluationError) as caught:
        leaf("NumericEquals", "5").test(request)

    assert "`app:K`" in caught.value.message
    assert "hush" not in caught.value.message


def test_variables_in_values() -> None:
    """A value without a value equals nothing; a list of values is asked as a whole."""
    test = leaf("StringLike", "${app:v}/*", "z")

    assert holds(test, K="a/x", v="a")
    assert not holds(test, K="b/x", v="*")
    assert holds(test, K="z")
    assert not holds(test, K="a/x")
    assert holds(leaf("StringNotEquals", "${app:v}"), K="a")
    assert not holds(leaf("StringNotEquals", "${app:v}"), K="a", v="a")
    assert holds(leaf("StringEquals", "${app:v}", version="2008-10-17"), K="${app:v}", v="a")
    assert test.reads_keys == ("app:k", "app:v")
    arn = leaf("ArnLike", "arn:aws:iam::${app:v}:user/*")
    assert holds(arn, K="arn:aws:iam::1:user/x", v="1")
    assert not holds(arn, K="arn:aws:iam::1:user/x", v="1:user/x")
    assert not holds(arn, K="arn:aws:iam::1:user/x", v="*")


@given(st.lists(st.sampled_from(["a", "b", "c"]), max_size=3), st.permutations(["a", "b", "${app:v}"]))
def test_order_of_values_never_matters(found: list[str], values: list[str]) -> None:
    """Neither the policy's order nor the request's changes the result."""
    for form in FORMS:
        for operator in ("StringEquals", "StringNotLike"):
            one = holds(leaf(form.format(operator), *values), K=tuple(found), v="c")
            other = holds(leaf(form.format(operator), *sorted(values)), K=tuple(reversed(found)), v="c")
            assert one is other


def quickly(test: KeyTest, **context: ContextValue) -> bool | None:
    """The same as `holds`, in the way that a plan asks."""
    values = {f"app:{name}": value for name, value in context.items()}
    try:
        return test.quickly(AccessRequest(CALLER, "doc:Get", "*", Context(values)))
    except EvaluationError:
        return None


REQUESTED: tuple[ContextValue, ...] = (
    *(True, False, "true", "x", "", 5, 5.5, "5", b"x", "arn:aws:a:b:c:d", "10.1.1.1"),
    *(("x",), ("5", "x"), ()),
)


@pytest.mark.parametrize("name", STANDARD)
def test_the_quick_way_says_the_same(name: str) -> None:
    """Whatever the operator and the type of the value: the short cut of a plan is no other rule."""
    written = (("true",), ("true", "false"), ("x",), ("5",), ("arn:aws:a:b:c:d", "10.0.0.0/8"))
    for form, values in product(FORMS[:1] if name == "Null" else FORMS, written):
        test = leaf(form.format(name), *values)

        assert quickly(test) is holds(test)
        for value in REQUESTED:
            assert quickly(test, K=value) is holds(test, K=value), (form, values, value)


@pytest.mark.parametrize("value", [True, False, "true", "x", 5])
def test_presence_is_about_the_key_and_not_its_value(value: ContextValue) -> None:
    """Null asks whether the key is missing; that the value itself is a truth changes nothing."""
    for ask in (holds, quickly):
        assert ask(leaf("Null", "true"), K=value) is False
        assert ask(leaf("Null", "false"), K=value) is True
        assert ask(leaf("Null", "true")) is True
        assert ask(leaf("Null", "false")) is False


@pytest.mark.parametrize("values", list(permutations(["${app:long}", "good", "${app:longer}"])))
def test_a_value_that_grows_too_long_matters_only_where_no_other_holds(values: tuple[str, ...]) -> None:
    """Another value that equals settles it; otherwise it cannot be judged, and never passes as unequal."""
    long = {"long": "x" * (MAX_EXPANSION + 1), "longer": "x" * (MAX_EXPANSION + 2)}

    assert holds(leaf("StringEquals", *values), K="good", **long) is True
    assert holds(leaf("StringNotEquals", *values), K="good", **long) is False
    assert holds(leaf("StringEquals", *values), K="bad", **long) is None
    assert holds(leaf("StringNotEquals", *values), K="bad", **long) is None


@pytest.mark.parametrize(
    ("operator", "value"), [("NumericEquals", 5), ("Bool", True), ("DateEquals", "2024-01-31T12:00:00Z")]
)
def test_only_texts_have_variables(operator: str, value: ContextValue) -> None:
    """A number, a truth or an instant is never read from another key (SEM-V2)."""
    try:
        test = leaf(operator, "${app:v}")
    except MalformedPolicyDocument:
        return
    assert holds(test, K=value, v=value) is None


@pytest.mark.parametrize("operator", ["ArnLike", "ArnEquals", "ArnNotLike"])
def test_an_arn_pattern_begins_as_arns_do(operator: str) -> None:
    """Another first part is a mistake that cannot be judged; a wildcard in it may stand for `arn`."""
    arn = "arn:aws:iam::123456789012:user/a"
    positive = "Not" not in operator

    for good in (arn, "a*n:aws:iam::123456789012:user/a", "?rn:*:iam::*:user/?", "*:aws:iam::*:*"):
        assert holds(leaf(operator, good), K=arn) is positive
    for bad in ("urn:aws:iam::123456789012:user/a", ":aws:iam::123456789012:user/a"):
        try:
            test = leaf(operator, bad)
        except MalformedPolicyDocument:
            continue
        assert holds(test, K=arn) is None
