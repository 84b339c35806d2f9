"""Signing in with a device alone, which names its user and has made sure of them: a passkey.

Nobody is known before the answer is verified, so beginning writes nothing, and the challenge travels with
the client, sealed; it can be answered once. An attempt counts for the network that it comes from. Whatever
is wrong with an answer, the reply is the same; with a name said, nobody's devices look like somebody's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from iamkit.audit.event import Event, Origin
from iamkit.clock import Clock
from iamkit.credentials import challenges, known_devices, links, mfa, sessions, sources
from iamkit.credentials.challenges import Carried
from iamkit.credentials.mfa import Answer, MfaDevice, MfaMethod, PasskeyAsking, PasskeyMethod, Proof
from iamkit.credentials.secret import Sealer, Secret
from iamkit.credentials.sessions import NewSession, SessionKind, SessionLimits
from iamkit.errors import ExpiredToken, InputError, InvalidCredentials, NoSuchEntity, Throttling
from iamkit.gate.claim import ACCOUNT, USER_NAME
from iamkit.gate.pace import Pace
from iamkit.gate.sign_in_events import Outcome, Recorder, actor_of, sign_in_event
from iamkit.identity import accounts, people, users
from iamkit.identity.users import User
from iamkit.ids import Ids, name_key
from iamkit.storage import Reader, Store

_NOBODY: Final = "nobody"
_FAILED: Final = "the passkey is not right; begin again, or sign in another way"


@dataclass(frozen=True, slots=True)
class PasskeyBegun:
    """What a page needs: `shown` is for the browser, `token` comes back with the answer, within minutes.

    Keep the token where only this browser has it (a cookie, the page), so that nobody signs another in.
    """

    token: Secret
    shown: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class _Found:
    """Whom an answer says to be of. Without a user, or the wrong one, it is nobody's."""

    user: User | None = None
    device: MfaDevice | None = None


