"""The set-up link: by it, once, somebody becomes an account's root user (security §4.4, THR-X3, X4).

It is made on the host and good for minutes. Whoever has it chooses the root user's mail address and password;
of many who come with it, one wins. Then there is a password, and no link sets anything up any more: that is
a row of the store, not a flag of a process. The session that follows can enrol a second factor, and no more.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace

from iamkit.audit.event import Origin
from iamkit.clock import Clock
from iamkit.credentials import links, mail_address, passwords, sessions
from iamkit.credentials.links import Link, Purpose
from iamkit.credentials.secret import Secret
from iamkit.credentials.sessions import NewSession, SessionKind, SessionLimits
from iamkit.errors import ConflictError, Throttling, ValidationError
from iamkit.gate.letters import Letters
from iamkit.gate.new_passwords import NewPasswords
from iamkit.gate.sign_in_events import Outcome, Recorder, actor_of, sign_in_event
from iamkit.identity import accounts, people
from iamkit.identity.house import House
from iamkit.identity.users import User
from iamkit.ids import Ids
from iamkit.storage import Reader, Store, Unit


def make_link(unit: Unit, house: House, account: str) -> Secret:
    """A set-up link's token; an earlier one is void. Raises ConflictError once there is a root password."""
    accounts.get(unit, account)
    if passwords.find(unit, account) is not None:
        raise ConflictError(
            f"the root user of account `{account}` is set up; `iamkit root recover` begins anew"
        )
    return links.make(
        unit, house.ids, account=account, user_id=account, purpose=Purpose.SETUP, address="", now=house.now()
    )


class RootSetup:
    """See the module. Safe between threads; `claim` hashes, so not for an event loop's thread."""

    def __init__(
        self,
        *,
        store: Store,
        letters: Letters,
        new_passwords: NewPasswords,
        trail: Recorder,
        clock: Clock,
        ids: Ids,
        limits: SessionLimits = sessions.MODERN,
    ) -> None:
        self._store = store
        self._letters = letters
        self._passwords = new_passwords
        self._trail = trail
        self._clock = clock
        self._ids = ids
        self._limits = limits

    def claim(
        self,
        token: str,
        email: str,
        password: str,
        *,
        source: str | None = None,
        user_agent: str = "",
        kind: SessionKind = SessionKind.COOKIE,
    ) -> NewSession:
        """Set the root user's mail address and password, and start its first session.

        The address is still to be verified: a link is sent, where links lead somewhere. Raises ExpiredToken,
        and with the link left good ValidationError, PasswordPolicyViolation, Throttling.
        """
        with self._store.read() as reader:
            self._open(reader, token)
        address = mail_address.read(email)
        if address is None:
            # Not quoted: it may be the password, in the wrong field.
            raise ValidationError("this is no mail address; write it as `name@example.org`")
        with self._store.read() as reader:
            _, root = self._open(reader, token)
            wanted = self._passwords.wanted(reader, root.account, root.name, replace(root, email=address))
        hashed = self._passwords.hashed(wanted, password)
        now, origin = self._clock.now(), Origin(source or "unknown", user_agent)
        with self._store.write() as unit:
            # Read again: of many who come at once, one finds the link still there.
            kept, root = self._open(unit, token)
            links.use(unit, kept)
            accounts.set_email(unit, root.account, email=address, verified_at=None)
            passwords.put(
                unit, account=root.account, user_id=root.user_id, hashed=hashed, must_change=False, now=now
            )
            session = sessions.start(
                unit,
                self._ids,
                account=root.account,
                user_id=root.user_id,
                kind=kind,
                factors=("password",),
                limits=self._limits,
                now=now,
                device=user_agent,
                source=source,
            )
            if self._letters.lead_somewhere:
                # Later will do, if too much was sent already.
                with contextlib.suppress(Throttling):
                    self._letters.link(unit, root, Purpose.VERIFY_ADDRESS, address)
            about = Outcome(iamkit={"sessionId": session.public_id, "kind": str(kind)})
            actor = actor_of(root.account, root)
            event = sign_in_event(self._ids, "RootUserSetUp", actor, origin, about, at=now)
            self._trail.record(unit, event)
        self._trail.announce(event)
        self._letters.kick()
        return session

    def _open(self, reader: Reader, token: str) -> tuple[Link, User]:
        kept = links.find(reader, token, Purpose.SETUP, now=self._clock.now())
        root = people.by_id(reader, kept.user_id)
        if root is None or not root.enabled or passwords.find(reader, root.user_id) is not None:
            raise links.worthless()
        return kept, root
