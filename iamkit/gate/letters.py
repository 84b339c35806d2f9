"""Letters: a link or a notice to a user, written in the unit of the change that it belongs to."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from iamkit.clock import Clock
from iamkit.credentials import links, sendings
from iamkit.credentials.links import Purpose
from iamkit.credentials.message import Channel, Kind, Message
from iamkit.credentials.secret import Secret
from iamkit.credentials.throttle import known_subject
from iamkit.errors import ConfigurationError
from iamkit.gate.outbox import Outbox
from iamkit.identity import accounts
from iamkit.identity.users import User
from iamkit.ids import Ids
from iamkit.storage import Reader, Unit

# How long it is tried to deliver what is not a link.
_NOTICE: Final = timedelta(days=1)
_KINDS: Final = {
    Purpose.RESET_PASSWORD: Kind.RESET_PASSWORD,
    Purpose.VERIFY_ADDRESS: Kind.VERIFY_ADDRESS,
    Purpose.CHANGE_ADDRESS: Kind.CHANGE_ADDRESS,
    Purpose.INVITE: Kind.INVITE,
    Purpose.RECOVER_ROOT: Kind.RECOVER_ROOT,
}


class Letters:
    """Writes to users. `base`, where the app's pages for links are, is a setting and never a Host header."""

    def __init__(self, *, outbox: Outbox, clock: Clock, ids: Ids, base: str, invitation: timedelta) -> None:
        self._outbox = outbox
        self._clock = clock
        self._ids = ids
        self._base = base.rstrip("/")
        self._invitation = invitation

    @property
    def lead_somewhere(self) -> bool:
        """Whether it is known where the app's pages for links are: without that, mail is not in use."""
        return bool(self._base)

    def url(self, purpose: Purpose, token: Secret) -> Secret:
        """The address of a link's page; the token alone, where links lead nowhere."""
        return Secret(f"{self._base}/{purpose}?token={token.reveal()}") if self._base else token

    def check(self) -> None:
        """Raises ConfigurationError if links lead nowhere."""
        if not self._base:
            raise ConfigurationError(
                "links lead nowhere; set `link_base` to where the app's pages are, as `https://app.example/account`"
            )

    def link(self, unit: Unit, user: User, purpose: Purpose, address: str, *, generation: str = "") -> None:
        """Make a link and queue it to `address`; older ones of that purpose are void.

        Raises ConfigurationError, Throttling when too much was sent to that user or address.
        """
        self.check()
        now = self._clock.now()
        subjects = (f"{purpose}/{known_subject(user.user_id)}", sendings.to(address))
        sendings.reserve(unit, subjects, now=now)
        lifetime = self._invitation if purpose is Purpose.INVITE else links.LIFETIME
        token = links.make(
            unit,
            self._ids,
            account=user.account,
            user_id=user.user_id,
            purpose=purpose,
            address=address,
            generation=generation,
            now=now,
            lifetime=lifetime,
        )
        minutes = int(lifetime.total_seconds()) // 60
        message = Message(
            kind=_KINDS[purpose],
            channel=Channel.EMAIL,
            address=address,
            account=user.account,
            good_until=now + lifetime,
            values={**_about(unit, user), "minutes": str(minutes), "hours": str(minutes // 60)},
            secret=self.url(purpose, token),
        )
        self._outbox.put(unit, message)

    def notice(self, unit: Unit, user: User, kind: Kind, address: str, **values: str) -> None:
        """Queue a message without a link."""
        message = Message(
            kind=kind,
            channel=Channel.EMAIL,
            address=address,
            account=user.account,
            good_until=self._clock.now() + _NOTICE,
            values={**_about(unit, user), **values},
        )
        self._outbox.put(unit, message)

    def code(self, unit: Unit, message: Message, *, user_id: str, proven: bool) -> None:
        """Queue a code of a second factor, to an address that is `proven` or just being enrolled.

        Raises Throttling when too many were sent for the user, or to the address.
        """
        subjects = (codes_for(user_id), *(() if proven else (sendings.to(message.address),)))
        sendings.reserve(unit, subjects, now=self._clock.now())
        self._outbox.put(unit, message)

    def kick(self) -> None:
        """Have sent what this thread has written: its unit has committed."""
        self._outbox.kick()


def codes_for(user_id: str) -> str:
    """What the codes that are sent to a user are counted for; a success forgets it."""
    return f"code/{known_subject(user_id)}"


def _about(reader: Reader, user: User) -> dict[str, str]:
    account = accounts.find(reader, user.account)
    return {"user": user.name, "account": user.account if account is None else account.name}
