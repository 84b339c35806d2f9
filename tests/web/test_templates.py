"""Resource templates: no value changes the shape of the ARN that it becomes part of (THR-E13)."""

from __future__ import annotations

import re
from decimal import Decimal
from urllib.parse import unquote
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iamkit.errors import EvaluationError
from iamkit.web.templates import LONGEST, Template

DOC = Template.parse("doc/{doc_id}/v:{version}")
FILE = Template.parse("file/{name:path}")


def test_plain_values_stand_as_they_are() -> None:
    """Text, numbers and UUIDs, as route converters give them."""
    uuid = UUID("12345678-1234-5678-1234-567812345678")

    assert DOC.fill({"doc_id": "annual report", "version": 3}) == "doc/annual report/v:3"
    assert DOC.fill({"doc_id": uuid, "version": Decimal("1.5")}) == f"doc/{uuid}/v:1.5"


@pytest.mark.parametrize(
    ("value", "filled"),
    [
        ("a/b", "a%2Fb"),
        ("a:b", "a%3Ab"),
        ("*", "%2A"),
        ("?", "%3F"),
        ("a%2Fb", "a%252Fb"),
        ("a\nb\x00\x7f\x85", "a%0Ab%00%7F%C2%85"),
        ("../x", "..%2Fx"),
    ],
)
def test_what_separates_or_matches_is_encoded(value: str, filled: str) -> None:
    """A slash, colon, star, question mark, percent sign or control character is a literal of one name."""
    assert Template.parse("doc/{doc_id}").fill({"doc_id": value}) == f"doc/{filled}"


def test_a_path_place_keeps_its_slashes_and_nothing_else() -> None:
    """`{name:path}` is for routes whose parameter is itself a path."""
    assert FILE.fill({"name": "a/b*c:d"}) == "file/a/b%2Ac%3Ad"


@pytest.mark.parametrize("parameters", [{}, {"doc_id": "1"}, {"doc_id": "", "version": 1}])
def test_a_missing_or_empty_parameter_is_a_denial(parameters: dict[str, object]) -> None:
    """Nothing is asked about a resource that has no name."""
    with pytest.raises(EvaluationError):
        DOC.fill(parameters)


@pytest.mark.parametrize("value", [None, True, b"x", ["x"], object(), "\ud800", "x" * (LONGEST + 1)])
def test_a_value_of_no_plain_kind_is_a_denial(value: object) -> None:
    """Objects, bytes, broken Unicode and oversized texts have no place in an ARN."""
    with pytest.raises(EvaluationError):
        Template.parse("doc/{doc_id}").fill({"doc_id": value})


@settings(max_examples=150)
@given(one=st.text(min_size=1, max_size=20), two=st.text(min_size=1, max_size=20))
def test_the_shape_is_fixed_and_names_stay_apart(one: str, two: str) -> None:
    """For every text: one segment, no wildcard, no control character, and different texts stay different."""
    template = Template.parse("doc/{doc_id}")

    filled = [template.fill({"doc_id": value}) for value in (one, two)]

    for text, value in zip(filled, (one, two), strict=True):
        assert re.fullmatch(r"doc/[^/:*?\x00-\x1f\x7f-\x9f]+", text)
        assert unquote(text[4:], errors="strict") == value
    assert (filled[0] == filled[1]) == (one == two)
