"""The refusal plugin: what each reader gets, and what nobody gets."""

from __future__ import annotations

import json

import pytest

from iamkit.builtin.responses import Responses, render, wants_page
from iamkit.errors import (
    AccessDenied,
    ConfigurationError,
    EvaluationError,
    IamkitError,
    InvalidClientTokenId,
    MalformedRequest,
    MissingAuthenticationToken,
    StoreUnavailable,
    Throttling,
)
from iamkit.gate.verdict import Refusal
from iamkit.http import Headers, HttpRequest, HttpResponse
from iamkit.plugins import plugin_manager


def request(method: str = "GET", raw_path: str = "/doc/1", **fields: str) -> HttpRequest:
    headers = Headers(tuple((name.replace("_", "-"), value) for name, value in fields.items()))
    return HttpRequest(method, "https", "app", raw_path, raw_path, "", headers)


def denied(made: HttpRequest | None = None, *, hidden: bool = False) -> Refusal:
    error = AccessDenied("you may not do `docs:Read` here")
    return Refusal(made or request(), error, decision_id="d_1", action="docs:Read", hidden=hidden)


def header(response: HttpResponse, name: str) -> list[str]:
    return [value for key, value in response.headers if key.lower() == name]


def test_programs_get_a_problem() -> None:
    """RFC 9457, with the decision id in body and header, and kept by no cache."""
    response = render(denied())

    assert response.status == 403
    assert json.loads(response.body) == {
        "type": "urn:iamkit:error:AccessDenied",
        "title": "Forbidden",
        "status": 403,
        "detail": "you may not do `docs:Read` here",
        "instance": "/doc/1",
        "decision": "d_1",
        "action": "docs:Read",
    }
    assert header(response, "content-type") == ["application/problem+json"]
    assert header(response, "content-length") == [str(len(response.body))]
    assert header(response, "x-iamkit-decision") == ["d_1"]
    assert header(response, "cache-control") == ["no-store"]
    assert header(response, "vary") == ["Cookie, Authorization"]
    assert header(response, "www-authenticate") == []


def test_browsers_get_a_page_in_which_everything_is_escaped() -> None:
    """Whatever gets into a message or id cannot become markup."""
    evil = "<script>alert(1)</script>"
    refusal = Refusal(request(sec_fetch_mode="navigate"), MalformedRequest(evil), decision_id=evil + "\"'")

    response = render(refusal)

    page = response.body.decode()
    assert header(response, "content-type") == ["text/html; charset=utf-8"]
    assert evil not in page
    assert "&lt;script&gt;" in page
    assert "default-src 'none'" in header(response, "content-security-policy")[0]
    assert "/doc/1" not in page


@pytest.mark.parametrize(
    ("fields", "page"),
    [
        ({}, False),
        ({"accept": "*/*"}, False),
        ({"accept": "application/json"}, False),
        ({"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}, True),
        ({"accept": "text/html;q=0.1, application/json"}, False),
        ({"accept": "text/html;q=x"}, False),
        ({"accept": "text/html;q=nan"}, False),
        ({"accept": ";;;,,,"}, False),
        ({"sec_fetch_mode": "navigate"}, True),
        ({"sec_fetch_mode": "cors", "accept": "text/html"}, False),
        ({"sec_fetch_mode": "navigate", "authorization": "Bearer x"}, False),
        ({"accept": "text/html", "x_requested_with": "XMLHttpRequest"}, False),
        ({"accept": "text/html", "hx_request": "true"}, False),
    ],
)
def test_only_navigation_gets_a_page(fields: dict[str, str], page: bool) -> None:
    """Scripts of a page, HTMX and programs read JSON."""
    assert wants_page(request(**fields)) is page


def test_a_401_has_a_challenge() -> None:
    """RFC 9110 asks for at least one; RFC 6750 calls a token invalid only if one was sent."""
    missing = MissingAuthenticationToken("sign in")
    both = ('Bearer realm="iamkit"', 'AWS4-HMAC-SHA256 realm="iamkit"')

    plain = render(Refusal(request(), missing))
    given = render(Refusal(request(), missing, challenges=both))
    bad = render(Refusal(request(authorization="bearer x"), InvalidClientTokenId("no"), challenges=both))
    signed = render(
        Refusal(request(authorization="AWS4-HMAC-SHA256 x"), InvalidClientTokenId("no"), challenges=both)
    )

    assert header(plain, "www-authenticate") == ['Bearer realm="iamkit"']
    assert header(given, "www-authenticate") == list(both)
    assert header(bad, "www-authenticate") == ['Bearer realm="iamkit", error="invalid_token"', both[1]]
    assert header(signed, "www-authenticate") == list(both)


@pytest.mark.parametrize("fields", [{}, {"sec_fetch_mode": "navigate"}])
def test_hidden_gives_nothing_away(fields: dict[str, str]) -> None:
    """No decision id, action, reason, code or challenge: whatever was hidden, the answer is the same."""
    one = render(denied(request(**fields), hidden=True))
    other = Refusal(request(**fields), Throttling("slow", retry_after=3), hidden=True, challenges=("Bearer",))

    assert one == render(other)
    assert one.status == 404
    for trace in (b"d_1", b"docs:Read", b"AccessDenied", b"may not"):
        assert trace not in one.body
    assert header(one, "x-iamkit-decision") == []


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (StoreUnavailable("postgres://user:secret@host is away"), 503),
        (ConfigurationError("secret in settings"), 503),
        (EvaluationError("secret in policy"), 403),
        (IamkitError("secret"), 500),
    ],
)
def test_internals_are_not_told(error: IamkitError, status: int) -> None:
    """Errors that are worded for operators stay in the log."""
    response = render(Refusal(request(), error))

    assert response.status == status
    assert b"secret" not in response.body


def test_head_has_headers_and_no_body() -> None:
    """The length is that of the body that GET would have had."""
    response = render(denied(request("HEAD")))

    assert response.body == b""
    assert header(response, "content-length") == [str(len(render(denied(request("GET"))).body))]


def test_throttling_says_when_to_come_back() -> None:
    """429 with Retry-After in whole seconds."""
    response = render(Refusal(request(), Throttling("too many attempts", retry_after=30)))

    assert (response.status, header(response, "retry-after")) == (429, ["30"])


def test_an_apps_own_page_goes_first() -> None:
    """The built-in is the last to be asked, in whatever order plugins were registered."""
    from iamkit.hookspecs import hookimpl

    class Own:
        @hookimpl
        def iamkit_refusal(self, refusal: Refusal) -> HttpResponse | None:
            return HttpResponse(418, (), b"") if refusal.action == "docs:Read" else None

    for plugins in ([Own(), Responses()], [Responses(), Own()]):
        hook = plugin_manager(plugins, entry_points=False).hook
        assert hook.iamkit_refusal(refusal=denied()).status == 418
        assert hook.iamkit_refusal(refusal=Refusal(request(), AccessDenied("no"))).status == 403
