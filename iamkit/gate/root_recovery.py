"""A root user that lost its second factor: two proofs, a time to wait, and all who ought to know (CAP-A7).

    link        came to the root user's mail: whoever has it reads that mail
    proof       a recovery code, or another of its devices; the mail alone takes nothing away
    wait        hours, in which the root user and every administrator can stop it
    finish      a new password, no second factor, no session; what follows is enrolment

None of it opens a session. Where no proof is left, only whoever can read the key file helps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from iamkit.audit.event import Event, Origin
from iamkit.clock import Clock
from iamkit.credentials import challenges, links, mfa, passwords, recovery_codes
from iamkit.credentials.links import Link, Purpose
from iamkit.credentials.message import Channel, Kind
from iamkit.credentials.mfa import Answer, MfaMethod, Proof
from iamkit.credentials.secret import Sealer, Secret
from iamkit.credentials.throttle import known_subject
from iamkit.errors import ConflictError, InvalidAuthenticationCode, Throttling
from iamkit.gate.factors import asking_for, factor_throttle, method_named, subject_of
from iamkit.gate.letters import Letters
from iamkit.gate.new_passwords import NewPasswords
from iamkit.gate.sign_in_events import Outcome, Recorder, actor_of, sign_in_event
from iamkit.identity import administrators, people
from iamkit.identity.users import User
from iamkit.ids import Ids
from iamkit.storage import Reader, Store, Unit

_PURPOSE: Final = "root-recovery"
# How long after the wait it can be finished.
_FINISH_WITHIN: Final = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class RecoveryUnderWay:
    """Both proofs were right. The token is here and nowhere else; it is good from `ready_at` to `ends_at`."""

    token: Secret
    ready_at: datetime
    ends_at: datetime


class RootRecovery:
    """See the module. Safe between threads; hashes, so not for an event loop's thread."""

    def __init__(
        self,
        *,
        store: Store,
        sealer: Sealer,
        methods: Mapping[str, MfaMethod],
        letters: Letters,
        new_passwords: NewPasswords,
        trail: Recorder,
        clock: Clock,
        ids: Ids,
        wait: timedelta,
    ) -> None:
        self._store = store
        self._sealer = sealer
        # Codes by mail prove what the link has proved already.
        self._methods = {name: found for name, found in methods.items() if name != Channel.EMAIL}
        self._letters = letters
        self._passwords = new_passwords
        self._trail = trail
        self._clock = clock
        self._ids = ids
        self._wait = wait

    def proofs(self, token: str) -> tuple[str, ...]:
        """The methods by which the holder of a mailed link can go on. Raises ExpiredToken."""
        with self._store.read() as reader:
            _, root = self._linked(reader, token)
            found = {device.method for device in mfa.of_subject(reader, root.user_id)}
            if recovery_codes.left(reader, root.user_id):
                found.add(recovery_codes.RECOVERY)
        return tuple(sorted(found & set(self._methods)))

    def begin_proof(self, token: str, method: str, given: Answer | None = None) -> Mapping[str, object]:
        """Start a proof: what the method shows to the client; for codes nothing. Raises as `prove` does."""
        found = method_named(self._methods, method)
        with self._store.read() as reader:
            kept, root = self._linked(reader, token)
            begun = found.begin(
                asking_for(reader, self._sealer, subject_of(root), method, now=self._clock.now(), given=given)
            )
        if begun is None:
            return {}
        with self._store.write() as unit:
            key = (_PURPOSE, kept.link_id, method)
            challenges.begin(unit, self._sealer, self._ids, key, begun, now=self._clock.now())
            if begun.message is not None:
                self._letters.code(unit, begun.message, user_id=root.user_id, proven=True)
        self._letters.kick()
        return begun.shown

    def prove(
        self, token: str, method: str, answer: Answer, *, source: str | None = None, user_agent: str = ""
    ) -> RecoveryUnderWay:
        """Show the second proof beside the mailed link, which is used up; the wait begins, notices go out.

        Raises ExpiredToken, InputError for a method that proves nothing here, InvalidAuthenticationCode (the
        link stays good), Throttling.
        """
        found = method_named(self._methods, method)
        origin = Origin(source or "unknown", user_agent)
        with self._store.read() as reader:
            kept, root = self._linked(reader, token)
        throttle, subject = (
            factor_throttle(self._store, self._clock, method),
            known_subject(root.user_id),
        )
        try:
            throttle.reserve(subject)
        except Throttling as fault:
            self._trail.record_alone(self._event("RootRecoveryProved", root, origin, Outcome(fault.code)))
            raise
        key = (_PURPOSE, kept.link_id, method)
        taken = challenges.take_try_alone(self._store, self._sealer, key, now=self._clock.now())
        with self._store.read() as reader:
            asking = asking_for(reader, self._sealer, subject_of(root), method, now=self._clock.now())
            proof = found.verify(asking, answer, None if taken is None else taken.kept)
        begun = None
        if proof is not None:
            begun = self._begun(token, method, proof, taken, origin)
        if begun is None:
            wrong = Outcome(InvalidAuthenticationCode.code)
            self._trail.record_alone(self._event("RootRecoveryProved", root, origin, wrong))
            raise InvalidAuthenticationCode(
                "the second proof is not right, or was used already; try another, or begin again"
            )
        under_way, event = begun
        self._trail.announce(event)
        self._letters.kick()
        return under_way

    def _begun(
        self, token: str, method: str, proof: Proof, taken: challenges.Open | None, origin: Origin
    ) -> tuple[RecoveryUnderWay, Event] | None:
        """Spend link and proof, and begin to wait; or nothing of it."""
        now = self._clock.now()
        try:
            with self._store.write() as unit:
                kept, root = self._linked(unit, token)
                if not ((taken is None or challenges.settle(unit, taken)) and proof.settle(unit)):
                    raise _Lost
                links.use(unit, kept)
                factor_throttle(self._store, self._clock, method).reset(unit, known_subject(root.user_id))
                ready = now + self._wait
                lifetime = self._wait + _FINISH_WITHIN
                finishing = links.make(
                    unit,
                    self._ids,
                    account=root.account,
                    user_id=root.user_id,
                    purpose=Purpose.FINISH_RECOVERY,
                    address=kept.address,
                    generation=ready.isoformat(),
                    now=now,
                    lifetime=lifetime,
                )
                self._tell(unit, root, Kind.ROOT_RECOVERY, ready=ready.strftime("%Y-%m-%d %H:%M UTC"))
                about = Outcome(device=proof.serial, iamkit={"method": method, "readyAt": ready.isoformat()})
                event = self._event("RootRecoveryProved", root, origin, about)
                self._trail.record(unit, event)
        except _Lost:
            return None
        return RecoveryUnderWay(finishing, ready, now + lifetime), event

    def finish(self, token: str, new: str, *, source: str | None = None, user_agent: str = "") -> None:
        """Choose a new password; the root user's second factors and sessions are gone.

        Raises ExpiredToken for what was stopped or is too late, ConflictError while it has to wait,
        PasswordPolicyViolation, Throttling: the token stays good.
        """
        with self._store.read() as reader:
            _, root = self._waiting(reader, token)
            wanted = self._passwords.wanted(reader, root.account, root.name, root)
        hashed = self._passwords.hashed(wanted, new)
        now = self._clock.now()
        with self._store.write() as unit:
            kept, root = self._waiting(unit, token)
            links.use(unit, kept)
            give_up(unit, root.user_id)
            passwords.put(
                unit, account=root.account, user_id=root.user_id, hashed=hashed, must_change=False, now=now
            )
            self._tell(unit, root, Kind.ROOT_RECOVERED)
            event = self._event("RootRecoveryCompleted", root, Origin(source or "unknown", user_agent))
            self._trail.record(unit, event)
        self._trail.announce(event)
        self._letters.kick()

    def _linked(self, reader: Reader, token: str) -> tuple[Link, User]:
        kept = links.find(reader, token, Purpose.RECOVER_ROOT, now=self._clock.now())
        root = self._root(reader, kept)
        password = passwords.find(reader, root.user_id)
        if password is None or password.generation != kept.generation:
            raise links.worthless()
        return kept, root

    def _waiting(self, reader: Reader, token: str) -> tuple[Link, User]:
        now = self._clock.now()
        kept = links.find(reader, token, Purpose.FINISH_RECOVERY, now=now)
        root = self._root(reader, kept)
        if now < datetime.fromisoformat(kept.generation):
            raise ConflictError(f"the recovery can be finished from {kept.generation} on; wait until then")
        return kept, root

    def _root(self, reader: Reader, kept: Link) -> User:
        root = people.by_id(reader, kept.user_id)
        if root is None or not root.enabled or root.email != kept.address or root.email_verified_at is None:
            raise links.worthless()
        return root

    def _tell(self, unit: Unit, root: User, kind: Kind, **values: str) -> None:
        """Tell the root user and every administrator who can be told."""
        told = [root.email, *(user.email for user in _reachable(unit, root.account))]
        for address in dict.fromkeys(filter(None, told)):
            self._letters.notice(unit, root, kind, address, **values)

    def _event(self, name: str, root: User, origin: Origin, outcome: Outcome | None = None) -> Event:
        actor = actor_of(root.account, root)
        return sign_in_event(self._ids, name, actor, origin, outcome or Outcome(), at=self._clock.now())


class _Lost(Exception):  # noqa: N818  # undoes the unit; nobody sees it
    """Another had the proof first."""


def give_up(unit: Unit, account: str) -> None:
    """Take every second factor from the root user of an account, and void its links."""
    mfa.release_all(unit, account)
    recovery_codes.remove_all(unit, account)
    links.void(unit, account)


def _reachable(reader: Reader, account: str) -> list[User]:
    return [user for user in administrators.of_account(reader, account) if user.email_verified_at is not None]
