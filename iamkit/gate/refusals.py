"""Who was told to wait, for a second: guesses that come by the hundred are refused without asking the store.

So those who guess at full speed cost others next to nothing (THR-P9), and do not fill the audit log: of the
attempts that are refused here, the next one that is looked at tells the number. What is kept are digests of
what was typed and of where it came from, so it says nothing of who is there. It holds in this process only.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from iamkit.clock import Clock
from iamkit.credentials.bounded import BoundedMap
from iamkit.errors import Throttling

# As long as a lifted limit may go on to hold.
_HOLDS: Final = timedelta(seconds=1)
_REMEMBERED: Final = 10_000


@dataclass(slots=True)
class _Told:
    """What was said, when it was, until when it holds, and to how many since."""

    text: str
    at: datetime
    retry_after: int
    more: int = 0


class Refusals:
    """See the module. Safe between threads: a race loses a count."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._told: BoundedMap[bytes, _Told] = BoundedMap(_REMEMBERED)

    def check(self, places: Iterable[bytes]) -> None:
        """Raises Throttling for a place that was told to wait just now."""
        now = self._clock.now()
        for place in places:
            told = self._told.get(place)
            if told is not None and timedelta(0) <= now - told.at < _HOLDS:
                told.more += 1
                raise Throttling(told.text, retry_after=told.retry_after)

    def note(self, place: bytes, fault: Throttling) -> int:
        """Remember what a place was told. How many were told the same since it was told last."""
        before = self._told.get(place)
        self._told.put(place, _Told(str(fault), self._clock.now(), fault.retry_after))
        return 0 if before is None else before.more
