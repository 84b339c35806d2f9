"""Policy variables: how they are read, and that what is put in their place stays text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iamkit.errors import EvaluationError
from iamkit.policy.patterns import Pattern
from iamkit.policy.request import ContextValue
from iamkit.policy.tokens import Wildcard
from iamkit.policy.variables import (
    MAX_EXPANSION,
    MalformedVariableError,
    Variable,
    escaped,
    fixed,
    keys_in,
    substituted,
    template,
)


def test_a_template_is_read_once() -> None:
    """Text, wildcards, variables with and without default, and escapes."""
    tokens = template("a*${aws:UserName}?${app:k, 'x*y'}${*}${$}")

    assert tokens == (
        "a",
        Wildcard.RUN,
        Variable("aws:username"),
        Wildcard.ONE,
        Variable("app:k", "x*y"),
        "*",
        "$",
    )
    assert keys_in(tokens) == ("aws:username", "app:k")


def test_without_variables_the_same_text_is_plain() -> None:
    """In the older version `${x}` is text, and wildcards in it are wildcards."""
    assert template("${*}", variables=False) == ("${", Wildcard.RUN, "}")
    assert template("${a:b}", variables=False) == ("${a:b}",)
    assert template("a*", wildcards=False) == ("a*",)
    assert template("", wildcards=False) == ()


@pytest.mark.parametrize(
    "text",
    ["${", "x${a:b", "${}", "${a b:c}", "${a:b,c}", "${a:b, 'c}", '${a:b, "c"}', "${nokey}", "${a:${b:c}}"],
)
def test_malformed_variables_are_refused(text: str) -> None:
    """Whatever begins with `${` and is no variable is refused, with its place."""
    with pytest.raises(MalformedVariableError) as caught:
        template(text)
    assert text[caught.value.start :].startswith("${")


@pytest.mark.parametrize("text", ["$", "$x", "{uuid}:{uuid}", "a$", "}{", "$ {a:b}"])
def test_lone_signs_are_text(text: str) -> None:
    """A dollar or a brace alone means nothing."""
    assert template(text) == (text,)


@pytest.mark.parametrize(
    ("value", "text"),
    [("jeff", "jeff"), (True, "true"), (5, "5"), ("${aws:x}", "${aws:x}"), ("*", "*")],
)
def test_values_are_put_in_literally(value: ContextValue, text: str) -> None:
    """Nothing in a value is read again: no wildcard, no variable."""
    tokens = substituted(template("a/${app:k}/*"), {"app:k": value})

    assert tokens is not None
    assert Pattern(tokens).matches(f"a/{text}/x")
    assert not Pattern(tokens).matches("a/other/x")


def test_without_a_value_the_default_stands_in() -> None:
    """Missing and empty values take the default; without one there is no text at all."""
    with_default = template("${app:k, 'd'}")

    assert substituted(with_default, {}) == ("d",)
    assert substituted(with_default, {"app:k": ""}) == ("d",)
    assert substituted(template("${app:k}"), {}) is None
    assert substituted(template("${app:k}"), {"app:k": ""}) is None


def test_a_list_has_no_value_and_no_default() -> None:
    """A list-typed key cannot stand in a variable, even with one value."""
    assert substituted(template("${app:k, 'd'}"), {"app:k": ("one",)}) is None


def test_expansion_has_an_end() -> None:
    """Many long values in one text are refused at evaluation."""
    tokens = template("${app:k}" * 3)

    with pytest.raises(EvaluationError):
        substituted(tokens, {"app:k": "x" * (MAX_EXPANSION // 2)})


@given(st.text(max_size=30))
def test_escaped_text_matches_only_itself(text: str) -> None:
    """Escaping makes any text a pattern of itself."""
    tokens = fixed(template(escaped(text)))

    assert tokens is not None
    assert Pattern(tokens).literal == text
