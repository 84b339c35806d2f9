"""SEM-V: policy variables, their defaults and escapes, and what a value may become."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from iamkit.errors import ValidationError
from iamkit.ids import checked_name
from iamkit.policy.decision import Decision
from iamkit.policy.model import Policy, PolicyKind
from iamkit.policy.request import ContextValue

Ask = Callable[..., Decision]
Read = Callable[..., Policy]
Refused = Callable[..., str]
Verdict = Callable[..., str]

BASE = "arn:aws:doc:eu-west-1:111122223333:home/"


@pytest.mark.parametrize("name", ["aws:username", "AWS:UserName", "aws:USERNAME"])
def test_V1_holds_a_variable_is_the_value_of_its_key_whatever_the_case(ask: Ask, name: str) -> None:
    """The key's value stands where the variable stood."""
    grant = {"Resource": BASE + "${" + name + "}/*"}

    assert ask(identity=grant, on=BASE + "jeff/x", context={"aws:username": "jeff"})


def test_V1_holds_variables_may_stand_amid_text_and_more_than_once(ask: Ask) -> None:
    """Several variables in one entry are each replaced."""
    grant = {"Resource": BASE + "x${app:a}y${app:b}${app:a}z"}

    assert ask(identity=grant, on=BASE + "x1y21z", context={"app:a": "1", "app:b": "2"})


@pytest.mark.parametrize("asked", ["jef/x", "Jeff/x", "${aws:username}/x", "jeff2/x", "jeff"])
def test_V1_near_other_text_does_not_match(ask: Ask, asked: str) -> None:
    """Only the key's own value matches."""
    grant = {"Resource": BASE + "${aws:username}/*"}

    assert not ask(identity=grant, on=BASE + asked, context={"aws:username": "jeff"})


VARIABLE = "${aws:username}"


@pytest.mark.parametrize(
    "statement",
    [
        {"Action": "doc:" + VARIABLE},
        {"NotAction": VARIABLE},
        {"Condition": {"StringEquals": {"app:" + VARIABLE: "x"}}},
        {"Condition": {VARIABLE: {"app:k": "x"}}},
        {"Condition": {"Bool": {"app:k": VARIABLE}}},
        {"Condition": {"Null": {"app:k": VARIABLE}}},
        {"Condition": {"NumericEquals": {"app:k": VARIABLE}}},
        {"Condition": {"DateEquals": {"app:k": VARIABLE}}},
        {"Condition": {"IpAddress": {"app:k": VARIABLE}}},
        {"Condition": {"BinaryEquals": {"app:k": VARIABLE}}},
    ],
)
def test_V2_holds_variables_elsewhere_are_refused(refused: Refused, statement: Mapping[str, object]) -> None:
    """Actions, keys, operators and typed values take no variables."""
    refused(statement)


def test_V2_holds_variables_in_a_principal_are_refused(refused: Refused) -> None:
    """A principal is spelt out."""
    arn = "arn:aws:iam::111122223333:user/" + VARIABLE

    refused({"Principal": {"AWS": arn}}, PolicyKind.RESOURCE)


@pytest.mark.parametrize(
    "operator",
    [
        "StringEquals",
        "StringEqualsIgnoreCase",
        "StringLike",
        "StringEqualsIfExists",
        "ForAnyValue:StringEquals",
        "ForAllValues:StringLike",
    ],
)
def test_V2_near_values_of_string_operators_take_variables(verdict: Verdict, operator: str) -> None:
    """Every string operator compares with the variable's value."""
    for value, expected in (("jeff", "holds"), ("mary", "fails")):
        context: Mapping[str, ContextValue] = {"app:k": value, "aws:username": "jeff"}
        assert verdict({operator: {"app:k": VARIABLE}}, context) == expected


