"""The table of operators: closed, complete, and one row enough for a new one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from iamkit.errors import MalformedPolicyDocument
from iamkit.policy import (
    STANDARD,
    AccessRequest,
    Caller,
    CallerLayers,
    Context,
    EvaluationOptions,
    PolicyKind,
    evaluate,
    parse,
)
from iamkit.policy.layers import AttachedPolicy, PolicySource
from iamkit.policy.operators import Family
from iamkit.policy.tokens import tokens_of


def test_the_table_is_the_languages() -> None:
    """27 operators, each under its own name, each with words for an explanation."""
    assert len(STANDARD) == 27
    assert all(name == row.name and row.words for name, row in STANDARD.items())


# Type of the key; form in a list's filter and its symbol; negated, wildcards, variables, presence; words.
ROWS = """
StringEquals              String    text                 =     - - v -  equals
StringNotEquals           String    text                 =     n - v -  does not equal
StringEqualsIgnoreCase    String    text, case ignored   =     - - v -  equals in any case
StringNotEqualsIgnoreCase String    text, case ignored   =     n - v -  does not equal in any case
StringLike                String    wildcards            like  - w v -  is like
StringNotLike             String    wildcards            like  n w v -  is not like
NumericEquals             Numeric   number               =     - - - -  equals
NumericNotEquals          Numeric   number               =     n - - -  does not equal
NumericLessThan           Numeric   number               <     - - - -  is less than
NumericLessThanEquals     Numeric   number               <=    - - - -  is at most
NumericGreaterThan        Numeric   number               >     - - - -  is greater than
NumericGreaterThanEquals  Numeric   number               >=    - - - -  is at least
DateEquals                Date      date                 =     - - - -  equals
DateNotEquals             Date      date                 =     n - - -  does not equal
DateLessThan              Date      date                 <     - - - -  is before
DateLessThanEquals        Date      date                 <=    - - - -  is not after
DateGreaterThan           Date      date                 >     - - - -  is after
DateGreaterThanEquals     Date      date                 >=    - - - -  is not before
Bool                      Bool      truth                =     - - - -  is
BinaryEquals              Binary    -                    -     - - - -  equals
IpAddress                 IPAddress -                    -     - - - -  is in
NotIpAddress              IPAddress -                    -     n - - -  is not in
ArnEquals                 ARN       arn                  like  - w v -  is like
ArnLike                   ARN       arn                  like  - w v -  is like
ArnNotEquals              ARN       arn                  like  n w v -  is not like
ArnNotLike                ARN       arn                  like  n w v -  is not like
Null                      Null      presence             =     - - - p  is missing:
"""


@pytest.mark.parametrize("line", ROWS.strip().splitlines(), ids=lambda line: line.split()[0])
def test_what_each_operator_is(line: str) -> None:
    """Type, form, negation, what its values may contain, and how it is read aloud (SEM-C5, V-2)."""
    columns = (0, 26, 36, 57, 63, 72)
    name, family, form, comparison, flags, words = (
        line[first:last].strip() for first, last in zip(columns, (*columns[1:], None), strict=True)
    )

    row = STANDARD[name]

    shown = "".join(
        letter if flag else "-"
        for letter, flag in zip(
            "nwvp", (row.negated, row.wildcards, row.variables, row.presence), strict=True
        )
    )
    assert (row.family, row.form or "-", row.comparison or "-") == (family, form, comparison)
    assert (shown, row.words, row.filterable) == (flags.replace(" ", ""), words, form != "-")


def test_negated_rows_are_the_ones_with_a_positive_twin() -> None:
    """Each negated row tests what its positive twin tests."""
    for row in STANDARD.values():
        assert row.negated is ("Not" in row.name)
        if row.negated:
            twin = STANDARD[row.name.replace("Not", "")]
            assert (twin.holds, twin.read, twin.prepare) == (row.holds, row.read, row.prepare)


def test_filterable_rows_name_their_form() -> None:
    """Only addresses and bytes cannot be filtered by in a store."""
    closed = {row.family for row in STANDARD.values() if not row.filterable}

    assert closed == {Family.IP, Family.BINARY}
    assert all(row.comparison for row in STANDARD.values() if row.filterable)


@pytest.mark.parametrize(
    ("name", "value", "good", "bad"),
    [
        ("StringEquals", "a*", "a*", "ab"),
        ("StringEqualsIgnoreCase", "ABC", "abc", "abd"),
        ("StringLike", "a*c", "abc", "ABC"),
        ("NumericLessThan", "10", 5, 10),
        ("NumericLessThanEquals", "10", 10, 11),
        ("NumericGreaterThan", "10", "10.5", "10.0"),
        ("NumericGreaterThanEquals", "1e1", 10, 9.5),
        ("NumericEquals", "1.0", 1, 2),
        ("DateLessThan", "2024-01-01", 0, "2024-01-01"),
        ("DateGreaterThanEquals", "10", "1970-01-01T00:00:10Z", 9),
        ("Bool", "TRUE", True, "false"),
        ("BinaryEquals", "aGk=", b"hi", "aGo="),
        ("IpAddress", "10.0.0.0/8", "::ffff:10.1.2.3", "2001:db8::1"),
        ("ArnLike", "arn:aws:iam::1:user/*", "arn:aws:iam::1:user/a/b:c", "arn:aws:iam::2:user/a"),
        ("ArnEquals", "arn:*:iam::1:x", "arn:aws:iam::1:x", "arn:aws:iam::1:X"),
    ],
)
def test_what_a_row_holds_for(name: str, value: str, good: object, bad: object) -> None:
    """The request's value stands on the left."""
    row = STANDARD[name]
    prepared = row.prepare(tokens_of(value) if row.wildcards else (value,))

    assert row.holds(row.read(good), prepared)  # type: ignore[arg-type]  # values of every type
    assert not row.holds(row.read(bad), prepared)  # type: ignore[arg-type]


