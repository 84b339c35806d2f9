"""Signing in with an SSH key: a challenge that is signed once opens a session, as a password would (CAP-C8).

Beginning reads and writes nothing: the challenge travels with the client, sealed, and is the same for names
that nobody has. An attempt counts for the network that it comes from and spends its challenge before the
signature is looked at; it does not count for the user, or whoever knows a name could lock its owner out, and
a signature cannot be guessed. The signature is checked by the key that it carries, whoever is named, so that
known and unknown users cost the same; whether it is the user's key comes after that, within a beat.

A key is one factor. Who holds a second one shows it next, in the same pending session as after a password.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from iamkit.audit.event import Event, Origin
from iamkit.clock import Clock
from iamkit.credentials import challenges, mfa, sessions, sources, ssh_key_forms, ssh_keys, sshsig
from iamkit.credentials.mfa import Begun
from iamkit.credentials.secret import Sealer, Secret
from iamkit.credentials.sessions import NewSession, SessionKind, SessionLimits
from iamkit.errors import (
    ExpiredToken,
    InputError,
    InvalidCredentials,
    NoSuchEntity,
    Throttling,
    ValidationError,
)
from iamkit.gate.claim import ACCOUNT, USER_NAME
from iamkit.gate.pace import Pace
from iamkit.gate.sign_in_events import Outcome, Recorder, actor_of, sign_in_event
from iamkit.identity import accounts, people, users
from iamkit.identity.users import User
from iamkit.ids import Ids
from iamkit.storage import Reader, Store

NAMESPACE: Final = "sign-in@iamkit"
FACTOR: Final = "ssh-key"
_LIFETIME: Final = timedelta(minutes=5)
_NOBODY: Final = "nobody"
_FAILED: Final = "the account, the user name or the key is not right"


@dataclass(frozen=True, slots=True)
class SshBegun:
    """`message` is what to sign: `ssh-keygen -Y sign -n sign-in@iamkit`. `token` comes back with it."""

    token: Secret
    message: str


class SshSignIn:
    """See the module. Safe between threads."""

    def __init__(
        self,
        *,
        store: Store,
        sealer: Sealer,
        trail: Recorder,
        clock: Clock,
        ids: Ids,
        deployment_id: Callable[[], str],
        home_account: Callable[[], str],
        pace: Pace,
        limits: SessionLimits = sessions.MODERN,
    ) -> None:
        self._store = store
        self._sealer = sealer
        self._trail = trail
        self._clock = clock
        self._ids = ids
        self._deployment_id = deployment_id
        self._home_account = home_account
        self._pace = pace
        self._limits = limits

    def begin(self, name: str, *, account: str | None = None) -> SshBegun:
        """A challenge for a user, good once within five minutes. Raises ValidationError for what is no name.

        It names deployment, account and user, so that a signature for one opens no other.
        """
        where = account or self._home_account()
        if not USER_NAME.fullmatch(name) or not ACCOUNT.fullmatch(where):
            raise ValidationError("the user name or the account is none that anybody can have")
        message = (
            f"iamkit sign-in\ndeployment {self._deployment_id()}\naccount {where}\nuser {name}\n"
            f"challenge {self._ids.token()}\n"
        )
        begun = Begun({}, message.encode("ascii"), _LIFETIME)
        about = json.dumps([where, name])
        now = self._clock.now()
        return SshBegun(challenges.hand_out(self._sealer, self._ids, FACTOR, about, begun, now=now), message)

    def finish(
        self,
        token: str | Secret,
        signature: str,
        *,
        source: str | None = None,
        user_agent: str = "",
        kind: SessionKind = SessionKind.BEARER,
    ) -> NewSession:
        """Start a session for whoever signed the challenge. It `awaits` a second factor if the user has one.

        Raises ExpiredToken for a challenge that ended or was answered, InvalidCredentials whatever else is
        wrong, InputError for what is no signature, Throttling at thirty failures from a network.
        """
        began = self._pace.begin()
        origin = Origin(source or "unknown", user_agent)
        plain = token.reveal() if isinstance(token, Secret) else token
        carried = challenges.handed_back(self._sealer, plain, now=self._clock.now())
        if carried.method != FACTOR:
            raise ExpiredToken("the sign-in has ended or took too long; start again")
        account, name = json.loads(carried.about)
        network = sources.network_of(source)
        try:
            challenges.take(self._store, self._ids, carried, network, now=self._clock.now())
            key = sshsig.signer_of(signature, carried.kept, namespace=NAMESPACE)
        except (Throttling, ExpiredToken, InputError) as fault:
            self._trail.record_alone(self._event(None, origin, Outcome(fault.code)))
            raise
        signer = None if key is None else ssh_key_forms.body_of(key)
        with self._store.read() as reader:
            user = _named(reader, account, name)
            kept = _key_of(reader, user, signer)
        started = None
        if signer is not None and user is not None and kept is not None:
            started = self._started(user.user_id, signer, origin, source, kind, network)
        if started is None:
            self._trail.record_alone(self._event(user, origin, Outcome(InvalidCredentials.code)))
            self._pace.wait_briefly(began)
            raise InvalidCredentials(_FAILED)
        session, event = started
        self._trail.announce(event)
        return session

    def _started(
        self,
        user_id: str,
        signer: str,
        origin: Origin,
        source: str | None,
        kind: SessionKind,
        network: str | None,
    ) -> tuple[NewSession, Event] | None:
        """The session, unless the user or the key went meanwhile."""
        now = self._clock.now()
        with self._store.write() as unit:
            user = people.by_id(unit, user_id)
            kept = _key_of(unit, user, signer)
            if user is None or kept is None:
                return None
            awaits = (sessions.FACTOR,) if mfa.of_subject(unit, user.user_id) else ()
            session = sessions.start(
                unit,
                self._ids,
                account=user.account,
                user_id=user.user_id,
                kind=kind,
                factors=(FACTOR,),
                limits=self._limits,
                now=now,
                awaits=awaits,
                device=origin.user_agent,
                source=source,
            )
            if network is not None:
                sources.give_back(unit, network)
            about = {
                "sessionId": session.public_id,
                "method": FACTOR,
                "sshPublicKeyId": kept.key_id,
                "kind": str(kind),
                "state": str(session.state),
            }
            event = self._event(user, origin, Outcome(iamkit=about), "CheckMfa" if awaits else "ConsoleLogin")
            self._trail.record(unit, event)
        return session, event

    def _event(
        self, user: User | None, origin: Origin, outcome: Outcome, name: str = "ConsoleLogin"
    ) -> Event:
        actor = actor_of(self._home_account() if user is None else user.account, user)
        return sign_in_event(self._ids, name, actor, origin, outcome, at=self._clock.now())


def _named(reader: Reader, account: str, name: str) -> User | None:
    try:
        where = accounts.named(reader, account).account_id
    except NoSuchEntity:
        where = "none"
    found = users.find(reader, where, name)
    # Looked for in any case; disabled, while the account is not open.
    return people.by_id(reader, _NOBODY if found is None else found.user_id)


def _key_of(reader: Reader, user: User | None, signer: str | None) -> ssh_keys.SshPublicKey | None:
    """The user's active key that signed. Looked for in any case, so that nobody costs what somebody does."""
    enabled = user is not None and user.enabled
    if signer is None:
        return None
    kept = ssh_keys.active_key(reader, _NOBODY if user is None else user.user_id, signer)
    return kept if enabled else None