@pytest.mark.parametrize("operator", ["ArnEquals", "ArnLike"])
def test_V2_near_values_of_arn_operators_take_variables(verdict: Verdict, operator: str) -> None:
    """Both ARN operators compare with the variable's value."""
    for name, expected in (("jeff", "holds"), ("mary", "fails")):
        context = {"app:k": BASE + name, "aws:username": "jeff"}
        assert verdict({operator: {"app:k": BASE + VARIABLE}}, context) == expected


@pytest.mark.parametrize(
    "pattern",
    [
        "arn:aws:doc:eu-west-1:${aws:PrincipalAccount}:home/x",
        "arn:aws:doc:${app:region}:111122223333:home/x",
        "arn:aws:doc:${app:region}:${aws:PrincipalAccount}:home/${app:name}",
        "arn:*:doc:*:${app:absent, '111122223333'}:home/*",
    ],
)
def test_V3_holds_region_account_and_resource_take_variables(ask: Ask, pattern: str) -> None:
    """The colon inside a variable does not divide the ARN."""
    context = {"aws:PrincipalAccount": "111122223333", "app:region": "eu-west-1", "app:name": "x"}

    assert ask(identity={"Resource": pattern}, on=BASE + "x", context=context)
    other = "arn:aws:doc:eu-west-1:444455556666:home/x"
    if "Account" in pattern:
        assert not ask(identity={"Resource": pattern}, on=other, context=context)


@pytest.mark.parametrize(
    "pattern",
    ["arn:${app:p}:doc:::x", "arn:aws:${app:s}:::x", "${app:arn}", "${app:a}:aws:doc:::x"],
)
def test_V3_near_the_parts_before_take_none(refused: Refused, pattern: str) -> None:
    """Partition and service are spelt out."""
    refused({"Resource": pattern})


@pytest.mark.parametrize("values", [("x",), ("x", "y")])
@pytest.mark.parametrize("variable", ["${app:list}", "${app:list, 'x'}"])
def test_V4_holds_a_list_has_no_value_and_no_default(
    ask: Ask, verdict: Verdict, values: tuple[str, ...], variable: str
) -> None:
    """A list-typed key is not usable as a variable, however many values it has."""
    context: dict[str, ContextValue] = {"app:list": values, "app:k": "x"}

    assert not ask(identity={"Resource": BASE + variable}, on=BASE + "x", context=context)
    assert not ask(identity={"NotResource": BASE + variable}, on=BASE + "z", context=context)
    assert verdict({"StringEquals": {"app:k": variable}}, context) == "fails"


def test_V4_near_a_single_value_is_used(ask: Ask) -> None:
    """The same key with a single value is."""
    assert ask(identity={"Resource": BASE + "${app:one, 'y'}"}, on=BASE + "x", context={"app:one": "x"})


@pytest.mark.parametrize(
    ("operator", "value", "values", "expected"),
    [
        ("StringEquals", "x", ["${app:absent}"], "fails"),
        ("StringLike", "x", ["${app:absent}*"], "fails"),
        ("StringEquals", "", ["${app:absent}"], "fails"),
        ("StringEquals", "${app:absent}", ["${app:absent}"], "fails"),
        ("StringEquals", "x", ["${app:absent}", "x"], "holds"),
        ("StringNotEquals", "x", ["${app:absent}"], "holds"),
        ("StringNotLike", "x", ["${app:absent}"], "holds"),
        ("StringNotEquals", "x", ["${app:absent}", "y"], "holds"),
        ("ForAnyValue:StringEquals", ("x",), ["${app:absent}"], "fails"),
        ("ForAllValues:StringNotEquals", ("x",), ["${app:absent}"], "holds"),
        ("ArnLike", BASE + "x", [BASE + "${app:absent}"], "fails"),
        ("ArnNotLike", BASE + "x", [BASE + "${app:absent}"], "holds"),
    ],
)
def test_V5_holds_without_value_nothing_equal_is_found(
    verdict: Verdict, operator: str, value: ContextValue, values: list[str], expected: str
) -> None:
    """A policy value without meaning equals nothing: positive fails, negated holds, others may match."""
    assert verdict({operator: {"app:k": values}}, {"app:k": value}) == expected


