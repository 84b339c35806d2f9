from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta

import pytest

from iamkit.clock import FrozenClock
from iamkit.credentials.throttle import (
    AttemptCounter,
    Throttle,
    ThrottleRules,
    known_subject,
    unknown_subject,
)
from iamkit.errors import Throttling
from iamkit.memory import MemoryStore

SUBJECT = known_subject("AIDAONE")


def test_five_attempts_are_free_and_the_waits_double(store: MemoryStore, clock: FrozenClock) -> None:
    """After the fifth: 1, 2, 4 … 256, 300, 300 seconds, and not a moment less (security §4.6)."""
    throttle = Throttle(store, clock)
    for _ in range(5):
        throttle.reserve(SUBJECT)

    for wait in (1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300):
        with pytest.raises(Throttling) as refusal:
            throttle.reserve(SUBJECT)
        assert refusal.value.retry_after == wait
        clock.advance(timedelta(seconds=wait, microseconds=-1))
        with pytest.raises(Throttling) as refusal:
            throttle.reserve(SUBJECT)
        assert refusal.value.retry_after == 1
        clock.advance(timedelta(microseconds=1))
        throttle.reserve(SUBJECT)


def test_parallel_attempts_do_not_beat_the_counter(store: MemoryStore, clock: FrozenClock) -> None:
    """Of sixty-four at once five get through to the password (THR-P4)."""
    throttle = Throttle(store, clock)

    def attempt(_: int) -> bool:
        try:
            throttle.reserve(SUBJECT)
        except Throttling:
            return False
        return True

    with ThreadPoolExecutor(64) as pool:
        assert sum(pool.map(attempt, range(64))) == 5


def test_a_refused_attempt_counts_nothing(store: MemoryStore, clock: FrozenClock) -> None:
    """Hammering during a wait does not make it longer: nobody is locked out for good that way (THR-P7)."""
    throttle = Throttle(store, clock, ThrottleRules(free=1))
    throttle.reserve(SUBJECT)
    for _ in range(50):
        with pytest.raises(Throttling):
            throttle.reserve(SUBJECT)
    clock.advance(timedelta(seconds=1))

    assert throttle.reserve(SUBJECT) == 2


def test_success_resets_this_subject_and_factor_only(store: MemoryStore, clock: FrozenClock) -> None:
    """Another subject and another factor keep their counts."""
    password, code = Throttle(store, clock), Throttle(store, clock, factor="totp")
    other = known_subject("AIDATWO")
    for throttle, subject in ((password, SUBJECT), (password, other), (code, SUBJECT)):
        for _ in range(5):
            throttle.reserve(subject)

    with store.write() as unit:
        password.reset(unit, SUBJECT)

    assert password.reserve(SUBJECT) == 1
    for throttle, subject in ((password, other), (code, SUBJECT)):
        with pytest.raises(Throttling):
            throttle.reserve(subject)


def test_a_reservation_outlives_what_follows(store: MemoryStore, clock: FrozenClock) -> None:
    """It is committed on its own: a later failure and rollback does not give the attempt back (THR-P5)."""
    throttle = Throttle(store, clock)
    throttle.reserve(SUBJECT)
    with suppress(RuntimeError), store.write() as unit:
        throttle.reset(unit, SUBJECT)
        raise RuntimeError

    assert throttle.reserve(SUBJECT) == 2


def test_a_clock_set_back_waits_no_longer_than_the_longest_wait(
    store: MemoryStore, clock: FrozenClock
) -> None:
    """What is announced stays within the limit (THR-X10)."""
    throttle = Throttle(store, clock, ThrottleRules(free=1))
    throttle.reserve(SUBJECT)
    clock.advance(timedelta(days=-1))

    with pytest.raises(Throttling) as refusal:
        throttle.reserve(SUBJECT)
    assert refusal.value.retry_after == 300


def test_names_that_nobody_has_are_counted_in_a_bounded_place(store: MemoryStore, clock: FrozenClock) -> None:
    """Spellings that differ by case share a place, and many names take a bounded number of them (THR-P6)."""
    assert unknown_subject("123456789012", "Alice") == unknown_subject("123456789012", "aLICE")
    assert unknown_subject("123456789012", "alice") != unknown_subject("999999999999", "alice")
    places = {unknown_subject("", f"name-{number}") for number in range(200_000)}
    assert len(places) <= 65_536
    unknown_subject("", "\ud800")

    Throttle(store, clock).reserve(unknown_subject("", "x" * 100_000))
    with store.read() as reader:
        assert len(reader.find(AttemptCounter)[0].subject) < 20


def test_a_name_cannot_pass_for_a_users_counter() -> None:
    """Known users and unknown names live apart: no name that is typed touches somebody's count."""
    assert not unknown_subject("", "user/AIDAONE").startswith("user/")
