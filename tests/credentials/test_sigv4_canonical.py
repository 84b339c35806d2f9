from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iamkit.credentials import sigv4_canonical as canonical
from iamkit.credentials.sigv4_canonical import Scope


def test_the_documented_example_derives_the_documented_key_and_signature() -> None:
    """AWS's worked example of the signing process (AKIDEXAMPLE, ListUsers of 30 August 2015)."""
    secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
    scope = Scope("20150830", "us-east-1", "iam")
    headers = {
        "content-type": "application/x-www-form-urlencoded; charset=utf-8",
        "host": "iam.amazonaws.com",
        "x-amz-date": "20150830T123600Z",
    }

    request = canonical.canonical_request(
        "GET",
        canonical.canonical_path("/"),
        canonical.canonical_query("Action=ListUsers&Version=2010-05-08"),
        headers,
        sorted(headers),
        canonical.EMPTY_HASH,
    )
    key = canonical.derive_signing_key(secret, scope)
    proof = canonical.signature(key, canonical.string_to_sign("20150830T123600Z", str(scope), request))

    assert hashlib.sha256(request).hexdigest() == (
        "f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59"
    )
    assert key.hex() == "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9"
    assert proof.hex() == "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ("", "/"),
        ("/", "/"),
        ("/a/b-c._~", "/a/b-c._~"),
        ("/a%2Fb", "/a%252Fb"),
        ("/a b", "/a%20b"),
        ("/a+b:c@d", "/a%2Bb%3Ac%40d"),
        ("/\u00e1", "/%E1"),
        ("//a/./b/../c//", "//a/./b/../c//"),
    ],
)
def test_paths_are_encoded_once_more_and_otherwise_kept(sent: str, expected: str) -> None:
    """The path is signed as it came: two paths that differ in bytes never share a signature."""
    assert canonical.canonical_path(sent) == expected


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ("//a/./b/../c//", "/a/c/"),
        ("/../..", "/"),
        ("/a/..", "/"),
        ("/a/.", "/a/"),
        ("/a/b", "/a/b"),
        ("", "/"),
        ("/./", "/"),
    ],
)
def test_paths_are_normalised_when_asked(sent: str, expected: str) -> None:
    """With `normalize`, dot and empty segments go, as AWS's own services do it."""
    assert canonical.canonical_path(sent, normalize=True) == expected


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ("", ""),
        ("a=1", "a=1"),
        ("a", "a="),
        ("a=", "a="),
        ("b=2&a=1", "a=1&b=2"),
        ("a=2&a=1&A=0", "A=0&a=1&a=2"),
        ("a=b=c", "a=b%3Dc"),
        ("a=x+y", "a=x%2By"),
        ("a=x%20y", "a=x%20y"),
        ("a=%41", "a=A"),
        ("a=%2f", "a=%2F"),
        ("a=/", "a=%2F"),
        ("&", "=&="),
        ("a=%c3%a9", "a=%C3%A9"),
        ("a=\u00e9", "a=%E9"),
    ],
)
def test_queries_are_sorted_and_encoded_one_way(sent: str, expected: str) -> None:
    """A plus is a plus, a missing value an empty one, and an extra `&` shows."""
    assert canonical.canonical_query(sent) == expected


@pytest.mark.parametrize("sent", ["a=%", "a=%4", "a=%zz", "%=1", "a=%u0041", "a=1&b=%٤١"])
def test_an_escape_that_is_none_is_refused(sent: str) -> None:
    """It would be read differently by different parsers."""
    with pytest.raises(ValueError, match="no escape"):
        canonical.canonical_query(sent)


@given(st.lists(st.tuples(st.text("abAB01-._~", min_size=1), st.text("abAB01-._~")), max_size=4))
@settings(max_examples=80, deadline=None)
def test_the_fast_lane_agrees_with_the_full_one(pairs: list[tuple[str, str]]) -> None:
    """A query of plain characters comes out the same with a character escaped, which leaves the lane."""
    plain = "&".join(f"{name}={value}" for name, value in pairs)
    escaped = "&".join(f"%{ord(name[0]):02x}{name[1:]}={value}" for name, value in pairs)

    assert canonical.canonical_query(plain) == canonical.canonical_query(escaped)


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ("a", "a"),
        ("", ""),
        ("  a  b  ", "a b"),
        ("a\tb", "a b"),
        ("\ta", "a"),
        ("a b", "a b"),
        ("\u00a0a", "\u00a0a"),
    ],
)
def test_header_values_lose_space_and_only_space(sent: str, expected: str) -> None:
    """Only spaces and tabs count; a byte that looks like a space in latin-1 is content."""
    assert canonical.canonical_value(sent) == expected


@pytest.mark.parametrize(
    "stamp",
    [
        "",
        "20260101T120000",
        "20260101T120000Z\n",
        " 20260101T120000Z",
        "2026-01-01T12:00:00Z",
        "20261301T120000Z",
        "20260101T250000Z",
        "20260230T120000Z",
        "20260101t120000z",
        "２０２６0101T120000Z",
        "٢٠٢٦0101T120000Z",
        "2026_101T120000Z",
        "20260101T1200+0Z",
        "00000101T120000Z",
    ],
)
def test_dates_in_any_other_form_are_no_dates(stamp: str) -> None:
    """Full-width and Arabic digits, signs, underscores and spaces are not read as numbers (THR-K8)."""
    assert canonical.instant_of(stamp) is None


def test_dates_go_there_and_back() -> None:
    """A stamp is in UTC whatever the zone of the instant."""
    instant = datetime(2026, 1, 1, 12, 0, 5, tzinfo=UTC)

    assert canonical.stamp_of(instant.astimezone(timezone(timedelta(hours=9)))) == "20260101T120005Z"
    assert canonical.instant_of("20260101T120005Z") == instant
