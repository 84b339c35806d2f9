from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

import pytest

from iamkit.credentials.authentication import Authentication, CredentialKind
from iamkit.errors import (
    AuthenticationError,
    ConfigurationError,
    IamkitError,
    InvalidClientTokenId,
    MalformedRequest,
    ServiceUnavailable,
    SignatureDoesNotMatch,
    StoreUnavailable,
)
from iamkit.gate.authenticate import Authenticator
from iamkit.hookspecs import hookimpl
from iamkit.http import Headers, HttpRequest, NeedsBody
from iamkit.plugins import plugin_manager

COOKIE = "__Host-iamkit"
JEFF = Authentication("123456789012", "AIDAJEFF", CredentialKind.ACCESS_KEY, "AKIAJEFF")


class Plugin:
    """An authenticator that remembers what it was shown and does what it is told."""

    def __init__(self, act: Callable[[HttpRequest], object]) -> None:
        self.act = act
        self.shown: list[HttpRequest] = []

    @hookimpl
    def iamkit_authenticate(self, request: HttpRequest) -> object:
        self.shown.append(request)
        return self.act(request)


def raising(fault: BaseException) -> Callable[[HttpRequest], object]:
    def act(_: HttpRequest) -> object:
        raise fault

    return act


def authenticator(*plugins: Plugin) -> Authenticator:
    manager = plugin_manager(plugins, entry_points=False)
    return Authenticator(manager.hook.iamkit_authenticate, session_cookie=COOKIE)


def asked(*fields: tuple[str, str], query: str = "", body: bytes | None = None) -> HttpRequest:
    return HttpRequest("GET", "https", "localhost", "/", "/", query, Headers(fields), body=body)


def test_the_first_plugin_that_knows_the_credential_answers() -> None:
    """None is not mine; the value of whoever claims it is the answer."""
    silent, sure = Plugin(lambda _: None), Plugin(lambda _: JEFF)

    found = authenticator(silent, sure).authenticate(asked(("Authorization", "Custom x")))

    assert found == JEFF


def test_only_a_request_without_credential_is_anonymous() -> None:
    """No plugin claims it and it carries nothing."""
    assert authenticator(Plugin(lambda _: None)).authenticate(asked(("Cookie", "theme=dark"))) is None
    assert authenticator().authenticate(asked()) is None


@pytest.mark.parametrize(
    "header",
    [
        "Basic amVmZjpjYW5hcnk=",
        "Bearer eyJhbGciOiJub25lIn0.e30.",
        "Digest username=jeff",
        "",
        "canary",
        "\u00e9 x",
        "AWS4-HMAC-SHA256 x",
        "x" * 10_000,
    ],
)
def test_a_credential_that_nobody_understands_is_401_and_never_anonymous(header: str) -> None:
    """Basic with a password included (CAP-C1); the words name the scheme and quote no credential."""
    with pytest.raises(InvalidClientTokenId) as refusal:
        authenticator(Plugin(lambda _: None)).authenticate(asked(("Authorization", header)))
    assert refusal.value.status == 401
    assert "amVmZ" not in str(refusal.value)
    assert len(str(refusal.value)) < 200


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("Bearer junk-canary", "begin"),
        ("bearer eyJhbGciOiJub25lIn0.canary.", "begin"),
        ("Bearer  iks_canary", "begin"),
        ("Basic canary", "`Basic` credentials are not accepted"),
        ("canary", "this `Authorization` field is not accepted"),
    ],
)
def test_the_refusal_says_what_a_bearer_token_of_this_deployment_looks_like(header: str, said: str) -> None:
    """Bearer itself is accepted, so it is the token that is wrong; other schemes are not accepted at all."""
    with pytest.raises(InvalidClientTokenId) as refusal:
        authenticator(Plugin(lambda _: None)).authenticate(asked(("Authorization", header)))

    assert said in str(refusal.value)
    assert ("`iks_`" in str(refusal.value)) == (said == "begin")
    assert "canary" not in str(refusal.value)


