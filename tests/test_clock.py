"""Clocks: the machine's and one that stands still."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from iamkit.clock import Clock, FrozenClock, SystemClock


def test_the_system_clock_is_aware() -> None:
    """The present is given in UTC and does not run backwards between two readings."""
    clock: Clock = SystemClock()

    first, second = clock.now(), clock.now()

    assert first.tzinfo is UTC
    assert first <= second


def test_a_frozen_clock_stands_still() -> None:
    """Two readings are the same instant until somebody moves it."""
    clock = FrozenClock()

    before = clock.now()

    assert clock.now() == before
    clock.advance(timedelta(minutes=5))
    assert clock.now() - before == timedelta(minutes=5)


def test_a_frozen_clock_can_be_set_back() -> None:
    """A negative step is a clock that was put back."""
    clock = FrozenClock()
    before = clock.now()

    clock.advance(timedelta(seconds=-1))

    assert clock.now() < before


def test_other_zones_are_brought_to_utc() -> None:
    """An instant given in another zone is told in UTC."""
    clock = FrozenClock(datetime(2026, 3, 1, 12, tzinfo=timezone(timedelta(hours=2))))

    assert clock.now().tzinfo is UTC
    assert clock.now().hour == 10
