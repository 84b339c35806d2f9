"""The quick reader and the careful one: the first accepts nothing that the second reads otherwise."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iamkit.policy.plain import Number, Plain, UnusualError, is_string, plain, plain_of, text_of
from iamkit.policy.problem import Lines, Problems
from iamkit.policy.source import read

_DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)


def _carefully(text: str) -> tuple[Plain, int]:
    problems = Problems(Lines(text))
    node = read(text, problems)
    return (None if node is None else plain_of(node)), len(problems)


def _agree(text: str) -> None:
    try:
        value = plain(text)
    except UnusualError:
        return
    careful, faults = _carefully(text)
    assert (repr(value), faults) == (repr(careful), 0)


@settings(max_examples=200, deadline=None)
@given(data=_DATA, ascii_only=st.booleans())
def test_a_document_is_read_the_same_by_both(data: object, ascii_only: bool) -> None:
    """Whatever the standard library writes."""
    _agree(json.dumps(data, ensure_ascii=ascii_only))


@settings(max_examples=300, deadline=None)
@given(text=st.text('{}[]",:\\u0dD8eE+-.1 \n\ufefftruefalsenull\x00\ud800', max_size=14))
def test_what_the_quick_reader_accepts_is_good(text: str) -> None:
    """Any text near to JSON: refused by the quick one, or the same to both."""
    _agree(text)


@pytest.mark.parametrize(
    "text",
    ['{"a": 1, "a": 1}', "[NaN]", "[-Infinity]", '["\\ud800"]', '["\ud800"]', "[01]", "\ufeff[]", "[" * 9999],
)
def test_what_has_to_be_read_with_care_is_left(text: str) -> None:
    """Names given twice, what only Python accepts, halves of characters, nesting without end."""
    with pytest.raises(UnusualError):
        plain(text)


def test_a_number_stays_the_text_it_was() -> None:
    """It is no string, and its text is as written."""
    value = plain("[1.50, 1e400, true, null, {}]")

    assert isinstance(value, list)
    assert [text_of(item) for item in value] == ["1.50", "1e400", "true", "", ""]
    assert isinstance(value[0], Number)
    assert not is_string(value[0])
