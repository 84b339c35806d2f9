"""Wildcard matching: what it means, and that its work grows with the text, not with a power of it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iamkit.errors import InvalidArn
from iamkit.policy.patterns import Pattern, action_pattern, arn_matcher, resource_matcher
from iamkit.policy.tokens import Verbatim, Wildcard, arn_parts, tokens_of


def matches(pattern: str, text: str) -> bool:
    return Pattern(tokens_of(pattern)).matches(text)


def naive(pattern: str, text: str) -> bool:
    """The textbook table: row by row, which prefixes of the text each prefix of the pattern matches."""
    row = [True] + [False] * len(text)
    for mark in pattern:
        if mark == "*":
            following = [row[0]]
            for index in range(len(text)):
                following.append(row[index + 1] or following[index])
        else:
            following = [False] + [row[i] and mark in ("?", text[i]) for i in range(len(text))]
        row = following
    return row[-1]


@pytest.mark.parametrize(
    ("pattern", "good", "bad"),
    [
        ("", "", "a"),
        ("*", "", None),
        ("?", "*", ""),
        ("ab", "ab", "abc"),
        ("ab*", "ab", "b"),
        ("*ab", "cab", "abc"),
        ("a*b*c", "abxbc", "acb"),
        ("a?c", "abc", "ac"),
        ("*a?c*", "xxabcxx", "xxacxx"),
        ("??*", "ab", "a"),
        ("*??", "ab", "a"),
        ("a**b", "ab", "a"),
        ("bucket/*", "bucket/", "bucket"),
        ("a*a", "aa", "a"),
        ("*?a?*?b*", "xaxxb", "axb"),
        ("*a*?b*", "abb", "bba"),
        ("*??*?a*", "aaaa", "aba"),
        ("[a-c].{1}\\", "[a-c].{1}\\", "b"),
        ("a*b", "a\n\nb", "a\n\nc"),
        ("*\u00e9?", "x\u00e9\U0001f600", "x\u00e9"),
    ],
)
def test_what_a_pattern_matches(pattern: str, good: str, bad: str | None) -> None:
    """A star is any run, a question mark exactly one character, everything else is itself."""
    assert matches(pattern, good)
    assert bad is None or not matches(pattern, bad)


def test_every_short_pattern_on_every_short_text() -> None:
    """All patterns of up to five marks and all texts of up to four letters agree with the textbook table."""
    texts = ["".join(letters) for size in range(5) for letters in product("ab", repeat=size)]

    for size in range(6):
        for marks in product("ab*?", repeat=size):
            pattern = "".join(marks)
            compiled = Pattern(tokens_of(pattern)).matches
            for text in texts:
                assert compiled(text) is naive(pattern, text), (pattern, text)


@pytest.mark.parametrize("length", [1, 63, 64, 65])
@pytest.mark.parametrize("mark", ["", "?"])
def test_long_pieces_between_stars(length: int, mark: str) -> None:
    """A piece is found wherever it stands, at its first place or a later one, and only whole."""
    piece = "ab" * length + mark + "c"
    stands = piece.replace("?", "b")

    for text in (
        f"x{stands}y",
        f"xab{stands}{stands}y",
        f"x{stands}aby",
        f"x{stands[:-1]}y",
        f"xa{stands[1:-1]}y{stands}y",
        f"x{stands[1:]}y",
        f"xb{stands[1:]}y",
        f"xc{stands[1:]}y",
        f"{stands}y",
        f"x{stands}",
        stands,
    ):
        for pattern in (
            f"x*{piece}*y",
            f"*{piece}*",
            f"{piece}*",
            f"*{piece}",
            f"x*{piece}y",
            f"*?{piece}?*",
        ):
            assert matches(pattern, text) is naive(pattern, text), (pattern, text)


@settings(max_examples=400, deadline=None)
@given(pattern=st.text("ab*?", max_size=14), text=st.text("ab", max_size=20))
def test_agrees_with_the_textbook_table(pattern: str, text: str) -> None:
    """On a small alphabet, where matches are frequent, both say the same."""
    assert matches(pattern, text) is naive(pattern, text)


@settings(max_examples=100, deadline=None)
@given(pattern=st.text("ab:*?", max_size=40), text=st.text("ab:", min_size=20, max_size=80))
def test_agrees_with_the_textbook_table_on_longer_texts(pattern: str, text: str) -> None:
    """The same with longer gaps between the pieces."""
    assert matches(pattern, text) is naive(pattern, text)


class Counting(str):
    """A text that counts the characters that its searches look at."""

    steps: int

    def __new__(cls, value: str) -> Counting:
        made = super().__new__(cls, value)
        made.steps = 0
        return made

    def find(self, sub: str, start: object = 0, end: object = None, /) -> int:
        assert isinstance(start, int)
        assert isinstance(end, int)
        found = super().find(sub, start, end)
        self.steps += (end if found < 0 else found + len(sub)) - start
        return found

    def startswith(self, prefix: str, start: object = 0, /) -> bool:  # type: ignore[override]
        assert isinstance(start, int)
        self.steps += len(prefix)
        return super().startswith(prefix, start)

    def __getitem__(self, index: object) -> str:
        assert isinstance(index, int)
        self.steps += 1
        return super().__getitem__(index)


def _steps(pattern: str, text: str) -> int:
    counted = Counting(text)
    Pattern(tokens_of(pattern)).matches(counted)
    return counted.steps


FAMILIES: dict[str, Callable[[int], tuple[str, str]]] = {
    "stars between one letter": lambda n: ("*a" * (n // 8) + "*b*", "a" * n),
    "stars, the last letter wrong": lambda n: ("a*" * 12 + "b*", "a" * n),
    "stars and pairs": lambda n: ("*aa" * (n // 16) + "*ab*", "a" * n),
    "question marks between stars": lambda n: ("*a?" * (n // 8) + "*b*", "a" * n),
    "one long piece": lambda n: ("*" + "a" * (n // 2) + "b*", "a" * n),
    "one long piece, wrong in the middle": lambda n: (
        "*" + "a" * (n // 4) + "b" + "a" * (n // 4) + "*",
        "a" * n,
    ),
    "one long piece of question marks": lambda n: ("*" + "a?" * (n // 4) + "b*", "a" * n),
    "only question marks": lambda n: ("?" * n, "a" * n),
    "question marks and stars": lambda n: ("?*" * (n // 2), "a" * n),
    "stars alone": lambda n: ("*" * n, "a" * n),
    "period two": lambda n: ("*ab" * (n // 8) + "*aa*", "ab" * (n // 2)),
    "period two with a gap": lambda n: ("*a?a" * (n // 16) + "*c*", "ab" * (n // 2)),
    "anchored head": lambda n: ("a" * (n // 2) + "*b", "a" * n),
    "anchored head with question marks": lambda n: ("a?" * (n // 4) + "*b", "a" * n),
    "anchored tail": lambda n: ("*b" + "a" * (n // 2), "a" * n),
    "head and tail overlap": lambda n: ("a" * (n // 2 + 1) + "*" + "a" * (n // 2), "a" * n),
    "twelve stars of words": lambda n: ("*word" * 12 + "x*", "word" * (n // 4)),
    "slashes": lambda n: ("*/" * (n // 8) + "x*", "/" * n),
    "growing pieces": lambda n: ("*" + "*".join("a" * i for i in range(1, 12)) + "*b*", "a" * n),
    "alternating": lambda n: ("*?" * (n // 4) + "c*", "ab" * (n // 2)),
}


@pytest.mark.parametrize("family", FAMILIES)
def test_the_work_grows_with_the_text(family: str) -> None:
    """Twice the pattern and text takes about twice the steps, for every family of bad patterns."""
    small, large = (_steps(*FAMILIES[family](size)) for size in (512, 1024))

    assert large <= 2 * small + 64
    assert large <= 4 * 1024


def test_a_pattern_longer_than_the_text_costs_nothing() -> None:
    """What cannot fit is refused before anything is prepared or compared."""
    counted = Counting("a" * 100)

    assert not Pattern(tokens_of("*" + "a?" * 3000 + "*")).matches(counted)
    assert counted.steps == 0


def test_stars_only_in_the_sixth_part_cross_colons() -> None:
    """Part by part: a star in the account part does not reach into the resource."""
    assert resource_matcher("arn:aws:iam::*:user/x")("arn:aws:iam::1:user/x")
    assert not resource_matcher("arn:aws:iam::*:user/x")("arn:aws:iam::1:a:user/x")
    assert resource_matcher("arn:aws:doc:::*x")("arn:aws:doc:::a:b:x")
    assert not resource_matcher("arn:aws:doc:::x")("*")
    assert resource_matcher("*")("*")


def test_a_text_with_fewer_parts_matches_no_part_pattern() -> None:
    """What is not an ARN does not match an ARN pattern, wherever its wildcards stand."""
    assert not resource_matcher("arn:*:doc:::*")("arn:aws:doc::x")
    assert not resource_matcher("arn:aws:doc:::*")("arn:aws:doc::x")


def test_colons_of_a_substituted_value_part_nothing() -> None:
    """A value with colons in it cannot move the parts of the ARN it is put into."""
    tokens = ("arn:aws:doc::", Verbatim("1:x"), ":user/", Wildcard.RUN)

    assert not arn_matcher(tokens)("arn:aws:doc::1:x:user/a")
    assert not arn_matcher(tokens)("arn:aws:doc::1:x")
    assert arn_parts(tokens)[4] == ("1:x",)


def test_five_parts_are_no_arn_pattern() -> None:
    """An ARN pattern that lacks a part is refused, never filled up."""
    with pytest.raises(InvalidArn):
        arn_matcher(tokens_of("arn:aws:s3::*"))


@pytest.mark.parametrize("entry", ["", "doc", "doc:", ":get", "doc: get", "doc:get,doc:put", "a:b:c"])
def test_what_is_no_action_matches_nothing(entry: str) -> None:
    """An entry that is no action matches no action, not even itself."""
    assert not action_pattern(entry).matches(entry.lower() or "doc:get")
    assert action_pattern("DOC:g?t").matches("doc:get")


def test_equal_patterns_are_equal() -> None:
    """Patterns compare by what they match with."""
    assert Pattern(tokens_of("a**b")) == Pattern(tokens_of("a*b"))
    assert hash(Pattern(("a", "b"))) == hash(Pattern(("ab",)))
    assert Pattern(("a",)) != Pattern((Wildcard.RUN,))
    assert Pattern(("a", "b")).literal == "ab"
    assert Pattern(()).literal == ""
    assert Pattern((Wildcard.ONE,)).literal is None


def test_a_pattern_is_no_text() -> None:
    """It equals nothing but patterns."""
    assert Pattern(tokens_of("a")) != "a"
    assert Pattern(tokens_of("a")) != Pattern(tokens_of("b"))


@pytest.mark.parametrize(
    "pattern", ["arn:*:doc:::a", "arn:?ws:doc:*:*:*", "*:aws:doc:::a", "?rn:aws:doc:::*", "arn:aws:doc:::a"]
)
def test_a_text_of_fewer_parts_is_no_arn_however_well_it_begins(pattern: str) -> None:
    """What is cut off anywhere does not match, and the whole does."""
    whole = "arn:aws:doc:::a"
    matcher = arn_matcher(tokens_of(pattern))

    assert matcher(whole) is True
    for end in range(whole.rindex(":")):
        assert matcher(whole[:end]) is False


def test_a_substituted_value_makes_no_parts() -> None:
    """Text from outside that looks like an ARN is one part, wherever it stands (SEM-V8)."""
    with pytest.raises(InvalidArn):
        arn_matcher((Verbatim("arn:aws:doc:::"), "a"))
    with pytest.raises(InvalidArn):
        arn_matcher((Verbatim("arn:aws:doc:::a"),))
    matcher = arn_matcher(("arn:aws:doc:::", Verbatim("a:b:*")))
    assert matcher("arn:aws:doc:::a:b:*") is True
    assert matcher("arn:aws:doc:::a:b:c") is False
