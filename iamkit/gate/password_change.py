"""Choosing a new password: with the old one where it must be changed, or in the session that awaits it."""

from __future__ import annotations

from datetime import datetime

from iamkit.audit.event import Origin
from iamkit.clock import Clock
from iamkit.credentials import mfa, passwords, sessions
from iamkit.credentials.hashing import HashedPassword
from iamkit.credentials.passwords import PasswordRecord
from iamkit.credentials.sessions import NewSession, SessionKind, SessionLimits, SessionRecord
from iamkit.credentials.throttle import Throttle
from iamkit.errors import ConcurrentModification, ExpiredToken, InputError, InvalidCredentials
from iamkit.gate import claim as claims
from iamkit.gate.claim import Claim, Claims
from iamkit.gate.new_passwords import NewPasswords
from iamkit.gate.sign_in_events import Outcome, Recorder
from iamkit.identity import people
from iamkit.identity.users import User
from iamkit.ids import Ids
from iamkit.storage import Reader, Store


class PasswordChange:
    """See the module. Safe between threads; hashes, so not for an event loop's thread."""

    def __init__(
        self,
        *,
        store: Store,
        claims: Claims,
        throttle: Throttle,
        trail: Recorder,
        clock: Clock,
        ids: Ids,
        new_passwords: NewPasswords,
        limits: SessionLimits = sessions.MODERN,
    ) -> None:
        self._store = store
        self._claims = claims
        self._throttle = throttle
        self._trail = trail
        self._clock = clock
        self._ids = ids
        self._passwords = new_passwords
        self._limits = limits

    def change_password(
        self,
        account_or_alias: str,
        user_name: str,
        old: str,
        new: str,
        *,
        source: str | None,
        user_agent: str,
        only_if_required: bool,
    ) -> None:
        """Set the user's own password, which takes the old one, and end all the user's sessions.

        With `only_if_required` it works only where the password must be changed: that is for the sign-in
        page, where nobody was authorised to `iam:ChangePassword`. Raises PasswordPolicyViolation,
        InvalidCredentials, Throttling.
        """
        origin = Origin(source or "unknown", user_agent)
        claim, _ = self._claims.verified(
            account_or_alias, user_name, old, origin, "PasswordUpdated", source=source
        )
        # Only now: what is wanted of the new password would tell a stranger about account and user.
        hashed = self._new_hash(claim, new)
        now = self._clock.now()
        with self._store.write() as unit:
            user, kept = claims.still(unit, claim, now)
            # Whoever holds a factor shows it first, and chooses in the session that follows (THR-P13).
            done = (
                user is not None
                and kept is not None
                and (not only_if_required or self._due(unit, user, kept, now))
                and not mfa.of_subject(unit, user.user_id)
            )
            if user is not None and kept is not None and done:
                try:
                    passwords.put(
                        unit,
                        account=user.account,
                        user_id=user.user_id,
                        hashed=hashed,
                        must_change=False,
                        now=now,
                        expected=claim.password,
                    )
                except ConcurrentModification:
                    done = False
                else:
                    self._throttle.reset(unit, claim.subject, claim.network)
                    event = self._claims.event("PasswordUpdated", claim, origin)
                    self._trail.record(unit, event)
        if not done:
            raise self._claims.failed("PasswordUpdated", claim, origin)
        self._trail.announce(event)

    def choose_password(
        self, token: str, new: str, *, source: str | None = None, user_agent: str = ""
    ) -> NewSession:
        """Choose the new password that a pending session awaits, and go on under a new token.

        Raises ExpiredToken, InputError while a second factor comes first, PasswordPolicyViolation.
        """
        with self._store.read() as reader:
            session, user, kept = self._choosing(reader, token)
        hashed = self._new_hash(Claim(user.account, user, kept, ""), new)
        now, origin = self._clock.now(), Origin(source or "unknown", user_agent)
        with self._store.write() as unit:
            # Read again: one of many who choose at once finds the session still there.
            session, user, kept = self._choosing(unit, token)
            passwords.put(
                unit,
                account=user.account,
                user_id=user.user_id,
                hashed=hashed,
                must_change=False,
                now=now,
                expected=kept,
            )
            started = sessions.start(
                unit,
                self._ids,
                account=user.account,
                user_id=user.user_id,
                kind=SessionKind(session.kind),
                factors=session.factors,
                limits=self._limits,
                now=now,
                mfa_at=session.mfa_at,
                device=user_agent or session.device,
                source=source or session.source,
            )
            about = Outcome(iamkit={"sessionId": started.public_id, "state": str(started.state)})
            event = self._claims.event("PasswordUpdated", Claim(user.account, user, kept, ""), origin, about)
            self._trail.record(unit, event)
        self._trail.announce(event)
        return started

    def _choosing(self, reader: Reader, token: str) -> tuple[SessionRecord, User, PasswordRecord]:
        """The session that awaits a new password, and whose. Raises ExpiredToken, InputError."""
        session = sessions.of_token(reader, token, now=self._clock.now())
        user = None if session is None else people.by_id(reader, session.user_id)
        kept = None if user is None else passwords.find(reader, user.user_id)
        if session is None or user is None or kept is None or not user.enabled:
            raise ExpiredToken("the sign-in has ended or took too long; start again")
        if session.awaits[:1] != (sessions.NEW_PASSWORD,):
            raise InputError("this session awaits no new password; show the second factor first, if it does")
        if session.mfa_at is None and mfa.of_subject(reader, user.user_id):
            # Enrolled since the password was shown: it is asked for at a sign-in that begins anew (THR-P13).
            raise ExpiredToken("the sign-in has ended or took too long; start again")
        return session, user, kept

    def _due(self, reader: Reader, user: User, kept: PasswordRecord, now: datetime) -> bool:
        """Whether the password has to be changed. Raises PasswordExpired."""
        return sessions.NEW_PASSWORD in claims.awaits(
            reader, kept, self._passwords.rules(reader, user.account), now
        )

    def _new_hash(self, claim: Claim, new: str) -> HashedPassword:
        """The hash of a new password. Raises PasswordPolicyViolation, Throttling."""
        if claim.user is None:
            raise InvalidCredentials(claims.FAILED)
        with self._store.read() as reader:
            wanted = self._passwords.wanted(reader, claim.user.account, claim.user.name, claim.user)
        return self._passwords.hashed(wanted, new)
