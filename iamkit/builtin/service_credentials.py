"""The plugin that reads service-specific credentials: `Authorization: Basic …`, for tools (CAP-C10).

What it admits may only do what begins with the credential's service. What is no such credential is not its
own: users' passwords are taken by nobody this way (CAP-C1), unless by a plugin. A browser would go on sending
what it was once given, also for other sites' pages, so requests of browsers are refused.
"""

from __future__ import annotations

import base64
import binascii
from typing import Final

from iamkit.clock import Clock
from iamkit.credentials import service_credentials
from iamkit.credentials.access_keys import KeyStatus
from iamkit.credentials.authentication import Authentication, CredentialKind
from iamkit.credentials.service_credentials import PASSWORD_PREFIX
from iamkit.errors import InvalidClientTokenId
from iamkit.hookspecs import hookimpl
from iamkit.http import HttpRequest
from iamkit.storage import Store

_LONGEST: Final = 1024
_BROWSERS: Final = ("origin", "sec-fetch-site")
_WRONG: Final = (
    "the name or the password is not right; only service-specific credentials are taken here, so sign the"
    " request, or send a token"
)


class ServiceCredentialAuthenticator:
    """Verifies service-specific credentials: one indexed read a request."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    @hookimpl
    def iamkit_authenticate(self, request: HttpRequest) -> Authentication | None:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return None
        name, password = _read(given)
        if not password.startswith(PASSWORD_PREFIX):
            # Not of this kind; perhaps a plugin's.
            return None
        if any(field in request.headers for field in _BROWSERS):
            raise InvalidClientTokenId("a service-specific credential is for tools; in a browser, sign in")
        with self._store.read() as reader:
            kept = service_credentials.by_password(reader, password)
        if (
            kept is None
            or kept.service_user_name != name
            or kept.state(self._clock.now()) != KeyStatus.ACTIVE
        ):
            raise InvalidClientTokenId(_WRONG)
        return Authentication(
            account=kept.account,
            subject=kept.user_id,
            kind=CredentialKind.SERVICE,
            credential_id=kept.credential_id,
            expires_at=kept.expires_at,
            # A level of its own, which no resource or trust policy that names the user gets around.
            ceilings=(kept.policy,),
        )


def _read(given: str) -> tuple[str, str]:
    """Name and password (RFC 7617), both empty for what is none."""
    try:
        if len(given) > _LONGEST:
            raise ValueError
        name, parted, password = base64.b64decode(given, validate=True).decode("utf-8").partition(":")
    except (ValueError, binascii.Error):
        return "", ""
    return (name, password) if parted else ("", "")
