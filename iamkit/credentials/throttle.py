"""Counting attempts to prove something that can be guessed: reserved before the work, in a unit of their own.

The attempt is written down before the password is hashed (THR-P4), in a transaction that no later failure
rolls back (THR-P5). Five attempts are free; each one after that waits twice as long, up to five minutes.
Known users are counted by their id, names that nobody has in a bounded number of places (THR-P6).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from iamkit.clock import Clock
from iamkit.credentials import sources
from iamkit.errors import Throttling
from iamkit.ids import name_key
from iamkit.storage import Store, Unit, record

_UNKNOWN_PLACES: Final = 65_536
_DEVICE: Final = "device/"


@dataclass(frozen=True, slots=True)
class ThrottleRules:
    """`free` attempts, then waits of `first`, twice that … `longest` seconds between attempts.

    After `stop_after` attempts without success there are no more until somebody resets them (security §4.6).
    """

    free: int = 5
    first: int = 1
    longest: int = 300
    stop_after: int | None = None

    def wait_after(self, attempts: int) -> timedelta:
        """How long to wait after that many attempts without success."""
        beyond = attempts - self.free
        if beyond < 0:
            return timedelta(0)
        # 2**9 is past the default limit already; the exponent is bounded before it is raised.
        return timedelta(seconds=min(self.longest, self.first * 2 ** min(beyond, 30)))


MODERN: Final = ThrottleRules()
# A browser that is known has attempts of its own.
KNOWN_DEVICE: Final = ThrottleRules(free=10)
# THR-M4: ten wrong codes lock a factor for half an hour, a hundred until it is bound anew.
FACTORS: Final = ThrottleRules(free=10, first=1800, longest=1800, stop_after=100)


@record("attempts", key=("subject", "factor"))
@dataclass(frozen=True, slots=True)
class AttemptCounter:
    """Attempts since the last success, and until when the next one has to wait."""

    subject: str
    factor: str
    attempts: int
    blocked_until: datetime | None
    last_at: datetime


def known_subject(user_id: str) -> str:
    """Whom the attempts of a user are counted for, whatever the spelling of the name."""
    return f"user/{user_id}"


def device_subject(device_id: str) -> str:
    """Whom the attempts from a known browser are counted for."""
    return _DEVICE + device_id


def unknown_subject(account: str, name: str) -> str:
    """Whom the attempts on a name that nobody has are counted for: one of a bounded number of places."""
    digest = hashlib.sha256(f"{account}\x00{name_key(name)}".encode("utf-8", "surrogatepass")).digest()
    return f"name/{int.from_bytes(digest[:8], 'big') % _UNKNOWN_PLACES}"


class Throttle:
    """One limiter for a factor, whichever channel the attempt comes by (THR-P8)."""

    def __init__(
        self, store: Store, clock: Clock, rules: ThrottleRules = MODERN, factor: str = "password"
    ) -> None:
        self._store = store
        self._clock = clock
        self._rules = rules
        self._factor = factor

    def reserve(self, subject: str, network: str | None = None) -> int:
        """Count an attempt before it is made. Returns how many there were without success, with this one.

        `network` is where it comes from, if that counts too. Raises Throttling, counting nothing, while the
        subject or the network has to wait.
        """
        with self._store.write() as unit:
            now = self._clock.now()
            if network is not None:
                sources.reserve(unit, network, now=now)
            kept = unit.get(AttemptCounter, (subject, self._factor))
            if kept is None:
                count = 1
                unit.add(AttemptCounter(subject, self._factor, 1, self._until(subject, 1, now), now))
            else:
                self._refuse_stopped(kept)
                self._refuse_waiting(kept, now)
                count = kept.attempts + 1
                values = {
                    "attempts": count,
                    "blocked_until": self._until(subject, count, now),
                    "last_at": now,
                }
                unit.change(AttemptCounter, (subject, self._factor), values)
        return count

    def reset(self, unit: Unit, subject: str, network: str | None = None) -> None:
        """Forget the attempts, because one succeeded or an administrator says so."""
        unit.remove(AttemptCounter, (subject, self._factor))
        if network is not None:
            sources.give_back(unit, network)

    def _until(self, subject: str, count: int, now: datetime) -> datetime | None:
        rules = KNOWN_DEVICE if subject.startswith(_DEVICE) else self._rules
        wait = rules.wait_after(count)
        return now + wait if wait else None

    def _refuse_stopped(self, kept: AttemptCounter) -> None:
        if self._rules.stop_after is not None and kept.attempts >= self._rules.stop_after:
            raise Throttling(
                "too many attempts; use another factor, or have an administrator bind this one anew",
                retry_after=self._rules.longest,
            )

    def _refuse_waiting(self, kept: AttemptCounter, now: datetime) -> None:
        if kept.blocked_until is None or now >= kept.blocked_until:
            return
        # Never more than the longest wait, even if the clock was set back.
        seconds = min(self._rules.longest, -(-(kept.blocked_until - now) // timedelta(seconds=1)))
        raise Throttling("too many attempts; wait before the next one", retry_after=max(1, seconds))