def test_a_plugin_adds_a_row_without_touching_the_table(jeff: Caller) -> None:
    """A larger table makes a new operator parse and decide; the standard one still refuses it."""
    words = replace(
        STANDARD["StringEquals"],
        name="StringStartsWith",
        holds=lambda value, prefix: str(value).startswith(str(prefix)),
        words="starts with",
        form=None,
    )
    table = {**STANDARD, words.name: words}
    text = """{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "doc:Get", "Resource": "*",
        "Condition": {"ForAnyValue:StringStartsWithIfExists": {"app:k": "ab"}}}}"""

    policy = parse(text, PolicyKind.IDENTITY, operators=table)
    layers = CallerLayers((AttachedPolicy(policy, PolicySource("p")),))
    request = AccessRequest(jeff, "doc:Get", "*", Context({"app:k": ("x", "abc")}))

    assert evaluate(request, layers, options=EvaluationOptions(operators=table))
    assert evaluate(request, layers).error
    with pytest.raises(MalformedPolicyDocument):
        parse(text, PolicyKind.IDENTITY)


def test_an_operator_that_raises_is_a_denial(attach: Callable[..., AttachedPolicy], jeff: Caller) -> None:
    """Whatever a plugin's operator raises, the request is denied."""

    def broken(value: object, wanted: object) -> bool:
        raise KeyError(value, wanted)

    table = {**STANDARD, "StringEquals": replace(STANDARD["StringEquals"], holds=broken)}
    layers = CallerLayers(
        (
            attach(
                {
                    "Effect": "Allow",
                    "Action": "*",
                    "Resource": "*",
                    "Condition": {"StringEquals": {"app:k": "x"}},
                }
            ),
        )
    )
    request = AccessRequest(jeff, "doc:Get", "*", Context({"app:k": "x"}))

    decision = evaluate(request, layers, options=EvaluationOptions(operators=table))

    assert not decision
    assert decision.error == "evaluation failed with KeyError"
