"""MemoryStore keeps the contract."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from iamkit.errors import StoreUnavailable
from iamkit.memory import MemoryStore
from iamkit.storage import Store
from iamkit.testing.store_contract import StoreContract


class TestMemoryStore(StoreContract):
    """The whole contract, in memory."""

    @pytest.fixture
    def store(self) -> Iterator[Store]:
        """An empty store."""
        store = MemoryStore()
        yield store
        store.close()


def test_a_writer_that_waits_too_long_is_told() -> None:
    """Waiting for another thread's unit ends in StoreUnavailable, not in a hang."""
    store = MemoryStore(timeout=0)
    refused: list[str] = []

    def write() -> None:
        try:
            with store.write():
                pass
        except StoreUnavailable as fault:
            refused.append(str(fault))

    with store.write():
        thread = threading.Thread(target=write)
        thread.start()
        thread.join()

    assert refused == ["the store is busy: another writing unit did not end in time"]


def test_two_stores_share_nothing() -> None:
    """Each store is its own."""
    one, other = MemoryStore(), MemoryStore()

    with one.write() as unit:
        unit.bump("s")

    assert (one.epochs(["s"]), other.epochs(["s"])) == ((1,), (0,))
