"""The plugin that reads personal tokens: `Authorization: Bearer ikt_…`."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from iamkit import epochs
from iamkit.clock import Clock
from iamkit.credentials import tokens
from iamkit.credentials.authentication import Authentication, CredentialKind
from iamkit.credentials.bounded import BoundedMap
from iamkit.credentials.session_check import Later, at_once
from iamkit.credentials.tokens import LAST_USED_STEP, TOKEN_PREFIX, PersonalToken
from iamkit.epochs import Look
from iamkit.errors import ExpiredToken, InvalidClientTokenId, StoreUnavailable
from iamkit.hookspecs import hookimpl
from iamkit.http import HttpRequest
from iamkit.storage import Epochs, Store

_log = logging.getLogger("iamkit.credentials")

_REMEMBERED: Final = 10_000


@dataclass(slots=True)
class _Known:
    kept: PersonalToken
    authentication: Authentication
    scopes: tuple[str]
    epochs: Epochs
    seen: int
    note_after: datetime


class TokenAuthenticator:
    """Verifies personal tokens. Warm: one hash, one look at the epochs, no query."""

    def __init__(
        self, store: Store, clock: Clock, *, look: Look | None = None, later: Later = at_once
    ) -> None:
        self._store = store
        self._look = look or Look(store)
        self._later = later
        self._clock = clock
        self._known: BoundedMap[str, _Known] = BoundedMap(_REMEMBERED)

    @hookimpl
    def iamkit_authenticate(self, request: HttpRequest) -> Authentication | None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.startswith(TOKEN_PREFIX):
            return None
        token_id = tokens.token_id_of(token)
        if token_id is None:
            raise InvalidClientTokenId("the token is not spelt as one is; copy it again, whole")
        known, seen = self._known.get(token_id), self._look.now()
        if known is None or (known.seen != seen and self._store.epochs(known.scopes) != known.epochs):
            known = self._read(token_id, seen)
        known.seen = seen
        now = self._clock.now()
        if known.kept.expires_at is not None and now >= known.kept.expires_at:
            raise ExpiredToken("the token has expired; make another")
        if now >= known.note_after:
            known.note_after = now + LAST_USED_STEP
            self._later(lambda: self._note_use(known, now))
        return known.authentication

    def _read(self, token_id: str, look: int) -> _Known:
        self._known.drop(token_id)
        with self._store.read() as reader:
            found = reader.get(PersonalToken, (token_id,))
        if found is None:
            raise InvalidClientTokenId("the token is not valid; it may have been deleted")
        # The epoch is taken before what it stands for, so that a change in between shows next time.
        scopes = (epochs.principal(found.user_id),)
        seen = self._store.epochs(scopes)
        with self._store.read() as reader:
            kept = reader.get(PersonalToken, (token_id,))
        if kept is None:
            raise InvalidClientTokenId("the token is not valid; it may have been deleted")
        known = _Known(kept, _authentication(kept), scopes, seen, look, self._clock.now())
        self._known.put(token_id, known)
        return known

    def _note_use(self, known: _Known, now: datetime) -> None:
        try:
            with self._store.write() as unit:
                tokens.note_use(unit, known.kept.token_id, now=now)
        except StoreUnavailable:
            _log.warning("the last use of token %s could not be noted", known.kept.public_id)


def _authentication(kept: PersonalToken) -> Authentication:
    # Long-lived, like an access key: nothing about a second factor is known of it.
    return Authentication(
        account=kept.account,
        subject=kept.user_id,
        kind=CredentialKind.TOKEN,
        credential_id=kept.public_id,
        expires_at=kept.expires_at,
        ceilings=() if kept.policy is None else (kept.policy,),
    )
