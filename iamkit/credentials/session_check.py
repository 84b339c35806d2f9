"""Checking session tokens on every request: strict by epoch, from memory while nothing changed."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from iamkit import epochs
from iamkit.clock import Clock
from iamkit.credentials import sessions
from iamkit.credentials.bounded import BoundedMap
from iamkit.credentials.sessions import SessionKind, SessionLimits, SessionRecord, SessionState
from iamkit.epochs import Look
from iamkit.errors import ExpiredToken, InvalidClientTokenId, StoreUnavailable
from iamkit.storage import Epochs, Store

_log = logging.getLogger("iamkit.credentials")

_REMEMBERED: Final = 10_000
_NEVER: Final = datetime.min.replace(tzinfo=UTC)
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
Later = Callable[[Callable[[], None]], None]


def at_once(job: Callable[[], None]) -> None:
    """Run `job` now; what waits for nobody is better handed to a writer of its own."""
    job()


@dataclass(slots=True)
class _Known:
    """A session as read, with the epochs of its session and its subject at that time.

    While the epoch of `ANY` is still `seen`, it holds until `good_until` without another thought.
    """

    kept: SessionRecord
    subject_epoch: int
    scopes: tuple[str, str]
    epochs: Epochs
    touch_after: datetime
    seen: int
    good_until: datetime
    ended: bool = False


class SessionCheck:
    """Verifies session tokens. Warm: one hash, one look at the epochs, no query (decision 9)."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        limits: SessionLimits = sessions.MODERN,
        *,
        look: Look | None = None,
        later: Later = at_once,
    ) -> None:
        self._store = store
        self._clock = clock
        self._limits = limits
        self._look = look or Look(store)
        self._later = later
        self._due: deque[tuple[_Known, datetime]] = deque()
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
        seen = self._look.now()
        if known is not None and known.seen == seen and now < known.good_until and known.kept.kind == kind:
            return known.kept
        if known is None or self._store.epochs(known.scopes) != known.epochs:
            known = self._read(session_id, seen)
        if not sessions.holds(known.kept, epoch=known.subject_epoch, now=now):
            # Another process may have touched it since it was read here.
            known = self._read(session_id, seen)
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
        known.seen = seen
        known.good_until = _until(known)
        return known.kept

    def _read(self, session_id: str, seen: int) -> _Known:
        """Read the session. The epochs are taken before what they stand for, so a change in between shows."""
        with self._store.read() as reader:
            found = reader.get(SessionRecord, (session_id,))
        if found is None:
            self._known.drop(session_id)
            raise InvalidClientTokenId("the session token is not valid; sign in again")
        scopes = (epochs.session(session_id), epochs.principal(found.user_id))
        current = self._store.epochs(scopes)
        with self._store.read() as reader:
            kept = reader.get(SessionRecord, (session_id,))
            subject_epoch = sessions.current_epoch(reader, found.user_id)
        if kept is None:
            self._known.drop(session_id)
            raise InvalidClientTokenId("the session token is not valid; sign in again")
        touch_after = kept.last_seen_at + self._limits.touch
        # Not good for anything before `verify` has looked at it.
        known = _Known(kept, subject_epoch, scopes, current, touch_after, seen, _NEVER)
        self._known.put(session_id, known)
        return known

    def _touch(self, known: _Known, now: datetime) -> None:
        """At most one write a minute for each session, even if it fails: a sick disk is not hammered."""
        known.touch_after = now + self._limits.touch
        self._due.append((known, now))
        self._later(self._touch_due)
        if known.ended:
            raise ExpiredToken("the session has ended; sign in again")

    def _touch_due(self) -> None:
        """Touch what waits for it in one unit: while one is written, the next few gather."""
        due: list[tuple[_Known, datetime]] = []
        while self._due:
            try:
                due.append(self._due.popleft())
            except IndexError:  # another thread has taken the last one
                break
        if not due:
            return
        try:
            with self._store.write() as unit:
                for known, now in due:
                    sessions.touch(unit, known.kept, limits=self._limits, now=now)
            with self._store.read() as reader:
                found = [reader.get(SessionRecord, (known.kept.session_id,)) for known, _ in due]
        except StoreUnavailable:
            # Not noted, the sessions only go idle earlier.
            for known, _ in due:
                _log.warning("session %s could not be touched", known.kept.public_id)
            return
        for (known, _), kept in zip(due, found, strict=True):
            if kept is None or kept.state != SessionState.ACTIVE:
                # Its epoch has moved, so whoever comes next is refused in any case.
                self._known.drop(known.kept.session_id)
                known.ended = True
                continue
            known.kept = kept
            known.good_until = _until(known)


def _until(known: _Known) -> datetime:
    """Until when nothing about a session that holds now can change by time alone."""
    kept = known.kept
    limits = (known.touch_after, kept.absolute_expires_at, kept.idle_expires_at)
    return min(instant for instant in limits if instant is not None)
