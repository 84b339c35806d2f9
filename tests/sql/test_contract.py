"""SQLStore keeps the contract, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from iamkit.sql.store import SQLStore
from iamkit.storage import Store
from iamkit.testing.store_contract import CONTRACT_RECORDS, DurableStoreContract


class TestSQLiteStore(DurableStoreContract):
    """The whole contract, in a file."""

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        """Where the database lies; a name that would mean something in a URL."""
        return tmp_path / "a db?mode=ro&x#%20.db"

    @pytest.fixture
    def store(self, path: Path) -> Iterator[Store]:
        """An empty store."""
        store = SQLStore(path, kinds=CONTRACT_RECORDS)
        store.create_tables()
        yield store
        store.close()

    @pytest.fixture
    def reopen(self, path: Path) -> Callable[[], Store]:
        """Opens the same file again."""
        return lambda: SQLStore(f"sqlite:///{path}", kinds=CONTRACT_RECORDS)


class TestPostgresStore(DurableStoreContract):
    """The whole contract, on a real PostgreSQL."""

    @pytest.fixture
    def store(self, postgres_url: str) -> Iterator[Store]:
        """An empty store in a schema of its own."""
        store = SQLStore(postgres_url, kinds=CONTRACT_RECORDS)
        store.create_tables()
        yield store
        store.close()

    @pytest.fixture
    def reopen(self, postgres_url: str) -> Callable[[], Store]:
        """Opens the same schema again."""
        return lambda: SQLStore(postgres_url, kinds=CONTRACT_RECORDS)
