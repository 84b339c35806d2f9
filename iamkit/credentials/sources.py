"""Limits by where attempts come from, and by what is tried: against one guess at many names (THR-P7, P16).

A source is an IPv4 address or an IPv6 /64, and has 30 attempts without success in ten minutes. A password
that fails for 30 different names within ten minutes is being sprayed, from wherever; which one it is, is kept
in memory only, under a key of this process.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address
from typing import Final

from iamkit.clock import Clock
from iamkit.credentials.bounded import BoundedMap
from iamkit.errors import Throttling
from iamkit.ids import Ids
from iamkit.storage import Less, Plus, Reader, Unit, record

WINDOW: Final = timedelta(minutes=10)
MOST: Final = 30
_SUBNET: Final = 64
_REMEMBERED: Final = 10_000


@record("source_attempts", key=("network",), index=(("began_at",),))
@dataclass(frozen=True, slots=True)
class SourceAttempts:
    """Attempts from one network without success, since the window began."""

    network: str
    began_at: datetime
    attempts: int


def network_of(source: str | None) -> str | None:
    """The network that attempts from an address count for; None for what is no address."""
    if source is None:
        return None
    try:
        address = ip_address(source.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        prefix = int(address) >> (128 - _SUBNET) << (128 - _SUBNET)
        return f"{IPv6Address(prefix)}/{_SUBNET}"
    return str(address)


def reserve(unit: Unit, network: str, *, now: datetime) -> None:
    """Count an attempt before it is made. Raises Throttling, counting nothing, at the limit."""
    unit.remove_all(SourceAttempts, {"began_at": Less(now - WINDOW)})
    kept = unit.get(SourceAttempts, (network,))
    if kept is None:
        unit.add(SourceAttempts(network, now, 1))
        return
    if kept.attempts >= MOST:
        left = kept.began_at + WINDOW - now
        raise Throttling(
            "too many attempts from this network; wait before the next one",
            retry_after=max(1, min(int(WINDOW.total_seconds()), -(-left // timedelta(seconds=1)))),
        )
    unit.change(SourceAttempts, (network,), {"attempts": Plus()})


def used_up(reader: Reader, network: str, *, now: datetime) -> bool:
    """Whether a network has no attempt left."""
    kept = reader.get(SourceAttempts, (network,))
    return kept is not None and kept.attempts >= MOST and now < kept.began_at + WINDOW


def give_back(unit: Unit, network: str) -> None:
    """Take an attempt off the count, because it succeeded."""
    kept = unit.get(SourceAttempts, (network,))
    if kept is not None:
        unit.change(SourceAttempts, (network,), {"attempts": max(0, kept.attempts - 1)})


@dataclass(slots=True)
class _Tried:
    """A password that failed, since when, and for whom (as hashes)."""

    began_at: datetime
    subjects: frozenset[bytes]


class SprayWatch:
    """Notices one password that is tried on many names. Safe between threads: a race loses a count."""

    def __init__(self, ids: Ids, clock: Clock) -> None:
        self._key = ids.bytes(32)
        self._clock = clock
        self._tried: BoundedMap[bytes, _Tried] = BoundedMap(_REMEMBERED)

    def check(self, password: str) -> None:
        """Raises Throttling if this password is being sprayed."""
        tried = self._tried.get(self._mark(password))
        if tried is None or len(tried.subjects) < MOST:
            return
        left = tried.began_at + WINDOW - self._clock.now()
        if left > timedelta(0):
            raise Throttling(
                "too many attempts; wait before the next one",
                retry_after=max(1, min(int(WINDOW.total_seconds()), -(-left // timedelta(seconds=1)))),
            )

    def failed(self, password: str, subject: str) -> None:
        """Note that it was not the subject's password."""
        mark, now = self._mark(password), self._clock.now()
        tried = self._tried.get(mark)
        if tried is None or now - tried.began_at >= WINDOW:
            tried = _Tried(now, frozenset())
        if len(tried.subjects) < MOST:
            tried = _Tried(tried.began_at, tried.subjects | {self._mark(subject)})
        self._tried.put(mark, tried)

    def _mark(self, text: str) -> bytes:
        return hmac.digest(self._key, text.encode("utf-8", "surrogatepass"), hashlib.sha256)[:16]
