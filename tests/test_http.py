"""Requests and responses as values."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from iamkit.http import Headers, HttpRequest, HttpResponse

SECRET = "s3cr3t-value"


def _request(*headers: tuple[str, str], **changes: str) -> HttpRequest:
    return HttpRequest(
        method="GET",
        scheme="https",
        host="app.example",
        raw_path=changes.get("raw_path", "/a%20b"),
        path="/a b",
        query=changes.get("query", ""),
        headers=Headers(headers),
    )


def test_headers_ignore_case() -> None:
    """A field is found by its name in any case."""
    headers = Headers((("Content-Type", "text/plain"),))

    assert headers["CONTENT-TYPE"] == "text/plain"
    assert "content-type" in headers
    assert headers.get("X-Other") is None
    with pytest.raises(KeyError):
        headers["x-other"]


def test_repeated_headers_are_not_joined() -> None:
    """Both values of a repeated field are seen, in order."""
    headers = Headers((("A", "1"), ("b", "2"), ("a", "3")))

    assert headers.all("A") == ("1", "3")
    assert headers["a"] == "1"
    assert list(headers) == ["a", "b"]
    assert len(headers) == 2
    assert headers.items_received == (("a", "1"), ("b", "2"), ("a", "3"))


@pytest.mark.parametrize("show", [repr, str])
def test_no_credential_is_shown(show: Callable[[object], str]) -> None:
    """Header values, query and body stay out of every printed form."""
    request = _request(("Authorization", SECRET), ("Cookie", SECRET), query=f"X-Amz-Signature={SECRET}")
    response = HttpResponse(200, (("Set-Cookie", SECRET),), SECRET.encode())

    assert SECRET not in show(request) + show(request.headers) + show(response)
    assert "authorization" in show(request.headers)
    assert "200" in show(response)


def test_cookies_are_found_over_all_headers() -> None:
    """Every value of a cookie counts, so that two can be noticed."""
    request = _request(("Cookie", "a=1; b=2;a=3"), ("cookie", "a=4=5; c"))

    assert request.cookies("a") == ("1", "3", "4=5")
    assert request.cookies("b") == ("2",)
    assert request.cookies("c") == ()


@pytest.mark.parametrize("header", ["A=1", "aa=1", "xa=1", "=a", "a", "", ";;", " =1"])
def test_only_the_exact_cookie_name_counts(header: str) -> None:
    """Case matters in cookie names, and a part of a name is another name."""
    assert _request(("Cookie", header)).cookies("a") == ()
