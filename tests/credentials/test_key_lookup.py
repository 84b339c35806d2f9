from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from iamkit.clock import FrozenClock
from iamkit.credentials import access_keys, inventory
from iamkit.credentials.access_keys import NewAccessKey
from iamkit.credentials.key_lookup import KeyLookup
from iamkit.credentials.sealing import Keyring
from iamkit.errors import StoreUnavailable
from iamkit.ids import Ids
from iamkit.memory import MemoryStore
from iamkit.storage import Reader

ACCOUNT, USER = "123456789012", "AIDAONE"


class CountingStore(MemoryStore):
    """Counts reading units."""

    reads = 0

    @contextmanager
    def read(self) -> Iterator[Reader]:  # type: ignore[override]  # the base class is wider than it says
        self.reads += 1
        with super().read() as reader:
            yield reader


@pytest.fixture
def store() -> CountingStore:
    return CountingStore()


@pytest.fixture
def made(store: MemoryStore, keyring: Keyring, clock: FrozenClock) -> NewAccessKey:
    with store.write() as unit:
        return access_keys.create(unit, keyring, Ids(), account=ACCOUNT, user_id=USER, now=clock.now())


def test_a_warm_lookup_reads_nothing(store: CountingStore, keyring: Keyring, made: NewAccessKey) -> None:
    """After the first time, only the epochs are looked at."""
    lookup = KeyLookup(store, keyring)
    first = lookup.find(made.key.key_id)
    reads = store.reads

    assert lookup.find(made.key.key_id) is first
    assert first is not None
    assert first.secret == made.secret
    assert (first.authentication.account, first.authentication.subject) == (ACCOUNT, USER)
    assert store.reads == reads


def test_a_deactivated_key_is_gone_at_once_and_may_return(
    store: CountingStore, keyring: Keyring, made: NewAccessKey
) -> None:
    """Another process's change is seen by the very next lookup, either way."""
    lookup = KeyLookup(store, keyring)
    assert lookup.find(made.key.key_id) is not None

    with store.write() as unit:
        access_keys.set_status(unit, made.key.key_id, "Inactive", user_id=USER)
    assert lookup.find(made.key.key_id) is None
    with store.write() as unit:
        access_keys.set_status(unit, made.key.key_id, "Active", user_id=USER)
    assert lookup.find(made.key.key_id) is not None


def test_a_deleted_key_is_gone_at_once(store: CountingStore, keyring: Keyring, made: NewAccessKey) -> None:
    """Deleted alone, or with everything else the user held."""
    lookup = KeyLookup(store, keyring)
    assert lookup.find(made.key.key_id) is not None

    with store.write() as unit:
        inventory.remove_all(unit, account=ACCOUNT, user_id=USER)

    assert lookup.find(made.key.key_id) is None
    assert lookup.find("AKIANEVERWAS23456789") is None


def test_a_store_that_cannot_be_read_is_an_error_and_no_answer(
    store: CountingStore, keyring: Keyring, made: NewAccessKey
) -> None:
    """A warm key is not served from memory when the epochs cannot be read."""
    lookup = KeyLookup(store, keyring)
    assert lookup.find(made.key.key_id) is not None
    store.close()

    with pytest.raises(StoreUnavailable):
        lookup.find(made.key.key_id)
