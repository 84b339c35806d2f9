"""What other links are good for: an invitation that is accepted, an address that is confirmed.

Both are done by POST: what reads mail before people do follows links, and would use them up.
"""

from __future__ import annotations

from iamkit.audit.event import Event, Origin
from iamkit.clock import Clock
from iamkit.credentials import links, passwords
from iamkit.credentials.links import Link, Purpose
from iamkit.credentials.message import Kind
from iamkit.errors import ExpiredToken
from iamkit.gate.letters import Letters
from iamkit.gate.new_passwords import NewPasswords
from iamkit.gate.sign_in_events import Recorder, actor_of, sign_in_event
from iamkit.identity import people
from iamkit.identity.users import User
from iamkit.ids import Ids
from iamkit.storage import Reader, Store, Unit


class LinkHolders:
    """See the module. Safe between threads; `accept` hashes, so not for an event loop's thread."""

    def __init__(
        self,
        *,
        store: Store,
        letters: Letters,
        new_passwords: NewPasswords,
        trail: Recorder,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._store = store
        self._letters = letters
        self._passwords = new_passwords
        self._trail = trail
        self._clock = clock
        self._ids = ids

    def accept(self, token: str, password: str, *, source: str | None = None, user_agent: str = "") -> None:
        """Choose the first password by an invitation, which also verifies the address. Opens no session.

        Raises ExpiredToken, PasswordPolicyViolation (the link stays good), Throttling.
        """
        with self._store.read() as reader:
            _, user = self._invited(reader, token)
            wanted = self._passwords.wanted(reader, user.account, user.name, user)
        hashed = self._passwords.hashed(wanted, password)
        now = self._clock.now()
        with self._store.write() as unit:
            # Read again: of many who come at once, one finds the link still there.
            kept, user = self._invited(unit, token)
            links.use(unit, kept)
            people.set_email(unit, user, email=kept.address, verified_at=now)
            passwords.put(
                unit,
                account=user.account,
                user_id=user.user_id,
                hashed=hashed,
                must_change=False,
                now=now,
            )
            event = self._event("InvitationAccepted", user, source, user_agent)
            self._trail.record(unit, event)
        self._trail.announce(event)

    def confirm(self, token: str, *, source: str | None = None, user_agent: str = "") -> None:
        """Verify an address, or change it to the one that the link was sent to. Raises ExpiredToken."""
        with self._store.write() as unit:
            try:
                event = self._verified(unit, token, source, user_agent)
            except ExpiredToken:
                event = self._changed(unit, token, source, user_agent)
            self._trail.record(unit, event)
        self._trail.announce(event)
        self._letters.kick()

    def _verified(self, unit: Unit, token: str, source: str | None, user_agent: str) -> Event:
        kept, user = self._of(unit, token, Purpose.VERIFY_ADDRESS)
        if user.email != kept.address:
            raise links.worthless()
        links.use(unit, kept)
        people.set_email(unit, user, email=kept.address, verified_at=self._clock.now())
        return self._event("AddressVerified", user, source, user_agent)

    def _changed(self, unit: Unit, token: str, source: str | None, user_agent: str) -> Event:
        kept, user = self._of(unit, token, Purpose.CHANGE_ADDRESS)
        if (user.email or "") != kept.generation:
            raise links.worthless()
        links.use(unit, kept)
        links.void(unit, user.user_id)
        people.set_email(unit, user, email=kept.address, verified_at=self._clock.now())
        # To both: whoever took over a session finds that the owner is told (CAP-C2).
        for address in filter(None, (user.email, kept.address)):
            self._letters.notice(unit, user, Kind.ADDRESS_CHANGED, address, new=kept.address)
        return self._event("AddressChanged", user, source, user_agent)

    def _invited(self, reader: Reader, token: str) -> tuple[Link, User]:
        kept, user = self._of(reader, token, Purpose.INVITE)
        if user.email != kept.address or passwords.find(reader, user.user_id) is not None:
            raise links.worthless()
        return kept, user

    def _of(self, reader: Reader, token: str, purpose: Purpose) -> tuple[Link, User]:
        kept = links.find(reader, token, purpose, now=self._clock.now())
        user = people.by_id(reader, kept.user_id)
        if user is None or not user.enabled:
            raise links.worthless()
        return kept, user

    def _event(self, name: str, user: User, source: str | None, user_agent: str) -> Event:
        origin = Origin(source or "unknown", user_agent)
        actor = actor_of(user.account, user)
        return sign_in_event(self._ids, name, actor, origin, at=self._clock.now())
