"""The root watch: tells an account's owner by mail what its root user did, as soon as it is done (CAP-A6).

Each act is an event in any case, in the unit of the act itself. The mail is beside it: at most some in an
hour, and none where links lead nowhere, for then mail is not in use.
"""

from __future__ import annotations

from datetime import UTC
from typing import Final

from iamkit.audit.event import CRITICAL, Event
from iamkit.credentials import sendings
from iamkit.credentials.message import Kind
from iamkit.errors import Throttling
from iamkit.gate.letters import Letters
from iamkit.identity import accounts, people
from iamkit.storage import Store

# Told of by letters of their own, or the half of what is told when it is whole.
_TOLD: Final = (
    "CheckMfa",
    "ConsoleLogout",
    "InitializeDeployment",
    "RecoverRoot",
    "RootRecoveryCompleted",
    "RootRecoveryProved",
)


class RootWatch:
    """Sees each event after it was committed."""

    def __init__(self, store: Store, letters: Letters) -> None:
        self._store = store
        self._letters = letters

    def see(self, event: Event) -> None:
        """Queue a notice, if this is an act of a root user that changed something or let it in."""
        if event.severity != CRITICAL or event.read_only or event.error_code or event.event_name in _TOLD:
            return
        if not self._letters.lead_somewhere:
            return
        with self._store.write() as unit:
            account = accounts.find(unit, event.account)
            if account is None or account.email is None or account.email_verified_at is None:
                return
            try:
                sendings.reserve(unit, (f"root/{event.account}",), now=event.event_time)
                self._letters.notice(
                    unit,
                    people.root_of(unit, account),
                    Kind.ROOT_ACT,
                    account.email,
                    act=event.event_name,
                    source=str(event.as_data()["sourceIPAddress"]),
                    time=event.event_time.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC"),
                )
            except Throttling:
                # What was done stands in the trail; the owner was told that something is.
                return
        self._letters.kick()
