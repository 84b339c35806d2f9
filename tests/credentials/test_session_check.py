from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import timedelta

import pytest

from iamkit.clock import FrozenClock
from iamkit.credentials import sessions
from iamkit.credentials.session_check import SessionCheck
from iamkit.credentials.sessions import AWS, MODERN, SessionKind, SessionLimits, SessionRecord
from iamkit.errors import ExpiredToken, InvalidClientTokenId, StoreUnavailable
from iamkit.ids import Ids
from iamkit.memory import MemoryStore
from iamkit.storage import Unit

ACCOUNT, USER = "123456789012", "AIDAONE"
MINUTE = timedelta(minutes=1)


class CountingStore(MemoryStore):
    """Counts writing units, and can refuse them."""

    writes = 0
    read_only = False

    @contextmanager
    def write(self) -> Iterator[Unit]:
        if self.read_only:
            raise StoreUnavailable("the disk is full")
        self.writes += 1
        with super().write() as unit:
            yield unit


@pytest.fixture
def store() -> CountingStore:
    return CountingStore()


def start(
    store: MemoryStore,
    clock: FrozenClock,
    *,
    kind: SessionKind = SessionKind.COOKIE,
    limits: SessionLimits = MODERN,
    pending: bool = False,
) -> str:
    with store.write() as unit:
        made = sessions.start(
            unit,
            Ids(),
            account=ACCOUNT,
            user_id=USER,
            kind=kind,
            factors=("password",),
            limits=limits,
            now=clock.now(),
            awaits=("password",) if pending else (),
        )
    return made.token.reveal()


def session_id(token: str) -> str:
    found = sessions.session_id_of(token)
    assert found is not None
    return found


def test_a_session_verifies_the_way_it_was_made_for(store: CountingStore, clock: FrozenClock) -> None:
    """A cookie's token is no bearer token, nor the other way round (CAP-C1)."""
    check = SessionCheck(store, clock)
    for kind, wrong in (
        (SessionKind.COOKIE, SessionKind.BEARER),
        (SessionKind.BEARER, SessionKind.COOKIE),
    ):
        token = start(store, clock, kind=kind)
        assert check.verify(token, kind).user_id == USER
        with pytest.raises(InvalidClientTokenId, match=f"kind=SessionKind.{wrong.name}`") as refusal:
            check.verify(token, wrong)
        assert token not in str(refusal.value)


@pytest.mark.parametrize("kind", list(SessionKind))
def test_an_ended_token_is_told_no_kind(store: CountingStore, clock: FrozenClock, kind: SessionKind) -> None:
    """Whichever way an ended token comes, it has ended; of an unknown one nothing more is said either."""
    check = SessionCheck(store, clock)
    token = start(store, clock, kind=kind)
    clock.advance(timedelta(hours=25))

    for way in SessionKind:
        with pytest.raises(ExpiredToken) as ended:
            check.verify(token, way)
        with pytest.raises(InvalidClientTokenId) as unknown:
            check.verify("iks_" + "A" * 43, way)
        assert str(ended.value) == "the session has ended; sign in again"
        assert str(unknown.value) == "the session token is not valid; sign in again"


@pytest.mark.parametrize("token", ["", "iks_", "iks_" + "A" * 43, "x" * 100_000, "iks_é"])
def test_an_unknown_token_is_never_adopted(store: CountingStore, clock: FrozenClock, token: str) -> None:
    """Fixation: a made-up token stays unknown, and nothing is written (THR-S1)."""
    with pytest.raises(InvalidClientTokenId) as refusal:
        SessionCheck(store, clock).verify(token, SessionKind.COOKIE)

    assert store.writes == 0
    assert len(token) < 5 or token not in str(refusal.value)


def test_idle_sessions_end_after_an_hour(store: CountingStore, clock: FrozenClock) -> None:
    """One microsecond short of the idle limit it holds; at the limit it is over."""
    check = SessionCheck(store, clock)
    token = start(store, clock)
    clock.advance(timedelta(hours=1, microseconds=-1))
    check.verify(token, SessionKind.COOKIE)
    clock.advance(timedelta(hours=1, microseconds=-1))
    check.verify(token, SessionKind.COOKIE)
    clock.advance(timedelta(hours=1))

    with pytest.raises(ExpiredToken):
        check.verify(token, SessionKind.COOKIE)


def test_sessions_in_use_end_after_a_day(store: CountingStore, clock: FrozenClock) -> None:
    """No use stretches the absolute limit."""
    check = SessionCheck(store, clock)
    token = start(store, clock)
    for _ in range(47):
        clock.advance(timedelta(minutes=30))
        check.verify(token, SessionKind.COOKIE)
    clock.advance(timedelta(minutes=30, microseconds=-1))
    check.verify(token, SessionKind.COOKIE)
    clock.advance(timedelta(microseconds=1))

    with pytest.raises(ExpiredToken):
        check.verify(token, SessionKind.COOKIE)


