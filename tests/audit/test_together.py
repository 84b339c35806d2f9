"""Events that tell of no change share commits and are durable before anybody goes on."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from iamkit.audit.event import Actor, Event, new_event
from iamkit.audit.together import Together
from iamkit.errors import StoreUnavailable
from iamkit.ids import Ids
from iamkit.memory import MemoryStore
from iamkit.storage import Unit

ACCOUNT = "111122223333"


class SlowStore(MemoryStore):
    """Counts units; the first one waits until it is let go; some fail."""

    def __init__(self) -> None:
        super().__init__()
        self.units = 0
        self.begun = threading.Event()
        self.go = threading.Event()
        self.fails_at: int | None = None
        self.breaks_at: int | None = None

    @contextmanager
    def write(self) -> Iterator[Unit]:
        with super().write() as unit:
            self.units += 1
            number = self.units
            yield unit
            if number == 1:
                self.begun.set()
                self.go.wait(10)
            if number == self.breaks_at:
                raise KeyboardInterrupt
            if number == self.fails_at:
                raise StoreUnavailable("the disk is full")

    def kept(self) -> int:
        with self.read() as reader:
            return len(reader.find(Event))


def event() -> Event:
    return new_event(
        Ids(),
        at=datetime(2026, 1, 1, tzinfo=UTC),
        account=ACCOUNT,
        actor=Actor("IAMUser", ACCOUNT),
        source="iam.amazonaws.com",
        name="GetUser",
        read_only=True,
    )


def _at_once(store: SlowStore, count: int) -> list[Exception | None]:
    """One, and while it is being kept `count` more; what each was told."""
    together = Together(store)
    told: list[Exception | None] = []

    def keep() -> None:
        try:
            together.keep([event()])
            told.append(None)
        except StoreUnavailable as fault:
            told.append(fault)

    threads = [threading.Thread(target=keep) for _ in range(count + 1)]
    threads[0].start()
    store.begun.wait(10)
    for thread in threads[1:]:
        thread.start()
    # Nothing tells from outside that a thread waits its turn.
    while len(together._gathered) < count and any(thread.is_alive() for thread in threads[1:]):
        time.sleep(0.001)
    store.go.set()
    for thread in threads:
        thread.join(10)
    return told


def test_what_comes_while_another_is_kept_shares_one_commit() -> None:
    """Two units for nine events, all of them there."""
    store = SlowStore()
    assert _at_once(store, 8) == [None] * 9
    assert (store.units, store.kept()) == (2, 9)


def test_a_unit_that_fails_fails_all_that_are_in_it_and_the_next_goes_on() -> None:
    """Nobody goes on as if it were kept, and nobody waits for ever."""
    store = SlowStore()
    store.fails_at = 2
    told = _at_once(store, 8)
    assert sum(fault is None for fault in told) == 1
    assert store.kept() == 1
    Together(store).keep([event(), event()])
    assert store.kept() == 3


def test_a_thread_that_is_told_to_end_in_the_middle_holds_up_nobody() -> None:
    """Ctrl-C while the disk is written: the next event is kept as ever."""
    store = SlowStore()
    store.go.set()
    together = Together(store)
    store.breaks_at = 1
    with pytest.raises(KeyboardInterrupt):
        together.keep([event()])

    together.keep([event()])
    assert store.kept() == 1


@pytest.mark.parametrize("threads", [1, 16])
def test_everything_that_was_told_as_kept_is_there(threads: int) -> None:
    """Under load, whoever leads."""
    store = SlowStore()
    store.go.set()
    together = Together(store)

    def work() -> None:
        for _ in range(50):
            together.keep([event()])

    running = [threading.Thread(target=work) for _ in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join(30)
    assert store.kept() == 50 * threads
    assert not together._led
