"""A claim to be somebody, by name and password: counted, checked at the cost of any other, and recorded.

Whatever the cause of a failure (no such account or user, disabled, no password, a wrong one), the answer has
the same words, status and cost (THR-P1, P3). The attempt is counted before the password is hashed (THR-P4).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from iamkit.audit.event import Event, Origin
from iamkit.clock import Clock
from iamkit.credentials import known_devices, mail_address, mfa, passwords, sessions, sources
from iamkit.credentials.hashing import HashedPassword, Hasher, Verification, prepared
from iamkit.credentials.password_rules import PasswordRules
from iamkit.credentials.passwords import PasswordRecord
from iamkit.credentials.sources import SprayWatch
from iamkit.credentials.throttle import Throttle, device_subject, known_subject, unknown_subject
from iamkit.errors import InvalidCredentials, NoSuchEntity, PasswordExpired, Throttling
from iamkit.gate.pace import Pace
from iamkit.gate.refusals import Refusals
from iamkit.gate.sign_in_events import SUCCESS, Outcome, Recorder, actor_of, sign_in_event
from iamkit.identity import accounts, people, users
from iamkit.identity.accounts import Account
from iamkit.identity.users import User
from iamkit.ids import BASE32, Ids, name_key
from iamkit.storage import Reader, Store, Unit

# What can be a name at all; anything else is nobody's, and is not looked for.
USER_NAME: Final = re.compile(r"[A-Za-z0-9_+=,.@-]{1,64}", re.ASCII)
ACCOUNT: Final = re.compile(r"[a-z0-9-]{3,63}", re.ASCII)
FAILED: Final = "the account, the user name or the password is not right"


@dataclass(frozen=True, slots=True)
class Claim:
    """Who somebody says to be, and what is known of that."""

    account: str | None
    user: User | None
    password: PasswordRecord | None
    subject: str
    # Where it comes from, if that counts: not from a browser that the user is known by.
    network: str | None = None
    device: str | None = None
    # Whether it was made at the root user's door.
    as_root: bool = False

    def may_enter(self, now: datetime) -> bool:
        """Whether the right password would let them in."""
        kept = self.password
        return (
            self.user is not None
            and self.user.enabled
            and kept is not None
            and (kept.expires_at is None or now < kept.expires_at)
        )


class Claims:
    """Checks claims. Safe between threads. Hashing takes milliseconds, so not for an event loop's thread."""

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
        spray: SprayWatch,
        pace: Pace,
    ) -> None:
        self._store = store
        self._hasher = hasher
        self._throttle = throttle
        self._trail = trail
        self._clock = clock
        self._ids = ids
        self._home_account = home_account
        self._spray = spray
        self._pace = pace
        self._refusals = Refusals(clock)

    def verified(
        self,
        account_or_alias: str,
        user_name: str,
        password: str,
        origin: Origin,
        name: str,
        *,
        source: str | None = None,
        device: str | None = None,
        as_root: bool = False,
    ) -> tuple[Claim, Verification]:
        """Count the attempt, then check the password. Raises, and records, when it fails.

        With `as_root`, `user_name` is the root user's mail address, and no user is meant.
        """
        began = self._pace.begin()
        prepared(password)
        whom = f"{'root' if as_root else 'user'}\x00{account_or_alias}\x00{name_key(user_name)}"
        places = _places(whom, source)
        if device is None:
            self._refusals.check(places)
        with self._store.read() as reader:
            claim = _claimed(reader, account_or_alias, user_name, source, device, as_root=as_root)
            decoy = passwords.decoy(reader, self._near(account_or_alias, user_name))
        if device is not None and claim.device is None:
            # A made-up browser is none; a known one has attempts of its own, whatever others tried.
            try:
                self._refusals.check(places)
            except Throttling:
                self._pace.wait_briefly(began)
                raise
        more = 0
        try:
            if claim.device is None:
                self._spray.check(password)
            try:
                self._throttle.reserve(claim.subject, claim.network)
            except Throttling as fault:
                more = self._refused(claim, places, fault)
                raise
            verification = self._compared(claim, decoy, password)
        except Throttling as fault:
            outcome = Outcome(fault.code, iamkit={"refusedBefore": more} if more else None)
            self._trail.record_alone(self.event(name, claim, origin, outcome))
            self._pace.wait_briefly(began)
            raise
        if not verification.ok or not claim.may_enter(self._clock.now()):
            self._spray.failed(password, claim.subject)
            refusal = self.failed(name, claim, origin)
            self._pace.wait(began, self._hasher.costs.slowest)
            raise refusal
        return claim, verification

    def _refused(self, claim: Claim, places: Sequence[bytes], fault: Throttling) -> int:
        """Remember who was told to wait; how many were told so without being looked at."""
        if claim.device is not None:
            return 0
        with self._store.read() as reader:
            full = claim.network is not None and sources.used_up(reader, claim.network, now=self._clock.now())
        return self._refusals.note(places[0 if full else -1], fault)

    def _compared(self, claim: Claim, decoy: HashedPassword | None, password: str) -> Verification:
        if claim.password is not None:
            return self._hasher.verify(claim.password.hashed, password)
        # The same work, whose answer is not looked at.
        self._hasher.verify(decoy, password)
        return Verification(ok=False)

    def _near(self, account_or_alias: str, user_name: str) -> str:
        # User ids are random letters of this alphabet, so the next one is anybody's.
        digits = int(self._hasher.mark(f"{account_or_alias}\x00{name_key(user_name)}"), 16)
        return "AIDA" + "".join(BASE32[digits >> 5 * place & 31] for place in range(8))

    def failed(self, name: str, claim: Claim, origin: Origin) -> InvalidCredentials:
        self._trail.record_alone(self.event(name, claim, origin, Outcome(InvalidCredentials.code)))
        return InvalidCredentials(FAILED)

    def event(self, name: str, claim: Claim, origin: Origin, outcome: Outcome = SUCCESS) -> Event:
        actor = actor_of(claim.account or self._home_account(), claim.user, as_root=claim.as_root)
        return sign_in_event(self._ids, name, actor, origin, outcome, at=self._clock.now())


