"""Where to go after signing in: on this site, whatever was asked."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote, urljoin, urlsplit

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from iamkit.gate.next_page import next_page

SITE = "https://site.example"


@pytest.mark.parametrize(
    "text",
    [
        "/",
        "/notes/7",
        "/notes?page=2&sort=a%20b",
        "/a%20b",
        "/%C3%A9",
        "/a:b@c",
        "/sign-in?next=%2F%2Fevil",
        "/~x/.y",
    ],
)
def test_a_page_of_this_site_is_kept(text: str) -> None:
    """Path and query come back as they are."""
    assert next_page(text) == text


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "notes",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil",
        " /notes",
        "/notes ",
        "/a\x00",
        "/a\x7f",
        "/é",
        "/%2f/evil",
        "/%2F%2Fevil",
        "/%5cevil",
        "/%5C%5Cevil",
        "/%252f%252fevil",
        "/%25%32%66/evil",
        "/.//evil",
        "/..//evil",
        "/a/../..//evil",
        "/%2e%2e//evil",
        "/./x",
        "/a/..",
        "/%09/evil",
        "/%0d%0aLocation:x",
        "/a//b",
        "https:evil.example",
        "https://evil.example",
        "https:///evil.example",
        "javascript:alert(1)",
        "data:text/html,x",
        "http://site.example@evil.example/",
        "?next=/",
        "#x",
        "/" + "a" * 2048,
        "https://site.example",
        "/%2525252525252f",
    ],
)
def test_everything_else_is_nowhere(text: str | None) -> None:
    """Other hosts, schemes, and every spelling that something on the way could read as one."""
    assert next_page(text) is None


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("https://site.example/notes?x=1#part", "/notes?x=1"),
        ("HTTPS://SITE.example", "/"),
        ("http://site.example:8000/a", None),
        ("https://site.example//evil.example", None),
        ("https://site.example\\@evil.example/", None),
        ("https://site.example.evil.example/", None),
        ("https://[site.example/", None),
        ("ftp://site.example/", None),
    ],
)
def test_an_absolute_url_of_a_named_host_loses_its_host(text: str, kept: str | None) -> None:
    """HTMX says where it is by an absolute URL."""
    assert next_page(text, hosts=("site.example",)) == kept


PIECES = st.sampled_from(
    [
        "/",
        "\\",
        "//",
        "..",
        ".",
        "%2f",
        "%5c",
        "%2e",
        "%25",
        "%09",
        "\t",
        "\n",
        ":",
        "@",
        "?",
        "#",
        "http:",
        "https:",
        "javascript:",
        "evil.example",
        "site.example",
        "[",
        "]",
        "a",
        "é",
        " ",
    ]
)


@settings(max_examples=400)
@given(st.lists(PIECES | st.text(max_size=3), max_size=8).map("".join))
@example("/\\/evil.example")
@example("https://site.example/%2f/evil.example")
def test_nothing_that_is_kept_leaves_the_site(text: str) -> None:
    """Read as strictly as RFC 3986 says and as loosely as browsers do, decoded or not."""
    kept = next_page(text, hosts=("site.example",))

    if kept is None:
        return
    assert re.fullmatch(r"/[\x21-\x7e]*", kept)
    for read in (kept, unquote(kept.partition("?")[0]), unquote(unquote(kept.partition("?")[0]))):
        # Browsers drop these and turn backslashes round.
        loosely = re.sub(r"[\t\r\n]", "", read).strip().replace("\\", "/")
        for spelt in (read, loosely):
            assert (
                urlsplit(urljoin(f"{SITE}/deep/page", quote(spelt, safe="/%:@?&=+\\#"))).netloc
                == "site.example"
            )
            assert not spelt.startswith("//")
    # What is kept is kept for ever.
    assert next_page(kept) == kept
