from __future__ import annotations

from datetime import timedelta

import pytest

from iamkit.clock import FrozenClock
from iamkit.credentials import sources
from iamkit.credentials.sources import MOST, SourceAttempts, SprayWatch, network_of
from iamkit.errors import Throttling
from iamkit.ids import Ids
from iamkit.memory import MemoryStore


@pytest.mark.parametrize(
    ("source", "network"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unknown", None),
        ("", None),
        (None, None),
    ],
)
def test_an_address_counts_for_its_network(source: str | None, network: str | None) -> None:
    """Whoever has a /64 has all of it, and an IPv4 address in IPv6's clothes is that address."""
    assert network_of(source) == network


def reserve(store: MemoryStore, clock: FrozenClock, network: str = "203.0.113.9") -> None:
    with store.write() as unit:
        sources.reserve(unit, network, now=clock.now())


def test_a_network_has_thirty_attempts_in_ten_minutes() -> None:
    """Another network has its own; after the window the count begins anew."""
    store, clock = MemoryStore(), FrozenClock()
    for _ in range(MOST):
        reserve(store, clock)
    clock.advance(timedelta(minutes=4))
    with pytest.raises(Throttling) as caught:
        reserve(store, clock)
    assert caught.value.retry_after == 360
    reserve(store, clock, "203.0.113.10")
    clock.advance(timedelta(minutes=6, seconds=1))
    reserve(store, clock)


def test_what_succeeds_does_not_count() -> None:
    """An office behind one address signs in all morning."""
    store, clock = MemoryStore(), FrozenClock()
    for _ in range(3 * MOST):
        reserve(store, clock)
        with store.write() as unit:
            sources.give_back(unit, "203.0.113.9")


def test_old_windows_are_cleared_away() -> None:
    """What strangers can make grow does not."""
    store, clock = MemoryStore(), FrozenClock()
    for number in range(50):
        reserve(store, clock, f"203.0.113.{number}")
    clock.advance(timedelta(minutes=11))
    reserve(store, clock)
    with store.read() as reader:
        assert reader.count(SourceAttempts) == 1


def test_one_password_on_many_names_is_a_spray() -> None:
    """Whatever the source; another password, or the same one by one person, is none (THR-P16)."""
    clock = FrozenClock()
    watch = SprayWatch(Ids(), clock)
    for _ in range(3 * MOST):
        watch.failed("Winter2026!", "user/one")
    watch.check("Winter2026!")
    for number in range(MOST):
        watch.failed("Summer2026!", f"user/{number}")
    with pytest.raises(Throttling):
        watch.check("Summer2026!")
    watch.check("Spring2026!")
    clock.advance(timedelta(minutes=10))
    watch.check("Summer2026!")
    assert "Summer" not in repr(vars(watch))
