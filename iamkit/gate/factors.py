"""Second factors: from a password to a session, and from a session to a fresher one (CAP-D1, D5).

A pending session has no power but to be here. Each step ends it and starts another under a new token
(THR-S1), in the unit in which the proof is spent: of many who answer at once, one gets a session (THR-M3).
An attempt is counted before it is checked, for each user and method by itself (THR-M4).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from iamkit.audit.event import Event, Origin
from iamkit.clock import Clock
from iamkit.credentials import (
    challenges,
    known_devices,
    links,
    mfa,
    recovery_codes,
    sendings,
    sessions,
    sources,
)
from iamkit.credentials.challenges import Open
from iamkit.credentials.mfa import Answer, Asking, MfaMethod, PasskeyMethod, Proof, Subject
from iamkit.credentials.secret import Sealer, Secret
from iamkit.credentials.sessions import NewSession, SessionKind, SessionLimits, SessionRecord, SessionState
from iamkit.credentials.throttle import FACTORS, Throttle, known_subject
from iamkit.errors import ExpiredToken, InputError, InvalidAuthenticationCode, Throttling
from iamkit.gate import waiting_codes
from iamkit.gate.letters import Letters, codes_for
from iamkit.gate.pace import Pace
from iamkit.gate.passkeys import PasskeyBegun, Passkeys
from iamkit.gate.sign_in_events import Outcome, Recorder, actor_of, sign_in_event
from iamkit.identity import people
from iamkit.identity.users import User
from iamkit.ids import Ids
from iamkit.storage import Reader, Store

_PURPOSE: Final = "sign-in"


@dataclass(frozen=True, slots=True)
class Offer:
    """A method by which the session can go on, and the devices it would be with, as (serial, name)."""

    method: str
    devices: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class _Here:
    """A session at this step, and whose it is."""

    session: SessionRecord
    subject: Subject
    user: User | None

    @property
    def pending(self) -> bool:
        return self.session.state == SessionState.PENDING


class Factors:
    """See the module. Safe between threads. Methods may hash or send mail: not for an event loop's thread."""

    def __init__(
        self,
        *,
        store: Store,
        sealer: Sealer,
        methods: Mapping[str, MfaMethod],
        letters: Letters,
        trail: Recorder,
        clock: Clock,
        ids: Ids,
        mark: Callable[[str], str],
        home_account: Callable[[], str],
        pace: Pace,
        limits: SessionLimits = sessions.MODERN,
    ) -> None:
        self._store = store
        self._sealer = sealer
        self._methods = methods
        self._passkeys = Passkeys(
            store=store,
            sealer=sealer,
            methods=methods,
            trail=trail,
            clock=clock,
            ids=ids,
            mark=mark,
            home_account=home_account,
            limits=limits,
            pace=pace,
        )
        self._letters = letters
        self._throttles = {name: factor_throttle(store, clock, name) for name in methods}
        self._trail = trail
        self._clock = clock
        self._ids = ids
        self._limits = limits

    @property
    def methods(self) -> tuple[str, ...]:
        """The names of all methods that are installed."""
        return tuple(self._methods)

    @property
    def passkeys(self) -> tuple[str, ...]:
        """Those of them whose devices can sign in alone."""
        return tuple(name for name, found in self._methods.items() if isinstance(found, PasskeyMethod))

    def offers(self, token: str) -> tuple[Offer, ...]:
        """How the holder of a session can show a factor. Raises ExpiredToken."""
        with self._store.read() as reader:
            here = self._here(reader, token)
            found: dict[str, list[tuple[str, str]]] = {}
            waiting = waiting_codes.methods(reader, here.subject.user_id, now=self._clock.now())
            for device in mfa.of_subject(reader, here.subject.user_id):
                if device.method in self._methods and device.method not in waiting:
                    found.setdefault(device.method, []).append((device.serial, device.name))
            codes = not waiting and recovery_codes.left(reader, here.subject.user_id)
            if found and codes:
                found[recovery_codes.RECOVERY] = []
        return tuple(Offer(method, tuple(devices)) for method, devices in found.items())

    def begin(
        self, token: str, method: str, given: Answer | None = None, *, source: str | None = None
    ) -> Mapping[str, object]:
        """Start a proof: what the method shows to the client, such as WebAuthn options; often nothing.

        `given` is what the client says to it, such as which device a code is sent to.

        Raises ExpiredToken, InputError for a method that the user has no device of, Throttling.
        """
        found = method_named(self._methods, method)
        with self._store.read() as reader:
            here = self._here(reader, token)
            waiting_codes.refuse(reader, here.subject.user_id, method, now=self._clock.now())
            asking = self._asking(reader, here, method, given)
            if not asking.devices and method != recovery_codes.RECOVERY:
                raise InputError(
                    f"there is no device for the factor `{method[:40]}`; use one that is offered"
                )
            begun = found.begin(asking)
        if begun is None:
            return {}
        with self._store.write() as unit:
            key = (_PURPOSE, here.session.session_id, method)
            challenges.begin(unit, self._sealer, self._ids, key, begun, now=self._clock.now())
            if begun.message is not None:
                if (network := sources.network_of(source)) is not None:
                    sources.reserve(unit, network, now=self._clock.now())
                self._letters.code(unit, begun.message, user_id=here.subject.user_id, proven=True)
        self._letters.kick()
        return begun.shown

    def finish(
        self,
        token: str,
        method: str,
        answer: Answer,
        *,
        source: str | None = None,
        user_agent: str = "",
        device: str | None = None,
    ) -> NewSession:
        """Answer with a factor: the session goes on under a new token, and has a fresh factor.

        Raises ExpiredToken, InvalidAuthenticationCode (nothing is lost but the attempt), Throttling.
        """
        found = method_named(self._methods, method)
        origin = Origin(source or "unknown", user_agent)
        with self._store.read() as reader:
            here = self._here(reader, token)
            waiting_codes.refuse(reader, here.subject.user_id, method, now=self._clock.now())
        throttle, subject = self._throttles[method], known_subject(here.subject.user_id)
        try:
            throttle.reserve(subject)
        except Throttling as fault:
            self._trail.record_alone(self._event(here, origin, Outcome(fault.code)))
            raise
        taken = self._taken(here, method)
        proof = self._proof(found, here, answer, taken)
        started = None
        if proof is not None:
            started = self._go_on(here, method, proof, taken, throttle, token, source, user_agent, device)
        if proof is None or started is None:
            # What the method has to tell of a proof that did not count, such as a counter that went back.
            about = None if proof is None else proof.facts
            failure = Outcome(InvalidAuthenticationCode.code, iamkit=about)
            self._trail.record_alone(self._event(here, origin, failure))
            raise InvalidAuthenticationCode(
                "the second factor is not right, or was used already; wait for the next code, or begin again"
            )
        session, event = started
        self._trail.announce(event)
        return session

    def begin_passkey(
        self, name: str | None = None, *, account: str | None = None, method: str | None = None
    ) -> PasskeyBegun:
        """Ask for a device that names its user, see `Passkeys.begin`."""
        return self._passkeys.begin(name, account=account, method=method)

    def finish_passkey(
        self,
        token: str | Secret,
        answer: Answer,
        *,
        source: str | None = None,
        user_agent: str = "",
        kind: SessionKind = SessionKind.COOKIE,
        device: str | None = None,
    ) -> NewSession:
        """Sign in with a device alone, see `Passkeys.finish`."""
        return self._passkeys.finish(
            token, answer, source=source, user_agent=user_agent, kind=kind, device=device
        )

    def _proof(self, method: MfaMethod, here: _Here, answer: Answer, taken: Open | None) -> Proof | None:
        with self._store.read() as reader:
            asking = self._asking(reader, here, method.name)
            return method.verify(asking, answer, None if taken is None else taken.kept)

    def _taken(self, here: _Here, method: str) -> Open | None:
        key = (_PURPOSE, here.session.session_id, method)
        return challenges.take_try_alone(self._store, self._sealer, key, now=self._clock.now())

    def _go_on(
        self,
        here: _Here,
        method: str,
        proof: Proof,
        taken: Open | None,
        throttle: Throttle,
        token: str,
        source: str | None,
        user_agent: str,
        device: str | None,
    ) -> tuple[NewSession, Event] | None:
        """Spend the proof and exchange the session, or neither."""
        now = self._clock.now()
        try:
            with self._store.write() as unit:
                # Read again: the session, the user or the device may have gone while the answer was checked.
                here = self._here(unit, token)
                if not (
                    (taken is None or challenges.settle(unit, taken))
                    and proof.settle(unit)
                    and sessions.end(unit, here.session.session_id, now=now)
                ):
                    raise _Lost
                session = sessions.start(
                    unit,
                    self._ids,
                    account=here.subject.account,
                    user_id=here.subject.user_id,
                    kind=SessionKind(here.session.kind),
                    factors=tuple(dict.fromkeys((*here.session.factors, method))),
                    limits=self._limits,
                    now=now,
                    awaits=tuple(step for step in here.session.awaits if step != sessions.FACTOR),
                    mfa_at=now,
                    device=user_agent or here.session.device,
                    source=source or here.session.source,
                    instead_of=None if here.pending else here.session,
                )
                # What was said to be lost is not, so it was somebody else who said it.
                links.stop_recovery(unit, here.subject.user_id)
                throttle.reset(unit, known_subject(here.subject.user_id))
                if here.pending and not session.awaits:
                    known = known_devices.greet(unit, self._ids, device, here.subject.user_id, now=now)
                    session = replace(session, device=known)
                sendings.forget(unit, codes_for(here.subject.user_id))
                about = {**proof.facts, "sessionId": session.public_id, "method": method}
                event = self._event(
                    here,
                    Origin(source or "unknown", user_agent),
                    Outcome(device=proof.serial, iamkit={**about, "state": str(session.state)}),
                )
                self._trail.record(unit, event)
        except _Lost:
            return None
        return session, event

    def _here(self, reader: Reader, token: str) -> _Here:
        """The session at its step. Raises ExpiredToken, whatever is wrong with it."""
        kept = sessions.of_token(reader, token, now=self._clock.now())
        user = None if kept is None else people.by_id(reader, kept.user_id)
        if kept is None or user is None or not user.enabled:
            raise ExpiredToken("the sign-in has ended or took too long; start again")
        if kept.state == SessionState.PENDING and sessions.FACTOR not in kept.awaits:
            raise InputError("the second factor was shown already; choose a new password")
        return _Here(kept, subject_of(user), user)

    def _asking(self, reader: Reader, here: _Here, method: str, given: Answer | None = None) -> Asking:
        return asking_for(reader, self._sealer, here.subject, method, now=self._clock.now(), given=given)

    def _event(self, here: _Here, origin: Origin, outcome: Outcome) -> Event:
        name = "ConsoleLogin" if here.pending else "StepUp"
        actor = actor_of(here.subject.account, here.user)
        return sign_in_event(self._ids, name, actor, origin, outcome, at=self._clock.now())


