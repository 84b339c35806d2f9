"""The search for secrets finds a secret that was planted, in each spelling and at each place."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

SECRET = 'wJalr+XUtn/FEMI "K7MDENG" & bPxRfiCYé'
RAW = SECRET.encode()

PLANTS: dict[str, Callable[[str], bytes]] = {
    "raw": lambda text: text.encode(),
    "first half": lambda text: text.encode()[: len(RAW) // 2],
    "second half": lambda text: text.encode()[len(RAW) // 2 :],
    "hex": lambda text: text.encode().hex().encode(),
    "upper-case hex": lambda text: text.encode().hex().upper().encode(),
    "base64 at 0": lambda text: base64.b64encode(b"abc" + text.encode() + b"tail"),
    "base64 at 1": lambda text: base64.b64encode(b"a" + text.encode() + b"t"),
    "base64 at 2": lambda text: base64.b64encode(b"ab" + text.encode()),
    "base64url at 0": lambda text: base64.urlsafe_b64encode(text.encode() + b"tail"),
    "base64url at 1": lambda text: base64.urlsafe_b64encode(b"abcd" + text.encode() + b"t"),
    "base64url at 2": lambda text: base64.urlsafe_b64encode(b"ab" + text.encode()),
    "percent-encoded": lambda text: quote(text, safe="").encode(),
    "lower-case percent": lambda text: re.sub(
        "%..", lambda found: found[0].lower(), quote(text, safe="")
    ).encode(),
    "percent-encoded whole": lambda text: "".join(f"%{byte:02X}" for byte in text.encode()).encode(),
    "form": lambda text: quote_plus(text).encode(),
    "JSON": lambda text: json.dumps({"password": text}).encode(),
    "JSON beyond ASCII": lambda text: json.dumps([text], ensure_ascii=False).encode(),
    "JSON, slashes": lambda text: json.dumps(text).replace("/", "\\/").encode(),
    "JSON in JSON": lambda text: json.dumps({"body": json.dumps({"password": text})}).encode(),
    "JSON, escaped": lambda text: "".join(f"\\u{ord(char):04x}" for char in text).encode(),
    "repr of text": lambda text: repr({"password": text}).encode(),
    "repr of bytes": lambda text: repr(text.encode()).encode(),
    "UTF-16": lambda text: text.encode("utf-16"),
}


@pytest.mark.parametrize("plant", PLANTS.values(), ids=PLANTS.keys())
def test_a_planted_secret_is_found(plant: Callable[[str], bytes], canary: ModuleType) -> None:
    """In each spelling; the same text about another secret is none."""
    other = SECRET.swapcase()[::-1]
    search = canary.Search()
    search.secret("it", SECRET)

    search.look("elsewhere", b"before " + plant(other) + b" after")
    assert search.finds == []
    search.look("here", b"before " + plant(SECRET) + b" after")

    assert {(find.secret, find.place) for find in search.finds} == {("it", "here")}


@settings(max_examples=50)
@given(secret=st.binary(min_size=12, max_size=64), before=st.binary(max_size=8), after=st.binary(max_size=8))
def test_base64_is_found_wherever_it_begins(
    secret: bytes, before: bytes, after: bytes, canary: ModuleType
) -> None:
    """Any secret, with anything before and behind it."""
    search = canary.Search()
    search.secret("it", secret)
    search.look("base64", base64.b64encode(before + secret + after))
    search.look("base64url", base64.urlsafe_b64encode(before + secret + after))

    assert {find.place for find in search.finds} == {"base64", "base64url"}


def test_files_and_their_names_are_looked_through(tmp_path: Path, canary: ModuleType) -> None:
    """Below folders too; a file that may hold the secret is left out by name."""
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "file").write_bytes(b"\x00" * 5000 + RAW)
    (tmp_path / "master.key").write_bytes(RAW)
    (tmp_path / "name-of-a-file").touch()
    search = canary.Search()
    search.secret("it", SECRET)
    search.secret("name", "name-of-a-file")

    search.look_into(tmp_path, but=("master.key",))

    assert {(find.secret, find.place) for find in search.finds} == {
        ("it", "file"),
        ("name", f"a name below {tmp_path.name}"),
    }


def test_what_is_found_does_not_tell_the_secret(canary: ModuleType) -> None:
    """A report of a leak is none itself."""
    search = canary.Search()
    search.secret("it", SECRET)
    search.look("here", RAW)

    assert search.finds
    assert SECRET not in f"{search} {search!r} {search.finds!r}"


def test_a_secret_that_would_be_found_by_chance_is_refused(canary: ModuleType) -> None:
    """Twelve bytes at least."""
    with pytest.raises(ValueError, match="too short"):
        canary.Search().secret("it", "short")