class Passkeys:
    """See the module. Safe between threads."""

    def __init__(
        self,
        *,
        store: Store,
        sealer: Sealer,
        methods: Mapping[str, MfaMethod],
        trail: Recorder,
        clock: Clock,
        ids: Ids,
        mark: Callable[[str], str],
        home_account: Callable[[], str],
        limits: SessionLimits,
        pace: Pace,
    ) -> None:
        self._store = store
        self._sealer = sealer
        self._methods = {name: found for name, found in methods.items() if isinstance(found, PasskeyMethod)}
        self._trail = trail
        self._clock = clock
        self._ids = ids
        self._mark = mark
        self._home_account = home_account
        self._limits = limits
        self._pace = pace

    def begin(
        self, name: str | None = None, *, account: str | None = None, method: str | None = None
    ) -> PasskeyBegun:
        """Ask for a device; with a user's `name`, for one of that user's, and answer alike if there is none.

        `account` is an id or an alias, the home account by default; `method` is needed only where several
        are installed. Raises InputError if there is no such method.
        """
        began = self._pace.begin()
        found, now = self._method(method), self._clock.now()
        asking, about = PasskeyAsking(now), ""
        if name is not None:
            with self._store.read() as reader:
                where = _account(reader, account or self._home_account())
                user = users.find(reader, where, name) if USER_NAME.fullmatch(name) else None
                devices = mfa.of_subject(reader, _NOBODY if user is None else user.user_id)
            own = tuple(device for device in devices if device.method == found.name)
            enabled = user is not None and user.enabled
            # By the account's id: what an alias and an id both showed would be the real devices.
            seed = hashlib.sha256(self._mark(f"passkey\x00{where}\x00{name_key(name)}").encode()).digest()
            asking = PasskeyAsking(now, own if enabled else (), seed)
            about = _about(user) if user is not None else hashlib.sha256(seed).hexdigest()
        begun = found.begin_passkey(asking)
        token = challenges.hand_out(self._sealer, self._ids, found.name, about, begun, now=now)
        if name is not None:
            self._pace.wait_briefly(began)
        return PasskeyBegun(token, begun.shown)

    def finish(
        self,
        token: str | Secret,
        answer: Answer,
        *,
        source: str | None,
        user_agent: str,
        kind: SessionKind,
        device: str | None,
    ) -> NewSession:
        """Start a session, under a new token, with the device as its two factors.

        `source` is the client's address, `device` what the browser kept of an earlier sign-in. Raises
        ExpiredToken for a challenge that ended or was answered, InvalidCredentials whatever else is wrong,
        Throttling at thirty failures from a network within ten minutes.
        """
        origin = Origin(source or "unknown", user_agent)
        plain = token.reveal() if isinstance(token, Secret) else token
        carried = challenges.handed_back(self._sealer, plain, now=self._clock.now())
        found = self._methods.get(carried.method)
        if found is None:
            raise ExpiredToken("the sign-in has ended or took too long; start again")
        network = sources.network_of(source)
        try:
            challenges.take(self._store, self._ids, carried, network, now=self._clock.now())
        except (Throttling, ExpiredToken) as fault:
            self._trail.record_alone(self._event(None, origin, Outcome(fault.code)))
            raise
        claimed = self._claimed(found, carried, answer)
        proof = found.verify_passkey(claimed.device, answer, carried.kept, now=self._clock.now())
        started = None
        if proof is not None and claimed.user is not None and claimed.device is not None:
            started = self._started(claimed, found.name, proof, origin, source, kind, network, device)
        if started is None:
            about = None if proof is None else proof.facts
            failure = Outcome(InvalidCredentials.code, iamkit=about)
            self._trail.record_alone(self._event(claimed.user, origin, failure))
            raise InvalidCredentials(_FAILED)
        session, event = started
        self._trail.announce(event)
        return session

    def _claimed(self, method: PasskeyMethod, carried: Carried, answer: Answer) -> _Found:
        handle = method.handle_of(answer)
        with self._store.read() as reader:
            device = mfa.by_handle(reader, method.name, handle or "")
            # Looked for in any case, so that somebody and nobody cost the same number of reads.
            user = people.by_id(reader, (device.user_id if device else None) or _NOBODY)
        if user is None or (carried.about and carried.about != _about(user)):
            return _Found()
        return _Found(user, device)

    def _started(
        self,
        claimed: _Found,
        method: str,
        proof: Proof,
        origin: Origin,
        source: str | None,
        kind: SessionKind,
        network: str | None,
        known: str | None,
    ) -> tuple[NewSession, Event] | None:
        """Spend the proof and start the session, or neither."""
        now = self._clock.now()
        try:
            with self._store.write() as unit:
                # Read again: user or device may have gone while the answer was checked.
                device = mfa.find(unit, proof.serial)
                user = (
                    None if device is None or device.user_id is None else people.by_id(unit, device.user_id)
                )
                if (
                    user is None
                    or not user.enabled
                    or claimed.device is None
                    or claimed.user is None
                    or proof.serial != claimed.device.serial
                    or user.user_id != claimed.user.user_id
                    or not proof.settle(unit)
                ):
                    raise _Lost
                session = sessions.start(
                    unit,
                    self._ids,
                    account=user.account,
                    user_id=user.user_id,
                    kind=kind,
                    factors=(method,),
                    limits=self._limits,
                    now=now,
                    mfa_at=now,
                    device=origin.user_agent,
                    source=source,
                )
                links.stop_recovery(unit, user.user_id)
                if network is not None:
                    sources.give_back(unit, network)
                greeted = known_devices.greet(unit, self._ids, known, user.user_id, now=now)
                session = replace(session, device=greeted)
                about = {**proof.facts, "sessionId": session.public_id, "method": method, "kind": str(kind)}
                about["state"] = str(session.state)
                event = self._event(user, origin, Outcome(device=proof.serial, iamkit=about))
                self._trail.record(unit, event)
        except _Lost:
            return None
        return session, event

    def _method(self, name: str | None) -> PasskeyMethod:
        names = ", ".join(f"`{method}`" for method in sorted(self._methods))
        if name is None and len(self._methods) == 1:
            return next(iter(self._methods.values()))
        found = self._methods.get(name or "")
        if found is None:
            hint = f"name one of {names}" if names else "install and set up a plugin for it"
            raise InputError(f"there is no such way to sign in with a device alone; {hint}")
        return found

    def _event(self, user: User | None, origin: Origin, outcome: Outcome) -> Event:
        actor = actor_of(self._home_account() if user is None else user.account, user)
        return sign_in_event(self._ids, "ConsoleLogin", actor, origin, outcome, at=self._clock.now())


class _Lost(Exception):  # noqa: N818  # undoes the unit; nobody sees it
    """Another had the proof first, or the user is not one who may enter."""


def _account(reader: Reader, id_or_alias: str) -> str:
    """The account's id; for an account that is none, what was said."""
    if not ACCOUNT.fullmatch(id_or_alias):
        return "none"
    try:
        return accounts.named(reader, id_or_alias).account_id
    except NoSuchEntity:
        return id_or_alias


def _about(user: User) -> str:
    """Whom a challenge is for; as long as what stands there for nobody."""
    return hashlib.sha256(user.user_id.encode()).hexdigest()