@pytest.mark.parametrize(
    ("fields", "query"),
    [
        ([("Authorization", "A x"), ("Authorization", "A x")], ""),
        ([("authorization", "A x"), ("AUTHORIZATION", "B y")], ""),
        ([("Authorization", "AWS4-HMAC-SHA256 x")], "X-Amz-Signature=1"),
        ([("Authorization", "Bearer x")], "a=b&x-AMZ-signature=1"),
        ([("Authorization", "Bearer x")], "%58-amz-signature=1"),
        ([("Cookie", f"{COOKIE}=a; {COOKIE}=a")], ""),
        ([("Cookie", f"{COOKIE}=a"), ("Cookie", f"{COOKIE}=b")], ""),
        ([("Cookie", f"{COOKIE}=a; {COOKIE}=b"), ("Authorization", "A x")], ""),
    ],
)
def test_two_credentials_of_a_kind_are_400_before_any_plugin_is_asked(
    fields: Sequence[tuple[str, str]], query: str
) -> None:
    """Never the first or the last of them (decision 22)."""
    plugin = Plugin(lambda _: JEFF)

    with pytest.raises(MalformedRequest) as refusal:
        authenticator(plugin).authenticate(asked(*fields, query=query))
    assert refusal.value.status == 400
    assert plugin.shown == []


@pytest.mark.parametrize(("fields", "query"), [([("Authorization", "A x")], ""), ([], "X-Amz-Signature=1")])
def test_what_was_sent_on_purpose_hides_the_cookie(fields: Sequence[tuple[str, str]], query: str) -> None:
    """No plugin sees a cookie beside it, so none can prefer the cookie; what nobody claims is 401."""
    plugin = Plugin(lambda request: JEFF if "cookie" in request.headers else None)

    with pytest.raises(AuthenticationError):
        authenticator(plugin).authenticate(asked(("Cookie", f"{COOKIE}=a"), *fields, query=query))
    assert "cookie" not in plugin.shown[0].headers


def test_one_cookie_and_others_beside_it_are_in_order() -> None:
    """Other cookies may come twice, and names that only resemble ours do not count."""
    plugin = Plugin(lambda _: JEFF)
    cookies = f"a=1; a=2; x{COOKIE}=1; {COOKIE}x=2; ={COOKIE}=3; {COOKIE}=4"

    assert authenticator(plugin).authenticate(asked(("Cookie", cookies))) == JEFF


@pytest.mark.parametrize(
    "fault",
    [SignatureDoesNotMatch("no"), StoreUnavailable("no"), MalformedRequest("no"), ConfigurationError("no")],
)
def test_errors_of_the_tree_pass(fault: IamkitError) -> None:
    """What a plugin refuses in our words is refused in those words."""
    with pytest.raises(type(fault)) as refusal:
        authenticator(Plugin(raising(fault))).authenticate(asked())
    assert refusal.value is fault


@pytest.mark.parametrize(
    "fault", [ValueError("canary"), KeyError("canary"), RecursionError(), AssertionError()]
)
@pytest.mark.parametrize("fields", [[], [("Authorization", "A canary")], [("Cookie", f"{COOKIE}=canary")]])
def test_a_plugin_that_breaks_lets_nobody_in(
    fault: Exception, fields: list[tuple[str, str]], caplog: pytest.LogCaptureFixture
) -> None:
    """Any other exception is 503, with or without a credential; the log names kind and place and no text."""
    caplog.set_level(logging.DEBUG)

    with pytest.raises(ServiceUnavailable) as refusal:
        authenticator(Plugin(lambda _: JEFF), Plugin(raising(fault))).authenticate(asked(*fields))

    assert refusal.value.__cause__ is None
    assert refusal.value.__suppress_context__
    assert type(fault).__name__ in caplog.text
    assert "test_authenticate.py:" in caplog.text
    assert "canary" not in caplog.text + str(refusal.value)


@pytest.mark.parametrize("value", [True, False, 0, "AIDAJEFF", {"account": "x"}, object()])
def test_an_answer_of_another_type_is_no_answer(value: object) -> None:
    """A plugin that returns something else is broken, not believed and not anonymous."""
    with pytest.raises(ServiceUnavailable):
        authenticator(Plugin(lambda _: value)).authenticate(asked())


def test_the_body_is_asked_for_once() -> None:
    """NeedsBody is handed on; with the body there, asking again is a fault and not a loop."""
    plugin = Plugin(lambda _: NeedsBody(10))

    assert authenticator(plugin).authenticate(asked(("Authorization", "A x"))) == NeedsBody(10)
    with pytest.raises(ServiceUnavailable):
        authenticator(plugin).authenticate(asked(("Authorization", "A x"), body=b""))


def test_a_plugin_does_not_stop_an_interrupt() -> None:
    """What ends the process is not turned into an answer."""
    with pytest.raises(KeyboardInterrupt):
        authenticator(Plugin(raising(KeyboardInterrupt()))).authenticate(asked())
