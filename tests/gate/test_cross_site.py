"""Another site's requests with our cookie are refused; everybody else's are not touched."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iamkit.credentials.authentication import Authentication, CredentialKind
from iamkit.errors import AccessDenied
from iamkit.gate import cross_site, csrf
from iamkit.gate.manners import Manners
from iamkit.http import Headers, HttpRequest, NeedsBody
from iamkit.ids import Ids


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
        {"origin": "http://app.example"},
        {"origin": "https://app.example:8443"},
        {"origin": "https://[app.example"},
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
    [
        {"sec_fetch_site": "same-origin"},
        {"sec_fetch_site": "none"},
        {"origin": "https://APP.example"},
        {"origin": "https://app.example:443"},
        {"sec_fetch_site": "same-origin", "origin": "null"},
    ],
)
def test_our_own_write_with_a_cookie_passes(headers: dict[str, str]) -> None:
    """The app's own pages and the address bar go on."""
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


# --- browsers that do not say where a request comes from ---------------------------------------------------

MANNERS = Manners(session_cookie="__Host-iamkit", cors=frozenset({"https://spa.example"}), body_limit=99)
COOKIE = Authentication("123456789012", "AIDA1", CredentialKind.SESSION, "s1", by_cookie=True)


def _old(token: str | None = None, form: bytes | None = None, **headers: str) -> HttpRequest:
    fields = {"cookie": "a=b; __Host-iamkit=iks_mine", **headers}
    if token is not None:
        fields["x_csrf_token"] = token
    return replace(_request("POST", **fields), body=form)


def test_an_old_browser_shows_the_token_of_the_page() -> None:
    """In a header, or in the form, which is read for it."""
    token = csrf.draw("iks_mine", Ids())
    form = {"content_type": "application/x-www-form-urlencoded; charset=utf-8"}

    assert cross_site.check(_old(token), COOKIE, MANNERS) is None
    assert cross_site.check(_old(content_type=form["content_type"]), COOKIE, MANNERS) == NeedsBody(99)
    body = b"text=hello&csrf_token=" + token.encode()
    assert cross_site.check(_old(form=body, content_type=form["content_type"]), COOKIE, MANNERS) is None


def test_no_other_token_will_do() -> None:
    """Another session's, a changed one, two of them, none, or one in a body of another kind."""
    token, other = csrf.draw("iks_mine", Ids()), csrf.draw("iks_other", Ids())
    form = {"content_type": "application/x-www-form-urlencoded"}
    field = b"csrf_token=" + token.encode()
    two_sessions = replace(
        _old(token), headers=Headers((("cookie", "__Host-iamkit=x; __Host-iamkit=iks_mine"),))
    )
    attempts = [
        _old(),
        _old(other),
        _old(token[:-1] + ("0" if token[-1] != "0" else "1")),
        _old(token.upper()),
        _old(""),
        _old("\u0661" * 32 + "." + "a" * 64),
        _old(form=b"", **form),
        _old(form=b"csrf_token=" + other.encode(), **form),
        _old(form=field + b"&" + field, **form),
        _old(form=b"\xff\xfe%zz=&&=;", **form),
        _old(form=field, content_type="text/plain"),
        _old(other, form=field, **form),
        two_sessions,
    ]
    for attempt in attempts:
        with pytest.raises(AccessDenied):
            cross_site.check(attempt, COOKIE, MANNERS)


def test_a_token_does_not_help_another_site() -> None:
    """What the browser says goes before."""
    token = csrf.draw("iks_mine", Ids())
    with pytest.raises(AccessDenied):
        cross_site.check(_old(token, sec_fetch_site="cross-site"), COOKIE, MANNERS)


def test_reads_and_header_callers_need_none() -> None:
    """Safe methods, bearer tokens and signatures are exempt."""
    assert cross_site.check(replace(_old(), method="GET"), COOKIE, MANNERS) is None
    assert cross_site.check(_old(), replace(COOKIE, by_cookie=False), MANNERS) is None


def test_a_named_origin_acts_with_the_cookie() -> None:
    """What `cors` names is trusted as our own pages are; its neighbours are not."""
    named = {"sec_fetch_site": "same-site", "origin": "https://spa.example"}
    assert cross_site.check(_request("POST", **named), COOKIE, MANNERS) is None
    for origin in (
        "https://spa.example.evil",
        "http://spa.example",
        "https://spa.example, https://spa.example",
    ):
        with pytest.raises(AccessDenied):
            cross_site.check(_request("POST", **{**named, "origin": origin}), COOKIE, MANNERS)


@pytest.mark.parametrize(
    ("headers", "passes"),
    [
        ({}, True),
        ({"origin": "https://app.example"}, True),
        ({"origin": "https://spa.example"}, True),
        ({"referer": "https://app.example/sign-in"}, True),
        ({"origin": "https://evil.example"}, False),
        ({"origin": "null"}, False),
        ({"sec_fetch_site": "cross-site"}, False),
        ({"referer": "https://evil.example/app.example"}, False),
        ({"referer": "http://app.example/"}, False),
        ({"referer": "nonsense"}, False),
        ({"user_agent": "curl/8.5.0", "accept": "*/*"}, True),
        ({"user_agent": "python-requests/2.32", "content_type": "application/x-www-form-urlencoded"}, True),
        ({"user_agent": "Mozilla/5.0 (Windows NT 6.1; Trident/7.0) like Gecko"}, False),
        ({"user_agent": "Opera/9.80 (X11; Linux)", "accept": "*/*"}, False),
        ({"user_agent": "Lynx/2.8", "accept": "text/html, text/plain, */*"}, False),
        ({"accept": "application/xhtml+xml,TEXT/HTML;q=0.9"}, False),
        ({"user_agent": "Mozilla/5.0", "referer": "https://app.example/sign-in"}, True),
        ({"user_agent": "Mozilla/5.0", "origin": "https://app.example"}, True),
        ({"user_agent": "Mozilla/5.0", "sec_fetch_site": "same-origin", "origin": "null"}, True),
        ({"user_agent": "Mozilla/5.0", "sec_fetch_site": "cross-site", "origin": "null"}, False),
    ],
)
def test_another_site_signs_nobody_in(headers: dict[str, str], passes: bool) -> None:
    """Login CSRF: a victim who is signed in as the attacker keeps notes for the attacker (THR-S5).

    A browser that says nothing of where it comes from may have been told so by the other site.
    """
    if passes:
        cross_site.check_sign_in(_request("POST", **headers), MANNERS)
        return
    with pytest.raises(AccessDenied):
        cross_site.check_sign_in(_request("POST", **headers), MANNERS)


@given(st.text(max_size=120), st.text(max_size=20))
def test_no_text_is_a_token_by_accident(text: str, session: str) -> None:
    """Whatever is sent raises nothing and passes nothing, and every drawn token passes once drawn."""
    assert not csrf.verified(text, session)
    assert csrf.verified(csrf.draw(session, Ids()), session)


def test_a_token_is_another_one_each_time() -> None:
    """So that a compressed page gives nothing away; as a field it is markup."""
    one, other = csrf.draw("s", Ids()), csrf.draw("s", Ids())

    assert one != other
    assert csrf.field(one).__html__() == f'<input type="hidden" name="csrf_token" value="{one}">'
    assert csrf.field("") == ""
