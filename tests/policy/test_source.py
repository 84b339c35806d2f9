"""The strict JSON reader: it reads what JSON is, with places, and refuses what only Python reads."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iamkit.errors import MalformedPolicyDocument
from iamkit.policy.problem import Lines, Problem, Problems
from iamkit.policy.source import MAX_DEPTH, MAX_TEXT, Node, read

Data = object


def _read(text: str) -> Node:
    problems = Problems(Lines(text))
    node = read(text, problems)
    problems.refuse()
    assert node is not None
    return node


def _data(node: Node) -> Data:
    if node.kind == "object":
        return {member.name: _data(member.value) for member in node.members}
    if node.kind == "array":
        return [_data(item) for item in node.items]
    if node.kind == "number":
        return float(node.text)
    return {"true": True, "false": False, "null": None}[node.text] if node.kind != "string" else node.text


def _problem(text: str) -> Problem:
    with pytest.raises(MalformedPolicyDocument) as caught:
        _read(text)
    found = caught.value.problems[0]
    assert isinstance(found, Problem)
    return found


_LEAVES = st.none() | st.booleans() | st.integers(-1000, 1000).map(float) | st.text(max_size=8)
_DATA = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
)


@settings(max_examples=150, deadline=None)
@given(data=_DATA, indent=st.sampled_from([None, 2]), ascii_only=st.booleans())
def test_reads_what_json_writes(data: object, indent: int | None, ascii_only: bool) -> None:
    """Any document of the standard library reads to the same values, and its node spans it all."""
    text = json.dumps(data, indent=indent, ensure_ascii=ascii_only)

    node = _read(text)

    assert _data(node) == data
    assert node.place == (0, len(text))


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from([*'{}[]",:\\u0e1-.tfn \n\x01\u201d', "null", '"a"']), max_size=25))
def test_any_text_is_read_or_refused(parts: list[str]) -> None:
    """What the standard library refuses is refused; nothing else is ever raised."""
    text = "".join(parts)
    try:
        data = _data(_read(text))
    except MalformedPolicyDocument:
        return
    assert json.loads(text) == data


def test_places_are_lines_and_columns() -> None:
    """A place is told in offsets and, from one, in lines and columns."""
    node = _read('{\n  "a": ["b",\n    "cd"]}')
    item = node.members[0].value.items[1]
    span = Lines('{\n  "a": ["b",\n    "cd"]}').span(*item.place)

    assert (span.start, span.end, span.line, span.column) == (19, 23, 3, 5)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "{",
        "[",
        '"',
        '"\\',
        '"\\x"',
        '"\\u12"',
        "NaN",
        "-Infinity",
        "Infinity",
        "01",
        "1.",
        "+1",
        "-",
        "tru",
        "[1,]",
        '{"a":1,}',
        '{"a" 1}',
        "{a:1}",
        "[1 2]",
        "{} {}",
        '"\t"',
        '"\\ud800"',
        '"\\udc00\\ud800"',
        "'a'",
        '"\ud800"',
        "\ufeff{}",
        "\u00a0{}",
        "1e",
        "１",
        "[\u00b2]",
    ],
)
def test_what_is_no_json_is_refused(text: str) -> None:
    """Everything outside the grammar of JSON is one problem with a place."""
    problem = _problem(text)

    assert problem.code == "JSON_SYNTAX_ERROR"
    assert 0 <= problem.span.start <= len(text)


def test_names_given_twice_are_refused_with_the_second_place() -> None:
    """The last one does not silently win."""
    problem = _problem('{"a": 1, "b": {"c": 1, "\\u0063": 2}}')

    assert problem.code == "DUPLICATE_KEY"
    assert problem.path == ("b", "c")
    assert problem.span.start == 23


def test_smart_quotes_are_named() -> None:
    """What a word processor made of a quote is named, with the straight one."""
    problem = _problem("{\u201dVersion\u2033: 1}")

    assert (problem.code, problem.suggestion, problem.span.column) == ("SMART_QUOTES", '"', 2)


def test_depth_and_length_have_limits() -> None:
    """Nesting and size end in a refusal, never in a crash."""
    assert _read("[" * MAX_DEPTH + "]" * MAX_DEPTH).kind == "array"
    assert "nested" in _problem("[" * 100_000).message
    assert "nested" in _problem('{"a":' * 20_000).message
    assert "limit" in _problem(" " * (MAX_TEXT + 1)).message


def test_numbers_stay_text() -> None:
    """Thousands of digits, and digits that a float would lose, are kept as written."""
    assert _read("1" * 100_000).text == "1" * 100_000
    assert _read("1.50e+09").text == "1.50e+09"


def test_a_pair_of_escapes_is_one_character() -> None:
    """Surrogates that belong together are one character."""
    assert _read('"\\ud83d\\ude00"').text == "\U0001f600"
