"""Signing in with name and password, and signing out.

The password is checked outside any unit of work; the session, the counter's reset and the audit event are one
unit, in which everything that was verified is read again.
"""

from __future__ import annotations

from dataclasses import replace

from iamkit.audit.event import Event, Origin
from iamkit.clock import Clock
from iamkit.credentials import known_devices, passwords, sessions
from iamkit.credentials.hashing import HashedPassword, Hasher
from iamkit.credentials.sessions import NewSession, SessionKind, SessionLimits, SessionRecord
from iamkit.credentials.throttle import Throttle
from iamkit.errors import PasswordExpired, Throttling
from iamkit.gate import claim as claims
from iamkit.gate.claim import Claim, Claims
from iamkit.gate.new_passwords import NewPasswords
from iamkit.gate.sign_in_events import Outcome, Recorder
from iamkit.identity import people
from iamkit.ids import Ids
from iamkit.storage import Store


class SignIn:
    """See the module. Safe between threads. Hashing takes milliseconds, so not for an event loop's thread."""

    def __init__(
        self,
        *,
        store: Store,
        claims: Claims,
        hasher: Hasher,
        throttle: Throttle,
        trail: Recorder,
        clock: Clock,
        ids: Ids,
        new_passwords: NewPasswords,
        limits: SessionLimits = sessions.MODERN,
    ) -> None:
        self._store = store
        self._claims = claims
        self._hasher = hasher
        self._throttle = throttle
        self._trail = trail
        self._clock = clock
        self._ids = ids
        self._limits = limits
        self._passwords = new_passwords

    def sign_in(
        self,
        account_or_alias: str,
        user_name: str,
        password: str,
        *,
        source: str | None,
        user_agent: str,
        kind: SessionKind,
        device: str | None = None,
        as_root: bool = False,
    ) -> NewSession:
        """Start a session, under a new token each time (THR-S1). It `awaits` what more is needed.

        With `as_root` it is the root user's, whose mail address is given in the place of a user name.

        `device` is what the browser kept of an earlier sign-in (`NewSession.device`): its attempts are then
        counted by themselves.

        Raises InvalidCredentials, ValidationError for a password that nobody can have, PasswordExpired,
        Throttling when there were too many attempts or too many are being checked.
        """
        origin = Origin(source or "unknown", user_agent)
        claim, verification = self._claims.verified(
            account_or_alias,
            user_name,
            password,
            origin,
            "ConsoleLogin",
            source=source,
            device=device,
            as_root=as_root,
        )
        rehashed = self._rehashed(password) if verification.needs_rehash else None
        try:
            started = self._started(claim, rehashed, kind, origin, source, device)
        except PasswordExpired as fault:
            self._trail.record_alone(self._claims.event("ConsoleLogin", claim, origin, Outcome(fault.code)))
            raise
        if started is None:
            raise self._claims.failed("ConsoleLogin", claim, origin)
        session, event = started
        self._trail.announce(event)
        return session

    def _started(
        self,
        claim: Claim,
        rehashed: HashedPassword | None,
        kind: SessionKind,
        origin: Origin,
        source: str | None,
        device: str | None,
    ) -> tuple[NewSession, Event] | None:
        """The session of a claim that was verified, unless something changed meanwhile."""
        now = self._clock.now()
        with self._store.write() as unit:
            # Read again: what was verified must still be so, or a session would outlive its password's end.
            user, kept = claims.still(unit, claim, now)
            if user is None or kept is None:
                return None
            if not passwords.note_use(unit, kept, now=now, rehashed=rehashed):
                return None
            awaits = claims.awaits(unit, kept, self._passwords.rules(unit, user.account), now)
            session = sessions.start(
                unit,
                self._ids,
                account=user.account,
                user_id=user.user_id,
                kind=kind,
                factors=("password",),
                limits=self._limits,
                now=now,
                awaits=awaits,
                device=origin.user_agent,
                source=source,
            )
            self._throttle.reset(unit, claim.subject, claim.network)
            if not awaits:
                known = known_devices.greet(unit, self._ids, device, user.user_id, now=now)
                session = replace(session, device=known)
            about = {"sessionId": session.public_id, "kind": str(kind), "state": str(session.state)}
            # With a second factor to come, the login is not yet one (CAP-D1).
            step = "CheckMfa" if sessions.FACTOR in awaits else "ConsoleLogin"
            event = self._claims.event(step, claim, origin, Outcome(iamkit=about))
            self._trail.record(unit, event)
        return session, event

    def sign_out(self, token: str, *, source: str | None = None, user_agent: str = "") -> bool:
        """End the session of `token`. False, and nothing more, if there is none: twice is no error."""
        session_id = sessions.session_id_of(token)
        if session_id is None:
            return False
        now = self._clock.now()
        with self._store.write() as unit:
            kept = unit.get(SessionRecord, (session_id,))
            if kept is None or not sessions.end(unit, session_id, now=now):
                return False
            claim = Claim(kept.account, people.by_id(unit, kept.user_id), None, "")
            origin = Origin(source or "unknown", user_agent)
            event = self._claims.event(
                "ConsoleLogout", claim, origin, Outcome(iamkit={"sessionId": kept.public_id})
            )
            self._trail.record(unit, event)
        self._trail.announce(event)
        return True

    def _rehashed(self, password: str) -> HashedPassword | None:
        try:
            return self._hasher.hash(password)
        except Throttling:
            # The next sign-in will do it.
            return None
