"""Checking session tokens on every request: strict by epoch, from memory while nothing changed."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from iamkit import epochs
from iamkit.clock import Clock
from iamkit.credentials import sessions
from iamkit.credentials.bounded import BoundedMap
from iamkit.credentials.sessions import SessionKind, SessionLimits, SessionRecord, SessionState
from iamkit.errors import ExpiredToken, InvalidClientTokenId, StoreUnavailable
from iamkit.storage import Epochs, Store

_log = logging.getLogger("iamkit.credentials")

_REMEMBERED: Final = 10_000
# By the way that a live token of the other kind came.
_ELSEWHERE: Final = {
    SessionKind.BEARER: (
        "this session token belongs in the session cookie;"
        " for a bearer token, sign in with `kind=SessionKind.BEARER`"
    ),
    SessionKind.COOKIE: (
        "this session token is sent as `Authorization: Bearer …`;"
        " for the session cookie, sign in with `kind=SessionKind.COOKIE`"
    ),
}


# By what a pending session awaits.
_INCOMPLETE: Final = {
    sessions.FACTOR: "the sign-in is not complete: a second factor has to be shown first",
    sessions.NEW_PASSWORD: "the sign-in is not complete: a new password has to be chosen first",
    "": "the sign-in is not complete; sign in again",
}


@dataclass(slots=True)
class _Known:
    """A session as read, with the epochs of its session and its subject at that time."""

    kept: SessionRecord
    subject_epoch: int
    scopes: tuple[str, str]
    epochs: Epochs
    touch_after: datetime


class SessionCheck:
    """Verifies session tokens. Warm: one hash, one look at the epochs, no query (decision 9)."""

    def __init__(self, store: Store, clock: Clock, limits: SessionLimits = sessions.MODERN) -> None:
        self._store = store
        self._clock = clock
        self._limits = limits
        self._known: BoundedMap[str, _Known] = BoundedMap(_REMEMBERED)

    def verify(self, token: str, kind: SessionKind) -> SessionRecord:
        """The live session behind `token`, and note that it is in use.

        Raises InvalidClientTokenId for a token that is not valid or travels the wrong way, ExpiredToken for
        a session that has ended or passed a limit.
        """
        session_id = sessions.session_id_of(token)
        if session_id is None:
            raise InvalidClientTokenId("the session token is not valid; sign in again")
        now = self._clock.now()
        known = self._known.get(session_id)
        if known is None or self._store.epochs(known.scopes) != known.epochs:
            known = self._read(session_id)
        if not sessions.holds(known.kept, epoch=known.subject_epoch, now=now):
            # Another process may have touched it since it was read here.
            known = self._read(session_id)
        kept = known.kept
        if not sessions.holds(kept, epoch=known.subject_epoch, now=now):
            self._known.drop(session_id)
            raise ExpiredToken("the session has ended; sign in again")
        if kept.kind != kind:
            raise InvalidClientTokenId(_ELSEWHERE[kind])
        if kept.state != SessionState.ACTIVE:
            raise InvalidClientTokenId(_INCOMPLETE[kept.awaits[0] if kept.awaits else ""])
        if now >= known.touch_after:
            self._touch(known, now)
        return known.kept

    def _read(self, session_id: str) -> _Known:
        """Read the session. The epochs are taken before what they stand for, so a change in between shows."""
        with self._store.read() as reader:
            found = reader.get(SessionRecord, (session_id,))
        if found is None:
            self._known.drop(session_id)
            raise InvalidClientTokenId("the session token is not valid; sign in again")
        scopes = (epochs.session(session_id), epochs.principal(found.user_id))
        seen = self._store.epochs(scopes)
        with self._store.read() as reader:
            kept = reader.get(SessionRecord, (session_id,))
            subject_epoch = sessions.current_epoch(reader, found.user_id)
        if kept is None:
            self._known.drop(session_id)
            raise InvalidClientTokenId("the session token is not valid; sign in again")
        known = _Known(kept, subject_epoch, scopes, seen, kept.last_seen_at + self._limits.touch)
        self._known.put(session_id, known)
        return known

    def _touch(self, known: _Known, now: datetime) -> None:
        """At most one write a minute for each session, even if it fails: a sick disk is not hammered."""
        known.touch_after = now + self._limits.touch
        try:
            with self._store.write() as unit:
                sessions.touch(unit, known.kept, limits=self._limits, now=now)
            with self._store.read() as reader:
                kept = reader.get(SessionRecord, (known.kept.session_id,))
        except StoreUnavailable:
            # Not noted, the session only goes idle earlier.
            _log.warning("session %s could not be touched", known.kept.public_id)
            return
        if kept is None or kept.state != SessionState.ACTIVE:
            self._known.drop(known.kept.session_id)
            raise ExpiredToken("the session has ended; sign in again")
        known.kept = kept
