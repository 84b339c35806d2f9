"""Text from outside as one line."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iamkit.audit.text import one_line


@given(st.text(max_size=60), st.integers(0, 40))
@settings(max_examples=200)
def test_the_result_is_one_short_printable_line(text: str, limit: int) -> None:
    """Whatever comes in, what goes out is printable, can be encoded and keeps the limit (THR-X1)."""
    line = one_line(text, limit)

    assert len(line) <= limit
    assert line == "" or line.isprintable()
    assert line.encode("utf-8")[:0] == b""
    assert len(line.splitlines()) <= 1


@given(st.text(alphabet="abc é漢", max_size=40))
@settings(max_examples=50)
def test_ordinary_text_is_left_alone(text: str) -> None:
    """Letters of any script and spaces pass unchanged."""
    assert one_line(text) == text


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a\r\nb", "a\\x0d\\x0ab"),
        ("\x1b[31m", "\\x1b[31m"),
        ("a\u2028b", "a\\u2028b"),
        ("\ud800", "\\ud800"),
        ("\x00", "\\x00"),
        ("\u202eevil", "\\u202eevil"),
        ("\U000e0001", "\\U000e0001"),
    ],
)
def test_what_could_forge_a_line_is_escaped(text: str, line: str) -> None:
    """Line ends, terminal sequences, direction marks and unpaired surrogates become visible."""
    assert one_line(text) == line


def test_a_cut_does_not_halve_an_escape() -> None:
    """An escape that does not fit is left out whole."""
    assert one_line("abc\n", 6) == "abc"
    assert one_line("abc\n", 7) == "abc\\x0a"