class _Lost(Exception):  # noqa: N818  # undoes the unit; nobody sees it
    """Another had the proof or the session first."""


def subject_of(user: User) -> Subject:
    """A user as methods see them. Only an address that was verified is one to send codes to."""
    email = user.email if user.email_verified_at is not None else None
    return Subject(user.account, user.user_id, user.name, user.arn, email)


def asking_for(
    reader: Reader,
    sealer: Sealer,
    subject: Subject,
    method: str,
    *,
    now: datetime,
    given: Answer | None = None,
) -> Asking:
    """What a method is told about one subject."""
    devices = tuple(item for item in mfa.of_subject(reader, subject.user_id) if item.method == method)
    return Asking(subject, devices, now, reader, sealer, given or {})


def factor_throttle(store: Store, clock: Clock, method: str) -> Throttle:
    """The one counter of attempts at a method, whichever way they come (THR-P8)."""
    return Throttle(store, clock, FACTORS, factor=f"mfa:{method}")


def method_named(methods: Mapping[str, MfaMethod], name: str) -> MfaMethod:
    """The method of that name. Raises InputError, which names those that there are."""
    found = methods.get(name)
    if found is None:
        known = ", ".join(f"`{method}`" for method in sorted(methods))
        raise InputError(f"there is no factor `{name[:40]}`; there are {known}")
    return found
