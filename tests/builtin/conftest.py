"""What the tests of the built-in authenticators share."""

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
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def keyring(store: MemoryStore, clock: FrozenClock, tmp_path: Path) -> Keyring:
    ids = Ids()
    return Keyring(store, FileKeyProvider.create(tmp_path / "master.key", ids), ids, clock)
