"""A forgotten password: a link to the address that is kept and verified, and the new password by that link.

Whoever asks learns nothing (THR-P3, P13): asking only queues the request, whoever it names, so words, status
and time are the same for everybody; who is meant is looked up later, by the outbox. The link replaces the
password and no more: it opens no session, and a second factor is shown at the next sign-in as ever.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from iamkit.audit.event import Event, Origin
from iamkit.clock import Clock
from iamkit.credentials import links, mail_address, passwords, sendings, sources
from iamkit.credentials.links import Link, Purpose
from iamkit.credentials.message import Kind
from iamkit.credentials.passwords import PasswordRecord
from iamkit.credentials.throttle import Throttle, known_subject, unknown_subject
from iamkit.errors import NoSuchEntity, Throttling, ValidationError
from iamkit.gate.letters import Letters
from iamkit.gate.new_passwords import NewPasswords
from iamkit.gate.outbox import Outbox
from iamkit.gate.sign_in_events import Outcome, Recorder, actor_of, sign_in_event
from iamkit.identity import accounts, people, users
from iamkit.identity.users import User
from iamkit.ids import Ids
from iamkit.storage import Reader, Store, Unit

TASK: Final = "recovery"
_LONGEST_NAME: Final = 254
# Users with one address get a link each, so many at most.
_MOST: Final = 5


class Lost(StrEnum):
    """What is asked for at the root user's door; nothing, at the users'."""

    NOTHING_OF_ROOT = ""
    PASSWORD = "password"  # noqa: S105  # a name
    FACTOR = "factor"


class Recovery:
    """See the module. Safe between threads; `finish` hashes, so not for an event loop's thread."""

    def __init__(
        self,
        *,
        store: Store,
        outbox: Outbox,
        letters: Letters,
        new_passwords: NewPasswords,
        throttle: Throttle,
        trail: Recorder,
        clock: Clock,
        ids: Ids,
        home_account: Callable[[], str],
        root_wait: timedelta,
    ) -> None:
        self._store = store
        self._outbox = outbox
        self._letters = letters
        self._passwords = new_passwords
        self._throttle = throttle
        self._trail = trail
        self._clock = clock
        self._ids = ids
        self._home_account = home_account
        self._root_wait = root_wait

    def request(
        self,
        name_or_email: str,
        *,
        account: str | None = None,
        source: str | None = None,
        user_agent: str = "",
    ) -> None:
        """Ask for a link by user name or mail address. Say "if there is such a user, a mail is on its way".

        Raises ValidationError for what is too long to be either, Throttling, ConfigurationError without
        `link_base`: none of them tells whether there is such a user.
        """
        self._queue(name_or_email, account, source, user_agent, Lost.NOTHING_OF_ROOT)

    def request_root(
        self,
        email: str,
        *,
        lost: str = "password",
        account: str | None = None,
        source: str | None = None,
        user_agent: str = "",
    ) -> None:
        """Ask for a link for the root user, by its mail address; as silent as `request`, and raises the same.

        The link for a lost password is for `finish`, that for a lost factor for `RootRecovery.prove`.
        """
        if lost not in (Lost.PASSWORD, Lost.FACTOR):
            raise ValidationError("say what was lost: `password` or `factor`")
        self._queue(email, account, source, user_agent, Lost(lost))

    def _queue(
        self, name_or_email: str, account: str | None, source: str | None, user_agent: str, lost: Lost
    ) -> None:
        self._letters.check()
        where = account or self._home_account()
        if len(name_or_email) > _LONGEST_NAME or len(where) > _LONGEST_NAME:
            raise ValidationError("a user name or mail address is shorter than that")
        place = f"recovery/{unknown_subject(where, name_or_email)}"
        body = {"who": name_or_email, "account": where, "source": source, "agent": user_agent[:256]}
        body["lost"] = str(lost)
        network, now = sources.network_of(source), self._clock.now()
        with self._store.write() as unit:
            if network is not None:
                sources.reserve(unit, network, now=now)
            sendings.reserve(unit, (place,), now=now)
            self._outbox.ask(unit, TASK, body, lifetime=links.LIFETIME)
        self._outbox.kick()

    def settle(self, unit: Unit, body: Mapping[str, object]) -> Sequence[Event]:
        """Send a link to each user that a request means, and tell of it. Done by the outbox."""
        lost = Lost(str(body["lost"]))
        at_root = lost is not Lost.NOTHING_OF_ROOT
        meant = _meant_root if at_root else _meant
        account, found = meant(unit, str(body["account"]), str(body["who"]))
        now, origin = self._clock.now(), Origin(str(body["source"] or "unknown"), str(body["agent"]))
        purpose = Purpose.RECOVER_ROOT if lost is Lost.FACTOR else Purpose.RESET_PASSWORD
        events = [self._sent(unit, user, purpose, origin, now) for user in found]
        if not found:
            actor = actor_of(account or self._home_account(), None, as_root=at_root)
            outcome = Outcome(NoSuchEntity.code)
            events = [sign_in_event(self._ids, "PasswordRecoveryRequested", actor, origin, outcome, at=now)]
        return events

    def _sent(self, unit: Unit, user: User, purpose: Purpose, origin: Origin, now: datetime) -> Event:
        kept = passwords.find(unit, user.user_id)
        code: str | None = "NotRecoverable"
        if kept is not None and self._may_recover(unit, user, kept, now) and user.email is not None:
            try:
                self._letters.link(unit, user, purpose, user.email, generation=kept.generation)
                code = None
            except Throttling as fault:
                code = fault.code
        actor = actor_of(user.account, user)
        return sign_in_event(self._ids, "PasswordRecoveryRequested", actor, origin, Outcome(code), at=now)

    def finish(self, token: str, new: str, *, source: str | None = None, user_agent: str = "") -> None:
        """Replace the password by a link and end all the user's sessions. A refused password costs no link.

        Raises ExpiredToken, PasswordPolicyViolation, Throttling when too many passwords are being hashed.
        """
        with self._store.read() as reader:
            _, user, _ = self._linked(reader, token)
            wanted = self._passwords.wanted(reader, user.account, user.name, user)
        hashed = self._passwords.hashed(wanted, new)
        now, origin = self._clock.now(), Origin(source or "unknown", user_agent)
        with self._store.write() as unit:
            # Read again: of many who come at once, one finds the link still there.
            kept_link, user, kept = self._linked(unit, token)
            links.use(unit, kept_link)
            passwords.put(
                unit,
                account=user.account,
                user_id=user.user_id,
                hashed=hashed,
                must_change=False,
                now=now,
                expected=kept,
            )
            if people.is_root(user):
                self._have_codes_wait(unit, user, now)
            self._throttle.reset(unit, known_subject(user.user_id), sources.network_of(source))
            self._letters.notice(unit, user, Kind.PASSWORD_CHANGED, kept_link.address)
            actor = actor_of(user.account, user)
            event = sign_in_event(self._ids, "PasswordRecoveryCompleted", actor, origin, at=now)
            self._trail.record(unit, event)
        self._trail.announce(event)
        self._letters.kick()

    def _have_codes_wait(self, unit: Unit, root: User, now: datetime) -> None:
        """Whoever has the mail and a code on paper waits, whichever door they come by (CAP-A7)."""
        purpose, lifetime = Purpose.CODES_WAIT, self._root_wait
        links.make(
            unit, self._ids, account=root.account, user_id=root.user_id, purpose=purpose, address="",
            now=now, lifetime=lifetime,
        )  # fmt: skip

    def _linked(self, reader: Reader, token: str) -> tuple[Link, User, PasswordRecord]:
        """The link of a token, whose it is and what it replaces. Raises ExpiredToken."""
        now = self._clock.now()
        kept_link = links.find(reader, token, Purpose.RESET_PASSWORD, now=now)
        user = people.by_id(reader, kept_link.user_id)
        kept = passwords.find(reader, kept_link.user_id)
        if (
            user is None
            or kept is None
            or not self._may_recover(reader, user, kept, now)
            or user.email != kept_link.address
            or kept.generation != kept_link.generation
        ):
            raise links.worthless()
        return kept_link, user, kept

    def _may_recover(self, reader: Reader, user: User, kept: PasswordRecord, now: datetime) -> bool:
        """Whether mail may replace the password; one that only an administrator can replace is not."""
        if not user.enabled or user.email is None or user.email_verified_at is None:
            return False
        if kept.expires_at is not None and now >= kept.expires_at:
            return False
        if people.is_root(user):
            return True
        rules = self._passwords.rules(reader, user.account)
        ends = rules.expires_at(kept.changed_at)
        return not (rules.hard_expiry and ends is not None and now >= ends)


def _meant_root(reader: Reader, account_or_alias: str, email: str) -> tuple[str | None, list[User]]:
    """The account, and its root user if that is the address of it."""
    if not _plain(account_or_alias):
        return None, []
    try:
        root = people.root_of(reader, accounts.named(reader, account_or_alias))
    except NoSuchEntity:
        return None, []
    address = mail_address.read(email)
    return root.account, [root] if address is not None and address == root.email else []


def _meant(reader: Reader, account_or_alias: str, who: str) -> tuple[str | None, list[User]]:
    """The account, and the users that have the name or the verified address."""
    if not (_plain(account_or_alias) and _plain(who)):
        return None, []
    try:
        account = accounts.named(reader, account_or_alias).account_id
    except NoSuchEntity:
        return None, []
    found = {}
    named = users.find(reader, account, who)
    if named is not None:
        found[named.user_id] = named
    address = mail_address.read(who)
    if address is not None:
        for user in users.of_address(reader, account, address, limit=_MOST):
            found[user.user_id] = user
    return account, list(found.values())


def _plain(text: str) -> bool:
    return text.isascii() and text.isprintable() and bool(text)
