"""The trail: events kept in the unit of work of the change they tell of, and read back."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from iamkit.audit.event import Event
from iamkit.audit.together import Together
from iamkit.errors import kind_and_place
from iamkit.storage import Store, Unit

_log = logging.getLogger("iamkit.audit")


class Trail:
    """Keeps events. `seen` is called with each event after its unit has committed."""

    def __init__(self, store: Store, *, seen: Callable[[Event], object] | None = None) -> None:
        self._store = store
        self._seen = seen
        self._together = Together(store)

    def record(self, unit: Unit, event: Event) -> None:
        """Add `event` to a unit of work: it is kept if and only if the change is. Then `announce` it."""
        unit.add(event)

    def announce(self, event: Event) -> None:
        """Tell plugins of a committed event. What they raise is logged; nothing is undone."""
        if self._seen is None:
            return
        try:
            self._seen(event)
        except Exception as fault:  # noqa: BLE001  # a sink must not undo what is committed
            _log.error("a plugin failed on audit event %s: %s", event.event_id, kind_and_place(fault))

    def record_alone(self, *events: Event) -> None:
        """Keep events that tell of no change (something read, a refused or failed attempt), durably."""
        self._together.keep(events)
        for event in events:
            self.announce(event)

    def lookup(
        self, account: str, *, where: Mapping[str, object] | None = None, limit: int = 50
    ) -> list[Event]:
        """The newest events of an account, newest first.

        `where` may name event_name, user_name, access_key_id; it never reaches another account's events.
        """
        with self._store.read() as reader:
            return reader.find(
                Event,
                {**(where or {}), "account": account},
                order="event_time",
                newest_first=True,
                limit=limit,
            )