def _places(whom: str, source: str | None) -> tuple[bytes, bytes]:
    """What stands for where a claim comes from, and for whom it is of."""
    said = (f"network\x00{sources.network_of(source)}", whom)
    network, name = (hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest() for text in said)
    return network, name


def _claimed(
    reader: Reader,
    account_or_alias: str,
    user_name: str,
    source: str | None,
    device: str | None,
    *,
    as_root: bool,
) -> Claim:
    account = None
    if ACCOUNT.fullmatch(account_or_alias):
        try:
            account = accounts.named(reader, account_or_alias)
        except NoSuchEntity:
            account = None
    user = None if account is None else _named(reader, account, user_name, as_root=as_root)
    # Looked for in any case, so that somebody and nobody cost the same number of reads.
    password = passwords.find(reader, "nobody" if user is None else user.user_id)
    known = known_devices.find(reader, device, "nobody" if user is None else user.user_id)
    account_id = None if account is None else account.account_id
    if known is not None:
        return Claim(account_id, user, password, device_subject(known.device_id), None, device, as_root)
    # A slash is in no account id: a mail address at one door is not the name at the other.
    place = f"root/{account_id or ''}" if as_root else account_id or ""
    subject = unknown_subject(place, user_name) if user is None else known_subject(user.user_id)
    return Claim(account_id, user, password, subject, sources.network_of(source), None, as_root)


def _named(reader: Reader, account: Account, name: str, *, as_root: bool) -> User | None:
    """Whom a name means: a user, or at the root user's door the root user by its mail address."""
    if as_root:
        root, address = people.root_of(reader, account), mail_address.read(name)
        return root if address is not None and address == root.email else None
    user = users.find(reader, account.account_id, name) if USER_NAME.fullmatch(name) else None
    return user if user is None or account.open else replace(user, enabled=False)


def still(unit: Unit, claim: Claim, now: datetime) -> tuple[User | None, PasswordRecord | None]:
    """The user and password of a verified claim, if they are what they were when it was verified."""
    if claim.user is None or claim.password is None:
        return None, None
    user = people.by_id(unit, claim.user.user_id)
    kept = passwords.find(unit, claim.user.user_id)
    present = Claim(claim.account, user, kept, claim.subject)
    if kept is None or kept.generation != claim.password.generation or not present.may_enter(now):
        return None, None
    return user, kept


def awaits(reader: Reader, kept: PasswordRecord, rules: PasswordRules, now: datetime) -> tuple[str, ...]:
    """What more it takes than the password. Raises PasswordExpired where only an administrator helps."""
    ends = rules.expires_at(kept.changed_at)
    old = ends is not None and now >= ends
    # No administrator can set the root user's: it chooses another.
    if old and rules.hard_expiry and kept.user_id != kept.account:
        raise PasswordExpired("the password is too old; only an administrator can set another")
    return (
        *((sessions.FACTOR,) if mfa.of_subject(reader, kept.user_id) else ()),
        *((sessions.NEW_PASSWORD,) if kept.must_change or old else ()),
    )
