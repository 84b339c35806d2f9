"""Signing in with name and password, signing out, and choosing a new password.

Whatever the cause of a failure (no such account or user, disabled, no password, a wrong one), the answer has
the same words, status and cost (THR-P1, P3). The attempt is counted before the password is hashed (THR-P4).
Hashing is done outside any unit of work; the session, the counter's reset and the audit event are one unit.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from iamkit.audit.event import Event, Origin
from iamkit.clock import Clock
from iamkit.credentials import mfa, passwords, sessions
from iamkit.credentials.hashing import HashedPassword, Hasher, Verification, prepared
from iamkit.credentials.passwords import PasswordRecord, PasswordRules
from iamkit.credentials.sessions import NewSession, SessionKind, SessionLimits, SessionRecord
from iamkit.credentials.throttle import Throttle, known_subject, unknown_subject
from iamkit.errors import (
    ConcurrentModification,
    ExpiredToken,
    InputError,
    InvalidCredentials,
    NoSuchEntity,
    Throttling,
)
from iamkit.gate.sign_in_events import SUCCESS, Outcome, Recorder, actor_of, sign_in_event
from iamkit.identity import accounts, users
from iamkit.identity.users import User
from iamkit.ids import Ids
from iamkit.storage import Reader, Store, Unit

# What can be a name at all; anything else is nobody's, and is not looked for.
_USER_NAME: Final = re.compile(r"[A-Za-z0-9_+=,.@-]{1,64}", re.ASCII)
_ACCOUNT: Final = re.compile(r"[a-z0-9-]{3,63}", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Claim:
    """Who somebody says to be, and what is known of that."""

    account: str | None
    user: User | None
    password: PasswordRecord | None
    subject: str

    def may_enter(self, now: datetime) -> bool:
        """Whether the right password would let them in."""
        kept = self.password
        return (
            self.user is not None
            and self.user.enabled
            and kept is not None
            and (kept.expires_at is None or now < kept.expires_at)
        )


class SignIn:
    """See the module. Safe between threads. Hashing takes milliseconds, so not for an event loop's thread."""

    def __init__(
        self,
        *,
        store: Store,
        hasher: Hasher,
        throttle: Throttle,
        trail: Recorder,
        clock: Clock,
        ids: Ids,
        home_account: Callable[[], str],
        limits: SessionLimits = sessions.MODERN,
        rules: PasswordRules = passwords.MODERN,
    ) -> None:
        self._store = store
        self._hasher = hasher
        self._throttle = throttle
        self._trail = trail
        self._clock = clock
        self._ids = ids
        self._home_account = home_account
        self._limits = limits
        self._rules = rules

    def sign_in(
        self,
        account_or_alias: str,
        user_name: str,
        password: str,
        *,
        source: str | None,
        user_agent: str,
        kind: SessionKind,
    ) -> NewSession:
        """Start a session, under a new token each time (THR-S1). It `awaits` what more is needed.

        Raises InvalidCredentials, ValidationError for a password that nobody can have, Throttling when there
        were too many attempts or too many are being checked.
        """
        origin = Origin(source or "unknown", user_agent)
        claim, verification = self._verified(account_or_alias, user_name, password, origin, "ConsoleLogin")
        now = self._clock.now()
        rehashed = self._rehashed(password) if verification.needs_rehash else None
        with self._store.write() as unit:
            # Read again: what was verified must still be so, or a session would outlive its password's end.
            user, kept = _still(unit, claim, now)
            if (
                user is not None
                and kept is not None
                and passwords.note_use(unit, kept, now=now, rehashed=rehashed)
            ):
                awaits = _awaits(unit, kept)
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
                    device=user_agent,
                    source=source,
                )
                self._throttle.reset(unit, claim.subject)
                about = {"sessionId": session.public_id, "kind": str(kind), "state": str(session.state)}
                # With a second factor to come, the login is not yet one (CAP-D1).
                step = "CheckMfa" if sessions.FACTOR in awaits else "ConsoleLogin"
                event = self._event(step, claim, origin, Outcome(iamkit=about))
                self._trail.record(unit, event)
                started: NewSession | None = session
            else:
                started = None
        if started is None:
            raise self._failed("ConsoleLogin", claim, origin)
        self._trail.announce(event)
        return started

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
            claim = _Claim(kept.account, users.by_id(unit, kept.user_id), None, "")
            origin = Origin(source or "unknown", user_agent)
            event = self._event("ConsoleLogout", claim, origin, Outcome(iamkit={"sessionId": kept.public_id}))
            self._trail.record(unit, event)
        self._trail.announce(event)
        return True

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
        passwords.check_password(new, rules=self._rules)
        origin = Origin(source or "unknown", user_agent)
        claim, _ = self._verified(account_or_alias, user_name, old, origin, "PasswordUpdated")
        # Only now: what the new password equals would tell a stranger the user's mail address.
        with self._store.read() as reader:
            words = _own_words(reader, claim, user_name)
        passwords.check_password(new, rules=self._rules, own_words=words)
        hashed = self._hasher.hash(new)
        now = self._clock.now()
        with self._store.write() as unit:
            user, kept = _still(unit, claim, now)
            # Whoever holds a factor shows it first, and chooses in the session that follows (THR-P13).
            done = (
                user is not None
                and kept is not None
                and (kept.must_change or not only_if_required)
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
                    self._throttle.reset(unit, claim.subject)
                    event = self._event("PasswordUpdated", claim, origin)
                    self._trail.record(unit, event)
        if not done:
            raise self._failed("PasswordUpdated", claim, origin)
        self._trail.announce(event)

    def choose_password(
        self, token: str, new: str, *, source: str | None = None, user_agent: str = ""
    ) -> NewSession:
        """Choose the new password that a pending session awaits, and go on under a new token.

        Raises ExpiredToken, InputError while a second factor comes first, PasswordPolicyViolation.
        """
        passwords.check_password(new, rules=self._rules)
        with self._store.read() as reader:
            session, user, kept = self._choosing(reader, token)
            words = _own_words(reader, _Claim(user.account, user, kept, ""), user.name)
        passwords.check_password(new, rules=self._rules, own_words=words)
        hashed = self._hasher.hash(new)
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
            event = self._event("PasswordUpdated", _Claim(user.account, user, kept, ""), origin, about)
            self._trail.record(unit, event)
        self._trail.announce(event)
        return started

    def _choosing(self, reader: Reader, token: str) -> tuple[SessionRecord, User, PasswordRecord]:
        """The session that awaits a new password, and whose. Raises ExpiredToken, InputError."""
        session = sessions.of_token(reader, token, now=self._clock.now())
        user = None if session is None else users.by_id(reader, session.user_id)
        kept = None if user is None else passwords.find(reader, user.user_id)
        if session is None or user is None or kept is None or not user.enabled:
            raise ExpiredToken("the sign-in has ended or took too long; start again")
        if session.awaits[:1] != (sessions.NEW_PASSWORD,):
            raise InputError("this session awaits no new password; show the second factor first, if it does")
        return session, user, kept

    def _verified(
        self, account_or_alias: str, user_name: str, password: str, origin: Origin, name: str
    ) -> tuple[_Claim, Verification]:
        """Count the attempt, then check the password. Raises, and records, when it fails."""
        prepared(password)
        with self._store.read() as reader:
            claim = _claim(reader, account_or_alias, user_name)
        try:
            self._throttle.reserve(claim.subject)
            kept = claim.password
            verification = self._hasher.verify(None if kept is None else kept.hashed, password)
        except Throttling as fault:
            self._trail.record_alone(self._event(name, claim, origin, Outcome(fault.code)))
            raise
        if not verification.ok or not claim.may_enter(self._clock.now()):
            raise self._failed(name, claim, origin)
        return claim, verification

    def _rehashed(self, password: str) -> HashedPassword | None:
        try:
            return self._hasher.hash(password)
        except Throttling:
            # The next sign-in will do it.
            return None

    def _failed(self, name: str, claim: _Claim, origin: Origin) -> InvalidCredentials:
        self._trail.record_alone(self._event(name, claim, origin, Outcome(InvalidCredentials.code)))
        return InvalidCredentials("the account, the user name or the password is not right")

    def _event(self, name: str, claim: _Claim, origin: Origin, outcome: Outcome = SUCCESS) -> Event:
        actor = actor_of(claim.account or self._home_account(), claim.user)
        return sign_in_event(self._ids, name, actor, origin, outcome, at=self._clock.now())


def _claim(reader: Reader, account_or_alias: str, user_name: str) -> _Claim:
    account = None
    if _ACCOUNT.fullmatch(account_or_alias):
        try:
            account = accounts.named(reader, account_or_alias).account_id
        except NoSuchEntity:
            account = None
    user = None
    if account is not None and _USER_NAME.fullmatch(user_name):
        user = users.find(reader, account, user_name)
    # Looked for in any case, so that somebody and nobody cost the same number of reads.
    password = passwords.find(reader, "nobody" if user is None else user.user_id)
    subject = unknown_subject(account or "", user_name) if user is None else known_subject(user.user_id)
    return _Claim(account, user, password, subject)


def _still(unit: Unit, claim: _Claim, now: datetime) -> tuple[User | None, PasswordRecord | None]:
    """The user and password of a verified claim, if they are what they were when it was verified."""
    if claim.user is None or claim.password is None:
        return None, None
    user = users.by_id(unit, claim.user.user_id)
    kept = passwords.find(unit, claim.user.user_id)
    present = _Claim(claim.account, user, kept, claim.subject)
    if kept is None or kept.generation != claim.password.generation or not present.may_enter(now):
        return None, None
    return user, kept


def _awaits(reader: Reader, kept: PasswordRecord) -> tuple[str, ...]:
    """What more it takes than the password."""
    return (
        *((sessions.FACTOR,) if mfa.of_subject(reader, kept.user_id) else ()),
        *((sessions.NEW_PASSWORD,) if kept.must_change else ()),
    )


def _own_words(reader: Reader, claim: _Claim, user_name: str) -> tuple[str, ...]:
    """The names that a password must not equal: the user's, the account's, the mail address."""
    words = [user_name]
    if claim.user is not None and claim.user.email:
        words += [claim.user.email, claim.user.email.partition("@")[0]]
    account = None if claim.account is None else accounts.find(reader, claim.account)
    if account is not None:
        words += [account.name, account.alias or ""]
    return tuple(words)
