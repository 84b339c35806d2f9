"""Ids, secrets and the rules for names."""

from __future__ import annotations

import os
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Literal, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iamkit import arn
from iamkit.errors import ValidationError
from iamkit.ids import Handles, IdPrefix, Ids, checked_account_id, checked_name, checked_path, name_key

Kind = Literal["user", "role", "group", "policy", "guardrail"]


class Counting:
    """A source of randomness that gives the bytes 0, 1, 2, ... and remembers how many were taken."""

    def __init__(self) -> None:
        self.taken = 0

    def bytes(self, count: int) -> bytes:
        given = bytes((self.taken + index) % 256 for index in range(count))
        self.taken += count
        return given


@pytest.mark.parametrize("prefix", get_args(IdPrefix))
def test_unique_ids_have_the_length_of_their_kind(prefix: IdPrefix) -> None:
    """A key id has 20 characters, every other id 21, base-32 after the prefix."""
    made = Ids().unique(prefix)

    assert len(made) == (20 if prefix in {"AKIA", "ASIA", "APKA"} else 21)
    assert re.fullmatch(prefix + "[A-Z2-7]+", made)


def test_two_ids_differ() -> None:
    """Nothing is given out twice."""
    ids = Ids()

    assert len({ids.unique("AIDA") for _ in range(200)}) == 200
    assert ids.secret() != ids.secret()
    assert ids.token() != ids.token()
    assert ids.handle("d") != ids.handle("d")


def test_secrets_have_their_documented_strength() -> None:
    """A secret, a token and a handle take 40, 32 and 15 random bytes."""
    source = Counting()
    ids = Ids(source)

    assert re.fullmatch(r"[A-Za-z0-9+/]{40}", ids.secret())
    assert source.taken == 40
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", ids.token())
    assert source.taken == 72
    assert re.fullmatch(r"d_[A-Za-z0-9_-]{20}", ids.handle("d"))
    assert source.taken == 87


def test_all_randomness_comes_through_the_door() -> None:
    """The same source gives the same ids, so a test can foretell them."""
    first, second = Ids(Counting()), Ids(Counting())

    assert first.unique("AROA") == second.unique("AROA")
    assert first.account_id() == second.account_id()
    assert first.bytes(8) == second.bytes(8)


def test_no_letter_of_a_secret_is_favoured() -> None:
    """Over all byte values each of the 64 letters comes up equally often."""
    ids = Ids(Counting())
    letters = "".join(ids.secret() for _ in range(32))

    counts = {letter: letters.count(letter) for letter in set(letters)}

    assert len(counts) == 64
    assert set(counts.values()) == {20}


@given(st.binary(min_size=8, max_size=8))
@settings(max_examples=50)
def test_account_ids_are_twelve_digits(raw: bytes) -> None:
    """Whatever the random bytes, an account id is 12 digits and does not begin with zero."""

    class Fixed:
        def bytes(self, count: int) -> bytes:
            return raw[:count]

    made = Ids(Fixed()).account_id()

    assert re.fullmatch(r"[1-9][0-9]{11}", made)
    assert checked_account_id(made) == made


@pytest.mark.parametrize(
    "text", ["", "12345678901", "1234567890123", "12345678901a", "١٢٣٤٥٦٧٨٩٠١٢", "123456789012\n"]
)
def test_what_is_no_account_id_is_refused(text: str) -> None:
    """Eleven or thirteen digits, letters, other scripts' digits and a trailing line end are refused."""
    with pytest.raises(ValidationError, match="12 digits"):
        checked_account_id(text)


@pytest.mark.parametrize("name", ["jeff", "J", "a+b=c,d.e@f-g_h", "." * 5])
def test_legal_names_pass_unchanged(name: str) -> None:
    """Letters, digits and `_+=,.@-` make a name."""
    assert checked_name("user", name) == name


@pytest.mark.parametrize(
    "name", ["", "a b", "a/b", "a*", "a?", "a:b", "jéff", "a\n", "\x00", "a\u200bb", "${aws:username}", "١"]
)
def test_illegal_names_are_refused(name: str) -> None:
    """Anything that could be a separator, a wildcard, a variable or look like another name is refused."""
    with pytest.raises(ValidationError):
        checked_name("user", name)


