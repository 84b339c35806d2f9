"""The plugin that reads session tokens: from the session cookie, or as `Authorization: Bearer iks_…`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from iamkit.clock import Clock
from iamkit.credentials.authentication import Authentication, CredentialKind
from iamkit.credentials.session_check import Later, SessionCheck, at_once
from iamkit.credentials.sessions import (
    MODERN,
    TOKEN_PREFIX,
    NewSession,
    SessionKind,
    SessionLimits,
    SessionRecord,
    session_id_of,
)
from iamkit.epochs import Look
from iamkit.errors import AuthenticationError
from iamkit.hookspecs import hookimpl
from iamkit.http import HttpRequest
from iamkit.storage import Store
from iamkit.values import quickly

# `__Host-` makes a browser insist on Secure, Path=/ and no Domain, so no other host can plant it (THR-S4).
COOKIE: Final = "__Host-iamkit"
DEVELOPMENT_COOKIE: Final = "iamkit"
# 400 days, what browsers grant at most (RFC 6265bis).
_LONGEST_COOKIE: Final = 400 * 24 * 3600


def cookie_name(*, development: bool) -> str:
    """The one name of the session cookie. Browsers refuse `__Host-` on plain http."""
    return DEVELOPMENT_COOKIE if development else COOKIE


def set_cookie(session: NewSession | None, *, now: datetime, development: bool) -> str:
    """The Set-Cookie value of a new session: the whole site, no script, no other sites (RFC 6265bis).

    With None, the value that makes a browser forget the cookie.
    """
    token = "" if session is None else session.token.reveal()
    seconds = 0 if session is None else max(0, int((session.expires_at - now).total_seconds()))
    value = f"{cookie_name(development=development)}={token}; Path=/; HttpOnly; SameSite=Lax"
    return f"{value}; Max-Age={seconds}" + ("" if development else "; Secure")


def known_device_cookie(session: NewSession, *, development: bool) -> str | None:
    """The Set-Cookie value by which a browser is known again, if it was not; for as long as one may last."""
    if session.device is None:
        return None
    name = f"{cookie_name(development=development)}-device"
    value = f"{name}={session.device.reveal()}; Path=/; HttpOnly; SameSite=Lax; Max-Age={_LONGEST_COOKIE}"
    return value if development else f"{value}; Secure"


class SessionAuthenticator:
    """Verifies session tokens. An `Authorization` field of any kind hides the cookie (decision 22)."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        cookie: str = COOKIE,
        limits: SessionLimits = MODERN,
        look: Look | None = None,
        later: Later = at_once,
    ) -> None:
        self._check = SessionCheck(store, clock, limits, look=look, later=later)
        self._cookie = cookie

    @hookimpl
    def iamkit_authenticate(self, request: HttpRequest) -> Authentication | None:
        authorization = request.headers.get("authorization")
        if authorization is not None:
            scheme, _, token = authorization.partition(" ")
            if scheme.lower() != "bearer" or not token.startswith(TOKEN_PREFIX):
                return None
            return _authentication(self._check.verify(token, SessionKind.BEARER), by_cookie=False)
        if "cookie" not in request.headers:
            return None
        found = request.cookies(self._cookie)
        if not found:
            return None
        # Two cookies of this name were refused before; should that ever change, two make no valid token.
        token = ";".join(found)
        try:
            kept = self._check.verify(token, SessionKind.COOKIE)
        except AuthenticationError:
            if session_id_of(token) is None:
                raise
            # A browser sends the cookie of an ended session unasked: who is signed out is nobody, and can
            # sign in again.
            return None
        return _authentication(kept, by_cookie=True)

    @hookimpl
    def iamkit_challenges(self) -> Sequence[str]:
        return ('Bearer realm="iamkit"',)


def _authentication(kept: SessionRecord, *, by_cookie: bool) -> Authentication:
    return _proof(
        kept.account,
        kept.user_id,
        CredentialKind.SESSION,
        kept.public_id,
        kept.created_at,
        kept.absolute_expires_at,
        kept.mfa_at,
        kept.factors,
        by_cookie,
    )


_proof: Final = quickly(Authentication)
