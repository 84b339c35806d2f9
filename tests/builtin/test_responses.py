"""The refusal plugin: what each reader gets, and what nobody gets."""

from __future__ import annotations

import json

import pytest

from iamkit.builtin.responses import Responses, render
from iamkit.errors import (
    AccessDenied,
    ConfigurationError,
    EvaluationError,
    IamkitError,
    InvalidClientTokenId,
    MalformedRequest,
    MissingAuthenticationToken,
    StepUpRequired,
    StoreUnavailable,
    Throttling,
)
from iamkit.gate.manners import Manners
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
    assert header(response, "vary") == ["Cookie, Authorization, Accept"]
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


BROWSER = {"sec_fetch_mode": "navigate", "accept": "text/html"}
DOORS = Manners(
    sign_in="/sign-in",
    step_up="/verify",
    session_cookie="__Host-iamkit",
    forget_cookie="__Host-iamkit=; Max-Age=0",
)
MISSING = MissingAuthenticationToken("sign in")


def test_a_navigation_without_a_session_goes_to_the_sign_in_page() -> None:
    """303 with the way back, kept by no cache; and to the page for MFA where that is what lacks."""
    asked = HttpRequest(
        "GET", "https", "app", "/notes/7", "/notes/7", "q=a&b=%20", request(**BROWSER).headers
    )

    first = render(Refusal(asked, MISSING), DOORS)
    again = render(Refusal(asked, StepUpRequired("no", max_age=300)), DOORS)

    assert (first.status, header(first, "location")) == (
        303,
        ["/sign-in?next=%2Fnotes%2F7%3Fq%3Da%26b%3D%2520"],
    )
    assert header(first, "cache-control") == ["no-store"]
    assert header(first, "www-authenticate") == []
    assert header(again, "location")[0].startswith("/verify?next=%2Fnotes")


@pytest.mark.parametrize(
    ("refusal", "status"),
    [
        (Refusal(request("POST", **BROWSER), MISSING), 401),
        (Refusal(request(raw_path="/sign-in", **BROWSER), MISSING), 401),
        (Refusal(request(raw_path="/verify", **BROWSER), MISSING), 401),
        (Refusal(request(**BROWSER), AccessDenied("no")), 403),
        (Refusal(request(**BROWSER), AccessDenied("no"), hidden=True), 404),
        (Refusal(request(sec_fetch_mode="cors", accept="text/html"), MISSING), 401),
        (Refusal(request(**BROWSER, authorization="Bearer x"), MISSING), 401),
        (Refusal(request(accept="*/*"), MISSING), 401),
    ],
)
def test_nobody_else_is_sent_away(refusal: Refusal, status: int) -> None:
    """Not a post, not the pages themselves, not who may not in any case, and no program."""
    answer = render(refusal, DOORS)

    assert answer.status == status
    assert header(answer, "location") == []


def test_a_lost_post_shows_a_link() -> None:
    """Nothing is posted again by itself."""
    answer = render(Refusal(request("POST", **BROWSER), MISSING), DOORS)

    assert b'<a href="/sign-in">' in answer.body


@pytest.mark.parametrize(
    ("where", "door"),
    [
        ("https://app/notes?page=2", "/sign-in?next=%2Fnotes%3Fpage%3D2"),
        ("https://evil.example/notes", "/sign-in"),
        ("https://app//evil.example", "/sign-in"),
        ("", "/sign-in"),
    ],
)
def test_htmx_is_redirected_as_a_whole(where: str, door: str) -> None:
    """The page goes to sign in, back to where the user was; nothing is swapped into it."""
    answer = render(Refusal(request("POST", hx_request="true", hx_current_url=where), MISSING), DOORS)

    assert answer.status == 401
    assert header(answer, "hx-redirect") == [door]
    assert header(answer, "hx-reswap") == ["none"]
    assert header(answer, "content-type") == ["application/problem+json"]
    assert header(answer, "www-authenticate")


def test_htmx_that_is_denied_swaps_nothing() -> None:
    """403 stays on the page."""
    answer = render(denied(request(hx_request="true")), DOORS)

    assert (answer.status, header(answer, "hx-reswap"), header(answer, "hx-redirect")) == (403, ["none"], [])


def test_a_step_up_is_asked_for_in_the_words_of_rfc_9470() -> None:
    """401 with the age that the policy says; nothing about an invalid token, and no other way in."""
    both = ('Bearer realm="iamkit"', 'AWS4-HMAC-SHA256 realm="iamkit"')
    fresh = Refusal(request(), StepUpRequired("no", max_age=300), challenges=both)
    any_age = Refusal(request(authorization="Bearer x"), StepUpRequired("no"), challenges=("Bearer",))

    start = 'error="insufficient_user_authentication", error_description="sign in again with MFA", '
    acr = 'acr_values="urn:iamkit:acr:mfa"'
    assert header(render(fresh), "www-authenticate") == [
        f'Bearer realm="iamkit", {start}{acr}, max_age="300"'
    ]
    assert header(render(any_age), "www-authenticate") == [f"Bearer {start}{acr}"]
    assert json.loads(render(fresh).body)["type"] == "urn:iamkit:error:StepUpRequired"


def test_a_bearer_token_that_does_not_reach_is_told_the_action() -> None:
    """RFC 6750 §3.1: insufficient_scope with 403; whoever signs a request or has a cookie is told nothing."""
    given = ('Bearer realm="iamkit"',)
    error = AccessDenied("no")
    bearer = Refusal(request(authorization="Bearer x"), error, action="docs:Read", challenges=given)
    odd = Refusal(request(authorization="Bearer x"), error, action='docs:"', challenges=given)
    other = Refusal(request(cookie="a=b"), error, action="docs:Read", challenges=given)

    wanted = 'Bearer realm="iamkit", error="insufficient_scope", scope="docs:Read"'
    assert header(render(bearer), "www-authenticate") == [wanted]
    assert header(render(odd), "www-authenticate") == ['Bearer realm="iamkit", error="insufficient_scope"']
    assert header(render(other), "www-authenticate") == []


def test_a_cookie_that_can_never_be_right_is_taken_away() -> None:
    """Otherwise it would shut its owner out of every page, the sign-in page too."""
    cookie = "__Host-iamkit=nonsense"
    error = InvalidClientTokenId("malformed")

    bad = render(Refusal(request(cookie=cookie), error), DOORS)
    missing = render(Refusal(request(cookie=cookie), MISSING), DOORS)
    signed = render(Refusal(request(cookie=cookie, authorization="Bearer x"), error), DOORS)
    others = render(Refusal(request(cookie="other=1; =__Host-iamkit=x"), error), DOORS)

    assert header(bad, "set-cookie") == ["__Host-iamkit=; Max-Age=0"]
    assert [header(answer, "set-cookie") for answer in (missing, signed, others)] == [[], [], []]