@pytest.mark.parametrize(
    ("operator", "values", "expected"),
    [
        ("StringEquals", ["${app:there}"], "holds"),
        ("StringNotEquals", ["${app:there}"], "fails"),
        ("StringNotEquals", ["${app:absent}", "x"], "fails"),
    ],
)
def test_V5_near_with_a_value_it_is_compared(
    verdict: Verdict, operator: str, values: list[str], expected: str
) -> None:
    """The variable that has a value decides as its text would."""
    assert verdict({operator: {"app:k": values}}, {"app:k": "x", "app:there": "x"}) == expected


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("${app:absent,'x y'}", "x y"),
        ("${app:absent, 'x'}", "x"),
        ("${app:absent,   'x'}", "x"),
        ("${app:absent, '*'}", "*"),
        ("${app:absent, 'a,b'}", "a,b"),
        ("${app:absent, '$'}", "$"),
    ],
)
def test_V6_holds_the_default_stands_for_a_missing_key(
    ask: Ask, verdict: Verdict, variable: str, text: str
) -> None:
    """A default is the text between the quotes."""
    assert ask(identity={"Resource": BASE + variable}, on=BASE + text)
    assert verdict({"StringLike": {"app:k": variable}}, {"app:k": text}) == "holds"


def test_V6_near_a_value_displaces_the_default_and_a_default_is_literal(ask: Ask) -> None:
    """A default is not used beside a value, and is never a wildcard."""
    grant = {"Resource": BASE + "${app:there, 'x'}"}

    assert not ask(identity=grant, on=BASE + "x", context={"app:there": "y"})
    assert not ask(identity={"Resource": BASE + "${app:absent, '*'}"}, on=BASE + "x")


@pytest.mark.parametrize(("escape", "text"), [("${*}", "*"), ("${?}", "?"), ("${$}", "$")])
def test_V7_holds_escapes_are_the_characters_themselves(
    ask: Ask, verdict: Verdict, escape: str, text: str
) -> None:
    """The three escapes stand for their character in resources and under string operators."""
    assert ask(identity={"Resource": BASE + "a" + escape}, on=BASE + "a" + text)
    for operator in ("StringLike", "StringEquals", "StringEqualsIgnoreCase"):
        assert verdict({operator: {"app:k": "a" + escape}}, {"app:k": "a" + text}) == "holds"


@pytest.mark.parametrize("escape", ["${*}", "${?}", "${$}"])
def test_V7_near_escapes_are_no_wildcards(ask: Ask, verdict: Verdict, escape: str) -> None:
    """An escaped wildcard matches no other character."""
    assert not ask(identity={"Resource": BASE + "a" + escape}, on=BASE + "ab")
    for operator in ("StringLike", "StringEquals"):
        assert verdict({operator: {"app:k": "a" + escape}}, {"app:k": "ab"}) == "fails"
        assert verdict({operator: {"app:k": "a" + escape}}, {"app:k": "a" + escape}) == "fails"


@pytest.mark.parametrize("value", ["*", "?", "j*", "jef?", "${aws:userid}", "${*}", "${app:absent, 'jeff'}"])
def test_V8_holds_a_value_never_becomes_a_wildcard_or_a_variable(
    ask: Ask, verdict: Verdict, value: str
) -> None:
    """Text of the caller's making is compared as text."""
    context = {"app:k": "jeff", "app:v": value, "aws:userid": "jeff"}
    resource = "arn:aws:doc:eu-west-1:${app:v}:home/jeff"

    assert not ask(identity={"Resource": BASE + "${app:v}"}, on=BASE + "jeff", context=context)
    assert not ask(identity={"Resource": resource}, on=BASE + "jeff", context=context)
    assert verdict({"StringLike": {"app:k": "${app:v}"}}, context) == "fails"
    assert verdict({"StringNotLike": {"app:k": "${app:v}"}}, context) == "holds"
    arns = {"app:k": BASE + "jeff", "app:v": value}
    assert verdict({"ArnLike": {"app:k": BASE + "${app:v}"}}, arns) == "fails"


