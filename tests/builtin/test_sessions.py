from __future__ import annotations

from datetime import timedelta

import pytest

from iamkit.builtin.sessions import COOKIE, DEVELOPMENT_COOKIE, SessionAuthenticator, cookie_name
from iamkit.clock import FrozenClock
from iamkit.credentials import sessions
from iamkit.credentials.authentication import Authentication, CredentialKind
from iamkit.credentials.sessions import NewSession, SessionKind
from iamkit.errors import ExpiredToken, InvalidClientTokenId
from iamkit.http import Headers, HttpRequest
from iamkit.ids import Ids
from iamkit.memory import MemoryStore
from iamkit.plugins import plugin_manager

ACCOUNT, USER = "123456789012", "AIDAONE"


def start(store: MemoryStore, clock: FrozenClock, kind: SessionKind) -> NewSession:
    with store.write() as unit:
        return sessions.start(
            unit,
            Ids(),
            account=ACCOUNT,
            user_id=USER,
            kind=kind,
            factors=("password",),
            limits=sessions.MODERN,
            now=clock.now(),
        )


def asked(*fields: tuple[str, str]) -> HttpRequest:
    return HttpRequest("GET", "https", "localhost", "/", "/", "", Headers(fields))


@pytest.mark.parametrize("kind", list(SessionKind))
def test_a_session_token_is_its_subject(store: MemoryStore, clock: FrozenClock, kind: SessionKind) -> None:
    """Cookie and bearer give the same facts, but for who sent them unasked."""
    made = start(store, clock, kind)
    token = made.token.reveal()
    by_cookie = kind is SessionKind.COOKIE
    field = ("Cookie", f"a=b; {COOKIE}={token}") if by_cookie else ("Authorization", f"Bearer {token}")
    manager = plugin_manager([SessionAuthenticator(store, clock)], entry_points=False)

    found = manager.hook.iamkit_authenticate(request=asked(field))

    assert found == Authentication(
        ACCOUNT,
        USER,
        CredentialKind.SESSION,
        made.public_id,
        issued_at=clock.now(),
        expires_at=made.expires_at,
        factors=("password",),
        by_cookie=by_cookie,
    )
    assert found.temporary
    assert token not in repr(found)


def test_other_credentials_are_somebody_elses(store: MemoryStore, clock: FrozenClock) -> None:
    """Nothing, other cookies, other schemes and other bearer tokens are answered with None."""
    plugin = SessionAuthenticator(store, clock)
    for fields in (
        (),
        (("Cookie", "session=abc"),),
        (("Cookie", f"{DEVELOPMENT_COOKIE}=abc"),),
        (("Cookie", f"={COOKIE}=abc"),),
        (("Authorization", "Basic x"),),
        (("Authorization", "Bearer eyJhbGciOiJub25lIn0.e30."),),
    ):
        assert plugin.iamkit_authenticate(asked(*fields)) is None


@pytest.mark.parametrize(
    "spell",
    ["Bearer  {}", "Bearer {} ", "Bearer {}=", "Bearer {},{}", "Bearer {}x", "Bearer iks_", "Bearer iks_é"],
)
def test_a_bearer_token_in_another_spelling_is_refused(
    store: MemoryStore, clock: FrozenClock, spell: str
) -> None:
    """Strict form: one space, one token, nothing behind it."""
    token = start(store, clock, SessionKind.BEARER).token.reveal()
    header = spell.format(token, token)
    plugin = SessionAuthenticator(store, clock)

    if header.startswith("Bearer  "):
        assert plugin.iamkit_authenticate(asked(("Authorization", header))) is None
    else:
        with pytest.raises(InvalidClientTokenId):
            plugin.iamkit_authenticate(asked(("Authorization", header)))


