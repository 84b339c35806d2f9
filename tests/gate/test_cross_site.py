"""Another site's requests with our cookie are refused; everybody else's are not touched."""

from __future__ import annotations

from dataclasses import replace

import pytest

from iamkit.credentials.authentication import Authentication, CredentialKind
from iamkit.errors import AccessDenied
from iamkit.gate import cross_site
from iamkit.http import Headers, HttpRequest


def _request(method: str, kind: str = "http", **headers: str) -> HttpRequest:
    fields = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return HttpRequest(
        method=method,
        scheme="https",
        host="app.example",
        raw_path="/x",
        path="/x",
        query="",
        headers=Headers(fields),
        kind="websocket" if kind == "websocket" else "http",
    )


def _proof(*, by_cookie: bool) -> Authentication:
    return Authentication("123456789012", "AIDA1", CredentialKind.SESSION, "s1", by_cookie=by_cookie)


@pytest.mark.parametrize(
    "headers",
    [
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "https://app.example.evil.example"},
        {"sec_fetch_site": "same-origin", "origin": "https://evil.example"},
    ],
)
def test_a_foreign_write_with_a_cookie_is_refused(headers: dict[str, str]) -> None:
    """A browser that says the request comes from elsewhere is believed."""
    with pytest.raises(AccessDenied):
        cross_site.check(_request("POST", **headers), _proof(by_cookie=True))


@pytest.mark.parametrize(
    "headers",
    [{}, {"sec_fetch_site": "same-origin"}, {"sec_fetch_site": "none"}, {"origin": "https://APP.example"}],
)
def test_our_own_write_with_a_cookie_passes(headers: dict[str, str]) -> None:
    """The app's own pages, the address bar, and clients that send neither header go on."""
    cross_site.check(_request("POST", **headers), _proof(by_cookie=True))


def test_a_foreign_field_beside_our_own_is_not_overlooked() -> None:
    """Every field counts, not the first; and where no Host was sent, no Origin is the same."""
    request = _request("POST")
    nowhere = replace(request, host="", headers=Headers((("origin", "null"),)))
    sites = Headers((("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")))
    origins = Headers((("origin", "https://app.example"), ("origin", "https://evil.example")))
    for asked in (replace(request, headers=sites), replace(request, headers=origins), nowhere):
        with pytest.raises(AccessDenied):
            cross_site.check(asked, _proof(by_cookie=True))


def test_a_read_passes_from_anywhere() -> None:
    """A link from another site may be followed."""
    cross_site.check(_request("GET", sec_fetch_site="cross-site"), _proof(by_cookie=True))


def test_a_websocket_is_not_a_read() -> None:
    """A handshake is a GET, yet what follows writes: another site's is refused."""
    with pytest.raises(AccessDenied):
        cross_site.check(_request("GET", "websocket", origin="https://evil.example"), _proof(by_cookie=True))


def test_a_signed_request_passes_from_anywhere() -> None:
    """No browser signs unasked."""
    cross_site.check(_request("DELETE", sec_fetch_site="cross-site"), _proof(by_cookie=False))
