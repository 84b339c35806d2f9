"""Mail addresses have one form."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iamkit.credentials import mail_address
from iamkit.errors import ValidationError


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("ana@example.org", "ana@example.org"),
        ("Ana.B+tag@Example.ORG", "ana.b+tag@example.org"),
        ("o'neil@mail.example.co.uk", "o'neil@mail.example.co.uk"),
        ("ana@xn--bcher-kva.example", "ana@xn--bcher-kva.example"),
    ],
)
def test_an_address_is_kept_in_lower_case(typed: str, kept: str) -> None:
    """So it is compared exactly."""
    assert mail_address.checked(typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "ana",
        "@example.org",
        "ana@",
        "ana@example",
        "ana@example.",
        "ana@-example.org",
        "ana@@example.org",
        ".ana@example.org",
        "a..b@example.org",
        "ana@example.org\n",
        "ana@example.org\r\nBcc: all@example.org",
        "ana@example.org, ben@example.org",
        "<ana@example.org>",
        "Ana <ana@example.org>",
        '"a b"@example.org',
        "ana@[203.0.113.9]",
        "\u00e4na@example.org",
        "m\u0131ke@example.org",
        "ana@ex\uff41mple.org",
        "\u212aana@example.org",
        "a" * 65 + "@example.org",
        "ana@" + "a" * 64 + ".org",
        "ana@" + ".".join(["abcdefgh"] * 40),
        "ana\x00@example.org",
        "\ud800@example.org",
    ],
)
def test_what_is_no_address_is_refused(typed: str) -> None:
    """Whatever a mail program or a folding of letters might make of it."""
    assert mail_address.read(typed) is None
    with pytest.raises(ValidationError):
        mail_address.checked(typed)


@settings(max_examples=200, deadline=None)
@given(
    st.one_of(st.text(), st.from_regex(r"[a-zA-Z.\u0131\u212a]{1,8}@[a-zA-Z.\u0130-]{1,12}", fullmatch=True))
)
def test_what_is_kept_is_ascii_and_stays(typed: str) -> None:
    """Reading is idempotent, and never turns another letter into an ASCII one."""
    kept = mail_address.read(typed)
    if kept is not None:
        assert typed.isascii()
        assert mail_address.read(kept) == kept == typed.lower()