def test_the_scheme_may_be_written_in_any_case(store: MemoryStore, clock: FrozenClock) -> None:
    """RFC 9110: scheme names ignore case."""
    token = start(store, clock, SessionKind.BEARER).token.reveal()

    assert SessionAuthenticator(store, clock).iamkit_authenticate(asked(("authorization", f"bearer {token}")))


@pytest.mark.parametrize(
    "cookie",
    ["{name}={token}; {name}={token}", "{name}={token},{name}={token}", '{name}="{token}"', "{name}="],
)
def test_a_cookie_that_is_not_exactly_one_token_is_refused(
    store: MemoryStore, clock: FrozenClock, cookie: str
) -> None:
    """Doubled, joined by a server, quoted or empty: bad, and not anonymous (security §1.7)."""
    token = start(store, clock, SessionKind.COOKIE).token.reveal()

    with pytest.raises(InvalidClientTokenId):
        SessionAuthenticator(store, clock).iamkit_authenticate(
            asked(("Cookie", cookie.format(name=COOKIE, token=token)))
        )


def test_tokens_do_not_change_carriers(store: MemoryStore, clock: FrozenClock) -> None:
    """A cookie's token in the header is refused, and a bearer token in the cookie is nobody's session."""
    plugin = SessionAuthenticator(store, clock)
    cookie = start(store, clock, SessionKind.COOKIE).token.reveal()
    bearer = start(store, clock, SessionKind.BEARER).token.reveal()

    with pytest.raises(InvalidClientTokenId):
        plugin.iamkit_authenticate(asked(("Authorization", f"Bearer {cookie}")))
    assert plugin.iamkit_authenticate(asked(("Cookie", f"{COOKIE}={bearer}"))) is None


def test_a_browser_whose_session_ended_is_nobody(store: MemoryStore, clock: FrozenClock) -> None:
    """It sends the old cookie unasked, and must be able to reach the page where one signs in."""
    plugin = SessionAuthenticator(store, clock)
    token = start(store, clock, SessionKind.COOKIE).token.reveal()

    clock.advance(timedelta(hours=25))

    assert plugin.iamkit_authenticate(asked(("Cookie", f"{COOKIE}={token}"))) is None
    with pytest.raises(InvalidClientTokenId):
        plugin.iamkit_authenticate(asked(("Cookie", f"{COOKIE}=not-a-token")))


def test_authorization_of_any_kind_hides_the_cookie(store: MemoryStore, clock: FrozenClock) -> None:
    """The header wins: with a foreign one the cookie is not looked at (decision 22)."""
    token = start(store, clock, SessionKind.COOKIE).token.reveal()
    fields = (("Authorization", "Basic x"), ("Cookie", f"{COOKIE}={token}"))

    assert SessionAuthenticator(store, clock).iamkit_authenticate(asked(*fields)) is None


def test_development_reads_the_plain_name_and_only_that(store: MemoryStore, clock: FrozenClock) -> None:
    """There is one name at a time, so nobody can plant a second one."""
    plugin = SessionAuthenticator(store, clock, cookie=cookie_name(development=True))
    token = start(store, clock, SessionKind.COOKIE).token.reveal()

    assert plugin.iamkit_authenticate(asked(("Cookie", f"iamkit={token}")))
    assert plugin.iamkit_authenticate(asked(("Cookie", f"__Host-iamkit={token}"))) is None
    assert cookie_name(development=False) == "__Host-iamkit"


def test_an_ended_session_is_refused_by_the_next_request(store: MemoryStore, clock: FrozenClock) -> None:
    """With everything warm, ending it in another place is seen at once."""
    plugin = SessionAuthenticator(store, clock)
    token = start(store, clock, SessionKind.BEARER).token.reveal()
    request = asked(("Authorization", f"Bearer {token}"))
    assert plugin.iamkit_authenticate(request)

    with store.write() as unit:
        sessions.end_all(unit, account=ACCOUNT, user_id=USER)

    with pytest.raises(ExpiredToken):
        plugin.iamkit_authenticate(request)