@pytest.mark.parametrize(
    ("kind", "longest"), [("user", 64), ("role", 64), ("group", 128), ("policy", 128), ("guardrail", 128)]
)
def test_names_end_at_their_limit(kind: Kind, longest: int) -> None:
    """The longest name passes and one more character is refused."""
    assert checked_name(kind, "n" * longest)
    with pytest.raises(ValidationError, match=str(longest)):
        checked_name(kind, "n" * (longest + 1))


def test_an_endless_name_is_not_echoed() -> None:
    """The message of a refusal quotes only the beginning of an oversized name."""
    with pytest.raises(ValidationError) as refused:
        checked_name("user", "n" * 100_000)

    assert len(refused.value.message) < 300


@pytest.mark.parametrize("path", ["/", "/app/", "/family/young/", "/a:b/", "/" + "x" * 510 + "/"])
def test_legal_paths_pass_unchanged(path: str) -> None:
    """A path begins and ends with a slash and has up to 512 characters (CAP-B2)."""
    assert checked_path(path) == path


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("", "`/`"),
        ("app", "`/app/`"),
        ("/app", "`/app/`"),
        ("app/", "`/app/`"),
        ("a//b", "`/a/b/`"),
        ("//app", "`/app/`"),
    ],
)
def test_an_open_path_is_refused_with_the_closed_one_suggested(path: str, hint: str) -> None:
    """A path without its slashes is never completed; what is suggested would itself be accepted (CAP-B2)."""
    with pytest.raises(ValidationError, match="begin and end with a slash") as refused:
        checked_path(path)

    assert hint in refused.value.message
    assert checked_path(hint.strip("`"))


@pytest.mark.parametrize("path", ["//", "/a//b/", "///"])
def test_an_empty_part_is_refused(path: str) -> None:
    """`/a//b/` and `/a/b/` would be two paths that look like one."""
    with pytest.raises(ValidationError, match="empty part"):
        checked_path(path)


@pytest.mark.parametrize("path", ["/a b/", "/é/", "/\t/", "/a\n/", "/\x7f/", "/\x00/"])
def test_a_path_of_other_characters_is_refused_for_that_reason(path: str) -> None:
    """A space or a control character is named as the fault, not the slashes that are there."""
    with pytest.raises(ValidationError, match="visible ASCII"):
        checked_path(path)


def test_a_path_is_refused_beyond_512_characters() -> None:
    """513 characters are one too many."""
    with pytest.raises(ValidationError, match="512"):
        checked_path("/" + "x" * 511 + "/")


@given(st.text(alphabet="ab/", max_size=8))
@settings(max_examples=100)
def test_a_path_never_runs_into_a_name(path: str) -> None:
    """Whatever path is accepted, the entity's name stands alone after the last slash of its ARN."""
    try:
        accepted = checked_path(path)
    except ValidationError:
        return

    assert arn.Arn.parse(arn.iam_arn("aws", "1" * 12, "user", accepted, "jeff")).name == "jeff"


def test_names_are_unique_without_case() -> None:
    """`Jeff` and `jeff` have the same key (CAP-B1)."""
    assert name_key("Jeff") == name_key("jEFF")
    assert name_key("jeff") != name_key("jeff1")


def test_handles_are_as_long_as_single_ones_and_never_the_same() -> None:
    """Out of a stock, beyond its end, and from many threads at once."""
    handles = Handles(Ids(), "d")
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: handles.next(), range(1000)))

    assert len(set(made)) == 1000
    assert {len(handle) for handle in made} == {len(Ids().handle("d"))}
    assert all(re.fullmatch(r"d_[A-Za-z0-9_-]{20}", handle) for handle in made)


def test_a_forked_child_gives_out_handles_of_its_own() -> None:
    """The rest of the parent's stock is the parent's."""
    handles = Handles(Ids(), "d")
    handles.next()
    reading, writing = os.pipe()

    child = os.fork()
    if child == 0:
        os.write(writing, handles.next().encode())
        os._exit(0)
    os.waitpid(child, 0)
    os.close(writing)
    theirs = os.read(reading, 100).decode()
    os.close(reading)

    assert theirs not in {handles.next() for _ in range(200)}