def test_without_an_idle_limit_only_the_absolute_one_counts(store: CountingStore, clock: FrozenClock) -> None:
    """The `aws` limits: twelve hours, used or not."""
    check = SessionCheck(store, clock, AWS)
    token = start(store, clock, limits=AWS)
    clock.advance(timedelta(hours=12, microseconds=-1))
    check.verify(token, SessionKind.COOKIE)
    clock.advance(timedelta(microseconds=1))

    with pytest.raises(ExpiredToken):
        check.verify(token, SessionKind.COOKIE)


def test_a_clock_set_back_revives_nothing_that_was_ended(store: CountingStore, clock: FrozenClock) -> None:
    """An ended session stays ended at any time of day."""
    check = SessionCheck(store, clock)
    token = start(store, clock)
    with store.write() as unit:
        sessions.end(unit, session_id(token), now=clock.now())
    clock.advance(timedelta(hours=-5))

    with pytest.raises(ExpiredToken):
        check.verify(token, SessionKind.COOKIE)


def test_use_is_written_at_most_once_a_minute(store: CountingStore, clock: FrozenClock) -> None:
    """Of a hundred uses in a minute none, then one, is written; no epoch moves, so nobody re-reads."""
    check = SessionCheck(store, clock)
    token = start(store, clock)
    before = store.writes
    for _ in range(100):
        check.verify(token, SessionKind.COOKIE)
    assert store.writes == before

    clock.advance(MINUTE)
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda _: check.verify(token, SessionKind.COOKIE), range(100)))

    with store.read() as reader:
        kept = reader.get(SessionRecord, (session_id(token),))
    assert kept is not None
    assert kept.last_seen_at == clock.now()
    assert before < store.writes <= before + 16


def test_a_session_kept_alive_by_another_process_is_alive_here(
    store: CountingStore, clock: FrozenClock
) -> None:
    """What is remembered as idle is read again before it is refused."""
    here, there = SessionCheck(store, clock), SessionCheck(store, clock)
    token = start(store, clock)
    here.verify(token, SessionKind.COOKIE)
    for _ in range(2):
        clock.advance(timedelta(minutes=50))
        there.verify(token, SessionKind.COOKIE)

    here.verify(token, SessionKind.COOKIE)


def test_ending_is_seen_at_once_by_every_process(store: CountingStore, clock: FrozenClock) -> None:
    """One session, or all of a subject, ended elsewhere: the next request here is refused (decision 9)."""
    check = SessionCheck(store, clock)
    one, two = start(store, clock), start(store, clock)
    for token in (one, two):
        check.verify(token, SessionKind.COOKIE)

    with store.write() as unit:
        sessions.end(unit, session_id(one), now=clock.now())
    with pytest.raises(ExpiredToken):
        check.verify(one, SessionKind.COOKIE)
    check.verify(two, SessionKind.COOKIE)
    with store.write() as unit:
        sessions.end_all(unit, account=ACCOUNT, user_id=USER)
    with pytest.raises(ExpiredToken):
        check.verify(two, SessionKind.COOKIE)


def test_logout_amid_slow_requests_is_final(store: CountingStore, clock: FrozenClock) -> None:
    """Two hundred requests that touch the session while it is ended do not bring it back (THR-S2)."""
    token = start(store, clock)
    checks = [SessionCheck(store, clock) for _ in range(8)]
    clock.advance(MINUTE * 2)

    def use(number: int) -> None:
        if number == 100:
            with store.write() as unit:
                sessions.end(unit, session_id(token), now=clock.now())
        with suppress(ExpiredToken):
            checks[number % 8].verify(token, SessionKind.COOKIE)

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(use, range(200)))

    for check in checks:
        with pytest.raises(ExpiredToken):
            check.verify(token, SessionKind.COOKIE)


def test_a_pending_session_passes_no_guard(store: CountingStore, clock: FrozenClock) -> None:
    """A sign-in that lacks a step is refused in words that name the step (THR-M5)."""
    token = start(store, clock, pending=True)

    with pytest.raises(InvalidClientTokenId, match="not complete"):
        SessionCheck(store, clock).verify(token, SessionKind.COOKIE)


def test_a_touch_that_fails_lets_the_session_go_idle(store: CountingStore, clock: FrozenClock) -> None:
    """With a disk that takes no writes the session is served until its written limit, and no longer."""
    check = SessionCheck(store, clock)
    token = start(store, clock)
    store.read_only = True
    clock.advance(timedelta(minutes=59))
    check.verify(token, SessionKind.COOKIE)
    clock.advance(timedelta(minutes=1))

    with pytest.raises(ExpiredToken):
        check.verify(token, SessionKind.COOKIE)


def test_a_store_that_cannot_be_read_is_an_error_and_no_answer(
    store: CountingStore, clock: FrozenClock
) -> None:
    """A warm session is not served from memory when the epochs cannot be read."""
    check = SessionCheck(store, clock)
    token = start(store, clock)
    check.verify(token, SessionKind.COOKIE)
    store.close()

    with pytest.raises(StoreUnavailable):
        check.verify(token, SessionKind.COOKIE)