@pytest.mark.parametrize("value", ["*", "?", "j*", "${aws:userid}", "${*}"])
def test_V8_near_a_value_matches_its_own_text(ask: Ask, verdict: Verdict, value: str) -> None:
    """The same text in the request is matched."""
    context = {"app:k": value, "app:v": value, "aws:userid": "jeff"}

    assert ask(identity={"Resource": BASE + "${app:v}"}, on=BASE + value, context=context)
    assert verdict({"StringLike": {"app:k": "${app:v}"}}, context) == "holds"


MALFORMED = [
    "${aws:username",
    "${}",
    "${ aws:username}",
    "${aws: username}",
    "${aws:user name}",
    "${aws:username, 'x}",
    "${aws:username, x}",
    "${aws:username, 'x' y}",
    "${",
]


@pytest.mark.parametrize("text", MALFORMED)
def test_V9_holds_malformed_variables_are_refused(refused: Refused, text: str) -> None:
    """An unclosed, empty, spaced or badly quoted variable is refused wherever variables live."""
    refused({"Resource": BASE + text})
    refused({"Condition": {"StringLike": {"app:k": text}}})


@pytest.mark.parametrize("text", ["$", "a$b", "{x}", "{uuid}:{uuid}", "}", "$$", "100$"])
def test_V9_near_lone_dollars_and_braces_are_text(ask: Ask, verdict: Verdict, text: str) -> None:
    """Only `${` begins a variable."""
    assert ask(identity={"Resource": BASE + text}, on=BASE + text)
    assert verdict({"StringLike": {"app:k": text}}, {"app:k": text}) == "holds"


@pytest.mark.parametrize("text", MALFORMED)
def test_V9_near_under_the_older_version_they_are_text(verdict: Verdict, text: str) -> None:
    """Where variables do not exist they cannot be malformed."""
    condition = {"StringEquals": {"app:k": text}}

    assert verdict(condition, {"app:k": text}, version="2008-10-17") == "holds"


def test_V10_holds_an_empty_value_takes_the_default_or_counts_as_none(ask: Ask) -> None:
    """`home/${aws:username}/*` never becomes `home//*`."""
    context = {"aws:username": ""}

    assert ask(identity={"Resource": BASE + "${aws:username, 'x'}"}, on=BASE + "x", context=context)
    assert not ask(identity={"Resource": BASE + "${aws:username}/*"}, on=BASE + "/x", context=context)
    assert not ask(identity={"NotResource": BASE + "${aws:username}/*"}, on=BASE + "y", context=context)


def test_V10_near_a_value_of_one_character_is_a_value(ask: Ask) -> None:
    """The shortest text there is stands where the variable stood."""
    context = {"aws:username": "j"}

    assert ask(identity={"Resource": BASE + "${aws:username, 'x'}/*"}, on=BASE + "j/x", context=context)
    assert ask(identity={"NotResource": BASE + "${aws:username}/*"}, on=BASE + "y", context=context)


@pytest.mark.parametrize("name", ["*", "je?f", "${aws:username}", "a$", "a/b", "a:b", "a b"])
def test_V11_holds_names_that_could_mean_more_than_text_are_never_issued(name: str) -> None:
    """What becomes the value of a variable is checked when it is made."""
    with pytest.raises(ValidationError):
        checked_name("user", name)


@pytest.mark.parametrize("name", ["jeff", "jeff@example.org", "a+b=c,d.e-f_9"])
def test_V11_near_ordinary_names_are(name: str) -> None:
    """The alphabet of names leaves out every character with a meaning in policies."""
    assert checked_name("user", name) == name
