"""What the tests of credentials share: a store, a frozen clock, ids, and a keyring under a key file."""

from __future__ import annotations

from pathlib import Path

import pytest

from iamkit.clock import FrozenClock
from iamkit.credentials.key_file import FileKeyProvider
from iamkit.credentials.sealing import Keyring
from iamkit.ids import Ids
from iamkit.memory import MemoryStore


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture
def ids() -> Ids:
    return Ids()


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def provider(tmp_path: Path, ids: Ids) -> FileKeyProvider:
    return FileKeyProvider.create(tmp_path / "master.key", ids)


@pytest.fixture
def keyring(store: MemoryStore, provider: FileKeyProvider, ids: Ids, clock: FrozenClock) -> Keyring:
    return Keyring(store, provider, ids, clock)
