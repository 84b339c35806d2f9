"""Rooms that are made late are made once."""

from __future__ import annotations

import threading
import time

import pytest

from iamkit.errors import NotInitialized
from iamkit.late import LateStore, made_once
from iamkit.memory import MemoryStore
from iamkit.storage import Store


class _House:
    def __init__(self) -> None:
        self.making = threading.RLock()
        self.made: list[int] = []

    @made_once
    def kitchen(self) -> object:
        self.made.append(1)
        # Gives another thread every chance to come in between.
        time.sleep(0)
        return object()

    @made_once
    def table(self) -> object:
        return self.kitchen


def test_many_threads_get_the_same_one() -> None:
    """Whoever comes first makes it, the others wait for it."""
    house = _House()
    ready = threading.Barrier(16)
    found: list[object] = []

    def ask() -> None:
        ready.wait()
        found.append(house.kitchen)

    threads = [threading.Thread(target=ask) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len({id(item) for item in found}) == 1
    assert len(house.made) == 1


def test_one_room_may_need_another() -> None:
    """The thread that makes one may make the next."""
    house = _House()

    assert house.table is house.kitchen


def test_a_store_is_opened_when_it_is_asked_and_not_before() -> None:
    """What cannot be opened yet is asked again each time, until it can."""
    stores: list[Store] = []

    def opened() -> Store:
        if not stores:
            raise NotInitialized("not yet")
        return stores[0]

    late = LateStore(opened)

    with pytest.raises(NotInitialized):
        late.epochs(("x",))
    stores.append(MemoryStore())
    assert late.epochs(("x",)) == (0,)
    with late.write() as unit:
        unit.bump("x")
    with late.read() as reader:
        assert reader is not None
    assert late.epochs(("x",)) == (1,)
